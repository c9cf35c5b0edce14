//! Spans of time as people write them: `"30s"`, `"5m"`, `"1h30m"`, `"2d"`.

use std::{convert::Infallible, fmt, time::Duration};

/// A span of time, at most 100 years long.
///
/// One parser, usable in constants, serves the API, the macros and configuration. A text is
/// one or more whole numbers, each with a unit: `ms`, `s`, `m` (minutes), `h`, `d`, `w`.
///
/// ```
/// use oban_core::Period;
/// use std::time::Duration;
///
/// const TTL: Period = match Period::parse("1h30m") {
///     Ok(period) => period,
///     Err(_) => panic!("not a period"),
/// };
/// assert_eq!(TTL.as_duration(), Duration::from_secs(5400));
/// assert!(Period::try_from("5 minutes").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period(Duration);

/// Why a text or a duration is no [`Period`].
///
/// It owns nothing, so that it can be handled in constants; of a long text it keeps the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodError {
    given: [u8; KEPT],
    length: usize,
    reason: &'static str,
}

const KEPT: usize = 32;

const MAX_MILLIS: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

impl Period {
    /// No time at all.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// Reads a text such as `"5m"`; also at compile time.
    ///
    /// # Errors
    /// When the text is empty, lacks a number or a known unit, or exceeds 100 years.
    pub const fn parse(text: &str) -> Result<Self, PeriodError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Err(PeriodError::of(text, "it is empty"));
        }
        let mut total: u64 = 0;
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let mut number: u64 = 0;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                number = number.saturating_mul(10).saturating_add((bytes[at] - b'0') as u64);
                at += 1;
            }
            if at == start {
                return Err(PeriodError::of(text, "a whole number is expected before each unit"));
            }
            let millis: u64 = match unit(bytes, at) {
                Some((length, millis)) => {
                    at += length;
                    millis
                }
                None => return Err(PeriodError::of(text, "a number lacks its unit: ms, s, m, h, d or w")),
            };
            total = total.saturating_add(number.saturating_mul(millis));
            if total > MAX_MILLIS {
                return Err(PeriodError::of(text, "it is longer than 100 years"));
            }
        }
        Ok(Self(Duration::from_millis(total)))
    }

    /// The span as std's type.
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

/// The length of the unit's name at `at`, and the unit in milliseconds.
const fn unit(bytes: &[u8], at: usize) -> Option<(usize, u64)> {
    if at >= bytes.len() {
        return None;
    }
    match bytes[at] {
        b'm' if at + 1 < bytes.len() && bytes[at + 1] == b's' => Some((2, 1)),
        b's' => Some((1, 1000)),
        b'm' => Some((1, 60 * 1000)),
        b'h' => Some((1, 60 * 60 * 1000)),
        b'd' => Some((1, 24 * 60 * 60 * 1000)),
        b'w' => Some((1, 7 * 24 * 60 * 60 * 1000)),
        _ => None,
    }
}

impl PeriodError {
    /// What is wrong, without what was given; also at compile time.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    const fn of(text: &str, reason: &'static str) -> Self {
        let (bytes, mut given, mut length) = (text.as_bytes(), [0; KEPT], 0);
        while length < bytes.len() && length < KEPT {
            given[length] = bytes[length];
            length += 1;
        }
        Self { given, length, reason }
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = String::from_utf8_lossy(&self.given[..self.length]);
        write!(
            formatter,
            "{given:?} is no period: {}; write it like \"30s\", \"5m\" or \"1h30m\"",
            self.reason
        )
    }
}

impl std::error::Error for PeriodError {}

impl From<Infallible> for PeriodError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl TryFrom<&str> for Period {
    type Error = PeriodError;

    fn try_from(text: &str) -> Result<Self, PeriodError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;

    fn try_from(text: String) -> Result<Self, PeriodError> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<Duration> for Period {
    type Error = PeriodError;

    fn try_from(span: Duration) -> Result<Self, PeriodError> {
        if span > Duration::from_millis(MAX_MILLIS) {
            return Err(PeriodError::of(&format!("{span:?}"), "it is longer than 100 years"));
        }
        Ok(Self(span))
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Period;
    use std::time::Duration;

    #[test]
    fn reads_every_unit_and_sums() {
        for (text, millis) in [
            ("7ms", 7),
            ("2s", 2_000),
            ("3m", 180_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(
                Period::parse(text).map(Period::as_duration),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        assert_eq!(Period::parse("1m30s500ms").unwrap().as_duration(), Duration::from_millis(90_500));
        assert_eq!(Period::parse("0s"), Ok(Period::ZERO));
    }

    #[test]
    fn refuses_and_names_what_it_was_given() {
        for text in ["", "5", "m", "5x", "5m3", "-5m", "5 m", "1.5h", "101w9999999999999999999w"] {
            let error = Period::try_from(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is no period")), "{error}");
        }
        assert!(Period::try_from(Duration::MAX).is_err());
    }
}
