//! Times as the file keeps them: `2026-11-23T20:43:13.123456Z`, always 27 characters, so that
//! they sort as text.

use std::time::Duration;

use chrono::{DateTime, DurationRound, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use oban_core::Schedule;

const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// The store's clock: SQLite has none but the machine's. Its SQL sees milliseconds only, too coarse to
/// tell two executions of one attempt apart, so this is bound instead.
pub(crate) fn machine_now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "this is the store's clock")]
    truncate(Utc::now())
}

/// A time and its text, whichever of the two was asked for last. Jobs that were inserted or fetched together share their
/// times, and to read or write one costs more than to see that it is the same.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Option<(String, DateTime<Utc>)>);

impl Remembered {
    /// As [`to_text`].
    pub(crate) fn text_of(&mut self, time: DateTime<Utc>) -> &str {
        if self.0.as_ref().is_none_or(|(_, known)| *known != time) {
            self.0 = Some((to_text(time), time));
        }
        self.0.as_ref().map_or("", |(text, _)| text)
    }

    /// As [`from_text`].
    pub(crate) fn time_of(&mut self, text: &str) -> Option<DateTime<Utc>> {
        if let Some((known, time)) = &self.0
            && known == text
        {
            return Some(*time);
        }
        let time = from_text(text)?;
        self.0 = Some((text.to_owned(), time));
        Some(time)
    }
}

/// The stored text. Years before 1 and after 9999 do not sort, so they become the ends of that range.
pub(crate) fn to_text(time: DateTime<Utc>) -> String {
    let time = match time.timestamp() {
        ..FIRST_SECOND => DateTime::from_timestamp(FIRST_SECOND, 0).unwrap_or_default(),
        FIRST_SECOND..=LAST_SECOND => time,
        _ => DateTime::from_timestamp(LAST_SECOND, 999_999_000).unwrap_or_default(),
    };
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The time of a stored text. Reads what other writers store as well: fewer digits, no `Z`, a space for the `T`.
pub(crate) fn from_text(text: &str) -> Option<DateTime<Utc>> {
    let time = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.to_utc(),
        Err(_) => ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .into_iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?
            .and_utc(),
    };
    Some(truncate(time))
}

/// `delay` after `now`.
pub(crate) fn after(now: DateTime<Utc>, delay: Duration) -> DateTime<Utc> {
    let delta = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
    truncate(now.checked_add_signed(delta).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// `age` before `now`.
pub(crate) fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    let delta = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
    truncate(now.checked_sub_signed(delta).unwrap_or(DateTime::<Utc>::MIN_UTC))
}

pub(crate) fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

/// When a job scheduled like this at `now` is due.
pub(crate) fn due_at(schedule: Schedule, now: DateTime<Utc>) -> DateTime<Utc> {
    match schedule {
        Schedule::Now => now,
        Schedule::At(at) => truncate(at),
        Schedule::In(period) => after(now, period.as_duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Remembered, after, before, from_text, to_text};
    use chrono::DateTime;
    use std::time::Duration;

    #[test]
    fn stored_times_have_one_width_and_sort_as_text() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let texts = [
            to_text(before(now, Duration::MAX)),
            to_text(before(now, Duration::from_micros(1))),
            to_text(now),
            to_text(after(now, Duration::from_micros(1))),
            to_text(after(now, Duration::MAX)),
        ];
        assert!(texts.iter().all(|text| text.len() == 27), "{texts:?}");
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(from_text(&texts[2]), Some(now));
    }

    #[test]
    fn what_is_remembered_is_what_is_read_and_written() {
        let mut remembered = Remembered::default();
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for time in [now, now, after(now, Duration::from_micros(1)), now] {
            assert_eq!(remembered.text_of(time), to_text(time));
            assert_eq!(remembered.time_of(&to_text(time)), Some(time));
        }
        for text in ["2023-11-14 22:13:20", "soon", "2023-11-14T22:13:20.5Z", "2023-11-14 22:13:20"] {
            assert_eq!(remembered.time_of(text), from_text(text), "{text}");
        }
    }

    #[test]
    fn reads_the_texts_of_other_writers() {
        let time = DateTime::from_timestamp(1_700_000_000, 0);
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T22:13:20",
            "2023-11-14 22:13:20.000",
            "2023-11-14T23:13:20+01:00",
        ] {
            assert_eq!(from_text(text), time, "{text}");
        }
        assert_eq!(from_text("soon"), None);
    }
}
