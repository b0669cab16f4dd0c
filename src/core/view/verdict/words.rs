//! Numbers, ages and moments as people read them.
//! Exact values are for machines; they go out as JSON.

use crate::model::clock::{SECOND, Wall};
use std::time::Duration;

/// Numbers below this are written in full.
const EXACT_BELOW: f64 = 10_000.0;
const DAY_SECS: u64 = 86_400;

/// `412`, `18.2k`, `1.2M`: a count, or a rate rounded to whole numbers.
#[must_use]
pub fn count(n: f64) -> String {
    let scaled = |by: f64, unit: &str| {
        let text = format!("{:.1}", n / by);
        format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
    };
    match n {
        n if n < 0.95 && n > 0.0 => format!("{n:.1}"),
        n if n < EXACT_BELOW => format!("{n:.0}"),
        n if n < 999_950.0 => scaled(1_000.0, "k"),
        n if n < 999_950_000.0 => scaled(1_000_000.0, "M"),
        _ => scaled(1_000_000_000.0, "G"),
    }
}

/// [`count`] of a whole number.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn whole(n: u64) -> String {
    count(n as f64)
}

/// `s` for all but one.
#[must_use]
pub const fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// `3s`, `12m`, `3h12m`, `90d`: the two largest units below a day, the largest above.
#[must_use]
pub fn age(duration: Duration) -> String {
    let secs = duration.as_secs();
    match secs {
        0..60 => format!("{secs}s"),
        60..3_600 if secs.is_multiple_of(60) || secs >= 600 => format!("{}m", secs / 60),
        60..3_600 => format!("{}m{}s", secs / 60, secs % 60),
        3_600..172_800 if secs % 3_600 < 60 => format!("{}h", secs / 3_600),
        3_600..172_800 => format!("{}h{}m", secs / 3_600, secs % 3_600 / 60),
        _ => format!("{}d", secs / DAY_SECS),
    }
}

/// How far apart two moments are.
#[must_use]
pub const fn between(earlier: Wall, later: Wall) -> Duration {
    Duration::from_nanos(later.0.saturating_sub(earlier.0))
}

/// `14:02:11Z` within a day of `now`, else the whole of it.
#[must_use]
pub fn moment(at: Wall, now: Wall) -> String {
    let whole = super::super::time::format_time(Wall(at.0 / SECOND * SECOND));
    let near = at.0.abs_diff(now.0) < DAY_SECS * SECOND;
    match whole.split_once('T') {
        Some((_, time)) if near => time.to_owned(),
        _ => whole,
    }
}

/// A text that a POSIX shell takes for one word as it is.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
