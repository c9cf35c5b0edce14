//! Values that other writers may have stored, decoded without ever failing a batch.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;
use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef},
};

/// Microseconds from the epoch of Unix to that of Postgres, the start of the year 2000.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Any JSON. What Rust cannot hold (numbers beyond `f64`, nesting beyond 128) comes as its text, so that the
/// worker gets the job and can say what is wrong with it.
#[derive(Debug)]
pub(crate) struct Json(pub(crate) Value);

/// A `timestamp` in UTC. Infinity and what `chrono` cannot hold come as the end of its range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp(pub(crate) DateTime<Utc>);

impl Type<Postgres> for Json {
    fn type_info() -> PgTypeInfo {
        <Value as Type<Postgres>>::type_info()
    }

    fn compatible(kind: &PgTypeInfo) -> bool {
        <Value as Type<Postgres>>::compatible(kind)
    }
}

impl PgHasArrayType for Json {
    fn array_type_info() -> PgTypeInfo {
        <Value as PgHasArrayType>::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Json {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let bytes = value.as_bytes()?;
        // The binary form starts with a version, which is 1.
        let text = bytes.strip_prefix(&[1]).unwrap_or(bytes);
        Ok(Self(
            serde_json::from_slice(text)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(text).into_owned())),
        ))
    }
}

impl Type<Postgres> for Stamp {
    fn type_info() -> PgTypeInfo {
        <NaiveDateTime as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Stamp {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Text {
            return Err("timestamps are read in the binary format only".into());
        }
        let micros = <i64 as Decode<Postgres>>::decode(value)?;
        let edge = if micros > 0 { DateTime::<Utc>::MAX_UTC } else { DateTime::<Utc>::MIN_UTC };
        let unix = micros.checked_add(POSTGRES_EPOCH);
        Ok(Self(unix.and_then(DateTime::from_timestamp_micros).unwrap_or(edge)))
    }
}
