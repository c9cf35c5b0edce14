use std::{future::Future, time::Duration};

use chrono::DateTime;
use oban_core::Clock;
use tokio::{runtime, time};

use crate::{Fixture, Harness, story::Cluster};

/// Generates the tests that hold an engine to its contract: one named test per case, such as
/// `conformance::insert::assigns_rising_ids` for its calls, and one per story, such as
/// `stories::failures::survives_a_panic`, in which whole nodes run on it.
///
/// It takes a function (or an expression that can be called like one) that makes an empty store
/// whose engines work by the given clock. Invoke it once in a module of its tests:
///
/// ```
/// use oban_core::Clock;
/// use oban_testing::{Fixture, Memory};
///
/// async fn fresh(clock: Clock) -> Fixture {
///     let memory = Memory::with_clock(clock);
///     Fixture::new(memory.clone(), memory)
/// }
///
/// oban_testing::conformance!(fresh);
/// # fn main() {}
/// ```
///
/// An engine that cannot do everything names the cases it leaves out, in the open:
///
/// ```
/// # use oban_testing::{Fixture, Memory};
/// # async fn fresh(clock: oban_core::Clock) -> Fixture {
/// #     let memory = Memory::with_clock(clock);
/// #     Fixture::new(memory.clone(), memory)
/// # }
/// oban_testing::conformance!(fresh, skip = [insert::keeps_far_times, insert::keeps_microseconds]);
/// # fn main() {}
/// ```
///
/// A skip that names no case does not compile:
///
/// ```compile_fail,E0425
/// # use oban_testing::{Fixture, Memory};
/// # async fn fresh(clock: oban_core::Clock) -> Fixture {
/// #     let memory = Memory::with_clock(clock);
/// #     Fixture::new(memory.clone(), memory)
/// # }
/// oban_testing::conformance!(fresh, skip = [insert::keeps_far_tmies]);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($fresh:expr $(,)?) => {
        $crate::conformance!($fresh, skip = []);
    };
    ($fresh:expr, skip = [$($module:ident :: $case:ident),* $(,)?] $(,)?) => {
        async fn conformance_fixture(clock: $crate::__private::Clock) -> $crate::Fixture {
            ($fresh)(clock).await
        }

        // A skip that names no case does not compile.
        $( const _: () = { let _ = $crate::suite::$module::$case; }; )*

        macro_rules! unless_skipped {
            $( ($module $case $test:item) => {}; )*
            ($other_module:ident $other_case:ident $test:item) => { $test };
        }

        $crate::__each_case!($crate::__conformance_tests);
        $crate::__each_story!($crate::__story_tests);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        mod conformance {
            $(mod $module {
                $(unless_skipped! { $module $case
                    #[test]
                    fn $case() {
                        let case = $crate::suite::$module::$case;
                        $crate::__private::run(super::super::conformance_fixture, case);
                    }
                })*
            })*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __story_tests {
    ($($module:ident { $($story:ident),* $(,)? })*) => {
        mod stories {
            $(mod $module {
                $(
                    #[test]
                    fn $story() {
                        $crate::__private::run(super::super::conformance_fixture, $crate::story::$module::$story);
                    }
                )*
            })*
        }
    };
}

/// What a case works with, made of an empty store.
pub trait Setting {
    /// The time the store works by.
    fn clock() -> Clock;

    /// Takes the store.
    fn new(fixture: Fixture, clock: Clock) -> Self;
}

/// Runs one case on a store of its own.
///
/// # Panics
/// When the case fails, or does not end in two minutes.
#[doc(hidden)]
pub fn run<M: Future<Output = Fixture>, S: Setting, C: Future<Output = ()>>(
    fresh: impl FnOnce(Clock) -> M,
    case: impl FnOnce(S) -> C,
) {
    // Declared first, so that it is dropped last.
    let _guard;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = S::clock();
    let mut fixture = runtime.block_on(fresh(clock.clone()));
    _guard = fixture.guard.take();
    let case = case(S::new(fixture, clock));
    runtime.block_on(async { time::timeout(PATIENCE, case).await }).expect("the case ends in time");
}

/// No case is that slow; one that hangs is to fail by its name.
const PATIENCE: Duration = Duration::from_secs(120);

impl Setting for Harness {
    /// Stands still at a moment with microseconds, so that engines show whether they keep them.
    fn clock() -> Clock {
        Clock::pinned(DateTime::from_timestamp(1_772_366_400, 123_457_000).unwrap())
    }

    fn new(fixture: Fixture, clock: Clock) -> Self {
        Self::new(fixture, clock)
    }
}

impl Setting for Cluster {
    /// The store's own: nodes and workers take real time.
    fn clock() -> Clock {
        Clock::store()
    }

    fn new(fixture: Fixture, _: Clock) -> Self {
        Self::new(fixture)
    }
}
