//! Jobs of a kind that is unique by its attribute, from the attribute to the stored row.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use oban::{
    Context, Job, JobArgs, JobFilter, JobState, Oban, Outcome, Performed, Unique, Worker, job,
    testing::Memory,
};
use serde::{Deserialize, Serialize};

#[job(
    unique(period = "infinity", keys("user_id"), states = "incomplete"),
    replace(scheduled(priority, scheduled_at), any(tags))
)]
struct Remind {
    user_id: i64,
    text: String,
}

#[derive(Serialize, Deserialize, oban::Job)]
#[job(unique(period = "1h", keys("userId")), replace(available(args)))]
struct Digest {
    #[serde(rename = "userId")]
    user_id: i64,
    title: String,
}

impl Worker for Remind {
    async fn perform(self, _: Context) -> Performed {
        Ok(Outcome::Complete)
    }
}

async fn start() -> Oban {
    Oban::builder(Memory::new()).worker::<Remind>().start().await.unwrap()
}

async fn stored(oban: &Oban) -> Vec<Job> {
    oban.jobs(JobFilter::all()).await.unwrap()
}

fn remind(user_id: i64, text: &str) -> Remind {
    Remind { user_id, text: text.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_a_conflict_and_the_stored_job_takes_over_what_it_is_told_to() {
    let oban = start().await;
    let first = oban.insert(remind(1, "tea").schedule_in("2h").priority(3).tag("old")).await.unwrap();
    let again = oban.insert(remind(1, "milk").schedule_in("1h").priority(5).tag("new")).await.unwrap();
    let other = oban.insert(remind(2, "tea").schedule_in("2h")).await.unwrap();

    assert_eq!((first.conflict, again.conflict, other.conflict), (false, true, false));
    assert_eq!(again.job.id, first.job.id);
    let jobs = stored(&oban).await;
    assert_eq!(jobs.len(), 2);
    let job = jobs.iter().find(|job| job.id == first.job.id).unwrap();
    assert_eq!(job.priority, 5);
    assert_eq!(job.tags, ["new"]);
    assert!(job.scheduled_at < first.job.scheduled_at, "{job:?}");
    assert_eq!(job.args["text"], "tea", "args are not among what is replaced");
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_replaced_goes_by_the_state_of_the_stored_job() {
    let oban = start().await;
    let first = oban.insert(remind(1, "tea").priority(3).tag("old")).await.unwrap();
    let again = oban.insert(remind(1, "tea").priority(5).tag("new")).await.unwrap();

    assert_eq!((first.job.state, again.conflict), (JobState::Available, true));
    assert_eq!((again.job.priority, again.job.tags), (3, vec!["new".to_owned()]));
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_the_states_of_the_attribute_count() {
    let oban = start().await;
    oban.insert(remind(1, "tea")).await.unwrap();
    assert!(oban.insert(remind(1, "tea")).await.unwrap().conflict);
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);

    // By default a completed job would count.
    assert!(!oban.insert(remind(1, "tea")).await.unwrap().conflict);
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_one_job_says_wins_over_its_kind() {
    let oban = start().await;
    oban.insert(remind(1, "tea")).await.unwrap();
    let by_text = || Unique::forever().keys(["text"]);

    assert!(!oban.insert(remind(1, "tea").unique(by_text())).await.unwrap().conflict);
    assert!(oban.insert(remind(9, "tea").unique(by_text())).await.unwrap().conflict);
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_derive_compares_the_keys_that_serde_stores() {
    let oban = start().await;
    let digest = |user_id, title: &str| Digest { user_id, title: title.to_owned() };
    let first = oban.insert(digest(1, "Monday")).await.unwrap();
    let again = oban.insert(digest(1, "Tuesday")).await.unwrap();
    let other = oban.insert(digest(2, "Monday")).await.unwrap();

    assert_eq!((first.conflict, again.conflict, other.conflict), (false, true, false));
    assert_eq!(again.job.args["title"], "Tuesday");
    assert_eq!(stored(&oban).await.len(), 2);
    oban.stop().await.unwrap();
}
