use oban::job;
use serde::{Deserialize, Serialize};

#[job]
#[derive(Clone, Serialize, Deserialize)]
struct DerivedBoth {
    id: i64,
}

#[job]
#[derive(serde::Serialize)]
struct DerivedOnce {
    id: i64,
}

macro_rules! dollar_crate {
    ($name:ident) => {
        #[job(crate = $crate::vendor)]
        struct $name {}
    };
}
dollar_crate!(FromAMacro);

fn main() {}
