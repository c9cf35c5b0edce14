//! User code that watches an instance: what it is given, and that nothing it does harms a job.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, Sender, channel},
};

use oban_core::{
    JobState, NewJob, Unique, UniqueField,
    telemetry::{ErrorReport, Event, Propagator, Source},
};
use serde_json::{Map, Value, json};

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    witness::Witness,
};

tokio::task_local! {
    static TRACE: &'static str;
}

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Carries what the task-local says, and remembers what arrived.
#[derive(Clone, Default)]
struct Carrier(Arc<Mutex<Vec<Option<String>>>>);

impl Propagator for Carrier {
    fn inject(&self, carrier: &mut Map<String, Value>) {
        if let Ok(trace) = TRACE.try_with(|trace| *trace) {
            carrier.insert("traceparent".into(), trace.into());
        }
    }

    fn extract(&self, carrier: &Map<String, Value>, span: &tracing::Span) {
        assert_eq!(span.metadata().map_or("oban.job", |metadata| metadata.name()), "oban.job");
        let trace = carrier.get("traceparent").and_then(Value::as_str).map(str::to_owned);
        self.0.lock().unwrap().push(trace);
    }
}

struct Broken;

impl Propagator for Broken {
    fn inject(&self, carrier: &mut Map<String, Value>) {
        carrier.insert("traceparent".into(), "half written".into());
        panic!("no trace");
    }

    fn extract(&self, _: &Map<String, Value>, _: &tracing::Span) {
        panic!("no trace");
    }
}

/// Jobs run to their ends, whatever the hooks do.
async fn all_is_well(c: &Cluster, oban: oban_core::Oban) {
    let good = oban.insert(Act::job("good", Scene::Complete)).await.unwrap();
    let bad = oban.insert(Act::job("bad", Scene::Fail("boom".into()))).await.unwrap();
    c.becomes(good.id, JobState::Completed).await;
    assert_eq!(c.becomes(bad.id, JobState::Discarded).await.errors.len(), 3);
    oban.stop().await.unwrap();
}

pub async fn survives_a_handler_that_panics(c: Cluster) {
    let witness = Witness::new();
    let node = c.node().queue("default", 1);
    let node = node.telemetry(|event: &Event, _: &Source| panic!("{}", event.name()));
    all_is_well(&c, node.telemetry(witness.clone()).start().await.unwrap()).await;
    assert!(witness.names().contains(&"job.completed"), "other handlers go on");
}

pub async fn survives_a_handler_that_hangs(c: Cluster) {
    let (gate, wait): (Sender<()>, Receiver<()>) = channel();
    let node = c.node().queue("default", 1).telemetry(move |_: &Event, _: &Source| {
        let _ = wait.recv();
    });
    // Its stop does not wait for ever either.
    all_is_well(&c, node.start().await.unwrap()).await;
    drop(gate);
}

pub async fn survives_an_error_reporter_that_panics(c: Cluster) {
    let node = c.node().queue("default", 1);
    let node = node.report_errors(|report: &ErrorReport<'_>| panic!("{}", report.job.id));
    all_is_well(&c, node.start().await.unwrap()).await;
}

pub async fn survives_a_propagator_that_panics(c: Cluster) {
    let oban = c.node().queue("default", 1).propagator(Broken).start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    assert!(c.becomes(job.id, JobState::Completed).await.meta.is_empty(), "nothing half written");
    all_is_well(&c, oban).await;
}

pub async fn reports_each_failed_attempt(c: Cluster) {
    let (reports, reported) = channel();
    let node = c.node().queue("default", 1).report_errors(move |report: &ErrorReport<'_>| {
        let error = report.failure.error.as_ref().map(ToString::to_string);
        reports.send((report.job.attempt, error, report.retry_in.is_some())).unwrap();
    });
    let oban = node.start().await.unwrap();
    oban.insert(Act::job("good", Scene::Complete)).await.unwrap();
    let bad = oban.insert(Act::job("bad", Scene::Fail("boom".into()))).await.unwrap();
    c.becomes(bad.id, JobState::Discarded).await;
    oban.stop().await.unwrap();
    let boom = Some("boom".to_owned());
    let expected = [(1, boom.clone(), true), (2, boom.clone(), true), (3, boom, false)];
    assert_eq!(reported.try_iter().collect::<Vec<_>>(), expected);
}

pub async fn carries_a_trace_from_inserter_to_worker(c: Cluster) {
    let carrier = Carrier::default();
    let inserting = c.other_node().propagator(carrier.clone()).start().await.unwrap();
    let traced = TRACE.scope(TRACEPARENT, inserting.insert(Act::job("a", Scene::Complete))).await.unwrap();
    assert_eq!(traced.meta["traceparent"], TRACEPARENT);
    let own = Act::job("b", Scene::Complete).meta(json!({"traceparent": "own"}));
    let own = TRACE.scope(TRACEPARENT, inserting.insert_all([own])).await.unwrap().remove(0);
    assert_eq!(own.meta["traceparent"], "own", "the application's word counts");
    let unique = Unique::forever().fields([UniqueField::Worker, UniqueField::Meta]);
    let unique = || Act::job("u", Scene::Complete).queue("nowhere").unique(unique.clone());
    let first = TRACE.scope(TRACEPARENT, inserting.insert(unique())).await.unwrap();
    let second = TRACE.scope("another trace", inserting.insert(unique())).await.unwrap();
    assert_eq!(first.id, second.id, "a trace makes no difference between unique jobs");
    let untraced: NewJob = Act::job("c", Scene::Complete);
    let untraced = inserting.insert(untraced).await.unwrap();
    assert!(untraced.meta.is_empty());

    let oban = c.node().queue("default", 1).propagator(carrier.clone()).start().await.unwrap();
    eventually("all have arrived", || async {
        let arrived = carrier.0.lock().unwrap().clone();
        if arrived.len() == 3 { Ok(()) } else { Err(arrived) }
    })
    .await;
    let mut arrived = carrier.0.lock().unwrap().clone();
    arrived.sort();
    assert_eq!(arrived, [None, Some(TRACEPARENT.to_owned()), Some("own".to_owned())]);
    inserting.stop().await.unwrap();
    oban.stop().await.unwrap();
}
