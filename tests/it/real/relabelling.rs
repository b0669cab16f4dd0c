//! The how-to from `metric_relabel_configs`: each pair of rule and view leaves the same series in a real Prometheus.
//! What stands on the page is what is run.

use super::prometheus::{Job, Prometheus};
use crate::support::{Pointsman, wait};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// The fences of this kind on the page.
fn fences(kind: &str) -> Vec<String> {
    fences_of("migrate-from-metric-relabel-configs.md", kind)
}

/// The fences of this kind on a how-to.
pub(super) fn fences_of(page: &str, kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/how-to").join(page);
    let page = fs::read_to_string(path).expect("there is a page");
    let open = format!("```{kind}\n");
    let fences = page.split(&open).skip(1);
    fences.filter_map(|rest| Some(format!("{}\n", rest.split("\n```").next()?))).collect()
}

/// Six metrics of a daemon; no two sets differ in `err` alone.
pub(super) fn pushed() -> String {
    let attribute = |(key, value): (&str, &str)| json!({"key": key, "value": {"stringValue": value}});
    let point = |pairs: &[(&str, &str)]| {
        let attributes: Vec<Value> = pairs.iter().map(|pair| attribute(*pair)).collect();
        json!({"timeUnixNano": "1767261600000000000", "asInt": "1", "attributes": attributes})
    };
    let sets = [point(&[("node", "a"), ("err", "x")]), point(&[("node", "b"), ("err", "y")]), point(&[("node", "c")])];
    let names = ["mcd_state", "mcd_update_state", "mcd_drain_err", "mcd_drain_age", "mcd_reboots_err", "mcd_pivot_err"];
    let metrics: Vec<Value> = names.iter().map(|name| json!({"name": name, "gauge": {"dataPoints": sets}})).collect();
    let resource =
        [("k8s.namespace.name", "openshift-machine-config-operator"), ("service.name", "mcd"), ("service.instance.id", "a")];
    json!({"resourceMetrics": [{
        "resource": {"attributes": resource.map(attribute)},
        "scopeMetrics": [{"scope": {"name": "s"}, "metrics": metrics}],
    }]})
    .to_string()
}

/// The series of a job that come from the push, by name and labels.
fn series(prometheus: &Prometheus, job: &str) -> BTreeSet<String> {
    let found = prometheus.query(&format!("{{format=\"{job}\",__name__=~\"mcd_.*\"}}"));
    let mut found: Vec<Value> = found.into_iter().map(|series| series["metric"].clone()).collect();
    found.iter_mut().filter_map(Value::as_object_mut).for_each(|labels| drop(labels.remove("format")));
    found.iter().map(Value::to_string).collect()
}

/// Scenario: the same push to a pointsman without views, scraped with the page's relabelling, and to one with the page's view,
/// scraped without. Guarantees: for each pair Prometheus holds the same series, fewer or other than without either.
#[test]
#[ignore = "needs a real Prometheus: run bash tests/run.sh"]
fn views_leave_what_relabelling_leaves() {
    let (rules, views) = (fences("yaml relabel"), fences("yaml"));
    assert!(rules.len() == views.len() && rules.len() >= 3, "{} rules, {} views", rules.len(), views.len());
    for (rule, view) in rules.iter().zip(&views) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("view.yaml"), view).expect("the folder is ours");
        let plain = Pointsman::start(&[]);
        let viewed = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
        for server in [&plain, &viewed] {
            assert_eq!(server.push_json("/v1/metrics", &pushed()).status, 200);
        }
        let job = |format, target, settings: &str| Job { format, target, honor_labels: true, settings: settings.to_owned() };
        let jobs = [job("relabelled", plain.read, rule), job("viewed", viewed.read, ""), job("all", plain.read, "")];
        let prometheus = Prometheus::start("prometheus3", &jobs, &[]);
        let all = wait("everything to be scraped", || Some(series(&prometheus, "all")).filter(|all| all.len() == 18));
        wait(&format!("{rule} to leave what the view leaves"), || {
            let (relabelled, viewed) = (series(&prometheus, "relabelled"), series(&prometheus, "viewed"));
            (!viewed.is_empty() && viewed != all && viewed == relabelled).then_some(())
        });
    }
}
