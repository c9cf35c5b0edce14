use async_trait::async_trait;
use oban_core::{Inspect, Job, JobCount, JobFilter, Result};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    Postgres,
    bind::{bind_above, bind_conditions, bind_filter},
    error, row,
};

#[async_trait]
impl Inspect for Postgres {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        if filter.is_nothing() {
            return Ok(Vec::new());
        }
        let statement = bind_above(bind_filter(self.query_unnamed(&self.sql.list_jobs), filter), filter);
        Ok(row::jobs(&self.ask("list_jobs", statement).await?))
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        const OPERATION: &str = "count_jobs";
        if filter.is_nothing() {
            return Ok(Vec::new());
        }
        let statement = match filter.limit {
            None => bind_conditions(self.query_unnamed(&self.sql.count_jobs), filter),
            Some(_) => bind_filter(self.query_unnamed(&self.sql.count_jobs_up_to_limit), filter),
        };
        let counts = self
            .ask(OPERATION, bind_above(statement, filter))
            .await?
            .iter()
            .map(count)
            .collect::<Result<Vec<_>, _>>();
        let mut counts = counts.map_err(row::unexpected(OPERATION))?;
        // Not in SQL: the order of the enum's values differs between installations.
        counts.sort();
        Ok(counts)
    }
}

/// Lists jobs on a caller's connection.
pub(crate) async fn list_within(
    postgres: &Postgres,
    conn: &mut PgConnection,
    filter: &JobFilter,
) -> Result<Vec<Job>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    let statement = bind_filter(postgres.query_unnamed(&postgres.sql.list_jobs), filter);
    let statement = bind_above(statement, filter);
    Ok(row::jobs(&error::within("jobs_tx", statement.fetch_all(conn)).await?))
}

fn count(row: &PgRow) -> Result<JobCount, sqlx::Error> {
    let count: i64 = row.try_get("count")?;
    Ok(JobCount {
        queue: row.try_get("queue")?,
        state: row::parse_state(row.try_get("state")?)?,
        count: u64::try_from(count).unwrap_or(0),
    })
}
