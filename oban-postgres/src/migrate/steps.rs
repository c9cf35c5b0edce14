//! Oban's fourteen versions, each with its way up and down.

use crate::{
    prefix::Prefix,
    sql::{self, Statement},
};

/// The version of Oban's catalog this crate works with.
pub(super) const LATEST: u32 = 14;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrations/", $name, ".sql"))
    };
}

/// The text that leads from version `step - 1` to `step`.
pub(super) fn up(step: u32, prefix: &Prefix) -> Statement {
    let text = match step {
        1 => file!("01_up"),
        2 => file!("02_up"),
        3 => file!("03_up"),
        4 => file!("04_up"),
        5 => file!("05_up"),
        8 => file!("08_up"),
        9 => file!("09_up"),
        10 => file!("10_up"),
        11 => file!("11_up"),
        12 => file!("12_up"),
        14 => file!("14_up"),
        // 6 changed nothing; 7 and 13 only made indexes, which are arranged by profile.
        _ => "",
    };
    sql::render(text, prefix)
}

/// The text that leads from version `step` to `step - 1`.
pub(super) fn down(step: u32, prefix: &Prefix) -> Statement {
    let text = match step {
        1 => file!("01_down"),
        2 => file!("02_down"),
        3 => file!("03_down"),
        8 => file!("08_down"),
        9 => file!("09_down"),
        10 => file!("10_down"),
        11 => file!("11_down"),
        12 => file!("12_down"),
        14 => file!("14_down"),
        _ => "",
    };
    sql::render(text, prefix)
}

/// The text that makes what is ours.
pub(super) fn ours_up(prefix: &Prefix) -> Statement {
    sql::render(file!("ours_up"), prefix)
}

/// The text that removes what is ours.
pub(super) fn ours_down(prefix: &Prefix) -> Statement {
    sql::render(file!("ours_down"), prefix)
}
