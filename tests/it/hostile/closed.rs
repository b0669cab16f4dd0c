//! Doors that are not there: no field of a view takes an address, no setting takes a secret, no code compares one, no crash
//! writes memory to disk. Reads schemas, sources and settings; starts a process only to look at its limits.

use super::threats::{root, sources};
use crate::support::{Pointsman, run};
use pointsman::{config::KEYS, views::crd};
use serde_json::Value;
use std::{collections::BTreeMap, fs};
use syn::{
    BinOp, ExprBinary, ExprMethodCall, Ident,
    visit::{self, Visit},
};

/// Calls `see` with the path and the schema of every field.
fn fields(schema: &Value, path: &str, see: &mut dyn FnMut(&str, &Value)) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        see(&path, field);
        fields(field, &path, see);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            see(path, &schema[part]);
            fields(&schema[part], path, see);
        }
    }
}

/// Fields of a spec whose text is free, not one of a few words: what each is for. Nothing else may be written freely.
const FREE: [(&str, &str); 20] = [
    ("reason", "shown to people"),
    ("expiry.after", "a duration, by its pattern"),
    ("expiry.at", "a time, by its format"),
    ("targets.serviceName", "a glob of service.name"),
    ("targets.workloadRef.group", "a group of kinds"),
    ("targets.workloadRef.name", "the name of an object of the same namespace"),
    ("namespaceSelector.matchNames", "a glob of names of namespaces"),
    ("namespaceSelector.matchLabels", "labels of namespaces"),
    ("metrics.name", "the rule's name"),
    ("metrics.match.instruments", "globs of names"),
    ("metrics.match.scopes", "globs of names"),
    ("metrics.attributes.keep", "names of attributes"),
    ("metrics.attributes.drop", "names of attributes"),
    ("metrics.buckets.explicit", "numbers, by their pattern"),
    ("metrics.rename.to", "an instrument's name"),
    ("metrics.interval", "a duration, by its pattern"),
    ("traces.name", "the rule's name"),
    ("traces.sample", "a share, by its pattern"),
    ("traces.keep.slowerThan", "a duration, by its pattern"),
    ("traces.match", "globs of names of spans and scopes"),
];
/// What a field that leads elsewhere, or to a secret, would be called.
const DOORS: [&str; 22] = [
    "url",
    "uri",
    "endpoint",
    "address",
    "host",
    "port",
    "proxy",
    "server",
    "webhook",
    "secret",
    "token",
    "password",
    "credential",
    "auth",
    "header",
    "cert",
    "tls",
    "key",
    "file",
    "volume",
    "configmap",
    "image",
];
/// Names that only sound like one.
const NO_DOORS: [&str; 1] = ["matchLabels"];

/// Scenario: every field of both kinds of view, whatever its depth.
/// Guarantees: a text is one of a few words, or in the list above with what it is for; none is called like an address, a Secret, a
/// certificate or a file; no object lets fields through that the schema does not know.
#[test]
fn t22_no_field_of_a_view_takes_an_address_or_a_secret() {
    let views: Vec<(&str, Value)> = crd::all().into_iter().filter(|(name, _)| name.ends_with("views")).collect();
    assert_eq!(views.len(), 2);
    let (mut faults, mut seen, mut used) = (Vec::new(), 0, BTreeMap::new());
    for (kind, definition) in &views {
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        fields(&schema["properties"]["spec"], "", &mut |path, field| {
            seen += 1;
            let path = path.trim_start_matches('.').trim_start_matches("defaults.").trim_start_matches("overrides.");
            let last = path.rsplit('.').next().unwrap_or_default();
            let is_door = DOORS.iter().any(|door| last.to_lowercase().contains(door)) && !NO_DOORS.contains(&last);
            if is_door {
                faults.push(format!("{kind}: {path} sounds like a way out"));
            }
            let is_open =
                field["x-kubernetes-preserve-unknown-fields"] == true || field["x-kubernetes-embedded-resource"] == true;
            if is_open || field["x-kubernetes-int-or-string"] == true {
                faults.push(format!("{kind}: {path} takes anything"));
            }
            if field["type"] == "string" && field["enum"].is_null() {
                match FREE.iter().find(|(free, _)| path == *free || (*free == "traces.match" && path.starts_with(free))) {
                    Some((free, _)) => *used.entry(*free).or_insert(0) += 1,
                    None => faults.push(format!("{kind}: {path} is free text: say in FREE what it is for")),
                }
            }
        });
    }
    faults.extend(FREE.iter().filter(|(free, _)| !used.contains_key(free)).map(|(free, _)| format!("there is no {free}")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen >= 60, "{seen} fields");
}

/// Scenario: the published form of a plan, which components obey.
/// Guarantees: no property of it is called like an address, a Secret, a certificate or a file.
#[test]
fn t22_no_plan_carries_an_address_or_a_secret() {
    let text = fs::read_to_string(root().join("otel/plan.schema.json")).expect("the schema of plans");
    let schema: Value = serde_json::from_str(&text).expect("it is JSON");
    let (mut names, mut left) = (Vec::new(), vec![&schema]);
    while let Some(value) = left.pop() {
        names.extend(value["properties"].as_object().into_iter().flatten().map(|(name, _)| name.to_lowercase()));
        left.extend(value.as_object().into_iter().flatten().map(|(_, value)| value));
        left.extend(value.as_array().into_iter().flatten());
    }
    let doors: Vec<_> = names.iter().filter(|name| DOORS.iter().any(|door| name.contains(door))).collect();
    assert!(doors.is_empty(), "{doors:?}");
    assert!(names.len() >= 20 && names.iter().any(|name| name == "instruments"), "{names:?}");
}

/// Parts of names of what must not be known by how long a comparison takes.
const SECRETS: [&str; 6] = ["secret", "password", "passwd", "bearer", "credential", "token"];

/// A source whose tokens are parts of a name.
const NO_SECRETS: &str = "src/core/expose/names.rs";

/// Comparisons of something that is called like a secret, with where they stand.
struct Comparisons {
    found: Vec<String>,
}

/// Every name within an expression.
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.0.push(ident.to_string().to_lowercase());
    }
}

impl Comparisons {
    fn of(source: &str) -> Vec<String> {
        let file = syn::parse_file(source).expect("a source of Rust");
        let mut all = Self { found: Vec::new() };
        all.visit_file(&file);
        all.found
    }

    fn look(&mut self, visit: impl FnOnce(&mut Names)) {
        let mut names = Names(Vec::new());
        visit(&mut names);
        let is_measured = names.0.iter().any(|name| ["len", "is_some", "is_none", "is_empty", "kind"].contains(&name.as_str()));
        if !is_measured {
            let names = names.0.into_iter().filter(|name| !name.ends_with("_file"));
            self.found.extend(names.filter(|name| SECRETS.iter().any(|secret| name.contains(secret))));
        }
    }
}

impl<'ast> Visit<'ast> for Comparisons {
    fn visit_expr_binary(&mut self, expr: &'ast ExprBinary) {
        if matches!(expr.op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Gt(_)) {
            self.look(|names| names.visit_expr_binary(expr));
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_method_call(&mut self, expr: &'ast ExprMethodCall) {
        if ["eq", "ne", "cmp", "starts_with", "eq_ignore_ascii_case"].contains(&expr.method.to_string().as_str()) {
            self.look(|names| names.visit_expr_method_call(expr));
        }
        visit::visit_expr_method_call(self, expr);
    }
}

/// Scenario: every comparison in every source, and samples of both kinds.
/// Guarantees: nothing that is called like a secret is compared: who has one asks the API server, or TLS, whether it is right.
#[test]
fn t25_no_code_compares_a_secret() {
    let mut faults = Vec::new();
    let all: Vec<_> = sources(&root().join("src"))
        .into_iter()
        .filter(|(path, _)| !path.ends_with("tests.rs") && !path.ends_with(NO_SECRETS))
        .collect();
    for (path, text) in &all {
        faults.extend(Comparisons::of(text).into_iter().map(|name| format!("{}: compares {name}", path.display())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(all.len() > 200, "{} sources", all.len());
    for bad in
        ["given == token", "TOKEN != *x", "a.password.eq(&b)", "bearer.as_bytes() == b\"x\"", "x.starts_with(&self.secret)"]
    {
        assert_eq!(Comparisons::of(&format!("fn f() {{ if {bad} {{}} }}")).len(), 1, "{bad}");
    }
    for good in ["a == b", "token.len() > 9", "token.is_empty() == x", "f(token)"] {
        assert_eq!(Comparisons::of(&format!("fn f() {{ if {good} {{}} }}")), Vec::<String>::new(), "{good}");
    }
}

/// Scenario: every setting of a server, and the flags by which others take a secret as text.
/// Guarantees: what is a secret is read from a file that can be replaced, never said on the command line or in the environment.
#[test]
fn t25_no_setting_is_a_secret() {
    for key in KEYS {
        let sounds = SECRETS.iter().chain(&["key", "auth"]).any(|secret| key.contains(secret));
        // Whom a token must be for is no secret.
        assert!(!sounds || key.ends_with("-file") || key.ends_with("-audiences"), "--{key} takes a secret as text");
    }
    let flags = [
        "--token",
        "--bearer-token",
        "--auth-token",
        "--static-token",
        "--token-auth-file",
        "--password",
        "--basic-auth-file",
        "--api-key",
        "--secret",
        "--tls-private-key",
        "--shared-secret",
        "--htpasswd",
    ];
    for verb in ["serve", "get"] {
        for flag in flags {
            let words: Vec<&str> =
                [verb, "components", flag, "hunter2"].into_iter().filter(|word| verb == "get" || *word != "components").collect();
            let (code, _, stderr) = run(&words, &[]);
            assert!(code == 2 && stderr.contains(flag), "{verb} {flag}: {code} {stderr}");
        }
    }
}

/// Scenario: a shell that allows core files of any size starts a server.
/// Guarantees: the process may write none, and cannot allow itself one again.
#[test]
fn t24_no_core_is_ever_written() {
    let server = Pointsman::start_within("ulimit -c unlimited", &[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("the process lives");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("there is such a limit");
    assert_eq!(line.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"], "{line}");
}
