//! Waiting for something to become true, but not for ever.

use std::{fmt, future::Future, time::Duration};

use tokio::time::Instant;

/// Nothing that is waited for takes so long, even where a connection has to time out first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until the answer is `Ok`.
pub(crate) async fn eventually<T, E, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    E: fmt::Debug,
    F: Future<Output = Result<T, E>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "waited in vain until {what}: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
