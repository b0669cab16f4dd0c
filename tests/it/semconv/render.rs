//! Turns the registry into the files that are made from it, by the templates of `otel/templates`. Reads no registry
//! file itself and writes nothing: it answers texts with the paths they belong to.

use crate::semconv::registry::{AttributeType, Group, GroupType, InstrumentKind, Registry, Requirement, Role, Source};
use minijinja::{Environment, Value, context};
use pointsman_core::{
    expose::names::{NameInput, TranslationStrategy, metric_name},
    model::instrument::Kind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Every generated file: (path below the repository, text).
pub(crate) fn files(registry: &Registry, root: &Path) -> Vec<(String, String)> {
    let environment = environment(root);
    let render = |template: &str, ctx: Value| {
        let template = environment.get_template(template).expect("the template is in the folder");
        template.render(ctx).unwrap_or_else(|e| panic!("{e:#}"))
    };
    let mut out = Vec::new();
    let attributes: Vec<Value> = registry.definitions().map(|(_, a)| attribute(registry, id(a))).collect();
    let rust = render("rust/attribute.rs.j2", context! { attributes });
    out.push(("src/instrument/semconv/attribute.rs".to_owned(), rust));
    let modules: Vec<Value> = modules(registry).iter().map(|(name, groups)| module(registry, name, groups)).collect();
    for module in &modules {
        let path = format!("src/instrument/semconv/{}.rs", text(module, "name"));
        out.push((path, render("rust/module.rs.j2", context! { module })));
    }
    let schema_url = &registry.manifest.schema_url;
    let (entities, old_names) = (entities(registry), old_names(registry));
    let (title, about) = (&registry.manifest.name, &registry.manifest.description);
    let markdown = context! { modules, attributes, entities, old_names, schema_url, title, about };
    out.push(("otel/METRICS.md".to_owned(), render("markdown/METRICS.md.j2", markdown)));
    for component in components(registry) {
        let ctx = context! { component, modules, schema_url };
        out.push((format!("otel/catalog/{component}.yaml"), render("catalog/catalog.yaml.j2", ctx)));
    }
    out
}

fn environment(root: &Path) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    for name in ["rust/attribute.rs.j2", "rust/module.rs.j2", "markdown/METRICS.md.j2", "catalog/catalog.yaml.j2"] {
        let path = root.join("otel/templates/registry").join(name);
        let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        environment.add_template_owned(name, source).unwrap_or_else(|e| panic!("{e:#}"));
    }
    environment
}

/// The groups of each module that has signals.
fn modules(registry: &Registry) -> BTreeMap<&str, Vec<&Group>> {
    let mut modules = BTreeMap::<&str, Vec<&Group>>::new();
    for (file, groups) in &registry.files {
        let module = file.split('-').next().unwrap_or(file);
        modules.entry(module).or_default().extend(groups);
    }
    let sends = |g: &&Group| matches!(g.r#type, GroupType::Metric | GroupType::Span | GroupType::Event);
    modules.retain(|_, groups| groups.iter().any(sends));
    modules
}

fn components(registry: &Registry) -> BTreeSet<&str> {
    let groups = registry.files.iter().flat_map(|(_, groups)| groups);
    groups.flat_map(|g| g.annotations.pointsman.components.iter().map(String::as_str)).collect()
}

fn id(entry: &super::registry::AttributeEntry) -> &str {
    entry.id.as_ref().map_or("", |i| i.value.as_str())
}

fn text(value: &Value, key: &str) -> String {
    value.get_attr(key).map(|v| v.to_string()).unwrap_or_default()
}

/// What templates see of an attribute.
fn attribute(registry: &Registry, id: &str) -> Value {
    let entry = registry.attribute(id);
    let members: Vec<Value> = match &entry.r#type {
        Some(AttributeType::Enum(e)) => {
            let one =
                |m: &super::registry::Member| context! { variant => pascal(&m.id.value), value => m.value, brief => m.brief };
            e.members.iter().map(one).collect()
        }
        _ => Vec::new(),
    };
    let (rust, plain) = match &entry.r#type {
        Some(AttributeType::Enum(_)) => (format!("attribute::{}", pascal(id)), "enum"),
        Some(AttributeType::Int) => ("i64".to_owned(), "int"),
        _ => ("StringValue".to_owned(), "string"),
    };
    context! {
        id, members, rust, plain, pascal => pascal(id), screaming => snake(id).to_uppercase(), brief => entry.brief,
        examples => entry.examples.clone().unwrap_or_default(),
    }
}

/// What templates see of the things that metrics are about.
fn entities(registry: &Registry) -> Vec<Value> {
    let groups = registry.files.iter().flat_map(|(_, groups)| groups);
    let one = |group: &Group| {
        let of = |role| {
            let refs = group.attributes.iter().filter(move |a| a.role == Some(role)).filter_map(|a| a.r#ref.as_ref());
            refs.map(|r| r.value.clone()).collect::<Vec<_>>()
        };
        let (identifying, descriptive) = (of(Role::Identifying), of(Role::Descriptive));
        context! { name => group.name, brief => group.brief, identifying, descriptive }
    };
    groups.filter(|g| g.r#type == GroupType::Entity).map(one).collect()
}

/// What templates see of every name that metrics of the operator once had: who still sends it, and what stands for it.
fn old_names(registry: &Registry) -> Vec<Value> {
    let mut heirs = BTreeMap::<&str, Vec<Value>>::new();
    let mut senders = BTreeMap::new();
    for group in registry.files.iter().flat_map(|(_, groups)| groups) {
        let (Some(metric), ours) = (&group.metric_name, &group.annotations.pointsman) else { continue };
        for old in &ours.legacy {
            heirs.entry(old).or_default().push(context! { metric, row => ours.row });
        }
        let sender = match ours.source.as_slice() {
            [Source::S] => "passed on from a scrape",
            [Source::P] => "sent by the component alone",
            _ => "rebuilt from objects",
        };
        senders.insert(metric.as_str(), sender);
    }
    let one = |(name, heirs)| context! { name, heirs, sender => senders.get(name).unwrap_or(&"no more") };
    heirs.into_iter().map(one).collect()
}

/// What templates see of the groups of one module.
fn module(registry: &Registry, name: &str, groups: &[&Group]) -> Value {
    let of = |t: GroupType| groups.iter().filter(|g| g.r#type == t).map(|g| signal(registry, name, g)).collect::<Vec<Value>>();
    let (metrics, spans, events) = (of(GroupType::Metric), of(GroupType::Span), of(GroupType::Event));
    context! { name, metrics, spans, events }
}

/// What templates see of a metric, span or event.
fn signal(registry: &Registry, module: &str, group: &Group) -> Value {
    let ours = &group.annotations.pointsman;
    let signal_id = group.id.value.split_once('.').map_or("", |(_, rest)| rest);
    let own = |id: &str| id.strip_prefix(&format!("{module}.")).unwrap_or(id).to_owned();
    let attributes: Vec<Value> = group
        .attributes
        .iter()
        .filter_map(|a| a.r#ref.as_ref().map(|r| (r, a.requirement_level == Some(Requirement::Recommended))))
        .map(|(r, optional)| context! { field => snake(&own(&r.value)), optional, ..attribute(registry, &r.value) })
        .collect();
    let scope = ours.scope.clone().unwrap_or_else(|| module.to_owned());
    let kind = kind(group);
    let value = match kind {
        Kind::Counter => "u64",
        Kind::UpDownCounter => "i64",
        Kind::Histogram => "Distribution",
        _ => "f64",
    };
    let unit = group.unit.clone().unwrap_or_default();
    let name = group.metric_name.as_ref().or(group.name.as_ref()).or(ours.name.as_ref());
    let buckets: Vec<String> = ours.buckets.iter().map(|b| format!("{b:?}")).collect();
    context! {
        name, scope, unit, value, buckets, attributes, pascal => pascal(&own(signal_id)), brief => group.brief,
        note => group.note, kind => kind.as_str(), level => ours.level.map(|l| format!("{l:?}")),
        stability => group.stability.map(|s| format!("{s:?}").to_lowercase()),
        limit => ours.limit.unwrap_or(200), components => ours.components, format => format_of(&own, ours.name.as_deref()),
        prometheus => prometheus_name(group), row => ours.row, legacy => ours.legacy, opt_in => ours.opt_in,
        source => ours.source.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>(),
    }
}

fn kind(group: &Group) -> Kind {
    match group.instrument {
        Some(InstrumentKind::Counter) => Kind::Counter,
        Some(InstrumentKind::UpDownCounter) => Kind::UpDownCounter,
        Some(InstrumentKind::Histogram) => Kind::Histogram,
        Some(InstrumentKind::Gauge) | None => Kind::Gauge,
    }
}

/// The family's name of a metric, by the very function that names what is exposed.
pub(crate) fn prometheus_name(group: &Group) -> Option<String> {
    let name = group.metric_name.as_deref()?;
    let (unit, strategy) = (group.unit.as_deref().unwrap_or_default(), TranslationStrategy::default());
    metric_name(&NameInput { name, unit, kind: kind(group), strategy, ratio_suffix: true }).map(|family| family.name)
}

/// `phase {mco.phase}` → (`phase {}`, `phase`), where a span's name holds an attribute.
fn format_of(own: &dyn Fn(&str) -> String, name: Option<&str>) -> Option<(String, String)> {
    let (before, rest) = name?.split_once('{')?;
    let (key, after) = rest.split_once('}')?;
    Some((format!("{before}{{}}{after}"), snake(&own(key))))
}

fn pascal(id: &str) -> String {
    let word = |w: &str| w.chars().next().map_or(String::new(), |c| c.to_uppercase().chain(w.chars().skip(1)).collect());
    id.split(['.', '_']).map(word).collect()
}

fn snake(id: &str) -> String {
    id.replace('.', "_")
}
