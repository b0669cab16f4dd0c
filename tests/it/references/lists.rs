//! `errors.md` and `alerts.md`, from the table of codes and the files of alerts.
//! Knows no code and no alert by name.

use super::{cell, code, read, root};
use pointsman_core::fault::code::TABLE;
use serde_json::Value;
use std::{fmt::Write as _, fs};

/// Every code with its severity, its words and what mends it, and a link to its page.
pub(super) fn errors() -> String {
    let mut page = "# Errors\n\n\
        Every code that `pointsman` says, in views, configuration and status; `{}` stands for what was found. A code leads to its page,\n\
        with a wrong and a right example; `pointsman explain PM0104` prints the same.\n\n\
        | code | severity | what it says | fix |\n| --- | --- | --- | --- |\n"
        .to_owned();
    for entry in &TABLE {
        let name = format!("PM{:04}", entry.number);
        let (words, fix) = (cell(entry.template), cell(entry.fix));
        let severity = entry.severity.word();
        writeln!(page, "| [{name}](../errors/{name}.md) | {severity} | {words} | {fix} |").expect("a string takes everything");
    }
    page
}

/// Every alert, by file and group, with a link to its runbook where it has one.
pub(super) fn alerts() -> String {
    let mut page = "# Alerts\n\n\
        Every alert that is shipped: how bad it is, how long it has to hold, on what it fires. A name leads to its runbook. How they\n\
        are loaded is in [dashboards/alerts](../../../dashboards/alerts/README.md).\n"
        .to_owned();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for file in ["pointsman.yaml", "mco.yaml", "mco-legacy.rules.yaml"] {
        writeln!(page, "\n## {file}\n").expect("a string takes everything");
        page.push_str("| alert | severity | for | what | expression |\n| --- | --- | --- | --- | --- |\n");
        let groups = read(&root().join("dashboards/alerts").join(file));
        let groups = groups.iter().flat_map(|file| file["groups"].as_array().into_iter().flatten());
        for rule in groups.flat_map(|group| group["rules"].as_array().into_iter().flatten()) {
            let name = word(&rule["alert"]);
            if name.is_empty() {
                continue;
            }
            let runbook = format!("dashboards/runbooks/{name}.md");
            let has_one = fs::exists(root().join(&runbook)).expect("the folder can be asked");
            let linked = if has_one { format!("[{name}](../../../{runbook})") } else { name };
            let pending = rule["for"].as_str().unwrap_or("at once");
            let expression = word(&rule["expr"]).split_whitespace().collect::<Vec<_>>().join(" ");
            let row = [
                linked,
                word(&rule["labels"]["severity"]),
                pending.to_owned(),
                cell(&word(&rule["annotations"]["summary"])),
                code(&expression),
            ];
            writeln!(page, "| {} |", row.join(" | ")).expect("a string takes everything");
        }
    }
    page
}
