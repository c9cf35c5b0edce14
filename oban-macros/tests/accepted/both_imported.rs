//! The attribute and the derive do not get in each other's way.

use oban::{Job, JobArgs, job};
use serde::{Deserialize, Serialize};

#[job(queue = "a")]
struct Attribute {}

#[derive(Serialize, Deserialize, Job)]
#[job(queue = "b")]
struct Derive {}

#[test]
fn the_attribute_and_the_derive_live_side_by_side() {
    assert_eq!(Attribute {}.into_job().queue, "a");
    assert_eq!(Derive {}.into_job().queue, "b");
}
