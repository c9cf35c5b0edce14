use std::{fmt, sync::Arc};

use chrono::NaiveDateTime;
use oban_core::{Clock, Error, ErrorKind, Hub, Result};
use sqlx::{AssertSqlSafe, PgPool, query::Query};
use sqlx_postgres::PgArguments;
use tokio::sync::Mutex;

use crate::{
    IndexProfile, error,
    pool::OwnPool,
    prefix::Prefix,
    sql::{Session, Sql, Statement},
};

/// Jobs in a Postgres database, in the tables of Oban for Elixir, version 14.
///
/// What the application asks for (inserting, listing, cancelling, migrations) uses the pool it was
/// given. The runtime's own statements use at most four connections beside it, listening one more, and rebuilding
/// indexes another one while it lasts; they are opened when first needed, with the options of that pool. Clones share all of them.
///
/// Jobs are inserted by statements, and more than 2,000 in one call of `insert_all` by COPY, which is faster still.
/// What is returned has the ids and times that the database gave, and else what was sent, with numbers in the form that
/// `jsonb` gives to them: `1e16` becomes a whole number. What a trigger of the application's makes of it is seen when
/// the job is read.
#[derive(Clone)]
pub struct Postgres {
    pub(crate) pool: PgPool,
    pub(crate) own: OwnPool,
    pub(crate) prefix: Arc<Prefix>,
    pub(crate) sql: Arc<Sql>,
    pub(crate) clock: Clock,
    pub(crate) profile: Option<IndexProfile>,
    pub(crate) hub: Hub,
    /// Held by the one `run` that listens.
    pub(crate) listening: Arc<Mutex<()>>,
    prepare: bool,
}

impl Postgres {
    /// Jobs in the schema `public` of the pool's database. Connects when first used.
    pub fn new(pool: PgPool) -> Self {
        Self::build(pool, Prefix::default())
    }

    /// Jobs in the schema `public` of the database at `url`, over a pool with the defaults of sqlx.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be read; `Unavailable` when nothing answers there.
    pub async fn connect(url: &str) -> Result<Self> {
        let options = url.parse().map_err(|error: sqlx::Error| {
            Error::invalid("connect", "the URL is not one of Postgres, as in postgres://user@host/database")
                .with_source(error)
        })?;
        Ok(Self::new(PgPool::connect_with(options).await.map_err(error::of("connect"))?))
    }

    /// Keeps the tables in the schema `prefix` instead of `public`. Instances with different prefixes
    /// never see each other.
    ///
    /// # Errors
    /// `Invalid` unless it is 1 to 51 bytes of letters, digits, underscores and dashes: it is a part of
    /// the names of channels, which have at most 63.
    pub fn prefix(self, prefix: impl Into<String>) -> Result<Self> {
        let Self { pool, clock, profile, prepare, .. } = self;
        Ok(Self { clock, profile, ..Self::build(pool, Prefix::new(prefix)?) }.prepare(prepare))
    }

    /// Works by this clock instead of the database's. For tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Which indexes migrations leave the table of jobs with. Without it, a new database gets
    /// [`IndexProfile::Lean`], and one that has Oban's indexes keeps them.
    #[must_use]
    pub fn index_profile(self, profile: IndexProfile) -> Self {
        Self { profile: Some(profile), ..self }
    }

    /// Whether statements are prepared under a name and kept (the default). A pooler that hands out
    /// connections per transaction, such as `PgBouncer`, needs `false`, which costs a second round trip
    /// for each statement. As it does not pass on notifications, nodes find work once in each staging
    /// interval. Tested on a server without a pooler so far. The pool has to be
    /// made with `statement_cache_capacity(0)` and `extra_float_digits(None)` then.
    #[must_use]
    pub fn prepare(self, prepare: bool) -> Self {
        let session = prepare.then(|| Arc::new(Session::new(&self.sql, &self.prefix)));
        Self { own: OwnPool::new(self.pool.clone(), session), prepare, ..self }
    }

    fn build(pool: PgPool, prefix: Prefix) -> Self {
        let sql = Sql::new(&prefix);
        Self {
            own: OwnPool::new(pool.clone(), Some(Arc::new(Session::new(&sql, &prefix)))),
            pool,
            sql: Arc::new(sql),
            prefix: Arc::new(prefix),
            clock: Clock::store(),
            profile: None,
            hub: Hub::new(),
            listening: Arc::default(),
            prepare: true,
        }
    }

    /// Whether what is set on a connection stays there until it is closed.
    pub(crate) fn keeps_sessions(&self) -> bool {
        self.prepare
    }

    /// A statement whose plan is made once for each connection.
    pub(crate) fn query(&self, statement: &Statement) -> Query<'static, sqlx::Postgres, PgArguments> {
        sqlx::query(AssertSqlSafe(Arc::clone(statement))).persistent(self.prepare)
    }

    /// A statement that is planned for its values each time.
    pub(crate) fn query_unnamed(&self, statement: &Statement) -> Query<'static, sqlx::Postgres, PgArguments> {
        sqlx::query(AssertSqlSafe(Arc::clone(statement))).persistent(false)
    }

    /// The time to bind; NULL, so that the database's own counts, unless a test pinned one.
    pub(crate) fn now(&self) -> Option<NaiveDateTime> {
        self.clock.now().map(|now| now.naive_utc())
    }

    /// Whether the tables can be used: see [`Engine::verify`](oban_core::Engine::verify).
    pub(crate) async fn verify_schema(&self) -> Result<()> {
        let found = self.found_version().await?;
        found.problem().map_or(Ok(()), |problem| {
            Err(Error::new(ErrorKind::Unmigrated, "verify", problem)
                .with_context("prefix", self.prefix.as_str()))
        })
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool's options hold a password.
        formatter
            .debug_struct("Postgres")
            .field("prefix", &self.prefix.as_str())
            .field("clock", &self.clock)
            .field("profile", &self.profile)
            .field("prepare", &self.prepare)
            .finish_non_exhaustive()
    }
}
