use super::{
    Sources,
    model::objects::{Catalogued, Explanations, Left},
    router,
};
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use pointsman_core::{limits, model::clock::Wall};
use std::sync::Arc;
use tower::ServiceExt;

/// Sources with nothing in them but a catalogue of `instruments`.
pub(super) fn sources(instruments: usize, is_ready: bool) -> Sources {
    let instrument = |i: usize| Catalogued { name: format!("metric.{i}"), ..Catalogued::default() };
    Sources {
        now: Arc::new(|| Wall::from_secs(1_700_000_000)),
        is_ready: Arc::new(move || is_ready),
        overview: Arc::new(Default::default),
        components: Arc::new(Vec::new),
        component: Arc::new(|_, _| None),
        views: Arc::new(Vec::new),
        catalog: Arc::new(move || (0..instruments).map(instrument).collect()),
        explain: Arc::new(|_, _| Explanations::default()),
        left: Arc::new(|query| {
            let sets = u64::try_from(query.drop.len()).ok();
            (query.component == "known").then(|| Left { metric: query.metric.clone(), sets, ..Left::default() })
        }),
        consumers: Arc::new(Vec::new),
        fleet: Arc::new(Default::default),
        cost: Arc::new(|_| Arc::default()),
        flow: Arc::new(Default::default),
        traces: Arc::new(Default::default),
        health: Arc::new(Default::default),
        faults: Arc::new(Vec::new),
    }
}

pub(super) async fn get(sources: Sources, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = router(sources).oneshot(request).await.expect("a router never fails");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// Scenario: a list is longer than an answer may be.
/// Guarantees: it is cut, and says so; a list that just fits is whole.
#[tokio::test]
async fn long_lists_are_cut_and_say_so() {
    for (n, truncated) in [(limits::API_ITEMS_MAX, false), (limits::API_ITEMS_MAX + 1, true)] {
        let (status, body) = get(sources(n, true), "/api/v1/catalog").await;
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((status, json["items"].as_array().map(Vec::len)), (StatusCode::OK, Some(limits::API_ITEMS_MAX)));
        assert_eq!((&json["truncated"], &json["at"]), (&truncated.into(), &"2023-11-14T22:13:20Z".into()));
    }
}

/// Scenario: the views are not loaded yet, then they are.
/// Guarantees: alive in both cases, ready only in the second.
#[tokio::test]
async fn ready_means_that_views_are_loaded() {
    for (is_ready, status) in [(false, StatusCode::SERVICE_UNAVAILABLE), (true, StatusCode::OK)] {
        assert_eq!(get(sources(0, is_ready), "/readyz").await.0, status);
        assert_eq!(get(sources(0, is_ready), "/livez").await.0, StatusCode::OK);
    }
}

/// Scenario: a path or a name that is none, with text that would break a page or a log.
/// Guarantees: a fault in JSON, cut, with the text as data.
#[tokio::test]
async fn unknown_names_are_faults() {
    let long = format!("/api/v1/components/ns/{}", "x".repeat(5_000));
    for path in ["/nowhere", "/api/v1/views/-/nobody", "/api/v1/components/ns/%3Cscript%3E", &long] {
        let (status, body) = get(sources(1, true), path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(json["version"], 1);
        assert!(json["fault"]["message"].as_str().is_some_and(|text| text.starts_with("unknown ")), "{body}");
        assert!(body.len() < 1_000, "{body}");
    }
}

/// Scenario: a list of three pages, page by page, and a place that is no number. Guarantees: every item once, the last page is not
/// cut; a fault for what is no place.
#[tokio::test]
async fn long_lists_have_pages() {
    let all = 2 * limits::API_ITEMS_MAX + 1;
    let mut names = std::collections::BTreeSet::new();
    for (after, truncated) in [(0, true), (limits::API_ITEMS_MAX, true), (2 * limits::API_ITEMS_MAX, false)] {
        let (_, body) = get(sources(all, true), &format!("/api/v1/catalog?after={after}")).await;
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(json["truncated"], truncated);
        names.extend(json["items"].as_array().into_iter().flatten().map(|item| item["name"].to_string()));
    }
    assert_eq!(names.len(), all);
    let (status, body) = get(sources(1, true), "/api/v1/catalog?after=x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("PM0502"), "{body}");
}

/// Scenario: names that nobody has, one too long, and a question about attribute sets. Guarantees: no name is a fault but the one
/// that is too long; keys are read from the list.
#[tokio::test]
async fn names_and_sets_can_be_asked_for() {
    assert_eq!(get(sources(0, true), "/api/v1/catalog/span:GET%20%2Fhealthz?component=a").await.0, StatusCode::OK);
    let long = format!("/api/v1/catalog/{}", "x".repeat(257));
    assert_eq!(get(sources(0, true), &long).await.0, StatusCode::BAD_REQUEST);
    let (status, body) = get(sources(0, true), "/api/v1/components/ns/known?metric=m&drop=a,b").await;
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &json["item"]["sets"]), (StatusCode::OK, &2.into()));
    assert_eq!(get(sources(0, true), "/api/v1/components/ns/nobody?metric=m").await.0, StatusCode::NOT_FOUND);
}

/// Scenario: the twins of screens with absurd filters: an order that is none, a place that is no number, texts that are too long or
/// hostile. Guarantees: 400 with the fix in it, and the text as data; what is merely not there is an empty answer.
#[tokio::test]
async fn absurd_filters_are_told_the_fix() {
    let long = "x".repeat(limits::VIEW_TEXT_BYTES_MAX + 1);
    for screen in ["fleet", "cost", "flow", "traces"] {
        let bad = [
            ("sort=%3Cscript%3E".to_owned(), "take "),
            ("after=-1".to_owned(), "write ?after="),
            (format!("q={long}"), "write a part"),
            (format!("component={long}"), "write a part"),
        ];
        for (query, fix) in bad {
            let (status, body) = get(sources(0, true), &format!("/api/v1/{screen}?{query}")).await;
            assert!(
                status == StatusCode::BAD_REQUEST && body.contains("PM0502") && body.contains(fix),
                "{screen} {query}: {body}"
            );
        }
        let (status, body) = get(sources(0, true), &format!("/api/v1/{screen}?q=%00%3Cb%3E&component=a/b&after=7")).await;
        assert!(status == StatusCode::OK && body.contains("\"item\":{"), "{screen}: {body}");
    }
}
