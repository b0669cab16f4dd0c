use super::{ComponentKey, Workload};
use crate::model::workloads::Workloads;
use expect_test::{Expect, expect};
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

/// Pods of a small cluster.
fn cluster() -> Workloads {
    let owner = |kind: &str, name: &str| Arc::new(Workload { kind: kind.into(), name: name.into() });
    let (api, backup) = (owner("Deployment", "api"), owner("CronJob", "backup"));
    let by_uid = [("uid-1".into(), Arc::clone(&api)), ("uid-2".into(), backup)].into_iter().collect();
    Workloads { by_uid, by_name: [(("ns".into(), "api-0".into()), api)].into_iter().collect() }
}

/// Each line is the attributes of a resource, or a key as `kind/workload/service`.
fn check(lines: &str, workloads: &Workloads, expected: Expect) {
    let mut out = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let attributes: BTreeMap<&str, &str> = line.split(' ').filter_map(|pair| pair.split_once('=')).collect();
        let key = ComponentKey::from_resource_in(|key| attributes.get(key).copied(), workloads);
        writeln!(out, "{key}").expect("text takes all");
    }
    expected.assert_eq(&out);
}

/// Scenario: resources with and without a pod that the cluster knows, and with attributes that say otherwise.
/// Guarantees: the pod's owner wins, by uid before name, and by name only in its namespace; else the attributes decide.
#[test]
fn the_workload_is_the_owner_of_the_pod() {
    let lines = "service.name=s k8s.namespace.name=ns k8s.pod.uid=uid-1
        service.name=s k8s.namespace.name=ns k8s.pod.uid=uid-2 k8s.pod.name=api-0 k8s.job.name=backup-123
        service.name=s k8s.namespace.name=ns k8s.pod.uid=gone k8s.pod.name=api-0
        service.name=s k8s.namespace.name=ns k8s.pod.uid= k8s.pod.name=api-0
        service.name=s k8s.namespace.name=other k8s.pod.name=api-0
        service.name=s k8s.namespace.name=ns k8s.pod.uid=gone k8s.daemonset.name=agent
        service.name=s service.namespace=team
        k8s.statefulset.name=db";
    check(
        lines,
        &cluster(),
        expect![[r#"
            ns/deployment.api.s
            ns/cronjob.backup.s
            ns/deployment.api.s
            ns/deployment.api.s
            other/service.s
            ns/daemonset.agent.s
            team/service.s
            default/statefulset.db-738620be
        "#]],
    );
}

/// Scenario: names that are no RFC 1123 names, or would read like those of other keys.
/// Guarantees: each object name is valid; where it is not simply the words, digits of a hash part it from all others.
/// They must never change: objects in clusters are named so.
#[test]
fn object_names_are_valid_and_do_not_collide() {
    let lines = "service.name=machine-config-daemon
        service.name=Web
        service.name=web
        service.name=web_1
        service.name=web/1
        service.name=über
        service.name=..-a-..b.
        service.name=
        service.name=web-deadbeef
        service.name=web-5d4f8c7b9
        service.name=c k8s.deployment.name=a.b
        service.name=b.c k8s.deployment.name=a";
    check(
        lines,
        &Workloads::default(),
        expect![[r#"
            default/service.machine-config-daemon
            default/service.web-c3b6cc42
            default/service.web
            default/service.web-1-590a14de
            default/service.web-1-93c3e09c
            default/service.ber-9deed5e4
            default/service.a.b-8a2b6ea6
            default/service-9d908ecf
            default/service.web-deadbeef-7a6e333a
            default/service.web-5d4f8c7b9
            default/deployment.a.b.c-8339478d
            default/deployment.a.b.c
        "#]],
    );
}

/// Scenario: services with names of many letters that differ at the end. Guarantees: at most 200 bytes, ending in digits
/// that part them.
#[test]
fn long_names_are_cut() {
    for len in [192, 193, 400] {
        let name = |end: &str| {
            let service = format!("{}{end}", "a.".repeat(len).split_at(len - 1).0).into();
            ComponentKey { namespace: "ns".into(), workload: None, service }.object_name()
        };
        let (one, other) = (name("x"), name("y"));
        assert_eq!(one.len() == len + 8, len == 192, "{one}");
        assert!(one != other && one.len() <= 200 && one.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')));
        assert!(one.split('.').all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')), "{one}");
    }
}

/// Scenario: a workload of a kind that reads like the prefix of names without one. Guarantees: two names.
#[test]
fn a_kind_named_service_is_no_prefix() {
    let key = |workload, service: &str| ComponentKey { namespace: "ns".into(), workload, service: service.into() };
    let owned = key(Some(Workload { kind: "Service".into(), name: "a".into() }), "b").object_name();
    assert_ne!(owned, key(None, "a.b").object_name());
}
