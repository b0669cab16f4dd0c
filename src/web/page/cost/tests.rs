use crate::web::{
    Sources,
    model::{
        objects::AttributeCost,
        screens::{Cost, CostOfComponent, CostOfInstrument},
    },
    tests::{get, sources},
};
use http::StatusCode;
use std::sync::Arc;

/// Two components; of the first also what attributes cost, when it is asked for.
fn with(name: &'static str) -> Sources {
    let instrument = |component: &str, series, attributes: Option<Vec<AttributeCost>>| CostOfInstrument {
        component: component.to_owned(),
        name: name.to_owned(),
        on: true,
        sets_sent: 301,
        series,
        points_per_minute: Some(1204.0),
        attributes,
        ..CostOfInstrument::default()
    };
    let total = |component: &str| CostOfComponent { component: component.to_owned(), series: 301, ..CostOfComponent::default() };
    let make = move |asked: Option<&str>| {
        let attribute = AttributeCost { key: "err".to_owned(), values: 300, sets_without: 1 };
        let attributes = asked.map(|_| vec![attribute]);
        let instruments = vec![instrument("mco/mcd", 301, attributes), instrument("mco/mcc", 12, None)];
        let components = vec![total("mco/mcd"), total("mco/mcc")];
        Arc::new(Cost { series: 313, series_max: 2_000_000, components, instruments, ..Cost::default() })
    };
    Sources { cost: Arc::new(make), ..sources(0, true) }
}

/// Scenario: all components, then one by its name alone. Guarantees: the numbers of the twin; what is left without an attribute for
/// the one, and a hint how to see it for all.
#[tokio::test]
async fn attributes_are_shown_of_one_component() {
    let (status, page) = get(with("mcd_update_state"), "/cost").await;
    assert_eq!(status, StatusCode::OK);
    for text in
        ["mcd_update_state", "313 of 2M series", "301 -&#62; 12", "1204", "/cost?component=mco%2Fmcd", "Choose a component"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("without <code>"), "{page}");
    let (_, page) = get(with("mcd_update_state"), "/cost?component=mcd").await;
    assert!(page.contains("without <code>err</code> (300 values): 301 -&gt; 1"), "{page}");
    assert!(page.contains("pointsman explain &#39;mcd_update_state&#39; --component &#39;mco/mcd&#39;"), "{page}");
    assert!(!page.contains("mco/mcc") && !page.contains("Choose a component"), "{page}");
    let (_, twin) = get(with("mcd_update_state"), "/api/v1/cost?component=mcd").await;
    let twin: serde_json::Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!(twin["item"]["instruments"][0]["attributes"][0]["setsWithout"], 1);
    assert_eq!(twin["item"]["instruments"].as_array().map(Vec::len), Some(1));
}

/// Scenario: nothing is pushed, a filter that nothing matches, and a metric whose name would break the page.
/// Guarantees: words in place of empty tables, and text that stays text, in links too.
#[tokio::test]
async fn empty_and_hostile_costs_are_text() {
    let (_, page) = get(sources(0, true), "/cost").await;
    assert!(page.contains("No component pushes.") && page.contains("No instrument matches."), "{page}");
    let (_, page) = get(with("m"), "/cost?component=nobody").await;
    assert!(page.contains("No component pushes that matches."), "{page}");
    let (_, page) = get(with("\"><img src=x onerror=alert(1)>/../"), "/cost").await;
    assert!(!page.contains("<img src=x") && page.contains("/catalog/%22%3E%3Cimg"), "{page}");
}
