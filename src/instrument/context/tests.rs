use super::{ANNOTATION, Context, ContextError};
use crate::span::{Place, SpanId, TraceId};
use std::collections::BTreeMap;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn check(text: &str, want: Result<bool, ContextError>) {
    assert_eq!(text.parse::<Context>().map(|context| context.sampled), want, "{text}");
}

/// Scenario: texts as other programs write them, well and badly. Guarantees: what W3C Trace Context calls valid is read,
/// and nothing else.
#[test]
fn only_a_traceparent_is_read() {
    check(GOOD, Ok(true));
    check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", Ok(false));
    check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09", Ok(true));
    check("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Ok(true));
    check("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-says", Ok(true));
    check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", Err(ContextError::Form));
    check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", Err(ContextError::Form));
    check("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x", Err(ContextError::Form));
    check("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Err(ContextError::Version));
    check("00-00000000000000000000000000000000-b7ad6b7169203331-01", Err(ContextError::Zero));
    check("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", Err(ContextError::Zero));
    for text in [
        "",
        "00",
        "-",
        GOOD.trim_start_matches("00"),
        &GOOD.to_uppercase(),
        &GOOD.replace('-', "_"),
        &format!(" {GOOD}"),
        &GOOD.replace("00-0a", "00-+a"),
    ] {
        check(text, Err(ContextError::Form));
    }
}

/// Scenario: a context goes through an object's annotations. Guarantees: it comes back as it went; to write it again
/// changes nothing; other annotations stay.
#[test]
fn a_context_survives_an_annotation() {
    let context = Context { trace: TraceId::from(0xaf_u128), span: SpanId::from(7), sampled: true };
    let mut annotations = BTreeMap::from([("other".to_owned(), "x".to_owned())]);
    assert_eq!(Context::read(&annotations), Ok(None));
    assert!(context.write(&mut annotations));
    assert!(!context.write(&mut annotations));
    assert_eq!(annotations[ANNOTATION], "00-000000000000000000000000000000af-0000000000000007-01");
    assert_eq!(Context::read(&annotations), Ok(Some(context)));
    assert_eq!(annotations.len(), 2);
    annotations.insert(ANNOTATION.to_owned(), "nonsense".to_owned());
    assert_eq!(Context::read(&annotations), Err(ContextError::Form));
}

/// Scenario: a span that is off and part of no other, on an object that still tells of an earlier one. Guarantees: nothing is
/// left to go on with.
#[test]
fn what_is_off_leaves_no_annotation() {
    let gone = Context::of(Place::root(TraceId::from(0xaf_u128), SpanId::INVALID));
    let mut annotations = BTreeMap::from([(ANNOTATION.to_owned(), GOOD.to_owned()), ("other".to_owned(), "x".to_owned())]);
    assert!(gone.write(&mut annotations));
    assert!(!gone.write(&mut annotations));
    assert_eq!(annotations.into_keys().collect::<Vec<_>>(), ["other"]);
}
