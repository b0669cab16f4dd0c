use super::{Code, Status, metrics_reply, traces_reply};
use crate::{
    decode::DecodeError,
    model::reject::{Reason, Tally},
};
use expect_test::{Expect, expect};
use opentelemetry_proto::tonic::collector::{metrics::v1::ExportMetricsServiceResponse, trace::v1::ExportTraceServiceResponse};
use prost::Message;
use std::time::Duration;

fn tally(rejected: &[(Reason, u64)], remarks: &[&str]) -> Tally {
    let mut tally = Tally { remarks: remarks.iter().map(|remark| (*remark).to_owned()).collect(), ..Tally::default() };
    rejected.iter().for_each(|(reason, count)| tally.reject(*reason, *count));
    tally
}

/// Prints the JSON; the protobuf form must say the same.
fn check(tally: &Tally, want: &Expect) {
    let reply = metrics_reply(tally);
    want.assert_eq(&reply.to_json());
    let read = ExportMetricsServiceResponse::decode(reply.to_protobuf().as_slice()).expect("a response");
    let json: serde_json::Value = serde_json::from_str(&reply.to_json()).expect("JSON");
    let partial = read.partial_success;
    assert_eq!(partial.is_some(), json.get("partialSuccess").is_some());
    let partial = partial.unwrap_or_default();
    assert_eq!(partial.error_message, json["partialSuccess"]["errorMessage"].as_str().unwrap_or_default());
    assert_eq!(partial.rejected_data_points.to_string(), json["partialSuccess"]["rejectedDataPoints"].as_str().unwrap_or("0"));
    let traces = ExportTraceServiceResponse::decode(traces_reply(tally).to_protobuf().as_slice()).expect("a response");
    assert_eq!(traces.partial_success.unwrap_or_default().rejected_spans, partial.rejected_data_points);
}

/// Scenario: everything taken. Guarantees: no bytes, `{}` (RG-06, RH-05); what a view suppressed is no rejection (RV-05).
#[test]
fn rg_06_full_success_says_nothing() {
    check(&Tally { received: 5, suppressed: 5, ..Tally::default() }, &expect!["{}"]);
    assert_eq!(metrics_reply(&Tally::default()).to_protobuf(), b"");
    assert_eq!(traces_reply(&Tally::default()).to_json(), "{}");
}

/// Scenario: refusals of several reasons, and warnings. Guarantees: the exact total as a string, most frequent reason first,
/// remarks after them; a warning alone rejects nothing (RG-07, RG-08, RH-06).
#[test]
fn rg_07_partial_success_counts_and_explains() {
    check(
        &tally(&[(Reason::NoTime, 1), (Reason::NoValue, 20), (Reason::BadBuckets, 0)], &[]),
        &expect![[
            r#"{"partialSuccess":{"rejectedDataPoints":"21","errorMessage":"rejected 20 data points: number point without a value; 1 data point: time_unix_nano is 0"}}"#
        ]],
    );
    check(
        &tally(&[(Reason::NoTime, 2)], &["two resources claim \"a\"/b", "and more"]),
        &expect![[
            r#"{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"rejected 2 data points: time_unix_nano is 0; two resources claim \"a\"/b; and more"}}"#
        ]],
    );
    check(&tally(&[], &["series limit\nnear"]), &expect![[r#"{"partialSuccess":{"errorMessage":"series limit\nnear"}}"#]]);
    let spans = traces_reply(&tally(&[(Reason::BadId, 3)], &[]));
    expect![[r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"rejected 3 spans: trace_id or span_id has a wrong length or is zero"}}"#]].assert_eq(&spans.to_json());
    check(
        &tally(&[(Reason::NoTime, u64::MAX >> 1)], &[]),
        &expect![[
            r#"{"partialSuccess":{"rejectedDataPoints":"9223372036854775807","errorMessage":"rejected 9223372036854775807 data points: time_unix_nano is 0"}}"#
        ]],
    );
}

/// Scenario: remarks without end. Guarantees: a few are told, each cut at a character (RG-04).
#[test]
fn rg_04_a_reply_is_short() {
    let long = "ü".repeat(1 << 20);
    let reply = metrics_reply(&tally(&[(Reason::NoTime, 1)], &vec![long.as_str(); 1_000]));
    assert!(reply.to_protobuf().len() < 16 << 10);
    assert!(reply.to_json().len() < 16 << 10);
    let status = Status::new(Code::InvalidArgument, long.clone());
    assert!(status.to_json().len() < 2 << 10);
    assert!(Status { violation: Some((long.clone(), long)), ..status }.to_protobuf().len() < 4 << 10);
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct GoogleStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

fn check_status(status: &Status, want: &Expect) {
    let read = GoogleStatus::decode(status.to_protobuf().as_slice()).expect("a status");
    want.assert_eq(&format!("{}\n{read:?}", status.to_json()));
    let json: serde_json::Value = serde_json::from_str(&status.to_json()).expect("JSON");
    assert_eq!(json["details"].as_array().map_or(0, Vec::len), read.details.len());
}

/// Scenario: refusals without and with details. Guarantees: `google.rpc.Status` in both encodings (RH-07, RH-08, RG-09, RG-10).
#[test]
fn rh_07_a_refusal_is_a_status() {
    check_status(
        &Status::new(Code::NotFound, "no such \"path\""),
        &expect![[r#"
        {"code":5,"message":"no such \"path\""}
        GoogleStatus { code: 5, message: "no such \"path\"", details: [] }"#]],
    );
    let error = DecodeError { place: "resourceMetrics[0].schemaUrl".to_owned(), what: "expected a string" };
    check_status(
        &Status::from(&error),
        &expect![[r#"
        {"code":3,"message":"read the request at resourceMetrics[0].schemaUrl: expected a string","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"resourceMetrics[0].schemaUrl","description":"expected a string"}]}]}
        GoogleStatus { code: 3, message: "read the request at resourceMetrics[0].schemaUrl: expected a string", details: [Any { type_url: "type.googleapis.com/google.rpc.BadRequest", value: [10, 49, 10, 28, 114, 101, 115, 111, 117, 114, 99, 101, 77, 101, 116, 114, 105, 99, 115, 91, 48, 93, 46, 115, 99, 104, 101, 109, 97, 85, 114, 108, 18, 17, 101, 120, 112, 101, 99, 116, 101, 100, 32, 97, 32, 115, 116, 114, 105, 110, 103] }] }"#]],
    );
    let later = Status::new(Code::Unavailable, "memory limit reached");
    check_status(
        &later.clone().with_retry_after(Duration::from_secs(2)),
        &expect![[r#"
        {"code":14,"message":"memory limit reached","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}
        GoogleStatus { code: 14, message: "memory limit reached", details: [Any { type_url: "type.googleapis.com/google.rpc.RetryInfo", value: [10, 4, 8, 2, 16, 0] }] }"#]],
    );
    check_status(
        &later.clone().with_retry_after(Duration::from_millis(1_500)),
        &expect![[r#"
        {"code":14,"message":"memory limit reached","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}
        GoogleStatus { code: 14, message: "memory limit reached", details: [Any { type_url: "type.googleapis.com/google.rpc.RetryInfo", value: [10, 8, 8, 1, 16, 128, 202, 181, 238, 1] }] }"#]],
    );
    check_status(
        &later.with_retry_after(Duration::from_nanos(1)),
        &expect![[r#"
        {"code":14,"message":"memory limit reached","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.000000001s"}]}
        GoogleStatus { code: 14, message: "memory limit reached", details: [Any { type_url: "type.googleapis.com/google.rpc.RetryInfo", value: [10, 4, 8, 0, 16, 1] }] }"#]],
    );
}
