//! The `#[job]` attribute and `#[derive(Job)]` of `oban`, which re-exports both.
//!
//! Both implement `oban::JobArgs` for a struct: [`macro@job`] brings serde's derives along, [`Job`] leaves
//! them to you. Nothing needs either: `JobArgs` is short enough to be written by hand.

mod args;
mod entry;
mod expand;
mod input;
mod key;
mod meta;
mod mistakes;
mod options;
mod replace;
mod states;
mod unique;
mod value;
mod warning;
mod words;

use proc_macro::TokenStream;

/// Makes a struct a kind of job: its fields are the job's args.
///
/// The struct stays as written. It gains serde's `Serialize` and `Deserialize`, so the dependency on serde
/// is not yours to declare, and `JobArgs`, through which a job is stored under a name and with its
/// defaults.
///
/// ```
/// use oban::job;
///
/// #[job(queue = "mailers", max_attempts = 3)]
/// #[derive(Debug)]
/// struct SendWelcome {
///     user_id: i64,
///     #[serde(default)]
///     locale: Option<String>,
/// }
/// # use oban::JobArgs;
/// # assert_eq!(SendWelcome::WORKER, "SendWelcome");
/// ```
///
/// # Keys
///
/// All are optional, each may be given once, in any order.
///
/// | key | meaning | if absent |
/// |---|---|---|
/// | `queue = "mailers"` | the queue, 1 to 127 characters | `"default"` |
/// | `max_attempts = 3` | how often it may be tried, 1 to 2147483647 | 20 |
/// | `priority = 1` | 0 runs first, 9 last | 0 |
/// | `tags("billing", "eu")` | labels to filter by; `tags = [..]` is the same | none |
/// | `meta(team = "growth")` | a JSON object beside the args | `{}` |
/// | `cron = "0 9 * * MON-FRI"` | every node with this worker inserts it then, with args made of `{}` | never |
/// | `timezone = "Europe/Berlin"` | whose wall clock `cron` goes by | that of the instance, UTC |
/// | `catch_up = "1h"` | how late a minute of `cron` is still inserted | 5 minutes |
/// | `unique`, `unique(period = "60s")` | what makes a job a duplicate: see below | duplicates are inserted |
/// | `replace(scheduled(priority))` | what a stored job takes from its duplicate: see below | nothing |
/// | `worker = "MyApp.Mailer"` | the stored name, 1 to 127 characters | the struct's name |
/// | `aliases("OldName")` | other stored names the worker answers to; `aliases = [..]` is the same | none |
/// | `crate = "my_app::oban"` | where the crate `oban` is, as a string or a path | `::oban` |
///
/// Values are written out, as literals: they are checked while compiling, by the rules inserting goes by.
///
/// What one job is given, as in `.queue("slow")`, wins over the default of its kind; tags and meta add to it.
///
/// A key of `meta` is a word or a string. A value is a string, a number, a truth, an array, or an object,
/// which is written as `meta` itself is:
///
/// ```
/// use oban::job;
///
/// #[job(
///     worker = "MyApp.Reports.Monthly",
///     tags("billing", "eu"),
///     meta(team = "growth", "trace-id" = 7, hours = [9, 17], limits(daily = 3)),
/// )]
/// struct MonthlyReport {
///     month: u8,
/// }
/// # use oban::JobArgs;
/// # assert_eq!(MonthlyReport::WORKER, "MyApp.Reports.Monthly");
/// ```
///
/// The stored name finds the worker of a stored job. Before you rename a struct whose jobs are still
/// stored, keep the old name with `worker`, or among the `aliases`: nodes that still run the old code do not know the new
/// name, so the first is right while both run.
///
/// # Unique jobs
///
/// A job of a kind that is `unique` is not inserted while a duplicate of it is stored; `unique` alone means the same args,
/// queue and worker, among incomplete and completed jobs, inserted in the last minute. Each option can be left out.
///
/// | option | meaning | if absent |
/// |---|---|---|
/// | `period = "60s"` | how long a stored job counts: ms, s, m, h, d, w; or `"infinity"` | `"60s"` |
/// | `fields(args, queue)` | what is compared: `args`, `meta`, `queue`, `worker` | `args, queue, worker` |
/// | `keys("user_id")` | the keys of args and meta that are compared | all |
/// | `states = "incomplete"` | a group: `all`, `incomplete`, `scheduled` or `successful`; or a list of states, `states("available", "scheduled")` | `"successful"` |
/// | `timestamp = "scheduled_at"` | where the period begins; or `"inserted_at"` | `"inserted_at"` |
///
/// `replace(any(tags))`, or `replace(tags)`, has a stored job take the tags of its duplicate, whatever state it is in, and
/// `replace(scheduled(priority, args))` while it is in that state alone. The fields are `args`, `max_attempts`, `meta`,
/// `priority`, `queue`, `scheduled_at`, `tags` and `worker`.
///
/// ```
/// use oban::job;
///
/// #[job(unique(period = "5m", keys("user_id"), states = "incomplete"), replace(scheduled(scheduled_at)))]
/// struct Remind {
///     user_id: i64,
///     text: String,
/// }
/// # use oban::JobArgs;
/// # assert!(Remind { user_id: 1, text: String::new() }.into_job().unique.is_some());
/// ```
///
/// A list of states with a gap is warned about, as the use of a deprecated constant: one that lacks a state which a job
/// passes before the last one of the list, or `retryable` beside `executing`. Its duplicates are let in meanwhile. Waiting
/// jobs alone, `states(scheduled, available)`, are no gap. `#[allow(deprecated)]` on the struct silences the warning.
///
/// A key that the args do not have is an error, and with `#[derive(Job)]`, where serde may be written by hand, a warning
/// of the same kind. What serde's `rename = "…"` says counts; where its attributes say more, such as `rename_all` or
/// `flatten`, and where meta is among the fields, keys are not checked.
///
/// # What can be a job
///
/// Args are stored as a JSON object, so a struct with named fields can, and one without fields: both
/// `struct Tick;` and `struct Tick {}` are stored as `{}`.
///
/// - A tuple struct cannot: JSON has no names for its fields.
/// - An enum cannot, even where serde would make an object of each variant: a worker has one name, one set
///   of defaults, and args with the same keys each time. Make each variant a job, or hold the enum in a
///   field.
/// - A generic struct cannot: a stored name says nothing of the types.
///
/// # Errors
///
/// All mistakes in an attribute are compile errors, reported at once, each where it stands.
///
/// ```compile_fail
/// use oban::job;
///
/// #[job(queu = "mailers", priority = 12)] // did you mean `queue`? and 0 to 9 it is
/// struct SendWelcome {
///     user_id: i64,
/// }
/// ```
#[proc_macro_attribute]
pub fn job(keys: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(keys.into(), &item.into()).into()
}

/// Makes a struct a kind of job, and leaves serde to you.
///
/// It takes the keys of [`macro@job`] in a `#[job(..)]` below it and implements `JobArgs` alone. Use it
/// where `Serialize` and `Deserialize` are written by hand, or derived already. Both are required.
///
/// ```
/// use oban::Job;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Job)]
/// #[job(queue = "mailers", priority = 1)]
/// #[serde(rename_all = "camelCase")]
/// struct SendWelcome {
///     user_id: i64,
/// }
/// # use oban::JobArgs;
/// # assert_eq!(SendWelcome::WORKER, "SendWelcome");
/// ```
///
/// `struct Tick;` is refused here, for serde's derives make `null` of it, and args are an object: write
/// `struct Tick {}`.
#[proc_macro_derive(Job, attributes(job))]
pub fn derive_job(item: TokenStream) -> TokenStream {
    expand::derive(item.into()).into()
}
