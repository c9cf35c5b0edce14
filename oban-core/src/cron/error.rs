use std::fmt;

/// Why a text is no [`CronExpression`](super::CronExpression): the field, the value and what is allowed.
///
/// It owns nothing, so that it can be handled in constants; of a long text it keeps the beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CronError {
    text: [u8; CAPACITY],
    length: usize,
}

const CAPACITY: usize = 256;

/// So much of what was given is repeated.
const KEPT: usize = 40;

impl CronError {
    /// The message; also at compile time.
    pub const fn as_str(&self) -> &str {
        // Only whole characters are ever added.
        match str::from_utf8(self.text.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "it is no cron expression",
        }
    }

    pub(super) const fn new(text: &str) -> Self {
        Self { text: [0; CAPACITY], length: 0 }.say(text)
    }

    /// Adds text of ours.
    pub(super) const fn say(self, text: &str) -> Self {
        self.add(text.as_bytes(), CAPACITY)
    }

    /// Adds what was given, in quotes.
    pub(super) const fn quote(self, given: &[u8]) -> Self {
        let quoted = self.say("\"").add(given, KEPT);
        if given.len() > KEPT { quoted.say("…\"") } else { quoted.say("\"") }
    }

    /// Adds a number.
    pub(super) const fn number(self, number: u32) -> Self {
        let digit = [b'0' + (number % 10) as u8];
        let before = if number > 9 { self.number(number / 10) } else { self };
        before.add(&digit, 1)
    }

    const fn add(mut self, bytes: &[u8], most: usize) -> Self {
        let mut end = if bytes.len() < most { bytes.len() } else { most };
        if end > CAPACITY - self.length {
            end = CAPACITY - self.length;
        }
        // Not in the middle of a character.
        while end > 0 && end < bytes.len() && bytes[end] & 0b1100_0000 == 0b1000_0000 {
            end -= 1;
        }
        let mut at = 0;
        while at < end {
            self.text[self.length] = bytes[at];
            self.length += 1;
            at += 1;
        }
        self
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for CronError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("CronError").field(&self.as_str()).finish()
    }
}

impl std::error::Error for CronError {}
