/// How an instance behaves in the tests of an application; see [`Builder::testing`](crate::Builder::testing).
///
/// In both modes no queue is started and no service runs, so nothing happens behind a test's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Testing {
    /// Jobs are inserted as always, and run when the test [drains their queue](crate::Oban::drain_queue).
    Manual,
    /// Nothing is stored. A job runs where it is inserted, in the caller's task, once and whatever time it was scheduled
    /// for, and the insert returns the job as its run has left it: completed, retryable after an error, and so on. A
    /// panic goes on to the caller. What a worker inserts runs within the worker's own insert. Uniqueness does not
    /// count, and reads, drains and whatever else asks the store find none of these jobs.
    Inline,
}
