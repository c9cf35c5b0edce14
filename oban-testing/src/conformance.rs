use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};
use oban_core::Clock;
use tokio::{runtime, time};

use crate::{Fixture, Harness};

/// Generates the tests that hold an engine to its contract: one named test per case, such as
/// `conformance::insert::assigns_rising_ids`.
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

/// Runs one case on a store of its own.
///
/// # Panics
/// When the case fails, or does not end in two minutes.
#[doc(hidden)]
pub fn run<M: Future<Output = Fixture>, C: Future<Output = ()>>(
    fresh: impl FnOnce(Clock) -> M,
    case: impl FnOnce(Harness) -> C,
) {
    // Declared first, so that it is dropped last.
    let _guard;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = Clock::pinned(start());
    let mut fixture = runtime.block_on(fresh(clock.clone()));
    _guard = fixture.guard.take();
    let case = case(Harness::new(fixture, clock));
    runtime.block_on(async { time::timeout(PATIENCE, case).await }).expect("the case ends in time");
}

/// No case is that slow; one that hangs is to fail by its name.
const PATIENCE: Duration = Duration::from_secs(120);

/// A moment with microseconds, so that engines show whether they keep them.
fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400, 123_457_000).unwrap()
}
