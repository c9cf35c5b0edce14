//! What is measured.

mod larger;

use std::fmt;

use harness::Engine;

use crate::{cli::Cli, targets};

/// Queue limits that a drain is measured at.
const LIMITS: [usize; 4] = [10, 50, 100, 500];

/// Peers with their defaults are slow enough to be measured with fewer jobs: some fetch once a second or so.
const FEWER_FOR_DEFAULTS: usize = 100;

/// A measurement of several systems, to be compared with each other.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The name it is asked for by; unique together with the engine.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) engine: Engine,
    /// What ratios are taken to: the label of a contender.
    pub(crate) baseline: String,
    pub(crate) contenders: Vec<Contender>,
}

/// One of those compared.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) label: String,
    pub(crate) program: Program,
    pub(crate) system: String,
    /// For the runner: the measurement and its sizes.
    pub(crate) arguments: Vec<String>,
    pub(crate) scene: Scene,
    pub(crate) method: Method,
}

/// Which runner knows a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Ours,
    Peers,
}

/// What the database is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// New and empty.
    Fresh,
    /// The same, on the server that counts statements.
    Counting,
    /// Full of finished and of waiting jobs, and kept from one measurement to the next.
    Grown,
    /// New, and another connection has written in a transaction that it does not end.
    Held,
}

/// How a contender is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// By one process of its runner.
    Runner,
    /// So many processes run what waits together.
    Nodes(usize),
    /// The same, while new jobs come in for so many minutes.
    Soak(usize),
}

/// The measurements that the command line asks for, in the order in which they are taken.
pub(crate) fn selected(cli: &Cli) -> Vec<Case> {
    let mut cases = usual(cli);
    if !cli.only.is_empty() {
        cases.extend(larger::cases(&cli.sizes));
        cases.retain(|case| cli.only.iter().any(|name| case.name.starts_with(name)));
    } else if cli.check {
        cases.retain(|case| case.engine == Engine::Memory || targets::is_checked(case.engine, &case.name));
    }
    cases.retain(|case| cli.engine.is_none_or(|engine| engine == case.engine));
    cases
}

fn usual(cli: &Cli) -> Vec<Case> {
    let mut cases = on_postgres(cli);
    cases.extend(on_sqlite(cli));
    cases.push(drain_in_memory(cli));
    cases.push(dispatch(cli));
    cases
}

fn on_postgres(cli: &Cli) -> Vec<Case> {
    let less = |jobs: usize, quick: usize| if cli.quick { quick } else { jobs };
    let case = |name: &str, title: &str, measurement: &str, jobs: usize| {
        Case::new(Engine::Postgres, name, title, measurement, jobs)
    };
    let single = less(2_000, 300);
    let mut cases = vec![
        case("insert", "one job a call", "insert", single).against_peers(cli),
        case("insert-tx", "one job a call, in the user's transaction", "insert-tx", single)
            .against_peers(cli),
        case("bulk-1000", "1,000 jobs a call", "bulk --batch 1000", less(100_000, 50_000)).against_peers(cli),
        case("bulk-20000", "20,000 jobs a call", "bulk --batch 20000", less(200_000, 60_000))
            .against_ours("raw-copy"),
        bulk_unique(Engine::Postgres, cli),
    ];
    for limit in LIMITS {
        let jobs = if limit == 10 { less(50_000, 10_000) } else { less(50_000, 30_000) };
        let title = format!("drain of {jobs} waiting jobs, queue limit {limit}");
        let measurement = format!("drain --limit {limit}");
        cases.push(case(&format!("drain-{limit}"), &title, &measurement, jobs).against_peers(cli));
    }
    cases.push(case("latency", "insert call to worker", "latency", less(500, 100)).against_peers(cli));
    cases.push(case("allocations", "what the client allocates, queue limit 100", "allocations", 20_000));
    cases.push(idle(Engine::Postgres, cli).on(Scene::Counting));
    cases
}

fn on_sqlite(cli: &Cli) -> Vec<Case> {
    let less = |jobs: usize, quick: usize| if cli.quick { quick } else { jobs };
    let case = |name: &str, title: &str, measurement: &str, jobs: usize| {
        Case::new(Engine::Sqlite, name, title, measurement, jobs)
    };
    vec![
        case("insert", "one job a call", "insert", less(10_000, 1_000)),
        case("bulk-1000", "1,000 jobs a call", "bulk --batch 1000", less(100_000, 20_000)),
        bulk_unique(Engine::Sqlite, cli),
        case("drain-10", "drain, queue limit 10", "drain --limit 10", less(50_000, 10_000)),
        case("drain-100", "drain, queue limit 100", "drain --limit 100", less(50_000, 20_000)),
        case("latency", "insert call to worker", "latency", less(500, 100)),
    ]
}

/// Beside as many plain jobs by the same engine, in calls of the same size.
fn bulk_unique(engine: Engine, cli: &Cli) -> Case {
    let jobs = if cli.quick { 40_000 } else { 100_000 };
    let situation = |label: &str, measurement: &str| {
        let measurement = format!("{measurement} --batch 10000 --jobs {jobs}");
        Contender::situation(label, &measurement, Scene::Fresh, Method::Runner)
    };
    Case {
        name: "bulk-unique".to_owned(),
        title: format!("{engine}: 10,000 unique jobs a call, half of them duplicates"),
        engine,
        baseline: "plain".to_owned(),
        contenders: vec![situation("unique", "bulk-unique"), situation("plain", "bulk")],
    }
}

fn drain_in_memory(cli: &Cli) -> Case {
    let jobs = if cli.quick { 100_000 } else { 500_000 };
    Case::new(Engine::Memory, "drain-100", "drain, queue limit 100", "drain --limit 100", jobs).alone()
}

/// On an engine that has nothing to do.
fn dispatch(cli: &Cli) -> Case {
    let jobs = if cli.quick { 100_000 } else { 500_000 };
    let situation = |label: &str, measurement: &str| {
        let measurement = format!("{measurement} --jobs {jobs}");
        let oban = Contender::situation(label, &measurement, Scene::Fresh, Method::Runner);
        Contender { system: "ready".to_owned(), ..oban }
    };
    Case {
        name: "dispatch".to_owned(),
        title: "dispatch alone, from the fetched row to the outcome handed over, queue limit 100".to_owned(),
        engine: Engine::Memory,
        baseline: "one thread".to_owned(),
        contenders: vec![
            situation("one thread", "drain --limit 100 --one-thread"),
            situation("threads", "drain --limit 100"),
        ],
    }
}

fn idle(engine: Engine, cli: &Cli) -> Case {
    let mut case = Case::new(engine, "idle", "a node with 10 empty queues", "idle --queues 10", 0).alone();
    let seconds = if cli.quick { 10 } else { 30 };
    for contender in &mut case.contenders {
        contender.arguments.truncate(3);
        contender.arguments.extend(["--seconds".to_owned(), seconds.to_string()]);
    }
    case
}

impl Case {
    /// `oban` and `raw`, on fresh databases.
    fn new(engine: Engine, name: &str, title: &str, measurement: &str, jobs: usize) -> Self {
        let contenders = ["oban", "raw"];
        Self {
            name: name.to_owned(),
            title: format!("{engine}: {title}"),
            engine,
            baseline: "raw".to_owned(),
            contenders: contenders.map(|system| Contender::new(system, measurement, jobs)).to_vec(),
        }
    }

    /// `oban` alone.
    fn alone(mut self) -> Self {
        self.contenders.truncate(1);
        self
    }

    fn on(mut self, scene: Scene) -> Self {
        self.contenders.iter_mut().for_each(|contender| contender.scene = scene);
        self
    }

    /// Adds another system of our own runner.
    fn against_ours(mut self, system: &str) -> Self {
        self.contenders.extend(self.contenders.last().cloned().map(|like| like.called(system)));
        self
    }

    /// Adds the peers that the command line asks for.
    fn against_peers(mut self, cli: &Cli) -> Self {
        let Some(like) = self.contenders.last().cloned() else { return self };
        for peer in cli.against.peers() {
            let mut peer = like.clone().called(peer);
            peer.program = Program::Peers;
            if !peer.system.ends_with("-tuned") && peer.arguments.first().is_some_and(|word| word == "drain")
            {
                peer.with_fewer_jobs();
            }
            self.contenders.push(peer);
        }
        self
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.engine, self.name)
    }
}

impl Contender {
    fn new(system: &str, measurement: &str, jobs: usize) -> Self {
        let mut arguments: Vec<_> = measurement.split(' ').map(str::to_owned).collect();
        arguments.extend(["--jobs".to_owned(), jobs.to_string()]);
        Self {
            label: system.to_owned(),
            program: Program::Ours,
            system: system.to_owned(),
            arguments,
            scene: Scene::Fresh,
            method: Method::Runner,
        }
    }

    /// `oban` in one situation of several.
    fn situation(label: &str, measurement: &str, scene: Scene, method: Method) -> Self {
        let arguments = measurement.split(' ').map(str::to_owned).collect();
        Self { label: label.to_owned(), arguments, scene, method, ..Self::new("oban", "", 0) }
    }

    fn called(self, system: &str) -> Self {
        Self { label: system.to_owned(), system: system.to_owned(), ..self }
    }

    /// The last argument is the number of jobs.
    fn with_fewer_jobs(&mut self) {
        if let Some(jobs) = self.arguments.last_mut()
            && let Ok(count) = jobs.parse::<usize>()
        {
            *jobs = (count / FEWER_FOR_DEFAULTS).to_string();
        }
    }
}
