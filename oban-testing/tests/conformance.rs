//! The suite on the engine of this crate, and the completeness of its list.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{
    collections::BTreeSet,
    fs,
    future::{self, Ready},
    path::Path,
};

use oban_core::Clock;
use oban_testing::{Fixture, Memory};

fn fresh(clock: Clock) -> Ready<Fixture> {
    let memory = Memory::with_clock(clock);
    future::ready(Fixture::new(memory.clone(), memory))
}

oban_testing::conformance!(fresh);

macro_rules! names {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        [$($(concat!(stringify!($module), "::", stringify!($case))),*),*]
    };
}

#[test]
fn every_case_is_listed() {
    assert_eq!(defined_in("suite"), oban_testing::__each_case!(names).map(str::to_owned).into());
}

#[test]
fn every_story_is_listed() {
    assert_eq!(defined_in("story"), oban_testing::__each_story!(names).map(str::to_owned).into());
}

fn defined_in(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let mut defined = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let module = path.file_stem().unwrap().to_str().unwrap();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(case) = line.strip_prefix("pub async fn ") {
                defined.insert(format!("{module}::{}", case.split('(').next().unwrap()));
            }
        }
    }
    assert!(defined.len() > 30, "the cases were found");
    defined
}
