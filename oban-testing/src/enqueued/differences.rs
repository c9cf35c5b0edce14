use chrono::{DateTime, TimeDelta, Utc};
use oban_core::Job;
use serde_json::Value;

use super::{Wanted, wanted::Time};

impl Wanted {
    /// Where a job is not as wanted, a sentence for each place.
    pub(super) fn differences(&self, job: &Job) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |key: &str, is: &dyn std::fmt::Display, wanted: Option<String>| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != is.to_string()) {
                found.push(format!("{key} is {is}, not {wanted}"));
            }
        };
        differ("worker", &job.worker, self.worker.clone());
        differ("queue", &job.queue, self.queue.clone());
        differ("state", &job.state, self.state.map(|state| state.to_string()));
        differ("priority", &job.priority, self.priority.map(|priority| priority.to_string()));
        differ("max_attempts", &job.max_attempts, self.max_attempts.map(|most| most.to_string()));
        if let Some(args) = &self.args {
            compare("args", &job.args, args, self.args_are_whole, &mut found);
        }
        if let Some(meta) = &self.meta {
            compare("meta", &Value::Object(job.meta.clone()), meta, false, &mut found);
        }
        for tag in self.tags.iter().filter(|tag| !job.tags.contains(tag)) {
            found.push(format!("tags {:?} lack {tag:?}", job.tags));
        }
        found.extend(self.time.and_then(|time| self.miss(job, time)));
        found
    }

    /// By how much a job misses its time.
    fn miss(&self, job: &Job, time: Time) -> Option<String> {
        let wanted = due(job, time);
        let off = (job.scheduled_at - wanted).abs().to_std().unwrap_or_default();
        (off > self.within).then(|| format!("scheduled_at is {}, {off:?} off {wanted}", job.scheduled_at))
    }
}

fn due(job: &Job, time: Time) -> DateTime<Utc> {
    match time {
        Time::At(at) => at,
        Time::In(period) => TimeDelta::from_std(period)
            .ok()
            .and_then(|period| job.inserted_at.checked_add_signed(period))
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
    }
}

/// Compares JSON; `whole`: an object may hold no other keys.
fn compare(path: &str, is: &Value, wanted: &Value, whole: bool, found: &mut Vec<String>) {
    if let (Value::Object(is), Value::Object(wanted)) = (is, wanted) {
        for (key, wanted) in wanted {
            let path = format!("{path}.{key}");
            match is.get(key) {
                Some(is) => compare(&path, is, wanted, whole, found),
                None => found.push(format!("{path} is missing, not {wanted}")),
            }
        }
        let others = is.iter().filter(|(key, _)| whole && !wanted.contains_key(*key));
        found.extend(others.map(|(key, is)| format!("{path}.{key} is {is}, not missing")));
    } else if !equal(is, wanted) {
        found.push(format!("{path} is {is}, not {wanted}"));
    }
}

/// As Elixir and databases see numbers: 1.0 may come back as 1.
fn equal(is: &Value, wanted: &Value) -> bool {
    match (is, wanted) {
        (Value::Number(is), Value::Number(wanted)) if is.is_f64() != wanted.is_f64() => {
            is.as_f64() == wanted.as_f64()
        }
        (Value::Array(is), Value::Array(wanted)) => {
            is.len() == wanted.len() && is.iter().zip(wanted).all(|(is, wanted)| equal(is, wanted))
        }
        _ => is == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use serde_json::{Value, json};

    fn found(is: &Value, wanted: &Value, whole: bool) -> Vec<String> {
        let mut found = Vec::new();
        compare("args", is, wanted, whole, &mut found);
        found
    }

    #[test]
    fn a_part_is_enough_at_any_depth_but_not_of_a_list() {
        let is = json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
        assert!(found(&is, &json!({"a": {"b": 1.0}}), false).is_empty());
        assert!(found(&is, &json!({}), false).is_empty());
        assert_eq!(found(&is, &json!({"a": {"c": [1]}}), false), ["args.a.c is [1,2], not [1]"]);
        assert_eq!(found(&is, &json!({"e": null}), false), ["args.e is missing, not null"]);
        assert_eq!(
            found(&is, &json!({"a": {"b": 2, "c": [1, 2]}}), true),
            ["args.a.b is 1, not 2", "args.d is null, not missing"]
        );
    }
}
