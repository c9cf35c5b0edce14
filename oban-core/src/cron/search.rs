//! Which minutes an expression means in a time zone. What is due is said by `is_due` alone; the searches skip minutes
//! that cannot be.

use chrono::{
    DateTime, Datelike, MappedLocalTime, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
    Timelike,
};

use super::CronExpression;

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const DAY: TimeDelta = TimeDelta::days(1);

/// No zone has ever skipped more than a day.
const LONGEST_GAP: i64 = 2 * 24 * 60;

impl CronExpression {
    /// Whether it is due in the minute of `at`, by the wall clock of `at`'s time zone. See
    /// [when clocks change](CronExpression#when-clocks-change).
    pub fn is_due<Z: TimeZone>(&self, at: &DateTime<Z>) -> bool {
        let label = at.naive_local();
        if self.matches(label) {
            return self.is_every_hour() || !is_second_pass(at);
        }
        !self.is_every_hour() && self.is_made_up_for(at, label)
    }

    /// The first minute after `at` in which it is due; `None` for `@reboot`, and at the end of time.
    pub fn next_at<Z: TimeZone>(&self, at: &DateTime<Z>) -> Option<DateTime<Z>> {
        if self.is_reboot() {
            return None;
        }
        let mut next = minute_of(at)?.checked_add_signed(MINUTE)?;
        while !self.is_due(&next) {
            next = self.skip_forward(&next)?;
        }
        Some(next)
    }

    /// The last minute before `at` in which it was due; `None` for `@reboot`, and at the beginning of time.
    pub fn last_at<Z: TimeZone>(&self, at: &DateTime<Z>) -> Option<DateTime<Z>> {
        if self.is_reboot() {
            return None;
        }
        let minute = minute_of(at)?;
        let mut last = if minute < *at { minute } else { minute.checked_sub_signed(MINUTE)? };
        while !self.is_due(&last) {
            last = self.skip_back(&last)?;
        }
        Some(last)
    }

    /// Whether `at` is the first minute after the clock was put forward over a time that matches.
    fn is_made_up_for<Z: TimeZone>(&self, at: &DateTime<Z>, label: NaiveDateTime) -> bool {
        let Some(before) = at.clone().checked_sub_signed(MINUTE).map(|before| before.naive_local()) else {
            return false;
        };
        label - before > MINUTE && self.next_label(before).is_some_and(|next| next < label)
    }

    /// A later minute, with none between that is due.
    fn skip_forward<Z: TimeZone>(&self, at: &DateTime<Z>) -> Option<DateTime<Z>> {
        let zone = at.timezone();
        let mut label = at.naive_local();
        if self.is_every_hour() {
            if self.has_date(label.date()) {
                return at.clone().checked_add_signed(MINUTE);
            }
            let next = self.next_date(label.date().succ_opt()?)?;
            return later(first_pass(&zone, next.and_time(NaiveTime::MIN))?, at);
        }
        loop {
            label = self.next_label(label)?;
            let next = first_pass(&zone, label)?;
            // Behind us is only a first pass, seen from the second.
            if next > *at {
                return Some(next);
            }
        }
    }

    /// An earlier minute, with none between that is due.
    fn skip_back<Z: TimeZone>(&self, at: &DateTime<Z>) -> Option<DateTime<Z>> {
        let zone = at.timezone();
        let label = at.naive_local();
        if self.is_every_hour() && !self.has_date(label.date()) {
            let after = self.last_date(label.date().pred_opt()?)?.succ_opt()?;
            let last = first_pass(&zone, after.and_time(NaiveTime::MIN))?.checked_sub_signed(MINUTE)?;
            return earlier(last, at);
        }
        // The first pass, before the second, has later labels.
        if self.is_every_hour() || is_second_pass(at) {
            return at.clone().checked_sub_signed(MINUTE);
        }
        earlier(first_pass(&zone, self.last_label(label)?)?, at)
    }

    /// The first matching label after this one.
    fn next_label(&self, label: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut next = whole_minute(label)?.checked_add_signed(MINUTE)?;
        loop {
            next = if !self.has_date(next.date()) {
                self.next_date(next.date().succ_opt()?)?.and_time(NaiveTime::MIN)
            } else if !self.has_hour(next) {
                next.with_minute(0)?.checked_add_signed(TimeDelta::hours(1))?
            } else if !self.has_minute(next) {
                next.checked_add_signed(MINUTE)?
            } else {
                return Some(next);
            };
        }
    }

    /// The last matching label before this one.
    fn last_label(&self, label: NaiveDateTime) -> Option<NaiveDateTime> {
        let whole = whole_minute(label)?;
        let mut last = if whole < label { whole } else { whole.checked_sub_signed(MINUTE)? };
        loop {
            last = if !self.has_date(last.date()) {
                let after = self.last_date(last.date().pred_opt()?)?.succ_opt()?;
                after.and_time(NaiveTime::MIN).checked_sub_signed(MINUTE)?
            } else if !self.has_hour(last) {
                last.with_minute(0)?.checked_sub_signed(MINUTE)?
            } else if !self.has_minute(last) {
                last.checked_sub_signed(MINUTE)?
            } else {
                return Some(last);
            };
        }
    }

    /// The first matching date from this one on.
    fn next_date(&self, mut date: NaiveDate) -> Option<NaiveDate> {
        while !self.has_date(date) {
            date = if self.has_month(date) {
                date.checked_add_signed(DAY)?
            } else {
                date.with_day(1)?.checked_add_months(Months::new(1))?
            };
        }
        Some(date)
    }

    /// The last matching date up to this one.
    fn last_date(&self, mut date: NaiveDate) -> Option<NaiveDate> {
        while !self.has_date(date) {
            let step = if self.has_month(date) { date } else { date.with_day(1)? };
            date = step.checked_sub_signed(DAY)?;
        }
        Some(date)
    }
}

/// The moment at which a clock shows this for the first time, or has skipped it.
fn first_pass<Z: TimeZone>(zone: &Z, label: NaiveDateTime) -> Option<DateTime<Z>> {
    (0..LONGEST_GAP).find_map(|minutes| {
        let label = label.checked_add_signed(TimeDelta::minutes(minutes))?;
        zone.from_local_datetime(&label).earliest()
    })
}

/// Whether the clock was put back and shows this time again.
fn is_second_pass<Z: TimeZone>(at: &DateTime<Z>) -> bool {
    match at.timezone().from_local_datetime(&at.naive_local()) {
        MappedLocalTime::Ambiguous(_, second) => second == *at,
        MappedLocalTime::Single(_) | MappedLocalTime::None => false,
    }
}

fn later<Z: TimeZone>(one: DateTime<Z>, at: &DateTime<Z>) -> Option<DateTime<Z>> {
    if one > *at { Some(one) } else { at.clone().checked_add_signed(MINUTE) }
}

fn earlier<Z: TimeZone>(one: DateTime<Z>, at: &DateTime<Z>) -> Option<DateTime<Z>> {
    if one < *at { Some(one) } else { at.clone().checked_sub_signed(MINUTE) }
}

fn minute_of<Z: TimeZone>(at: &DateTime<Z>) -> Option<DateTime<Z>> {
    let since = TimeDelta::seconds(at.timestamp().rem_euclid(60));
    at.clone().checked_sub_signed(since + TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos())))
}

fn whole_minute(label: NaiveDateTime) -> Option<NaiveDateTime> {
    label.with_second(0)?.with_nanosecond(0)
}
