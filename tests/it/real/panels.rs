//! Every panel of every dashboard, asked of real Prometheus servers that scrape a running demo; and every rendered file, read with
//! the types that Grafana and Perses publish. Which scenario proves which panel is written into `dashboards/README.md`:
//! `UPDATE_EXPECT=1` writes it. Knows no metric by name.

use super::{
    jaeger::Jaeger,
    peers::tool,
    prometheus::{Job, Prometheus},
};
use crate::{
    dashboards::boards::{self, query::Filled, source::Board, source::Panel},
    demo,
    support::now,
};
use pointsman::app::demo::scenario::Scenario;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Simulated seconds in one: a rollout takes some 15 s, and its phases last long enough for a scrape a second to see them.
const SPEED: &str = "240";
/// Prometheus scrapes once a second, so a rate looks back over four.
const RATE_INTERVAL: u64 = 4;
/// What a viewer has on the screen.
const RANGE: u64 = 90;
/// So long the scenarios run before the table is written anew.
const LOOK: Duration = Duration::from_secs(80);
/// By then the scenario of the table has to have proved its panels.
const DEADLINE: Duration = Duration::from_secs(110);

/// Panels that no scenario can fill, and why. The list only shrinks.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("pool-update/kubelet", "read from the daemons' own endpoints, of which the demo has none"),
    ("pointsman/lease", "held in a cluster, of which the demo has none"),
    ("pointsman/certificate", "there with TLS, which a demo on loopback has not"),
    ("node-update/packages", "read from the daemons' own endpoints, of which the demo has none"),
];

/// A demo with the Prometheus servers that scrape it.
struct Stage {
    scenario: Scenario,
    began: u64,
    servers: [Prometheus; 2],
    _demo: demo::Running,
}

impl Stage {
    fn open(scenario: Scenario, jaeger: &Jaeger) -> Self {
        let traces = format!("--traces-to=http://{}", jaeger.otlp);
        let (demo, target, told) = demo::start(&["--scenario", scenario.as_str(), "--speed", SPEED, &traces]);
        // The story has to go somewhere, or the demo would wait for a reader.
        thread::spawn(move || told.for_each(drop));
        let job = || Job { format: scenario.as_str(), target, honor_labels: true, settings: String::new() };
        let servers = ["prometheus3", "prometheus2"]
            .map(|program| Prometheus::start(program, &[job()], &["--enable-feature=exemplar-storage"]));
        Self { scenario, began: secs(), servers, _demo: demo }
    }

    /// Whether this server answers each query of the panel with a value, in series that have the labels it shows.
    fn proves(&self, server: &Prometheus, panel: &Panel) -> bool {
        let filled = Filled { rate_interval: RATE_INTERVAL, range: RANGE };
        let answers = |(_, query): (char, &boards::source::Query)| {
            let series = server.query_range(&filled.fill(&query.expr), self.began, secs());
            let labels = panel.shown_by(query);
            series.iter().any(|series| has_value(series) && labels.iter().all(|label| series["metric"][label].is_string()))
        };
        panel.lettered().all(answers)
    }
}

#[expect(clippy::disallowed_methods, reason = "Prometheus tells time by the wall")]
fn secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs()
}

/// NaN is what a quantile of nothing is, and no value.
fn has_value(series: &Value) -> bool {
    let values = series["values"].as_array().into_iter().flatten();
    values.filter_map(|pair| pair[1].as_str()?.parse::<f64>().ok()).any(f64::is_finite)
}

/// What the table says: each panel, by dashboard and id, and the scenario that proves it, or nothing.
type Table = BTreeMap<String, Option<Scenario>>;

const BEGIN: &str = "<!-- panels -->";
const END: &str = "<!-- /panels -->";

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/README.md")
}

/// The README up to the table, the table, and what follows.
fn parts() -> (String, String, String) {
    let text = fs::read_to_string(readme()).expect("it reads");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (table, after) = rest.split_once(END).expect("the table ends");
    (before.to_owned(), table.to_owned(), after.to_owned())
}

fn key(board: &Board, panel: &Panel) -> String {
    format!("{}/{}", board.name, panel.id)
}

fn exception(key: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(panel, _)| *panel == key).map(|(_, reason)| *reason)
}

/// The table as it is written.
fn write(boards: &[Board], table: &Table) -> String {
    let mut text = String::from("\n| dashboard | panel | question | proved by |\n| --- | --- | --- | --- |\n");
    for board in boards {
        for (_, panel) in board.panels() {
            let key = key(board, panel);
            let proof = table.get(&key).copied().flatten().map_or_else(
                || exception(&key).map_or_else(|| "nothing yet".to_owned(), |reason| format!("none: {reason}")),
                |scenario| format!("`{scenario}`"),
            );
            text.push_str(&format!("| `{}` | `{}` | {} | {proof} |\n", board.name, panel.id, panel.title));
        }
    }
    text
}

/// What a written table says.
fn read(text: &str) -> Table {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, board, panel, _, proof, _] = cells.as_slice() else { return None };
        Some((format!("{board}/{panel}"), proof.parse().ok()))
    };
    text.lines().filter_map(row).filter(|(key, _)| key != "dashboard/panel" && !key.starts_with("---")).collect()
}

/// Scenario: demos run side by side, each scraped every second by a Prometheus 3 and a 2.42. Guarantees: each query of each panel
/// returns a value on both, in the scenario that the table in the README names, with every label that the panel shows; the
/// table has each panel once; panels without proof are those that are excepted, for a reason, and those prove nothing indeed.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn every_panel_shows_data() {
    let boards = boards::all();
    let (before, written, after) = parts();
    let claimed = read(&written);
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let jaeger = Jaeger::start();
    let wanted = |scenario: &Scenario| update || claimed.values().any(|claim| *claim == Some(*scenario));
    let stages: Vec<Stage> = Scenario::ALL.into_iter().filter(wanted).map(|scenario| Stage::open(scenario, &jaeger)).collect();
    assert!(!stages.is_empty(), "the table names no scenario: run it with UPDATE_EXPECT=1");
    let panels: Vec<(String, &Panel)> =
        boards.iter().flat_map(|board| board.panels().map(|(_, panel)| (key(board, panel), panel))).collect();
    let table: Table = if update { survey(&stages, &panels) } else { confirm(&stages, &panels, &claimed) };
    let text = write(&boards, &table);
    if update {
        fs::write(readme(), format!("{before}{BEGIN}{text}{END}{after}")).expect("it is written");
    } else {
        assert_eq!(text, written, "the table in dashboards/README.md is stale: run this with UPDATE_EXPECT=1");
    }
    let bare: BTreeSet<&str> = table.iter().filter(|(_, proof)| proof.is_none()).map(|(key, _)| key.as_str()).collect();
    let excepted: BTreeSet<&str> = EXCEPTIONS.iter().map(|(key, _)| *key).collect();
    assert_eq!(bare, excepted, "panels without data, and those that may have none");
}

/// The first scenario that proves each panel, once all have run for a while.
fn survey(stages: &[Stage], panels: &[(String, &Panel)]) -> Table {
    thread::sleep(LOOK);
    let by = |panel: &Panel| {
        stages.iter().find(|stage| stage.servers.iter().all(|server| stage.proves(server, panel))).map(|stage| stage.scenario)
    };
    panels.iter().map(|(key, panel)| (key.clone(), by(panel))).collect()
}

/// What of the claims became true in time.
fn confirm(stages: &[Stage], panels: &[(String, &Panel)], claimed: &Table) -> Table {
    let deadline = now() + DEADLINE;
    let mut table: Table = panels.iter().map(|(key, _)| (key.clone(), None)).collect();
    loop {
        for (key, panel) in panels {
            let claim = claimed.get(key).copied().flatten();
            let Some(stage) = stages.iter().find(|stage| Some(stage.scenario) == claim) else { continue };
            if table[key].is_none() && stage.servers.iter().all(|server| stage.proves(server, panel)) {
                table.insert(key.clone(), claim);
            }
        }
        let open = table.iter().filter(|(key, proof)| proof.is_none() && claimed.get(*key).is_some_and(Option::is_some)).count();
        if open == 0 || now() > deadline {
            break;
        }
        thread::sleep(Duration::from_secs(2));
    }
    // What is excepted must be empty everywhere, or it is none.
    for (key, panel) in panels.iter().filter(|(key, _)| exception(key).is_some()) {
        let filled = stages.iter().find(|stage| stage.servers.iter().any(|server| stage.proves(server, panel)));
        table.insert(key.clone(), filled.map(|stage| stage.scenario));
    }
    table
}

/// Files of one kind in a folder of the repository.
fn rendered(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder is there");
    entries.map(|entry| entry.expect("it lists").path()).collect()
}

/// What a judge says of files, and whether it is content.
fn judged(command: &mut Command, files: &[PathBuf]) -> (bool, String) {
    let output = command.args(files).output().expect("the judge runs");
    let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), words)
}

/// Scenario: the rendered dashboards, and one with a key that nobody knows and one with a wrong type. Guarantees: Grafana's and
/// Perses' published types take the rendered ones and lose no key of them; they refuse the others.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn published_types_read_what_is_rendered() {
    let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/grafana/schema.py");
    let grafana = |files: &[PathBuf]| judged(Command::new(tool("python")).arg(&types), files);
    let perses = |files: &[PathBuf]| judged(&mut Command::new(tool("perses")), files);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let spoilt = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the folder is ours");
        vec![path]
    };
    let (files, read) = (rendered("dashboards/grafana"), boards::all().len());
    let (fine, words) = grafana(&files);
    assert!(fine && words.contains(&format!("read: {read}, faults: 0")), "{words}");
    let text = fs::read_to_string(&files[0]).expect("it reads");
    assert!(!grafana(&spoilt("key.json", text.replacen("\"fieldConfig\"", "\"fieldSettings\"", 1))).0);
    assert!(!grafana(&spoilt("unit.json", text.replacen("\"unit\": \"s\"", "\"unit\": \"fortnights\"", 1))).0);
    assert!(!grafana(&spoilt("type.json", text.replacen("\"timeseries\"", "\"line-chart\"", 1))).0);
    let files = rendered("dashboards/perses");
    let (fine, words) = perses(&files);
    assert!(fine && words.contains(&format!("read: {read}, faults: 0")), "{words}");
    let text = fs::read_to_string(&files[0]).expect("it reads");
    assert!(!perses(&spoilt("key.yaml", text.replacen("duration:", "period:", 1))).0);
    assert!(!perses(&spoilt("kind.yaml", text.replacen("kind: Grid", "kind: Table", 1))).0);
}
