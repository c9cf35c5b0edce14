use std::time::Duration;

use async_trait::async_trait;
use oban_core::{Channel, Notifier, Result, Subscription};
use serde_json::Value;
use sqlx::{
    Executor,
    postgres::{PgListener, PgNotification, PgPoolOptions},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Postgres, wire};

/// After so long a silence the connection has to show that it lives: a socket whose other end vanished
/// stays silent for ever.
const SILENCE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[async_trait]
impl Notifier for Postgres {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.hub.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        if payloads.is_empty() {
            return Ok(());
        }
        let payloads: Result<Vec<String>> = payloads.iter().map(wire::encode).collect();
        let payloads = payloads.map_err(|error| error.with_context("channel", channel))?;
        let statement = self.query(&self.sql.notify).bind(self.prefix.channel(channel)).bind(payloads);
        self.own.fetch_all("notify", statement).await?;
        Ok(())
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.keep_listening() => {}
        }
        Ok(())
    }
}

impl Postgres {
    /// Listens for ever, over as many connections as it takes. Others of this process wait for the lock.
    async fn keep_listening(&self) {
        let _only_one = self.listening.lock().await;
        let mut failures = 0;
        loop {
            let lost = match self.open_listener().await {
                Ok(mut listener) => {
                    if failures > 0 {
                        tracing::info!(prefix = self.prefix.as_str(), "listening for notifications again");
                    }
                    failures = 0;
                    // Whatever was published before this moment went unheard.
                    self.hub.missed();
                    self.relay(&mut listener).await
                }
                Err(error) => error,
            };
            if failures == 0 {
                let prefix = self.prefix.as_str();
                tracing::warn!(prefix, error = %lost, "lost the connection that listens for notifications");
            }
            sleep(pause(failures)).await;
            failures += 1;
        }
    }

    async fn open_listener(&self) -> Result<PgListener, sqlx::Error> {
        let options = (*self.pool.connect_options()).clone().application_name("oban listener");
        // A pool of its own: in the application's it would take a slot for ever.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        // Its own reconnecting loses notifications without a word, and has no pause.
        listener.eager_reconnect(false);
        let channels: Vec<String> =
            Channel::ALL.into_iter().map(|channel| self.prefix.channel(channel)).collect();
        within_patience(listener.listen_all(channels.iter().map(String::as_str))).await?;
        Ok(listener)
    }

    /// Relays until the connection is lost, and says why.
    async fn relay(&self, listener: &mut PgListener) -> sqlx::Error {
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => self.publish(&notification),
                Ok(Ok(None)) => return sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()),
                Ok(Err(error)) => return error,
                Err(_) => {
                    if let Err(error) = within_patience(listener.execute("SELECT 1")).await {
                        return error;
                    }
                }
            }
        }
    }

    fn publish(&self, notification: &PgNotification) {
        let Some(channel) = self.prefix.parse_channel(notification.channel()) else { return };
        match wire::decode(notification.payload()) {
            Some(payload) => self.hub.publish(channel, payload),
            None => self.hub.reject(channel, notification.payload()),
        }
    }
}

async fn within_patience<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(PATIENCE, statement)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

/// Doubles with each failure, and differs between nodes, so that they do not come back at one instant.
fn pause(failures: u32) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE);
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
