use super::{check, flaw, resource_flaw, scope_flaw, walk, without_long_states};
use crate::{
    decode::{
        RawResource, RawScope, RawSpan, SpanSink,
        arbitrary::{Source, messages::traces_request, scramble::scramble},
        schema::TRACES_REQUEST,
        structure::check_whole,
    },
    model::reject::Reason,
    wire::write,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{Span, span::Link},
};
use proptest::prelude::{TestCaseError, any, prop, prop_assert, prop_assert_eq, proptest};
use prost::Message;

#[derive(Default)]
struct Log(Vec<String>);

impl SpanSink for Log {
    fn resource(&mut self, resource: &RawResource<'_>) {
        let read = Resource::decode(resource.raw).expect("a resource");
        self.0.push(format!("resource {read:?} {:?}", String::from_utf8_lossy(resource.schema_url)));
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        let read = InstrumentationScope::decode(scope.raw).expect("a scope");
        self.0.push(format!("scope {read:?} {:?}", String::from_utf8_lossy(scope.schema_url)));
    }

    fn span(&mut self, span: &RawSpan<'_>) {
        let read = Span::decode(span.raw).expect("a span");
        assert_eq!(span.trace_id, read.trace_id);
        assert_eq!(span.span_id, read.span_id);
        assert_eq!(span.parent_span_id, read.parent_span_id);
        assert_eq!(span.name, read.name.as_bytes());
        assert_eq!((span.start, span.end), (read.start_time_unix_nano, read.end_time_unix_nano));
        assert_eq!(span.status_code, read.status.as_ref().map_or(0, |status| status.code));
        self.0.push(format!("{read:?}"));
    }
}

fn lines_of(request: ExportTraceServiceRequest) -> Vec<String> {
    let mut lines = Vec::new();
    for envelope in request.resource_spans {
        lines.push(format!("resource {:?} {:?}", envelope.resource.unwrap_or_default(), envelope.schema_url));
        for envelope in envelope.scope_spans {
            lines.push(format!("scope {:?} {:?}", envelope.scope.unwrap_or_default(), envelope.schema_url));
            lines.extend(envelope.spans.iter().map(|span| format!("{span:?}")));
        }
    }
    lines
}

fn walked(body: &[u8]) -> Vec<String> {
    let mut log = Log::default();
    walk(body, &mut log);
    log.0
}

/// A sink that judges everything: each part has a flaw exactly where prost cannot read it, ids apart.
#[derive(Default)]
struct Judge {
    flawed: bool,
}

impl SpanSink for Judge {
    fn resource(&mut self, resource: &RawResource<'_>) {
        let read = Resource::decode(resource.raw).is_ok() && std::str::from_utf8(resource.schema_url).is_ok();
        assert_eq!(resource_flaw(resource).is_none(), read);
        self.flawed |= !read;
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        let read = InstrumentationScope::decode(scope.raw).is_ok() && std::str::from_utf8(scope.schema_url).is_ok();
        assert_eq!(scope_flaw(scope).is_none(), read);
        self.flawed |= !read;
    }

    fn span(&mut self, span: &RawSpan<'_>) {
        let read = Span::decode(span.raw).is_ok();
        match flaw(span) {
            Some(Reason::BadId) => (),
            flaw => assert_eq!(flaw.is_none(), read),
        }
        self.flawed |= !read;
    }
}

fn same_judgement(body: &[u8]) -> Result<(), TestCaseError> {
    let prost = ExportTraceServiceRequest::decode(body);
    prop_assert_eq!(prost.is_ok(), check_whole(body, &TRACES_REQUEST).is_ok(), "{:?}", prost.err());
    let mut judge = Judge::default();
    walk(body, &mut judge);
    if let Ok(request) = prost {
        prop_assert_eq!(check(body), Ok(()));
        prop_assert!(!judge.flawed);
        prop_assert_eq!(walked(body), lines_of(request));
    }
    Ok(())
}

proptest! {
    /// Scenario: any request, in any legal spelling. Guarantees: the walk shows what prost reads.
    #[test]
    fn the_walk_sees_what_prost_sees(seed in prop::collection::vec(any::<u8>(), 0..2_000), how in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let request = traces_request(&mut Source(&seed));
        let plain = request.encode_to_vec();
        let spelled = scramble(&plain, &TRACES_REQUEST, &mut Source(&how));
        let again = ExportTraceServiceRequest::decode(spelled.as_slice());
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", Ok::<_, ()>(&request)));
        for body in [plain, spelled] {
            prop_assert_eq!(check(&body), Ok(()));
            prop_assert_eq!(walked(&body), lines_of(request.clone()));
        }
    }

    /// Scenario: a request cut off, or with bytes changed. Guarantees: no panic, and prost's judgement.
    #[test]
    fn rv_08_broken_requests_are_judged_as_prost_judges_them(
        seed in prop::collection::vec(any::<u8>(), 0..400),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut body = traces_request(&mut Source(&seed)).encode_to_vec();
        if !body.is_empty() {
            for (at, value) in changes {
                let at = at.index(body.len());
                body[at] = value;
            }
            same_judgement(&body)?;
            body.truncate(cut.index(body.len()));
        }
        same_judgement(&body)?;
    }
}

struct Flaws(Vec<Option<Reason>>);

impl SpanSink for Flaws {
    fn resource(&mut self, _: &RawResource<'_>) {}
    fn scope(&mut self, _: &RawScope<'_>) {}
    fn span(&mut self, span: &RawSpan<'_>) {
        self.0.push(flaw(span));
    }
}

/// Scenario: spans, each with one thing that a strict back end refuses. Guarantees: each has its reason, the good one none.
#[test]
fn rj_01_a_flawed_span_is_named() {
    let good = Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: "s".to_owned(), ..Span::default() };
    let nested = |depth: usize| {
        (0..depth)
            .fold(AnyValue::default(), |value, _| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![value] })) })
    };
    let with = |value| Span {
        attributes: vec![KeyValue { key: "k".to_owned(), value: Some(value), ..KeyValue::default() }],
        ..good.clone()
    };
    let spans = [
        good.clone(),
        Span { trace_id: vec![1; 15], ..good.clone() },
        Span { trace_id: vec![0; 16], ..good.clone() },
        Span { span_id: Vec::new(), ..good.clone() },
        Span { parent_span_id: vec![3; 9], ..good.clone() },
        Span { parent_span_id: vec![3; 8], ..good.clone() },
        with(nested(32)),
        with(nested(33)),
    ];
    let mut encoded: Vec<_> = spans.iter().map(Message::encode_to_vec).collect();
    encoded.push([good.encode_to_vec(), vec![0x2a, 1, 0xff]].concat());
    encoded.push([good.encode_to_vec(), vec![0x4a, 2, 0x0a, 9]].concat());
    let mut body = Vec::new();
    write::nested(&mut body, 1, |out| write::nested(out, 2, |out| encoded.iter().for_each(|span| write::bytes(out, 2, span))));
    assert_eq!(check(&body), Ok(()), "a flaw within a span is that span's");
    let mut flaws = Flaws(Vec::new());
    walk(&body, &mut flaws);
    let bad_id = Some(Reason::BadId);
    let rest = [Some(Reason::TooDeep), Some(Reason::NotUtf8), Some(Reason::BadAttributes)];
    assert_eq!(flaws.0, [[None, bad_id, bad_id, bad_id, bad_id, None, None].as_slice(), &rest].concat());
}

/// Scenario: spans whose `trace_state`, or that of a link, is at the limit, over it, given twice, or 64 KiB long.
/// Guarantees: what is over 512 bytes goes, and nothing else of the span; what fits is not even copied.
#[test]
fn t35_a_long_trace_state_goes_no_further() {
    let link = |state: usize| Link { trace_id: vec![3; 16], trace_state: "l".repeat(state), flags: 7, ..Link::default() };
    let span = |own: usize, links: &[usize]| Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        trace_state: "s".repeat(own),
        name: "n".repeat(1_000),
        links: links.iter().map(|state| link(*state)).collect(),
        ..Span::default()
    };
    let cut = |span: &Span| without_long_states(&span.encode_to_vec()).map(|raw| Span::decode(&*raw).expect("a span"));
    assert_eq!(cut(&span(512, &[512, 0])), None);
    assert_eq!(cut(&span(513, &[512])), Some(span(0, &[512])));
    assert_eq!(cut(&span(512, &[1, 513, 2])), Some(span(512, &[1, 0, 2])));
    assert_eq!(cut(&span(64 << 10, &[64 << 10])), Some(span(0, &[0])));
    let mut twice = span(513, &[]).encode_to_vec();
    write::bytes(&mut twice, 3, b"k=v");
    let kept = without_long_states(&twice).map(|raw| Span::decode(&*raw).expect("a span").trace_state);
    assert_eq!(kept.as_deref(), Some("k=v"));
}
