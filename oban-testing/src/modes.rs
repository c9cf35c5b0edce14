use oban_core::{Builder, Oban, Testing};

use crate::Memory;

/// Sets up an instance in memory whose jobs run when the test [drains](Oban::drain_queue) them.
///
/// The same as `Oban::builder(Memory::new()).testing(Testing::Manual)`; other engines take that mode as well.
///
/// ```
/// # use oban_core::{Context, JobArgs, Outcome, Performed, Worker};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct SendWelcome { user_id: i64 }
/// # impl JobArgs for SendWelcome { const WORKER: &'static str = "SendWelcome"; }
/// # impl Worker for SendWelcome {
/// #     async fn perform(self, _: Context) -> Performed { Ok(Outcome::Complete) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> oban_core::Result<()> {
/// use oban_testing::{assert_enqueued, manual};
///
/// let oban = manual().worker::<SendWelcome>().start().await?;
/// oban.insert(SendWelcome { user_id: 1 }).await?;
/// assert_enqueued!(oban, SendWelcome { user_id: 1 });
/// assert_eq!(oban.drain_queue("default").await?.completed, 1);
/// # Ok(())
/// # }
/// ```
pub fn manual() -> Builder {
    Oban::builder(Memory::new()).testing(Testing::Manual)
}

/// Sets up an instance whose jobs run where they are inserted; see [`Testing::Inline`].
///
/// ```
/// # use oban_core::{Context, JobArgs, JobState, Outcome, Performed, Worker};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct SendWelcome { user_id: i64 }
/// # impl JobArgs for SendWelcome { const WORKER: &'static str = "SendWelcome"; }
/// # impl Worker for SendWelcome {
/// #     async fn perform(self, _: Context) -> Performed { Ok(Outcome::Complete) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> oban_core::Result<()> {
/// let oban = oban_testing::inline().worker::<SendWelcome>().start().await?;
/// let job = oban.insert(SendWelcome { user_id: 1 }).await?;
/// assert_eq!(job.state, JobState::Completed);
/// # Ok(())
/// # }
/// ```
pub fn inline() -> Builder {
    Oban::builder(Memory::new()).testing(Testing::Inline)
}
