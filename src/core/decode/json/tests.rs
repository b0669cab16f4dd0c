use super::{metrics_to_protobuf, to_protobuf, traces_to_protobuf};
use crate::decode::{
    arbitrary::{
        Source,
        messages::{metrics_request, traces_request},
        to_json::to_json,
    },
    metrics,
    schema::{METRICS_REQUEST, TRACES_REQUEST},
    spans,
};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use prost::Message;

/// The request that prost reads out of our protobuf, or our error.
fn read(json: &[u8]) -> Result<ExportMetricsServiceRequest, String> {
    let body = metrics_to_protobuf(json).map_err(|error| format!("{}: {}", error.place, error.what))?;
    assert_eq!(metrics::check(&body), Ok(()), "what we write is whole");
    Ok(ExportMetricsServiceRequest::decode(body.as_slice()).expect("what we write, prost reads"))
}

/// A whole request: `ok` with what it says, or the error.
fn check_request(json: &str, want: &Expect) {
    want.assert_eq(&read(json.as_bytes()).map_or_else(|error| error, |request| format!("ok {:?}", request.resource_metrics)));
}

/// One metric in a request; paths are printed from the metric on.
fn check_metric(json: &str, want: &Expect) {
    let json = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{{json}}}]}}]}}]}}"#);
    let text = match read(json.as_bytes()) {
        Ok(request) => format!("{:?}", request.resource_metrics[0].scope_metrics[0].metrics[0].data),
        Err(error) => error.replace("resourceMetrics[0].scopeMetrics[0].metrics[0]", "…"),
    };
    want.assert_eq(&text);
}

/// One point of a gauge: the fields of it that are set.
fn check_point(json: &str, want: &Expect) {
    let json =
        format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"gauge":{{"dataPoints":[{{{json}}}]}}}}]}}]}}]}}"#);
    let text = match read(json.as_bytes()) {
        Ok(request) => {
            let data = format!("{:?}", request.resource_metrics[0].scope_metrics[0].metrics[0].data);
            let (_, point) = data.split_once("NumberDataPoint ").expect("a point");
            let (point, _) = point.rsplit_once("] }))").expect("the end of the gauge");
            let unset = ["attributes: [], ", "exemplars: [], ", "start_time_unix_nano: 0, ", "time_unix_nano: 0, ", "flags: 0, "];
            unset.iter().fold(point.to_owned(), |text, unset| text.replace(unset, ""))
        }
        Err(error) => error.replace("resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0]", "…"),
    };
    want.assert_eq(&text);
}

/// One attribute value: as `AnyValue`.
fn check_value(json: &str, want: &Expect) {
    let json = format!(r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"k","value":{json}}}]}}}}]}}"#);
    let text = match read(json.as_bytes()) {
        Ok(request) => {
            let resource = request.resource_metrics[0].resource.clone().expect("a resource");
            format!("{:?}", resource.attributes[0].value.clone().unwrap_or_default().value)
        }
        Err(error) => error.replace("resourceMetrics[0].resource.attributes[0].value", "…"),
    };
    want.assert_eq(&text);
}

fn check_span(json: &str, want: &Expect) {
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{json}}}]}}]}}]}}"#);
    let text = match traces_to_protobuf(json.as_bytes()) {
        Ok(body) => {
            let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("what we write, prost reads");
            let span = &request.resource_spans[0].scope_spans[0].spans[0];
            let ids = [&span.trace_id, &span.span_id, &span.parent_span_id].map(|id| hex(id));
            format!("{ids:?} kind {} status {:?}", span.kind, span.status)
        }
        Err(error) => format!("{}: {}", error.place, error.what).replace("resourceSpans[0].scopeSpans[0].spans[0]", "…"),
    };
    want.assert_eq(&text);
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Scenario: ids in both cases, of wrong lengths, with other spellings. Guarantees: hex of the right length, or refused.
#[test]
fn rj_01_ids_are_hex() {
    let trace = "5B8EFFF798038103D269B633813FC60C";
    check_span(
        &format!(r#""traceId":"{trace}","spanId":"eee19b7ec3c1b174","parentSpanId":"""#),
        &expect![[r#"["5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", ""] kind 0 status None"#]],
    );
    check_span(r#""traceId":"0x8EFFF798038103D269B633813FC60C""#, &expect!["….traceId: expected hex digits"]);
    check_span(r#""traceId":"5B8E""#, &expect!["….traceId: expected an id: 32 hex digits for a trace, 16 for a span"]);
    check_span(r#""spanId":"eee19b7ec3c1b17""#, &expect!["….spanId: expected an id: 32 hex digits for a trace, 16 for a span"]);
    check_span(
        r#""parentSpanId":"7uGbfsPBsXQ=""#,
        &expect!["….parentSpanId: expected an id: 32 hex digits for a trace, 16 for a span"],
    );
    check_span(
        r#""links":[{"traceId":"+b8EFFF798038103D269B633813FC60"}]"#,
        &expect!["….links[0].traceId: expected an id: 32 hex digits for a trace, 16 for a span"],
    );
    check_span(
        &format!(r#""links":[{{"traceId":"{trace}{trace}"}}]"#),
        &expect!["….links[0].traceId: expected an id: 32 hex digits for a trace, 16 for a span"],
    );
    check_point(
        r#""exemplars":[{"spanId":"zz"}]"#,
        &expect!["….exemplars[0].spanId: expected an id: 32 hex digits for a trace, 16 for a span"],
    );
}

/// Scenario: enums as numbers, known and unknown, and as names. Guarantees: numbers and exact names are read, else refused.
#[test]
fn rj_02_enums() {
    check_span(
        r#""kind":3,"status":{"code":2}"#,
        &expect![[r#"["", "", ""] kind 3 status Some(Status { message: "", code: Error })"#]],
    );
    check_span(
        r#""kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR","message":"m"}"#,
        &expect![[r#"["", "", ""] kind 2 status Some(Status { message: "m", code: Error })"#]],
    );
    check_span(r#""kind":99"#, &expect![[r#"["", "", ""] kind 99 status None"#]]);
    check_span(r#""kind":-1"#, &expect![[r#"["", "", ""] kind -1 status None"#]]);
    check_span(r#""kind":"SERVER""#, &expect!["….kind: unknown enum name"]);
    check_span(r#""kind":"3""#, &expect!["….kind: unknown enum name"]);
    check_span(r#""kind":2147483648"#, &expect!["….kind: integer out of range"]);
    check_metric(
        r#""sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE","isMonotonic":true}"#,
        &expect!["Some(Sum(Sum { data_points: [], aggregation_temporality: Cumulative, is_monotonic: true }))"],
    );
    check_metric(r#""sum":{"aggregationTemporality":"cumulative"}"#, &expect!["….sum.aggregationTemporality: unknown enum name"]);
}

/// Scenario: fields nobody knows at each level, snake case among them. Guarantees: skipped, whatever they hold.
#[test]
fn rj_03_rj_04_unknown_fields_are_skipped() {
    check_request(
        r#"{"x":{"y":[1,"\u00e9",null,true,false,{"z":-1.5e+3}]},"resource_metrics":[],"resourceMetrics":[{"new":{},"resource":{"x":[]},"scope_metrics":[{}]}]}"#,
        &expect![[
            r#"ok [ResourceMetrics { resource: Some(Resource { attributes: [], dropped_attributes_count: 0, entity_refs: [] }), scope_metrics: [], schema_url: "" }]"#
        ]],
    );
    check_point(r#""as_int":"5","time_unix_nano":"1""#, &expect!["{ value: None }"]);
    check_value(r#"{"x":[[]],"stringValue":"s"}"#, &expect![[r#"Some(StringValue("s"))"#]]);
    check_point(r#""x":{"a":1,"a":2}"#, &expect!["…: duplicate key"]);
    check_point(r#""x":{"a":tru}"#, &expect!["…: expected a value"]);
    check_point(r#""x":[1 2]"#, &expect!["…: expected a comma or the end"]);
    check_point(r#""x":"#, &expect!["…: expected a value"]);
}

/// Scenario: whole numbers in every spelling. Guarantees: exact, or refused with the path; never lost.
#[test]
fn rj_05_integers_are_exact() {
    check_point(r#""asInt":"9223372036854775807""#, &expect!["{ value: Some(AsInt(9223372036854775807)) }"]);
    check_point(r#""asInt":-9223372036854775808"#, &expect!["{ value: Some(AsInt(-9223372036854775808)) }"]);
    check_point(r#""asInt":9007199254740993.0"#, &expect!["{ value: Some(AsInt(9007199254740993)) }"]);
    check_point(r#""asInt":5.0"#, &expect!["{ value: Some(AsInt(5)) }"]);
    check_point(r#""asInt":1e9"#, &expect!["{ value: Some(AsInt(1000000000)) }"]);
    check_point(r#""asInt":"12.50e1""#, &expect!["{ value: Some(AsInt(125)) }"]);
    check_point(r#""asInt":-0"#, &expect!["{ value: Some(AsInt(0)) }"]);
    check_point(r#""asInt":0.000e99999999999999999999"#, &expect!["{ value: Some(AsInt(0)) }"]);
    check_point(r#""asInt":1e-1"#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":1.5"#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":1e99999999999999999999"#, &expect!["….asInt: integer out of range"]);
    check_point(r#""asInt":"9223372036854775808""#, &expect!["….asInt: integer out of range"]);
    check_point(r#""asInt":"x""#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":"""#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":" 5""#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":"+5""#, &expect!["….asInt: expected an integer"]);
    check_point(r#""asInt":05"#, &expect!["….asInt: expected a number"]);
    check_point(r#""asInt":true"#, &expect!["….asInt: expected a number"]);
    check_point(r#""asInt":[]"#, &expect!["….asInt: expected a number"]);
    check_point(
        r#""timeUnixNano":"18446744073709551615","flags":"1""#,
        &expect!["{ time_unix_nano: 18446744073709551615, flags: 1, value: None }"],
    );
    check_point(r#""timeUnixNano":"zzz""#, &expect!["….timeUnixNano: expected an integer"]);
    check_point(r#""timeUnixNano":-1"#, &expect!["….timeUnixNano: integer out of range"]);
    check_point(r#""flags":4294967296"#, &expect!["….flags: integer out of range"]);
    check_value(r#"{"intValue":"-5"}"#, &expect!["Some(IntValue(-5))"]);
}

/// Scenario: doubles as numbers and strings, special ones among them. Guarantees: read exactly, or refused.
#[test]
fn rj_06_doubles() {
    check_point(r#""asDouble":"NaN""#, &expect!["{ value: Some(AsDouble(NaN)) }"]);
    check_point(r#""asDouble":"Infinity""#, &expect!["{ value: Some(AsDouble(inf)) }"]);
    check_point(r#""asDouble":"-Infinity""#, &expect!["{ value: Some(AsDouble(-inf)) }"]);
    check_point(r#""asDouble":"1.5""#, &expect!["{ value: Some(AsDouble(1.5)) }"]);
    check_point(r#""asDouble":0.1e-3"#, &expect!["{ value: Some(AsDouble(0.0001)) }"]);
    check_point(r#""asDouble":0"#, &expect!["{ value: Some(AsDouble(0.0)) }"]);
    check_point(r#""asDouble":NaN"#, &expect!["….asDouble: expected a number"]);
    check_point(r#""asDouble":"nan""#, &expect!["….asDouble: expected a number"]);
    check_point(r#""asDouble":"inf""#, &expect!["….asDouble: expected a number"]);
    check_point(r#""asDouble":1e400"#, &expect!["….asDouble: number out of range"]);
    check_point(r#""asDouble":1."#, &expect!["….asDouble: expected a number"]);
    check_point(r#""asDouble":.5"#, &expect!["….asDouble: expected a number"]);
    check_value(r#"{"doubleValue":"NaN"}"#, &expect!["Some(DoubleValue(NaN))"]);
    check_metric(
        r#""histogram":{"dataPoints":[{"sum":"NaN","explicitBounds":["1.5",2,"Infinity"],"bucketCounts":[1,"2",3e0,4.0]}]}"#,
        &expect![
            "Some(Histogram(Histogram { data_points: [HistogramDataPoint { attributes: [], start_time_unix_nano: 0, time_unix_nano: 0, count: 0, sum: Some(NaN), bucket_counts: [1, 2, 3, 4], explicit_bounds: [1.5, 2.0, inf], exemplars: [], flags: 0, min: None, max: None }], aggregation_temporality: Unspecified }))"
        ],
    );
    check_metric(
        r#""summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":"NaN"}]}]}"#,
        &expect![
            "Some(Summary(Summary { data_points: [SummaryDataPoint { attributes: [], start_time_unix_nano: 0, time_unix_nano: 0, count: 0, sum: 0.0, quantile_values: [ValueAtQuantile { quantile: 0.5, value: NaN }], flags: 0 }] }))"
        ],
    );
}

/// Scenario: bytes in both alphabets, padded or not. Guarantees: all four are read, other text is refused.
#[test]
fn rj_07_bytes_are_base64() {
    check_value(r#"{"bytesValue":"+/8="}"#, &expect!["Some(BytesValue([251, 255]))"]);
    check_value(r#"{"bytesValue":"+/8"}"#, &expect!["Some(BytesValue([251, 255]))"]);
    check_value(r#"{"bytesValue":"-_8="}"#, &expect!["Some(BytesValue([251, 255]))"]);
    check_value(r#"{"bytesValue":"-_8"}"#, &expect!["Some(BytesValue([251, 255]))"]);
    check_value(r#"{"bytesValue":""}"#, &expect!["Some(BytesValue([]))"]);
    check_value(r#"{"bytesValue":"-/8"}"#, &expect!["….bytesValue: expected base64"]);
    check_value(r#"{"bytesValue":"%"}"#, &expect!["….bytesValue: expected base64"]);
}

/// Scenario: null in place of anything, and nothing at all. Guarantees: the default; in a list it is no element.
#[test]
fn rj_08_null_is_the_default() {
    check_request("{}", &expect!["ok []"]);
    check_request(r#"{"resourceMetrics":null}"#, &expect!["ok []"]);
    check_request(
        r#"{"resourceMetrics":[{"resource":{"entityRefs":[{"type":"host"}]},"scopeMetrics":null,"schemaUrl":null}]}"#,
        &expect![[
            r#"ok [ResourceMetrics { resource: Some(Resource { attributes: [], dropped_attributes_count: 0, entity_refs: [EntityRef { schema_url: "", r#type: "host", id_keys: [], description_keys: [] }] }), scope_metrics: [], schema_url: "" }]"#
        ]],
    );
    check_metric(
        r#""name":null,"gauge":null,"sum":{"dataPoints":[]}"#,
        &expect!["Some(Sum(Sum { data_points: [], aggregation_temporality: Unspecified, is_monotonic: false }))"],
    );
    check_point(
        r#""attributes":null,"timeUnixNano":null,"asInt":null,"asDouble":1,"flags":null,"exemplars":null"#,
        &expect!["{ value: Some(AsDouble(1.0)) }"],
    );
    check_metric(
        r#""histogram":{"dataPoints":[{"bucketCounts":null,"explicitBounds":[],"sum":null}]}"#,
        &expect![
            "Some(Histogram(Histogram { data_points: [HistogramDataPoint { attributes: [], start_time_unix_nano: 0, time_unix_nano: 0, count: 0, sum: None, bucket_counts: [], explicit_bounds: [], exemplars: [], flags: 0, min: None, max: None }], aggregation_temporality: Unspecified }))"
        ],
    );
    check_metric(
        r#""histogram":{"dataPoints":[{"bucketCounts":[null]}]}"#,
        &expect!["….histogram.dataPoints[0].bucketCounts[0]: expected a number"],
    );
    check_metric(r#""gauge":{"dataPoints":[null]}"#, &expect!["….gauge.dataPoints[0]: expected an object"]);
    check_value("null", &expect!["None"]);
    check_value("{}", &expect!["None"]);
    check_value(r#"{"arrayValue":{}}"#, &expect!["Some(ArrayValue(ArrayValue { values: [] }))"]);
    check_value(r#"{"kvlistValue":{}}"#, &expect!["Some(KvlistValue(KeyValueList { values: [] }))"]);
    check_value(
        r#"{"kvlistValue":{"values":[{"value":{"boolValue":false}}]}}"#,
        &expect![[
            r#"Some(KvlistValue(KeyValueList { values: [KeyValue { key: "", value: Some(AnyValue { value: Some(BoolValue(false)) }), key_strindex: 0 }] }))"#
        ]],
    );
    check_point(
        r#""attributes":[{"value":{"stringValue":"no key"}}]"#,
        &expect![[
            r#"{ attributes: [KeyValue { key: "", value: Some(AnyValue { value: Some(StringValue("no key")) }), key_strindex: 0 }], value: None }"#
        ]],
    );
}

/// Scenario: what is not JSON, or not once. Guarantees: refused, without a panic.
#[test]
fn rj_09_not_json() {
    check_request("", &expect!["byte 0: cut off"]);
    check_request("\u{feff}{}", &expect!["byte 0: expected an object"]);
    check_request(r#"{"resourceMetrics":[],}"#, &expect!["byte 22: expected a key"]);
    check_request(r#"{"resourceMetrics":[{},]}"#, &expect!["resourceMetrics[1]: expected an object"]);
    check_request(r#"{"resourceMetrics":[],"resourceMetrics":[]}"#, &expect!["resourceMetrics: duplicate key"]);
    check_request(r#"{"resourceMetrics":[],"resourceMetri\u0063s":[]}"#, &expect!["resourceMetrics: duplicate key"]);
    check_request(r#"{"a":1,"\u0061":2}"#, &expect!["byte 16: duplicate key"]);
    check_request(
        r#"{"resourceMetrics":[{"schemaUrl":"\ud800"}]}"#,
        &expect!["resourceMetrics[0].schemaUrl: lone surrogate in a string"],
    );
    check_request(
        r#"{"resourceMetrics":[{"schemaUrl":"\ud800\u0041"}]}"#,
        &expect!["resourceMetrics[0].schemaUrl: lone surrogate in a string"],
    );
    check_request(
        r#"{"resourceMetrics":[{"schemaUrl":"\udc00"}]}"#,
        &expect!["resourceMetrics[0].schemaUrl: lone surrogate in a string"],
    );
    check_request(
        r#"{"resourceMetrics":[{"schemaUrl":"\x"}]}"#,
        &expect!["resourceMetrics[0].schemaUrl: illegal escape in a string"],
    );
    check_request(
        "{\"resourceMetrics\":[{\"schemaUrl\":\"a\nb\"}]}",
        &expect!["resourceMetrics[0].schemaUrl: control character in a string"],
    );
    check_request(r#"{"resourceMetrics":[{"schemaUrl":"a"#, &expect!["resourceMetrics[0].schemaUrl: cut off"]);
    check_request(r#"{"resourceMetrics":[{"schemaUrl":5}]}"#, &expect!["resourceMetrics[0].schemaUrl: expected a string"]);
    check_request("{} {}", &expect!["byte 3: text after the request"]);
    check_request("// no comments\n{}", &expect!["byte 0: expected an object"]);
    check_request(r#"{'resourceMetrics':[]}"#, &expect!["byte 1: expected a key"]);
    check_request(
        " \t\r\n{ \"resourceMetrics\" : [ { \"schemaUrl\" : \"\\ud83e\\udd80 \\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\" } ] } \n",
        &expect![[r#"ok [ResourceMetrics { resource: None, scope_metrics: [], schema_url: "🦀 \"\\/\u{8}\u{c}\n\r\t\0" }]"#]],
    );
    assert_eq!(read(b"{\"resourceMetrics\":[{\"schemaUrl\":\"\xff\"}]}"), Err("byte 34: invalid UTF-8".to_owned()));
}

/// Scenario: values and unknown fields nested without end. Guarantees: 32 levels of a value pass, ten thousand are refused.
#[test]
fn rj_10_depth_is_bounded() {
    let deep = |n: usize| format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(n), "]}}".repeat(n));
    let maps = |n: usize| format!("{}{{}}{}", r#"{"kvlistValue":{"values":[{"value":"#.repeat(n), "}]}}".repeat(n));
    let attribute = |value: &str| {
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"gauge":{{"dataPoints":[{{"attributes":[{{"value":{value}}}]}}]}}}}]}}]}}]}}"#
        )
    };
    let outcome = |json: String| metrics_to_protobuf(json.as_bytes()).map_err(|error| error.what).map(drop);
    assert_eq!(outcome(attribute(&deep(33))), Ok(()), "its point is refused, not the request");
    assert_eq!(outcome(attribute(&maps(33))), Ok(()));
    assert_eq!(outcome(attribute(&deep(10_000))), Err("nested too deeply"));
    assert_eq!(outcome(attribute(&maps(10_000))), Err("nested too deeply"));
    assert_eq!(outcome(format!(r#"{{"x":{}{}}}"#, "[".repeat(150), "]".repeat(150))), Ok(()));
    assert_eq!(outcome(format!(r#"{{"x":{}"#, "[".repeat(1_000_000))), Err("nested too deeply"));
    let place = metrics_to_protobuf(attribute(&deep(10_000)).as_bytes()).expect_err("too deep").place;
    assert!(place.len() < 300 && place.ends_with('…'), "{place}");
    assert_eq!(outcome(r#"{"x":"#.repeat(1_000_000)), Err("nested too deeply"));
}

/// Scenario: two members of a oneof. Guarantees: refused; a null beside one does not count.
#[test]
fn rj_11_a_oneof_is_set_once() {
    check_point(r#""asInt":"1","asDouble":2"#, &expect!["….asDouble: only one of these fields may be set"]);
    check_point(r#""asDouble":2,"asInt":null"#, &expect!["{ value: Some(AsDouble(2.0)) }"]);
    check_point(r#""asInt":null,"asInt":1"#, &expect!["….asInt: duplicate key"]);
    check_metric(r#""gauge":{},"sum":{}"#, &expect!["….sum: only one of these fields may be set"]);
    check_value(r#"{"stringValue":"","boolValue":false}"#, &expect!["….boolValue: only one of these fields may be set"]);
}

/// Scenario: other tops than the request. Guarantees: refused; a misspelt one is an empty request.
#[test]
fn rj_12_the_top_is_an_object() {
    check_request("[]", &expect!["byte 0: expected an object"]);
    check_request("null", &expect!["byte 0: expected an object"]);
    check_request(r#""resourceMetrics""#, &expect!["byte 0: expected an object"]);
    check_request(r#"{"resource_metrics":[{}]}"#, &expect!["ok []"]);
}

/// Scenario: zeros where a field knows no absence, and where it does. Guarantees: as prost writes them, byte for byte.
#[test]
fn defaults_are_written_where_absence_differs() {
    let json = br#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{"name":""},"metrics":[
        {"name":"a","unit":"","gauge":{"dataPoints":[{"asInt":0,"timeUnixNano":0,"flags":0,"attributes":[{"key":"","value":{"stringValue":""}}]}]}},
        {"sum":{"aggregationTemporality":0,"isMonotonic":false}},
        {"histogram":{"dataPoints":[{"count":0,"sum":0,"bucketCounts":[0],"min":0.0}]}},
        {"exponentialHistogram":{"dataPoints":[{"scale":0,"positive":{"offset":0,"bucketCounts":[]},"zeroThreshold":0}]}}]}]}]}"#;
    let body = metrics_to_protobuf(json).expect("a request");
    assert_eq!(body, ExportMetricsServiceRequest::decode(body.as_slice()).expect("a request").encode_to_vec());
}

/// Scenario: a small number becomes eight bytes. Guarantees: what the rewriting may grow to is bounded.
#[test]
fn growth_is_bounded() {
    let json = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{"bucketCounts":[{}0]}}]}}}}]}}]}}]}}"#,
        "0,".repeat(99)
    );
    assert_eq!(to_protobuf(json.as_bytes(), &METRICS_REQUEST, 900).map(|out| out.len()), Ok(818));
    let error = to_protobuf(json.as_bytes(), &METRICS_REQUEST, 800).expect_err("a hundred counts");
    assert_eq!(error.what, "larger than the body limit as protobuf");
}

proptest! {
    /// Scenario: any bytes, whatever stands beside them. Guarantees: the end of a plain string is found where a look at one
    /// byte after the other finds it.
    #[test]
    fn the_end_of_a_string_is_found(bytes in prop::collection::vec(prop::sample::select(b"a \x00\x1f \x20!\"#[\\]\x5b\x7f\x80\xa2\xdc\xff".to_vec()), 0..40)) {
        let naive = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
        prop_assert_eq!(super::text::special(&bytes), naive);
    }

    /// Scenario: any request as JSON, in any legal spelling. Guarantees: prost reads the same request out of our protobuf.
    #[test]
    fn any_metrics_request_survives_as_json(seed in prop::collection::vec(any::<u8>(), 0..2_000), how in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let request = metrics_request(&mut Source(&seed));
        let json = to_json(&request.encode_to_vec(), &METRICS_REQUEST, &mut Source(&how));
        serde_json::from_str::<serde_json::Value>(&json).expect("the test writes JSON");
        let body = metrics_to_protobuf(json.as_bytes());
        prop_assert_eq!(body.as_ref().err(), None, "{}", json);
        let body = body.expect("checked");
        prop_assert_eq!(metrics::check(&body), Ok(()));
        let again = ExportMetricsServiceRequest::decode(body.as_slice());
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", Ok::<_, ()>(&request)));
    }

    /// The same for traces.
    #[test]
    fn any_traces_request_survives_as_json(seed in prop::collection::vec(any::<u8>(), 0..2_000), how in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let request = traces_request(&mut Source(&seed));
        let json = to_json(&request.encode_to_vec(), &TRACES_REQUEST, &mut Source(&how));
        let body = traces_to_protobuf(json.as_bytes());
        prop_assert_eq!(body.as_ref().err(), None, "{}", json);
        let body = body.expect("checked");
        prop_assert_eq!(spans::check(&body), Ok(()));
        let again = ExportTraceServiceRequest::decode(body.as_slice());
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", Ok::<_, ()>(&request)));
    }

    /// Scenario: JSON cut off or with bytes changed. Guarantees: no panic; what is taken is JSON to serde_json too, and whole
    /// protobuf (RV-08).
    #[test]
    fn rv_08_broken_json_is_refused(
        seed in prop::collection::vec(any::<u8>(), 0..300),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"\"\\{}[],:01-.eEu \n\xff\x00nt".to_vec())), 0..3),
    ) {
        let request = metrics_request(&mut Source(&seed));
        let mut json = to_json(&request.encode_to_vec(), &METRICS_REQUEST, &mut Source(&[])).into_bytes();
        for (at, value) in changes {
            let at = at.index(json.len());
            json[at] = value;
        }
        for json in [&json[..], &json[..cut.index(json.len())]] {
            if let Ok(body) = metrics_to_protobuf(json) {
                prop_assert_eq!(metrics::check(&body), Ok(()));
                prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(json).err().map(|error| error.to_string()), None);
            }
        }
    }
}

/// Scenario: every field of every message by its name in the OTLP specification. Guarantees: each lands in its field.
#[test]
fn every_field_by_its_name() {
    let json = include_str!("tests/every_field.json");
    let (metrics, traces) = json.split_once("\n---\n").expect("two requests");
    expect_test::expect_file!["tests/every_field.metrics.txt"]
        .assert_eq(&format!("{:#?}\n", read(metrics.as_bytes()).expect("a request")));
    let body = traces_to_protobuf(traces.as_bytes()).expect("a request");
    let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("a request");
    expect_test::expect_file!["tests/every_field.traces.txt"].assert_eq(&format!("{request:#?}\n"));
}
