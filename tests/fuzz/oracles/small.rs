//! Small readers and writers: patterns, numbers as text, durations and times, attributes, what back ends answer, who is sampled.
//! The models are as simple as they are slow.

use super::choices::Choices;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceResponse,
    common::v1::{AnyValue, any_value::Value as Any},
    resource::v1::Resource,
};
use pointsman_core::{
    expose::number::{push_canonical, push_f64, push_seconds},
    limits::ECHO_BYTES_MAX,
    model::clock::Wall,
    traces::{answer, sample::keeps},
    view::{pattern::Pattern, time},
    wire::{
        attributes::{ValueType, read_attributes},
        write,
    },
};
use prost::Message;
use serde_json::json;
use std::{collections::BTreeMap, hint::black_box, time::Duration};

/// Two patterns and a name: matching is what a naive glob says, and a pattern that covers another names all that it names.
pub fn pattern(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default().chars().take(64).collect::<String>();
    let (first, second, name) = (next(), next(), next());
    let (a, b) = (Pattern::new(&first), Pattern::new(&second));
    for pattern in [&a, &b] {
        assert_eq!(pattern.matches(&name), naive(pattern.as_str(), &name), "{pattern:?} and {name:?}");
        assert!(!pattern.is_literal() || pattern.matches(&name) == (pattern.as_str() == name));
        assert!(pattern.covers(pattern));
    }
    if a.covers(&b) {
        assert!(!b.matches(&name) || a.matches(&name), "{a:?} covers {b:?}, and does not name {name:?}");
        let literal = second.replace('*', "").replace('?', "x");
        assert!(!b.matches(&literal) || a.matches(&literal), "{a:?} covers {b:?}, and does not name {literal:?}");
    }
}

/// Character by character, with a table of what is known.
fn naive(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let mut before: Vec<bool> = (0..=name.len()).map(|n| n == 0).collect();
    for c in pattern {
        let mut after = vec![false; name.len() + 1];
        for n in 0..=name.len() {
            after[n] = match c {
                '*' => before[n] || (n > 0 && after[n - 1]),
                '?' => n > 0 && before[n - 1],
                c => n > 0 && before[n - 1] && name[n - 1] == c,
            };
        }
        before = after;
    }
    before[name.len()]
}

/// Eight bytes as a double and a time: what is written is read as the same, and is as short as can be.
pub fn number(input: &[u8]) {
    let mut from = Choices(input);
    let bits = u64::from_le_bytes(std::array::from_fn(|_| from.byte()));
    let value = f64::from_bits(bits);
    let text = written(|out| push_f64(out, value));
    let canonical = written(|out| push_canonical(out, value));
    for text in [&text, &canonical] {
        let read: f64 = text.parse().unwrap_or_else(|_| panic!("{text} is no number"));
        assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{text} of {value:e}");
        assert!(!text.bytes().any(|b| b == b'E' || b == b' '), "{text}");
    }
    if value.is_finite() {
        assert!(canonical.contains(['.', 'e']), "{canonical} of {text}");
        // Of two that are as near and as short, either may be taken.
        assert_eq!(digits(&text).len(), digits(&format!("{value:e}")).len(), "not the shortest: {text}");
    }
    let seconds = written(|out| push_seconds(out, bits));
    let (whole, fraction) = seconds.split_once('.').expect("a point");
    let whole: u128 = whole.parse().expect("digits");
    let nanos: u128 = format!("{fraction:0<9}").parse().expect("digits");
    assert!(fraction.len() <= 9 && whole * 1_000_000_000 + nanos == u128::from(bits), "{seconds} of {bits}");
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("ASCII")
}

/// Digits of a number without zeros at both ends.
fn digits(text: &str) -> String {
    let mantissa = text.split('e').next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Any text as a duration and as a time: what is read and written is read as the same again.
pub fn times(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(duration) = time::parse_duration(&text) {
        let written = time::format_duration(duration);
        assert_eq!(time::parse_duration(&written), Some(duration), "{text} is written {written}");
    }
    if let Some(moment) = time::parse_time(&text) {
        let written = time::format_time(moment);
        let again = time::parse_time(&written).unwrap_or_else(|| panic!("{text} is written {written}"));
        assert_eq!(again.0, moment.0 / 1_000_000 * 1_000_000, "{text} is written {written}, in whole milliseconds");
    }
    if let Some(bytes) = input.first_chunk() {
        let moment = Wall(u64::from_le_bytes(*bytes));
        let written = time::format_time(moment);
        assert_eq!(time::parse_time(&written).map(|again| again.0), Some(moment.0 / 1_000_000 * 1_000_000), "{written}");
    }
}

/// Any bytes as the answer of a back end: where prost reads it, we read the same; what is echoed is short and has no control bytes.
pub fn trace_answer(input: &[u8]) {
    let ours = answer::partial_success(input);
    if let Ok(response) = ExportTraceServiceResponse::decode(input) {
        let partial = response.partial_success.unwrap_or_default();
        let (rejected, message) = ours.as_ref().map_or((0, ""), |partial| (partial.rejected, partial.message.as_str()));
        assert_eq!(rejected, u64::try_from(partial.rejected_spans).unwrap_or(0));
        assert_eq!(message, answer::excerpt(partial.error_message.as_bytes()));
    }
    if let Some(partial) = ours {
        assert!(partial.message.chars().count() <= ECHO_BYTES_MAX && !partial.message.contains(char::is_control));
    }
    // Written as a status with these seconds and nanoseconds, it is the delay.
    let mut from = Choices(input);
    let (seconds, nanos) = (u64::from(from.byte()) << (from.byte() % 32), from.below(256) as u64 * 3_906_250);
    let mut details = status_with_delay(seconds, nanos);
    assert_eq!(answer::retry_delay(&details), Some(Duration::new(seconds, u32::try_from(nanos).expect("below a second"))));
    details.extend_from_slice(from.rest());
    black_box(answer::retry_delay(&details));
    black_box(answer::retry_delay(input));
}

/// `google.rpc.Status` with a `RetryInfo` in its details.
fn status_with_delay(seconds: u64, nanos: u64) -> Vec<u8> {
    let (mut duration, mut info, mut any, mut status) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    write::uint(&mut duration, 1, seconds);
    write::uint(&mut duration, 2, nanos);
    write::bytes(&mut info, 1, &duration);
    write::bytes(&mut any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
    write::bytes(&mut any, 2, &info);
    write::bytes(&mut status, 3, &any);
    status
}

/// A trace id and two shares: a greater share keeps whatever a lesser one does, 1 keeps all, 0 none, and only the low 56 bits count.
pub fn sampling(input: &[u8]) {
    let mut from = Choices(input);
    let id: [u8; 16] = std::array::from_fn(|_| from.byte());
    let (a, b) = (f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| from.byte()))), from.double());
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    if low <= high {
        assert!(!keeps(&id, low) || keeps(&id, high), "{low} keeps what {high} does not");
    }
    assert!(keeps(&id, 1.0) && !keeps(&id, 0.0) && !keeps(&id, f64::NAN));
    let mut other = id;
    other[..9].iter_mut().for_each(|byte| *byte = !*byte);
    assert_eq!(keeps(&id, a), keeps(&other, a), "bits count that are not random");
    // The share in 2^-56, counted from the top.
    let random = id[9..].iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if (0.0..=1.0).contains(&a) {
        let kept = (a * 72_057_594_037_927_936.0).round();
        #[expect(clippy::cast_precision_loss, reason = "56 bits: the comparison leaves out what rounding could touch")]
        let from_top = (72_057_594_037_927_936 - random) as f64;
        if (from_top - kept).abs() > 16.0 {
            assert_eq!(keeps(&id, a), from_top <= kept, "{random} at {a}");
        }
    }
}

/// Any bytes as the attributes of a resource: prost reads whatever we take, and keys, types and texts are those of its structs.
pub fn attributes(input: &[u8]) {
    let ours = read_attributes(input, 1);
    let Ok(resource) = Resource::decode(input) else { return };
    let Ok((ours, doubles)) = ours else { return };
    // The last of equal keys counts.
    let mut model: BTreeMap<&str, Option<&Any>> = BTreeMap::new();
    for pair in &resource.attributes {
        model.insert(&pair.key, pair.value.as_ref().and_then(|value| value.value.as_ref()));
    }
    assert_eq!(doubles, (resource.attributes.len() - model.len()) as u64);
    assert_eq!(ours.len(), model.len());
    for (attribute, (key, value)) in ours.iter().zip(model) {
        assert_eq!(&*attribute.key, key);
        let expected = match value {
            None => (ValueType::Empty, String::new()),
            Some(Any::StringValue(text)) => (ValueType::String, text.clone()),
            Some(Any::BoolValue(value)) => (ValueType::Bool, value.to_string()),
            Some(Any::IntValue(value)) => (ValueType::Int, value.to_string()),
            Some(Any::DoubleValue(value)) => {
                let read: f64 = attribute.text.parse().expect("a number");
                assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{attribute:?}");
                (ValueType::Double, attribute.text.to_string())
            }
            Some(Any::BytesValue(bytes)) => (ValueType::Bytes, base64(bytes)),
            Some(nested @ (Any::ArrayValue(_) | Any::KvlistValue(_))) => {
                let read: serde_json::Value = serde_json::from_str(&attribute.text).expect("arrays and maps are JSON");
                assert_eq!(by_value(&read), by_value(&json_of(nested)));
                let kind = if read.is_array() { ValueType::Array } else { ValueType::Map };
                (kind, attribute.text.to_string())
            }
            Some(_) => return, // values that a later version of the protocol adds
        };
        assert_eq!((attribute.value_type, attribute.text.to_string()), expected);
    }
}

/// An `AnyValue` as JSON.
fn json_of(value: &Any) -> serde_json::Value {
    let inner =
        |value: &Option<AnyValue>| value.as_ref().and_then(|value| value.value.as_ref()).map_or(serde_json::Value::Null, json_of);
    match value {
        Any::StringValue(text) => json!(text),
        Any::BoolValue(value) => json!(value),
        Any::IntValue(value) => json!(value),
        Any::DoubleValue(value) if value.is_nan() => json!("NaN"),
        Any::DoubleValue(value) if value.is_infinite() => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
        Any::DoubleValue(value) => json!(value),
        Any::ArrayValue(array) => array.values.iter().map(|value| inner(&Some(value.clone()))).collect(),
        Any::KvlistValue(list) => {
            list.values.iter().map(|pair| (pair.key.clone(), inner(&pair.value))).collect::<serde_json::Map<_, _>>().into()
        }
        Any::BytesValue(bytes) => json!(base64(bytes)),
        _ => serde_json::Value::Null,
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().chain([0; 2].iter()).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            out.push(if place <= chunk.len() { char::from(DIGITS[bits >> (18 - 6 * place) & 63]) } else { '=' });
        }
    }
    out
}

/// JSON as text, numbers by their value.
fn by_value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Number(number) => number.as_f64().map_or_else(String::new, |number| format!("{number:e}")),
        serde_json::Value::Array(values) => format!("[{}]", values.iter().map(by_value).collect::<Vec<_>>().join(",")),
        serde_json::Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key:?}:{}", by_value(value))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}
