//! JSON as a `jsonb` column gives it back.

use serde_json::{Number, Value};

/// Brings a value into the form in which it would be read from the database. Strings, keys and whole numbers stay;
/// a column keeps other numbers as decimals without an exponent, so that `1e16` is read as a whole number.
pub(crate) fn read_back(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(decimal) = decimal(number) {
                *number = decimal;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(read_back),
        Value::Object(map) => map.values_mut().for_each(read_back),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn decimal(number: &Number) -> Option<Number> {
    // Decimals have no negative zero.
    let float = number.as_f64()? + 0.0;
    let text = Number::from_f64(float)?.to_string();
    let decimal = if text.contains('e') { float.to_string() } else { text };
    serde_json::from_str(&decimal).ok()
}

#[cfg(test)]
mod tests {
    use super::read_back;
    use serde_json::json;

    #[test]
    fn numbers_lose_their_exponent() {
        let mut value = json!({"a": [1e16, 1.5e-7, {"b": -1e18}], "c": 1e300, "d": -0.0, "e": 1.0});
        read_back(&mut value);
        let expected = json!({
            "a": [10_000_000_000_000_000_u64, 1.5e-7, {"b": -1_000_000_000_000_000_000_i64}],
            "c": 1e300, "d": 0.0, "e": 1.0
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn the_rest_stays() {
        let value = json!({"a": [null, true, "1e16", u64::MAX, i64::MIN, 0.1], "1e16": {}});
        let mut read = value.clone();
        read_back(&mut read);
        assert_eq!(read, value);
    }
}
