//! What `#[job]` and `#[derive(Job)]` say to mistakes.
//!
//! The messages in `refused/*.stderr` are written by `TRYBUILD=overwrite cargo test -p oban-macros --test refused`.

#[test]
fn mistakes_are_told_where_they_are() {
    // Only cases that fail: these are checked, where a single one that passes has every dependency compiled again.
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
