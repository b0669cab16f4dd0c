//! Owners at size, and over a restart.

use super::WorkloadTable;
use crate::kubernetes::{
    follow::News,
    objects::{Entry, Key, OwnerRef, Payload, Slim},
};
use pointsman_core::model::clock::Wall;
use std::sync::Arc;

fn entry(name: &str, uid: &str, (kind, owner, owner_uid): (&str, &str, &str)) -> Entry {
    let owner = OwnerRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        name: owner.into(),
        uid: owner_uid.into(),
        controller: Some(true),
    };
    let key = Key { namespace: "ns".into(), name: name.into() };
    Entry { key, payload: Payload::Slim(Slim { uid: uid.into(), created: None, labels: Default::default(), owner: Some(owner) }) }
}

fn listed(entries: Vec<Entry>) -> News {
    News::Listed { entries, left_out: 0 }
}

/// 5,000 pods of 100 Deployments.
fn table() -> WorkloadTable {
    let mut table = WorkloadTable::default();
    let (set, uid) = (|i: u32| format!("web-{}-6d4cf56db6", i % 100), |i: u32| format!("rs-{:032}", i % 100));
    let pods = (0..5_000).map(|i| entry(&format!("{}-{i:05}", set(i)), &format!("{i:036}"), ("ReplicaSet", &set(i), &uid(i))));
    table.take(0, listed(pods.collect()));
    let sets = (0..100).map(|i| entry(&set(i), &uid(i), ("Deployment", &format!("web-{i}"), &format!("d-{i}"))));
    table.take(1, listed(sets.collect()));
    table.build([true; 2]);
    table
}

/// Scenario: 5,000 pods of 100 Deployments. Guarantees: each owner is held once, each workload is one value, and the table
/// shrinks with them.
#[test]
fn what_pods_share_is_held_once() {
    let mut table = table();
    assert_eq!((table.len(0), table.shared.len()), (5_000, 200));
    let (workloads, owners) = table.built();
    assert_eq!((workloads.by_uid.len(), workloads.by_name.len(), owners.len()), (5_000, 5_000, 100));
    let of = |pod: &str| Arc::as_ptr(workloads.of_pod(None, "ns", Some(pod)).expect("it is known"));
    assert_eq!(of("web-7-6d4cf56db6-00007"), of("web-7-6d4cf56db6-04907"));
    table.take(0, listed(Vec::new()));
    table.take(1, listed(Vec::new()));
    table.build([true; 2]);
    assert_eq!((table.shared.len(), table.built().0.by_uid.len()), (0, 0));
}

/// Scenario: all of it is kept and restored. Guarantees: the same workloads for the same pods, before anything is listed.
#[test]
fn workloads_survive_a_restart() {
    let before = table();
    let text = serde_json::to_string(&before.save()).expect("plain data");
    let mut after = WorkloadTable::default();
    after.restore(serde_json::from_str(&text).expect("we wrote it"));
    assert_eq!(before.built(), after.built());
    assert_eq!(serde_json::to_string(&after.save()).expect("plain data"), text);
}

/// Scenario: after a restart pods are listed and ReplicaSets are not. Guarantees: a pod that was known keeps its workload and
/// owner, one that is gone loses it, and none is guessed.
#[test]
fn pods_keep_their_workload_while_nothing_is_known_between() {
    let mut after = WorkloadTable::default();
    after.restore(table().save());
    let pod = |name: &str, uid: &str| entry(name, uid, ("ReplicaSet", "web-7-6d4cf56db6", "any"));
    after.take(0, listed(vec![pod("known", &format!("{:036}", 7)), pod("new", "new")]));
    after.build([false, true]);
    let (workloads, owners) = after.built();
    let of = |pod: &str| workloads.of_pod(None, "ns", Some(pod)).map(|workload| workload.name.to_string());
    assert_eq!((of("known").as_deref(), of("new"), workloads.by_uid.len()), (Some("web-7"), None, 1));
    assert_eq!(owners.values().map(|owner| &*owner.uid).collect::<Vec<_>>(), ["d-7"]);
    after.build([true, true]);
    assert!(after.built().0.by_uid.is_empty(), "listed, and not there");
}

/// Scenario: a Deployment and a DaemonSet were deleted and made anew; pods of both times are there, the older ones last by
/// name. Guarantees: the owner is the one that the newest names.
#[test]
fn the_newest_names_the_owner() {
    let at = |mut entry: Entry, secs: u64| {
        if let Payload::Slim(slim) = &mut entry.payload {
            slim.created = Some(Wall::from_secs(secs));
        }
        entry
    };
    let mut table = WorkloadTable::default();
    let sets = ["web-a", "web-z"].into_iter().zip(["d-new", "d-old"]).zip([9, 1]);
    table.take(1, listed(sets.map(|((set, uid), secs)| at(entry(set, set, ("Deployment", "web", uid)), secs)).collect()));
    table.take(
        0,
        listed(vec![
            at(entry("web-a-1", "1", ("ReplicaSet", "web-a", "web-a")), 10),
            at(entry("web-z-1", "2", ("ReplicaSet", "web-z", "web-z")), 20),
            at(entry("agent-1", "3", ("DaemonSet", "agent", "s-new")), 9),
            at(entry("agent-2", "4", ("DaemonSet", "agent", "s-old")), 1),
        ]),
    );
    table.build([true; 2]);
    let uids: Vec<_> = table.built().1.values().map(|owner| owner.uid.to_string()).collect();
    assert_eq!(uids, ["s-new", "d-new"]);
}
