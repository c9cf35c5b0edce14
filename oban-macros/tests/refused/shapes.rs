use oban::{Job, job};
use serde::{Deserialize, Serialize};

#[job]
struct Tuple(i64);

#[job(priority = 12)]
enum Sync {
    Full { since: i64 },
    Delta,
}

#[job]
union Bits {
    int: u32,
}

#[job]
struct Generic<T> {
    inner: T,
}

#[derive(Serialize, Deserialize, Job)]
struct Borrowed<'a> {
    name: &'a str,
}

#[derive(Serialize, Deserialize, Job)]
struct Unit;

#[derive(Serialize, Deserialize, Job)]
enum Derived {
    One { id: i64 },
}

fn main() {}
