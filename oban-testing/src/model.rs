//! A model of a job's life, and random histories that an engine has to live through alike.

mod reference;
mod step;
mod subject;
mod table;

use std::future::Future;

use oban_core::Clock;
use proptest::{
    collection::vec,
    test_runner::{Config, RngSeed, TestRunner},
};

use crate::{Fixture, Harness, conformance::run};
use reference::Reference;
use step::Step;
use subject::Subject;

/// Puts an engine and a simple model of the contract through the same random histories, and
/// compares every answer and every row after each step.
///
/// A history is up to 60 inserts, fetches, finishes (late and doubled ones among them), actions
/// of operators, rounds of housekeeping and jumps in time, on two nodes. There are
/// `histories` of them, each on a store of its own, and the same ones every time. A history that
/// fails is shrunk to a short one and printed.
///
/// ```
/// use oban_testing::{Fixture, Memory, model};
///
/// model::check(4, |clock| {
///     let memory = Memory::with_clock(clock);
///     std::future::ready(Fixture::new(memory.clone(), memory))
/// });
/// ```
///
/// # Panics
/// When the engine and the model differ.
pub fn check<M: Future<Output = Fixture>>(histories: u32, fresh: impl Fn(Clock) -> M) {
    let config = Config {
        cases: histories,
        failure_persistence: None,
        max_shrink_iters: 1000,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step::any(), 1..60), |steps| {
        run(&fresh, |h| live_through(h, steps));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

async fn live_through(h: Harness, steps: Vec<Step>) {
    let mut reference = Reference::new(h.now());
    let mut subject = Subject::new(h).await;
    for step in steps {
        let step = reference.settled(step);
        let expected = reference.take(&step);
        assert_eq!(subject.take(&step).await, expected, "the answer to {step:?}");
        assert_eq!(subject.rows().await, reference.rows(), "the rows after {step:?}");
    }
}
