//! The table of requests to the read side and their answers, `tests/data/access/rows.tsv`: its form, and what it leaves out.
//! It is played in `real/access_rows.rs`; here are its reader, and where it differs from kube-rbac-proxy
//! (`UPDATE_EXPECT=1 cargo test --test it access::rows` writes that list). Sends nothing.

use expect_test::expect_file;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The columns, as the head of the file names them.
const COLUMNS: [&str; 15] =
    ["id", "cfg", "group", "api", "how", "method", "path", "who", "headers", "status", "refused", "asked", "krp", "mark", "note"];
/// What is not a request but a look at the process, by its method.
pub(crate) const LOOKS: [&str; 5] = ["START", "ALPN", "TLS", "PAIR", "LOGS"];
/// As the metric calls them.
pub(crate) const REFUSALS: [&str; 6] = ["not_found", "unauthenticated", "method", "bad_request", "forbidden", "unavailable"];

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// `krp_09`, `krp_09b` for more of its kind, or a name.
    pub(crate) id: String,
    /// The configuration.
    pub(crate) cfg: String,
    /// The process: rows of one group meet the same one, in their order.
    pub(crate) group: String,
    /// How the API server is, and the seconds that go by before the request.
    pub(crate) api: String,
    pub(crate) secs: u64,
    /// `h1` and `h2` inside of TLS, `p1` and `p2` in plain text.
    pub(crate) how: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// A token, `cert:` and a certificate, or both with a `+` between them.
    pub(crate) who: String,
    pub(crate) headers: Vec<String>,
    /// A status; `503/9` is one with the seconds of `Retry-After`.
    pub(crate) status: String,
    /// Why, as the metric calls it; `-` = it was let through.
    pub(crate) refused: String,
    /// What became of questions about tokens and rights.
    pub(crate) asked: BTreeMap<(char, char), u64>,
    /// What kube-rbac-proxy says; `-` = not known.
    pub(crate) krp: String,
    pub(crate) mark: String,
    pub(crate) note: String,
}

impl Row {
    /// The status, and the seconds of `Retry-After` where they count.
    pub(crate) fn answer(&self) -> (&str, Option<&str>) {
        match self.status.split_once('/') {
            Some((status, secs)) if status.parse::<u16>().is_ok() => (status, Some(secs)),
            _ => (&self.status, None),
        }
    }
}

/// The folder of the table and its files of rules.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/access")
}

/// Every row, in the order of the file.
pub(crate) fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(folder().join("rows.tsv")).expect("the table is there");
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    assert_eq!(head, COLUMNS);
    lines.map(|(at, line)| row(line).unwrap_or_else(|why| panic!("rows.tsv:{}: {why}: {line}", at + 1))).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
    let [id, cfg, group, api, how, method, path, who, headers, status, refused, asked, krp, mark, note] =
        <[String; COLUMNS.len()]>::try_from(cells).map_err(|cells| format!("{} columns", cells.len()))?;
    let (api, secs) = match api.split_once('+') {
        Some((api, secs)) => (api.to_owned(), secs.parse().map_err(|_| "the seconds are no number")?),
        None => (api, 0),
    };
    let headers = if headers == "-" { Vec::new() } else { headers.split(" | ").map(str::to_owned).collect() };
    let is_look = LOOKS.contains(&method.as_str());
    if !is_look && refused != "-" && !REFUSALS.contains(&refused.as_str()) {
        return Err(format!("no refusal `{refused}`"));
    }
    if !["-", "d", "D"].contains(&mark.as_str()) {
        return Err(format!("no mark `{mark}`"));
    }
    let asked = questions(&asked)?;
    Ok(Row { id, cfg, group, api, secs, how, method, path, who, headers, status, refused, asked, krp, mark, note })
}

/// `t+ r=2`: a token that the API server was asked about, two rights that were known.
fn questions(text: &str) -> Result<BTreeMap<(char, char), u64>, String> {
    let mut asked = BTreeMap::new();
    for word in text.split(' ').filter(|word| *word != "-") {
        let mut chars = word.chars();
        let (what, outcome) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
        let times = if chars.as_str().is_empty() { Ok(1) } else { chars.as_str().parse() };
        match times {
            Ok(times) if "tr".contains(what) && "+=~!>".contains(outcome) => asked.insert((what, outcome), times),
            _ => return Err(format!("no question `{word}`")),
        };
    }
    Ok(asked)
}

/// The number in `krp_NN` and `krp_NNx`.
fn number(id: &str) -> Option<usize> {
    id.strip_prefix("krp_")?.get(..2)?.parse().ok()
}

/// Scenario: the table as it lies there.
/// Guarantees: each of the 48 rows is there and at least 150 in all; ids are met once, rows of a group have one configuration;
/// a known answer of kube-rbac-proxy that is another one than ours is marked as a deviation, and each deviation says why.
#[test]
fn krp_01_to_48_the_table_is_whole() {
    let all = rows();
    assert!(all.len() >= 150, "{} rows", all.len());
    let ids: BTreeSet<&str> = all.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "an id is there twice");
    let missing: Vec<usize> = (1..=48).filter(|n| !ids.contains(format!("krp_{n:02}").as_str())).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let mut configurations: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &all {
        let cfg = configurations.entry(&row.group).or_insert(&row.cfg);
        assert!(*cfg == row.cfg || row.method == "START", "{}: the group {} has two configurations", row.id, row.group);
        let differs = row.krp != "-" && row.krp != row.answer().0;
        assert!(!differs || row.mark == "D", "{}: kube-rbac-proxy says {}, and that is not marked", row.id, row.krp);
        assert!(row.mark != "D" || row.note.len() > 1, "{}: why it deviates is not said", row.id);
        assert!(!row.id.starts_with("krp") || number(&row.id).is_some_and(|n| (1..=48).contains(&n)), "{}", row.id);
    }
}

/// Scenario: the rows that are marked as deviations.
/// Guarantees: the list that users read is made of them.
#[test]
fn krp_deviations_are_listed() {
    let mut text = "<!-- DO NOT EDIT: made from rows.tsv by tests/it/access/rows.rs \
                    (UPDATE_EXPECT=1 cargo test --test it access::rows). -->\n\
                    # Where pointsman answers otherwise than kube-rbac-proxy\n\n\
                    Each line is a row of `rows.tsv` that is played against a real API server. `-` = the answer of kube-rbac-proxy is\n\
                    not a status, or not known.\n\n\
                    | row | request | credentials | kube-rbac-proxy | pointsman | why |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let cell = |text: &str| text.replace('|', "\\|");
    for row in rows().iter().filter(|row| row.mark == "D") {
        let Row { id, cfg, method, path, who, krp, status, note, .. } = row;
        let (path, note) = (cell(path), cell(note));
        text.push_str(&format!("| {id} | {cfg}: {method} `{path}` | {who} | {krp} | {status} | {note} |\n"));
    }
    expect_file![folder().join("DEVIATIONS.md")].assert_eq(&text);
}
