//! The engine of this crate against the model.

use std::future;

use oban_testing::{Fixture, Memory, model};

#[test]
fn lives_as_the_model_says() {
    model::check(500, |clock| {
        let memory = Memory::with_clock(clock);
        future::ready(Fixture::new(memory.clone(), memory))
    });
}
