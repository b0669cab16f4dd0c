//! Times and durations as users write them: RFC 3339 and `1h30m`.
//! Has no clock: it turns text into values and back.

use crate::model::clock::{SECOND, Wall};
use std::time::Duration;

const DAY_SECS: u64 = 86_400;
const UNITS: [(&str, u64); 6] =
    [("ms", 1_000_000), ("us", 1_000), ("ns", 1), ("h", 3_600 * SECOND), ("m", 60 * SECOND), ("s", SECOND)];

/// Reads `4h`, `1h30m`, `1.5s`, `250ms`. `None` when it is not of that form, or too long to count.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut nanos = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let (unit, scale) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole: u64 = whole.parse().ok()?;
        let decimals = u32::try_from(fraction.len()).ok().filter(|n| *n <= 9)?;
        let fraction: u64 = fraction.parse().ok()?;
        let part = u64::try_from(u128::from(fraction) * u128::from(*scale) / u128::from(10u64.pow(decimals))).ok()?;
        nanos = nanos.checked_add(whole.checked_mul(*scale)?)?.checked_add(part)?;
        rest = after.get(unit.len()..)?;
    }
    (!text.is_empty()).then_some(Duration::from_nanos(nanos))
}

/// Writes the largest units that say it exactly: `4h`, `1h30m`, `250ms`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    if nanos == 0 {
        return "0s".into();
    }
    let mut out = String::new();
    for unit in ["h", "m", "s", "ms", "us", "ns"] {
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map_or(1, |(_, scale)| *scale);
        if nanos >= scale {
            out.push_str(&format!("{}{unit}", nanos / scale));
            nanos %= scale;
        }
    }
    out
}

/// Reads `2026-11-22T18:02:09Z`, with any fraction and offset. `None` when it is not of that form or before 1970.
#[must_use]
pub fn parse_time(text: &str) -> Option<Wall> {
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u64>().ok())?
    };
    let mark = |at: usize, any: &[char]| text.get(at..)?.starts_with(any).then_some(());
    mark(4, &['-']).and(mark(7, &['-'])).and(mark(10, &['T', 't', ' '])).and(mark(13, &[':'])).and(mark(16, &[':']))?;
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = u64::from(is_leap(year) && month == 2);
    let days = month.checked_sub(1).and_then(|m| MONTH_DAYS.get(usize::try_from(m).ok()?))?;
    if day == 0 || day > days + leap || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(tail) => tail.split_at_checked(tail.find(|c: char| !c.is_ascii_digit())?)?,
        None => ("", rest),
    };
    let nanos: u64 = format!("{:0<9.9}", fraction).parse().ok()?;
    let secs = days_before(year, month, day)? * DAY_SECS + hour * 3_600 + minute * 60 + second;
    let secs = match zone {
        "Z" | "z" => secs,
        _ => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let shift =
                hours.parse::<u64>().ok().filter(|h| *h < 24)? * 3_600 + minutes.parse::<u64>().ok().filter(|m| *m < 60)? * 60;
            match zone.chars().next()? {
                '+' => secs.checked_sub(shift)?,
                '-' => secs + shift,
                _ => return None,
            }
        }
    };
    Some(Wall(secs.checked_mul(SECOND)?.checked_add(nanos)?))
}

/// Writes RFC 3339 in UTC; a fraction only where there is one, in milliseconds.
#[must_use]
pub fn format_time(time: Wall) -> String {
    let (secs, millis) = (time.0 / SECOND, time.0 % SECOND / 1_000_000);
    let (mut days, in_day) = (secs / DAY_SECS, secs % DAY_SECS);
    let mut year = 1970;
    while days >= year_days(year) {
        days -= year_days(year);
        year += 1;
    }
    let mut month = 1;
    for length in MONTH_DAYS {
        let length = length + u64::from(month == 2 && is_leap(year));
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", days + 1)
}

const MONTH_DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn year_days(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days from the epoch to a date; `None` before 1970.
fn days_before(year: u64, month: u64, day: u64) -> Option<u64> {
    let years: u64 = (1970..year).map(year_days).sum();
    let months: u64 = MONTH_DAYS.iter().zip(1..month).map(|(days, m)| days + u64::from(m == 2 && is_leap(year))).sum();
    (year >= 1970).then_some(years + months + day - 1)
}

#[cfg(test)]
mod tests;
