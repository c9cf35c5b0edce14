//! Signing up makes a user and a job, or neither.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;
use support::{Database, example};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

#[tokio::test]
async fn a_user_and_its_job_are_there_or_neither() {
    let database = Database::create("signup").await;
    let server = Server::start(&database);
    let pool = database.pool().await;

    let answer = server.post("/signup", r#"{"email": "ada@example.com"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let welcomed = async {
        while !server.get("/users").await.contains(r#""email":"ada@example.com","welcomed":true"#) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, welcomed).await.expect("the user is welcomed");

    let answer = server.post("/signup", r#"{"email": "ada@example.com"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    let answer = server.post("/signup?fail=1", r#"{"email": "grace@example.com"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert_eq!(count(&pool, "SELECT count(*) FROM users").await, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM oban_jobs").await, 1);

    server.stop();
    assert_eq!(count(&pool, "SELECT count(*) FROM oban_jobs WHERE state = 'completed'").await, 1);
}

const PATIENCE: Duration = Duration::from_secs(60);

async fn count(pool: &PgPool, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

/// The example, running; killed when the test fails.
struct Server {
    child: Child,
    address: String,
    /// Open, because the mails are printed there.
    _output: BufReader<ChildStdout>,
}

impl Server {
    fn start(database: &Database) -> Self {
        let mut child = Command::new(example("signup"))
            .args(["--listen", "127.0.0.1:0", "--database-url", &database.url()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect(&line).to_owned();
        Self { child, address, _output: output }
    }

    async fn get(&self, path: &str) -> String {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await
    }

    async fn post(&self, path: &str, json: &str) -> String {
        let length = json.len();
        self.request(&format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
        ))
        .await
    }

    async fn request(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        answer
    }

    /// Ends it by Ctrl-C.
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended when the test succeeded.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
