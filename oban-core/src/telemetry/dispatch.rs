use std::{fmt, sync::Arc};

use super::{Event, Handler, Source, outlet::Outlet};
use crate::Result;

/// The handlers of an instance that has not started.
#[derive(Default)]
pub(crate) struct Handlers(Vec<Box<dyn Handler>>);

/// Tells handlers of events. Without handlers it costs nothing: events are not even made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telemetry(Option<Arc<[Outlet]>>);

impl Handlers {
    pub(crate) fn add(&mut self, handler: impl Handler) {
        self.0.push(Box::new(handler));
    }
}

impl Telemetry {
    /// Gives each handler its thread.
    ///
    /// # Errors
    /// `Unavailable` when there is no thread to be had.
    pub(crate) fn start(handlers: Handlers, source: Source) -> Result<Self> {
        if handlers.0.is_empty() {
            return Ok(Self(None));
        }
        let source = Arc::new(source);
        let open = |handler| Outlet::open(handler, Arc::clone(&source));
        let outlets: Vec<Outlet> = handlers.0.into_iter().map(open).collect::<Result<_>>()?;
        Ok(Self(Some(outlets.into())))
    }

    /// Whether anybody hears.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells of an event. Never waits.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if let Some(outlets) = &self.0 {
            let event = Arc::new(event());
            for outlet in outlets.iter() {
                outlet.send(&event);
            }
        }
    }

    /// Waits until handlers have heard of everything so far, but not for ever.
    pub(crate) async fn flush(&self) {
        let Some(outlets) = self.0.clone() else { return };
        // On a blocking thread: handlers have threads of their own, of which a paused clock knows nothing.
        let flushing = tokio::task::spawn_blocking(move || super::outlet::flush(&outlets));
        if flushing.await.is_err() {
            tracing::debug!("telemetry handlers were not waited for: the runtime ends");
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Handlers").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Receiver, Sender, channel},
        time::Duration,
    };

    use super::{Handlers, Telemetry};
    use crate::telemetry::{Event, PeerEvent, Source, outlet::CAPACITY};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn start(handlers: Handlers) -> Telemetry {
        Telemetry::start(handlers, Source { instance: "Oban".into(), node: "web.1".into() }).unwrap()
    }

    fn tell(telemetry: &Telemetry) {
        telemetry.emit(|| Event::Peer(PeerEvent::Resigned));
    }

    fn noting(notes: Sender<&'static str>) -> impl FnMut(&Event, &Source) {
        move |event: &Event, _: &Source| notes.send(event.name()).unwrap()
    }

    #[test]
    fn makes_no_event_for_nobody() {
        let telemetry = start(Handlers::default());
        telemetry.emit(|| panic!("made for nobody"));
    }

    #[tokio::test]
    async fn a_handler_that_panics_hears_no_more_and_others_do() {
        let (panics, panicked) = channel();
        let (notes, heard) = channel();
        let mut handlers = Handlers::default();
        handlers.add(move |_: &Event, _: &Source| {
            panics.send(()).unwrap();
            panic!("no ears");
        });
        handlers.add(noting(notes));
        let telemetry = start(handlers);
        for _ in 0..3 {
            tell(&telemetry);
        }
        telemetry.flush().await;
        assert_eq!(panicked.iter().count(), 1, "it was dropped, and its sender with it");
        assert_eq!(heard.try_iter().count(), 3);
    }

    #[test]
    fn a_handler_that_hangs_holds_up_nobody_and_goes_on_later() {
        let (gate, wait): (Sender<()>, Receiver<()>) = channel();
        let (slow, heard_slowly) = channel();
        let (notes, heard) = channel();
        let mut handlers = Handlers::default();
        handlers.add(move |_: &Event, _: &Source| {
            let _ = wait.recv();
            slow.send(()).unwrap();
        });
        handlers.add(noting(notes));
        let telemetry = start(handlers);
        for _ in 0..CAPACITY + 1_000 {
            tell(&telemetry);
            // In step with the one that does not hang.
            heard.recv_timeout(PATIENCE).unwrap();
        }
        drop(gate);
        drop(telemetry);
        let kept = heard_slowly.iter().count();
        assert!((CAPACITY..CAPACITY + 2).contains(&kept), "{kept} events were kept, and no more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_waits_for_handlers_also_under_a_paused_clock() {
        let (notes, heard) = channel();
        let mut handlers = Handlers::default();
        handlers.add(noting(notes));
        let telemetry = start(handlers);
        for _ in 0..1_000 {
            tell(&telemetry);
        }
        telemetry.flush().await;
        assert_eq!(heard.try_iter().count(), 1_000);
    }
}
