//! What the ready logger writes.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tracing::Level;

use super::{
    EngineEvent, Event, Failure, FailureKind, Handler, JobEvent, Logger, NodeEvent, NotifierEvent, PeerEvent,
    QueueEvent, Run, ServiceEvent, Source, Topic,
};
use crate::{ErrorKind, Job, JobId, JobState, SonarStatus, Touched};

/// Where lines go.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a logger writes about events.
fn lines(logger: Logger, events: &[Event]) -> Vec<String> {
    let page = Page::default();
    let mut logger = logger.writer(page.clone());
    let source = Source { instance: "Oban".into(), node: "web.1".into() };
    for event in events {
        logger.handle(event, &source);
    }
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

fn job() -> Arc<Job> {
    Arc::new(Job {
        id: JobId(7),
        worker: "SendWelcome".into(),
        queue: "mailers".into(),
        args: json!({"card": "4242"}),
        meta: [("token".to_owned(), json!("secret"))].into_iter().collect(),
        tags: vec!["vip".into()],
        attempt: 2,
        max_attempts: 3,
        ..Job::default()
    })
}

fn run() -> Run {
    let (duration, queue_time) = (Duration::from_micros(12_345), Duration::from_millis(3));
    Run { job: job(), duration, queue_time }
}

fn failed(retry_in: Option<Duration>) -> Event {
    let failure = Failure { kind: FailureKind::Error, message: "busy:\ntry later".into(), error: None };
    Event::Job(JobEvent::Failed { run: run(), failure, retry_in })
}

fn touched(id: i64, before: JobState, after: Option<JobState>) -> Touched {
    Touched { id: JobId(id), queue: "mailers".into(), before, after }
}

fn events() -> Vec<Event> {
    let duration = Duration::from_millis(2);
    vec![
        Event::Node(NodeEvent::Started { queues: vec!["mailers".into()], workers: vec!["SendWelcome"] }),
        Event::Queue(QueueEvent::Started { queue: "mailers".into(), limit: 10, paused: false }),
        Event::Notifier(NotifierEvent::Switched {
            before: SonarStatus::Unknown,
            after: SonarStatus::Isolated,
        }),
        Event::Peer(PeerEvent::Campaigned { leads: true, led: false, duration }),
        Event::Job(JobEvent::Started { job: job(), queue_time: Duration::from_millis(3) }),
        Event::Job(JobEvent::Completed { run: run(), recorded: false }),
        failed(Some(Duration::from_secs(17))),
        failed(None),
        Event::Job(JobEvent::Cancelled { run: run(), reason: "gone".into() }),
        Event::Service(ServiceEvent::Staged {
            jobs: vec![touched(8, JobState::Scheduled, Some(JobState::Available))],
            queues: vec!["mailers".into()],
            duration,
        }),
        Event::Service(ServiceEvent::Rescued {
            jobs: vec![touched(9, JobState::Executing, Some(JobState::Available))],
            duration,
        }),
        Event::Service(ServiceEvent::Failing { service: "stager", error: "no answer".into() }),
        Event::Service(ServiceEvent::Crashed { service: "sonar".into(), error: None }),
        Event::Queue(QueueEvent::Stopped {
            queue: "mailers".into(),
            elapsed: duration,
            handed_back: vec![JobId(7)],
            unstored: 0,
        }),
        Event::Node(NodeEvent::Stopped { elapsed: duration }),
    ]
}

#[test]
fn writes_lines_for_people() {
    let expected = [
        r#"node started queues=["mailers"] workers=["SendWelcome"]"#,
        "queue started queue=mailers limit=10 paused=false",
        "notifier switched before=unknown after=isolated",
        "peer campaigned leads=true led=false duration=2.0ms",
        "job started id=7 worker=SendWelcome queue=mailers attempt=2 max_attempts=3 queue_time=3.0ms tags=[\"vip\"]",
        "job completed id=7 worker=SendWelcome queue=mailers attempt=2 max_attempts=3 duration=12.3ms queue_time=3.0ms recorded=false tags=[\"vip\"]",
        r#"job failed id=7 worker=SendWelcome queue=mailers attempt=2 max_attempts=3 duration=12.3ms queue_time=3.0ms kind=error error="busy:\ntry later" retry_in=17.0s tags=["vip"]"#,
        r#"job failed id=7 worker=SendWelcome queue=mailers attempt=2 max_attempts=3 duration=12.3ms queue_time=3.0ms kind=error error="busy:\ntry later" retry=false tags=["vip"]"#,
        "job cancelled id=7 worker=SendWelcome queue=mailers attempt=2 max_attempts=3 duration=12.3ms queue_time=3.0ms reason=gone tags=[\"vip\"]",
        r#"service staged count=1 jobs=[8] queues=["mailers"] duration=2.0ms"#,
        "service rescued count=1 jobs=[9] duration=2.0ms",
        r#"service failing service=stager error="no answer""#,
        r#"service crashed service=sonar error="a panic""#,
        "queue stopped queue=mailers elapsed=2.0ms handed_back=[7] unstored=0",
        "node stopped elapsed=2.0ms",
    ];
    let written = lines(Logger::human().without_time(), &events());
    assert_eq!(written.len(), expected.len());
    for (line, expected) in written.iter().zip(expected) {
        assert_eq!(line, expected);
    }
}

#[test]
fn writes_json() {
    let written = lines(Logger::json().without_time(), &events());
    assert_eq!(
        written[6],
        "{\"level\":\"warn\",\"source\":\"oban\",\"event\":\"job.failed\",\"instance\":\"Oban\",\"node\":\"web.1\",\
         \"id\":7,\"worker\":\"SendWelcome\",\"queue\":\"mailers\",\"attempt\":2,\"max_attempts\":3,\
         \"duration_us\":12345,\"queue_time_us\":3000,\"kind\":\"error\",\"error\":\"busy:\\ntry later\",\
         \"retry_in_us\":17000000,\"tags\":[\"vip\"]}"
    );
    let objects: Vec<Value> = written.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let levels: Vec<_> = objects.iter().map(|object| object["level"].as_str().unwrap()).collect();
    let expected = [
        "info", "info", "warn", "info", "info", "info", "warn", "error", "info", "info", "warn", "warn",
        "error", "warn", "info",
    ];
    assert_eq!(levels, expected);
    let names: Vec<_> = objects.iter().map(|object| object["event"].as_str().unwrap()).collect();
    assert_eq!(names, events().iter().map(Event::name).collect::<Vec<_>>());
}

#[test]
fn writes_the_time_and_the_level() {
    let written = lines(Logger::human(), &events()[..1]);
    let (time, rest) = written[0].split_once(' ').unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
    assert!(rest.starts_with(" INFO node started"), "{rest}");
    let written = lines(Logger::json(), &events()[..1]);
    let object: Value = serde_json::from_str(&written[0]).unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(object["time"].as_str().unwrap()).is_ok(), "{object}");
}

#[test]
fn args_and_meta_are_written_only_on_demand() {
    for logger in [Logger::human, Logger::json] {
        let hidden = lines(logger(), &events()).concat();
        assert!(!hidden.contains("4242") && !hidden.contains("secret"), "{hidden}");
        let shown = lines(logger().with_args(), &events()).concat();
        assert!(shown.contains("4242") && !shown.contains("secret"), "{shown}");
    }
}

#[test]
fn chooses_among_events_and_levels() {
    let queues = lines(Logger::human().topics([Topic::Queue]).level(Level::DEBUG), &events());
    assert_eq!(queues.len(), 2, "{queues:?}");
    assert!(
        queues[0].contains("DEBUG queue started") && queues[1].contains("WARN queue stopped"),
        "{queues:?}"
    );
    let (operation, duration) = ("fetch_jobs", Duration::from_millis(2));
    let failed =
        EngineEvent::Failed { operation, duration, kind: ErrorKind::Unavailable, error: "gone".into() };
    let calls = [
        Event::Engine(EngineEvent::Started { operation }),
        Event::Engine(EngineEvent::Stopped { operation, duration, count: Some(3) }),
        Event::Engine(failed),
        Event::Engine(EngineEvent::GivenUp { operation, duration }),
    ];
    assert_eq!(lines(Logger::human(), &calls), Vec::<String>::new());
    let expected = [
        "engine started operation=fetch_jobs",
        "engine stopped operation=fetch_jobs duration=2.0ms count=3",
        "engine failed operation=fetch_jobs duration=2.0ms error=gone",
        "engine given up operation=fetch_jobs duration=2.0ms",
    ];
    assert_eq!(lines(Logger::human().topics([Topic::Engine]).without_time(), &calls), expected);
}

#[test]
fn what_is_nothing_is_not_written() {
    let (duration, jobs) = (Duration::ZERO, Vec::new());
    let nothing = [
        Event::Service(ServiceEvent::Staged { jobs: jobs.clone(), queues: vec!["mailers".into()], duration }),
        Event::Service(ServiceEvent::Rescued { jobs: jobs.clone(), duration }),
        Event::Service(ServiceEvent::Pruned { jobs, duration }),
        Event::Peer(PeerEvent::Campaigned { leads: true, led: true, duration }),
    ];
    assert_eq!(lines(Logger::human(), &nothing), Vec::<String>::new());
}
