//! Every key there is, one line each. A new setting needs a line here and a field in `settings.rs`.

use serde_json::Value;

use super::{
    Settings,
    cron::cron,
    key::{Key, Problem, Problems, names, set_all},
    services::{LIFELINE, PRUNER, REINDEXER, service},
    value::{flag, limit, optional_period, period, text},
};
use crate::QueueOptions;

/// The keys of a configuration. They have the names of the builder's methods.
pub(super) const ROOT: &[Key<Settings>] = &[
    Key::new("name", |settings, value| text(value, &mut settings.name)),
    Key::new("node", |settings, value| text(value, &mut settings.node)),
    Key::new("queues", |settings, value| queues(value, &mut settings.queues)),
    Key::new("stage_interval", |settings, value| period(value, &mut settings.stage_interval)),
    Key::new("heartbeat_interval", |settings, value| period(value, &mut settings.heartbeat_interval)),
    Key::new("stale_after", |settings, value| period(value, &mut settings.stale_after)),
    Key::new("gossip", |settings, value| optional_period(value, &mut settings.gossip_interval)),
    Key::new("cron", |settings, value| cron(value, settings)),
    Key::new("cron_timezone", |settings, value| text(value, settings.cron_timezone.get_or_insert_default())),
    Key::new("lease", |settings, value| period(value, &mut settings.lease)),
    Key::new("leadership", |settings, value| flag(value, &mut settings.leadership)),
    Key::new("cancel_grace_period", |settings, value| period(value, &mut settings.cancel_grace_period)),
    Key::new("shutdown_grace_period", |settings, value| period(value, &mut settings.shutdown_grace_period)),
    Key::table(
        "lifeline",
        || names(LIFELINE),
        |settings, value| service(value, LIFELINE, None, &mut settings.lifeline),
    ),
    Key::table(
        "pruner",
        || names(PRUNER),
        |settings, value| service(value, PRUNER, Some("after"), &mut settings.pruner),
    ),
    Key::table(
        "reindexer",
        || names(REINDEXER),
        |settings, value| service(value, REINDEXER, Some("daily_at"), &mut settings.reindexer),
    ),
];

/// The keys of a queue, beside its bare limit.
const QUEUE: &[Key<QueueOptions>] = &[
    Key::new("limit", |options, value| limit(value, &mut options.limit)),
    Key::new("paused", |options, value| flag(value, &mut options.paused)),
    Key::new("blocking", |options, value| flag(value, &mut options.blocking)),
    Key::new("read_ahead", |options, value| flag(value, &mut options.read_ahead)),
];

fn queues(value: &Value, queues: &mut Vec<(String, QueueOptions)>) -> Result<(), Problems> {
    let given = match value {
        Value::Object(given) => given.iter().map(|(name, value)| queue(name, value)).collect(),
        Value::String(given) => list(given).map(listed).collect(),
        other => vec![Err(vec![Problem::new(format!(
            "{} is no table of queues; write it like {{ mailers = 10, images = {{ limit = 4, paused = true }} }}",
            other
        ))])],
    };
    let (good, bad): (Vec<_>, Vec<_>) = given.into_iter().partition(Result::is_ok);
    *queues = good.into_iter().flatten().collect();
    let problems: Problems = bad.into_iter().filter_map(Result::err).flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn queue(name: &str, value: &Value) -> Result<(String, QueueOptions), Problems> {
    let mut options = QueueOptions::limit(0);
    let taken = match value {
        Value::Object(given) if given.contains_key("limit") => set_all(QUEUE, &mut options, given),
        Value::Object(_) => Err(vec![Problem::new("a queue needs a limit, as in { limit = 4 }")]),
        bare => limit(bare, &mut options.limit),
    };
    match taken {
        Ok(()) => Ok((name.to_owned(), options)),
        Err(mut problems) => {
            if ROOT.iter().any(|key| key.name == name) {
                problems.push(Problem::new("what stands below [queues] is a queue; settings come before it"));
            }
            Err(problems.into_iter().map(|problem| problem.within(name)).collect())
        }
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|queue| !queue.is_empty())
}

/// A queue of a list: `mailers:10`, `images:4:blocking:paused`.
fn listed(text: &str) -> Result<(String, QueueOptions), Problems> {
    let mut parts = text.split(':').map(str::trim);
    let (Some(name), Some(bare)) = (parts.next(), parts.next()) else {
        return Err(vec![Problem::new(format!("{text:?} has no limit; write it like \"mailers:10\""))]);
    };
    let mut options = QueueOptions::limit(0);
    limit(&Value::String(bare.to_owned()), &mut options.limit)?;
    for part in parts {
        match part {
            "blocking" => options.blocking = true,
            "paused" => options.paused = true,
            "without_read_ahead" => options.read_ahead = false,
            other => {
                let what = format!(
                    "{other:?} in {text:?} is no option of a queue; there are blocking, paused and without_read_ahead"
                );
                return Err(vec![Problem::new(what)]);
            }
        }
    }
    Ok((name.to_owned(), options))
}
