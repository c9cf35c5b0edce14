/// Asserts that a job waits to run: scheduled, available or suspended.
///
/// First comes where to look: an `Oban`, or jobs that were read before (see [`Enqueued`](crate::Enqueued)). Then a value
/// that was inserted, or any of the keys, or both:
///
/// ```
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct SendWelcome { user_id: i64 }
/// # impl oban_core::JobArgs for SendWelcome {
/// #     const WORKER: &'static str = "SendWelcome";
/// #     fn configure(job: oban_core::NewJob) -> oban_core::NewJob { job.queue("mailers").tag("onboarding") }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> oban_core::Result<()> {
/// use oban_core::JobArgs;
/// use oban_testing::{assert_enqueued, manual};
///
/// let oban = manual().start().await?;
/// oban.insert(SendWelcome { user_id: 1 }.schedule_in("5m")).await?;
///
/// assert_enqueued!(oban, SendWelcome { user_id: 1 });
/// assert_enqueued!(oban, SendWelcome { user_id: 1 }, queue = "mailers", scheduled_in = "5m");
/// assert_enqueued!(oban, worker = SendWelcome, args = { "user_id": 1 }, tags = ["onboarding"]);
/// # Ok(())
/// # }
/// ```
///
/// | key | value |
/// |---|---|
/// | `worker` | the worker's type, or its stored name as a literal |
/// | `args`, `meta` | `{ "key": value }`, a part of what the job holds, at any depth; lists are to be equal |
/// | `queue`, `priority`, `max_attempts`, `state` | the value |
/// | `tags` | tags the job has, among others |
/// | `scheduled_in` | a period after the job's insertion, `"5m"` or a `Duration` |
/// | `scheduled_at` | a `DateTime<Utc>` |
/// | `within` | how far that time may be off; `"1s"` if nothing is said |
/// | `timeout` | how long to wait for the job; not at all if nothing is said |
///
/// The args of a value are to be equal as a whole. The macro awaits, so it is for async code.
///
/// # Panics
/// When there is no such job, with what was wanted, which jobs there are, and where each differs.
///
/// A key that does not exist is an error of the compiler:
///
/// ```compile_fail
/// # async fn check(oban: oban_core::Oban) {
/// oban_testing::assert_enqueued!(oban, colour = "red");
/// # }
/// ```
#[macro_export]
macro_rules! assert_enqueued {
    ($source:expr, $($wanted:tt)+) => {
        if let ::core::result::Result::Err(message) =
            $crate::__private::assert_enqueued(&$source, &$crate::__wanted!($($wanted)+)).await
        {
            ::core::panic!("{message}");
        }
    };
}

/// Asserts that no such job waits to run. Takes what [`assert_enqueued!`](crate::assert_enqueued) takes; with a `timeout`
/// it keeps looking for so long.
///
/// # Panics
/// When there is such a job, with all of them.
#[macro_export]
macro_rules! refute_enqueued {
    ($source:expr, $($wanted:tt)+) => {
        if let ::core::result::Result::Err(message) =
            $crate::__private::refute_enqueued(&$source, &$crate::__wanted!($($wanted)+)).await
        {
            ::core::panic!("{message}");
        }
    };
}

/// The jobs that wait to run, newest first: all, or those that are as
/// [`assert_enqueued!`](crate::assert_enqueued) would want them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> oban_core::Result<()> {
/// use oban_testing::{all_enqueued, manual};
///
/// let oban = manual().start().await?;
/// assert!(all_enqueued!(oban, queue = "mailers").is_empty());
/// assert!(all_enqueued!(oban).is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// When the store does not answer.
#[macro_export]
macro_rules! all_enqueued {
    ($source:expr $(,)?) => {
        $crate::all_enqueued!(@ $source, $crate::Wanted::any())
    };
    (@ $source:expr, $wanted:expr) => {
        match $crate::__private::all_enqueued(&$source, &$wanted).await {
            ::core::result::Result::Ok(jobs) => jobs,
            ::core::result::Result::Err(message) => ::core::panic!("{message}"),
        }
    };
    ($source:expr, $($wanted:tt)+) => {
        $crate::all_enqueued!(@ $source, $crate::__wanted!($($wanted)+))
    };
}

/// The keys of the macros above, as a `Wanted`.
#[doc(hidden)]
#[macro_export]
macro_rules! __wanted {
    (@ $wanted:expr $(,)?) => { $wanted };
    (@ $wanted:expr, worker = $worker:literal $($rest:tt)*) => {
        $crate::__wanted!(@ $wanted.worker($worker) $($rest)*)
    };
    (@ $wanted:expr, worker = $worker:ty $(, $($rest:tt)*)?) => {
        $crate::__wanted!(@ $wanted.worker(<$worker as $crate::__private::JobArgs>::WORKER) $(, $($rest)*)?)
    };
    (@ $wanted:expr, args = { $($json:tt)* } $($rest:tt)*) => {
        $crate::__wanted!(@ $wanted.args($crate::__private::json!({ $($json)* })) $($rest)*)
    };
    (@ $wanted:expr, meta = { $($json:tt)* } $($rest:tt)*) => {
        $crate::__wanted!(@ $wanted.meta($crate::__private::json!({ $($json)* })) $($rest)*)
    };
    (@ $wanted:expr, $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__wanted!(@ $crate::__key!($wanted, $key, $value) $(, $($rest)*)?)
    };
    ($key:ident = $($rest:tt)+) => {
        $crate::__wanted!(@ $crate::Wanted::any(), $key = $($rest)+)
    };
    ($args:expr $(, $($rest:tt)*)?) => {
        $crate::__wanted!(@ $crate::Wanted::of($args) $(, $($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($wanted:expr, args, $value:expr) => {
        $wanted.args($value)
    };
    ($wanted:expr, max_attempts, $value:expr) => {
        $wanted.max_attempts($value)
    };
    ($wanted:expr, meta, $value:expr) => {
        $wanted.meta($value)
    };
    ($wanted:expr, priority, $value:expr) => {
        $wanted.priority($value)
    };
    ($wanted:expr, queue, $value:expr) => {
        $wanted.queue($value)
    };
    ($wanted:expr, scheduled_at, $value:expr) => {
        $wanted.scheduled_at($value)
    };
    ($wanted:expr, scheduled_in, $value:expr) => {
        $wanted.scheduled_in($value)
    };
    ($wanted:expr, state, $value:expr) => {
        $wanted.state($value)
    };
    ($wanted:expr, tags, $value:expr) => {
        $wanted.tags($value)
    };
    ($wanted:expr, timeout, $value:expr) => {
        $wanted.timeout($value)
    };
    ($wanted:expr, within, $value:expr) => {
        $wanted.within($value)
    };
    ($wanted:expr, $key:ident, $value:expr) => {
        ::core::compile_error!(::core::concat!(
            "there is no key `",
            ::core::stringify!($key),
            "`; use worker, args, meta, queue, state, priority, \
             max_attempts, tags, scheduled_in, scheduled_at, within or timeout"
        ))
    };
}
