//! The promises of `quickstart --help`, kept by the program itself.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use oban::sqlite::rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use support::{Database, example};
use tokio::time::{sleep, timeout};
use tree::Tree;

#[test]
fn digests_are_those_of_sha256sum() {
    let tree = Tree::with_odd_names();
    let output = run(&tree, &["--out", "sums"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(tree.sums(), tree.expected_sums());
    tree.check_with_sha256sum();
}

#[test]
fn failures_on_purpose_are_retried() {
    let tree = Tree::of_small_files(20);
    let output = run(&tree, &["--flaky", "100", "--out", "sums"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(tree.sums(), tree.expected_sums());
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs WHERE json_array_length(errors) = 1"), 20);
}

#[test]
fn only_new_versions_of_files_are_hashed_again() {
    let tree = Tree::of_small_files(20);
    run(&tree, &[]);
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs"), 20);
    run(&tree, &[]);
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs"), 20);
    tree.write("file 7", b"another content of another length");
    let output = run(&tree, &["--out", "sums"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs"), 21);
    assert_eq!(tree.sums(), tree.expected_sums());
}

#[test]
fn what_cannot_be_hashed_is_told() {
    let tree = Tree::of_small_files(3);
    tree.write_with_a_name_that_is_no_text();
    let output = run(&tree, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("skipped: ") && told.contains("its name is not UTF-8"), "{told}");
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs WHERE state = 'completed'"), 3);
}

#[tokio::test]
async fn a_killed_run_is_resumed() {
    let tree = Tree::of_large_files(FILES);
    let first = start(&tree, &["--jobs", "2"]);
    until(|| completed(&tree) >= 5).await;
    first.signal(Signal::KILL);
    let running = query(&tree, "SELECT count(*) FROM oban_jobs WHERE state = 'executing'");
    assert!(running > 0 && completed(&tree) < FILES, "it was killed in the middle");

    let output = run(&tree, &["--out", "sums"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!((query(&tree, "SELECT count(*) FROM oban_jobs"), completed(&tree)), (FILES, FILES));
    let rescued = "SELECT count(*) FROM oban_jobs WHERE meta ->> 'rescued' = 1";
    assert_eq!(query(&tree, rescued), running, "what ran at the kill, and nothing else, came back");
    assert_eq!(tree.sums(), tree.expected_sums());
}

#[tokio::test]
async fn ctrl_c_stops_gracefully() {
    let tree = Tree::of_large_files(FILES);
    let first = start(&tree, &["--jobs", "2"]);
    until(|| completed(&tree) >= 5).await;
    let output = first.signal(Signal::INT);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("run the same command again"));
    assert!(completed(&tree) < FILES, "it was stopped in the middle");
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_jobs WHERE state = 'executing'"), 0);
    assert_eq!(query(&tree, "SELECT count(*) FROM oban_producers"), 0);

    let output = run(&tree, &["--out", "sums"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(tree.sums(), tree.expected_sums());
}

#[test]
fn two_processes_share_a_file() {
    let tree = Tree::of_large_files(FILES);
    let (one, other) = (start(&tree, &["--jobs", "1"]), start(&tree, &["--jobs", "1", "--out", "sums"]));
    for output in [one.wait(), other.wait()] {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    assert_eq!((query(&tree, "SELECT count(*) FROM oban_jobs"), completed(&tree)), (FILES, FILES));
    assert_eq!(query(&tree, "SELECT count(DISTINCT attempted_by ->> 1) FROM oban_jobs"), 2);
    assert_eq!(tree.sums(), tree.expected_sums());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_postgres_database() {
    let tree = Tree::of_large_files(FILES);
    let database = Database::create("quickstart").await;
    let url = database.url();
    let arguments = ["--jobs", "1", "--database-url", &url, "--out", "sums"];
    let (one, other) = (start(&tree, &arguments[..4]), start(&tree, &arguments));
    for output in [one.wait(), other.wait()] {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let statement =
        "SELECT count(*), count(*) FILTER (WHERE state = 'completed'), count(DISTINCT attempted_by[2])
                     FROM oban_jobs";
    let counts: (i64, i64, i64) = sqlx::query_as(statement).fetch_one(&database.pool().await).await.unwrap();
    assert_eq!(counts, (FILES, FILES, 2));
    assert_eq!(tree.sums(), tree.expected_sums());
}

/// So many that a run of them can be met in its middle.
const FILES: i64 = 40;

/// The program, running; killed when the test fails.
struct Running(Option<Child>);

fn start(tree: &Tree, arguments: &[&str]) -> Running {
    let mut command = Command::new(example("quickstart"));
    command.current_dir(tree.folder()).arg(Tree::NAME).args(arguments);
    if !arguments.contains(&"--database-url") {
        command.args(["--database", DATABASE]);
    }
    Running(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
}

fn run(tree: &Tree, arguments: &[&str]) -> Output {
    start(tree, arguments).wait()
}

impl Running {
    fn signal(self, signal: Signal) -> Output {
        kill_process(Pid::from_child(self.0.as_ref().unwrap()), signal).unwrap();
        self.wait()
    }

    fn wait(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const DATABASE: &str = "jobs.db";

/// One number from the program's database.
fn query(tree: &Tree, statement: &str) -> i64 {
    try_query(tree, statement).unwrap()
}

fn try_query(tree: &Tree, statement: &str) -> oban::sqlite::rusqlite::Result<i64> {
    let conn = Connection::open(tree.folder().join(DATABASE))?;
    conn.busy_timeout(Duration::from_secs(30))?;
    conn.query_row(statement, [], |row| row.get(0))
}

/// None as long as there are no tables.
fn completed(tree: &Tree) -> i64 {
    try_query(tree, "SELECT count(*) FROM oban_jobs WHERE state = 'completed'").unwrap_or(0)
}

async fn until(condition: impl Fn() -> bool) {
    let fulfilled = async {
        while !condition() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(60), fulfilled).await.expect("it happens in time");
}
