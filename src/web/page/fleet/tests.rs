use crate::web::{
    Sources,
    model::screens::{Fleet, Node, Off, Phase, Pool, Usual},
    tests::{get, sources},
};
use http::StatusCode;
use pointsman_core::limits::API_ITEMS_MAX;
use std::sync::Arc;

const HOSTILE: &str = "<script>alert(1)</script>\" onload='x'";

fn with(fleet: Fleet) -> Sources {
    let fleet = Arc::new(fleet);
    Sources { fleet: Arc::new(move || Arc::clone(&fleet)), ..sources(0, true) }
}

fn node(name: &str) -> Node {
    let phase = Phase { name: "Drained".to_owned(), seconds: Some(2460.0), usual_seconds: Some(180.0) };
    let (name, why) = (name.to_owned(), vec!["drain: timeout_1h passed".to_owned()]);
    Node {
        name,
        pool: "worker".to_owned(),
        state: "Working".to_owned(),
        phases: vec![phase],
        why,
        attention: true,
        ..Node::default()
    }
}

fn rollout() -> Fleet {
    let machines = [("total", 12), ("updated", 7)].map(|(state, n)| (state.to_owned(), n)).into();
    let usual = |phase: &str| Usual { pool: "worker".to_owned(), phase: phase.to_owned(), count: 4, ..Usual::default() };
    Fleet {
        known: true,
        pools: vec![Pool { name: "worker".to_owned(), machines, left_seconds: Some(1080.0), ..Pool::default() }],
        nodes: vec![node("worker-7")],
        usual: vec![usual("Cordoned"), usual("Drained")],
        ..Fleet::default()
    }
}

/// Scenario: a rollout with a drain that takes too long. Guarantees: the page shows the numbers of its JSON twin, phases in the order
/// of an update, and marks what is late with a sign and not by colour alone.
#[tokio::test]
async fn a_rollout_is_shown_as_its_twin_tells_it() {
    let (status, page) = get(with(rollout()), "/fleet").await;
    assert_eq!(status, StatusCode::OK);
    for text in ["7/12", "18m", "41m (usual 3m)", "drain: timeout_1h passed", "worker-7", "needs attention", "/api/v1/fleet"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.find("Cordoned</th>") < page.find("Drained</th>"), "{page}");
    let (_, twin) = get(with(rollout()), "/api/v1/fleet").await;
    let twin: serde_json::Value = serde_json::from_str(&twin).expect("JSON");
    let pool = &twin["item"]["pools"][0];
    assert_eq!((&pool["machines"]["updated"], &pool["leftSeconds"]), (&7.into(), &1080.0.into()));
    assert_eq!(twin["item"]["nodes"][0]["phases"][0]["seconds"], 2460.0);
}

/// Scenario: no series of the watchers, a part that is off, and names that a sender chose to break the page.
/// Guarantees: an explanation, the line that turns the part on, and text that stays text.
#[tokio::test]
async fn what_is_missing_or_hostile_is_text() {
    let missing = Fleet { missing: "No series of the watchers is here".to_owned(), ..Fleet::default() };
    let (_, page) = get(with(missing), "/fleet").await;
    assert!(page.contains("No series of the watchers") && !page.contains("id=\"nodes\""), "{page}");
    let mut hostile = rollout();
    let off =
        Off { metric: "m".to_owned(), why: HOSTILE.to_owned(), enable: "metrics: [{name: on}]".to_owned(), ..Off::default() };
    hostile.off = vec![off];
    hostile.pools[0].name = HOSTILE.to_owned();
    hostile.nodes[0].name = HOSTILE.to_owned();
    hostile.nodes[0].phases[0].name = HOSTILE.to_owned();
    let (_, page) = get(with(hostile), "/fleet").await;
    assert!(page.contains("metrics: [{name: on}]") && !page.contains("<script>alert") && !page.contains("\" onload"), "{page}");
}

/// Scenario: more nodes than a page shows, and filters that are none. Guarantees: how many more there are, with a link; 400 with the
/// fix, the text as text.
#[tokio::test]
async fn nodes_are_cut_and_filters_checked() {
    let many = || Fleet { nodes: (0..API_ITEMS_MAX + 5).map(|i| node(&format!("n{i}"))).collect(), ..rollout() };
    let (_, page) = get(with(many()), "/fleet?sort=name").await;
    assert!(page.contains("5 more") && page.contains("/fleet?sort=name&#38;after=1000"), "{}", page.get(..4000).unwrap_or(&page));
    for bad in ["sort=%3Cscript%3E", "after=x", "state=on", "nonsense=1"] {
        let (status, page) = get(with(rollout()), &format!("/fleet?{bad}")).await;
        assert!(status == StatusCode::BAD_REQUEST && page.contains("PM050") && !page.contains("<script>alert"), "{bad}: {page}");
    }
}
