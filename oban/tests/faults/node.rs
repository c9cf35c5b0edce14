//! A node in a process of its own: this test binary, started again. It is told what to be by a variable, and
//! tells what it does by lines on stdout; its log is its stderr.

use std::{collections::BTreeMap, env, io, process::Stdio, sync::Arc, thread, time::Duration};

use oban::{Builder, CronEntry, JobArgs, Oban, postgres::Postgres};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use crate::{
    database::Database,
    wait::PATIENCE,
    worker::{Alone, Hold, Scene, Sow, Work},
};

/// What a node is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) name: String,
    /// Of the one queue, `default`.
    pub(crate) limit: usize,
    pub(crate) stage_interval: String,
    pub(crate) shutdown_grace_period: String,
    /// Periodic jobs of each minute, for a queue that no node runs.
    pub(crate) entries: usize,
}

/// The process as the test sees it. It is killed with the value.
pub(crate) struct Node {
    child: Child,
    stdin: ChildStdin,
    seen: watch::Receiver<Seen>,
    _readers: JoinSet<()>,
}

/// What a node has told so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Id and attempt of each run, in the order of their starts.
    pub(crate) runs: Vec<(i64, u32)>,
    /// Each change of leadership.
    pub(crate) leads: Vec<bool>,
    /// Each change of its queue's being paused.
    pub(crate) paused: Vec<bool>,
    /// Ids of [`Hold`]s that have ended, or were dropped.
    pub(crate) held: Vec<i64>,
    /// What went against a guarantee.
    pub(crate) broken: Vec<String>,
    /// Warnings and errors.
    pub(crate) log: Vec<String>,
    started: bool,
}

const VARIABLE: &str = "OBAN_FAULTS_NODE";
/// Tells a node's words from what the test harness prints around them.
const MARK: &str = "node> ";

/// After how long without a heartbeat hastened nodes count as dead; 20 s by default.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(2);
/// How long the lease of hastened leaders lasts; 15 s by default.
pub(crate) const LEASE: Duration = Duration::from_millis(1500);

/// Intervals about ten times shorter than the defaults, with which each death would take half a minute to be noticed.
pub(crate) fn hasten<S: Send + Sync + 'static>(builder: Builder<S>) -> Builder<S> {
    builder.heartbeat_interval("200ms").stale_after(STALE_AFTER).lease(LEASE).cancel_grace_period("500ms")
}

impl Settings {
    pub(crate) fn new(name: &str, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: name.to_owned(),
            limit: 10,
            stage_interval: "200ms".to_owned(),
            shutdown_grace_period: "1s".to_owned(),
            entries: 0,
        }
    }

    pub(crate) fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn entries(self, entries: usize) -> Self {
        Self { entries, ..self }
    }

    /// Finds work by notification, or by the clock of tests that have no patience.
    pub(crate) fn stage_interval(self, period: &str) -> Self {
        Self { stage_interval: period.to_owned(), ..self }
    }

    /// Starts the process, and waits until it runs.
    pub(crate) async fn start(&self) -> Node {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "node::starts_and_stops_idle", "--nocapture"])
            .env(VARIABLE, serde_json::to_string(self).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (sender, seen) = watch::channel(Seen::default());
        let sender = Arc::new(sender);
        let mut readers = JoinSet::new();
        readers.spawn(read(child.stdout.take().unwrap(), Arc::clone(&sender), Seen::heard));
        readers
            .spawn(read(child.stderr.take().unwrap(), sender, |seen, line| seen.log.push(line.to_owned())));
        let node = Node { stdin: child.stdin.take().unwrap(), child, seen, _readers: readers };
        node.until("the node has started", |seen| seen.started).await;
        node
    }
}

impl Node {
    /// What it has told so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until what it has told says so.
    pub(crate) async fn until(&self, what: &str, holds: impl FnMut(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let waited = timeout(PATIENCE, seen.wait_for(holds)).await;
        match waited {
            Ok(Ok(seen)) => seen.clone(),
            // Its process has ended, or it takes too long.
            _ => panic!("waited in vain until {what}: {:#?}", self.seen()),
        }
    }

    /// Waits until so many runs have started.
    pub(crate) async fn has_run(&self, count: usize) -> Seen {
        self.until(&format!("{count} runs have started"), |seen| seen.runs.len() >= count).await
    }

    /// Lets its [`Hold`]s end.
    pub(crate) async fn open_gate(&mut self) {
        self.stdin.write_all(b"open\n").await.unwrap();
    }

    /// `kill -9`. Returns all it had told.
    pub(crate) async fn kill(mut self) -> Seen {
        self.child.kill().await.unwrap();
        self.last_words().await
    }

    /// `kill`, as a deployment does, and waits until it has ended well. Returns all it had told.
    pub(crate) async fn stop(mut self) -> Seen {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the node stops").unwrap();
        let seen = self.last_words().await;
        assert!(status.success(), "{status}: {seen:#?}");
        seen
    }

    async fn last_words(mut self) -> Seen {
        while self._readers.join_next().await.is_some() {}
        self.seen()
    }
}

impl Seen {
    /// How often each job ran.
    pub(crate) fn runs_by_job(&self) -> BTreeMap<i64, usize> {
        let mut runs = BTreeMap::new();
        for (id, _) in &self.runs {
            *runs.entry(*id).or_default() += 1;
        }
        runs
    }

    /// The warnings and errors that contain this.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.log.iter().filter(|line| line.contains(text)).count()
    }

    fn heard(&mut self, line: &str) {
        let Some((_, words)) = line.split_once(MARK) else { return };
        match *words.split(' ').collect::<Vec<_>>() {
            ["started"] => self.started = true,
            ["run", id, attempt] => self.runs.push((id.parse().unwrap(), attempt.parse().unwrap())),
            ["paused", paused] => self.paused.push(paused.parse().unwrap()),
            ["held", id] => self.held.push(id.parse().unwrap()),
            ["leads", leads] => self.leads.push(leads.parse().unwrap()),
            _ => self.broken.push(words.to_owned()),
        }
    }
}

async fn read(
    stream: impl AsyncRead + Unpin,
    seen: Arc<watch::Sender<Seen>>,
    note: impl Fn(&mut Seen, &str),
) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        seen.send_modify(|seen| note(seen, &line));
    }
}

/// Tells the test.
pub(crate) fn say(words: &str) {
    println!("{MARK}{words}");
}

/// The simplest use of a node, and where its process begins when this binary was started to be one.
#[tokio::test(flavor = "multi_thread")]
async fn starts_and_stops_idle() {
    if let Ok(settings) = env::var(VARIABLE) {
        return run(serde_json::from_str(&settings).unwrap()).await;
    }
    let database = Database::migrated().await;
    let seen = Settings::new("web", database.url()).start().await.stop().await;
    assert_eq!((seen.runs, seen.broken, seen.log), (vec![], vec![], vec![]));
    assert_eq!(database.number("SELECT count(*) FROM oban_producers").await, 0);
}

async fn run(settings: Settings) {
    let log = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    log.with_ansi(false).without_time().with_writer(io::stderr).init();
    let pool = PgPoolOptions::new().max_connections(20).connect_lazy(&settings.url).unwrap();
    let scene = Scene {
        gate: listen_to_the_test(),
        pool: pool.clone(),
        limit: settings.limit,
        running: Arc::default(),
    };
    let entries = (0..settings.entries).map(|entry| {
        let job = Work { millis: 0 }.queue("elsewhere");
        CronEntry::new("* * * * *", job).name(format!("entry {entry}")).catch_up("1d")
    });
    let builder = hasten(Oban::builder(Postgres::new(pool)).state(scene))
        .worker::<Work>()
        .worker::<Hold>()
        .worker::<Alone>()
        .worker::<Sow>()
        .node(settings.name)
        .queue("default", settings.limit)
        .stage_interval(settings.stage_interval.as_str())
        .shutdown_grace_period(settings.shutdown_grace_period.as_str());
    let oban = entries.fold(builder, |builder, entry| builder.cron_entry(entry)).start().await.unwrap();
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    say("started");
    tokio::select! {
        () = tell_leadership(&oban) => {}
        () = tell_pauses(&oban) => {}
        stopped = oban.run_until(terminated.recv()) => stopped.unwrap(),
    }
}

/// The gate, opened by a line on stdin. At its end the test is gone, and so is this process.
fn listen_to_the_test() -> watch::Receiver<bool> {
    let (sender, gate) = watch::channel(false);
    thread::spawn(move || {
        for _ in io::stdin().lines().map_while(Result::ok) {
            sender.send_replace(true);
        }
        std::process::exit(1);
    });
    gate
}

async fn tell_pauses(oban: &Oban) {
    let mut told = false;
    loop {
        if let Ok(info) = oban.check_queue("default").await
            && info.paused != told
        {
            say(&format!("paused {}", info.paused));
            told = info.paused;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn tell_leadership(oban: &Oban) {
    let mut told = false;
    loop {
        let leads = oban.is_leader();
        if leads != told {
            say(&format!("leads {leads}"));
            told = leads;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
