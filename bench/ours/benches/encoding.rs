//! From the application's types to what a store is given, and back to the worker's.

use std::hint::black_box;

use criterion::Criterion;
use oban::{Ack, Finish, Job, JobArgs, NewJob, job};
use serde_json::json;

#[job(queue = "mailers", max_attempts = 5)]
struct SendWelcome {
    user_id: i64,
    address: String,
    locale: Option<String>,
}

fn send_welcome() -> SendWelcome {
    SendWelcome { user_id: 42, address: "someone@example.com".to_owned(), locale: Some("de".to_owned()) }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    new_job(&mut criterion);
    args(&mut criterion);
    ack(&mut criterion);
    criterion.final_summary();
}

/// What an insert does before the engine is called.
fn new_job(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new job");
    group.bench_function("plain", |bencher| {
        bencher.iter(|| valid(black_box(send_welcome()).into_job()));
    });
    group.bench_function("with options", |bencher| {
        bencher.iter(|| {
            let job = black_box(send_welcome()).schedule_in("5m").priority(3).tag("onboarding");
            valid(job.meta(json!({ "source": "bench" })))
        });
    });
    group.finish();
}

fn valid(job: NewJob) -> NewJob {
    match job.validate() {
        Ok(()) => job,
        Err(error) => panic!("{error}"),
    }
}

/// What a run does before the worker is called.
fn args(criterion: &mut Criterion) {
    let job = Job { args: send_welcome().into_job().args, ..Job::default() };
    criterion.bench_function("args", |bencher| {
        bencher.iter(|| {
            let args: SendWelcome = black_box(&job).args_as().unwrap_or_else(|error| panic!("{error}"));
            (args.user_id, args.address, args.locale)
        });
    });
}

/// What a run does with its outcome.
fn ack(criterion: &mut Criterion) {
    let job = Job { attempt: 1, ..Job::default() };
    let mut group = criterion.benchmark_group("ack");
    group.bench_function("complete", |bencher| {
        bencher.iter(|| Ack::of(black_box(&job), Finish::Complete { recorded: None }));
    });
    let result = json!({ "sent": true, "message_id": "<42@example.com>", "took_ms": 17 });
    group.bench_function("record", |bencher| {
        bencher.iter(|| Ack::of(&job, Finish::record(black_box(&result))));
    });
    group.finish();
}
