//! Values may come through the caller's own macros.

use oban::{JobArgs, job};

macro_rules! mail_job {
    ($name:ident, $queue:literal, $priority:expr, $($field:ident: $type:ty),*) => {
        #[job(queue = $queue, priority = $priority, tags($queue), meta(from = $queue))]
        struct $name { $($field: $type),* }
    };
}

mail_job!(SendWelcome, "mailers", 2, user_id: i64);

#[test]
fn values_come_through_macros_of_the_caller() {
    let job = SendWelcome { user_id: 1 }.into_job();
    assert_eq!((job.queue.as_str(), job.priority), ("mailers", 2));
    assert_eq!(job.tags, ["mailers"]);
    assert_eq!(job.meta["from"], "mailers");
}
