//! Who owns which pod: resources move to the component of the owner, and nothing else does.

use super::{
    points::request,
    script::{Script, check},
};
use crate::{
    model::{
        clock::{Mono, Wall},
        component::Workload,
        workloads::Workloads,
    },
    state::store::Store,
};
use expect_test::expect;
use prost::Message;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

/// Scenario: resources push before their pods are known; then one pod of two is.
/// Guarantees: it moves with its next push, so no scrape misses it; the other one keeps series and start, and the epoch
/// stays until something moves.
#[test]
fn a_resource_moves_with_its_next_push() {
    check(
        "push 1 a+p1
         counter+ d{} 5 10..20
         push 1 b+p2
         counter+ d{} 5 10..20
         components
         epoch
         workloads p1=Deployment/api
         epoch
         show
         push 2 a+p1
         counter+ d{} 1 20..30
         push 2 b+p2
         counter+ d{} 1 20..30
         show
         components
         stats",
        expect![[r#"
            default/service.svc instances=2 streams=2 series=2 received=2 suppressed=0 at=1
            epoch moved
            epoch stays
            svc/a d
              {} 5 10..20
            svc/b d
              {} 5 10..20
            svc/a d
              {} 1 20..30
            svc/b d
              {} 6 10..30
            default/service.svc instances=1 streams=1 series=1 received=3 suppressed=0 at=2
            default/deployment.api.svc instances=1 streams=1 series=1 received=1 suppressed=0 at=2
            stats series=2 streams=2 resources=2 components=2
        "#]],
    );
}

/// Scenario: a pod is known at the first push; the table is said again, loses the pod, says another one, and takes that
/// back before anything was pushed.
/// Guarantees: only another answer moves a resource, never none.
#[test]
fn only_another_owner_moves_a_resource() {
    check(
        "workloads p1=Deployment/api
         push 1 a+p1
         counter+ d{} 5 10..20
         workloads p1=Deployment/api
         push 2 a+p1
         counter+ d{} 1 20..30
         workloads
         push 3 a+p1
         counter+ d{} 1 30..40
         workloads p1=Deployment/other
         workloads p1=Deployment/api
         push 4 a+p1
         counter+ d{} 1 40..50
         workloads p1=Deployment/other
         workloads p2=Deployment/api
         push 5 a+p1
         counter+ d{} 1 50..60
         show
         components
         workloads p1=DaemonSet/api
         push 6 a+p1
         counter+ d{} 1 60..70
         show
         components",
        expect![[r#"
            svc/a d
              {} 9 10..60
            default/deployment.api.svc instances=1 streams=1 series=1 received=5 suppressed=0 at=5
            svc/a d
              {} 1 60..70
            default/daemonset.api.svc instances=1 streams=1 series=1 received=1 suppressed=0 at=6
        "#]],
    );
}

/// Scenario: a view names a workload that only the cluster knows; the resource does not push again.
/// Guarantees: nothing of it changes, and it expires as ever.
#[test]
fn what_does_not_push_again_expires_where_it_is() {
    check(
        "push 1 a+p1
         gauge g{} 1 0..20
         workloads p1=Deployment/api
         expire 100
         components
         expire 400
         components
         stats",
        expect![[r#"
            default/service.svc instances=1 streams=1 series=1 received=1 suppressed=0 at=1
            stats 
        "#]],
    );
}

/// Scenario: the owner changes in the middle of a request, and again and again while four senders push.
/// Guarantees: not a point is refused; at the end each instance is in the right component. What a request left elsewhere
/// that raced with another one of its instance expires.
#[test]
fn no_point_is_refused_while_owners_change() {
    const PUSHES: u64 = 30;
    let script = Script::default();
    let done = AtomicBool::new(false);
    let set = |store: &Store, kind: &str| {
        let owner = Arc::new(Workload { kind: kind.into(), name: "api".into() });
        let by_uid = ["p1", "p2"].map(|uid| (uid.into(), Arc::clone(&owner))).into_iter().collect();
        store.set_workloads(Arc::new(Workloads { by_uid, ..Workloads::default() }));
    };
    let push = |sender: u64, at: u64| {
        let points: Vec<String> = (0..1_500).map(|k| format!("gauge g{{sender={sender},k={}}} 1 0..{at}", k % 20)).collect();
        let points: Vec<&str> = points.iter().map(String::as_str).collect();
        let body = request(["a+p1", "b+p2"][usize::from(sender.is_multiple_of(2))], &points).encode_to_vec();
        assert_eq!(script.store.ingest(&body, Mono::from_secs(at), Wall(1)).unwrap().rejected_total(), 0);
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..4).map(|sender| scope.spawn(move || (1..=PUSHES).for_each(|at| push(sender, at)))).collect();
        scope.spawn(|| {
            for kind in ["Deployment", "DaemonSet"].iter().cycle().take_while(|_| !done.load(Relaxed)) {
                set(&script.store, kind);
            }
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        done.store(true, Relaxed);
    });
    set(&script.store, "StatefulSet");
    (0..4).for_each(|sender| push(sender, PUSHES + 1));
    let mut script = script;
    expect![[r#"
        default/statefulset.api.svc instances=2 streams=2 series=80 received=6000 suppressed=0 at=31
        stats series=80 streams=2 resources=2 components=1
    "#]]
    .assert_eq(&script.run("expire 330\n components\n stats"));
}
