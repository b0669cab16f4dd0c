use super::Pushes;
use pointsman_core::{
    limits::PUSHES_KNOWN_MAX,
    model::{clock::Mono, component::ComponentKey},
    state::store::ComponentSummary,
};

fn pushed(service: &str, at: u64) -> ComponentSummary {
    ComponentSummary {
        key: ComponentKey { namespace: "default".into(), workload: None, service: service.into() },
        instances: 1,
        streams: 1,
        series: 1,
        received: 1,
        suppressed: 0,
        last_push: Mono::from_secs(at),
        plan_hash: [0; 16],
    }
}

/// Scenario: a component falls silent and ends in the store, another goes on; then the first comes back. Guarantees: its age goes
/// on growing for a day, is gone after that, and begins anew when it pushes.
#[test]
fn silence_is_remembered_for_a_day() {
    let pushes = Pushes::default();
    let ages = |live: &[ComponentSummary], now| pushes.look(live, Mono::from_secs(now));
    assert_eq!(
        ages(&[pushed("a", 100), pushed("b", 100)], 101),
        [("default/service.a".to_owned(), 1.0), ("default/service.b".to_owned(), 1.0)]
    );
    assert_eq!(
        ages(&[pushed("b", 990)], 1000),
        [("default/service.a".to_owned(), 900.0), ("default/service.b".to_owned(), 10.0)]
    );
    let day = 24 * 3600;
    assert_eq!(ages(&[pushed("b", day)], 101 + day), [("default/service.b".to_owned(), 101.0)]);
    assert_eq!(ages(&[pushed("a", day + 200)], day + 201).first(), Some(&("default/service.a".to_owned(), 1.0)));
}

/// Scenario: more components push than are remembered. Guarantees: the cap holds, and those that were known stay known.
#[test]
fn no_more_than_the_cap_is_remembered() {
    let pushes = Pushes::default();
    let all: Vec<_> = (0..PUSHES_KNOWN_MAX + 10).map(|n| pushed(&format!("s{n:05}"), 5)).collect();
    assert_eq!(pushes.look(&all, Mono::from_secs(6)).len(), PUSHES_KNOWN_MAX);
    let again = pushes.look(all.get(..1).unwrap_or_default(), Mono::from_secs(7));
    assert_eq!(again.len(), PUSHES_KNOWN_MAX);
}
