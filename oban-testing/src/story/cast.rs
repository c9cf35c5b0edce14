//! A worker that does what its args say, and the notes it takes.

use std::{
    collections::HashMap,
    fmt, future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oban_core::{BoxError, Context, Job, JobArgs, NewJob, Outcome, Performed, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// The one worker of all stories.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Act {
    pub(crate) name: String,
    pub(crate) scene: Scene,
}

/// What an [`Act`] does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Scene {
    Complete,
    Record(Value),
    Cancel(String),
    Discard(String),
    Snooze(String),
    /// Snoozes with a note in the meta, then records what it finds there.
    SnoozeWith(Value),
    /// Records from deep below what the context is there: in its own task, a spawned one and a given one.
    LookAround,
    Fail(String),
    /// Fails with an error that panics when it is printed.
    FailUnspeakably,
    /// Fails with what no database stores in a text.
    FailWithNul,
    /// Fails so often, then completes.
    FailUntil(u32),
    Panic,
    PanicBeforeTheFirstAwait,
    PanicInBackoff,
    PanicInTimeout,
    /// Never ends, and awaits.
    Hang,
    /// Hangs, with a timeout.
    HangTimed,
    /// Blocks its thread until the gate opens, with a timeout.
    BlockTimed,
    /// Blocks its thread until the gate opens.
    Block,
    /// Waits until the gate opens, then completes.
    Wait,
    /// Waits for its cancellation and says so.
    Obey,
    /// Blocks until so many acts block at once.
    Meet(usize),
    /// Inserts another job, which completes.
    Insert(String),
    /// Inserts another one of its kind.
    InsertLike,
}

/// What all acts of a story share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    book: Mutex<Book>,
    changed: watch::Sender<()>,
    gate: Semaphore,
    meeting: (Mutex<usize>, std::sync::Condvar),
}

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// Names, in the order of their starts.
    pub(crate) started: Vec<String>,
    /// How many run now, by queue.
    pub(crate) running: HashMap<String, usize>,
    /// The most that ever ran at once, by queue.
    pub(crate) peak: HashMap<String, usize>,
    /// Names of acts that saw their cancellation.
    pub(crate) cancelled: Vec<String>,
    /// Names of acts whose future was dropped or has ended.
    pub(crate) left: Vec<String>,
}

const ACT_TIMEOUT: Duration = Duration::from_millis(50);

impl Act {
    pub(crate) fn job(name: impl Into<String>, scene: Scene) -> NewJob {
        Self { name: name.into(), scene }.into_job()
    }
}

impl JobArgs for Act {
    const WORKER: &'static str = "Act";
    const ALIASES: &'static [&'static str] = &["Deed"];

    fn configure(job: NewJob) -> NewJob {
        job.max_attempts(3)
    }
}

impl Worker<Notes> for Act {
    fn perform(self, ctx: Context<Notes>) -> impl Future<Output = Performed> + Send {
        if matches!(self.scene, Scene::PanicBeforeTheFirstAwait) {
            panic!("no future at all");
        }
        async move {
            let notes = ctx.state().clone();
            let _presence = notes.enter(&self.name, &ctx.job().queue);
            play(self, &ctx, &notes).await
        }
    }

    fn backoff(job: &Job) -> Duration {
        if matches!(scene(job), Some(Scene::PanicInBackoff)) {
            panic!("no backoff");
        }
        Duration::ZERO
    }

    fn timeout(job: &Job) -> Option<Duration> {
        match scene(job)? {
            Scene::PanicInTimeout => panic!("no timeout"),
            Scene::HangTimed | Scene::BlockTimed => Some(ACT_TIMEOUT),
            _ => None,
        }
    }
}

async fn play(act: Act, ctx: &Context<Notes>, notes: &Notes) -> Performed {
    match act.scene {
        Scene::Record(value) => return Ok(Outcome::record(value)),
        Scene::Cancel(reason) => return Ok(Outcome::cancel(reason)),
        Scene::Discard(reason) => return Ok(Outcome::discard(reason)),
        Scene::Snooze(period) => return Ok(Outcome::snooze(period)),
        Scene::SnoozeWith(note) => {
            let before = &ctx.job().meta;
            let snoozed = before.contains_key("snoozed");
            let outcome = if snoozed { Outcome::record(before) } else { Outcome::snooze_with("0s", note) };
            return Ok(outcome);
        }
        Scene::LookAround => return Ok(Outcome::record(look_around(ctx).await?)),
        Scene::Fail(error) => return Err(error.into()),
        Scene::FailUnspeakably => return Err(Unspeakable.into()),
        Scene::FailWithNul => return Err("a\0b".into()),
        Scene::FailUntil(attempt) if ctx.job().attempt < attempt => return Err("not yet".into()),
        Scene::Panic => panic!("stage fright"),
        Scene::Hang | Scene::HangTimed => future::pending::<()>().await,
        Scene::Block | Scene::BlockTimed => notes.block(),
        Scene::Wait => notes.pass_gate().await,
        Scene::Obey => {
            ctx.cancellation().cancelled().await;
            notes.write(|book| book.cancelled.push(act.name));
        }
        Scene::Meet(count) => notes.meet(count),
        Scene::Insert(name) => {
            ctx.oban().insert(Act::job(name, Scene::Complete)).await?;
        }
        Scene::InsertLike => {
            ctx.oban().insert(Act::job(act.name, Scene::InsertLike)).await?;
        }
        Scene::Complete
        | Scene::FailUntil(_)
        | Scene::PanicBeforeTheFirstAwait
        | Scene::PanicInBackoff
        | Scene::PanicInTimeout => {}
    }
    if matches!(scene(ctx.job()), Some(Scene::PanicInBackoff)) {
        return Err("to be tried again".into());
    }
    Ok(Outcome::Complete)
}

/// Where the context is found, by a function that is handed none.
async fn look_around(ctx: &Context<Notes>) -> Result<Vec<String>, BoxError> {
    fn found() -> String {
        let context: Result<Context, _> = Context::current();
        context.map_or_else(|error| error.to_string(), |context| context.job().id.to_string())
    }
    tokio::task::yield_now().await;
    let stateful = Context::<Notes>::current()?;
    assert!(Arc::ptr_eq(&stateful.state().0, &ctx.state().0), "the application's own state");
    let mistaken = Context::<String>::current().map(|_| "a String".to_owned());
    let mut spawned = JoinSet::new();
    spawned.spawn(async { found() });
    let alone = spawned.join_next().await.ok_or("a task")??;
    spawned.spawn(ctx.clone().scope(async { found() }));
    let scoped = spawned.join_next().await.ok_or("a task")??;
    Ok(vec![found(), mistaken.unwrap_or_else(|error| error.to_string()), alone, scoped])
}

#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words");
    }
}

impl std::error::Error for Unspeakable {}

fn scene(job: &Job) -> Option<Scene> {
    job.args_as::<Act>().ok().map(|act| act.scene)
}

impl Notes {
    /// What has happened so far.
    pub(crate) fn book(&self) -> Book {
        self.lock().clone()
    }

    /// Waits until the book says so.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Book) -> bool) {
        let mut changed = self.0.changed.subscribe();
        let waiting = async {
            while !holds(&self.lock()) {
                changed.changed().await.expect("the notes are there");
            }
        };
        if tokio::time::timeout(super::cluster::PATIENCE, waiting).await.is_err() {
            panic!("waited in vain until {what}: {:?}", self.book());
        }
    }

    /// Waits until an act of this name has started.
    pub(crate) async fn started(&self, name: &str) {
        self.until(&format!("{name} started"), |book| book.started.iter().any(|started| started == name))
            .await;
    }

    /// Lets so many waiting acts go on.
    pub(crate) fn open_gate(&self, count: usize) {
        self.0.gate.add_permits(count);
    }

    async fn pass_gate(&self) {
        self.0.gate.acquire().await.expect("the gate is never closed").forget();
    }

    /// Holds the thread, as code does that knows nothing of `await`.
    fn block(&self) {
        let deadline = std::time::Instant::now() + super::cluster::PATIENCE;
        while std::time::Instant::now() < deadline {
            match self.0.gate.try_acquire() {
                Ok(permit) => return permit.forget(),
                Err(_) => std::thread::park_timeout(Duration::from_millis(1)),
            }
        }
    }

    fn meet(&self, count: usize) {
        let (here, arrived) = &self.0.meeting;
        let mut here = here.lock().unwrap_or_else(PoisonError::into_inner);
        *here += 1;
        arrived.notify_all();
        let late = arrived.wait_timeout_while(here, super::cluster::PATIENCE, |here| *here < count);
        let late = late.unwrap_or_else(PoisonError::into_inner).1.timed_out();
        assert!(!late, "the others never came: jobs do not run in parallel");
    }

    fn enter(&self, name: &str, queue: &str) -> Presence {
        self.write(|book| {
            book.started.push(name.to_owned());
            let running = book.running.entry(queue.to_owned()).or_default();
            *running += 1;
            let running = *running;
            let peak = book.peak.entry(queue.to_owned()).or_default();
            *peak = running.max(*peak);
        });
        Presence { notes: self.clone(), name: name.to_owned(), queue: queue.to_owned() }
    }

    fn write(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.lock());
        self.0.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            book: Mutex::default(),
            changed: watch::Sender::new(()),
            gate: Semaphore::new(0),
            meeting: Default::default(),
        }
    }
}

/// An act on stage. Its drop tells that the act has left, however it did.
struct Presence {
    notes: Notes,
    name: String,
    queue: String,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.notes.write(|book| {
            book.left.push(self.name.clone());
            if let Some(running) = book.running.get_mut(&self.queue) {
                *running -= 1;
            }
        });
    }
}
