use std::time::Duration;

use serde_json::json;

use crate::{JobArgs, NewJob, Period, PeriodError};

/// A job that is inserted again and again.
///
/// ```
/// use oban_core::{CronEntry, NewJob};
/// # use serde_json::json;
///
/// let entry = CronEntry::new("0 9 * * MON-FRI", NewJob::new("SendReport", json!({})).queue("reports"))
///     .timezone("Europe/Berlin")
///     .catch_up("2h");
/// # assert_eq!(entry.timezone.as_deref(), Some("Europe/Berlin"));
/// ```
///
/// Given to [`Builder::cron_entry`](crate::Builder::cron_entry), which checks nothing: what is wrong is told at start.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an entry does nothing until it is given to a builder"]
#[non_exhaustive]
pub struct CronEntry {
    /// When it is due, see [`CronExpression`](crate::CronExpression).
    pub expression: String,
    /// What is inserted each time.
    pub job: NewJob,
    /// Whose wall clock counts, by its IANA name. Default: [`Builder::cron_timezone`](crate::Builder::cron_timezone).
    pub timezone: Option<String>,
    /// What the entry is known by. Default: made of expression, time zone, worker and args.
    pub name: Option<String>,
    /// How late a minute is still inserted. Default [`CronEntry::CATCH_UP`].
    pub catch_up: Period,
    problems: Vec<String>,
}

impl CronEntry {
    /// How late a minute is still inserted if an entry does not say so: as long as a failover or a deploy may take.
    pub const CATCH_UP: Period = match Period::parse("5m") {
        Ok(period) => period,
        Err(_) => Period::ZERO,
    };

    /// The longest [`catch_up`](CronEntry::catch_up).
    pub(super) const LONGEST_CATCH_UP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Inserts `job` whenever `expression` is due, with the job's own options.
    pub fn new(expression: impl Into<String>, job: impl Into<NewJob>) -> Self {
        Self {
            expression: expression.into(),
            job: job.into(),
            timezone: None,
            name: None,
            catch_up: Self::CATCH_UP,
            problems: Vec::new(),
        }
    }

    /// Inserts a job of the kind `A`, whose args are made of `{}`: what `#[job(cron = "…")]` stands for. Each field needs
    /// a serde default, or to be an `Option`; else starting fails and says so.
    pub fn of<A: JobArgs>(expression: impl Into<String>) -> Self {
        match serde_json::from_value::<A>(json!({})) {
            Ok(args) => Self::new(expression, args),
            Err(error) => {
                let mut entry = Self::new(expression, NewJob::new(A::WORKER, json!({})));
                entry.problems.push(format!(
                    "its args cannot be made of {{}} ({error}); give each field #[serde(default)], or leave `cron` out \
                     of #[job] and give the args with Builder::cron"
                ));
                entry
            }
        }
    }

    /// Goes by the wall clock of a time zone, e.g. `"Europe/Berlin"`.
    pub fn timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Gives it a name, 1 to 127 characters, by which the store knows what it has inserted: nodes insert a minute of
    /// one name once. Needed only for entries that are alike but for the options of their jobs, or to change an entry's
    /// expression or args in a rolling deploy without both versions of it running in one minute.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long after its minute the job is still inserted if it was not possible before, e.g. `"1h"`; at most 30 days.
    ///
    /// Every minute that was due is inserted, oldest first, but no more than the last 1,440. Older ones are reported as
    /// missed. With `"0s"` a minute is inserted while it lasts.
    pub fn catch_up(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        match period.try_into() {
            Ok(period) => self.catch_up = period,
            Err(error) => self.problems.push(format!("catch_up: {}", error.into())),
        }
        self
    }

    /// What its setters were given that makes no sense.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}
