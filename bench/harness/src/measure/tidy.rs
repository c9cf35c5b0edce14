//! Keeping the rows tidy.

use anyhow::{Context, Result};

use super::insert::insert_waiting;
use crate::{Reading, runner::Subject};

/// How long the calls take that every cluster makes all the time, the second time they are made.
pub(crate) async fn tidy(subject: &Subject<'_>) -> Result<Reading> {
    let system = insert_waiting(subject, 0).await?;
    let keep_tidy = async || system.keep_tidy().await.context("it has no such calls")?;
    keep_tidy().await?;
    keep_tidy().await
}
