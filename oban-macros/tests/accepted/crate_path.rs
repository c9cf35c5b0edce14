//! `oban` may be reached by any path, given as a string or as a path.

mod vendor {
    pub(crate) mod jobs {
        pub(crate) use ::oban::__private;
        pub(crate) use ::oban::{Job, JobArgs, job};
    }
}

use vendor::jobs::{JobArgs, job};

#[job(crate = "crate::crate_path::vendor::jobs", queue = "a")]
struct Text {
    id: u8,
}

#[job(crate = crate::crate_path::vendor::jobs, meta(on = true))]
struct Path {
    id: u8,
}

#[job(crate = crate::crate_path::vendor::jobs)]
struct Unit;

mod inner {
    #[super::job(crate = super::vendor::jobs)]
    pub(crate) struct Relative;
}

macro_rules! dollar_crate {
    ($name:ident) => {
        #[derive(serde::Serialize, serde::Deserialize, vendor::jobs::Job)]
        #[job(crate = $crate::crate_path::vendor::jobs, queue = "b")]
        struct $name {}
    };
}
dollar_crate!(FromAMacro);

#[test]
fn oban_is_reached_by_any_path() {
    assert_eq!(FromAMacro {}.into_job().queue, "b");
    assert_eq!(Text { id: 1 }.into_job().queue, "a");
    assert_eq!(Path { id: 1 }.into_job().meta["on"], true);
    assert_eq!(Unit.into_job().args.to_string(), "{}");
    assert_eq!(inner::Relative.into_job().worker, "Relative");
}
