//! The chart, as Helm renders it: its examples are fresh, it agrees with what kustomize makes of the base, object by object, and wrong
//! values are refused with a text that names them. `UPDATE_EXPECT=1` writes the examples.

use super::rendered::{chart, chart_of, objects, overlay, ran, with};
use crate::deploy::{EXAMPLES, folder};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

/// What Helm says of itself, and what kustomize adds to what it renders itself.
const LABELS: [&str; 3] = ["app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "helm.sh/chart"];

/// Objects by kind, namespace and name, without labels that tell who rendered them.
fn by_name(text: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for mut object in objects(text) {
        let metadata = &object["metadata"];
        let key = format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"]).replace('"', "");
        if let Some(labels) = object["metadata"]["labels"].as_object_mut() {
            labels.retain(|name, _| !LABELS.contains(&name.as_str()));
            if labels.is_empty() {
                object["metadata"].as_object_mut().expect("an object").remove("labels");
            }
        }
        assert!(all.insert(key.clone(), object).is_none(), "{key} is there twice");
    }
    all
}

/// What one has and the other has not, or has otherwise: a line each.
fn differences(kustomize: &str, helm: &str) -> Vec<String> {
    let (mut kustomize, helm) = (by_name(kustomize), by_name(helm));
    // Helm makes a namespace with --create-namespace, or takes one that is there.
    kustomize.retain(|key, _| !key.starts_with("Namespace "));
    let mut lines = Vec::new();
    for key in kustomize.keys().chain(helm.keys().filter(|key| !kustomize.contains_key(*key))) {
        match (kustomize.get(key), helm.get(key)) {
            (Some(_), None) => lines.push(format!("{key}: the chart has none")),
            (None, _) => lines.push(format!("{key}: the base has none")),
            (Some(one), Some(other)) => compare(key, one, other, &mut lines),
        }
    }
    lines
}

fn compare(place: &str, one: &Value, other: &Value, lines: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                let null = Value::Null;
                compare(&format!("{place}.{key}"), one.get(key).unwrap_or(&null), other.get(key).unwrap_or(&null), lines);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter()
                .zip(other)
                .enumerate()
                .for_each(|(at, (one, other))| compare(&format!("{place}[{at}]"), one, other, lines));
        }
        _ if one == other => {}
        _ => lines.push(format!("{place}: base {one}, chart {other}")),
    }
}

/// Scenario: the base alone, with everything that may be added to it, with two replicas, with the watchers and all that they may do, and
/// in another namespace; the chart with the values for each.
/// Guarantees: the same objects by kind and name, and the same in all they say: rules of roles, ports, arguments, probes, contexts.
#[test]
#[ignore = "needs helm and kustomize: run bash tests/run.sh"]
fn chart_and_base_agree_object_by_object() {
    let server = ["standby", "guard-override", "guard-label", "plan-files", "tls-profile"];
    let watchers = ["watch", "watch-legacy", "watch-secrets", "watch-scrape"];
    let for_server = "replicas=2,guards.override=true,guards.label=true,planFiles=true,tls.clusterProfile=true";
    let for_watchers = "watch.create=true,watch.legacyMetrics=true,watch.readSecrets=true,watch.scrape=true";
    let all = format!("{for_server},{for_watchers}");
    let cases: [(&[&str], &str); 4] =
        [(&[], "replicas=1"), (&server, for_server), (&watchers, for_watchers), (&[&server[..], &watchers[..]].concat(), &all)];
    for (components, values) in cases {
        let differences = differences(&with(components, ""), &chart("pointsman", &["--set", values]).expect("it renders"));
        assert!(differences.is_empty(), "{values}:\n{}", differences.join("\n"));
    }
    let moved =
        differences(&with(&server, "namespace: elsewhere\n"), &chart("elsewhere", &["--set", for_server]).expect("it renders"));
    assert!(moved.is_empty(), "{}", moved.join("\n"));
}

/// Scenario: a chart with another port, another argument, a right less, an object more or less.
/// Guarantees: each difference is told, by its place.
#[test]
#[ignore = "needs helm and kustomize: run bash tests/run.sh"]
fn a_difference_is_told() {
    let (base, helm) = (with(&[], ""), chart("pointsman", &[]).expect("it renders"));
    assert!(differences(&base, &helm).is_empty());
    for (is, becomes, told) in [
        ("port: 9464", "port: 9465", "Service pointsman pointsman.spec.ports[2].port: base 9464, chart 9465"),
        ("- --state-dir=/var/lib/pointsman", "- --state-dir=/tmp", ".args[6]: base"),
        ("verbs: [get, update, patch]", "verbs: [get, update]", "Role pointsman pointsman.rules[1].verbs: base"),
        ("kind: PodDisruptionBudget", "kind: Other", "PodDisruptionBudget pointsman pointsman: the chart has none"),
        ("kind: PodDisruptionBudget", "kind: Other", "Other pointsman pointsman: the base has none"),
    ] {
        assert!(helm.contains(is), "{is}");
        let told_of = differences(&base, &helm.replace(is, becomes));
        assert!(told_of.iter().any(|line| line.contains(told)), "{told}: {told_of:?}");
    }
}

/// Scenario: the overlay for OpenShift beside the chart with the values for OpenShift. Guarantees: both ask the service CA for the same
/// Secret, scrape in the same way, and run watchers with the same arguments.
#[test]
#[ignore = "needs helm and kustomize: run bash tests/run.sh"]
fn chart_and_overlay_agree_on_openshift() {
    let (overlay, chart) = (by_name(&overlay("overlays/openshift")), by_name(&chart_of("openshift-pointsman", "openshift")));
    let mut compared = 0;
    for (key, of_chart) in &chart {
        let kind = key.split(' ').next().unwrap_or_default();
        if ["ServiceMonitor", "Service", "Deployment", "Role", "ClusterRole"].contains(&kind) {
            let mut lines = Vec::new();
            compare(key, &overlay.get(key).unwrap_or_else(|| panic!("no {key}"))["spec"], &of_chart["spec"], &mut lines);
            compare(key, &overlay[key]["rules"], &of_chart["rules"], &mut lines);
            // What runs where on the nodes of the platform is said by the overlay alone.
            lines.retain(|line| !line.contains("target.workload.openshift.io"));
            assert!(lines.is_empty(), "{}", lines.join("\n"));
            compared += 1;
        }
    }
    assert!(compared >= 12, "{compared}");
    let annotations =
        |all: &BTreeMap<String, Value>| all["Service openshift-pointsman pointsman"]["metadata"]["annotations"].clone();
    assert_eq!(annotations(&overlay), annotations(&chart));
}

/// Scenario: the chart, or a value of an example, changed. Guarantees: what is committed below `examples/rendered` is what Helm makes now;
/// nothing else lies there.
#[test]
#[ignore = "needs helm: run bash tests/run.sh"]
fn rendered_examples_are_fresh() {
    let place = folder().join("chart/examples/rendered");
    let mut stale = Vec::new();
    for (name, namespace) in EXAMPLES {
        let text = if name == "default" { chart(namespace, &[]).expect("it renders") } else { chart_of(namespace, name) };
        let head =
            format!("# DO NOT EDIT: rendered by Helm, checked by tests/it/real/charts.rs: {name}, in namespace {namespace}.\n");
        let (path, text) = (place.join(format!("{name}.yaml")), head + &text);
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            match std::env::var_os("UPDATE_EXPECT") {
                Some(_) => fs::write(path, text).expect("write the file"),
                None => stale.push(name),
            }
        }
    }
    assert!(stale.is_empty(), "stale, run UPDATE_EXPECT=1 cargo test --test it -- --ignored real::charts: {stale:?}");
    assert_eq!(fs::read_dir(place).expect("it lists").count(), EXAMPLES.len());
}

/// Scenario: the chart with all examples. Guarantees: Helm's own linter finds no fault.
#[test]
#[ignore = "needs helm: run bash tests/run.sh"]
fn helm_finds_no_fault() {
    let place = folder().join("chart").display().to_string();
    for (name, _) in EXAMPLES {
        let [flag, path] = super::rendered::example(name);
        let values = if name == "default" { Vec::new() } else { vec![flag.as_str(), path.as_str()] };
        let (ok, said, complaints) = ran("helm", &[&["lint", "--strict", &place][..], &values].concat());
        assert!(ok && said.contains("1 chart(s) linted, 0 chart(s) failed"), "{name}: {said}{complaints}");
    }
}

/// A value as it is given to Helm, where the complaint says it is, and what it says of it.
const WRONG: [(&str, &str, &str); 26] = [
    ("replicas=3", "/replicas", "value must be one of 1, 2"),
    ("replicas=two", "/replicas", "value must be one of 1, 2"),
    ("replica=2", "''", "additional properties 'replica' not allowed"),
    ("tls.secretname=x", "/tls", "additional properties 'secretname' not allowed"),
    ("ports.metrics=80", "/ports/metrics", "got 80, want 1,024"),
    ("ports.metrics=70000", "/ports/metrics", "got 70,000, want 65,535"),
    ("ports.otlpGrpc=grpc", "/ports/otlpGrpc", "got string, want integer"),
    ("resources.requests.memory=256MB", "/resources/requests/memory", "a size of Kubernetes, such as 256Mi or 1Gi"),
    ("resources.limits.memory=0", "/resources/limits/memory", "want string"),
    ("resources.limits.cpu=two", "/resources/limits/cpu", "a share of processors, such as 100m or 2"),
    ("resources.limits.cpus=2", "/resources/limits", "additional properties 'cpus' not allowed"),
    ("stateSize=1gb", "/stateSize", "a size of Kubernetes, such as 256Mi or 1Gi"),
    ("image.repository=ghcr.io/Pointsman", "/image/repository", "an image without tag and digest"),
    ("image.tag=a b", "/image/tag", "a tag, such as 0.1.0, or nothing"),
    ("image.digest=sha256:12", "/image/digest", "a digest, sha256: and 64 hexadecimal digits, or nothing"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy", "value must be one of '', 'Always', 'IfNotPresent', 'Never'"),
    ("imagePullSecrets=registry", "/imagePullSecrets", "got string, want array"),
    ("tls.serviceCa=maybe", "/tls/serviceCa", "got string, want boolean"),
    ("tls.secretName=My Secret", "/tls/secretName", "a name of Kubernetes: lower-case letters, digits, - and ."),
    ("settings.max-serie=5", "/settings", "additional properties 'max-serie' not allowed"),
    ("settings.listen=0.0.0.0:1", "/settings", "additional properties 'listen' not allowed"),
    ("files.a/b=x", "/files", "additional properties 'a/b' not allowed"),
    ("scrapers[0].name=prometheus", "/scrapers/0", "missing property 'namespace'"),
    ("serviceMonitor.interval=fast", "/serviceMonitor/interval", "a duration, such as 30s or 5m"),
    ("tolerations[0].effect=Never", "/tolerations/0/effect", "value must be one of 'NoSchedule'"),
    ("priorityClass.value=2000000000", "/priorityClass/value", "maximum"),
];

/// Scenario: values of a wrong type, without meaning, out of range, in another unit, misspelt; then several at once, and such as do not go
/// together. Guarantees: each is refused, and the complaint says which value it is, and what would do; all of several are told.
#[test]
#[ignore = "needs helm: run bash tests/run.sh"]
fn wrong_values_are_refused_by_name() {
    let refused = |value: &str| chart("pointsman", &["--set", value]).expect_err(value);
    for (value, place, says) in WRONG {
        let complaint = refused(value);
        let line = complaint.lines().find(|line| line.contains(says)).unwrap_or_else(|| panic!("{value}: {complaint}"));
        assert!(line.contains(&format!("at '{}'", place.trim_matches('\''))), "{value}: {complaint}");
    }
    let complaint = refused("replicas=3,stateSize=much,ports.metrics=1");
    for place in ["at '/replicas'", "at '/stateSize'", "at '/ports/metrics'"] {
        assert!(complaint.contains(place), "{complaint}");
    }
    let complaint = refused(
        "ports.metrics=4317,priorityClass.name=,serviceMonitor.create=true,watch.scrape=true,watch.readSecrets=true,watch.legacyMetrics=true",
    );
    assert!(complaint.contains("6 of the values do not go together"), "{complaint}");
    for name in
        ["ports: ", "priorityClass.name: ", "scrapers: ", "watch.scrape: ", "watch.readSecrets: ", "watch.legacyMetrics: "]
    {
        assert!(complaint.contains(&format!("- {name}")), "{name}: {complaint}");
    }
    assert!(refused("tls.serviceCa=true,watch.create=true").contains("watch.caKey: ca.crt"));
}

/// Scenario: settings of every type that one may have, and files. Guarantees: each becomes a flag as it was meant; large numbers stay whole.
#[test]
#[ignore = "needs helm: run bash tests/run.sh"]
fn settings_become_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let values = folder.path().join("values.yaml");
    let text = "settings: {max-series: 2000000, scope-labels: false, expire-after: 10m, traces-to: ['http://a:4317', 'http://b:4317']}\n\
                files: {senders.yaml: 'senders: []'}\n";
    fs::write(&values, text).expect("the folder takes files");
    let text = chart("pointsman", &["--values", &values.display().to_string()]).expect("it renders");
    let container = &by_name(&text)["Deployment pointsman pointsman"]["spec"]["template"]["spec"]["containers"][0];
    let args: Vec<&str> = container["args"].as_array().expect("arguments").iter().filter_map(Value::as_str).skip(7).collect();
    let want = [
        "--expire-after=10m",
        "--max-series=2000000",
        "--scope-labels=false",
        "--traces-to=http://a:4317",
        "--traces-to=http://b:4317",
    ];
    assert_eq!(args, want);
    assert!(
        container["volumeMounts"].as_array().expect("mounts").iter().any(|mount| mount["mountPath"] == "/etc/pointsman/files")
    );
}
