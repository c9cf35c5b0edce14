//! What `#[job]` and `#[derive(Job)]` accept, and what they say to mistakes.
//!
//! The messages in `ui/fail/*.stderr` are written by `TRYBUILD=overwrite cargo test -p oban --test macros`.

#[test]
fn accepted() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
