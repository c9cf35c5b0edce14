//! Measurements that take long, and so are taken only when asked for by name.

use harness::Engine;

use super::{Case, Contender, Method, Scene};
use crate::cli::Sizes;

const PROCESSES: [usize; 4] = [1, 2, 4, 8];
const SOAKING: usize = 4;

/// All of them, on Postgres.
pub(super) fn cases(sizes: &Sizes) -> Vec<Case> {
    let Sizes { finished, waiting, jobs, minutes } = sizes;
    let grown = format!("{finished} finished and {waiting} waiting rows");
    vec![
        // The drain last: what it leaves behind until the server clears it away would slow the others.
        growth("growth-tidy", &format!("what keeps rows tidy, with {grown}"), "tidy"),
        growth("growth-latency", &format!("insert call to worker beside {grown}"), "latency --jobs 200"),
        growth("growth-drain", &format!("drain beside {grown}"), "drain --limit 100 --jobs 50000"),
        held(*jobs),
        nodes(*jobs),
        soak(*minutes),
    ]
}

fn growth(name: &str, title: &str, measurement: &str) -> Case {
    let situation = |label, scene| Contender::situation(label, measurement, scene, Method::Runner);
    situated(name, title, vec![situation("empty", Scene::Fresh), situation("grown", Scene::Grown)])
}

fn held(jobs: usize) -> Case {
    let title = "drain beside a transaction that has written and stays open";
    let measurement = format!("drain --limit 100 --jobs {jobs}");
    let situation = |label, scene| Contender::situation(label, &measurement, scene, Method::Runner);
    situated("held", title, vec![situation("free", Scene::Fresh), situation("held", Scene::Held)])
}

fn nodes(jobs: usize) -> Case {
    let title = format!("{jobs} waiting jobs of one queue, run by several processes with limit 50 each");
    let situation = |count| {
        let label = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
        Contender::situation(&label, "node --limit 50", Scene::Fresh, Method::Nodes(count))
    };
    situated("nodes", &title, PROCESSES.map(situation).to_vec())
}

fn soak(minutes: u64) -> Case {
    let title = format!("{SOAKING} processes on one queue for {minutes} minutes");
    let label = format!("{SOAKING} nodes");
    let method = Method::Soak(SOAKING);
    situated("soak", &title, vec![Contender::situation(&label, "node --limit 50", Scene::Fresh, method)])
}

/// Compares with the first situation.
fn situated(name: &str, title: &str, contenders: Vec<Contender>) -> Case {
    Case {
        name: name.to_owned(),
        title: format!("{}: {title}", Engine::Postgres),
        engine: Engine::Postgres,
        baseline: contenders.first().map(|first| first.label.clone()).unwrap_or_default(),
        contenders,
    }
}
