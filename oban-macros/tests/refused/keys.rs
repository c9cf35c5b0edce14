use oban::{Job, job};
use serde::{Deserialize, Serialize};

#[job(queu = "mailers", attempts = 3, uniq, "queue", priority: 1)]
struct Unknown {
    id: i64,
}

#[job(queue = "a", queue = "b", priority, worker = , tags)]
struct TwiceOrNothing {}

#[job(queue = "a" priority = 1)]
struct NoComma;

#[derive(Serialize, Deserialize, Job)]
#[job(colour = "red")]
#[job = "mailers"]
struct Derived {
    #[job(queue = "a")]
    id: i64,
}

fn main() {
    // The jobs themselves are not blamed for it.
    oban::NewJob::from(Unknown { id: 1 });
    oban::NewJob::from(Derived { id: 1 });
}
