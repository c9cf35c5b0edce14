//! Opens the database, and inserts a job for each file that has none.

use std::{collections::HashMap, fmt, fs, sync::Arc, time::Duration};

use anyhow::Context;
use oban::{
    Engine, Job, JobArgs, JobFilter, JobId, JobState, NewJob, Oban,
    postgres::Postgres,
    sqlite::{
        Sqlite,
        rusqlite::{Connection, TransactionBehavior},
    },
};
use sqlx::PgPool;
use tokio::{runtime::Handle, task};

use crate::{cli::Cli, files::Directory, hash::HashFile};

/// Where the jobs are kept.
#[derive(Debug)]
pub(crate) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres, PgPool),
}

impl Store {
    /// Opens the database and makes its tables when they are missing.
    pub(crate) async fn open(cli: &Cli) -> anyhow::Result<Self> {
        if let Some(url) = &cli.database_url {
            let pool = PgPool::connect(url).await.context("cannot connect to the --database-url")?;
            let postgres = Postgres::new(pool.clone());
            postgres.migrate().await?;
            return Ok(Self::Postgres(postgres, pool));
        }
        if let Some(folder) = cli.database.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(Self::Sqlite(Sqlite::builder(&cli.database).busy_timeout(PATIENCE).open().await?))
    }

    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        match self {
            Self::Sqlite(sqlite) => Arc::new(sqlite.clone()),
            Self::Postgres(postgres, _) => Arc::new(postgres.clone()),
        }
    }

    /// Inserts a job for each file that has none, and tries again what failed for good in an earlier run.
    ///
    /// Of several processes only one at a time gets to look and to insert, so that no file gets two jobs. Whenever
    /// one of them is killed, it has inserted all of its jobs or none.
    pub(crate) async fn insert_missing(
        &self,
        oban: &Oban,
        directory: &Arc<Directory>,
    ) -> anyhow::Result<Plan> {
        let plan = match self {
            Self::Sqlite(sqlite) => {
                let conn = Connection::open(sqlite.path())?;
                conn.busy_timeout(PATIENCE)?;
                insert_in_sqlite(conn, oban.clone(), Arc::clone(directory)).await?
            }
            Self::Postgres(_, pool) => insert_in_postgres(pool, oban, directory).await?,
        };
        oban.retry_all(JobFilter::ids(plan.failed.clone())).await?;
        Ok(plan)
    }
}

/// What is to be done for the files of a directory.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    missing: Vec<HashFile>,
    failed: Vec<JobId>,
    waiting: usize,
    done: usize,
}

impl Plan {
    /// Looks up each file among the jobs of its directory. The caller keeps other processes from inserting meanwhile.
    async fn make(oban: &Oban, directory: &Directory) -> anyhow::Result<Self> {
        let stored = oban.jobs(JobFilter::worker(HashFile::WORKER).tag(&directory.tag)).await?;
        let mut by_file: HashMap<HashFile, &Job> = HashMap::new();
        for job in &stored {
            by_file.insert(job.args_as()?, job);
        }
        let mut plan = Self::default();
        for file in &directory.files {
            match by_file.get(file).map(|job| (job.id, job.state)) {
                None => plan.missing.push(file.clone()),
                Some((_, JobState::Completed)) => plan.done += 1,
                Some((id, state)) if state.is_final() => plan.failed.push(id),
                Some(_) => plan.waiting += 1,
            }
        }
        Ok(plan)
    }

    fn jobs(&self, directory: &Directory) -> impl Iterator<Item = NewJob> {
        self.missing.iter().map(|file| file.clone().tag(&directory.tag))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missing, failed, waiting, done } = self;
        let (missing, failed) = (missing.len(), failed.len());
        write!(formatter, "{missing} new, {waiting} inserted before, {done} hashed before")?;
        if failed > 0 { write!(formatter, ", {failed} tried again") } else { Ok(()) }
    }
}

/// The transaction takes the file's one lock for writers at its beginning.
async fn insert_in_sqlite(
    mut conn: Connection,
    oban: Oban,
    directory: Arc<Directory>,
) -> anyhow::Result<Plan> {
    use oban::sqlite::InsertTx;

    let runtime = Handle::current();
    let insert = move || {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let plan = runtime.block_on(Plan::make(&oban, &directory))?;
        oban.insert_all_tx(&tx, plan.jobs(&directory))?;
        tx.commit()?;
        anyhow::Ok(plan)
    };
    task::spawn_blocking(insert).await?
}

/// The transaction takes a lock that all processes know, and that ends with it.
async fn insert_in_postgres(pool: &PgPool, oban: &Oban, directory: &Directory) -> anyhow::Result<Plan> {
    use oban::postgres::InsertTx;

    let mut tx = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext($1))").bind(&directory.tag).execute(&mut *tx).await?;
    let plan = Plan::make(oban, directory).await?;
    oban.insert_all_tx(&mut tx, plan.jobs(directory)).await?;
    tx.commit().await?;
    Ok(plan)
}

/// How long to wait for other processes that write to the same file.
const PATIENCE: Duration = Duration::from_secs(30);
