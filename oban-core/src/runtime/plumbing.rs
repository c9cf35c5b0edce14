//! Where the runtime's own tasks live.

use std::sync::OnceLock;

use tokio::runtime::{self, Handle, Runtime, RuntimeFlavor};

/// The runtime for producers, acks and heartbeats: a thread of our own, shared by all instances of the process.
///
/// Workers run on the application's threads. One that blocks them all must not stop the heartbeat, or another
/// node would take the jobs for a dead node's and run them a second time. An application that runs on a single
/// thread, as most tests do, wants everything on it; there we stay, with its paused clock if it has one.
pub(crate) fn handle() -> Handle {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let application = Handle::current();
    if application.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return application;
    }
    // Never shut down: database connections opened on it live as long as the process.
    let runtime = RUNTIME.get_or_init(|| {
        let built =
            runtime::Builder::new_multi_thread().worker_threads(1).thread_name("oban").enable_all().build();
        built
            .inspect_err(|error| tracing::warn!(%error, "no thread to be had; staying on the application's"))
            .ok()
    });
    runtime.as_ref().map_or(application, |runtime| runtime.handle().clone())
}
