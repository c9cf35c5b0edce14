use std::sync::Arc;

use oban_core::{
    Config, Context, ErrorKind, JobArgs, JobFilter, JobState, Lifeline, NewJob, Oban, Outcome, Performed,
    Pruner, Reindexer, Worker,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Cluster,
    cast::{Act, Notes, Scene},
};

pub async fn refuses_a_bad_job_and_names_all_of_it(c: Cluster) {
    let oban = c.start(1).await;
    let bad = NewJob::new("", json!([])).queue("q".repeat(128)).priority(10).max_attempts(0);
    let error = oban.insert(bad).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for part in ["worker", "128 characters", "priority 10", "max_attempts 0", "JSON object"] {
        assert!(error.to_string().contains(part), "{part} missing in {error}");
    }
    oban.stop().await.unwrap();
}

pub async fn one_bad_job_of_many_inserts_none(c: Cluster) {
    let oban = c.start(1).await;
    let jobs = (0..100).map(|number| {
        Act::job(number.to_string(), Scene::Complete).queue("nowhere").priority(if number == 57 {
            11
        } else {
            0
        })
    });
    let error = oban.insert_all(jobs).await.unwrap_err();
    assert!(error.to_string().contains("priority 11") && error.to_string().contains("job: 57"), "{error}");
    assert_eq!(oban.jobs(JobFilter::all()).await.unwrap(), []);
    oban.stop().await.unwrap();
}

/// Is what the act was once called.
#[derive(Serialize, Deserialize)]
struct Deed {}

impl JobArgs for Deed {
    const WORKER: &'static str = "Deed";
    const ALIASES: &'static [&'static str] = &["", "Twice", "Twice"];
}

impl Worker<Notes> for Deed {
    async fn perform(self, _: Context<Notes>) -> Performed {
        Ok(Outcome::Complete)
    }
}

pub async fn refuses_a_bad_configuration_before_anything_runs(c: Cluster) {
    let job = c.engine.insert_jobs(None, vec![Act::job("a", Scene::Complete)]).await.unwrap().remove(0);
    let error = Oban::builder_on(Arc::clone(&c.engine))
        .state(Notes::default())
        .worker::<Act>()
        .worker::<Act>()
        .worker::<Deed>()
        .name(" ")
        .node("two words")
        .queue("default", 5)
        .queue("default", 6)
        .queue("none", 0)
        .queue("", 1)
        .stage_interval("often")
        .heartbeat_interval("1m")
        .pruner(Pruner::after("soon").completed("later").keep(JobState::Available).limit(0).interval("1ms"))
        .lifeline(Lifeline::default().interval("0s").rescue_after("1 h").limit(0))
        .reindexer(Reindexer::daily_at("noon").timeout("0s"))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for part in [
        "stored under the name \"Act\"",
        "name \" \" is blank",
        "\"two words\"",
        "queue \"default\" is given twice",
        "queue \"none\" has the limit 0",
        "queue \"\" is blank",
        "stage_interval: \"often\" is no period",
        "stale_after",
        "\"Deed\" names both the worker \"Act\" and the worker \"Deed\"",
        "alias \"\" is blank",
        "worker \"Deed\" has the alias \"Twice\" twice",
        "pruner: after: \"soon\" is no period",
        "pruner: completed: \"later\" is no period",
        "pruner: available jobs are never deleted",
        "pruner: limit 0",
        "pruner: interval 1ms is too short",
        "lifeline: interval 0ns is too short",
        "lifeline: rescue_after: \"1 h\" is no period",
        "lifeline: limit 0",
        "reindexer: \"noon\" is no time of day",
        "reindexer: timeout 0ns is too short",
    ] {
        assert!(error.to_string().contains(part), "{part} missing in {error}");
    }
    assert_eq!(c.read(job.id).await.attempt, 0);
}

fn vars<const N: usize>(vars: [(&str, &str); N]) -> Config {
    Config::from_vars(vars.map(|(key, value)| (key.to_owned(), value.to_owned())))
}

fn values(values: Value) -> Config {
    serde_json::from_value(values).unwrap()
}

pub async fn takes_settings_from_outside_the_code(c: Cluster) {
    let file = values(json!({"node": "file.1", "queues": {"file": 1}, "stage_interval": "50ms"}));
    let environment = vars([("OBAN_QUEUES", "default:3, paused:1:paused"), ("PATH", "/bin")]);
    // The order of the calls does not matter.
    let node = c.node().config(environment).config(file).queue("code", 1).node("code.1");
    let oban = node.start().await.unwrap();
    assert_eq!(oban.node(), "file.1", "a file counts more than code");
    let queues = oban.check_all_queues().await.unwrap();
    let queues: Vec<_> = queues.iter().map(|info| (info.queue.as_str(), info.limit, info.paused)).collect();
    assert_eq!(queues, [("default", 3, false), ("paused", 1, true)], "the environment counts most");
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    oban.stop().await.unwrap();
}

pub async fn names_what_is_wrong_in_every_place(c: Cluster) {
    let file = values(json!({
        "stage_intervl": "1s",
        "lease": "1ms",
        "queues": {"mailers": {"limit": 4, "blockin": true}, "images": 0}
    }));
    let environment = vars([("OBAN_SHUTDOWN_GRACE_PERIOD", "soon"), ("OBAN_QUEUE", "mailers:1")]);
    let node = c.node().config(file).config(environment).node("two words");
    let error = node.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for part in [
        "config: stage_intervl: unknown key; did you mean \"stage_interval\"?",
        "config: queues.mailers.blockin: unknown key; did you mean \"blocking\"?",
        "OBAN_SHUTDOWN_GRACE_PERIOD: \"soon\" is no period",
        "OBAN_QUEUE is no setting; did you mean OBAN_QUEUES?",
        "lease 1ms is too short",
        "queue \"images\" has the limit 0",
        "node \"two words\" holds white space",
    ] {
        assert!(error.to_string().contains(part), "{part} missing in {error}");
    }
}
