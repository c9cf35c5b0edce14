//! The thread that hears what was announced, here and in other processes.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use oban_core::{Channel, Error, ErrorKind, Result};
use rusqlite::{Connection, named_params};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{connection::connect, error, notifier::Relay, sql};

/// A running thread with a connection of its own. It ends when this is dropped.
///
/// SQLite wakes nobody, but `PRAGMA data_version` tells in 5 µs whether another connection has
/// committed since it was asked last. Only then are new hints read. All of them come by this
/// way, in the order of their transactions; the engine's own writer shortens the wait.
#[derive(Debug)]
pub(crate) struct Watcher {
    wake: mpsc::Sender<()>,
    ended: CancellationToken,
}

/// What to watch, and how often.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) relay: Arc<Relay>,
}

struct Reader {
    conn: Connection,
    relay: Arc<Relay>,
    data_version: i64,
    fails: bool,
}

impl Watcher {
    /// Connects, and relays from then on. What was there before the first watcher is not relayed.
    pub(crate) async fn spawn(watch: Watch) -> Result<Self> {
        let (wake, ticks) = mpsc::channel();
        let (reply, answer) = oneshot::channel();
        let ended = CancellationToken::new();
        let guard: DropGuard = ended.clone().drop_guard();
        thread::Builder::new()
            .name("oban-sqlite-watcher".to_owned())
            .spawn(move || {
                let _ended = guard;
                match Reader::new(&watch) {
                    Ok(mut reader) => {
                        let _ = reply.send(Ok(()));
                        reader.read_until_dropped(&ticks, watch.interval);
                    }
                    Err(error) => {
                        let _ = reply.send(Err(error));
                    }
                }
            })
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "listen", "no thread can be started").with_source(error)
            })?;
        answer.await.map_err(|_| error::lost("listen"))??;
        Ok(Self { wake, ended })
    }

    /// Has the thread look now.
    pub(crate) fn wake(&self) {
        // Fails when the thread has died; `ended` says so.
        let _ = self.wake.send(());
    }

    /// Whether the thread is gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits until the thread is gone.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Reader {
    fn new(watch: &Watch) -> Result<Self> {
        let conn = connect(&watch.path, watch.busy_timeout)?;
        let mut reader = Self { conn, relay: Arc::clone(&watch.relay), data_version: 0, fails: false };
        reader.look().map_err(|error| error::from_sqlite("listen", error))?;
        Ok(reader)
    }

    fn read_until_dropped(&mut self, ticks: &mpsc::Receiver<()>, interval: Duration) {
        while ticks.recv_timeout(interval) != Err(mpsc::RecvTimeoutError::Disconnected) {
            // One look serves all who asked for it.
            while ticks.try_recv().is_ok() {}
            let outcome = self.look();
            if let (Err(error), false) = (&outcome, self.fails) {
                tracing::warn!(%error, "hints cannot be read; trying again");
            }
            self.fails = outcome.is_err();
        }
    }

    fn look(&mut self) -> rusqlite::Result<()> {
        let data_version =
            self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if data_version != self.data_version {
            self.relay_new()?;
            self.data_version = data_version;
        }
        Ok(())
    }

    fn relay_new(&self) -> rusqlite::Result<()> {
        let mut position = self.relay.position();
        let newest = self.conn.prepare_cached(sql::NOTIFICATIONS_LAST)?.query_row([], |row| row.get(0))?;
        let last = position.get_or_insert_with(|| {
            // Whatever was published before this moment went unheard.
            self.relay.hub().missed();
            newest
        });
        if newest < *last {
            // The table was made anew.
            *last = newest;
            self.relay.hub().missed();
        }
        let mut statement = self.conn.prepare_cached(sql::NOTIFICATIONS)?;
        let mut rows = statement.query(named_params! { ":last": *last })?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if id > *last + 1 {
                // What was in between has been trimmed.
                self.relay.hub().missed();
            }
            *last = id;
            let name = row.get_ref(1)?.as_str().unwrap_or_default();
            let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == name);
            let text = row.get_ref(2)?.as_str().unwrap_or_default();
            match (channel, serde_json::from_str(text)) {
                (Some(channel), Ok(payload @ Value::Object(_))) => self.relay.hub().publish(channel, payload),
                _ => self.relay.hub().reject(name, text),
            }
        }
        Ok(())
    }
}
