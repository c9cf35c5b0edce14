//! Recorded results as Oban stores them: Erlang's external term format in unpadded base64, in
//! `meta.return`, beside `meta.recorded = true`, so that nodes in other languages can read them. Of what
//! those write, the terms that JSON has too are read; compressed terms and integers beyond 64 bits are not.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Map, Number, Value};

use crate::{Error, Result};

pub(crate) const RETURN_KEY: &str = "return";
pub(crate) const RECORDED_KEY: &str = "recorded";

const VERSION: u8 = 131;
const NEW_FLOAT: u8 = 70;
const SMALL_INTEGER: u8 = 97;
const INTEGER: u8 = 98;
const ATOM: u8 = 100;
const SMALL_TUPLE: u8 = 104;
const NIL: u8 = 106;
const STRING: u8 = 107;
const LIST: u8 = 108;
const BINARY: u8 = 109;
const SMALL_BIG: u8 = 110;
const SMALL_ATOM: u8 = 115;
const MAP: u8 = 116;
const SMALL_ATOM_UTF8: u8 = 119;

/// Deeper values are refused rather than risking the stack.
const MAX_DEPTH: usize = 128;

/// The stored text of a value.
pub(crate) fn encode(value: &Value) -> String {
    let mut bytes = vec![VERSION];
    write(value, &mut bytes);
    STANDARD_NO_PAD.encode(bytes)
}

/// The value of a stored text.
pub(crate) fn decode(text: &str) -> Result<Value> {
    let broken =
        |what: &str| Error::invalid("decode_recorded", format!("the recorded value is unreadable: {what}"));
    let bytes =
        STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map_err(|error| broken(&error.to_string()))?;
    let mut reader = Reader(&bytes);
    if reader.byte() != Some(VERSION) {
        return Err(broken("it is no external term"));
    }
    let value = reader.value(0).ok_or_else(|| broken("a term is cut short or of an unknown kind"))?;
    if !reader.0.is_empty() {
        return Err(broken("something follows the value"));
    }
    Ok(value)
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => atom("nil", out),
        Value::Bool(true) => atom("true", out),
        Value::Bool(false) => atom("false", out),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) if items.is_empty() => out.push(NIL),
        Value::Array(items) => {
            out.push(LIST);
            length(items.len(), out);
            for item in items {
                write(item, out);
            }
            out.push(NIL);
        }
        Value::Object(map) => {
            out.push(MAP);
            length(map.len(), out);
            for (key, value) in map {
                write_text(key, out);
                write(value, out);
            }
        }
    }
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    let (negative, magnitude) = if let Some(value) = number.as_u64() {
        (false, value)
    } else if let Some(value) = number.as_i64() {
        (true, value.unsigned_abs())
    } else {
        out.push(NEW_FLOAT);
        out.extend(number.as_f64().unwrap_or_default().to_be_bytes());
        return;
    };
    if let Some(small) = u8::try_from(magnitude).ok().filter(|_| !negative) {
        out.extend([SMALL_INTEGER, small]);
    } else if let Some(integer) = number.as_i64().and_then(|value| i32::try_from(value).ok()) {
        out.push(INTEGER);
        out.extend(integer.to_be_bytes());
    } else {
        let digits = magnitude.to_le_bytes();
        let used = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        out.push(SMALL_BIG);
        out.extend(u8::try_from(used));
        out.push(u8::from(negative));
        out.extend(&digits[..used]);
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(BINARY);
    length(text.len(), out);
    out.extend(text.as_bytes());
}

fn atom(name: &str, out: &mut Vec<u8>) {
    out.push(SMALL_ATOM);
    out.extend(u8::try_from(name.len()));
    out.extend(name.as_bytes());
}

fn length(length: usize, out: &mut Vec<u8>) {
    // Values of 4 GiB never get here: the row could not hold them.
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.byte()? {
            SMALL_INTEGER => Some(self.byte()?.into()),
            INTEGER => Some(i32::from_be_bytes(self.array()?).into()),
            NEW_FLOAT => Number::from_f64(f64::from_be_bytes(self.array()?)).map(Value::Number),
            SMALL_BIG => self.big(),
            NIL => Some(Value::Array(Vec::new())),
            BINARY => self.text().map(Value::String),
            STRING => {
                let length = usize::from(u16::from_be_bytes(self.array()?));
                Some(self.take(length)?.iter().map(|byte| Value::from(*byte)).collect())
            }
            LIST => {
                let items = self.items(depth)?;
                (self.byte()? == NIL).then_some(Value::Array(items))
            }
            SMALL_TUPLE => {
                let arity = usize::from(self.byte()?);
                (0..arity).map(|_| self.value(depth + 1)).collect::<Option<Vec<_>>>().map(Value::Array)
            }
            MAP => {
                let pairs = self.length()?;
                (0..pairs)
                    .map(|_| Some((self.key()?, self.value(depth + 1)?)))
                    .collect::<Option<Map<_, _>>>()
                    .map(Value::Object)
            }
            kind @ (SMALL_ATOM | SMALL_ATOM_UTF8 | ATOM) => Some(match self.atom(kind)? {
                "nil" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                other => Value::String(other.to_owned()),
            }),
            _ => None,
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Value>> {
        let count = self.length()?;
        (0..count).map(|_| self.value(depth + 1)).collect()
    }

    fn key(&mut self) -> Option<String> {
        match self.byte()? {
            BINARY => self.text(),
            SMALL_INTEGER => Some(self.byte()?.to_string()),
            kind @ (SMALL_ATOM | SMALL_ATOM_UTF8 | ATOM) => self.atom(kind).map(str::to_owned),
            _ => None,
        }
    }

    fn atom(&mut self, kind: u8) -> Option<&'a str> {
        let length = match kind {
            ATOM => usize::from(u16::from_be_bytes(self.array()?)),
            _ => usize::from(self.byte()?),
        };
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn big(&mut self) -> Option<Value> {
        let used = usize::from(self.byte()?);
        let negative = self.byte()? != 0;
        let digits = self.take(used)?;
        if used > 8 {
            return None;
        }
        let magnitude = digits.iter().rev().fold(0_u64, |value, digit| (value << 8) | u64::from(*digit));
        if negative { 0_i64.checked_sub_unsigned(magnitude).map(Value::from) } else { Some(magnitude.into()) }
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.array()?)).ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use serde_json::{Value, json};

    /// What a Python node writes.
    fn vectors() -> Vec<(Value, &'static str)> {
        vec![
            (json!(null), "g3MDbmls"),
            (json!(true), "g3MEdHJ1ZQ"),
            (json!(0), "g2EA"),
            (json!(255), "g2H/"),
            (json!(256), "g2IAAAEA"),
            (json!(-1), "g2L/////"),
            (json!(2_147_483_648_u64), "g24EAAAAAIA"),
            (json!(-2_147_483_649_i64), "g24EAQEAAIA"),
            (json!(u64::MAX), "g24IAP//////////"),
            (json!(1.5), "g0Y/+AAAAAAAAA"),
            (json!(""), "g20AAAAA"),
            (json!("x"), "g20AAAABeA"),
            (json!([]), "g2o"),
            (json!([1, 2]), "g2wAAAACYQFhAmo"),
            (json!({}), "g3QAAAAA"),
            (json!({"a": 1}), "g3QAAAABbQAAAAFhYQE"),
        ]
    }

    #[test]
    fn writes_and_reads_what_python_nodes_do() {
        for (value, text) in vectors() {
            assert_eq!(encode(&value), text, "{value}");
            assert_eq!(decode(text).unwrap(), value, "{text}");
        }
        assert_eq!(decode("g24IAP//////////").unwrap(), json!(u64::MAX));
        assert_eq!(decode(&encode(&json!(i64::MIN))).unwrap(), json!(i64::MIN));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for text in ["", "?", "g2E", "g2EAAA", "YQA", "g2wAAAACYQE"] {
            assert!(decode(text).is_err(), "{text}");
        }
        let mut deep = json!(1);
        for _ in 0..200 {
            deep = json!([deep]);
        }
        assert!(decode(&encode(&deep)).is_err());
    }
}
