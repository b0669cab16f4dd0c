//! Dashboards from one source: what is rendered for Grafana, OpenShift's console and Perses is as it would be rendered now, keeps
//! our rules, and keeps what each of the three draws. `UPDATE_EXPECT=1 cargo test --test it boards` writes the files.

mod console;
mod grafana;
mod lint;
mod metrics;
mod perses;
pub(crate) mod query;
mod samples;
pub(crate) mod source;

use lint::Lint;
use metrics::Metrics;
use serde_json::Value;
use source::Board;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::PathBuf,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every dashboard of the repository.
pub(crate) fn all() -> Vec<Board> {
    let read = |(name, text): (String, String)| {
        let at = |(line, error): (u64, String)| panic!("{name}.yaml:{line}: {error}");
        Board::read(&text).unwrap_or_else(at)
    };
    source::folder(&root().join("dashboards")).into_iter().map(read).collect()
}

const FOLDERS: [&str; 3] = ["dashboards/grafana", "deploy/overlays/openshift/dashboards", "dashboards/perses"];

/// What is made of them: each file's place and text.
fn files(boards: &[Board]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for board in boards {
        let name = &board.name;
        let head = format!(
            "DO NOT EDIT: rendered from dashboards/{name}.yaml by tests/it/dashboards (UPDATE_EXPECT=1 cargo test --test it boards)."
        );
        let grafana = serde_json::to_string_pretty(&grafana::render(board)).expect("JSON is made of JSON");
        let perses = serde_saphyr::to_string(&perses::render(board)).expect("YAML is made of JSON");
        let [first, second, third] = FOLDERS;
        files.insert(format!("{first}/{name}.json"), format!("{grafana}\n"));
        files.insert(format!("{second}/{name}.yaml"), console::render(board, &head));
        files.insert(format!("{third}/{name}.yaml"), format!("# {head}\n{}\n", perses.trim_end()));
    }
    files.insert("src/views/shipped/panels.rs".to_owned(), panels(boards));
    let [_, console, _] = FOLDERS;
    let list: String = boards.iter().map(|board| format!("- {}.yaml\n", board.name)).collect();
    let head = "DO NOT EDIT: rendered from dashboards by tests/it/dashboards (UPDATE_EXPECT=1 cargo test --test it boards).";
    let list = format!("# {head}\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{list}");
    files.insert(format!("{console}/kustomization.yaml"), list);
    files
}

/// What each panel reads, as the program knows it.
fn panels(boards: &[Board]) -> String {
    let mut text = String::from(
        "// DO NOT EDIT: rendered from dashboards by tests/it/dashboards (UPDATE_EXPECT=1 cargo test --test it boards).\n\
         //! Every panel of the dashboards that are shipped, and what it reads.\n\
         //! Knows names as Prometheus has them.\n\n\
         /// Dashboard, panel, and each metric with the labels that are used of it.\n\
         pub(super) type Panel = (&'static str, &'static str, &'static [(&'static str, &'static [&'static str])]);\n\n",
    );
    let count: usize = boards.iter().map(|board| board.panels().count()).sum();
    writeln!(text, "/// All of them.\npub(super) const PANELS: [Panel; {count}] = [").expect("a string grows");
    for board in boards {
        for (_, panel) in board.panels() {
            let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (_, query) in panel.lettered() {
                let reads = query::read(&query.expr).unwrap_or_else(|error| panic!("{}: {error}", query.expr));
                for (metric, labels) in reads.metrics {
                    let known = read.entry(metric).or_default();
                    known.extend(labels.into_iter().chain(reads.grouped.iter().cloned()));
                }
            }
            let read: Vec<(String, Vec<String>)> =
                read.into_iter().map(|(name, labels)| (name, labels.into_iter().collect())).collect();
            let read: Vec<String> = read.iter().map(|(name, labels)| format!("({name:?}, &{labels:?})")).collect();
            writeln!(text, "    ({:?}, {:?}, &[{}]),", board.name, panel.id, read.join(", ")).expect("a string grows");
        }
    }
    text.push_str("];\n");
    text
}

/// Scenario: a dashboard or what renders it changed. Guarantees: the rendered files are as they would be rendered now, and none
/// is left over.
#[test]
fn rendered_dashboards_are_fresh() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let files = files(&all());
    let mut stale = Vec::new();
    for (path, text) in &files {
        let file = root().join(path);
        if fs::read_to_string(&file).ok().as_ref() == Some(text) {
            continue;
        }
        if update {
            fs::create_dir_all(file.parent().expect("a path below the repository")).expect("make the folder");
            fs::write(file, text).expect("write the file");
        } else {
            stale.push(path.clone());
        }
    }
    assert!(stale.is_empty(), "stale, run UPDATE_EXPECT=1 cargo test --test it boards: {stale:#?}");
    for folder in FOLDERS {
        for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
            let path = format!("{folder}/{}", entry.expect("it lists").file_name().to_string_lossy());
            assert!(files.contains_key(&path), "{path} is not rendered: delete it");
        }
    }
}

/// Scenario: the dashboards that are shipped. Guarantees: each keeps every rule; all breaches are told at once.
#[test]
fn dashboards_keep_the_rules() {
    let metrics = Metrics::load();
    let runbooks = root().join("dashboards/runbooks");
    let sources = source::folder(&root().join("dashboards"));
    assert!(sources.len() >= 5, "{:?}", sources.keys());
    let check = |(name, text): (&String, &String)| Lint::new(&metrics, &runbooks).check(name, text);
    let breaches: Vec<String> = sources.iter().flat_map(check).map(|breach| breach.to_string()).collect();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

/// Every object of a JSON document.
fn objects<'v>(value: &'v Value, found: &mut Vec<&'v serde_json::Map<String, Value>>) {
    match value {
        Value::Object(map) => {
            found.push(map);
            map.values().for_each(|inner| objects(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| objects(inner, found)),
        _ => {}
    }
}

/// Pairs of panels that cover a place together, by their ids.
fn overlaps(dashboard: &Value) -> Vec<(u64, u64)> {
    let number = |panel: &Value, at: &str| panel.pointer(at).and_then(Value::as_u64).unwrap_or(u64::MAX >> 1);
    let panels = dashboard["panels"].as_array().cloned().unwrap_or_default();
    let rect = |panel: &Value| ["/id", "/gridPos/x", "/gridPos/y", "/gridPos/w", "/gridPos/h"].map(|at| number(panel, at));
    let rects: Vec<[u64; 5]> = panels.iter().map(rect).collect();
    let apart = |a: &[u64; 5], b: &[u64; 5]| {
        let [_, x, y, w, h] = a;
        let [_, other_x, other_y, other_w, other_h] = b;
        x + w <= *other_x || other_x + other_w <= *x || y + h <= *other_y || other_y + other_h <= *y
    };
    let mut found = Vec::new();
    for (at, a) in rects.iter().enumerate() {
        found.extend(rects.iter().skip(at + 1).filter(|b| !apart(a, b)).map(|b| (a[0], b[0])));
    }
    found
}

/// Whether every data source is the viewer's choice.
fn data_source_is_chosen(dashboard: &Value) -> bool {
    let mut found = Vec::new();
    objects(dashboard, &mut found);
    let sources: Vec<&Value> = found.iter().filter_map(|map| map.get("datasource")).collect();
    !sources.is_empty() && sources.iter().all(|source| source["uid"] == "${datasource}")
}

/// Scenario: the JSON for Grafana. Guarantees: no two panels overlap, none leaves the grid, ids are unique, and no data source is
/// written out; a dashboard that breaks one of these is found.
#[test]
fn grafana_has_room_and_no_data_source_of_ours() {
    for board in all() {
        let mut made = grafana::render(&board);
        assert_eq!(overlaps(&made), [], "{}", board.name);
        assert!(data_source_is_chosen(&made), "{}", board.name);
        let panels = made["panels"].as_array().expect("panels");
        let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{}", board.name);
        let edge = |panel: &Value| panel["gridPos"]["x"].as_u64().zip(panel["gridPos"]["w"].as_u64()).map(|(x, w)| x + w);
        assert!(panels.iter().all(|panel| edge(panel) <= Some(u64::from(source::GRID_WIDTH))), "{}", board.name);
        made["panels"][1]["gridPos"] = made["panels"][2]["gridPos"].clone();
        assert!(!overlaps(&made).is_empty(), "an overlap is not found");
        made["panels"][1]["datasource"]["uid"] = "prometheus-1".into();
        assert!(!data_source_is_chosen(&made), "a data source of ours is not found");
    }
}

/// Scenario: the ConfigMaps for OpenShift's console. Guarantees: they lie where it looks; every panel is of a type that it draws,
/// has queries, and what its type reads: styles with headings, one series for a single number; variables are in the one form that
/// it can ask for, and none is the beginning of another, as it replaces text.
#[test]
fn the_console_draws_every_panel() {
    let mut drawn = BTreeSet::new();
    for board in all() {
        let text = console::render(&board, "x");
        let map: Value = serde_saphyr::from_str(&text).expect("the ConfigMap is YAML");
        assert_eq!(map["metadata"]["namespace"], console::NAMESPACE);
        assert_eq!(map["metadata"]["labels"][console::LABEL], "true");
        let json = map["data"][format!("pointsman-{}.json", board.name)].as_str().expect("one file");
        let made: Value = serde_json::from_str(json).expect("the file is JSON");
        let panels: Vec<&Value> =
            made["rows"].as_array().expect("rows").iter().flat_map(|row| row["panels"].as_array().expect("panels")).collect();
        assert_eq!(panels.len(), board.panels().count(), "{}", board.name);
        for panel in panels {
            let title = format!("{}: {}", board.name, panel["title"]);
            let kind = panel["type"].as_str().unwrap_or_default();
            assert!(console::TYPES.contains(&kind), "{title}: {kind} shows as nothing");
            drawn.insert(kind.to_owned());
            let targets = panel["targets"].as_array().expect("targets");
            let has_query = |target: &Value| target["expr"].as_str().is_some_and(|expr| !expr.is_empty() && !expr.contains("${"));
            assert!(!targets.is_empty() && targets.iter().all(has_query), "{title}");
            assert!((1..=u64::from(console::SPAN)).contains(&panel["span"].as_u64().unwrap_or_default()), "{title}");
            match kind {
                "table" => {
                    let styles = panel["styles"].as_array().expect("styles");
                    let shows =
                        |style: &&Value| style["type"] != "hidden" && style["alias"].as_str().is_some_and(|a| !a.is_empty());
                    assert_eq!(styles.iter().filter(shows).count(), styles.len() - 1, "{title}");
                    assert_eq!(panel["transform"], "table", "{title}");
                    let values =
                        styles.iter().filter(|style| style["pattern"].as_str().is_some_and(|p| p.starts_with("Value #")));
                    assert_eq!(values.count(), targets.len(), "{title}");
                }
                "singlestat" => assert!(targets.len() == 1 && !targets[0]["legendFormat"].to_string().contains("{{"), "{title}"),
                _ => assert!(panel["yaxes"][0]["format"].is_string(), "{title}"),
            }
        }
        for variable in made["templating"]["list"].as_array().expect("variables") {
            let query = variable["query"].as_str().unwrap_or_default();
            assert!(query.starts_with("label_values(") && query.contains(", "), "{query}");
        }
    }
    assert!(drawn.contains("graph") && drawn.contains("table") && drawn.contains("singlestat"), "{drawn:?}");
    let names = source::Variable::ALL.map(source::Variable::name);
    assert!(names.iter().all(|a| names.iter().all(|b| a == b || !b.starts_with(a))), "{names:?}");
}

/// Scenario: the containers that show the demo with its dashboards. Guarantees: every file that they are given is there, the folder
/// of dashboards is where Grafana looks, and data sources have the names that the others call them by.
#[test]
fn compose_mounts_what_is_there() {
    let folder = root().join("deploy/compose");
    let read = |path: &str| -> Value {
        let text = fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let compose = read("compose.yaml");
    let services = compose["services"].as_object().expect("services");
    let volumes = services.values().filter_map(|service| service["volumes"].as_array()).flatten().filter_map(Value::as_str);
    let mounts: BTreeMap<&str, &str> =
        volumes.filter_map(|v| v.split_once(':')).map(|(from, to)| (to.trim_end_matches(":ro"), from)).collect();
    assert_eq!(mounts.len(), 4, "{mounts:?}");
    assert!(mounts.values().all(|from| folder.join(from).exists()), "{mounts:?}");
    let provider = read("grafana/dashboards/pointsman.yaml");
    let looks = provider["providers"][0]["options"]["path"].as_str().expect("a path");
    assert!(folder.join(mounts[looks]).join("pool-update.json").exists(), "{looks}");
    let sources = read("grafana/datasources/pointsman.yaml");
    let sources = sources["datasources"].as_array().expect("data sources");
    let led = &sources[0]["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"];
    assert!(sources.iter().any(|source| source["uid"] == *led), "{sources:?}");
    let scraped = read("prometheus.yml");
    assert_eq!(scraped["scrape_configs"][0]["honor_labels"], true);
}
