use super::{Batch, BatchWriter};
use crate::decode::{RawResource, RawScope};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::InstrumentationScope,
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;

fn span(n: u8, weight: usize) -> Span {
    Span { trace_id: vec![n; 16], span_id: vec![n; 8], name: "n".repeat(weight), ..Span::default() }
}

fn scope(name: &str, spans: Vec<Span>) -> ScopeSpans {
    let scope = InstrumentationScope { name: name.into(), version: "1".into(), ..InstrumentationScope::default() };
    ScopeSpans { scope: Some(scope), spans, schema_url: format!("https://{name}") }
}

fn resource(dropped: u32, scope_spans: Vec<ScopeSpans>) -> ResourceSpans {
    let resource = Resource { dropped_attributes_count: dropped, ..Resource::default() };
    ResourceSpans { resource: Some(resource), scope_spans, schema_url: "https://resource".into() }
}

/// Feeds the writer as a walk over `request` would.
fn write(request: &ExportTraceServiceRequest, bytes_max: usize) -> Vec<Batch> {
    let mut writer = BatchWriter::new(bytes_max);
    for resource_spans in &request.resource_spans {
        let raw = resource_spans.resource.as_ref().map(Message::encode_to_vec).unwrap_or_default();
        writer.resource(&RawResource { raw: &raw, schema_url: resource_spans.schema_url.as_bytes() });
        for scope_spans in &resource_spans.scope_spans {
            let raw = scope_spans.scope.as_ref().map(Message::encode_to_vec).unwrap_or_default();
            writer.scope(&RawScope { raw: &raw, schema_url: scope_spans.schema_url.as_bytes() });
            scope_spans.spans.iter().for_each(|span| writer.span(&span.encode_to_vec()));
        }
    }
    writer.finish()
}

fn read(batch: &Batch) -> ExportTraceServiceRequest {
    let request = ExportTraceServiceRequest::decode(batch.bytes.as_slice()).expect("what we write, prost reads");
    let spans: usize = request.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
    assert_eq!(spans as u64, batch.spans);
    request
}

fn sample() -> ExportTraceServiceRequest {
    let first = resource(1, vec![scope("a", vec![span(1, 40), span(2, 40)]), scope("b", vec![span(3, 40)])]);
    let second = resource(2, vec![scope("a", vec![span(4, 40)])]);
    ExportTraceServiceRequest { resource_spans: vec![first, second] }
}

/// Scenario: a request with two resources and three scopes fits one batch. Guarantees: it comes out as it went in, schema
/// URLs too; a head without spans and an absent scope leave nothing behind.
#[test]
fn a_request_that_fits_comes_out_as_it_went_in() {
    let batches = write(&sample(), 1 << 20);
    assert_eq!(batches.len(), 1);
    assert_eq!(read(&batches[0]), sample());

    let mut sparse = sample();
    sparse.resource_spans.insert(1, resource(9, vec![scope("empty", vec![])]));
    sparse.resource_spans[0].scope_spans.insert(0, scope("empty", vec![]));
    assert_eq!(read(&write(&sparse, 1 << 20)[0]), sample());
    assert_eq!(write(&ExportTraceServiceRequest { resource_spans: vec![resource(9, vec![])] }, 1 << 20), []);

    let bare = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans { spans: vec![span(1, 3)], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    };
    assert_eq!(read(&write(&bare, 1 << 20)[0]), bare);
}

/// Scenario: limits from too small for one span to large. Guarantees: every span arrives once, in order, below its own
/// resource and scope; a batch with more than one span stays within the limit; several batches after one another are one
/// request.
#[test]
fn a_cut_repeats_the_heads_and_loses_nothing() {
    let flat = |request: &ExportTraceServiceRequest| -> Vec<(u32, String, Vec<u8>)> {
        let mut spans = Vec::new();
        for resource in &request.resource_spans {
            for scope in &resource.scope_spans {
                let head = |s: &Span| {
                    let dropped = resource.resource.as_ref().map_or(0, |r| r.dropped_attributes_count);
                    (dropped, scope.schema_url.clone(), s.span_id.clone())
                };
                spans.extend(scope.spans.iter().map(head));
            }
        }
        spans
    };
    for limit in [0, 1, 90, 150, 250, 400, 10_000] {
        let batches = write(&sample(), limit);
        let each: Vec<_> = batches.iter().flat_map(|batch| flat(&read(batch))).collect();
        assert_eq!(each, flat(&sample()), "limit {limit}");
        // the limit counts contents; tags and lengths of the few heads come on top
        assert!(batches.iter().all(|b| b.spans == 1 || b.bytes.len() <= limit + 64), "limit {limit}");
        let joined: Vec<u8> = batches.iter().flat_map(|batch| batch.bytes.clone()).collect();
        let spans = batches.iter().map(|batch| batch.spans).sum();
        assert_eq!(flat(&read(&Batch { bytes: joined, spans })), flat(&sample()), "limit {limit}");
    }
    assert_eq!(write(&sample(), 0).len(), 4);
}

/// Scenario: many small spans stand behind a resource, or a scope, that is larger than a batch.
/// Guarantees: what is written stays within about twice what came, so that a small request cannot become a large queue.
#[test]
fn a_heavy_head_is_not_repeated_for_every_span() {
    for (resource_weight, scope_weight) in [(5_000, 0), (0, 5_000), (2_500, 2_500)] {
        let spans = (0..200_u8).map(|n| span(n, 1)).collect();
        let mut request = ExportTraceServiceRequest { resource_spans: vec![resource(1, vec![scope("s", spans)])] };
        request.resource_spans[0].schema_url = "u".repeat(resource_weight);
        request.resource_spans[0].scope_spans[0].schema_url = "u".repeat(scope_weight);
        let batches = write(&request, 1_000);
        assert_eq!(batches.iter().map(|batch| read(batch).resource_spans.len() as u64 * batch.spans).sum::<u64>(), 200);
        let written: usize = batches.iter().map(|batch| batch.bytes.len()).sum();
        assert!(written < 3 * request.encoded_len(), "{written} bytes of {}", request.encoded_len());
    }
}
