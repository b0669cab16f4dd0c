//! That the index says what trying every pattern on every instrument says, and tries hardly any.

use super::Indexed;
use crate::{
    fault::Place,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind, Level},
    },
    view::{
        pattern::{Names, Pattern, tries},
        plan::{Plan, ViewSet},
        spec::{self, Baseline, Catalogue, Declared, Match, MetricRule, Mode, ObjectId, Origin, Reach, State, View},
    },
};
use proptest::prelude::{ProptestConfig, prop, prop_assert_eq, proptest};
use std::sync::Arc;

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn catalogue(name: &str, instruments: Vec<Declared>) -> Arc<Catalogue> {
    let id = ObjectId { kind: spec::CATALOG, namespace: "".into(), name: name.into() };
    Arc::new(Catalogue {
        id,
        place: Place::Nowhere,
        service: name.into(),
        schema_url: "".into(),
        instruments: instruments.into(),
    })
}

fn declared(name: &str, kind: Kind, unit: &str) -> Declared {
    let (stability, attributes) = Default::default();
    Declared { scope: "".into(), name: name.into(), kind, unit: unit.into(), level: Level::Standard, stability, attributes }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    /// Scenario: any small catalogue and any pattern over the same few letters. Guarantees: the index names exactly the rows that the
    /// pattern names when it is tried, the first time and from memory.
    #[test]
    fn the_index_says_what_trying_says(
        rows in prop::collection::vec(("[ab._]{1,4}", 0..Kind::ALL.len(), prop::sample::select(vec!["", "s", "1", "By"])), 1..6),
        pattern in "([ab._*?]{1,5}|[ab*]{1,3}(_bucket|_sum|_total|_seconds|_created|_seconds_count))",
    ) {
        let rows: Vec<Declared> = rows.iter().map(|(name, kind, unit)| declared(name, Kind::ALL[*kind], unit)).collect();
        let pattern = Pattern::new(&pattern);
        let tried = |row: &Declared| pattern.names(&Names::new(&row.name, &row.unit, row.kind));
        let want: Vec<usize> = (0..rows.len()).filter(|at| tried(&rows[*at])).collect();
        let indexed = Indexed::new(catalogue("c", rows));
        for _ in 0..2 {
            let mut found = Vec::new();
            indexed.rows(&pattern, &mut |row| found.push(row));
            prop_assert_eq!(&found, &want);
        }
    }
}

/// A view of a namespace with rules for names, for prefixes and for all, as many views have them.
fn view(namespace: usize, name: usize) -> Arc<View> {
    let rule = |at: usize| {
        let pattern = match at % 4 {
            0 => "*".to_owned(),
            1 => format!("area{}.*", at % 8),
            _ => format!("area{}.metric{}", at % 8, at % 10),
        };
        let matches = Match { instruments: vec![Pattern::new(&pattern)], ..Match::default() };
        MetricRule {
            name: format!("r{at}").into(),
            place: Place::Nowhere,
            matches,
            state: if (at + name).is_multiple_of(3) { State::Disabled } else { State::Enabled },
            attributes: None,
            buckets: None,
            limit: Some(u32::try_from(at + 1).expect("it is small")),
            interval: None,
            rename: None,
        }
    };
    Arc::new(View {
        id: ObjectId { kind: spec::VIEW, namespace: format!("ns{namespace}").into(), name: format!("v{name}").into() },
        place: Place::Nowhere,
        created: Some(Wall::from_secs(name as u64)),
        mode: Mode::Enforce,
        reason: "".into(),
        reach: Reach::Namespace,
        targets: Vec::new(),
        baseline: Baseline::Inherit,
        metrics: (0..16).map(rule).collect(),
        traces: Vec::new(),
        expiry: None,
        override_protected: None,
        origin: Origin::default(),
    })
}

/// Scenario: 10 namespaces with 4 views of 16 rules each, and 5 components, of 4 services with a catalogue of 80 instruments. Guarantees:
/// plans and the decisions of every declared instrument cost no more tries than distinct patterns times catalogue, once; and they
/// are those of the same instruments without an index.
#[test]
fn patterns_are_tried_once_for_each_catalogue() {
    let instruments =
        || (0..80).map(|at| declared(&format!("area{}.metric{}", at % 8, at / 8), Kind::Counter, "")).collect::<Vec<_>>();
    let catalogues: Vec<Arc<Catalogue>> = (0..4).map(|at| catalogue(&format!("service{at}"), instruments())).collect();
    let views: Vec<Arc<View>> = (0..40).map(|at| view(at % 10, at / 10)).collect();
    let set = ViewSet::compile(views.clone(), catalogues.clone());
    let key = |at: usize| ComponentKey {
        namespace: format!("ns{}", at % 10).into(),
        workload: None,
        service: format!("service{}", at % 4).into(),
    };
    tries::take();
    let plans: Vec<Plan> = (0..50).map(|at| set.plan(&key(at), NOW)).collect();
    let instrument = |row: &Declared| Instrument { scope: "".into(), name: row.name.clone(), kind: row.kind, unit: "".into() };
    let decide = |plan: &Plan| instruments().iter().map(|row| plan.decide(&instrument(row))).collect::<Vec<_>>();
    let decisions: Vec<_> = plans.iter().map(decide).collect();
    // Of the patterns with wildcards, `*` is tried on all 80 of each catalogue, the two for areas on the 10 of theirs.
    assert_eq!(tries::take(), 4 * (80 + 2 * 10));
    let bare = ViewSet::compile(views, Vec::new());
    for (at, decisions) in decisions.iter().enumerate().take(10) {
        assert_eq!(decide(&bare.plan(&key(at), NOW)), *decisions, "component {at}");
    }
    assert!(tries::take() > 10_000, "without a catalogue every rule is tried on every instrument");
}
