//! What `oban` is to reach.

use harness::{Engine, Metric};

/// A bound of one quantity of one measurement: at least so much of a gain, at most so much of a cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) engine: Engine,
    pub(crate) case: &'static str,
    pub(crate) contender: &'static str,
    pub(crate) metric: Metric,
    /// The contender that the bound is a ratio to; without one it is absolute.
    pub(crate) of: Option<&'static str>,
    pub(crate) bound: f64,
}

/// A check fails when a ratio against the bare database is worse than its target by this factor.
pub(crate) const CHECKED: f64 = 0.6;

/// Every target, in the order in which they are told.
pub(crate) fn all() -> Vec<Target> {
    let mut targets = Vec::new();
    for case in ["drain-10", "drain-50", "drain-100", "drain-500"] {
        targets.push(postgres(case, Metric::JobsPerSecond).of("raw", 0.8));
        for peer in ["apalis", "apalis-tuned", "riverqueue", "riverqueue-tuned"] {
            targets.push(postgres(case, Metric::JobsPerSecond).of(peer, 1.0));
        }
    }
    targets.extend([
        // It deletes finished jobs.
        postgres("drain-100", Metric::JobsPerSecond).of("graphile-tuned", 1.0),
        postgres("drain-50", Metric::TransactionsPerJob).is(0.05),
        postgres("drain-100", Metric::CpuMicrosPerJob).is(15.0),
        postgres("bulk-1000", Metric::JobsPerSecond).of("raw", 0.8),
        postgres("bulk-20000", Metric::JobsPerSecond).of("raw-copy", 0.8),
        postgres("bulk-unique", Metric::JobsPerSecond).of("plain", 0.5).by("unique"),
        postgres("latency", Metric::P50Ms).of("raw", 1.2),
        postgres("latency", Metric::P95Ms).of("raw", 1.5),
        postgres("idle", Metric::StatementsPerSecond).is(2.0),
        postgres("idle", Metric::CpuPercent).is(0.3),
        postgres("idle", Metric::ResidentMb).is(25.0),
        Target::new(Engine::Sqlite, "drain-100", Metric::JobsPerSecond).of("raw", 0.8),
        Target::new(Engine::Sqlite, "bulk-unique", Metric::JobsPerSecond).of("plain", 0.5).by("unique"),
        Target::new(Engine::Memory, "drain-100", Metric::JobsPerSecond).is(500_000.0),
        Target::new(Engine::Memory, "dispatch", Metric::CpuMicrosPerJob).is(2.0).by("one thread"),
    ]);
    targets.extend(of_larger());
    targets
}

/// Whether a check looks at this measurement.
pub(crate) fn is_checked(engine: Engine, case: &str) -> bool {
    all().iter().any(|target| target.engine == engine && target.case == case && target.is_checked())
}

fn of_larger() -> [Target; 7] {
    [
        postgres("growth-drain", Metric::JobsPerSecond).of("empty", 0.85).by("grown"),
        postgres("growth-latency", Metric::P50Ms).of("empty", 1.3).by("grown"),
        postgres("held", Metric::JobsPerSecond).of("free", 0.7).by("held"),
        postgres("nodes", Metric::JobsPerSecond).of("1 node", 1.0).by("2 nodes"),
        postgres("nodes", Metric::JobsPerSecond).of("1 node", 1.0).by("4 nodes"),
        postgres("nodes", Metric::JobsPerSecond).of("1 node", 1.0).by("8 nodes"),
        postgres("soak", Metric::Deadlocks).is(0.0).by("4 nodes"),
    ]
}

fn postgres(case: &'static str, metric: Metric) -> Target {
    Target::new(Engine::Postgres, case, metric)
}

impl Target {
    fn new(engine: Engine, case: &'static str, metric: Metric) -> Self {
        Self { engine, case, contender: "oban", metric, of: None, bound: f64::NAN }
    }

    fn of(self, other: &'static str, bound: f64) -> Self {
        Self { of: Some(other), bound, ..self }
    }

    fn by(self, contender: &'static str) -> Self {
        Self { contender, ..self }
    }

    /// Whether it is a ratio to the bare database: those of `oban` to itself shake more than it allows for.
    pub(crate) fn is_checked(&self) -> bool {
        self.of.is_some_and(|of| of.starts_with("raw"))
    }

    fn is(self, bound: f64) -> Self {
        Self { bound, ..self }
    }
}
