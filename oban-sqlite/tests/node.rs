//! A whole node on a file: jobs inserted by it, by another process' engine and in a transaction are run.

use std::{collections::BTreeSet, time::Duration};

use oban_core::{Context, JobArgs, JobFilter, JobState, Oban, Outcome, Performed, Worker};
use oban_sqlite::{InsertTx, Sqlite, rusqlite::Connection};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

#[derive(Serialize, Deserialize)]
struct Report {
    number: u32,
}

impl JobArgs for Report {
    const WORKER: &'static str = "Report";
}

impl Worker<mpsc::UnboundedSender<u32>> for Report {
    async fn perform(self, ctx: Context<mpsc::UnboundedSender<u32>>) -> Performed {
        ctx.state().send(self.number)?;
        Ok(Outcome::Complete)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_jobs_wherever_they_come_from() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let (performed, mut reports) = mpsc::unbounded_channel();
    let oban = Oban::builder(Sqlite::open(&path).await.unwrap())
        .state(performed)
        .queue("default", 5)
        .worker::<Report>()
        .start()
        .await
        .unwrap();
    let elsewhere = Oban::builder(Sqlite::open(&path).await.unwrap()).start().await.unwrap();

    oban.insert_all((0..100).map(|number| Report { number })).await.unwrap();
    elsewhere.insert(Report { number: 100 }).await.unwrap();
    elsewhere.insert(Report { number: 101 }.schedule_in("10ms")).await.unwrap();
    let mut conn = Connection::open(&path).unwrap();
    let tx = conn.transaction().unwrap();
    elsewhere.insert_tx(&tx, Report { number: 102 }).unwrap();
    tx.commit().unwrap();

    let mut heard = BTreeSet::new();
    while heard.len() < 103 {
        let number = tokio::time::timeout(Duration::from_secs(20), reports.recv()).await.unwrap().unwrap();
        assert!(heard.insert(number), "{number} ran twice");
    }
    oban.stop().await.unwrap();
    let counts = elsewhere.count_jobs(JobFilter::all()).await.unwrap();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((counts[0].state, counts[0].count), (JobState::Completed, 103));
}
