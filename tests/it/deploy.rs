//! The manifests as data: they hold together, say nothing that the binary does not know, and grant what the code asks for.
//! Whether an API server takes them, and what they then allow, is tested in `real::rbac`.

mod bundle;
mod chart;
mod image;
mod lint;
mod watch;

pub(crate) use chart::EXAMPLES;
use pointsman::{
    config::{Config, Given},
    views::rights::{RIGHTS, Scope},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The folder of manifests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// The objects of one file.
fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every object of a kustomization, in its order.
fn objects(kustomization: &str) -> Vec<Value> {
    let folder = folder().join(kustomization);
    let root = read(&folder.join("kustomization.yaml")).remove(0);
    let listed: Vec<&str> = root["resources"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let mut there: BTreeSet<String> = fs::read_dir(&folder)
        .expect("the folder")
        .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    there.remove("kustomization.yaml");
    assert_eq!(there, listed.iter().map(ToString::to_string).collect(), "{kustomization} lists its files");
    listed.iter().flat_map(|name| read(&folder.join(name))).collect()
}

fn one(objects: &[Value], kind: &str, name: &str) -> Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}")).clone()
}

/// What the binary is told by the arguments of a container: each is `--key=value`.
fn flags<'a>(args: impl Iterator<Item = &'a str>) -> BTreeMap<&'static str, Vec<String>> {
    let flag = |arg: &'a str| {
        let (key, value) = arg.strip_prefix("--").and_then(|arg| arg.split_once('=')).expect("--key=value");
        let key = pointsman::config::KEYS.into_iter().find(|known| *known == key).unwrap_or_else(|| panic!("no flag {key}"));
        (key, vec![value.to_owned()])
    };
    args.map(flag).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Scenario: all objects of the base and of each component.
/// Guarantees: each has its own kind and name; whatever lives in a namespace says the one that we install in; roles that are
/// bound exist, and are bound to the one account, which the pods run as.
#[test]
fn manifests_hold_together() {
    let base = objects("base");
    let mut seen = BTreeSet::new();
    for object in
        ["base", "components/guard-override", "components/guard-label", "components/plan-files", "components/tls-profile"]
            .into_iter()
            .flat_map(objects)
    {
        let kind = object["kind"].as_str().expect("a kind").to_owned();
        assert!(
            object["apiVersion"].is_string() && seen.insert((kind.clone(), object["metadata"]["name"].to_string())),
            "{object}"
        );
        let is_of_cluster = ["Namespace", "PriorityClass"].contains(&&*kind)
            || kind.starts_with("Cluster")
            || kind.starts_with("ValidatingAdmission");
        let namespace = if is_of_cluster { Value::Null } else { json!("pointsman") };
        assert_eq!(object["metadata"]["namespace"], namespace, "{kind}");
    }
    let account = json!([{"kind": "ServiceAccount", "name": "pointsman", "namespace": "pointsman"}]);
    for (binding, name) in [("ClusterRoleBinding", "pointsman-controller"), ("RoleBinding", "pointsman")] {
        let binding = one(&base, binding, name);
        assert_eq!(binding["subjects"], account);
        one(&base, binding["roleRef"]["kind"].as_str().expect("a kind"), binding["roleRef"]["name"].as_str().expect("a name"));
    }
    one(&base, "ServiceAccount", "pointsman");
    one(&base, "Namespace", "pointsman");
    assert_eq!(one(&base, "Deployment", "pointsman")["spec"]["template"]["spec"]["serviceAccountName"], "pointsman");
}

/// What stands beside a kustomization, and what it lists of that.
fn beside(place: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let names = |path: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(path).expect("it lists").map(|entry| entry.expect("an entry").file_name());
        entries.map(|name| name.into_string().expect("a name")).filter(|name| name != "kustomization.yaml").collect()
    };
    let root = read(&folder().join(place).join("kustomization.yaml")).remove(0);
    let listed = texts(&root["resources"]).into_iter().filter(|name| !name.starts_with("..")).map(str::to_owned).collect();
    (names(&folder().join(place)), listed)
}

/// Scenario: a file or folder was added beside an overlay. Guarantees: the overlay lists it, or it would never be installed.
#[test]
fn overlays_list_what_stands_beside_them() {
    for place in ["overlays/kind", "overlays/openshift", "overlays/openshift/server"] {
        let (there, listed) = beside(place);
        assert_eq!(there, listed, "{place}/kustomization.yaml: list under `resources` what stands beside it, and nothing else");
    }
}

/// Scenario: the role of those who keep plans in ConfigMaps. Guarantees: it grants what a write of one takes, to nobody: who owns
/// a namespace binds it there; the base grants nothing of the kind.
#[test]
fn plan_files_take_a_role_of_their_own() {
    let role = one(&objects("components/plan-files"), "ClusterRole", "pointsman-plan-files");
    assert_eq!(role["rules"], json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]}]));
    assert_eq!(objects("components/plan-files").len(), 1, "it is bound by hand");
    let of_base = objects("base").iter().map(Value::to_string).filter(|object| object.contains("configmaps")).count();
    assert_eq!(of_base, 0);
    let readme = fs::read_to_string(folder().join("README.md")).expect("the manual");
    assert!(readme.contains("--clusterrole=pointsman-plan-files --serviceaccount=pointsman:pointsman"));
    assert!(readme.contains(pointsman::views::planfiles::ANNOTATION) && readme.contains(pointsman::views::planfiles::DATA_KEY));
}

/// Scenario: the component by which listeners follow the TLS profile of an OpenShift cluster.
/// Guarantees: it gives a flag that the binary knows, and the right to read the one object that is followed, to the one account.
#[test]
fn the_tls_profile_takes_one_right_and_a_flag() {
    let (component, kind) = (objects("components/tls-profile"), pointsman::app::profile::kind());
    let rights = granted(&one(&component, "ClusterRole", "pointsman-tls-profile"), "cluster");
    let right = |verb: &str| {
        (kind.group.to_owned(), kind.plural.to_owned(), verb.to_owned(), pointsman::app::profile::NAME.to_owned(), "cluster")
    };
    assert_eq!(rights, ["get", "list", "watch"].map(right).into());
    let binding = one(&component, "ClusterRoleBinding", "pointsman-tls-profile");
    assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": "pointsman", "namespace": "pointsman"}]));
    assert_eq!(binding["roleRef"]["name"], "pointsman-tls-profile");
    let [(path, flag)] = &watch::added("components/tls-profile", "pointsman")[..] else { panic!("one flag") };
    assert!(path.ends_with("/containers/0/args/-"), "{path}");
    let args = one(&objects("base"), "Deployment", "pointsman")["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let flags = flags(texts(&args).into_iter().chain(flag.as_str()).skip(1));
    let config = Config::read(&Given { flags, in_pod: true, ..Given::default() }).expect("the binary knows it");
    assert_eq!(config.tls.expect("TLS").names.profile.as_deref(), Some(pointsman::auth::tls::profile::OF_CLUSTER));
}

/// Group, resource, verb, name, scope: one line a right.
type Line = (String, String, String, String, &'static str);

fn granted(role: &Value, scope: &'static str) -> BTreeSet<Line> {
    let mut lines = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        let names = texts(&rule["resourceNames"]);
        let names = if names.is_empty() { vec![""] } else { names };
        for (group, resource) in
            texts(&rule["apiGroups"]).into_iter().flat_map(|g| texts(&rule["resources"]).into_iter().map(move |r| (g, r)))
        {
            for (verb, name) in texts(&rule["verbs"]).into_iter().flat_map(|v| names.iter().map(move |n| (v, *n))) {
                lines.insert((group.into(), resource.into(), verb.into(), name.into(), scope));
            }
        }
    }
    lines
}

/// Scenario: the roles of the account, beside what the code asks for.
/// Guarantees: they are the same, right by right; none is a wildcard.
#[test]
fn the_account_may_do_what_the_code_asks_for_and_no_more() {
    let base = objects("base");
    let mut granted_all = granted(&one(&base, "ClusterRole", "pointsman-controller"), "cluster");
    granted_all.extend(granted(&one(&base, "Role", "pointsman"), "own"));
    let mut asked = BTreeSet::new();
    for right in &RIGHTS {
        let scope = if right.scope == Scope::Cluster { "cluster" } else { "own" };
        let names = if right.names.is_empty() { &[""] } else { right.names };
        for (verb, name) in right.verbs.iter().flat_map(|v| names.iter().map(move |n| (v, n))) {
            asked.insert((right.group.into(), right.resource.into(), (*verb).into(), (*name).into(), scope));
        }
    }
    let missing: Vec<_> = asked.difference(&granted_all).collect();
    let left_over: Vec<_> = granted_all.difference(&asked).collect();
    assert!(missing.is_empty() && left_over.is_empty(), "missing: {missing:?}\nleft over: {left_over:?}");
    assert!(!format!("{granted_all:?}").contains('*'));
}

/// Scenario: the roles that are added to those of every cluster.
/// Guarantees: viewers read, editors also write views of their namespace; nobody gets a status or the cluster kind.
#[test]
fn users_get_their_own_namespace_alone() {
    let base = objects("base");
    let of = |name: &str| {
        let role = one(&base, "ClusterRole", name);
        let labels = role["metadata"]["labels"].as_object().expect("labels").clone();
        let to: Vec<String> = labels
            .keys()
            .filter_map(|key| key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-"))
            .map(str::to_owned)
            .collect();
        let lines: Vec<String> =
            granted(&role, "").into_iter().map(|(_, resource, verb, ..)| format!("{verb} {resource}")).collect();
        (to.join(" "), lines.join(", "))
    };
    let (to, may) = of("pointsman-view");
    assert_eq!(to, "admin edit view");
    assert!(may.split(", ").all(|line| ["get", "list", "watch"].contains(&line.split(' ').next().expect("a verb"))), "{may}");
    let (to, may) = of("pointsman-edit");
    assert_eq!(to, "admin edit");
    assert_eq!(
        may,
        "create telemetryviews, delete telemetryviews, deletecollection telemetryviews, patch telemetryviews, update telemetryviews"
    );
}

/// What the binary makes of the Deployment's command line, in its pod.
fn config_of_the_base() -> Config {
    let deployment = one(&objects("base"), "Deployment", "pointsman");
    let args = deployment["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let args = texts(&args);
    assert_eq!(args[0], "serve");
    let mut flags = BTreeMap::new();
    for arg in &args[1..] {
        let (key, value) = arg.strip_prefix("--").and_then(|arg| arg.split_once('=')).expect("--key=value");
        let key = pointsman::config::KEYS.into_iter().find(|known| *known == key).unwrap_or_else(|| panic!("no flag {key}"));
        flags.insert(key, vec![value.to_owned()]);
    }
    let env = [("POINTSMAN_POD".to_owned(), "pointsman/pointsman-0".to_owned())].into();
    Config::read(&Given { flags, env, in_pod: true, ..Given::default() }).expect("what the binary takes")
}

/// Whom the tokens of senders must be for.
fn audience_of_senders() -> String {
    config_of_the_base().senders.expect("senders are asked").audiences.join(" ")
}

/// Scenario: what the base grants to those who read and asks of those who send.
/// Guarantees: both are asked who they are; the role for scrapers lets them get the one page, and no object; the manual names the
/// role, the audience and the flags that hold senders back.
#[test]
fn t02_who_sends_and_who_reads_is_asked() {
    let config = config_of_the_base();
    assert!(config.access.is_some() && config.sender_max_series.is_some());
    assert_eq!(audience_of_senders(), "pointsman");
    let role = one(&objects("base"), "ClusterRole", "pointsman-metrics-reader");
    assert_eq!(role["rules"], json!([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]));
    let readme = fs::read_to_string(folder().join("README.md")).expect("the manual");
    assert!(readme.contains("--clusterrole=pointsman-metrics-reader") && readme.contains("audience: pointsman"));
    for flag in ["sender-max-bytes", "sender-max-requests", "sender-max-series", "otlp-senders-file"] {
        assert!(readme.contains(&format!("--{flag}`")), "{flag}");
    }
}

/// Scenario: the Deployment, its Service and its disruption budget.
/// Guarantees: the flags are what the binary takes, with TLS on every listener and a place for state; ports, probes and
/// selectors meet; the label of the active replica is never in the template; the pod asks for no privilege.
#[test]
fn the_pod_fits_the_binary_and_its_service() {
    let base = objects("base");
    let deployment = one(&base, "Deployment", "pointsman");
    let pod = &deployment["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    let config = config_of_the_base();
    let tls = config.tls.as_ref().expect("TLS");
    let mounts = &container["volumeMounts"];
    assert!(tls.certificate.starts_with(mounts[0]["mountPath"].as_str().expect("a path")), "{mounts}");
    assert_eq!(config.state_dir.as_deref(), mounts[1]["mountPath"].as_str().map(Path::new));
    assert_eq!(container["env"][2]["name"], "POINTSMAN_POD");
    assert!(config.cluster.is_some_and(|cluster| cluster.pod.is_some()) && !config.insecure);

    let ports: BTreeMap<&str, u64> = container["ports"]
        .as_array()
        .expect("ports")
        .iter()
        .map(|p| (p["name"].as_str().expect("a name"), p["containerPort"].as_u64().expect("a number")))
        .collect();
    let bound = [config.otlp_grpc, config.otlp_http, config.listen].map(|addr| u64::from(addr.port()));
    assert_eq!(["otlp-grpc", "otlp-http", "metrics"].map(|name| ports[name]), bound);
    let service = one(&base, "Service", "pointsman");
    for port in service["spec"]["ports"].as_array().expect("ports") {
        assert_eq!(Some(ports[port["targetPort"].as_str().expect("a name")]), port["port"].as_u64());
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(
            (&container[probe]["httpGet"]["port"], &container[probe]["httpGet"]["scheme"]),
            (&json!("metrics"), &json!("HTTPS"))
        );
    }
    let labels = &pod["metadata"]["labels"];
    assert_eq!(service["spec"]["selector"]["pointsman.dev/active"], "true");
    assert!(labels["pointsman.dev/active"].is_null(), "a replica labels itself");
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &one(&base, "PodDisruptionBudget", "pointsman")["spec"]["selector"]["matchLabels"],
    ] {
        assert_eq!(selector["app.kubernetes.io/name"], labels["app.kubernetes.io/name"]);
    }
    let context = &container["securityContext"];
    assert_eq!((&context["allowPrivilegeEscalation"], &context["readOnlyRootFilesystem"]), (&json!(false), &json!(true)));
    assert_eq!((&context["capabilities"]["drop"], &container["resources"]["limits"]), (&json!(["ALL"]), &Value::Null));
    assert_eq!(
        (&pod["spec"]["securityContext"]["runAsNonRoot"], &container["env"].as_array().map(Vec::len)),
        (&json!(true), &Some(3))
    );
}
