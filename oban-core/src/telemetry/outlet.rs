use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Event, Handler, Source};
use crate::{Error, ErrorKind, Result};

/// The way to one handler, which has a thread of its own: whatever it does, it takes nobody else's.
#[derive(Debug)]
pub(super) struct Outlet {
    messages: SyncSender<Message>,
    /// How many events it missed since this was last said.
    missed: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Event(Arc<Event>),
    /// Say when you have heard everything before this.
    Flush(Sender<()>),
}

/// How many events may wait for a handler.
pub(super) const CAPACITY: usize = 16_384;

/// One that misses events goes on doing so for a while; a line for each would be too many.
const SAY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A stop waits no longer for handlers.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

impl Outlet {
    pub(super) fn open(handler: Box<dyn Handler>, source: Arc<Source>) -> Result<Self> {
        let (messages, receiver) = sync_channel(CAPACITY);
        let missed = Arc::new(AtomicU64::new(0));
        let thread = thread::Builder::new().name("oban telemetry".to_owned());
        let misses = Arc::clone(&missed);
        thread.spawn(move || listen(handler, &source, &receiver, &misses)).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "start", "there is no thread for a telemetry handler")
                .with_source(error)
        })?;
        Ok(Self { messages, missed })
    }

    pub(super) fn send(&self, event: &Arc<Event>) {
        let Err(TrySendError::Full(_)) = self.messages.try_send(Message::Event(Arc::clone(event))) else {
            return;
        };
        if self.missed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(waiting = CAPACITY, "a telemetry handler is too slow; it misses events");
        }
    }
}

/// Waits until each handler has heard of everything so far, for two seconds in all.
pub(super) fn flush(outlets: &[Outlet]) {
    let (done, answers) = channel();
    let until = Instant::now() + FLUSH_WITHIN;
    for outlet in outlets {
        // One whose queue is full, or that has panicked, is not waited for.
        let _ = outlet.messages.try_send(Message::Flush(done.clone()));
    }
    drop(done);
    for _ in outlets {
        if answers.recv_timeout(until.saturating_duration_since(Instant::now())).is_err() {
            return;
        }
    }
}

/// Until the instance is gone, or the handler panics.
fn listen(mut handler: Box<dyn Handler>, source: &Source, messages: &Receiver<Message>, missed: &AtomicU64) {
    let mut said = Instant::now();
    let tell_missed = || {
        let count = missed.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(count, %source, "a telemetry handler missed events");
        }
    };
    for message in messages {
        let event = match message {
            Message::Event(event) => event,
            Message::Flush(done) => {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
                continue;
            }
        };
        if std::panic::catch_unwind(AssertUnwindSafe(|| handler.handle(&event, source))).is_err() {
            tracing::error!(event = event.name(), %source, "a telemetry handler panicked; it hears no more");
            return;
        }
        if missed.load(Ordering::Relaxed) > 0 && said.elapsed() >= SAY_AGAIN_AFTER {
            tell_missed();
            said = Instant::now();
        }
    }
    tell_missed();
}
