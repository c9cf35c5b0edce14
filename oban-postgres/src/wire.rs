//! Payloads of notifications, as nodes of every language and age can read them.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use oban_core::{Error, Result};
use serde_json::Value;

/// What Postgres takes in one notification.
pub(crate) const LONGEST: usize = 7_999;

/// What Elixir's nodes put before a compressed payload since 2.21.
const MARK: &str = "Z:";
/// How one begins without it, in Python's nodes and older ones of Elixir: gzip in Base64.
const GZIP: &str = "H4sI";
/// No payload of any node is near that; a few bytes can claim to hold gigabytes.
const LONGEST_UNPACKED: u64 = 1024 * 1024;

/// Plain JSON, which every node understands, as long as it fits; else compressed, without Elixir's mark, which would
/// end the listeners of Python's nodes.
pub(crate) fn encode(payload: &Value) -> Result<String> {
    let plain = payload.to_string();
    if plain.len() <= LONGEST {
        return Ok(plain);
    }
    match pack(&plain) {
        Ok(packed) if packed.len() <= LONGEST => Ok(packed),
        _ => {
            let problem = format!(
                "a payload has {} bytes, and too many when compressed; Postgres takes at most {LONGEST}",
                plain.len()
            );
            Err(Error::invalid("notify", problem))
        }
    }
}

/// The JSON object of a payload; `None` for anything else.
pub(crate) fn decode(text: &str) -> Option<Value> {
    let value: Value = match text.strip_prefix(MARK).or_else(|| text.starts_with(GZIP).then_some(text)) {
        Some(packed) => serde_json::from_slice(&unpack(packed)?).ok()?,
        None => serde_json::from_str(text).ok()?,
    };
    value.is_object().then_some(value)
}

fn pack(plain: &str) -> std::io::Result<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain.as_bytes())?;
    Ok(STANDARD.encode(encoder.finish()?))
}

fn unpack(packed: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(packed.trim_end()).ok()?;
    let mut plain = Vec::new();
    let length = GzDecoder::new(&*bytes).take(LONGEST_UNPACKED + 1).read_to_end(&mut plain).ok()?;
    (u64::try_from(length).ok()? <= LONGEST_UNPACKED).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::{Engine, LONGEST, MARK, STANDARD, decode, encode, pack};
    use serde_json::{Value, json};

    /// Captured from nodes of Oban 2.23 and of oban-py 0.7, without what the capture has cut short.
    const CAPTURED: [&str; 2] = [
        include_str!("../tests/fixtures/elixir-notifications.jsonl"),
        include_str!("../tests/fixtures/python-notifications.jsonl"),
    ];

    #[test]
    fn reads_what_other_nodes_send() {
        let mut packed = 0;
        for line in CAPTURED.iter().flat_map(|file| file.lines()) {
            let captured: Value = serde_json::from_str(line).unwrap();
            let payload = captured["payload"].as_str().unwrap();
            assert_eq!(decode(payload).as_ref(), Some(&captured["decoded"]), "{payload}");
            packed += usize::from(!payload.starts_with('{'));
        }
        assert!(packed > 5, "only {packed} of them were compressed");
    }

    #[test]
    fn writes_plain_json_until_it_gets_too_long() {
        assert_eq!(encode(&json!({"queue": "a", "ident": "any"})).unwrap(), r#"{"ident":"any","queue":"a"}"#);
        let long = json!({"running": vec![1_234_567; 3_000]});
        let text = encode(&long).unwrap();
        assert!(text.starts_with("H4sI") && text.len() <= LONGEST, "{text}");
        assert_eq!(decode(&text), Some(long));
        let noise: Vec<u64> = (0..3_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        assert!(encode(&json!({ "running": noise })).unwrap_err().to_string().contains("7999"));
    }

    #[test]
    fn drops_the_rest() {
        let bomb = pack(&json!({"queue": "0".repeat(2_000_000)}).to_string()).unwrap();
        let list = pack("[1]").unwrap();
        let cut = &list[..list.len() / 2];
        let no_gzip = STANDARD.encode("{}");
        for text in ["", "word", "[1]", "7", "{\"queue\":", "Z:", "Z:%", "H4sI", &bomb, &list, cut, &no_gzip]
        {
            assert_eq!(decode(text), None, "{text}");
            assert_eq!(decode(&format!("{MARK}{text}")), None, "{text}");
        }
    }
}
