//! Resources that claim to be somebody else's: in plain words, in every type of value, twice, and in every way in which protobuf
//! lets one message be split. Knows bytes and names, not what becomes of them.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
use pointsman_core::wire::write;
use prost::Message;
use serde_json::{Value as Json, json};

/// A namespace, its pod, and that pod's uid.
pub(super) struct Home {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) uid: String,
}

/// What has to become of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Refused, and counted as forged.
    Refused,
    /// Taken, under its sender's own names.
    Own,
}

/// A resource, and what has to become of it.
pub(super) struct Lie {
    pub(super) what: String,
    pub(super) fate: Fate,
    /// The fields of a `ResourceMetrics` or `ResourceSpans` that make its resource.
    pub(super) fields: Vec<u8>,
    /// The same in JSON, where JSON can say it.
    pub(super) json: Option<Json>,
}

const NAMESPACE: &str = "k8s.namespace.name";
const SERVICE_NAMESPACE: &str = "service.namespace";
const POD: &str = "k8s.pod.name";
const UID: &str = "k8s.pod.uid";

pub(super) fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

pub(super) fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn said(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let service = [("service.name", "till"), ("service.instance.id", "till-1")];
    service.iter().chain(pairs).map(|(key, value)| pair(key, text(value))).collect()
}

/// A resource in plain words.
pub(super) fn plain(what: &str, fate: Fate, attributes: &[KeyValue]) -> Lie {
    let mut fields = Vec::new();
    write::nested(&mut fields, 1, |resource| {
        attributes.iter().for_each(|attribute| write::bytes(resource, 1, &attribute.encode_to_vec()));
    });
    let attributes: Vec<Json> =
        attributes.iter().map(|one| json!({"key": one.key, "value": one.value.as_ref().map(json_of)})).collect();
    Lie { what: what.to_owned(), fate, fields, json: Some(json!({ "attributes": attributes })) }
}

fn json_of(value: &AnyValue) -> Json {
    match value.value.as_ref().expect("every value here has one") {
        Value::StringValue(value) => json!({ "stringValue": value }),
        Value::BoolValue(value) => json!({ "boolValue": value }),
        Value::IntValue(value) => json!({ "intValue": value.to_string() }),
        Value::DoubleValue(value) => json!({ "doubleValue": value }),
        Value::ArrayValue(list) => json!({"arrayValue": {"values": list.values.iter().map(json_of).collect::<Vec<_>>()}}),
        Value::KvlistValue(list) => {
            let values = list.values.iter().map(|one| json!({"key": one.key, "value": one.value.as_ref().map(json_of)}));
            json!({"kvlistValue": {"values": values.collect::<Vec<_>>()}})
        }
        // "till", whose bytes are in its place: three of them, so that nothing is padded.
        Value::BytesValue(_) => json!({ "bytesValue": "AQID" }),
        other => panic!("no JSON for {other:?}"),
    }
}

/// Whatever `mallory` may claim in plain words.
pub(super) fn in_words(victim: &Home, mallory: &Home, neighbour: &Home) -> Vec<Lie> {
    let (v, m) = (victim.namespace.as_str(), mallory.namespace.as_str());
    let lie = |what: &str, pairs: &[(&str, &str)]| plain(what, Fate::Refused, &said(pairs));
    let whole = [(NAMESPACE, v), (SERVICE_NAMESPACE, v), (POD, &victim.pod), (UID, &victim.uid)];
    let mut lies = vec![
        lie("the namespace", &[(NAMESPACE, v)]),
        lie("the service's namespace", &[(SERVICE_NAMESPACE, v)]),
        lie("both", &[(NAMESPACE, v), (SERVICE_NAMESPACE, v)]),
        lie("its own, and the service's is not", &[(NAMESPACE, m), (SERVICE_NAMESPACE, v)]),
        lie("the service's is its own, and its is not", &[(NAMESPACE, v), (SERVICE_NAMESPACE, m)]),
        lie("everything", &whole),
        lie("everything but the service's namespace", &[whole[0], whole[2], whole[3]]),
        lie("everything but the namespace", &whole[1..]),
        lie("its pod", &[(POD, &victim.pod)]),
        lie("its pod's uid", &[(UID, &victim.uid)]),
        lie("its pod and uid", &whole[2..]),
        lie("its own pod with the other's uid", &[(NAMESPACE, m), (POD, &mallory.pod), (UID, &victim.uid)]),
        lie("the other's pod with its own uid", &[(NAMESPACE, m), (POD, &victim.pod), (UID, &mallory.uid)]),
        lie("a neighbour's pod", &[(NAMESPACE, m), (POD, &neighbour.pod), (UID, &neighbour.uid)]),
        lie("a neighbour's uid", &[(UID, &neighbour.uid)]),
        lie("a pod that is not", &[(POD, "nobody")]),
        lie("no namespace that is", &[(NAMESPACE, "nowhere")]),
        lie("any namespace", &[(NAMESPACE, "*")]),
    ];
    for (what, spelt) in [
        ("a blank before", format!(" {v}")),
        ("a blank behind", format!("{v} ")),
        ("capitals", v.to_uppercase()),
        ("an end in it", format!("{v}\0")),
        ("a path", format!("{m}/../{v}")),
        ("a service behind", format!("{v}/till")),
        ("both in one", format!("{m},{v}")),
        ("letters of no width", format!("{v}\u{200b}")),
    ] {
        lies.push(lie(what, &[(NAMESPACE, &spelt)]));
        lies.push(lie(what, &[(NAMESPACE, m), (SERVICE_NAMESPACE, &spelt)]));
    }
    lies
}

/// Values that are no texts.
pub(super) fn in_types(victim: &Home) -> Vec<Lie> {
    let name = || AnyValue { value: Some(text(&victim.namespace)) };
    let types = [
        ("an array", Value::ArrayValue(ArrayValue { values: vec![name()] })),
        ("a map", Value::KvlistValue(KeyValueList { values: vec![pair(NAMESPACE, text(&victim.namespace))] })),
        ("bytes", Value::BytesValue(vec![1, 2, 3])),
        ("a number", Value::IntValue(7)),
        ("a fraction", Value::DoubleValue(0.5)),
        ("a truth", Value::BoolValue(true)),
    ];
    let keys = [NAMESPACE, SERVICE_NAMESPACE, UID];
    let all = types.iter().flat_map(|(what, value)| keys.map(|key| (what, key, value.clone())));
    all.map(|(what, key, value)| plain(&format!("{key} as {what}"), Fate::Refused, &[said(&[]), vec![pair(key, value)]].concat()))
        .collect()
}

/// The same attribute twice: the last one counts, and nobody may see the other.
pub(super) fn twice(victim: &Home, mallory: &Home) -> Vec<Lie> {
    let (v, m) = (victim.namespace.as_str(), mallory.namespace.as_str());
    let of = |what: &str, fate, pairs: &[(&str, &str)]| plain(what, fate, &said(pairs));
    let mut lies = Vec::new();
    for (key, own, other) in [(NAMESPACE, m, v), (SERVICE_NAMESPACE, m, v), (UID, &mallory.uid, &victim.uid)] {
        lies.push(of(&format!("{key}: its own, then the other's"), Fate::Refused, &[(key, own), (key, other)]));
        lies.push(of(&format!("{key}: nothing, then the other's"), Fate::Refused, &[(key, ""), (key, other)]));
        lies.push(of(&format!("{key}: the other's, then its own"), Fate::Own, &[(key, other), (key, own)]));
        lies.push(of(&format!("{key}: the other's, then nothing"), Fate::Own, &[(key, other), (key, "")]));
        lies.push(of(&format!("{key}: nothing"), Fate::Own, &[(key, "")]));
    }
    lies
}

/// What only protobuf can say: fields in another order, in pieces, twice, and some that nobody knows.
pub(super) fn in_pieces(victim: &Home, mallory: &Home) -> Vec<Lie> {
    let (v, m) = (victim.namespace.as_str(), mallory.namespace.as_str());
    let value = |text: &str| AnyValue { value: Some(self::text(text)) }.encode_to_vec();
    // Fields of a KeyValue, one after the other: 1 is the key, 2 the value.
    let attribute = |fields: &[(u32, &[u8])]| {
        let mut bytes = Vec::new();
        fields.iter().for_each(|(field, content)| write::bytes(&mut bytes, *field, content));
        bytes
    };
    let (key, own, other) = (NAMESPACE.as_bytes(), value(m), value(v));
    let merged = [own.as_slice(), other.as_slice()].concat();
    let unknown: &[u8] = b"\x01\x02";
    let rows: [(&str, Fate, Vec<u8>); 9] = [
        ("the value before the key", Fate::Refused, attribute(&[(2, &other), (1, key)])),
        ("the value in two pieces", Fate::Refused, attribute(&[(1, key), (2, &own), (2, &other)])),
        ("the value in two pieces, its own last", Fate::Own, attribute(&[(1, key), (2, &other), (2, &own)])),
        ("two values in one", Fate::Refused, attribute(&[(1, key), (2, &merged)])),
        ("a key that is replaced", Fate::Refused, attribute(&[(1, b"harmless"), (2, &other), (1, key)])),
        ("a key that is no more", Fate::Own, attribute(&[(1, key), (2, &other), (1, b"harmless")])),
        ("an empty piece behind", Fate::Refused, attribute(&[(1, key), (2, &other), (2, b"")])),
        ("an empty piece before", Fate::Refused, attribute(&[(2, b""), (1, key), (2, &other)])),
        ("a field that nobody knows", Fate::Refused, attribute(&[(9, unknown), (1, key), (2, &other), (15, unknown)])),
    ];
    let service: Vec<Vec<u8>> = said(&[]).iter().map(Message::encode_to_vec).collect();
    let with = |attributes: &[&[u8]]| {
        let mut resource = Vec::new();
        write::nested(&mut resource, 1, |resource| {
            attributes.iter().for_each(|attribute| write::bytes(resource, 1, attribute));
        });
        resource
    };
    let known: Vec<&[u8]> = service.iter().map(Vec::as_slice).collect();
    let lie = |what: &str, fate, fields| Lie { what: what.to_owned(), fate, fields, json: None };
    let mut lies: Vec<Lie> =
        rows.iter().map(|(what, fate, own)| lie(what, *fate, with(&[&known[..], &[own.as_slice()]].concat()))).collect();
    let [true_one, false_one] = [attribute(&[(1, key), (2, &own)]), attribute(&[(1, key), (2, &other)])];
    let [first, last] = [&true_one, &false_one].map(|claim| with(&[known[0], known[1], claim.as_slice()]));
    lies.push(lie("a resource in two pieces", Fate::Refused, [first.as_slice(), last.as_slice()].concat()));
    lies.push(lie("a resource in two pieces, its own last", Fate::Own, [last, first].concat()));
    lies.push(lie("a claim behind the service", Fate::Refused, [with(&known), with(&[false_one.as_slice()])].concat()));
    lies
}
