use super::all;
use pointsman_core::fault::code::TABLE;
use serde_json::Value;
use std::{fs, path::Path};

const HEAD: &str = "# DO NOT EDIT: generated from src/views/crd by UPDATE_EXPECT=1 cargo test --lib crd\n";

/// Calls `see` with every schema of a definition and the path that leads to it.
fn schemas(value: &Value, path: &str, see: &mut dyn FnMut(&str, &Value)) {
    see(path, value);
    let properties = value["properties"].as_object().into_iter().flatten();
    properties.for_each(|(name, schema)| schemas(schema, &format!("{path}.{name}"), see));
    for (part, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
        if value[part].is_object() {
            schemas(&value[part], &format!("{path}{mark}"), see);
        }
    }
}

fn every_schema(see: &mut dyn FnMut(&str, &Value)) {
    for (file, definition) in all() {
        schemas(&definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], file, see);
    }
}

/// Scenario: the schemas of the source beside the files that users apply. Guarantees: they are the same.
#[test]
fn the_definitions_in_deploy_are_those_of_the_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crds");
    let mut stale = Vec::new();
    for (file, definition) in all() {
        let path = folder.join(format!("{file}.yaml"));
        let text = format!("{HEAD}{}", serde_saphyr::to_string(&definition).expect("a definition is YAML"));
        let back: Value = serde_saphyr::from_str(&text).expect("the text is YAML");
        assert_eq!(back, definition, "{file}: the YAML does not say what the definition does");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(&folder).expect("the folder can be made");
            fs::write(&path, &text).expect("the file can be written");
        }
        if fs::read_to_string(&path).ok().as_deref() != Some(&*text) {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "stale, run UPDATE_EXPECT=1 cargo test --lib crd: {stale:?}");
}

/// Scenario: `kubectl explain` of any field. Guarantees: it has a sentence to show, and nobody finds a `null` to write.
#[test]
fn every_field_is_described() {
    let mut silent = Vec::new();
    every_schema(&mut |path, schema| {
        let last = path.rsplit('.').next().unwrap_or_default();
        let own = !path.ends_with("[]") && last != "*" && !["metadata", "apiVersion", "kind"].contains(&last);
        let text = schema["description"].as_str().unwrap_or_default();
        if own && !(text.ends_with('.') || text.ends_with('`') || text.contains("Example: ")) {
            silent.push(format!("{path}: {text:?}"));
        }
        assert!(schema.get("nullable").is_none(), "{path} is nullable");
    });
    assert!(silent.is_empty(), "without a sentence:\n{}", silent.join("\n"));
}

/// Scenario: an object as large as the schema allows. Guarantees: every list, map and text has an end.
#[test]
fn everything_is_bounded() {
    let mut open = Vec::new();
    every_schema(&mut |path, schema| {
        let last = path.rsplit('.').next().unwrap_or_default();
        if ["metadata", "apiVersion", "kind"].contains(&last) && path.matches('.').count() == 1 {
            return;
        }
        let bound = match schema["type"].as_str() {
            Some("array") => schema.get("maxItems"),
            Some("string") => schema.get("maxLength").or(schema.get("enum")).or(schema.get("format")),
            Some("object") if schema.get("additionalProperties").is_some() => schema.get("maxProperties"),
            _ => return,
        };
        if bound.is_none() {
            open.push(path.to_owned());
        }
    });
    assert!(open.is_empty(), "without a bound: {open:?}");
}

/// Scenario: every rule that a server evaluates. Guarantees: what it says begins with a code of ours and has the code's
/// cause and fix, so that the server, `check` and the conditions speak alike.
#[test]
fn every_rule_speaks_with_a_code() {
    let mut rules = 0;
    every_schema(&mut |path, schema| {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            rules += 1;
            let text = rule["message"].as_str().or(rule["messageExpression"].as_str()).expect("a rule says something");
            let text = text.trim_start_matches('\'');
            let entry = TABLE.iter().find(|entry| text.starts_with(&format!("{}: ", entry.code.id())));
            let entry = entry.unwrap_or_else(|| panic!("{path}: no code of ours: {text}"));
            let mut rest = text;
            for part in entry.template.split("{}").chain([entry.fix]) {
                let at = rest.find(part).unwrap_or_else(|| panic!("{path}: no {part:?} in {text}"));
                rest = rest.get(at + part.len()..).expect("a part that was found");
            }
        }
    });
    assert!(rules >= 20, "only {rules} rules were seen");
}
