//! Who may have a ConfigMap, and what a component says of it.

use super::{Outcome, PlanFiles, Request, key_of};
use crate::views::components::{ComponentSpec, WorkloadRef};
use expect_test::expect;
use pointsman_core::{
    limits::PLAN_FILES_MAX,
    model::component::{ComponentKey, Workload},
};
use std::collections::BTreeMap;

type Key = (Box<str>, Box<str>);

fn request((namespace, component, config_map): (&str, &str, &str)) -> (Key, Request) {
    let key = ComponentKey { namespace: namespace.into(), workload: None, service: component.into() };
    ((namespace.into(), component.into()), Request { component: key, config_map: config_map.into() })
}

fn told(files: &PlanFiles) -> String {
    let asked = files.requests.lock().clone();
    let granted = files.granted();
    let line = |(namespace, name): &Key| {
        let said = files.outcome(namespace, name).map(|outcome| outcome.said());
        let said = said.map_or_else(|| "nothing yet".into(), |(holds, reason, message)| format!("{holds} {reason}: {message}"));
        let may = if granted.contains_key(&(namespace.clone(), name.clone())) { "may" } else { "may not" };
        format!("{namespace}/{name} {may}; {said}")
    };
    asked.keys().map(line).collect::<Vec<_>>().join("\n")
}

/// Scenario: two components name one ConfigMap, one names none that can be, others name their own; some are written, one stands
/// there already, one is not taken; then one asks no more. Guarantees: who may, and what each says, cause then fix.
#[test]
fn each_request_has_an_outcome() {
    let files = PlanFiles::default();
    let all = [
        ("shop", "a", "plan"),
        ("shop", "b", "plan"),
        ("shop", "c", "No Name"),
        ("shop", "d", "theirs"),
        ("other", "a", "plan"),
        ("other", "f", "denied"),
        ("other", "g", "later"),
    ];
    files.look(all.map(request).into());
    files.note("shop", "a", Outcome::Written("plan".into(), "cd".repeat(16).into()));
    files.note("shop", "d", Outcome::NotOurs("theirs".into()));
    files.note("other", "f", Outcome::Failed("denied".into(), "a right is missing: patch configmaps".into()));
    files.note("other", "nobody", Outcome::TooMany);
    expect![[r#"
        other/a may; nothing yet
        other/f may; false NotWritten: ConfigMap denied was not written: a right is missing: patch configmaps; see components/plan-files for the rights that it takes
        other/g may; nothing yet
        shop/a may; true Written: ConfigMap plan, key plan.json, holds plan cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
        shop/b may not; false Taken: ConfigMap plan is for component a; name another one in pointsman.dev/plan-configmap
        shop/c may not; false BadName: no ConfigMap can be called `No Name`; name another one in pointsman.dev/plan-configmap
        shop/d may; false NotOurs: ConfigMap theirs stands there without our label, and is not touched; name another one in pointsman.dev/plan-configmap, or remove it"#]].assert_eq(&told(&files));
    files.look(BTreeMap::from([request(all[6])]));
    expect!["other/g may; nothing yet"].assert_eq(&told(&files));
    assert_eq!(files.outcome("shop", "a"), None);
    files.forget();
    assert!(files.granted().is_empty());
}

/// Scenario: one more than the cap asks. Guarantees: the last by name waits, and is told why.
#[test]
fn no_more_than_the_cap_are_served() {
    let files = PlanFiles::default();
    let name = |i: usize| format!("c{i:05}");
    files.look((0..=PLAN_FILES_MAX).map(|i| request(("shop", &name(i), &name(i)))).collect());
    assert_eq!(files.granted().len(), PLAN_FILES_MAX);
    assert_eq!(files.outcome("shop", &name(PLAN_FILES_MAX)), Some(Outcome::TooMany));
}

/// Scenario: objects of components with and without a workload and a service, and one whose name says something else.
/// Guarantees: each stands for the component that it was made for; the last for none.
#[test]
fn an_object_tells_its_component() {
    let workload = || Some(Workload { kind: "DaemonSet".into(), name: "mcd".into() });
    for (workload, service) in [(workload(), "mcd"), (None, "mcd"), (None, ""), (workload(), "Odd_Name")] {
        let key = ComponentKey { namespace: "shop".into(), workload, service: service.into() };
        let spec = ComponentSpec {
            service_name: if service.is_empty() { "unknown_service".into() } else { service.into() },
            workload_ref: key.workload.as_ref().map(|w| WorkloadRef {
                group: "apps".into(),
                kind: w.kind.to_string(),
                name: w.name.to_string(),
            }),
        };
        assert_eq!(key_of("shop", &key.object_name(), &spec), Some(key));
        assert_eq!(key_of("shop", "service.other", &spec), None);
    }
}
