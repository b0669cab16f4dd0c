//! The cases of `tests/data/view` as objects of a real API server: what a cluster decides, what files decide, what the case
//! says, and what `explain` says of both, is one decision.
//! Two processes serve all cases: each case has namespaces of its own.

use super::cluster::Cluster;
use crate::{
    support::{Pointsman, run, wait},
    view::case::{Case, request, samples},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// 2026-01-01T10:00:00Z, as the other users of the cases have it.
const NOW: u64 = 1_767_261_600_000_000_000;
/// Fields of an explanation that tell when and how much, not what was decided.
const NOT_DECIDED: [&str; 10] =
    ["at", "since", "until", "applied", "effect", "undo", "component", "attributes", "lastTrace", "readBy"];

/// A case in namespaces of its own.
struct Mapped {
    folder: PathBuf,
    case: Case,
    /// Begins each of its names.
    prefix: String,
    views: Vec<Value>,
    catalogues: Vec<Value>,
}

/// Scenario: every case that depends neither on ages nor on a moment is applied to an API server, and given as files.
/// Guarantees: the same series flow in the same shape, as the case says, and the same rules decide, for the same reasons.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_cluster_decides_as_files_do() {
    let cases = cases();
    let cluster = Cluster::start();
    let taken = apply(&cluster, &cases);
    let cases: Vec<&Mapped> = cases.iter().filter(|case| case.names().iter().all(|name| taken.contains(name))).collect();
    assert!(cases.len() >= 60, "{} cases were taken by the API server", cases.len());

    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalogues: Vec<&Value> = cases.iter().flat_map(|case| &case.catalogues).collect();
    let catalog = folder.path().join("catalogues.yaml");
    fs::write(&catalog, documents(&catalogues)).expect("the folder is ours");
    let views = folder.path().join("views");
    fs::create_dir(&views).expect("the folder is ours");
    let stored: Vec<Value> = ["tview", "ctview"].iter().flat_map(|kind| listed(&cluster, kind)).collect();
    for (i, some) in stored.chunks(50).enumerate() {
        fs::write(views.join(format!("{i}.yaml")), documents(&some.iter().collect::<Vec<_>>())).expect("the folder is ours");
    }
    let catalog = catalog.display().to_string();
    let kubeconfig = cluster.kubeconfig("admin").display().to_string();
    let both = [
        Pointsman::start(&["--kubeconfig", &kubeconfig, "--catalog", &catalog]),
        Pointsman::start(&["--views", &views.display().to_string(), "--catalog", &catalog]),
    ];
    for pointsman in &both {
        wait("the views", || (pointsman.get("/readyz").status == 200).then_some(()));
        cases.iter().for_each(|case| pointsman.push(&request(&case.case, NOW)));
    }
    let mut instruments = 0;
    for case in &cases {
        let [by_cluster, by_files] = [&both[0], &both[1]].map(|pointsman| case.seen(pointsman));
        assert_eq!(by_cluster, by_files, "{}", case.folder.display());
        if let Some(want) = &case.case.scrape {
            assert_eq!(by_cluster, want.iter().cloned().collect(), "{}", case.folder.display());
        }
        for metric in case.case.push.iter().map(|push| &*push.metric).collect::<BTreeSet<_>>() {
            let [by_cluster, by_files] = [&both[0], &both[1]].map(|pointsman| case.explained(pointsman, metric));
            assert!(!by_cluster.is_empty(), "{}: {metric}", case.folder.display());
            assert_eq!(by_cluster, by_files, "{}: {metric}", case.folder.display());
            instruments += by_cluster.len();
        }
    }
    assert!(instruments >= 80, "{instruments} decisions were compared");
}

impl Mapped {
    /// Kind and name of each of its views.
    fn names(&self) -> Vec<String> {
        self.views.iter().map(full_name).collect()
    }

    /// What it pushed, as a scrape shows it.
    fn seen(&self, pointsman: &Pointsman) -> BTreeSet<String> {
        let ours = format!("instance=\"{}", self.prefix);
        let scrape = pointsman.scrape();
        let lines: Vec<&str> = scrape.lines().filter(|line| line.contains(&ours)).collect();
        samples(&lines.join("\n"))
    }

    /// What `explain` says of a metric of each of its components, without what is no decision.
    fn explained(&self, pointsman: &Pointsman, metric: &str) -> Vec<Value> {
        let server = format!("http://{}", pointsman.read);
        let pushes = self.case.push.iter().filter(|push| push.metric == metric);
        let components: BTreeSet<String> = pushes.map(|push| format!("{}/{}", push.namespace, push.service)).collect();
        let mut all = Vec::new();
        for component in components {
            let args = ["explain", metric, "--component", &component, "--server", &server, "-o", "json"];
            let (_, out, err) = run(&args, &[]);
            let answer: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
            let items = answer["items"].as_array().expect("a list").clone();
            all.extend(items.into_iter().map(|mut item| {
                let fields = item.as_object_mut().expect("an explanation has fields");
                fields.retain(|name, _| !NOT_DECIDED.contains(&name.as_str()));
                item
            }));
        }
        all
    }
}

fn full_name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
}

/// Documents of YAML: JSON is YAML.
fn documents(objects: &[&Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// The cases whose answer is the same whenever they are asked, and whoever of two equals was made first.
fn cases() -> Vec<Mapped> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/view");
    let entries = fs::read_dir(root).expect("the cases are there");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("it lists").path()).collect();
    folders.sort();
    folders.into_iter().enumerate().filter_map(|(i, folder)| mapped(folder, &format!("c{i}-"))).collect()
}

fn mapped(folder: PathBuf, prefix: &str) -> Option<Mapped> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has this file");
    let (yaml, out) = (read("in.yaml"), read("out.txt"));
    let mut case: Case = serde_json::from_str(&read("case.json")).expect("the case is of its form");
    let timeless = case.seen.is_none() && case.engine_only.is_none() && !yaml.contains("creationTimestamp");
    let alone = case.cluster.namespaces.is_empty() && case.cluster.readers.is_empty() && case.cluster.protecting.is_empty();
    let whole = !out.contains("error[") && !out.contains(", by name") && !yaml.contains("apiVersion: v1");
    if !(timeless && alone && whole) || case.push.is_empty() {
        return None;
    }
    let mut namespaces = BTreeSet::from([format!("{prefix}default")]);
    for push in &mut case.push {
        push.namespace.insert_str(0, prefix);
        namespaces.insert(push.namespace.clone());
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(&yaml).ok()?;
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for mut object in documents {
        let metadata = object["metadata"].clone();
        let name = metadata["name"].as_str()?;
        if object["kind"] == "ClusterTelemetryView" {
            object["metadata"]["name"] = json!(format!("{prefix}{name}"));
            select(&mut object["spec"], prefix, &namespaces)?;
            views.push(object);
            continue;
        }
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let namespace = format!("{prefix}{namespace}");
        namespaces.insert(namespace.clone());
        object["metadata"]["namespace"] = json!(namespace);
        let is_view = object["kind"] == "TelemetryView";
        if is_view { views.push(object) } else { catalogues.push(object) }
    }
    Some(Mapped { folder, case, prefix: prefix.to_owned(), views, catalogues })
}

/// A cluster view speaks of the namespaces of its case alone.
fn select(spec: &mut Value, prefix: &str, namespaces: &BTreeSet<String>) -> Option<()> {
    let Some(selector) = spec.get_mut("namespaceSelector") else {
        spec["namespaceSelector"] = json!({"matchNames": namespaces});
        return Some(());
    };
    for name in selector.get_mut("matchNames").and_then(Value::as_array_mut).into_iter().flatten() {
        *name = json!(format!("{prefix}{}", name.as_str()?));
    }
    for (key, value) in selector.get_mut("matchLabels").and_then(Value::as_object_mut).into_iter().flatten() {
        // Other labels than the one that every namespace has are another test's.
        (key == "kubernetes.io/metadata.name").then_some(())?;
        *value = json!(format!("{prefix}{}", value.as_str()?));
    }
    Some(())
}

/// Gives the API server everything; which views it has then.
fn apply(cluster: &Cluster, cases: &[Mapped]) -> BTreeSet<String> {
    let namespaces = cases.iter().flat_map(|case| {
        let of_views = case.views.iter().filter_map(|view| view["metadata"]["namespace"].as_str());
        of_views.chain(case.case.push.iter().map(|push| &*push.namespace)).map(ToOwned::to_owned)
    });
    let namespaces: BTreeSet<String> = namespaces.collect();
    let namespaces = namespaces.iter().map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    let views = cases.iter().flat_map(|case| case.views.iter().cloned());
    for objects in [namespaces.collect::<Vec<_>>(), views.collect()] {
        for some in objects.chunks(40) {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": some});
            // What it refuses is missing afterwards: a case whose point is a mistake.
            cluster.call("admin", &["create", "-f", "-"], &list.to_string());
        }
    }
    ["tview", "ctview"].iter().flat_map(|kind| listed(cluster, kind)).map(|object| full_name(&object)).collect()
}

fn listed(cluster: &Cluster, kind: &str) -> Vec<Value> {
    let out = cluster.kubectl(&["get", kind, "-A", "-o", "json"]).expect("list the views");
    let list: Value = serde_json::from_str(&out).expect("kubectl prints JSON");
    list["items"].as_array().expect("a list").clone()
}
