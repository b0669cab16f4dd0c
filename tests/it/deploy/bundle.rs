//! The bundle for the Operator Lifecycle Manager: made from the base, and held against what the format demands.
//! `UPDATE_EXPECT=1 cargo test --test it deploy` writes it. No such manager runs where the tests run.

use super::{folder, objects, one, read};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

const HEAD: &str =
    "# DO NOT EDIT: made from deploy/base by tests/it/deploy/bundle.rs (UPDATE_EXPECT=1 cargo test --test it deploy).\n";
const CSV: &str = "pointsman.clusterserviceversion.yaml";
/// What a bundle may hold beside its ClusterServiceVersion.
const KINDS: [&str; 8] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "PodDisruptionBudget",
    "PriorityClass",
    "Role",
    "Service",
];
/// Words of the format for what an operator is able to.
const CAPABILITIES: [&str; 5] = ["Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"];
/// Annotations by which the catalogue of OpenShift sorts, each true or false.
const FEATURES: [&str; 10] = [
    "disconnected",
    "fips-compliant",
    "proxy-aware",
    "tls-profiles",
    "token-auth-aws",
    "token-auth-azure",
    "token-auth-gcp",
    "csi",
    "cni",
    "cnf",
];

const ABOUT: &str = "pointsman takes OpenTelemetry metrics and spans from the components of an operator, decides by views which of them flow and \
in which shape, answers Prometheus in every format that it asks for, and forwards spans to Jaeger or any other OTLP back end.

Before it starts, the Secret `pointsman-tls` is there, with a certificate for `pointsman.NAMESPACE.svc`. On OpenShift the service CA makes it.
Elsewhere cert-manager or `kubectl create secret tls` does.

A view is a small object: `kubectl explain telemetryview.spec` tells its fields.
";

/// A view as somebody would begin.
fn examples() -> Value {
    let view = json!({
        "apiVersion": "pointsman.dev/v1alpha1",
        "kind": "TelemetryView",
        "metadata": {"name": "pool-health", "namespace": "openshift-machine-config-operator"},
        "spec": {
            "baseline": "None",
            "metrics": [{"name": "pools", "match": {"instruments": ["mco.pool.*", "mcd_state"]}, "state": "Enabled"}],
        },
    });
    let of_cluster = json!({
        "apiVersion": "pointsman.dev/v1alpha1",
        "kind": "ClusterTelemetryView",
        "metadata": {"name": "quiet"},
        "spec": {"namespaceSelector": {"matchNames": ["openshift-machine-config-operator"]}, "defaults": {"baseline": "Essential"}},
    });
    json!([view, of_cluster])
}

fn crds() -> Vec<(String, Value)> {
    let mut names: Vec<String> = fs::read_dir(folder().join("crds"))
        .expect("it lists")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&folder().join("crds").join(name)).remove(0))).collect()
}

/// The resources that come with it.
fn owned() -> Vec<Value> {
    crds()
        .iter()
        .map(|(_, crd)| {
            let (names, version) = (&crd["spec"]["names"], &crd["spec"]["versions"][0]);
            let about = version["schema"]["openAPIV3Schema"]["description"].as_str().expect("each says what it is");
            json!({
                "name": crd["metadata"]["name"], "version": version["name"], "kind": names["kind"], "displayName": names["kind"],
                "description": about,
            })
        })
        .collect()
}

fn csv() -> Value {
    let (base, version) = (objects("base"), env!("CARGO_PKG_VERSION"));
    let deployment = one(&base, "Deployment", "pointsman");
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    let rules = |kind: &str, name: &str| json!([{"serviceAccountName": "pointsman", "rules": one(&base, kind, name)["rules"]}]);
    let mut annotations = json!({
        "alm-examples": format!("{:#}", examples()),
        "capabilities": "Basic Install",
        "categories": "Monitoring",
        "containerImage": image,
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "operatorframework.io/cluster-monitoring": "true",
        "operatorframework.io/suggested-namespace": "openshift-pointsman",
        "support": "pointsman",
    });
    for feature in FEATURES {
        annotations[format!("features.operators.openshift.io/{feature}")] = json!("false");
    }
    let modes = ["OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces"];
    let modes: Vec<Value> = modes.iter().map(|mode| json!({"type": mode, "supported": *mode == "AllNamespaces"})).collect();
    json!({
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {"name": format!("pointsman.v{version}"), "namespace": "placeholder", "annotations": annotations},
        "spec": {
            "displayName": "pointsman",
            "description": ABOUT,
            "version": version,
            "minKubeVersion": "1.30.0",
            "maturity": "alpha",
            "keywords": ["opentelemetry", "otlp", "prometheus", "metrics", "traces"],
            "provider": {"name": "pointsman"},
            "installModes": modes,
            "customresourcedefinitions": {"owned": owned()},
            "relatedImages": [{"name": "pointsman", "image": image}],
            "install": {
                "strategy": "deployment",
                "spec": {
                    "clusterPermissions": rules("ClusterRole", "pointsman-controller"),
                    "permissions": rules("Role", "pointsman"),
                    "deployments": [{"name": "pointsman", "label": deployment["metadata"]["labels"], "spec": deployment["spec"]}],
                },
            },
        },
    })
}

/// Every manifest by the name of its file. The manager makes the account and what is bound to it, and the namespace is the user's.
fn made() -> BTreeMap<String, String> {
    let yaml = |object: &Value| format!("{HEAD}{}", serde_saphyr::to_string(object).expect("an object is YAML"));
    let mut files = BTreeMap::from([(CSV.to_owned(), yaml(&csv()))]);
    for (name, _) in crds() {
        files.insert(format!("crd-{name}"), fs::read_to_string(folder().join("crds").join(&name)).expect("it is there"));
    }
    for mut object in objects("base") {
        let (kind, name) = (
            object["kind"].as_str().expect("a kind").to_owned(),
            object["metadata"]["name"].as_str().expect("a name").to_owned(),
        );
        let is_for_users = kind == "ClusterRole" && name != "pointsman-controller";
        if !is_for_users && !["PodDisruptionBudget", "PriorityClass", "Service"].contains(&&*kind) {
            continue;
        }
        object["metadata"].as_object_mut().expect("an object").remove("namespace");
        if kind == "Service" {
            object["metadata"]["annotations"] = json!({"service.beta.openshift.io/serving-cert-secret-name": "pointsman-tls"});
        }
        files.insert(format!("{name}.{}.yaml", kind.to_lowercase()), yaml(&object));
    }
    files
}

/// Scenario: the base, a custom resource or the version changed. Guarantees: the bundle says so, and holds nothing else.
#[test]
fn the_bundle_is_made_from_the_base() {
    let place = folder().join("bundle/manifests");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let there: BTreeSet<String> = fs::read_dir(&place)
        .expect("it lists")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    let made = made();
    let mut stale: Vec<&String> = there.iter().filter(|name| !made.contains_key(*name)).collect();
    for (name, text) in &made {
        if fs::read_to_string(place.join(name)).ok().as_deref() != Some(text) {
            if update {
                fs::write(place.join(name), text).expect("write the file");
            } else {
                stale.push(name);
            }
        }
    }
    assert!(stale.is_empty(), "stale or left over, run UPDATE_EXPECT=1 cargo test --test it deploy: {stale:?}");
}

/// Notes what does not hold.
struct Faults(Vec<String>);

impl Faults {
    fn must(&mut self, holds: bool, what: &str) {
        if !holds {
            self.0.push(what.to_owned());
        }
    }
}

/// What a bundle lacks, in words.
fn faults(csv: &Value, others: &[Value], annotations: &Value) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    let annotation = |name: &str| annotations["annotations"][format!("operators.operatorframework.io.bundle.{name}.v1")].clone();
    of_what_it_says(csv, annotation("package").as_str().unwrap_or_default(), &mut faults);
    of_what_it_installs(csv, others, &mut faults);
    let is_known = |object: &Value| KINDS.contains(&object["kind"].as_str().unwrap_or_default());
    faults.must(others.iter().all(is_known), "other objects are of kinds that a bundle may hold");
    faults.must(others.iter().all(|object| object["metadata"]["namespace"].is_null()), "no object says a namespace");
    let layout = ["mediatype", "manifests", "metadata"].map(annotation);
    faults.must(layout == ["registry+v1", "manifests/", "metadata/"], "the layout is told");
    let channels = annotation("channels");
    let channels: Vec<&str> = channels.as_str().unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
    let default = annotation("channel.default");
    faults.must(default.as_str().is_some_and(|name| channels.contains(&name)), "the default channel is one of the channels");
    faults.0
}

fn of_what_it_says(csv: &Value, package: &str, faults: &mut Faults) {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let (spec, notes) = (&csv["spec"], &csv["metadata"]["annotations"]);
    let version = spec["version"].as_str().unwrap_or_default();
    let is_csv = csv["kind"] == "ClusterServiceVersion" && csv["apiVersion"] == "operators.coreos.com/v1alpha1";
    faults.must(is_csv, "it is a ClusterServiceVersion");
    let parts: Vec<&str> = version.split('.').collect();
    faults.must(parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok()), "version is semantic");
    faults.must(csv["metadata"]["name"] == format!("{package}.v{version}"), "its name is PACKAGE.vVERSION");
    for field in ["displayName", "description", "minKubeVersion", "maturity"] {
        faults.must(text(&spec[field]), &format!("{field} is said"));
    }
    faults.must(text(&spec["provider"]["name"]), "the provider is said");
    faults.must(spec["keywords"].as_array().is_some_and(|words| !words.is_empty()), "there are keywords");
    faults.must(CAPABILITIES.iter().any(|known| notes["capabilities"] == *known), "capabilities is a word of the format");
    for note in ["categories", "containerImage", "description"] {
        faults.must(text(&notes[note]), &format!("the catalogue is told {note}"));
    }
    let modes: Vec<&Value> = spec["installModes"].as_array().into_iter().flatten().collect();
    let names: BTreeSet<&str> = modes.iter().filter_map(|mode| mode["type"].as_str()).collect();
    let all = BTreeSet::from(["AllNamespaces", "MultiNamespace", "OwnNamespace", "SingleNamespace"]);
    faults.must(names == all, "all install modes are told");
    faults.must(modes.iter().any(|mode| mode["supported"] == true), "one install mode is supported");
}

fn of_what_it_installs(csv: &Value, others: &[Value], faults: &mut Faults) {
    let (spec, notes) = (&csv["spec"], &csv["metadata"]["annotations"]);
    let install = &spec["install"]["spec"];
    let deployments = install["deployments"].as_array().cloned().unwrap_or_default();
    faults.must(spec["install"]["strategy"] == "deployment" && !deployments.is_empty(), "it installs a Deployment");
    let accounts: BTreeSet<&str> = ["permissions", "clusterPermissions"]
        .iter()
        .flat_map(|list| install[list].as_array().into_iter().flatten())
        .filter_map(|rules| rules["serviceAccountName"].as_str())
        .collect();
    for deployment in &deployments {
        let account = deployment["spec"]["template"]["spec"]["serviceAccountName"].as_str().unwrap_or_default();
        faults.must(accounts.contains(account), "pods run as an account that permissions name");
    }
    let name = |object: &Value| object["name"].to_string();
    let defined: BTreeSet<String> = others
        .iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition")
        .map(|object| name(&object["metadata"]))
        .collect();
    let owned: BTreeSet<String> = spec["customresourcedefinitions"]["owned"].as_array().into_iter().flatten().map(name).collect();
    faults.must(!owned.is_empty() && owned == defined, "owned resources are those that are in the bundle");
    let samples: Vec<Value> = notes["alm-examples"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let is_owned = |sample: &Value| defined.iter().any(|name| of_kind(name, sample));
    faults.must(!samples.is_empty() && samples.iter().all(is_owned), "examples are of owned kinds");
}

fn of_kind(crd: &str, sample: &Value) -> bool {
    let plural = format!("{}s.", sample["kind"].as_str().unwrap_or_default().to_lowercase());
    crd.trim_matches('"').starts_with(&plural)
}

/// Version, others, annotations, as they are committed.
fn committed() -> (Value, Vec<Value>, Value) {
    let place = folder().join("bundle");
    let (mut csv, mut others) = (Value::Null, Vec::new());
    for entry in fs::read_dir(place.join("manifests")).expect("it lists") {
        let path = entry.expect("an entry").path();
        let object = read(&path).remove(0);
        if path.ends_with(CSV) { csv = object } else { others.push(object) }
    }
    (csv, others, read(&place.join("metadata/annotations.yaml")).remove(0))
}

/// Scenario: the bundle, and the bundle with one thing wrong, in each way that is known. Guarantees: it has what the format demands, and each
/// breach is told; the recipe of its image says what the annotations say.
#[test]
fn the_bundle_has_what_the_format_demands() {
    let (csv, others, annotations) = committed();
    assert_eq!(faults(&csv, &others, &annotations), Vec::<String>::new());
    let set = |path: &str, value: Value| {
        let mut wrong = csv.clone();
        *wrong.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        faults(&wrong, &others, &annotations)
    };
    for (path, value, told) in [
        ("/kind", json!("Deployment"), "it is a ClusterServiceVersion"),
        ("/spec/version", json!("1"), "version is semantic"),
        ("/metadata/name", json!("pointsman"), "PACKAGE.vVERSION"),
        ("/spec/displayName", json!(""), "displayName is said"),
        ("/spec/provider/name", json!(""), "the provider is said"),
        ("/metadata/annotations/capabilities", json!("All"), "a word of the format"),
        ("/metadata/annotations/alm-examples", json!("[]"), "examples are of owned kinds"),
        ("/spec/installModes", json!([]), "all install modes are told"),
        ("/spec/install/spec/deployments", json!([]), "installs a Deployment"),
        (
            "/spec/install/spec/deployments/0/spec/template/spec/serviceAccountName",
            json!("x"),
            "an account that permissions name",
        ),
        ("/spec/customresourcedefinitions/owned", json!([]), "owned resources"),
    ] {
        let found = set(path, value);
        assert!(found.iter().any(|fault| fault.contains(told)), "{path}: {found:?}");
    }
    for other in [json!({"kind": "Namespace", "metadata": {}}), json!({"kind": "Role", "metadata": {"namespace": "x"}})] {
        assert_eq!(faults(&csv, &[&others[..], &[other]].concat(), &annotations).len(), 1);
    }
    let mut wrong = annotations.clone();
    wrong["annotations"]["operators.operatorframework.io.bundle.channel.default.v1"] = json!("stable");
    assert_eq!(faults(&csv, &others, &wrong), ["the default channel is one of the channels"]);

    let recipe = fs::read_to_string(folder().join("bundle/Containerfile")).expect("the recipe");
    for (name, value) in annotations["annotations"].as_object().expect("annotations") {
        assert!(recipe.contains(&format!("{name}={value}")), "{name}");
    }
    assert_eq!(
        recipe.matches("operators.operatorframework.io").count(),
        annotations["annotations"].as_object().map_or(0, |all| all.len())
    );
}

/// Scenario: the example views of the bundle. Guarantees: `pointsman check` finds no fault in them.
#[test]
fn examples_of_the_bundle_are_good_views() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("views.yaml");
    let views: Vec<String> =
        examples().as_array().expect("a list").iter().map(|view| serde_saphyr::to_string(view).expect("YAML")).collect();
    fs::write(&file, views.join("---\n")).expect("the folder takes files");
    let (code, out, err) = crate::support::run(&["check", &file.display().to_string()], &[]);
    assert_eq!(code, 0, "{out}{err}");
}
