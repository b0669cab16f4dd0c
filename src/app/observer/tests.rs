//! Rates from looks at scripted counts.

use super::Observer;
use pointsman_core::{
    model::{
        clock::Mono,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    state::observe::{ObservedComponent, ObservedInstrument},
};

/// One component with one instrument, pushed last at a second, with so many points in all.
fn seen(last_secs: u64, points: u64) -> Vec<ObservedComponent> {
    let key = ComponentKey { namespace: "ns".into(), workload: None, service: "s".into() };
    let instrument = Instrument { scope: "".into(), name: "m".into(), kind: Kind::Gauge, unit: "".into() };
    let last = Mono::from_secs(last_secs);
    let one = ObservedInstrument { instrument, instances: 2, sent: 30, exposed: 30, points, limited: 0, last };
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
    observer.look(&seen(30, 30));
    assert_eq!(rate(&seen(30, 30)), None);
    for secs in (45..400).step_by(15) {
        let pushes = secs / 30;
        let now = seen(pushes * 30, pushes * 30);
        observer.look(&now);
        if pushes > 1 {
            assert_eq!(rate(&now), Some(60.0), "after {secs} s");
        }
    }
    let restarted = seen(420, 30);
    observer.look(&restarted);
    assert_eq!(rate(&restarted), None);
    let cost = &observer.costs(&restarted)[0];
    assert_eq!((cost.series, cost.instances, cost.per_minute), (30, 2, 30.0));
}
