use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::{CronError, field::FIELDS};

/// When something is due again and again: `"0 9 * * MON-FRI"`, `"@hourly"`.
///
/// The grammar is Oban's. Five fields, with white space between them:
///
/// | field | values |
/// |---|---|
/// | minute | 0-59 |
/// | hour | 0-23 |
/// | day of the month | 1-31 |
/// | month | 1-12 or `JAN`-`DEC` |
/// | weekday | 0-6 or `SUN`-`SAT`; Sunday is 0 and never 7 |
///
/// A field is `*`, a value `5`, a range `1-5`, a step `*/15`, `5/15` (from 5 to the end) or `0-30/10`, or a list of
/// these with commas. Steps go from 1 to 99, ranges do not wrap around, names are upper case.
/// A minute is due when **all five** fields match: `0 7 13 * FRI` is Friday the 13th, where other crons take either.
/// A day that never comes, as `0 0 30 2 *`, is an error.
///
/// Instead of fields: `@yearly` or `@annually`, `@monthly`, `@weekly`, `@daily` or `@midnight`, `@hourly`, and `@reboot`,
/// which no minute matches.
///
/// ```
/// use oban_core::{CronExpression, chrono::{TimeZone, Utc}};
///
/// const OFFICE: CronExpression = match CronExpression::parse("*/30 9-17 * * MON-FRI") {
///     Ok(expression) => expression,
///     Err(_) => panic!("no cron expression"),
/// };
/// let friday_evening = Utc.with_ymd_and_hms(2026, 11, 27, 18, 0, 0).unwrap();
/// let monday_morning = Utc.with_ymd_and_hms(2026, 11, 30, 9, 0, 0).unwrap();
/// assert_eq!(OFFICE.next_at(&friday_evening), Some(monday_morning));
/// assert!(CronExpression::parse("60 * * * *").is_err());
/// ```
///
/// # When clocks change
///
/// Fields are compared with the wall clock of a time zone, which skips an hour in spring and has one twice in autumn.
/// An expression whose hour is `*` (or names all 24) follows real time: nothing is due in the skipped hour, as it does
/// not exist, and both passes of the doubled one count. Any other expression means times of day, each of which is due
/// exactly once: what falls into the skipped hour is due in the first minute after it, and of the doubled hour the first
/// pass counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronExpression {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

const REBOOT: CronExpression = CronExpression { minutes: 0, hours: 0, days: 0, months: 0, weekdays: 0 };

const EVERY_HOUR: u64 = (1 << 24) - 1;

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl CronExpression {
    /// Reads an expression; also at compile time.
    ///
    /// # Errors
    /// For anything that is not in the grammar, naming the field, the value and what is allowed.
    pub const fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.as_bytes().trim_ascii();
        if !text.is_empty() && text[0] == b'@' {
            return nickname(text);
        }
        let (mut values, mut rest, mut at) = ([0; 5], text, 0);
        while at < FIELDS.len() {
            // As Oban does, which lets the last field have white space beside its commas.
            let (field, others) =
                if at + 1 < FIELDS.len() { first_word(rest) } else { (rest, rest.split_at(0).0) };
            if field.is_empty() {
                return Err(CronError::new("it has ").number(count_words(text)).say(FIVE_FIELDS));
            }
            values[at] = match FIELDS[at].parse(field) {
                Ok(values) => values,
                Err(_) if count_words(text) > 5 && !first_word(field).1.is_empty() && !has_comma(field) => {
                    return Err(CronError::new("it has ").number(count_words(text)).say(FIVE_FIELDS));
                }
                Err(error) => return Err(error),
            };
            rest = others;
            at += 1;
        }
        let [minutes, hours, days, months, weekdays] = values;
        let expression = Self { minutes, hours, days, months, weekdays };
        if expression.has_days() {
            return Ok(expression);
        }
        let (_, rest) = first_word(first_word(text).1);
        let (day, rest) = first_word(rest);
        let error = CronError::new("day ").quote(day).say(" never comes in month ").quote(first_word(rest).0);
        Err(error.say("; use a day that the month has"))
    }

    /// Whether it is `@reboot`.
    pub const fn is_reboot(&self) -> bool {
        self.minutes == 0
    }

    /// Whether it names no hours, and so follows real time when clocks change.
    pub(super) fn is_every_hour(&self) -> bool {
        self.hours == EVERY_HOUR
    }

    /// Whether all fields match what a wall clock shows.
    pub(super) fn matches(&self, label: NaiveDateTime) -> bool {
        self.has_date(label.date()) && self.has_hour(label) && self.has_minute(label)
    }

    pub(super) fn has_date(&self, date: NaiveDate) -> bool {
        self.has_month(date)
            && self.days & 1 << date.day() != 0
            && self.weekdays & 1 << date.weekday().num_days_from_sunday() != 0
    }

    pub(super) fn has_month(&self, date: NaiveDate) -> bool {
        self.months & 1 << date.month() != 0
    }

    pub(super) fn has_hour(&self, label: NaiveDateTime) -> bool {
        self.hours & 1 << label.hour() != 0
    }

    pub(super) fn has_minute(&self, label: NaiveDateTime) -> bool {
        self.minutes & 1 << label.minute() != 0
    }

    /// Whether any of the months has any of the days. February has 29.
    const fn has_days(&self) -> bool {
        let mut month = 1;
        while month <= 12 {
            let length = match month {
                2 => 29,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            if self.months & 1 << month != 0 && self.days & ((1 << (length + 1)) - 1) != 0 {
                return true;
            }
            month += 1;
        }
        false
    }
}

const FIVE_FIELDS: &str =
    " fields and needs five: minute, hour, day, month and weekday, as in \"0 9 * * MON-FRI\"";

impl FromStr for CronExpression {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

const fn nickname(text: &[u8]) -> Result<CronExpression, CronError> {
    if equals(text, b"@reboot") {
        return Ok(REBOOT);
    }
    let mut at = 0;
    while at < NICKNAMES.len() {
        if equals(text, NICKNAMES[at].0.as_bytes()) {
            return CronExpression::parse(NICKNAMES[at].1);
        }
        at += 1;
    }
    let error = CronError::new("nickname ").quote(text).say(" is unknown; use ");
    let error = error.say("@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or @reboot");
    Err(error)
}

const fn equals(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// What stands before the first white space, and what behind it.
const fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < text.len() && !text[at].is_ascii_whitespace() {
        at += 1;
    }
    let (word, rest) = text.split_at(at);
    (word, rest.trim_ascii_start())
}

const fn count_words(text: &[u8]) -> u32 {
    let (mut count, mut rest) = (0, text);
    while !rest.is_empty() {
        rest = first_word(rest).1;
        count += 1;
    }
    count
}

const fn has_comma(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() && text[at] != b',' {
        at += 1;
    }
    at < text.len()
}
