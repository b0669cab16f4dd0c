//! What kustomize and Helm make of `deploy`, as the programs that users have make it: as text and as objects.
//! Knows no cluster.

use super::peers::tool;
use crate::deploy::folder;
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// What a program left: whether it ended with 0, its standard output, its standard error.
pub(super) fn ran(name: &str, args: &[&str]) -> (bool, String, String) {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(tool(name));
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("HELM_")) {
        command.env_remove(key);
    }
    let out = command.args(args).env("HOME", home.path()).env_remove("KUBECONFIG").output().expect("it starts");
    let [stdout, stderr] = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (out.status.success(), stdout, stderr)
}

/// What kustomize makes of a folder; it has nothing to complain of.
pub(super) fn built(folder: &Path) -> String {
    let (ok, text, complaints) = ran("kustomize", &["build", &folder.display().to_string()]);
    assert!(ok && complaints.is_empty(), "{}: {complaints}", folder.display());
    text
}

/// What kustomize makes of a folder of `deploy`.
pub(super) fn overlay(name: &str) -> String {
    built(&folder().join(name))
}

/// What kustomize makes of the base with components, with more lines in the overlay that takes them.
pub(super) fn with(components: &[&str], more: &str) -> String {
    let overlay = tempfile::tempdir().expect("a folder");
    let path = overlay.path().canonicalize().expect("it is there");
    // kustomize takes no absolute path.
    let up = "../".repeat(path.components().count() - 1);
    let deploy = format!("{up}{}", folder().display().to_string().trim_start_matches('/'));
    let taken: String = components.iter().map(|name| format!("- {deploy}/components/{name}\n")).collect();
    let taken = if taken.is_empty() { taken } else { format!("components:\n{taken}") };
    let text =
        format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{deploy}/base]\n{taken}{more}");
    fs::write(path.join("kustomization.yaml"), text).expect("the folder takes files");
    built(&path)
}

/// What Helm makes of the chart in a namespace, with more arguments: the text, or its complaint.
pub(super) fn chart(namespace: &str, more: &[&str]) -> Result<String, String> {
    let chart = folder().join("chart").display().to_string();
    let args = [&["template", "pointsman", &chart, "--namespace", namespace], more].concat();
    let (ok, text, complaints) = ran("helm", &args);
    if ok { Ok(text) } else { Err(complaints) }
}

/// The arguments that name an example's values.
pub(super) fn example(name: &str) -> [String; 2] {
    ["--values".to_owned(), folder().join(format!("chart/examples/{name}.yaml")).display().to_string()]
}

/// The chart with an example's values.
pub(super) fn chart_of(namespace: &str, name: &str) -> String {
    let [flag, path] = example(name);
    chart(namespace, &[&flag, &path]).unwrap_or_else(|complaint| panic!("{name}: {complaint}"))
}

/// Every object of a stream of YAML.
pub(super) fn objects(text: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    all.into_iter().filter(|object| !object.is_null()).collect()
}
