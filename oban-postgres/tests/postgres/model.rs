//! Random histories, lived through as the contract's model does.

#[test]
fn agrees_with_the_model() {
    oban_testing::model::check(60, crate::fresh);
}
