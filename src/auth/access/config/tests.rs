use super::super::{Resource, rules::Rules};
use super::read;

fn faults(text: &str) -> Vec<String> {
    let all = read("access.yaml", text).err().unwrap_or_default();
    all.iter().map(|fault| format!("{} {}", fault.place, fault.message)).collect()
}

fn good(text: &str) -> Rules {
    read("access.yaml", text).expect("a good file")
}

/// Scenario: the file of MCO, keys in any case, values from requests.
/// Guarantees: it is read as kube-rbac-proxy reads it.
#[test]
fn krp_46_good_files_are_read() {
    let mco = "authorization:\n  resourceAttributes:\n    apiVersion: v1\n    resource: namespace\n    subresource: metrics\n    namespace: openshift-machine-config-operator\n";
    let want = Resource {
        namespace: "openshift-machine-config-operator".into(),
        api_version: "v1".into(),
        resource: "namespace".into(),
        subresource: "metrics".into(),
        ..Resource::default()
    };
    assert_eq!(good(mco).resource, Some(want.clone()));
    assert_eq!(
        good(&mco.replace("resourceAttributes", "RESOURCEattributes").replace("apiVersion", "apiversion")).resource,
        Some(want)
    );
    assert_eq!(good("authorization: {}"), Rules::default());
    let rules = good(
        "authorization:\n  static:\n  - {user: {name: a, groups: [g, h]}, verb: get, path: /metrics, resourceRequest: false}\n  - {resourceRequest: true, resource: namespace, name: n1}\n",
    );
    assert_eq!(rules.fixed.len(), 2);
    assert_eq!(rules.fixed[0].groups, ["g", "h"]);
    assert_eq!(rules.fixed[0].path.as_deref(), Some("/metrics"));
    assert_eq!(rules.fixed[1].path, None);
    assert_eq!(rules.for_everybody(), [2]);
    let rules = good(
        "authorization:\n  rewrites: {byQueryParameter: {name: namespace}, byHttpHeader: {name: X-Ns}}\n  resourceAttributes: {resource: pods, namespace: 'a-{{ .Value }}'}\n",
    );
    assert!(rules.rewrites.is_some_and(|from| from.query.as_deref() == Some("namespace") && from.header.is_some()));
}

/// Scenario: one mistake per file, then several in one.
/// Guarantees: krp 41, 46: each is refused, where it stands, and all are said at once.
#[test]
fn krp_41_every_mistake_is_refused() {
    let rows = [
        ("", "authorization"),
        ("# nothing", "authorization"),
        ("a: [", "not a mapping"),
        ("[]", "not a mapping"),
        ("authorization:", "it is not there"),
        ("authorisation: {}", "unknown key `authorisation`"),
        ("authorization: []", "not a mapping"),
        ("authorization: {statik: []}", "unknown key `statik`"),
        ("authorization: {}\nauthorization: {}", "twice"),
        ("authorization: {static: [], Static: []}", "twice"),
        ("authorization: {static: {}}", "not a list"),
        ("authorization: {static: [{verb: get}]}", "neither for a path nor for a resource"),
        ("authorization: {static: [{resourceRequest: false}]}", "neither for a path nor for a resource"),
        ("authorization: {static: [{path: /m, resourceRequest: true}]}", "has a path, and is for a resource"),
        ("authorization: {static: [{path: '', resourceRequest: false}]}", "neither for a path nor for a resource"),
        ("authorization: {static: [{path: /m, resourceRequest: maybe}]}", "neither true nor false"),
        ("authorization: {static: [{path: /m, verb: 5}]}", "not a text"),
        ("authorization: {static: [{path: /m, apiVersion: v1}]}", "unknown key `apiVersion`"),
        ("authorization: {static: [{path: /m, user: a}]}", "not a mapping"),
        ("authorization: {static: [{path: /m, user: {names: a}}]}", "unknown key `names`"),
        ("authorization: {static: [{path: /m, user: {groups: a}}]}", "not a list"),
        ("authorization: {static: [{path: /m, user: {groups: [1]}}]}", "not a text"),
        ("authorization: {resourceAttributes: {kind: a}}", "unknown key `kind`"),
        ("authorization: {resourceAttributes: {name: [a]}}", "not a text"),
        ("authorization: {resourceAttributes: {name: '{{ .Value }}'}}", "no value to fill in"),
        ("authorization: {rewrites: {byQueryParameter: {name: a}}}", "nothing to fill"),
        ("authorization: {resourceAttributes: {name: a}, rewrites: {}}", "no value comes"),
        ("authorization: {resourceAttributes: {name: a}, rewrites: {byQueryParameter: {}}}", "names none"),
        ("authorization: {resourceAttributes: {name: a}, rewrites: {byHttpHeader: {name: 'a b'}}}", "names none"),
        ("authorization: {resourceAttributes: {name: '{{.Value}}'}, rewrites: {byHttpHeader: {name: a}}}", "only `{{ .Value }}`"),
        (
            "authorization: {resourceAttributes: {name: '{{ .Value | x }}'}, rewrites: {byHttpHeader: {name: a}}}",
            "only `{{ .Value }}`",
        ),
        (
            "authorization: {resourceAttributes: {name: '{{ .Value }} }}'}, rewrites: {byHttpHeader: {name: a}}}",
            "only `{{ .Value }}`",
        ),
    ];
    for (text, want) in rows {
        let all = faults(text);
        assert!(all.len() == 1 && all[0].contains(want), "{text}: {all:?}");
    }
    let all = faults("authorization:\n  statik: []\n  rewrites: {byQueryParameter: {name: a}}\n  static:\n  - verb: get\n");
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.iter().any(|fault| fault.starts_with("access.yaml:2:3 ")), "{all:?}");
    assert!(all.iter().any(|fault| fault.starts_with("access.yaml:5:5 ")), "{all:?}");
}
