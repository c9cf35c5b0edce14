//! Values as columns keep them.

use serde::Serialize;
use serde_json::Value;
use sqlx::{
    Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo},
};

/// Anything that is JSON, for a `jsonb` column. The driver would allocate for each value, to be able to take it
/// back where the column turns out to be `json`.
#[derive(Debug)]
pub(crate) struct Jsonb<'a, T>(pub(crate) &'a T);

impl<T> Type<Postgres> for Jsonb<'_, T> {
    fn type_info() -> PgTypeInfo {
        <Value as Type<Postgres>>::type_info()
    }
}

impl<T> PgHasArrayType for Jsonb<'_, T> {
    fn array_type_info() -> PgTypeInfo {
        <Value as PgHasArrayType>::array_type_info()
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Jsonb<'_, T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // The binary form starts with a version, which is 1.
        buffer.push(1);
        serde_json::to_writer(&mut **buffer, self.0)?;
        Ok(IsNull::No)
    }
}
