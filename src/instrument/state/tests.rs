use super::{StateSet, flag};
use crate::{
    semconv::{
        attribute::PointsmanLease,
        pointsman::{ClusterLeaseHeld, TransportInsecure},
    },
    telemetry::tests::{lines, telemetry},
};
use expect_test::expect;

/// Scenario: a state that holds, one that is not known, and flags. Guarantees: every value has its series, at most one of
/// them is 1.
#[test]
fn every_value_has_its_series() {
    let held = |now| {
        let (telemetry, _) = telemetry();
        let leases = StateSet::new(PointsmanLease::ALL);
        telemetry.observe::<ClusterLeaseHeld>(move |r| leases.set(r, now, |lease| ClusterLeaseHeld { lease }));
        lines(telemetry.collect())
    };
    expect![[r#"
        pointsman.cluster.lease.held [1] up-down 0s..0s: pointsman.lease=active 0
        pointsman.cluster.lease.held [1] up-down 0s..0s: pointsman.lease=status 1
        -- none
        pointsman.cluster.lease.held [1] up-down 0s..0s: pointsman.lease=active 0
        pointsman.cluster.lease.held [1] up-down 0s..0s: pointsman.lease=status 0"#]]
    .assert_eq(&format!("{}\n-- none\n{}", held(Some(PointsmanLease::Status)), held(None)));
    let (telemetry, _) = telemetry();
    telemetry.observe::<TransportInsecure>(|r| {
        flag(r, true, TransportInsecure { listener: "a".into() });
        flag(r, false, TransportInsecure { listener: "b".into() });
    });
    expect![[r#"
        pointsman.transport.insecure [1] up-down 0s..0s: pointsman.listener=a 1
        pointsman.transport.insecure [1] up-down 0s..0s: pointsman.listener=b 0"#]]
    .assert_eq(&lines(telemetry.collect()));
}
