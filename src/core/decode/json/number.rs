//! JSON numbers: their grammar, whole numbers exactly, and doubles.
//! Knows no field: what fits which type is for the caller.

use super::text::What;

/// How many bytes of `text` are a JSON number; `None` when it does not begin with one.
pub(super) fn number_len(text: &[u8]) -> Option<usize> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return None;
    }
    rest = rest.get(whole..)?;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        rest = fraction.get(len..).filter(|_| len > 0)?;
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let len = digits(exponent);
        rest = exponent.get(len..).filter(|_| len > 0)?;
    }
    Some(text.len().saturating_sub(rest.len()))
}

/// A whole number, exactly, however it is written: `5`, `5.0`, `5e3`, `500e-2` (RJ-05).
pub(super) fn integer(text: &[u8]) -> Result<i128, What> {
    if let Some(value) = short(text) {
        return Ok(value);
    }
    if number_len(text) != Some(text.len()) {
        return Err("expected an integer");
    }
    let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |text| (true, text));
    let cut = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at_checked(cut).unwrap_or((text, b""));
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let fraction = mantissa.len().saturating_sub(point).saturating_sub(1);
    // Zeros at either end carry no value, only the exponent does: 1e3 and 1000 have the digits "1".
    let digits: Vec<u8> = mantissa.iter().filter(|byte| **byte != b'.').skip_while(|byte| **byte == b'0').copied().collect();
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    let digits = digits.get(..digits.len().saturating_sub(zeros)).unwrap_or_default();
    if digits.is_empty() {
        return Ok(0);
    }
    let shift = exponent_of(exponent).saturating_sub(as_i64(fraction)).saturating_add(as_i64(zeros));
    let shift = u32::try_from(shift).map_err(|_| if shift < 0 { "expected an integer" } else { "integer out of range" })?;
    let value = digits.iter().try_fold(0_i128, |value, digit| value.checked_mul(10)?.checked_add(i128::from(digit & 15)));
    let value = value.and_then(|value| value.checked_mul(10_i128.checked_pow(shift)?)).ok_or("integer out of range")?;
    Ok(if negative { value.wrapping_neg() } else { value })
}

/// Up to 19 digits and nothing else: how numbers are written nearly always.
fn short(text: &[u8]) -> Option<i128> {
    if text.is_empty() || text.len() > 19 || (text.len() > 1 && text.first() == Some(&b'0')) {
        return None;
    }
    let value = text
        .iter()
        .try_fold(0_u64, |value, byte| byte.is_ascii_digit().then(|| value.wrapping_mul(10).wrapping_add(u64::from(byte & 15))));
    value.map(i128::from)
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The exponent behind the `e`; saturates, so that a silly one is merely out of range.
fn exponent_of(text: &[u8]) -> i64 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let size = digits.fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit & 15)));
    if text.contains(&b'-') { size.saturating_neg() } else { size }
}

/// A double; one too large for 64 bits is an error, not infinity.
pub(super) fn double(text: &[u8]) -> Result<f64, What> {
    if number_len(text) != Some(text.len()) {
        return Err("expected a number");
    }
    let value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok()).ok_or("expected a number")?;
    if value.is_finite() { Ok(value) } else { Err("number out of range") }
}
