use super::CronError;

/// One of the five fields: what its values are called and how far they go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) min: u32,
    pub(super) max: u32,
    /// Names of the values, from `min` on.
    names: &'static [&'static str],
}

pub(super) const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day", min: 1, max: 31, names: &[] },
    Field {
        name: "month",
        min: 1,
        max: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field { name: "weekday", min: 0, max: 6, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

/// A number beyond any field, at which reading stops to count.
const TOO_LARGE: u32 = 1_000_000;

impl Field {
    /// The values that a list means, a bit for each.
    pub(super) const fn parse(&self, list: &[u8]) -> Result<u64, CronError> {
        let (mut values, mut start, mut at) = (0, 0, 0);
        while at <= list.len() {
            if at == list.len() || list[at] == b',' {
                let part = list.split_at(at).0.split_at(start).1.trim_ascii();
                match self.part(part) {
                    Ok(more) => values |= more,
                    Err(error) => return Err(error),
                }
                start = at + 1;
            }
            at += 1;
        }
        Ok(values)
    }

    /// `*`, `5`, `1-5`, `*/2`, `5/2` or `1-5/2`.
    const fn part(&self, part: &[u8]) -> Result<u64, CronError> {
        let (first, mut last, mut at) = match self.number(part, 0) {
            Some((number, next)) => (number, number, next),
            None if !part.is_empty() && part[0] == b'*' => (self.min, self.max, 1),
            None => return Err(self.unknown(part)),
        };
        let is_number = part[0] != b'*';
        if is_number && at < part.len() && part[at] == b'-' {
            (last, at) = match self.number(part, at + 1) {
                Some(found) => found,
                None => return Err(self.unknown(part)),
            };
        } else if at < part.len() && part[at] == b'/' {
            last = self.max;
        }
        let step = match step(part, at) {
            Some(step) => step,
            None if at < part.len() && part[at] == b'/' => {
                let error = CronError::new("the step of ").say(self.name).say(" ").quote(part);
                return Err(error.say(" is to be a number from 1 to 99"));
            }
            None => return Err(self.unknown(part)),
        };
        if first < self.min || first > self.max {
            return Err(self.out_of_range(first, part));
        }
        if last < self.min || last > self.max {
            return Err(self.out_of_range(last, part));
        }
        if first > last {
            let error = CronError::new("the range ").quote(part).say(" of ").say(self.name);
            return Err(error.say(" begins after its end; write it as two, with a comma between them"));
        }
        let (mut values, mut value) = (0, first);
        while value <= last {
            values |= 1 << value;
            value += step;
        }
        Ok(values)
    }

    /// The number or the name at `at`, and where it ends. Oban replaces names as text, by which `JANFEB` would be
    /// December; here a name stands alone.
    const fn number(&self, part: &[u8], at: usize) -> Option<(u32, usize)> {
        let (mut number, mut end) = (0, at);
        while end < part.len() && part[end].is_ascii_digit() {
            if number < TOO_LARGE {
                number = number * 10 + (part[end] - b'0') as u32;
            }
            end += 1;
        }
        if end > at {
            return Some((number, end));
        }
        let (mut index, mut value) = (0, self.min);
        while index < self.names.len() {
            let name = self.names[index].as_bytes();
            if at + 3 <= part.len()
                && part[at] == name[0]
                && part[at + 1] == name[1]
                && part[at + 2] == name[2]
            {
                return Some((value, at + 3));
            }
            index += 1;
            value += 1;
        }
        None
    }

    const fn unknown(&self, part: &[u8]) -> CronError {
        let error = CronError::new(self.name).say(" ").quote(part).say(" is not understood; use *, ");
        let error = self.allowed(error).say(", a range such as ").number(self.min + 1).say("-");
        error.number(self.min + 5).say(", a step such as */5, or a list of these with commas")
    }

    const fn out_of_range(&self, number: u32, part: &[u8]) -> CronError {
        let error = CronError::new(self.name).say(" ").number(number).say(" in ").quote(part);
        self.allowed(error.say(" is out of range; use "))
    }

    const fn allowed(&self, error: CronError) -> CronError {
        let error = error.number(self.min).say(" to ").number(self.max);
        if self.names.is_empty() {
            return error;
        }
        error.say(" or ").say(self.names[0]).say(" to ").say(self.names[self.names.len() - 1])
    }
}

/// The step behind a part, 1 to 99; 1 if there is none. `None` for anything else.
const fn step(part: &[u8], at: usize) -> Option<u32> {
    if at == part.len() {
        return Some(1);
    }
    let digits = part.split_at(at + 1).1;
    if part[at] != b'/' || digits.is_empty() || digits.len() > 2 || digits[0] == b'0' {
        return None;
    }
    let (mut step, mut at) = (0, 0);
    while at < digits.len() {
        if !digits[at].is_ascii_digit() {
            return None;
        }
        step = step * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    Some(step)
}
