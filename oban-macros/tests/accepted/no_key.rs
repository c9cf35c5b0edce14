//! Without keys a job has the type's name and the defaults of every job.

use oban::{JobArgs, NewJob, job};

#[job]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SendWelcome {
    pub(crate) user_id: i64,
    #[serde(default, rename = "lang")]
    locale: Option<String>,
}

#[job()]
struct r#Try {}

#[test]
fn the_defaults_are_those_of_every_job() {
    let welcome = SendWelcome { user_id: 1, locale: None };
    let plain = NewJob::new("SendWelcome", serde_json::json!({"user_id": 1, "lang": null}));
    assert_eq!(welcome.clone().into_job(), plain);

    let read: SendWelcome = serde_json::from_str(r#"{"user_id":1}"#).unwrap();
    assert_eq!(read, welcome);

    assert_eq!(r#Try::WORKER, "Try");
    assert_eq!(r#Try {}.into_job().args.to_string(), "{}");

    #[job(queue = "local")]
    struct InAFunction {
        id: u8,
    }
    assert_eq!(InAFunction { id: 1 }.into_job().queue, "local");
}
