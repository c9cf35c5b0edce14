//! A unit struct is stored as `{}` and read back from any object, as a struct without fields is.

use oban::{JobArgs, job};
use serde_json::{from_str, to_string};

#[job(queue = "cron")]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tick;

#[job]
#[derive(Debug)]
struct Tock {}

#[test]
fn a_unit_struct_is_stored_as_an_empty_object() {
    let job = Tick.into_job();
    assert_eq!(job.args.to_string(), "{}");
    assert_eq!(job.queue, "cron");
    job.validate().unwrap();

    assert_eq!(from_str::<Tick>(&to_string(&Tick).unwrap()).unwrap(), Tick);
    assert_eq!(from_str::<Tick>(r#"{"old": [1]}"#).unwrap(), Tick);
    assert!(from_str::<Tick>("null").is_err());
    assert!(from_str::<Tock>("null").is_err());
}
