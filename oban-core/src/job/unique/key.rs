//! What jobs are compared by.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::{Unique, UniqueField};
use crate::NewJob;

/// Where a unique job keeps its key in its meta, and where an index finds it.
pub const UNIQUE_KEY: &str = "unique_key";

/// Of a hash. Half of SHA-256 is far beyond any chance of two jobs meeting.
const BYTES: usize = 16;

/// The key of a job: the hash of the compared parts in one canonical form, which every node and every version of this
/// crate writes alike, or nodes would not see each other's jobs:
///
/// `1|keys|args|meta|queue|worker`, where each part is canonical JSON, or nothing if it is not compared. Canonical JSON
/// has no spaces, sorted keys, and numbers with neither an exponent nor a fraction of zero.
pub(in crate::job) fn key(job: &NewJob, unique: &Unique) -> String {
    let mut text = b"1".to_vec();
    part(&mut text, Some(&Value::from(unique.keys.clone())));
    let has = |field| unique.fields.contains(&field);
    let args = match job.args.as_object() {
        Some(args) if !unique.keys.is_empty() => Cow::Owned(selected(args, &unique.keys)),
        _ => Cow::Borrowed(&job.args),
    };
    part(&mut text, has(UniqueField::Args).then_some(&*args));
    let meta = || selected(&without_key(&job.meta), &unique.keys);
    part(&mut text, has(UniqueField::Meta).then(meta).as_ref());
    part(&mut text, has(UniqueField::Queue).then(|| Value::from(job.queue.as_str())).as_ref());
    part(&mut text, has(UniqueField::Worker).then(|| Value::from(job.worker.as_str())).as_ref());
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
    Sha256::digest(&text)[..BYTES].iter().flat_map(digits).collect()
}

fn part(text: &mut Vec<u8>, value: Option<&Value>) {
    text.push(b'|');
    if let Some(value) = value {
        canonical(text, value);
    }
}

/// A key that is there already is no part of what is compared.
fn without_key(meta: &Map<String, Value>) -> Map<String, Value> {
    let mut meta = meta.clone();
    meta.remove(UNIQUE_KEY);
    meta
}

fn selected(map: &Map<String, Value>, keys: &[String]) -> Value {
    if keys.is_empty() {
        return Value::Object(map.clone());
    }
    Value::Object(keys.iter().filter_map(|key| Some((key.clone(), map.get(key)?.clone()))).collect())
}

fn canonical(text: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            // The application may have told serde_json to keep the order of insertion.
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push(b'{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                separate(text, at);
                json(text, key);
                text.push(b':');
                canonical(text, value);
            }
            text.push(b'}');
        }
        Value::Array(values) => {
            text.push(b'[');
            for (at, value) in values.iter().enumerate() {
                separate(text, at);
                canonical(text, value);
            }
            text.push(b']');
        }
        Value::Number(number) => number_text(text, number),
        Value::String(_) | Value::Bool(_) | Value::Null => json(text, value),
    }
}

fn json(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // A vector takes all that is written.
    let _ = serde_json::to_writer(text, value);
}

fn separate(text: &mut Vec<u8>, at: usize) {
    if at > 0 {
        text.push(b',');
    }
}

/// Databases take 1, 1.0 and 1e0 for the same number: never with an exponent, never with a fraction of zero.
fn number_text(text: &mut Vec<u8>, number: &Number) {
    match number.as_f64() {
        // The sum turns -0 into 0.
        Some(float) if number.is_f64() => text.extend((float + 0.0).to_string().into_bytes()),
        _ => json(text, number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::key;
    use crate::{NewJob, Unique, UniqueField};

    fn of(args: serde_json::Value, unique: &Unique) -> String {
        key(&NewJob::new("W", args), unique)
    }

    /// Rows outlive code: should one of these change, jobs stored before are not found any more.
    #[test]
    fn keys_never_change() {
        let vectors = [
            (json!({}), Unique::forever(), "c0dce63bb379bbc3d088c100cd1bbfd0"),
            (
                json!({"b": [1, 2.5, "ü", null, true], "a": {"d": 1, "c": 2.0}}),
                Unique::within("5m"),
                "fdfd040d22c602770a91c7c1f67cff0b",
            ),
            (json!({"a": 1, "b": 2}), Unique::forever().keys(["a"]), "6e097bb655742af6b826075968cbc6ef"),
        ];
        for (args, unique, expected) in vectors {
            assert_eq!(of(args, &unique), expected);
        }
    }

    #[test]
    fn compares_values_not_their_writing() {
        let unique = Unique::forever();
        let text = |text: &str| of(serde_json::from_str(text).unwrap(), &unique);
        assert_eq!(text(r#"{"a":1,"b":{"x":2,"y":3}}"#), text(r#"{"b":{"y":3,"x":2.0},"a":1}"#));
        for [one, other] in [
            ("1e16", "10000000000000000"),
            ("1e0", "1"),
            ("-0.0", "0"),
            ("2.50", "2.5"),
            ("1e-7", "0.0000001"),
            ("1234567890123456768.0", "1234567890123456800"),
        ]
        .map(|(one, other)| [one, other].map(|number| text(&format!(r#"{{"a":{number}}}"#))))
        {
            assert_eq!(one, other);
        }
        let different =
            [json!({}), json!({"a": null}), json!({"a": [1]}), json!({"a": [1, 1]}), json!({"a": "1"})];
        for (at, one) in different.iter().enumerate() {
            for other in &different[at + 1..] {
                assert_ne!(of(one.clone(), &unique), of(other.clone(), &unique), "{one} {other}");
            }
        }
    }

    #[test]
    fn compares_what_it_is_told_to() {
        let job = NewJob::new("W", json!({"a": 1, "b": 2})).meta(json!({"m": 1}));
        let same = |unique: &Unique, other: NewJob| key(&job, unique) == key(&other, unique);
        let by_queue = Unique::forever().fields([UniqueField::Queue]);
        assert!(same(&by_queue, NewJob::new("X", json!({}))));
        assert!(!same(&by_queue, NewJob::new("W", job.args.clone()).queue("other")));
        let by_key = Unique::forever().keys(["a"]);
        assert!(same(&by_key, NewJob::new("W", json!({"a": 1, "b": 3}))));
        assert!(!same(&by_key, NewJob::new("W", json!({"b": 2}))));
        let by_meta = Unique::forever().fields([UniqueField::Meta]);
        assert!(same(&by_meta, NewJob::new("X", json!({})).meta(json!({"m": 1, "unique_key": "x"}))));
        assert!(!same(&by_meta, NewJob::new("X", json!({}))));
        assert_ne!(key(&job, &by_meta), key(&job, &by_queue));
    }
}
