use super::{
    SCREENS, assets, refused,
    show::{ago, bytes, moment},
};
use crate::web::{
    Sources,
    model::{
        Backend, Overview, Traces,
        objects::{Catalogued, Component, ComponentDetail, SentInstrument, View},
    },
    tests::{get, sources},
};
use http::StatusCode;
use pointsman_core::limits::API_ITEMS_MAX;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// A text that would break a page if it were not escaped.
const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{7*7}}";

/// Sources in which every name is hostile.
fn hostile(count: usize) -> Sources {
    let name = |i: usize| format!("{EVIL}{i}");
    let component = move |i: usize| Component {
        namespace: EVIL.to_owned(),
        name: name(i),
        service: name(i),
        series: i,
        state: if i.is_multiple_of(2) { "Active" } else { "Silent" }.to_owned(),
        ..Component::default()
    };
    let view = move |i: usize| View {
        kind: "TelemetryView".to_owned(),
        namespace: EVIL.to_owned(),
        name: name(i),
        file: name(i),
        spec: Some(json!({ EVIL: EVIL })),
        ..View::default()
    };
    let instrument = move |i: usize| Catalogued { name: name(i), attributes: vec![EVIL.to_owned()], ..Catalogued::default() };
    let backend = Backend { url: EVIL.to_owned(), failing: true, ..Backend::default() };
    Sources {
        overview: Arc::new(|| Overview { series: 12_345, ..Overview::default() }),
        components: Arc::new(move || (0..count).map(component).collect()),
        component: Arc::new(move |_, _| {
            let instrument = |i| SentInstrument { name: name(i), scope: EVIL.to_owned(), ..SentInstrument::default() };
            let instruments = (0..count).map(instrument).collect();
            Some(ComponentDetail {
                component: component(1),
                instruments,
                plan: json!({ EVIL: EVIL }),
                ..ComponentDetail::default()
            })
        }),
        views: Arc::new(move || (0..count).map(view).collect()),
        catalog: Arc::new(move || (0..count).map(instrument).collect()),
        traces: Arc::new(move || Traces { backends: vec![backend.clone()], ..Traces::default() }),
        faults: Arc::new(|| vec![json!({"code": "PM0104", "severity": "error", "message": EVIL, "fix": EVIL})]),
        ..sources(0, true)
    }
}

fn screens() -> impl Iterator<Item = String> {
    let name = form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>().replace('+', "%20");
    let items = [
        format!("/components/{name}/{name}1"),
        format!("/views/{name}/{name}1"),
        format!("/catalog/{name}"),
        format!("/catalog?q={name}"),
        format!("/catalog?state={name}"),
    ];
    SCREENS.iter().map(|(path, _)| (*path).to_owned()).chain(items)
}

/// Scenario: every name is a script. Guarantees: no page has a tag or an attribute of it, and each shows it as text.
#[tokio::test]
async fn names_are_text_on_every_screen() {
    for path in screens() {
        let (status, body) = get(hostile(2), &path).await;
        assert!(status == StatusCode::OK || path.contains("state="), "{path}: {status}");
        assert!(!body.contains("<script>") && !body.contains("<img src=x") && !body.contains("\"'>"), "{path}: {body}");
        // These have nothing to show here: tests of their own fill them.
        let is_empty = ["/fleet", "/cost", "/flow", "/traces", "/docs"].contains(&path.as_str());
        assert!(is_empty || body.contains("&#60;script&#62;"), "{path}: {body}");
    }
}

/// Scenario: lists of 0, 1 and more items than a page may have. Guarantees: each is cut as its JSON twin is, says how many more
/// there are, and leads to them; both have the same items, in the same order, whatever is asked.
#[tokio::test]
async fn pages_and_their_twins_show_the_same() {
    for count in [0, 1, API_ITEMS_MAX + 7] {
        for path in ["/components?sort=series", "/components?state=Silent&q=1", "/views?q=1", "/catalog", "/catalog?after=3"] {
            let (_, page) = get(hostile(count), path).await;
            let (status, twin) = get(hostile(count), &format!("/api/v1{path}")).await;
            let twin: Value = serde_json::from_str(&twin).expect("JSON");
            let rows = page.matches("<th scope=\"row\">").count();
            assert_eq!((status, rows), (StatusCode::OK, twin["items"].as_array().expect("items").len()), "{path}");
            assert_eq!(page.contains(" more</a>"), twin["truncated"] == true, "{path}");
            assert!(rows > 0 || page.contains("class=\"quiet\">None"), "{path}: {page}");
        }
    }
}

/// Scenario: the list of documents, each of them, and one that there is not. Guarantees: each is a page with one heading of the
/// first order; what is not there is told.
#[tokio::test]
async fn every_document_is_a_page() {
    let (status, list) = get(hostile(1), "/docs").await;
    assert_eq!((status, list.matches("<h1").count()), (StatusCode::OK, 1), "{list}");
    for page in crate::docs::pages() {
        let path = format!("/docs/{}", page.path);
        assert!(list.contains(&format!("href=\"{path}\"")), "{path}");
        let (status, shown) = get(hostile(1), &path).await;
        assert_eq!((status, shown.matches("<h1").count()), (StatusCode::OK, 1), "{path}");
        assert!(shown.contains("aria-current=\"page\">Docs"), "{path}");
    }
    assert_eq!(get(hostile(1), "/docs/nothing/there").await.0, StatusCode::NOT_FOUND);
}

/// Scenario: words that no list knows, two mistakes at once, a name that nobody has. Guarantees: a page that says which, and what would
/// do; the twin says the same.
#[tokio::test]
async fn what_is_not_understood_is_said() {
    let (status, page) = get(hostile(1), "/components?state=on&colour=red").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for said in ["no such word: on", "take Active, Silent", "word of the query", "take component, state, q, sort, after"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let (status, twin) = get(hostile(1), "/api/v1/components?state=on&colour=red").await;
    let twin: Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!((status, twin["faults"].as_array().map(Vec::len)), (StatusCode::BAD_REQUEST, Some(2)));
    let long = format!("/catalog?q={}&sort=x&after=-1", "a".repeat(257));
    let (status, page) = get(hostile(1), &long).await;
    assert_eq!((status, page.matches("<a href=\"/errors/PM0502\">").count()), (StatusCode::BAD_REQUEST, 3), "{page}");
    for nobody in ["/views/-/nobody", "/errors/PM9999"] {
        assert_eq!(get(sources(0, true), nobody).await.0, StatusCode::NOT_FOUND, "{nobody}");
    }
}

/// Scenario: everything that a first view loads. Guarantees: it is at most 150 kB, and nothing of it is elsewhere.
#[tokio::test]
async fn a_first_view_is_small_and_whole() {
    let (_, front) = get(hostile(API_ITEMS_MAX), "/").await;
    let bytes = front.len() + assets::STYLE.len() + assets::SCRIPT.len() + assets::ICON.len();
    assert!(bytes <= 150_000, "{bytes} bytes");
    for text in [&front, assets::STYLE, assets::SCRIPT] {
        assert!(!text.contains("://") && !text.contains("@import") && !text.contains("url("), "{text}");
    }
    let loaded: BTreeSet<&str> = front.split(['"', ' ']).filter(|word| word.starts_with("/assets/")).collect();
    for path in loaded {
        assert_eq!(get(sources(0, true), path).await.0, StatusCode::OK, "{path}");
    }
}

/// Scenario: numbers and times for people. Guarantees: they are as said, and what is no time stays as it is.
#[test]
fn numbers_and_times_are_readable() {
    assert_eq!([bytes(&10), bytes(&10_239), bytes(&10_240), bytes(&(64 << 20))].join(" "), "10 B 10239 B 10 KiB 64 MiB");
    let now = "2026-01-02T03:04:05Z";
    assert_eq!((ago("2026-01-02T03:04:00Z", now), ago("", now)), ("5s ago".to_owned(), String::new()));
    assert_eq!(moment("2026-01-02T03:00:00Z", now), "03:00:00Z");
    assert_eq!(moment("soon", now), "soon");
    assert_eq!(refused(StatusCode::NOT_FOUND, &[]).status(), StatusCode::NOT_FOUND);
}
