//! Numbers as text: the shortest form that reads back, in the shape Go prints it, and times in seconds.
//! Appends to a buffer and allocates nothing: a scrape writes millions of them.

use crate::model::{clock::SECOND, point::Number};

#[cfg(test)]
mod tests;

/// Appends a value: whole numbers exactly, the rest like [`push_f64`].
#[inline]
pub fn push_number(out: &mut Vec<u8>, value: Number) {
    match value {
        Number::Int(int) => out.extend_from_slice(itoa::Buffer::new().format(int).as_bytes()),
        Number::Double(double) => push_f64(out, double),
    }
}

/// Appends a count.
#[inline]
pub fn push_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a float as Go's `strconv` prints it with format `g` and the shortest precision.
#[inline]
pub fn push_f64(out: &mut Vec<u8>, value: f64) {
    // Whole numbers below a million need no exponent and are what most metrics hold.
    #[expect(clippy::cast_possible_truncation, reason = "the comparison finds out whether it was exact")]
    let whole = value as i32;
    if f64::from(whole).to_bits() == value.to_bits() && (-999_999..=999_999).contains(&whole) {
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    } else if value.is_finite() {
        push_finite(out, value);
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
}

/// Appends a float in OpenMetrics' canonical form of `le` and `quantile`: as [`push_f64`], but never without a `.` or an exponent.
pub fn push_canonical(out: &mut Vec<u8>, value: f64) {
    let start = out.len();
    push_f64(out, value);
    if value.is_finite() && !out.iter().skip(start).any(|byte| matches!(byte, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

/// Appends Unix nanoseconds as seconds with their fraction, never with an exponent.
pub fn push_seconds(out: &mut Vec<u8>, nanos: u64) {
    push_u64(out, nanos / SECOND);
    out.push(b'.');
    let mut rest = nanos % SECOND;
    let mut place = SECOND / 10;
    loop {
        let digit = u8::try_from(rest / place).unwrap_or(0);
        out.push(b'0'.saturating_add(digit));
        rest %= place;
        place /= 10;
        if rest == 0 || place == 0 {
            return;
        }
    }
}

fn push_finite(out: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    let size = value.abs();
    if (1e-4..1e6).contains(&size) || size == 0.0 {
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    } else {
        push_scientific(out, text);
    }
}

/// Writes the shortest digits again as one digit, a fraction, and an exponent of at least two digits.
fn push_scientific(out: &mut Vec<u8>, text: &str) {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let zeros = whole.bytes().chain(fraction.bytes()).take_while(|digit| *digit == b'0').count();
    let places = |n: usize| i32::try_from(n).unwrap_or(0);
    let exponent = exponent.saturating_add(places(whole.len())).saturating_sub(places(zeros)).saturating_sub(1);
    out.extend_from_slice(sign.as_bytes());
    let start = out.len();
    for (i, digit) in whole.bytes().chain(fraction.bytes()).skip(zeros).enumerate() {
        if i == 1 {
            out.push(b'.');
        }
        out.push(digit);
    }
    while out.len() > start.saturating_add(1) && out.last().is_some_and(|byte| matches!(byte, b'0' | b'.')) {
        let was_point = out.pop() == Some(b'.');
        if was_point {
            break;
        }
    }
    out.push(b'e');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent.unsigned_abs() < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
}
