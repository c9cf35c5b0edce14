//! What takes seconds, minutes and days at default settings, in virtual time.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{future, sync::Arc, time::Duration};

use oban_core::{
    Context, Engine, Fetch, Job, JobArgs, JobId, JobState, Lease, NewJob, Oban, Outcome, Peer, Performed,
    QueueSpec, SonarStatus, Worker,
};
use oban_testing::Memory;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep, timeout},
};

/// Says that it started, and takes as many seconds as it is told.
#[derive(Serialize, Deserialize)]
struct Nap {
    seconds: u64,
    fails: bool,
}

struct Started(UnboundedSender<(JobId, u32)>);

impl JobArgs for Nap {
    const WORKER: &'static str = "Nap";
}

impl Worker<Started> for Nap {
    async fn perform(self, ctx: Context<Started>) -> Performed {
        ctx.state().0.send((ctx.job().id, ctx.job().attempt))?;
        sleep(Duration::from_secs(self.seconds)).await;
        if self.fails { Err("rude awakening".into()) } else { Ok(Outcome::Complete) }
    }
}

type Starts = UnboundedReceiver<(JobId, u32)>;

async fn node(memory: &Memory, name: &str) -> (Oban, Starts) {
    let (sender, starts) = unbounded_channel();
    let node = Oban::builder(memory.clone()).node(name).queue("default", 5).state(Started(sender));
    (node.worker::<Nap>().start().await.unwrap(), starts)
}

async fn read(memory: &Memory, id: JobId) -> Option<Job> {
    use oban_core::Inspect;
    memory.list_jobs(&oban_core::JobFilter::id(id)).await.unwrap().pop()
}

const QUICK: Nap = Nap { seconds: 0, fails: false };

#[tokio::test(start_paused = true)]
async fn the_jobs_of_a_dead_leader_come_back_within_a_minute() {
    let memory = Memory::new();
    // A node as it is the moment it is killed: it has just won the lease, beaten its heart and fetched a job.
    assert!(memory.campaign(&lease_of_the_dead()).await.unwrap());
    let (instance, node_name, queue) = ("Oban".to_owned(), "dead".to_owned(), "default".to_owned());
    let spec = QueueSpec { instance, node: node_name, queue, limit: 1, paused: false };
    let producer = memory.init_queue(&spec).await.unwrap();
    let job = memory.insert_jobs(None, vec![QUICK.into_job()]).await.unwrap().remove(0);
    memory.fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &[] }).await.unwrap();
    let killed = Instant::now();
    let (oban, mut starts) = node(&memory, "alive").await;
    assert_eq!(starts.recv().await.unwrap(), (job.id, 2));
    let took = killed.elapsed();
    assert!((Duration::from_secs(20)..Duration::from_secs(60)).contains(&took), "{took:?}");
    oban.stop().await.unwrap();
}

fn lease_of_the_dead() -> Lease {
    Lease { name: "Oban".into(), node: "dead".into(), uuid: Default::default(), ttl: Duration::from_secs(15) }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_replaced_when_its_lease_ends() {
    let memory = Memory::new();
    assert!(memory.campaign(&lease_of_the_dead()).await.unwrap());
    let (oban, _starts) = node(&memory, "alive").await;
    let died = Instant::now();
    while !oban.is_leader() {
        sleep(Duration::from_millis(100)).await;
    }
    let took = died.elapsed();
    assert!((Duration::from_secs(14)..Duration::from_secs(21)).contains(&took), "{took:?}");
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_healthy_job_of_ten_minutes_is_not_touched() {
    let memory = Memory::new();
    let (one, mut starts) = node(&memory, "one").await;
    let job = one.insert(Nap { seconds: 600, fails: false }).await.unwrap();
    starts.recv().await.unwrap();
    let (other, mut other_starts) = node(&memory, "other").await;
    sleep(Duration::from_secs(601)).await;
    let job = read(&memory, job.id).await.unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Completed, 1));
    assert!(starts.try_recv().is_err() && other_starts.try_recv().is_err(), "it ran once");
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_after_obans_backoff() {
    let memory = Memory::new();
    let (oban, mut starts) = node(&memory, "one").await;
    oban.insert(Nap { seconds: 0, fails: true }).await.unwrap();
    let mut last = Instant::now();
    starts.recv().await.unwrap();
    for seconds in [17, 19, 23, 31, 47] {
        starts.recv().await.unwrap();
        let waited = last.elapsed();
        // Up to 10 % of jitter, and up to a second until it is staged.
        let expected = Duration::from_secs(seconds)..Duration::from_secs(seconds + seconds / 10 + 2);
        assert!(expected.contains(&waited), "{waited:?} is not within {expected:?}");
        last = Instant::now();
    }
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_job_starts_within_a_second_of_its_time() {
    let memory = Memory::new();
    let (oban, mut starts) = node(&memory, "one").await;
    let inserted = Instant::now();
    oban.insert(QUICK.schedule_in("1d")).await.unwrap();
    starts.recv().await.unwrap();
    let waited = inserted.elapsed();
    assert!(waited >= Duration::from_secs(86_400) && waited <= Duration::from_secs(86_401), "{waited:?}");
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn finished_jobs_stay_for_a_day() {
    let memory = Memory::new();
    let (oban, mut starts) = node(&memory, "one").await;
    let job = oban.insert(QUICK).await.unwrap();
    starts.recv().await.unwrap();
    sleep(Duration::from_secs(86_390)).await;
    assert!(read(&memory, job.id).await.is_some());
    sleep(Duration::from_secs(60)).await;
    assert!(read(&memory, job.id).await.is_none());
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_fifteen_seconds_for_running_jobs() {
    let memory = Memory::new();
    let (oban, mut starts) = node(&memory, "one").await;
    let short = oban.insert(Nap { seconds: 14, fails: false }).await.unwrap();
    let long = oban.insert(Nap { seconds: 3600, fails: false }).await.unwrap();
    starts.recv().await.unwrap();
    starts.recv().await.unwrap();
    let began = Instant::now();
    oban.stop().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 15);
    assert_eq!(read(&memory, short.id).await.unwrap().state, JobState::Completed);
    let long = read(&memory, long.id).await.unwrap();
    assert_eq!((long.state, long.attempt), (JobState::Available, 0));
}

#[tokio::test(start_paused = true)]
async fn sonar_tells_a_cluster_from_a_single_node() {
    let memory = Memory::new();
    let (one, _starts) = node(&memory, "one").await;
    let reaches = async |status| {
        while one.sonar() != status {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(1), reaches(SonarStatus::Solitary)).await.unwrap();
    let (other, _other_starts) = node(&memory, "other").await;
    timeout(Duration::from_secs(1), reaches(SonarStatus::Clustered)).await.unwrap();
    other.stop().await.unwrap();
    timeout(Duration::from_secs(200), reaches(SonarStatus::Solitary)).await.unwrap();
    one.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_worker_sees_its_own_timeout_in_a_unit_test() {
    #[derive(Serialize, Deserialize)]
    struct Endless {}

    impl JobArgs for Endless {
        const WORKER: &'static str = "Endless";
    }

    impl Worker<Arc<str>> for Endless {
        async fn perform(self, ctx: Context<Arc<str>>) -> Performed {
            assert_eq!(&**ctx.state(), "state");
            future::pending().await
        }

        fn timeout(_: &Job) -> Option<Duration> {
            Some(Duration::from_secs(3600))
        }
    }

    let error = oban_testing::perform_job(Arc::<str>::from("state"), Endless {}).await.unwrap_err();
    assert_eq!(error.to_string(), "Endless timed out after 3600s");
    let refused =
        oban_testing::perform_job(Started(unbounded_channel().0), Nap { seconds: 0, fails: true }).await;
    assert!(refused.is_err());
    let _: NewJob = QUICK.into_job();
}
