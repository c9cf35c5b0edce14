//! Spans and log lines, as a subscriber of `tracing` gets them. It is global, so this is one test in a process of its own.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use oban_core::{
    Context, JobArgs, Oban, Outcome, Performed, Worker,
    telemetry::{Logger, Propagator},
};
use oban_testing::Memory;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tracing::{
    Event, Span, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    layer::{Context as LayerContext, SubscriberExt},
    registry::LookupSpan,
};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[derive(Serialize, Deserialize)]
struct Greet {}

impl JobArgs for Greet {
    const WORKER: &'static str = "Greet";
}

type Fields = BTreeMap<&'static str, String>;

/// What a worker saw: the fields of the span it runs in, and the trace that span belongs to.
type Seen = mpsc::Sender<(Fields, Option<String>)>;

impl Worker<(Seen, Traces)> for Greet {
    async fn perform(self, ctx: Context<(Seen, Traces)>) -> Performed {
        let (seen, traces) = ctx.state();
        tokio::task::yield_now().await;
        let span = Span::current();
        let id = span.id().unwrap();
        let fields = span.with_subscriber(|(id, subscriber)| {
            let recorder: &Recorder = subscriber.downcast_ref().unwrap();
            recorder.spans.lock().unwrap()[&id.into_u64()].clone()
        });
        let trace = traces.0.lock().unwrap().get(&id.into_u64()).cloned();
        seen.send((fields.unwrap(), trace)).unwrap();
        Ok(Outcome::Complete)
    }
}

/// Which span belongs to which trace, as a tracer keeps it. The inserter's trace is fixed.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<HashMap<u64, String>>>);

impl Propagator for Traces {
    fn inject(&self, carrier: &mut Map<String, Value>) {
        carrier.insert("traceparent".to_owned(), TRACEPARENT.into());
    }

    fn extract(&self, carrier: &Map<String, Value>, span: &Span) {
        let trace = carrier["traceparent"].as_str().unwrap().to_owned();
        self.0.lock().unwrap().insert(span.id().unwrap().into_u64(), trace);
    }
}

/// Remembers the fields of spans of jobs, and the lines of loggers.
#[derive(Default)]
struct Recorder {
    spans: Mutex<HashMap<u64, Fields>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: LayerContext<'_, S>) {
        if attributes.metadata().name() == "oban.job" {
            let mut fields = Collected::default();
            attributes.record(&mut fields);
            self.spans.lock().unwrap_or_else(PoisonError::into_inner).insert(id.into_u64(), fields.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target() == "oban::telemetry" {
            let mut fields = Collected::default();
            event.record(&mut fields);
            let line = format!("{} {}", event.metadata().level(), fields.0["message"]);
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

#[derive(Default)]
struct Collected(Fields);

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[tokio::test]
async fn a_worker_runs_in_a_span_of_its_inserters_trace_and_is_logged() {
    let recorder = Recorder::default();
    let lines = Arc::clone(&recorder.lines);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(recorder)).unwrap();
    let (seen, sees) = mpsc::channel();
    let traces = Traces::default();
    let node = Oban::builder(Memory::new()).state((seen, traces.clone())).worker::<Greet>();
    let node = node.queue("default", 1).propagator(traces).telemetry(Logger::human());
    let oban = node.start().await.unwrap();
    let id = oban.insert(Greet {}.into_job()).await.unwrap().id;

    let (fields, trace) = tokio::task::spawn_blocking(move || sees.recv().unwrap()).await.unwrap();
    oban.stop().await.unwrap();

    let expected = [("attempt", "1"), ("id", "1"), ("queue", "default"), ("worker", "Greet")];
    let fields: Vec<_> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert_eq!(fields, expected);
    assert_eq!(trace.as_deref(), Some(TRACEPARENT));

    let lines = lines.lock().unwrap();
    let begins = |begin: String| lines.iter().any(|line| line.starts_with(&begin));
    assert!(begins(format!("INFO job started id={id} worker=Greet queue=default attempt=1")), "{lines:?}");
    assert!(begins(format!("INFO job completed id={id} worker=Greet")), "{lines:?}");
}
