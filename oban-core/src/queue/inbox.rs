use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::slot::Event;

/// Where the runs of a producer report.
///
/// Short jobs end in bursts. To wake the producer for each would cost more than the job, and would call the store for
/// a few outcomes at a time. So the producer says how many events it wants to see before it wakes.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    mail: Mutex<Mail>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Mail {
    events: Vec<Event>,
    wanted: usize,
    /// The number of the burst that is on; another one when `wanted` was set otherwise since.
    burst: u64,
}

impl Inbox {
    pub(super) fn push(&self, event: Event) {
        let urgent = matches!(event, Event::Timeout { .. });
        let mut mail = self.mail();
        mail.events.push(event);
        if urgent {
            mail.wanted = 1;
        }
        let wake = mail.is_enough();
        drop(mail);
        if wake {
            self.wake.notify_one();
        }
    }

    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.mail().events)
    }

    /// Wakes the producer from so many events on. It waits for no burst any more.
    pub(super) fn want(&self, wanted: usize) {
        let mut mail = self.mail();
        mail.wanted = wanted;
        mail.burst += 1;
    }

    /// `count` runs begin. Wakes the producer when all have reported, or when [`end_burst`](Self::end_burst) says
    /// that those who have not will take longer.
    pub(super) fn begin_burst(&self, count: usize, within_another: bool) -> u64 {
        let mut mail = self.mail();
        let before = if within_another { mail.wanted } else { mail.events.len() };
        mail.wanted = before.saturating_add(count);
        mail.burst += 1;
        mail.burst
    }

    /// Ends a burst, unless the producer waits for something else by now.
    pub(super) fn end_burst(&self, burst: u64) {
        let mut mail = self.mail();
        if mail.burst == burst {
            mail.wanted = 0;
            drop(mail);
            self.wake.notify_one();
        }
    }

    /// Waits until there are as many events as wanted. Cancel-safe.
    pub(super) async fn is_full(&self) {
        while !self.mail().is_enough() {
            self.wake.notified().await;
        }
    }

    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    fn is_enough(&self) -> bool {
        self.events.len() >= self.wanted
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Inbox;
    use crate::{
        Ack, Finish, Job,
        queue::slot::{Event, RunId},
    };

    fn finished() -> Event {
        let job = Job::default();
        let run = RunId { job: job.id, number: 1 };
        Event::Finished { run, ack: Ack::of(&job, Finish::HandBack), story: None }
    }

    fn wakes(inbox: &Inbox) -> bool {
        inbox.is_full().now_or_never().is_some()
    }

    #[test]
    fn a_burst_ends_when_all_have_reported_or_when_it_is_said() {
        let inbox = Inbox::default();
        let burst = inbox.begin_burst(2, false);
        inbox.push(finished());
        assert!(!wakes(&inbox), "one may still report");
        inbox.end_burst(burst);
        assert!(wakes(&inbox));
        inbox.begin_burst(1, false);
        inbox.push(finished());
        assert!(wakes(&inbox));
    }

    #[test]
    fn a_burst_that_nobody_waits_for_wakes_nobody() {
        let inbox = Inbox::default();
        let burst = inbox.begin_burst(1, false);
        inbox.push(finished());
        assert!(wakes(&inbox));
        inbox.take();
        inbox.want(usize::MAX);
        inbox.end_burst(burst);
        assert!(!wakes(&inbox), "the producer waits for the store");
    }
}
