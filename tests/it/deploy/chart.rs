//! The chart as files: its README is made from the comments of its values, its CRDs are those of `deploy/crds`, and its schema knows the
//! values and the flags. `UPDATE_EXPECT=1 cargo test --test it deploy` writes what is made. Renders nothing: `real::charts` does.

use super::{folder, read, texts};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write, fs};

/// Every example, and the namespace in which it is rendered.
pub(crate) const EXAMPLES: [(&str, &str); 4] =
    [("default", "pointsman"), ("kind", "pointsman"), ("openshift", "openshift-pointsman"), ("standby", "pointsman")];

/// Flags that other values set, or that make no sense in the pod.
const SET_BY_OTHERS: [&str; 12] = [
    "insecure",
    "insecure-listen-address",
    "kubeconfig",
    "listen",
    "otlp-grpc",
    "otlp-http",
    "pod",
    "secure-listen-address",
    "state-dir",
    "tls-cert-file",
    "tls-private-key-file",
    "tls-profile",
];

fn text(name: &str) -> String {
    fs::read_to_string(folder().join("chart").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A value with its comment: where it stands, what it is by default, what is said of it.
#[derive(Debug)]
struct Documented {
    path: Vec<String>,
    about: String,
}

/// Keys of the values with a comment right above, in their order.
fn documented(values: &str) -> Vec<Documented> {
    let (mut found, mut above, mut path) = (Vec::new(), String::new(), Vec::<String>::new());
    for line in values.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2;
        match (line.trim().strip_prefix('#'), line.split_once(':')) {
            (Some(comment), _) => write!(above, "{}{}", if above.is_empty() { "" } else { " " }, comment.trim()).expect("text"),
            (None, Some((key, _))) if !above.is_empty() => {
                path.truncate(depth);
                path.push(key.trim().to_owned());
                found.push(Documented { path: path.clone(), about: std::mem::take(&mut above) });
            }
            _ => above.clear(),
        }
    }
    found
}

fn at<'v>(values: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(values, |value, key| &value[key])
}

/// The README, as it would be written now.
fn readme() -> String {
    let (values_text, values, chart) =
        (text("values.yaml"), &read(&folder().join("chart/values.yaml"))[0], &read(&folder().join("chart/Chart.yaml"))[0]);
    let mut out = format!(
        "<!-- DO NOT EDIT: made from values.yaml by tests/it/deploy/chart.rs (UPDATE_EXPECT=1 cargo test --test it deploy). -->\n\
         # Chart {}\n\n{} For {} {} and Kubernetes {}.\n\n\
         ```sh\nhelm install pointsman deploy/chart --namespace pointsman\n```\n\n\
         The namespace and the Secret `tls.secretName` are there before ([README](../README.md) tells how); custom resources come along.\n\
         [UPGRADING.md](UPGRADING.md) says what to do from one version to the next.\n\n## Values\n\n\
         Whatever is not in the table is refused, as is what does not go together.\n\n| value | default | what |\n| --- | --- | --- |\n",
        chart["name"].as_str().expect("a name"),
        chart["description"].as_str().expect("a text"),
        chart["name"].as_str().expect("a name"),
        chart["appVersion"].as_str().expect("a version"),
        chart["kubeVersion"].as_str().expect("a range").trim_end_matches("-0").replace(">=", "from ") + " on",
    );
    let all = documented(&values_text);
    for Documented { path, about } in &all {
        let is_parent = all.iter().any(|other| other.path.len() > path.len() && other.path.starts_with(path));
        let default = if is_parent { String::new() } else { format!("`{}`", at(values, path)) };
        writeln!(out, "| `{}` | {default} | {about} |", path.join(".")).expect("text");
    }
    out.push_str("\n## Examples\n\n| values | rendered | what |\n| --- | --- | --- |\n");
    for (name, namespace) in EXAMPLES {
        let rendered = format!("[{name}](examples/rendered/{name}.yaml)");
        let (values, about) = if name == "default" {
            ("[values.yaml](values.yaml)".to_owned(), "Nothing is said.".to_owned())
        } else {
            let about = text(&format!("examples/{name}.yaml"));
            let about: Vec<&str> = about.lines().map_while(|line| line.strip_prefix("# ")).collect();
            (format!("[{name}.yaml](examples/{name}.yaml)"), about.join(" "))
        };
        writeln!(out, "| {values} | {rendered}, in `{namespace}` | {about} |").expect("text");
    }
    out
}

/// Scenario: a comment or a default of the values changed, or an example. Guarantees: the README says it.
#[test]
fn the_readme_is_made_from_the_values() {
    let path = folder().join("chart/README.md");
    if fs::read_to_string(&path).ok().as_deref() != Some(&readme()) {
        assert!(std::env::var_os("UPDATE_EXPECT").is_some(), "stale: UPDATE_EXPECT=1 cargo test --test it deploy");
        fs::write(path, readme()).expect("write the file");
    }
}

/// Scenario: a sample of values. Guarantees: comments of several lines, of nested keys, and of none.
#[test]
fn comments_are_found_where_they_stand() {
    let found = documented("# one\n# two\na:\n  # three\n  b: 1\n  c: 2\n# lost\n\nd: 3\n# four\ne: {x: 1}\n");
    let found: Vec<String> = found.iter().map(|value| format!("{}={}", value.path.join("."), value.about)).collect();
    assert_eq!(found, ["a=one two", "a.b=three", "e=four"]);
}

/// Every path of the values, down to what has a comment and no part with one.
fn leaves(values: &Value, path: &mut Vec<String>, known: &[Documented], undocumented: &mut Vec<String>) {
    for (key, value) in values.as_object().into_iter().flatten() {
        path.push(key.clone());
        let is_known = known.iter().any(|value| value.path == *path);
        let has_parts = known.iter().any(|value| value.path.len() > path.len() && value.path.starts_with(path));
        if !is_known {
            undocumented.push(path.join("."));
        } else if has_parts {
            leaves(value, path, known, undocumented);
        }
        path.pop();
    }
}

/// Scenario: the values beside their comments and their schema. Guarantees: each has a comment; the schema knows exactly those keys, at
/// every depth, and no object of it takes any other.
#[test]
fn values_comments_and_schema_agree() {
    let values = &read(&folder().join("chart/values.yaml"))[0];
    let mut undocumented = Vec::new();
    leaves(values, &mut Vec::new(), &documented(&text("values.yaml")), &mut undocumented);
    assert!(undocumented.is_empty(), "no comment right above: {undocumented:?}");
    let schema: Value = serde_json::from_str(&text("values.schema.json")).expect("JSON");
    same_keys("", values, &schema, &schema);
    let mut open = Vec::new();
    open_objects("", &schema, &mut open);
    // What Helm itself hands over, and maps of names that users choose.
    assert_eq!(open, ["/properties/global"], "say additionalProperties: false there, or a schema for it");
}

fn same_keys(place: &str, values: &Value, schema: &Value, root: &Value) {
    let schema = schema["$ref"].as_str().map_or(schema, |name| &root["definitions"][name.trim_start_matches("#/definitions/")]);
    let (Some(known), Some(values)) = (schema["properties"].as_object(), values.as_object()) else { return };
    let unknown: Vec<&String> = values.keys().filter(|key| !known.contains_key(*key)).collect();
    assert!(unknown.is_empty(), "{place}: not in the schema: {unknown:?}");
    if !["/settings", "/resources", "/watch/resources"].iter().any(|open| place.starts_with(open)) {
        let missing: Vec<&String> = known.keys().filter(|key| !values.contains_key(*key) && *key != "global").collect();
        assert!(missing.is_empty(), "{place}: not in the values: {missing:?}");
    }
    values.iter().for_each(|(key, value)| same_keys(&format!("{place}/{key}"), value, &known[key], root));
}

fn open_objects(place: &str, schema: &Value, open: &mut Vec<String>) {
    if schema["type"] == "object" && schema["additionalProperties"].is_null() {
        open.push(place.to_owned());
    }
    for (key, value) in schema.as_object().into_iter().flatten() {
        open_objects(&format!("{place}/{key}"), value, open);
    }
}

/// Scenario: a flag was added to `pointsman serve`. Guarantees: `settings` take every flag but those that other values set; repeated ones
/// as lists, too.
#[test]
fn settings_are_the_flags_of_serve() {
    let schema: Value = serde_json::from_str(&text("values.schema.json")).expect("JSON");
    let settings = schema["properties"]["settings"]["properties"].as_object().expect("flags");
    let has: BTreeSet<&str> = settings.keys().map(String::as_str).collect();
    let want: BTreeSet<&str> = pointsman::config::KEYS.into_iter().filter(|key| !SET_BY_OTHERS.contains(key)).collect();
    assert_eq!(has, want);
    let lists: Vec<&str> =
        settings.iter().filter(|(_, flag)| texts(&flag["type"]).contains(&"array")).map(|(key, _)| key.as_str()).collect();
    assert_eq!(lists, ["catalog", "traces-to"]);
}

/// Scenario: the custom resources of the chart and of `deploy/crds`; versions of the chart, of the program, of the image in the base.
/// Guarantees: the same bytes; one version.
#[test]
fn resources_and_versions_are_those_of_the_program() {
    let names = |place: &str| -> BTreeSet<_> {
        fs::read_dir(folder().join(place)).expect("it lists").map(|entry| entry.expect("an entry").file_name()).collect()
    };
    assert_eq!(names("crds"), names("chart/crds"));
    for name in names("crds") {
        let [one, other] = ["crds", "chart/crds"].map(|place| fs::read(folder().join(place).join(&name)).expect("it is there"));
        if one != other {
            assert!(std::env::var_os("UPDATE_EXPECT").is_some(), "{name:?} differs: UPDATE_EXPECT=1 cargo test --test it deploy");
            fs::write(folder().join("chart/crds").join(&name), one).expect("write the file");
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    let chart = &read(&folder().join("chart/Chart.yaml"))[0];
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(version), Some(version)));
    assert!(text("UPGRADING.md").contains(&format!("## {version}\n")), "UPGRADING.md has a section for {version}");
    let base = &read(&folder().join("base/deployment.yaml"))[0];
    let image =
        format!("{}:{version}", read(&folder().join("chart/values.yaml"))[0]["image"]["repository"].as_str().expect("a name"));
    assert_eq!(base["spec"]["template"]["spec"]["containers"][0]["image"], image);
}
