//! The attribute and the derive do not get in each other's way.

use oban::{Job, JobArgs, job};
use serde::{Deserialize, Serialize};

#[job(queue = "a")]
struct Attribute {}

#[derive(Serialize, Deserialize, Job)]
#[job(queue = "b")]
struct Derive {}

fn main() {
    assert_eq!(Attribute {}.into_job().queue, "a");
    assert_eq!(Derive {}.into_job().queue, "b");
}
