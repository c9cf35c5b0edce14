use serde_json::{Map, Value, json};

use crate::{JobId, QueueOptions};

/// A command to nodes, in the words of Oban's nodes of every language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Pause {
        queue: String,
    },
    Resume {
        queue: String,
    },
    Scale {
        queue: String,
        limit: usize,
    },
    Start {
        queue: String,
        options: QueueOptions,
    },
    Stop {
        queue: String,
    },
    /// End the run of this job, which was cancelled.
    Kill {
        job: JobId,
    },
}

/// What cannot be obeyed, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Stands for the name of every queue, when they are paused or resumed.
pub(crate) const EVERY_QUEUE: &str = "*";

/// What Elixir's nodes run a queue with that is started without a limit.
const DEFAULT_LIMIT: usize = 10;

impl Signal {
    /// What is sent. `ident` says who is to obey, `node` is given when it is one node.
    pub(crate) fn payload(&self, ident: &str, node: Option<&str>) -> Value {
        match self {
            Self::Pause { queue } => json!({"action": "pause", "ident": ident, "queue": queue}),
            Self::Resume { queue } => json!({"action": "resume", "ident": ident, "queue": queue}),
            Self::Stop { queue } => json!({"action": "stop", "ident": ident, "queue": queue}),
            Self::Kill { job } => json!({"action": "pkill", "job_id": job}),
            Self::Scale { queue, limit } => {
                let mut payload = json!({"action": "scale", "ident": ident, "limit": limit, "queue": queue});
                if let Some(node) = node {
                    payload["node"] = json!(node);
                }
                payload
            }
            // No key that Elixir's nodes do not know: their queues would crash.
            Self::Start { queue, options } => {
                let mut payload =
                    json!({"action": "start", "ident": ident, "limit": options.limit, "queue": queue});
                if options.paused {
                    payload["paused"] = json!(true);
                }
                payload
            }
        }
    }

    /// What was heard; `None` for an action that is not for us.
    pub(crate) fn parse(payload: &Value) -> Result<Option<Self>, Malformed> {
        let fields = payload.as_object().ok_or(Malformed("it is no JSON object"))?;
        let action = fields.get("action").and_then(Value::as_str).ok_or(Malformed("it names no action"))?;
        let signal = match action {
            "pause" => Self::Pause { queue: queue(fields)? },
            "resume" => Self::Resume { queue: queue(fields)? },
            "stop" => Self::Stop { queue: queue(fields)? },
            "scale" => Self::Scale {
                queue: queue(fields)?,
                limit: limit(fields)?.ok_or(Malformed("it names no limit"))?,
            },
            "start" => {
                let mut options = QueueOptions::limit(limit(fields)?.unwrap_or(DEFAULT_LIMIT));
                options.paused = fields.get("paused") == Some(&Value::Bool(true));
                Self::Start { queue: queue(fields)?, options }
            }
            "pkill" => {
                let id = fields.get("job_id").and_then(Value::as_i64).ok_or(Malformed("it names no job"))?;
                Self::Kill { job: JobId(id) }
            }
            _ => return Ok(None),
        };
        Ok(Some(signal))
    }

    /// The queue it is about, if any.
    pub(crate) fn queue(&self) -> Option<&str> {
        match self {
            Self::Pause { queue }
            | Self::Resume { queue }
            | Self::Scale { queue, .. }
            | Self::Start { queue, .. }
            | Self::Stop { queue } => Some(queue),
            Self::Kill { .. } => None,
        }
    }

    /// Whether both set the same thing of the same queue, so that the later one counts.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let kind = |signal: &Self| match signal {
            Self::Pause { .. } | Self::Resume { .. } => 0,
            Self::Scale { .. } => 1,
            Self::Start { .. } | Self::Stop { .. } => 2,
            Self::Kill { .. } => 3,
        };
        let names = [self.queue(), other.queue()];
        kind(self) == kind(other) && (names[0] == names[1] || names.contains(&Some(EVERY_QUEUE)))
    }
}

/// Whether a signal is for the node that goes by this ident.
pub(crate) fn is_for(payload: &Value, ident: &str) -> bool {
    match payload.get("ident") {
        None | Some(Value::Null) => true,
        Some(to) => to == "any" || to == ident,
    }
}

fn queue(fields: &Map<String, Value>) -> Result<String, Malformed> {
    let name = fields.get("queue").and_then(Value::as_str).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or(Malformed("it names no queue"))
}

fn limit(fields: &Map<String, Value>) -> Result<Option<usize>, Malformed> {
    let Some(limit) = fields.get("limit") else { return Ok(None) };
    let limit = limit.as_i64().and_then(|limit| i32::try_from(limit).ok());
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    limit.map(Some).ok_or(Malformed("its limit is none"))
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Signal, is_for};
    use crate::{JobId, QueueOptions};
    use serde_json::json;

    #[test]
    fn obeys_what_others_send_and_nothing_else() {
        let queue = || "a".to_owned();
        let options = |limit| QueueOptions::limit(limit);
        for (payload, signal) in [
            (json!({"action": "pause", "queue": "a", "extra": [1]}), Some(Signal::Pause { queue: queue() })),
            (
                json!({"action": "start", "queue": "a"}),
                Some(Signal::Start { queue: queue(), options: options(10) }),
            ),
            (
                json!({"action": "start", "queue": "a", "limit": 4, "paused": true}),
                Some(Signal::Start { queue: queue(), options: options(4).paused() }),
            ),
            (json!({"action": "pkill", "job_id": 7}), Some(Signal::Kill { job: JobId(7) })),
            (json!({"action": "dance", "queue": 7}), None),
        ] {
            assert_eq!(Signal::parse(&payload), Ok(signal), "{payload}");
        }
        for payload in [
            json!([]),
            json!({}),
            json!({"action": 5}),
            json!({"action": "pause"}),
            json!({"action": "pause", "queue": ""}),
            json!({"action": "stop", "queue": ["a"]}),
            json!({"action": "scale", "queue": "a"}),
            json!({"action": "scale", "queue": "a", "limit": 0}),
            json!({"action": "scale", "queue": "a", "limit": -3}),
            json!({"action": "scale", "queue": "a", "limit": "5"}),
            json!({"action": "start", "queue": "a", "limit": 1e99}),
            json!({"action": "pkill", "job_id": "7"}),
        ] {
            assert!(matches!(Signal::parse(&payload), Err(Malformed(_))), "{payload}");
        }
    }

    #[test]
    fn is_for_all_or_for_one() {
        for (ident, ours) in [(json!("any"), true), (json!("Oban.web.1"), true), (json!("Oban.web.2"), false)]
        {
            assert_eq!(is_for(&json!({ "ident": ident }), "Oban.web.1"), ours, "{ident}");
        }
        assert!(is_for(&json!({}), "Oban.web.1") && !is_for(&json!({"ident": 5}), "Oban.web.1"));
    }
}
