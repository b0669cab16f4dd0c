use super::read_exemplars;
use crate::wire::write;
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{Exemplar, exemplar::Value},
};
use proptest::prelude::{any, prop, proptest};
use prost::Message;

fn check(exemplars: &[Exemplar], want: &Expect) {
    let mut raw = Vec::new();
    exemplars.iter().for_each(|exemplar| write::bytes(&mut raw, 5, &exemplar.encode_to_vec()));
    want.assert_eq(&read_exemplars(&raw, 5).iter().map(|exemplar| format!("{exemplar:?}\n")).collect::<String>());
}

/// Scenario: whole and double values, ids good, short, zero and absent, an attribute. Guarantees: only the bad part is missing.
#[test]
fn ex_10_ex_11_only_the_bad_part_is_left_out() {
    let text = AnyValue { value: Some(any_value::Value::StringValue("v".to_owned())) };
    let attribute = KeyValue { key: "k".to_owned(), value: Some(text), ..KeyValue::default() };
    check(
        &[
            Exemplar {
                filtered_attributes: vec![attribute],
                time_unix_nano: 7,
                span_id: vec![1; 8],
                trace_id: vec![2; 16],
                value: Some(Value::AsInt(-3)),
            },
            Exemplar { trace_id: vec![1; 15], span_id: vec![1; 9], value: Some(Value::AsDouble(0.5)), ..Exemplar::default() },
            Exemplar { trace_id: vec![0; 16], span_id: vec![0; 8], value: Some(Value::AsInt(4)), ..Exemplar::default() },
            Exemplar { trace_id: vec![1; 16], ..Exemplar::default() },
        ],
        &expect![[r#"
            Exemplar { value: Int(-3), time: 7, trace_id: Some([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]), span_id: Some([1, 1, 1, 1, 1, 1, 1, 1]), attributes: [("k", "v")] }
            Exemplar { value: Double(0.5), time: 0, trace_id: None, span_id: None, attributes: [] }
            Exemplar { value: Int(4), time: 0, trace_id: None, span_id: None, attributes: [] }
        "#]],
    );
}

/// Scenario: more exemplars than a point may have. Guarantees: the last ones stay, in their order.
#[test]
fn a_flood_keeps_the_last() {
    let mut raw = Vec::new();
    for value in 0..1_000 {
        write::bytes(&mut raw, 5, &Exemplar { value: Some(Value::AsInt(value)), ..Exemplar::default() }.encode_to_vec());
    }
    let kept = read_exemplars(&raw, 5);
    assert_eq!(kept.len(), 256);
    assert_eq!(kept[0].value.as_f64().to_bits(), 744_f64.to_bits());
    assert_eq!(kept[255].value.as_f64().to_bits(), 999_f64.to_bits());
}

proptest! {
    /// Scenario: any bytes. Guarantees: no panic.
    #[test]
    fn any_bytes_are_survived(raw in prop::collection::vec(any::<u8>(), 0..64)) {
        assert!(read_exemplars(&raw, 5).len() <= raw.len());
        assert!(read_exemplars(&[&[0x2a, 60], raw.as_slice()].concat(), 5).len() <= 1);
    }
}
