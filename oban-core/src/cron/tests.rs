//! The grammar and the searches against slow, obvious ones.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::{
    prop_assert, prop_assert_eq, prop_oneof, proptest,
    sample::select,
    strategy::{Just, Strategy},
    test_runner::Config as ProptestConfig,
};

use super::CronExpression;

/// The values of each field.
type Reference = [BTreeSet<u32>; 5];

/// The grammar as the specification has it, with regard to nothing else.
fn reference(text: &str) -> Option<Reference> {
    const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let number = |field: usize, text: &str| -> Option<u32> {
        let name = match field {
            3 => MONTHS.iter().position(|name| *name == text).map(|at| at + 1),
            4 => DAYS.iter().position(|name| *name == text),
            _ => None,
        };
        match name {
            Some(value) => u32::try_from(value).ok(),
            None if !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit()) => text.parse().ok(),
            None => None,
        }
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    // White space beside a comma belongs to the last field; anywhere else in it, it makes no value.
    let last = words.get(4..)?.join(" ").replace(" ,", ",").replace(", ", ",");
    let words = words[..4].iter().copied().chain([last.as_str()]);
    let mut fields = Reference::default();
    for (field, word) in words.enumerate() {
        let (min, max) = RANGES[field];
        for part in word.split(',') {
            let (range, step) =
                part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let step = match step {
                None => 1,
                Some(step) if step.starts_with('0') || step.len() > 2 => return None,
                Some(step) if step.chars().all(|digit| digit.is_ascii_digit()) => step.parse().ok()?,
                Some(_) => return None,
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (min, max),
                Some((from, to)) => (number(field, from)?, number(field, to)?),
                None if part.contains('/') => (number(field, range)?, max),
                None => (number(field, range)?, number(field, range)?),
            };
            if from < min || to > max || from > to {
                return None;
            }
            fields[field].extend((from..=to).step_by(step));
        }
    }
    let length = |month| if month == 2 { 29 } else { 30 + (month + month / 8) % 2 };
    let [_, _, days, months, _] = &fields;
    let comes = months.iter().any(|month| days.iter().any(|day| *day <= length(*month)));
    comes.then_some(fields)
}

fn shows(fields: &Reference, label: NaiveDateTime) -> bool {
    let weekday = label.weekday().num_days_from_sunday();
    let values = [label.minute(), label.hour(), label.day(), label.month(), weekday];
    fields.iter().zip(values).all(|(field, value)| field.contains(&value))
}

/// What is due, from the history of a clock: its labels minute by minute.
fn is_due(fields: &Reference, at: &DateTime<Tz>) -> bool {
    let label = |minutes| (*at + TimeDelta::minutes(minutes)).naive_local();
    if fields[1].len() == 24 {
        return shows(fields, label(0));
    }
    let before: Vec<NaiveDateTime> = (-180..0).map(label).collect();
    let is_new = |label: &NaiveDateTime| before.iter().all(|seen| seen < label);
    let mut label_since = label(-1) + TimeDelta::minutes(1);
    while label_since <= label(0) {
        if is_new(&label_since) && shows(fields, label_since) {
            return true;
        }
        label_since += TimeDelta::minutes(1);
    }
    false
}

/// A field that is mostly right.
fn field() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![8 => (0..35_u32).prop_map(|n| n.to_string()), 1 => (0..100_u32).prop_map(|n| format!("{n:02}")),
        1 => select(vec!["MON", "SUN", "SAT", "JAN", "FEB", "DEC", "mon", "", "x", "99999999999"]).prop_map(str::to_owned)]
    };
    let part = prop_oneof![
        4 => Just("*".to_owned()),
        4 => number(),
        3 => (number(), number()).prop_map(|(from, to)| format!("{from}-{to}")),
        2 => (number(), number()).prop_map(|(from, step)| format!("{from}/{step}")),
        2 => number().prop_map(|step| format!("*/{step}")),
        2 => (number(), number(), number()).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
    ];
    proptest::collection::vec(part, 1..3).prop_map(|parts| parts.join(","))
}

/// An expression that is right, and due often enough for a slow search to find it.
fn frequent() -> impl Strategy<Value = String> {
    let minute = select(vec!["*", "*/7", "0", "30", "59", "10,20", "15-45/15"]);
    let hour = select(vec!["*", "*/2", "0", "1", "2", "3", "1-3", "0-23", "22/1"]);
    let weekday = select(vec!["*", "*", "SUN", "0-3", "SAT,SUN"]);
    let day = select(vec!["*", "*", "*/3", "31,1", "20-31"]);
    (minute, hour, day, weekday)
        .prop_map(|(minute, hour, day, weekday)| format!("{minute} {hour} {day} * {weekday}"))
}

/// Seconds around the changes of clocks, where they are changed, and some others.
fn moment() -> impl Strategy<Value = (Tz, i64)> {
    const CHANGES: [(Tz, &str); 11] = [
        (Tz::Europe__Berlin, "2026-03-29T01:00Z"),
        (Tz::Europe__Berlin, "2026-10-25T01:00Z"),
        (Tz::America__New_York, "2026-03-08T07:00Z"),
        (Tz::America__New_York, "2026-11-01T06:00Z"),
        // At midnight.
        (Tz::America__Havana, "2026-03-08T05:00Z"),
        (Tz::America__Havana, "2026-11-01T05:00Z"),
        (Tz::America__Sao_Paulo, "2018-11-04T03:00Z"),
        (Tz::America__Sao_Paulo, "2018-02-18T02:00Z"),
        // By half an hour.
        (Tz::Australia__Lord_Howe, "2026-10-03T15:30Z"),
        (Tz::Australia__Lord_Howe, "2026-04-04T15:00Z"),
        // By a day.
        (Tz::Pacific__Apia, "2011-12-30T10:00Z"),
    ];
    let second = |text| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z").unwrap().timestamp();
    let change = select(CHANGES.map(|(zone, text)| (zone, second(text))).to_vec());
    let near = (change, -18_000..18_000_i64).prop_map(|((zone, at), seconds)| (zone, at + seconds));
    let any = (select(CHANGES.map(|(zone, _)| zone).to_vec()), 1_000_000_000..2_000_000_000_i64);
    prop_oneof![8 => near, 1 => any]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_grammar_is_obans(fields in proptest::collection::vec(field(), 4..7)) {
        let text = fields.join(" ");
        let parsed = text.parse::<CronExpression>();
        let expected = reference(&text);
        prop_assert_eq!(parsed.is_ok(), expected.is_some(), "{} {:?}", text, parsed);
        if let (Ok(parsed), Some(expected)) = (parsed, expected) {
            let start = Utc.with_ymd_and_hms(2024, 2, 28, 0, 0, 0).unwrap();
            for hours in 0..24 * 3 {
                for minutes in [0, 1, 7, 30, 59] {
                    let at = start + TimeDelta::hours(hours * 17) + TimeDelta::minutes(minutes);
                    prop_assert_eq!(parsed.is_due(&at), shows(&expected, at.naive_utc()), "{} {}", text, at);
                }
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,60}") {
        if let Err(error) = text.parse::<CronExpression>() {
            prop_assert!(!error.as_str().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn searches_find_what_is_due_whatever_clocks_do(text in frequent(), (zone, seconds) in moment()) {
        let (expression, fields) = (text.parse::<CronExpression>().unwrap(), reference(&text).unwrap());
        let at = DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&zone);
        let minute = at - TimeDelta::seconds(seconds.rem_euclid(60));
        // A good day of minutes are looked at one by one.
        for step in [1, -1] {
            let slow = (0..1_700)
                .map(|minutes| minute + TimeDelta::minutes(minutes * step))
                .find(|candidate| if step > 0 { *candidate > at } else { *candidate < at } && is_due(&fields, candidate));
            let fast = if step > 0 { expression.next_at(&at) } else { expression.last_at(&at) };
            match slow {
                Some(slow) => prop_assert_eq!(fast, Some(slow), "{} {} {}", text, at, step),
                None => prop_assert!(fast.is_some_and(|fast| (fast - at).num_minutes().abs() >= 1_698), "{} {} {:?}", text, at, fast),
            }
        }
    }
}

#[test]
fn errors_name_the_field_the_value_and_what_is_allowed() {
    for (text, parts) in [
        ("60 * * * *", &["minute 60 in \"60\"", "use 0 to 59"][..]),
        ("0-99999999 * * * *", &["minute", "0-99999999", "out of range"]),
        ("* 24 * * *", &["hour 24", "0 to 23"]),
        ("* * 0 * *", &["day 0", "1 to 31"]),
        ("* * * 13 *", &["month 13", "1 to 12 or JAN to DEC"]),
        ("* * * jan *", &["month \"jan\"", "JAN to DEC"]),
        ("* * * JANFEB *", &["month \"JANFEB\" is not understood"]),
        ("* * * * 7", &["weekday 7", "0 to 6 or SUN to SAT"]),
        ("* * * * SAT-SUN", &["range \"SAT-SUN\" of weekday", "begins after its end"]),
        ("*/0 * * * *", &["step of minute \"*/0\"", "1 to 99"]),
        ("*/100 * * * *", &["step of minute", "1 to 99"]),
        ("1,,2 * * * *", &["minute \"\" is not understood"]),
        ("* * L * *", &["day \"L\" is not understood"]),
        ("* * * *", &["it has 4 fields and needs five"]),
        ("", &["it has 0 fields"]),
        ("0 0 * * * *", &["it has 6 fields"]),
        ("0 0 30,31 2 *", &["day \"30,31\" never comes in month \"2\""]),
        ("0 0 31 4,6 *", &["day \"31\" never comes in month \"4,6\""]),
        ("@hourli", &["nickname \"@hourli\"", "@hourly"]),
        ("@Daily", &["nickname \"@Daily\""]),
    ] {
        let error = text.parse::<CronExpression>().unwrap_err();
        for part in parts {
            assert!(error.as_str().contains(part), "{text}: {part} is missing in: {error}");
        }
    }
    let long = format!("{} * * * *", "ü".repeat(500));
    let error = long.parse::<CronExpression>().unwrap_err();
    assert!(error.as_str().contains("üü…\" is not understood"), "{error}");
}

#[test]
fn takes_white_space_as_oban_does() {
    for text in [" 0\t9  * *   1,2 ", "0 9 * * 1, 2", "0 9 * * 1 ,2", "0 9 * * MON,TUE"] {
        assert_eq!(text.parse(), CronExpression::parse("0 9 * * 1-2"), "{text}");
    }
    assert!("0 9, 10 * * *".parse::<CronExpression>().is_err());
}

#[test]
fn nicknames_stand_for_expressions() {
    for (nickname, text) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        (" @hourly ", "0 * * * *"),
    ] {
        assert_eq!(nickname.parse::<CronExpression>(), text.parse(), "{nickname}");
    }
    let reboot: CronExpression = "@reboot".parse().unwrap();
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    assert!(reboot.is_reboot() && !reboot.is_due(&now));
    assert_eq!((reboot.next_at(&now), reboot.last_at(&now)), (None, None));
}

#[test]
fn all_five_fields_have_to_match() {
    let friday_13th: CronExpression = "0 7 13 * FRI".parse().unwrap();
    let start = Utc.with_ymd_and_hms(2026, 3, 14, 0, 0, 0).unwrap();
    assert_eq!(friday_13th.next_at(&start), Utc.with_ymd_and_hms(2026, 11, 13, 7, 0, 0).single());
    assert_eq!(friday_13th.last_at(&start), Utc.with_ymd_and_hms(2026, 3, 13, 7, 0, 0).single());
    // Forty years pass between some of these, and the search takes no time all the same.
    let leap_mondays: CronExpression = "0 0 29 2 MON".parse().unwrap();
    let leap = leap_mondays.next_at(&Utc.with_ymd_and_hms(2080, 1, 1, 0, 0, 0).unwrap());
    assert_eq!(leap, Utc.with_ymd_and_hms(2112, 2, 29, 0, 0, 0).single());
}

#[test]
fn a_skipped_hour_is_made_up_for_and_a_doubled_one_counts_once() {
    let berlin =
        |month, day, hour, minute| Tz::Europe__Berlin.with_ymd_and_hms(2026, month, day, hour, minute, 0);
    let nightly: CronExpression = "30 2 * * *".parse().unwrap();
    let spring = nightly.next_at(&berlin(3, 28, 12, 0).unwrap()).unwrap();
    assert_eq!(spring, berlin(3, 29, 3, 0).unwrap(), "2:30 does not exist: the first minute after");
    assert_eq!(nightly.next_at(&spring), berlin(3, 30, 2, 30).single());
    let autumn = nightly.next_at(&berlin(10, 24, 12, 0).unwrap()).unwrap();
    assert_eq!(autumn, berlin(10, 25, 2, 30).earliest().unwrap());
    assert_eq!(nightly.next_at(&autumn), berlin(10, 26, 2, 30).single(), "not in the second pass");
    let second_pass = berlin(10, 25, 2, 30).latest().unwrap();
    assert!(nightly.is_due(&autumn) && !nightly.is_due(&second_pass));
    for minutes in [-10, 0, 10, 60] {
        let at = second_pass + TimeDelta::minutes(minutes);
        assert_eq!(nightly.last_at(&at), Some(autumn), "{at}");
    }

    // In real time there is nothing to make up for, and nothing twice.
    let half_hourly: CronExpression = "*/30 * * * *".parse().unwrap();
    for start in [berlin(3, 29, 0, 0).unwrap(), berlin(10, 25, 0, 0).unwrap()] {
        let mut at = start;
        for _ in 0..12 {
            let next = half_hourly.next_at(&at).unwrap();
            assert_eq!(next - at, TimeDelta::minutes(30));
            at = next;
        }
    }
}
