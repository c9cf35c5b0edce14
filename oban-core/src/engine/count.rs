use super::{CronChecked, Fetched, QueueMeta, Reclaimed, Reindexed, Staged};

/// How many jobs an answer of the engine is about, for telemetry.
pub(super) trait Count {
    fn count(&self) -> Option<usize>;
}

impl<T> Count for Vec<T> {
    fn count(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl Count for Fetched {
    fn count(&self) -> Option<usize> {
        Some(self.jobs.len())
    }
}

impl Count for Reclaimed {
    fn count(&self) -> Option<usize> {
        Some(self.jobs.len())
    }
}

impl Count for Staged {
    fn count(&self) -> Option<usize> {
        Some(self.jobs.len())
    }
}

/// Answers that are about no jobs.
macro_rules! about_no_jobs {
    ($($answer:ty),*) => {
        $(impl Count for $answer {
            fn count(&self) -> Option<usize> {
                None
            }
        })*
    };
}

about_no_jobs!((), bool, QueueMeta, Reindexed, CronChecked, Option<String>);
