//! Rates from looks at scripted counts.

use super::{Costs, Observer};
use expect_test::expect;
use pointsman_core::{
    fault::Place,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
        instrument::{Instrument, Kind, Level},
    },
    state::observe::{ObservedComponent, ObservedInstrument},
    view::{
        decide::Aspect,
        plan::{Plan, ViewSet},
        read::{self, Known, Object},
        spec::{CATALOG, Catalogue, Declared, ObjectId},
        sync::{ComponentSync, Reported, SyncState},
    },
};
use std::{collections::BTreeSet, sync::Arc};

/// One component with one instrument, pushed last at a second, with so many points in all.
fn seen(last_secs: u64, points: u64) -> Vec<ObservedComponent> {
    let key = ComponentKey { namespace: "ns".into(), workload: None, service: "s".into() };
    let instrument = Instrument { scope: "".into(), name: "m".into(), kind: Kind::Gauge, unit: "".into() };
    let last = Mono::from_secs(last_secs);
    let one = ObservedInstrument { instrument, instances: 2, sent: 30, exposed: 30, points, limited: 0, last, bytes: 0 };
    vec![ObservedComponent {
        key,
        instances: 2,
        since: Mono::default(),
        last_push: last,
        received: points,
        suppressed: 0,
        series: 30,
        plan_hash: [0; 16],
        instruments: vec![one],
    }]
}

/// Scenario: looks every 15 s at a sender of 30 sets every 30 s, which then restarts from nothing.
/// Guarantees: no rate from one request, then 60 a minute, whenever it is asked; after the restart none until a second push.
#[test]
fn rates_are_measured_between_pushes() {
    let observer = Observer::default();
    let rate = |now: &[ObservedComponent]| observer.per_minute(&now[0].key, &now[0].instruments[0]);
    let look = |now: &[ObservedComponent]| observer.look(now, &SyncState::new(), &|_| Plan::default());
    look(&seen(30, 30));
    assert_eq!(rate(&seen(30, 30)), None);
    for secs in (45..400).step_by(15) {
        let pushes = secs / 30;
        let now = seen(pushes * 30, pushes * 30);
        look(&now);
        if pushes > 1 {
            assert_eq!(rate(&now), Some(60.0), "after {secs} s");
        }
    }
    let restarted = seen(420, 30);
    let costs = look(&restarted);
    assert_eq!(rate(&restarted), None);
    let cost = &costs.known[0];
    assert_eq!((cost.series, cost.instances, cost.per_minute), (30, 2, 30.0));
}

/// One view on namespace `ns`.
fn views(rule: &str) -> ViewSet {
    let text = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v, namespace: ns}}\nspec: {{reason: r, metrics: [{{name: r, match: {{instruments: [m]}}, {rule}}}]}}\n"
    );
    let source = Arc::new(pointsman_core::fault::Source { name: "v.yaml".into(), text: text.into() });
    let read = read::text(&source, &Known { first_seen: &|_, _| Wall::default(), namespace: "ns" });
    let views = read.into_iter().filter_map(|read| match read.object.expect("the view is good") {
        Object::View(view) => Some(view),
        Object::Catalogue(_) => None,
    });
    ViewSet::compile(views.collect(), Vec::new())
}

/// The component takes plans, can do `aspects`, and declares `m` and one that it never recorded.
fn takes(aspects: &[Aspect]) -> SyncState {
    let row = |name: &str| Declared {
        scope: "".into(),
        name: name.into(),
        kind: Kind::Gauge,
        unit: "".into(),
        level: Level::Standard,
        stability: "".into(),
        attributes: Vec::new(),
    };
    let catalogue = Catalogue {
        id: ObjectId { kind: CATALOG, namespace: "ns".into(), name: "c".into() },
        place: Place::Nowhere,
        service: "s".into(),
        schema_url: "".into(),
        instruments: [row("m"), row("never")].into(),
    };
    let reported = Reported { aspects: aspects.iter().copied().collect::<BTreeSet<_>>(), ..Reported::default() };
    let sync = ComponentSync {
        connected: 2,
        applied: 2,
        catalogue: Some(Arc::new(catalogue)),
        reported: Some(Arc::new(reported)),
        ..ComponentSync::default()
    };
    SyncState::from([(seen(0, 0).remove(0).key, sync)])
}

fn told(costs: &Costs) -> String {
    let lines = costs.known.iter().map(|cost| {
        let unknown = costs.unknown.contains(&(cost.component.clone(), cost.instrument.clone()));
        let known = if unknown { ", unknown" } else { "" };
        format!("{}: {} series, {} a minute, {:?}{known}", cost.instrument.name, cost.series, cost.per_minute, cost.basis)
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Scenario: a metric is turned off at the source, leaves the stream, is asked about again, comes back; then the controller
/// starts anew while it is off. Guarantees: its last numbers stay as an estimate, what was never recorded costs nothing, and
/// a controller that never saw it says so.
#[test]
fn what_is_off_at_the_source_keeps_its_numbers() {
    let (observer, sync) = (Observer::default(), takes(&[Aspect::State]));
    let (on, off) = (ViewSet::default(), views("state: Disabled"));
    let look =
        |now: &[ObservedComponent], views: &ViewSet| told(&observer.look(now, &sync, &|key| views.plan(key, Wall::default())));
    look(&seen(30, 30), &on);
    expect!["m: 30 series, 60 a minute, Observed"].assert_eq(&look(&seen(60, 60), &on));
    expect!["m: 30 series, 60 a minute, Estimated"].assert_eq(&look(&seen(60, 60), &off));
    let mut silent = seen(90, 60);
    silent[0].instruments.clear();
    expect!["m: 30 series, 60 a minute, Estimated"].assert_eq(&look(&silent, &off));
    expect!["m: 30 series, 60 a minute, Estimated"].assert_eq(&look(&[], &off));
    expect!["m: 30 series, 60 a minute, Estimated"].assert_eq(&look(&silent, &off));
    expect![""].assert_eq(&look(&silent, &on));
    expect!["m: 30 series, 30 a minute, Observed"].assert_eq(&look(&seen(600, 30), &on));
    let anew = Observer::default();
    let costs = anew.look(&silent, &sync, &|key| off.plan(key, Wall::default()));
    expect!["m: 0 series, 0 a minute, Estimated, unknown"].assert_eq(&told(&costs));
    let gone = observer.look(&silent, &SyncState::new(), &|key| off.plan(key, Wall::default()));
    expect![""].assert_eq(&told(&gone));
}

/// Scenario: keys are dropped at the source, so that fewer sets come; the same where the library cannot do that.
/// Guarantees: what it would cost without views stays known; where the source does nothing, what is seen counts.
#[test]
fn what_a_source_cuts_keeps_its_numbers() {
    let keys = views("attributes: {drop: [pod], collapse: Sum}");
    let mut few = seen(60, 33);
    few[0].instruments[0].sent = 3;
    for (aspects, want) in [
        (&[Aspect::State, Aspect::Attributes][..], expect!["m: 30 series, 30 a minute, Estimated"]),
        (&[Aspect::State], expect!["m: 3 series, 6 a minute, Observed"]),
    ] {
        let (observer, sync) = (Observer::default(), takes(aspects));
        observer.look(&seen(30, 30), &sync, &|_| Plan::default());
        want.assert_eq(&told(&observer.look(&few, &sync, &|key| keys.plan(key, Wall::default()))));
    }
}
