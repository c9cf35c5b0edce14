//! Rows read back as jobs. SQLite's alone, since rows of Postgres do not exist without a server; the time holds the
//! query as well, which finds the rows by a bounded walk of the primary key.

use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput};
use oban::{Engine, Inspect, JobFilter, NewJob, Result, sqlite::Sqlite};
use serde_json::json;
use tokio::runtime::Runtime;

const ROWS: [usize; 2] = [10, 500];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::new()?;
    let directory = tempfile::tempdir()?;
    let engine = runtime.block_on(filled(&directory.path().join("jobs.db")))?;

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("decoding");
    for rows in ROWS {
        group.throughput(Throughput::Elements(u64::try_from(rows)?));
        let filter = JobFilter::all().limit(rows);
        group.bench_function(BenchmarkId::new("sqlite", rows), |bencher| {
            bencher.iter(|| match runtime.block_on(engine.list_jobs(&filter)) {
                Ok(jobs) if jobs.len() == rows => jobs,
                Ok(jobs) => panic!("{} rows came, not {rows}", jobs.len()),
                Err(error) => panic!("{error}"),
            });
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

async fn filled(path: &Path) -> Result<Sqlite> {
    let engine = Sqlite::open(path).await?;
    let jobs = (0..ROWS[1]).map(|number| {
        let args = json!({ "user_id": number, "address": "someone@example.com", "locale": "de" });
        NewJob::new("SendWelcome", args).tag("onboarding").meta(json!({ "source": "bench" }))
    });
    engine.insert_jobs(None, jobs.collect()).await?;
    Ok(engine)
}
