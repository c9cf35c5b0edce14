//! A unit struct is stored as `{}` and read back from any object, as a struct without fields is.

use oban::__private::serde_json::{from_str, to_string};
use oban::{JobArgs, job};

#[job(queue = "cron")]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tick;

#[job]
#[derive(Debug)]
struct Tock {}

fn main() {
    let job = Tick.into_job();
    assert_eq!(job.args.to_string(), "{}");
    assert_eq!(job.queue, "cron");
    job.validate().unwrap();

    assert_eq!(from_str::<Tick>(&to_string(&Tick).unwrap()).unwrap(), Tick);
    assert_eq!(from_str::<Tick>(r#"{"old": [1]}"#).unwrap(), Tick);
    assert!(from_str::<Tick>("null").is_err());
    assert!(from_str::<Tock>("null").is_err());
}
