//! Every role and binding that we ship, against rights by which an account becomes another one, or reads what is not its affair.
//! Which rights are needed is held elsewhere; here is what must never be among them.

use super::{folder, one, read, texts};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Verbs by which an account gets the rights of others.
const VERBS: [&str; 4] = ["escalate", "bind", "impersonate", "*"];
/// Resources by which it does, or runs code elsewhere, or listens in.
const RESOURCES: [&str; 18] = [
    "*",
    "serviceaccounts",
    "serviceaccounts/token",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "certificatesigningrequests",
    "certificatesigningrequests/approval",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/proxy",
    "pods/ephemeralcontainers",
    "services/proxy",
    "nodes/proxy",
];
/// What of ours is read by path, with a right to it.
const READ: [&str; 4] = ["/", "/metrics", "/metrics/self", "/pointsman/api/*"];
/// The one role that reads Secrets, two of them by name; it is added by hand.
const READS_SECRETS: &str = "components/watch-secrets";

/// What others than our own accounts may be given: to read the page of metrics, and to find it.
const SCRAPES: [&str; 2] = ["ClusterRole pointsman-metrics-reader", "Role prometheus-k8s"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).expect("it lists").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            // Templates and values are no objects; what Helm makes of them is.
            files(&if path.ends_with("deploy/chart") { path.join("examples/rendered") } else { path }, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

/// Every object of every manifest, with the folder it stands in.
fn all() -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    files(&folder(), &mut paths);
    let place =
        |path: &Path| path.parent().and_then(|path| path.strip_prefix(folder()).ok()).map(|path| path.display().to_string());
    paths.iter().flat_map(|path| read(path).into_iter().map(move |object| (place(path).unwrap_or_default(), object))).collect()
}

/// What a role must not grant.
fn of_role(place: &str, role: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let (verbs, resources) = (texts(&rule["verbs"]), texts(&rule["resources"]));
        faults.extend(verbs.iter().filter(|verb| VERBS.contains(verb)).map(|verb| format!("grants {verb}")));
        faults.extend(resources.iter().filter(|name| RESOURCES.contains(name)).map(|name| format!("grants {name}")));
        let paths = texts(&rule["nonResourceURLs"]);
        let are_ours = verbs == ["get"] && paths.iter().all(|path| READ.contains(path));
        if texts(&rule["apiGroups"]).contains(&"*") || !(paths.is_empty() || are_ours) {
            faults.push("grants every group, or paths that are not ours to be read".to_owned());
        }
        let names_them = place == READS_SECRETS && !texts(&rule["resourceNames"]).is_empty();
        if resources.iter().any(|name| name.starts_with("secrets")) && !names_them {
            faults.push("grants secrets".to_owned());
        }
        let to_review = ["tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews", "localsubjectaccessreviews"];
        if resources.iter().any(|name| to_review.contains(name)) && verbs != ["create"] {
            faults.push("grants more of reviews than to ask".to_owned());
        }
    }
    faults
}

/// To whom a binding must not give a role, and which it must not give.
fn of_binding(binding: &Value, roles: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let role = format!("{} {}", binding["roleRef"]["kind"], binding["roleRef"]["name"]).replace('"', "");
    if !roles.contains(&role) {
        faults.push(format!("gives {role}, which is not ours"));
    }
    for subject in binding["subjects"].as_array().into_iter().flatten() {
        let is_ours = ["pointsman", "openshift-pointsman"].contains(&subject["namespace"].as_str().unwrap_or_default());
        let may_scrape = SCRAPES.contains(&role.as_str()) && !subject["namespace"].is_null();
        if subject["kind"] != "ServiceAccount" || !(is_ours || may_scrape) {
            faults.push(format!("gives it to {subject}"));
        }
    }
    faults
}

/// Scenario: every Role, ClusterRole and binding in every manifest; and samples that each grant one thing too much.
/// Guarantees: none lets its account become another, take its token, run code in pods, or read Secrets, but the two that are named
/// where somebody adds that; none is a wildcard; every binding gives a role of ours to an account of ours. Each sample is told.
#[test]
fn t30_no_role_makes_its_account_another() {
    let all = all();
    let of_kind = |kinds: [&'static str; 2]| {
        all.iter().filter(move |(_, object)| kinds.contains(&object["kind"].as_str().unwrap_or_default()))
    };
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]).replace('"', "");
    let roles: BTreeSet<String> = of_kind(["Role", "ClusterRole"]).map(|(_, role)| name(role)).collect();
    let mut faults = Vec::new();
    for (place, role) in of_kind(["Role", "ClusterRole"]) {
        faults.extend(of_role(place, role).into_iter().map(|fault| format!("{place}: {} {fault}", name(role))));
    }
    for (place, binding) in of_kind(["RoleBinding", "ClusterRoleBinding"]) {
        faults.extend(of_binding(binding, &roles).into_iter().map(|fault| format!("{place}: {} {fault}", name(binding))));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(roles.len() >= 5, "{roles:?}");
    let rule = |group: &str, resource: &str, verb: &str| json!({"rules": [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}]});
    for bad in [
        rule("", "secrets", "get"),
        rule("", "secrets/x", "get"),
        rule("*", "pods", "get"),
        rule("", "*", "get"),
        rule("", "pods", "*"),
        rule("", "users", "impersonate"),
        rule("", "serviceaccounts/token", "create"),
        rule("", "pods/exec", "create"),
        rule("authentication.k8s.io", "tokenreviews", "list"),
        json!({"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]}),
        json!({"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get", "post"]}]}),
    ] {
        assert_eq!(of_role("base", &bad).len(), 1, "{bad}");
    }
    let account = |kind: &str, namespace: &str| json!([{"kind": kind, "name": "x", "namespace": namespace}]);
    for (role, to) in [
        ("cluster-admin", account("ServiceAccount", "pointsman")),
        ("pointsman-controller", account("ServiceAccount", "other")),
        ("pointsman-controller", account("Group", "pointsman")),
    ] {
        let bad = json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": to});
        assert_eq!(of_binding(&bad, &roles).len(), 1, "{bad}");
    }
}

/// Scenario: the pods of the server and of each watcher, and what is bound to their accounts.
/// Guarantees: each names an account, the server and the watchers have different ones, and no binding gives one role to both.
#[test]
fn t30_server_and_watchers_are_different_accounts() {
    let all = all();
    let account =
        |object: &Value| object["spec"]["template"]["spec"]["serviceAccountName"].as_str().expect("an account").to_owned();
    let pods = |folder: &str| -> BTreeSet<String> {
        let is_pod = |object: &Value| !object["spec"]["template"]["spec"].is_null();
        all.iter().filter(|(place, object)| place == folder && is_pod(object)).map(|(_, object)| account(object)).collect()
    };
    let (server, watchers) = (pods("base"), pods("components/watch"));
    assert!(server.len() == 1 && !watchers.is_empty() && server.is_disjoint(&watchers), "{server:?} {watchers:?}");
    let objects: Vec<Value> = all.iter().map(|(_, object)| object.clone()).collect();
    for name in server.union(&watchers) {
        one(&objects, "ServiceAccount", name);
    }
    for (place, binding) in all.iter().filter(|(_, object)| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")))
    {
        let to: BTreeSet<&str> =
            binding["subjects"].as_array().into_iter().flatten().filter_map(|subject| subject["name"].as_str()).collect();
        assert_eq!(to.len(), usize::from(!binding["subjects"].is_null()), "{place}: {binding}");
    }
}
