//! How numbers and times look in tables.
//! The templates call it, and hand over references; knows no screen.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]

use pointsman_core::view::{time::parse_time, verdict::words};
use std::time::Duration;

/// `12.4k`, for people; the exact number stands beside it where it matters.
pub(super) fn count(n: &u64) -> String {
    words::whole(*n)
}

/// The same of a length.
pub(super) fn many(n: &usize) -> String {
    words::whole(u64::try_from(*n).unwrap_or(u64::MAX))
}

/// `64 MiB`, rounded down to what is readable.
pub(super) fn bytes(n: &u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut unit) = (*n, 0);
    while whole >= 10_240 && unit + 1 < units.len() {
        (whole, unit) = (whole / 1024, unit + 1);
    }
    format!("{whole} {}", units.get(unit).copied().unwrap_or_default())
}

/// How long before `now` a moment was, both RFC 3339; empty for none.
pub(super) fn ago(at: &str, now: &str) -> String {
    match (parse_time(at), parse_time(now)) {
        (Some(at), Some(now)) => format!("{} ago", words::age(words::between(at, now))),
        _ => String::new(),
    }
}

/// The same of a number that is a `usize` here.
pub(super) fn bytes_of(n: &usize) -> String {
    bytes(&u64::try_from(*n).unwrap_or(u64::MAX))
}

/// A rate, for people.
pub(super) fn rate(n: &f64) -> String {
    words::count(*n)
}

/// `3h12m`.
pub(super) fn seconds(n: &u64) -> String {
    words::age(Duration::from_secs(*n))
}

/// `14:02:11Z` within a day of `now`, both RFC 3339, else the whole of it.
pub(super) fn moment(at: &str, now: &str) -> String {
    match (parse_time(at), parse_time(now)) {
        (Some(at), Some(now)) => words::moment(at, now),
        _ => at.to_owned(),
    }
}
