use super::read_attributes;
use crate::{model::reject::Reason, wire::write};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use proptest::prelude::{TestCaseError, any, prop, prop_assert, prop_assert_eq, proptest};
use prost::Message;

fn any_value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn string(text: &str) -> AnyValue {
    any_value(Value::StringValue(text.to_owned()))
}

fn array(values: Vec<AnyValue>) -> AnyValue {
    any_value(Value::ArrayValue(ArrayValue { values }))
}

fn map(values: Vec<(&str, AnyValue)>) -> AnyValue {
    let values = values.into_iter().map(|(key, value)| pair(key, value)).collect();
    any_value(Value::KvlistValue(KeyValueList { values }))
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn raw(attributes: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::new();
    attributes.iter().for_each(|attribute| write::bytes(&mut out, 7, &attribute.encode_to_vec()));
    out
}

fn check_raw(raw: &[u8], want: &Expect) {
    let text = match read_attributes(raw, 7) {
        Ok((attributes, doubled)) => {
            let mut lines: Vec<_> = attributes.iter().map(|a| format!("{:?}: {:?} {:?}", a.key, a.value_type, a.text)).collect();
            lines.extend((doubled > 0).then(|| format!("doubled: {doubled}")));
            lines.join("\n")
        }
        Err(reason) => format!("{reason:?}"),
    };
    want.assert_eq(&text);
}

fn check(attributes: &[KeyValue], want: &Expect) {
    check_raw(&raw(attributes), want);
}

/// Scenario: a value of each type. Guarantees: the text of LB-10, and the type beside it.
#[test]
fn lb_10_values_as_text() {
    let double = |value| any_value(Value::DoubleValue(value));
    check(
        &[
            pair("a.bool", any_value(Value::BoolValue(true))),
            pair("b.int", any_value(Value::IntValue(i64::MIN))),
            pair("c.double", double(0.1)),
            pair("c.whole", double(3.0)),
            pair("c.large", double(1e21)),
            pair("c.small", double(-1.5e-7)),
            pair("c.zero", double(-0.0)),
            pair("d.nan", double(f64::NAN)),
            pair("d.inf", double(f64::INFINITY)),
            pair("d.neg", double(f64::NEG_INFINITY)),
            pair("e.bytes", any_value(Value::BytesValue(vec![0xff, 0xfe, 0xfd, 0xfc]))),
            pair("f.string", string("a\"b\n\0ü")),
            KeyValue { key: "g.none".to_owned(), ..KeyValue::default() },
            pair("h.empty", AnyValue { value: None }),
            pair("", string("kept: the exposition drops it")),
        ],
        &expect![[r#"
            "": String "kept: the exposition drops it"
            "a.bool": Bool "true"
            "b.int": Int "-9223372036854775808"
            "c.double": Double "0.1"
            "c.large": Double "1e+21"
            "c.small": Double "-1.5e-7"
            "c.whole": Double "3"
            "c.zero": Double "-0"
            "d.inf": Double "Infinity"
            "d.nan": Double "NaN"
            "d.neg": Double "-Infinity"
            "e.bytes": Bytes "//79/A=="
            "f.string": String "a\"b\n\0ü"
            "g.none": Empty ""
            "h.empty": Empty """#]],
    );
}

/// Scenario: arrays and maps, nested, with what JSON lacks. Guarantees: JSON text; special floats and base64 as strings,
/// empty as null, keys of a map sorted and the last of equal ones.
#[test]
fn lb_10_arrays_and_maps_as_json() {
    let double = |value| any_value(Value::DoubleValue(value));
    check(
        &[
            pair("a", array(vec![])),
            pair(
                "b",
                array(vec![
                    string("q\"\\\n\u{1}é"),
                    any_value(Value::BoolValue(false)),
                    any_value(Value::IntValue(-7)),
                    double(1.0),
                    double(f64::NAN),
                    double(f64::NEG_INFINITY),
                    any_value(Value::BytesValue(vec![1])),
                    AnyValue { value: None },
                ]),
            ),
            pair("c", map(vec![])),
            pair("d", map(vec![("z", string("1")), ("a", array(vec![map(vec![("k", string("v"))])])), ("z", string("2"))])),
        ],
        &expect![[r#"
            "a": Array "[]"
            "b": Array "[\"q\\\"\\\\\\n\\u0001é\",false,-7,1,\"NaN\",\"-Infinity\",\"AQ==\",null]"
            "c": Map "{}"
            "d": Map "{\"a\":[{\"k\":\"v\"}],\"z\":\"2\"}""#]],
    );
}

/// Scenario: one key three times, among others. Guarantees: the last wins, the others are counted, the rest is sorted.
#[test]
fn lb_16_the_last_of_equal_keys_wins() {
    check(
        &[pair("k", string("1")), pair("z", string("z")), pair("k", string("2")), pair("a", string("a")), pair("k", string("3"))],
        &expect![[r#"
            "a": String "a"
            "k": String "3"
            "z": String "z"
            doubled: 2"#]],
    );
}

/// Scenario: each limit met and passed by one. Guarantees: met is read, passed is refused by its own reason.
#[test]
fn limits_refuse_by_name() {
    let nested = |depth: usize| (0..depth).fold(string("x"), |value, _| array(vec![value]));
    let maps = |depth: usize| (0..depth).fold(string("x"), |value, _| map(vec![("k", value)]));
    let reason = |attributes: &[KeyValue]| read_attributes(&raw(attributes), 7).err();
    let many = |n: usize| (0..n).map(|i| pair(&format!("k{i}"), string("v"))).collect::<Vec<_>>();
    assert_eq!(reason(&many(128)), None);
    assert_eq!(reason(&many(129)), Some(Reason::TooManyAttributes));
    assert_eq!(reason(&[pair(&"k".repeat(256), string(""))]), None);
    assert_eq!(reason(&[pair(&"k".repeat(257), string(""))]), Some(Reason::AttributeTooLong));
    assert_eq!(reason(&[pair("k", string(&"v".repeat(4096)))]), None);
    assert_eq!(reason(&[pair("k", string(&"v".repeat(4097)))]), Some(Reason::AttributeTooLong));
    assert_eq!(reason(&[pair("k", any_value(Value::BytesValue(vec![0; 3072])))]), None);
    assert_eq!(reason(&[pair("k", any_value(Value::BytesValue(vec![0; 3073])))]), Some(Reason::AttributeTooLong));
    assert_eq!(reason(&[pair("k", array(vec![string(""); 1365]))]), None);
    assert_eq!(reason(&[pair("k", array(vec![string(""); 1366]))]), Some(Reason::AttributeTooLong));
    assert_eq!(reason(&[pair("k", map(vec![("", string("")); 100_000]))]), Some(Reason::AttributeTooLong));
    assert_eq!(reason(&[pair("k", nested(32))]), None);
    assert_eq!(reason(&[pair("k", nested(33))]), Some(Reason::TooDeep));
    assert_eq!(reason(&[pair("k", maps(32))]), None);
    assert_eq!(reason(&[pair("k", maps(33))]), Some(Reason::TooDeep));
}

/// Scenario: ten thousand arrays in each other. Guarantees: refused for its depth, the stack holds.
#[test]
fn rj_10_ten_thousand_deep() {
    let mut value = Vec::new();
    for _ in 0..10_000 {
        let mut list = Vec::new();
        write::bytes(&mut list, 1, &value);
        value.clear();
        write::bytes(&mut value, 5, &list);
    }
    let mut out = Vec::new();
    write::nested(&mut out, 7, |out| write::bytes(out, 2, &value));
    assert_eq!(read_attributes(&out, 7), Err(Reason::TooDeep));
}

/// Scenario: bytes that are no attributes, or no text. Guarantees: a reason each; unknown fields are no reason.
#[test]
fn what_does_not_parse_is_refused() {
    check_raw(&[0x3a, 9, 1], &expect!["BadAttributes"]);
    check_raw(&[0x3a, 2, 0x0a, 9], &expect!["BadAttributes"]);
    check_raw(&[0x3a, 2, 0x08, 1], &expect!["BadAttributes"]);
    check_raw(&[0x3a, 4, 0x12, 2, 0x08, 1], &expect!["BadAttributes"]);
    check_raw(&[0x3a, 3, 0x0a, 1, 0xff], &expect!["NotUtf8"]);
    check_raw(&[0x3a, 5, 0x12, 3, 0x0a, 1, 0xff], &expect!["NotUtf8"]);
    check_raw(&[0x08, 1, 0x3a, 6, 0x98, 1, 0, 0x0a, 1, b'k', 0x11, 1, 2, 3, 4, 5, 6, 7, 8], &expect![[r#""k": Empty """#]]);
    check_raw(&[0x3a, 5, 0x12, 3, 0x40, 1, 0x00], &expect!["BadAttributes"]);
    check_raw(&[0x3a, 4, 0x12, 2, 0x40, 5], &expect![[r#""": Empty """#]]);
}

/// Scenario: a value in two pieces, and a oneof set several times. Guarantees: pieces merge, the last member wins.
#[test]
fn rv_07_split_values_merge() {
    let one = array(vec![string("1")]).encode_to_vec();
    let two = array(vec![string("2")]).encode_to_vec();
    let three = string("3").encode_to_vec();
    let split = |pieces: &[&Vec<u8>]| {
        let mut out = Vec::new();
        write::nested(&mut out, 7, |out| pieces.iter().for_each(|piece| write::bytes(out, 2, piece)));
        out
    };
    check_raw(&split(&[&one, &two]), &expect![[r#""": Array "[\"1\",\"2\"]""#]]);
    check_raw(&split(&[&one, &three]), &expect![[r#""": String "3""#]]);
    check_raw(&split(&[&one, &three, &two]), &expect![[r#""": Array "[\"2\"]""#]]);
}

fn check_against_prost(raw: &[u8]) -> Result<(), TestCaseError> {
    let Ok(theirs) = NumberDataPoint::decode(raw) else { return Ok(()) };
    let fits = theirs.attributes.len() <= 128;
    match read_attributes(raw, 7) {
        Ok((ours, doubled)) => {
            prop_assert!(fits);
            prop_assert_eq!(ours.len() as u64 + doubled, theirs.attributes.len() as u64);
            for attribute in ours {
                let last = theirs.attributes.iter().rfind(|a| a.key == *attribute.key);
                if let Some(Value::StringValue(text)) = last.and_then(|a| a.value.clone()).and_then(|value| value.value) {
                    prop_assert_eq!(text, attribute.text.as_ref());
                }
                prop_assert!(last.is_some());
            }
        }
        Err(reason) => prop_assert!(matches!(reason, Reason::TooManyAttributes | Reason::AttributeTooLong | Reason::TooDeep)),
    }
    Ok(())
}

proptest! {
    /// Scenario: any bytes as a point. Guarantees: no panic, and where prost reads attributes, so do we, the same.
    #[test]
    fn any_bytes_are_read_or_refused(raw in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 3, 4, 5, 0x08, 0x0a, 0x12, 0x1a, 0x2a, 0x32, 0x3a, 0x80, b'k']), 0..64)) {
        check_against_prost(&raw)?;
    }

    /// Scenario: any double. Guarantees: its text is a JSON number that reads back as the same value.
    #[test]
    fn doubles_survive_as_json_numbers(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        let (attributes, _) = read_attributes(&raw(&[pair("k", any_value(Value::DoubleValue(value)))]), 7).expect("one attribute");
        if value.is_finite() {
            let number: serde_json::Number = attributes[0].text.parse().expect("a JSON number");
            prop_assert_eq!(attributes[0].text.parse::<f64>().map(f64::to_bits), Ok(bits));
            prop_assert!(number.is_f64() || number.is_i64() || number.is_u64());
        }
    }

    /// Scenario: any texts in an array. Guarantees: a JSON parser reads them back.
    #[test]
    fn texts_survive_in_json(texts in prop::collection::vec(any::<String>(), 0..5)) {
        let value = array(texts.iter().map(|text| string(text)).collect());
        let (attributes, _) = read_attributes(&raw(&[pair("k", value)]), 7).expect("one attribute");
        prop_assert_eq!(serde_json::from_str::<Vec<String>>(&attributes[0].text).expect("JSON"), texts);
    }
}
