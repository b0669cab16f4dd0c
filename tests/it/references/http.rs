//! `http-api.md`, from the routes of the API, and from the structs that it answers with: their fields, types and comments.
//! Knows by name only the handlers that are functions of their own.

use super::{cell, root};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};
use syn::{
    Attribute, Expr, Fields, GenericArgument, ImplItem, Item, Lit, LitStr, Meta, PathArguments, Type,
    visit::{self, Visit},
};

/// Where the structs of answers are.
const MODELS: [&str; 4] = ["src/web/model.rs", "src/web/model/objects.rs", "src/web/model/screens.rs", "src/web/overview.rs"];
/// What handlers answer that are functions of their own, and what may stand behind the question mark: `@` the filters of a list.
const HANDLERS: [(&str, &str, &str); 8] = [
    ("overview::front(", "Front", ""),
    ("get(fleet)", "Fleet", "@Node"),
    ("get(cost)", "Cost", "@CostOfInstrument"),
    ("get(flow)", "Flow", "@Inflow"),
    ("get(traces)", "Traces", "@Loop"),
    (
        "get(component)",
        "ComponentDetail",
        "filters of its instruments; or `metric`, and `scope`, `kind`, `keep`, `drop`: the answer is [Left](#left)",
    ),
    ("get(view)", "View", "no query; the namespace of a cluster view is `-`"),
    ("get(explained)", "list of Explanation", "`component`: of that one alone"),
];

/// A field: its name in JSON, its type, its comment.
type Field = (String, String, String);

fn file(path: &str) -> syn::File {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(text) => match &text.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<String>().trim().to_owned()
}

fn says(attributes: &[Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("serde") => list.tokens.to_string().contains(word),
        _ => false,
    })
}

/// A type in the words of JSON.
fn kind(kind: &Type) -> String {
    let Type::Path(path) = kind else { return if matches!(kind, Type::Reference(_)) { "string".into() } else { "any".into() } };
    let Some(last) = path.path.segments.last() else { return "any".into() };
    let inner: Vec<&Type> = match &last.arguments {
        PathArguments::AngleBracketed(list) => {
            list.args.iter().filter_map(|arg| if let GenericArgument::Type(inner) = arg { Some(inner) } else { None }).collect()
        }
        _ => Vec::new(),
    };
    match (last.ident.to_string().as_str(), inner.as_slice()) {
        ("Vec" | "BTreeSet", [item]) => format!("list of {}", self::kind(item)),
        ("BTreeMap", [_, entry]) => format!("map of {}", self::kind(entry)),
        ("Option" | "Box" | "Arc", [one]) => self::kind(one),
        ("String" | "str", _) => "string".into(),
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64", _) => "integer".into(),
        ("f64", _) => "number".into(),
        ("bool", _) => "boolean".into(),
        (name, _) => name.to_owned(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |whole, word| {
        let (head, tail) = word.split_at_checked(1).unwrap_or_default();
        whole + &head.to_uppercase() + tail
    })
}

/// Every struct of the answers, by its name: its comment, and its fields. A flattened one lends its fields.
fn structs() -> BTreeMap<String, (String, Vec<Field>)> {
    let (mut found, mut flattened) = (BTreeMap::new(), Vec::new());
    for item in MODELS.into_iter().flat_map(|path| file(path).items) {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(named) = item.fields else { continue };
        let mut fields = Vec::new();
        for field in named.named {
            let name = field.ident.map(|name| name.to_string()).unwrap_or_default();
            if says(&field.attrs, "flatten") {
                flattened.push((item.ident.to_string(), kind(&field.ty)));
            } else if !says(&field.attrs, "skip ") {
                let name = if says(&item.attrs, "camelCase") { camel(&name) } else { name };
                fields.push((name, kind(&field.ty), comment(&field.attrs)));
            }
        }
        found.insert(item.ident.to_string(), (comment(&item.attrs), fields));
    }
    for (outer, inner) in flattened {
        let lent = found.get(&inner).map(|(_, fields): &(String, Vec<Field>)| fields.clone()).unwrap_or_default();
        if let Some((_, fields)) = found.get_mut(&outer) {
            fields.splice(0..0, lent);
        }
    }
    found
}

/// What each closure of `Sources` gives, as in (`components`, `list of Component`).
fn sources() -> BTreeMap<String, String> {
    let items = file("src/web.rs").items.into_iter();
    let sources = items.filter_map(|item| if let Item::Struct(item) = item { Some(item) } else { None });
    let fields = sources.filter(|item| item.ident == "Sources").flat_map(|item| item.fields);
    let given = fields.filter_map(|field| {
        let Type::Path(path) = &field.ty else { return None };
        let PathArguments::AngleBracketed(list) = &path.path.segments.last()?.arguments else { return None };
        let Some(GenericArgument::Type(inner)) = list.args.first() else { return None };
        Some((field.ident?.to_string(), kind(inner)))
    });
    given.collect()
}

struct Words(Vec<String>);

impl<'ast> Visit<'ast> for Words {
    fn visit_lit_str(&mut self, word: &'ast LitStr) {
        self.0.push(format!("`{}`", word.value()));
        visit::visit_lit_str(self, word);
    }
}

/// By the name of an item: the words that `state` and `sort` take.
fn filters() -> BTreeMap<String, Vec<(String, String)>> {
    let mut found = BTreeMap::new();
    for item in ["src/web/lists.rs", "src/web/select.rs"].into_iter().flat_map(|path| file(path).items) {
        let Item::Impl(listed) = item else { continue };
        let of = kind(&listed.self_ty);
        for constant in listed.items {
            let ImplItem::Const(constant) = constant else { continue };
            let mut words = Words(Vec::new());
            words.visit_expr(&constant.expr);
            let name = if constant.ident == "STATES" { "state" } else { "sort" };
            found.entry(of.clone()).or_insert_with(Vec::new).push((name.to_owned(), words.0.join(", ")));
        }
    }
    found
}

/// Each path with what it answers, and what may be asked of it.
fn paths() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(root().join("src/web/api.rs")).expect("it reads");
    let (sources, filters) = (sources(), filters());
    let words_of = |item: &str| {
        let words = filters.get(item).map(Vec::as_slice).unwrap_or_default().iter();
        let words = words.filter(|(_, words)| !words.is_empty()).map(|(name, words)| format!("`{name}`: {words}"));
        words.collect::<Vec<_>>().join("; ")
    };
    let mut found = Vec::new();
    for route in text.split(".route(\"").skip(1) {
        let (path, handler) = route.split_once('"').unwrap_or((route, ""));
        // Up to the end of its line: every route stands on one.
        let handler = handler.lines().next().unwrap_or_default();
        let given = handler.split_once("(s.").and_then(|(_, rest)| sources.get(rest.split_once(")()")?.0));
        let (answer, asked) = match HANDLERS.into_iter().find(|(part, _, _)| handler.contains(part)) {
            Some((_, answer, asked)) => (answer.to_owned(), asked.strip_prefix('@').map_or_else(|| asked.to_owned(), words_of)),
            None => {
                let answer = given.unwrap_or_else(|| panic!("{path}: name in HANDLERS what it answers")).clone();
                let item = answer.strip_prefix("list of ").unwrap_or_default();
                let words = words_of(item);
                (answer, words)
            }
        };
        found.push((path.to_owned(), answer, asked));
    }
    assert!(found.len() >= 12, "the routes are found: {found:?}");
    found
}

/// The structs that some answer has within.
fn reached(structs: &BTreeMap<String, (String, Vec<Field>)>) -> BTreeSet<String> {
    let last = |kind: &str| kind.rsplit(' ').next().unwrap_or_default().to_owned();
    let mut todo: Vec<String> = paths().iter().map(|(_, answer, _)| last(answer)).chain(["Left".to_owned()]).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = todo.pop() {
        let Some((_, fields)) = structs.get(&name) else { continue };
        if found.insert(name) {
            todo.extend(fields.iter().map(|(_, kind, _)| last(kind)));
        }
    }
    found
}

/// The paths, then what they answer.
pub(super) fn page() -> String {
    let structs = structs();
    let linked = |kind: &str| {
        let (before, name) = kind.rsplit_once(' ').map_or(("", kind), |(before, name)| (before, name));
        let link = if structs.contains_key(name) { format!("[{name}](#{})", name.to_lowercase()) } else { name.to_owned() };
        format!("{before} {link}").trim().to_owned()
    };
    let mut page = "# The JSON API\n\n\
        What programs ask for at `--listen`, with `GET`. Each answer is one document: `version` (1), `at` (when, RFC 3339), `item` or\n\
        `items`, and `truncated`: whether there is more than is listed. Fields are only ever added; those that would be empty may be\n\
        left out. Lists take `component`, `state`, `q` (a part of a name), `sort` and `after` (how many to leave out at the start).\n\
        What is asked wrongly is answered with 400 and a `fault`: `code`, `message`, `fix`. An Explanation is as `pointsman explain\n\
        --output json` prints it, a Fault as `pointsman check --output json` does.\n\n\
        | path | answer | query |\n| --- | --- | --- |\n"
        .to_owned();
    for (path, answer, asked) in paths() {
        writeln!(page, "| `{path}` | {} | {asked} |", linked(&answer)).expect("a string takes everything");
    }
    let told = reached(&structs);
    for (name, (text, fields)) in structs.iter().filter(|(name, _)| told.contains(*name)) {
        writeln!(page, "\n## {name}\n\n{}\n\n| field | type | what |\n| --- | --- | --- |", cell(text))
            .expect("a string takes everything");
        for (field, kind, text) in fields {
            writeln!(page, "| `{field}` | {} | {} |", linked(kind), cell(text)).expect("a string takes everything");
        }
    }
    page
}
