//! The job, its worker, and the application's state.

use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
};

use oban::{Context, Outcome, Performed, Worker, job};
use sqlx::PgPool;

/// What requests and workers share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) pool: PgPool,
    pub(crate) mailer: Arc<dyn Mailer>,
}

/// Sends mails. A trait, so that tests and other environments bring their own.
pub(crate) trait Mailer: fmt::Debug + Send + Sync {
    fn welcome(&self, email: &str) -> io::Result<()>;
}

/// Prints mails instead of sending them.
#[derive(Debug)]
pub(crate) struct Console;

/// Welcome a user.
#[job(queue = "mailers", max_attempts = 5)]
pub(crate) struct SendWelcome {
    pub(crate) user_id: i64,
}

impl Worker<App> for SendWelcome {
    async fn perform(self, ctx: Context<App>) -> Performed {
        let App { pool, mailer } = ctx.state();
        let email: Option<String> = sqlx::query_scalar("SELECT email FROM users WHERE id = $1")
            .bind(self.user_id)
            .fetch_optional(pool)
            .await?;
        let Some(email) = email else {
            return Ok(Outcome::cancel(format!("user {} is gone", self.user_id)));
        };
        mailer.welcome(&email)?;
        sqlx::query("UPDATE users SET welcomed = true WHERE id = $1")
            .bind(self.user_id)
            .execute(pool)
            .await?;
        Ok(Outcome::Complete)
    }
}

impl Mailer for Console {
    fn welcome(&self, email: &str) -> io::Result<()> {
        writeln!(io::stdout(), "To: {email}\nSubject: Welcome!\n")
    }
}
