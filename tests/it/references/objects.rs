//! `crds.md`, from the schemas in `deploy/crds`: every field that a user writes or reads.
//! Knows no kind by name.

use super::{cell, code, read, root};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write as _, fs};

/// The type of a field, as one would say it.
fn kind(schema: &Value) -> String {
    let word = schema["type"].as_str().unwrap_or("any");
    match word {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => format!("map of {}", kind(&schema["additionalProperties"])),
        _ => schema["format"].as_str().map_or_else(|| word.to_owned(), |format| format!("{word} ({format})")),
    }
}

/// What bounds the values of a field, and of its items.
fn bounds(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        found.push(words.iter().map(|word| code(word.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", "));
    }
    for (key, words) in [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters, at least"),
        ("maxLength", "characters, at most"),
        ("minItems", "items, at least"),
        ("maxItems", "items, at most"),
        ("minProperties", "entries, at least"),
        ("maxProperties", "entries, at most"),
    ] {
        if let Some(bound) = schema.get(key) {
            found.push(format!("{words} {bound}"));
        }
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        found.push(format!("matches {}", code(pattern)));
    }
    if schema["items"].is_object() && !schema["items"]["properties"].is_object() {
        found.extend(bounds(&schema["items"]).into_iter().map(|bound| format!("each: {bound}")));
    }
    found
}

/// One row for each field below, and what the rules of the schema say.
fn rows(schema: &Value, path: &str, page: &mut String) {
    let required: BTreeSet<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let text = field["description"].as_str().unwrap_or_default();
        let default = field.get("default").map(|default| default.as_str().map_or_else(|| default.to_string(), str::to_owned));
        let needed = if required.contains(name.as_str()) { "required" } else { "" };
        let default = default.map_or_else(|| needed.to_owned(), |default| code(&default));
        let row = [code(&at), cell(&kind(field)), default, bounds(field).join("; "), cell(text)];
        writeln!(page, "| {} |", row.join(" | ")).expect("a string takes everything");
        rows(field, &at, page);
        rows(&field["items"], &format!("{at}[]"), page);
        rows(&field["additionalProperties"], &format!("{at}.*"), page);
    }
}

/// Every kind with its fields.
pub(super) fn page() -> String {
    let mut page = "# The custom resources\n\n\
        Every field of every kind: its type, its default or that it is required, what bounds it, and what it means. `[]` stands for\n\
        each item of a list, `.*` for each entry of a map. `kubectl explain` says the same.\n"
        .to_owned();
    let files = fs::read_dir(root().join("deploy/crds")).expect("it lists");
    let mut files: Vec<_> = files.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for definition in files.iter().flat_map(|file| read(file)) {
        let spec = &definition["spec"];
        let names = &spec["names"];
        let word = |at: &Value| at.as_str().unwrap_or_default().to_owned();
        let short: Vec<_> = names["shortNames"].as_array().into_iter().flatten().map(|name| code(&word(name))).collect();
        writeln!(page, "\n## {}\n", word(&names["kind"])).expect("a string takes everything");
        for version in spec["versions"].as_array().into_iter().flatten() {
            let schema = &version["schema"]["openAPIV3Schema"];
            let scope = word(&spec["scope"]).to_lowercase();
            let text = cell(&word(&schema["description"]));
            let api = format!("{}/{}", word(&spec["group"]), word(&version["name"]));
            writeln!(page, "`{api}`, {scope}; short: {}. {text}\n", short.join(", ")).expect("a string takes everything");
            page.push_str("| field | type | default | bounds | what |\n| --- | --- | --- | --- | --- |\n");
            rows(schema, "", &mut page);
        }
    }
    page
}
