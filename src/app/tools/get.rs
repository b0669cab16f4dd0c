//! `pointsman get`: views and components as the server knows them, in the columns that kubectl prints.
//! Live values, where objects have those of the last write.

use super::{FINE, Form, ToolError, ask, client::Client, document, table};
use crate::web::model::objects::{Component, View};
use pointsman_core::{
    model::clock::Wall,
    view::{
        time::parse_time,
        verdict::words::{age, between, whole},
    },
};
use serde_json::{Value, json};
use std::io::Write;

/// What is asked for: all, those of a namespace, or one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Of this namespace only.
    pub namespace: Option<&'a str>,
    /// Of this name only.
    pub name: Option<&'a str>,
}

impl Which<'_> {
    fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace.is_none_or(|wanted| wanted == namespace) && self.name.is_none_or(|wanted| wanted == name)
    }

    fn title(&self, sort: &str) -> String {
        let name = self.name.map_or_else(String::new, |name| format!(" {name}"));
        let namespace = self.namespace.map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
        format!("{sort}{name}{namespace}")
    }
}

/// Views, one a line.
///
/// # Errors
/// When the server does not answer, has none of that name, or nobody reads us.
pub async fn views(client: &Client, which: Which<'_>, form: Form, out: &mut dyn Write) -> Result<u8, ToolError> {
    let answer = ask::all::<View>(client, "/views").await?;
    let views: Vec<&View> = answer.said.iter().filter(|view| which.is(&view.namespace, &view.name)).collect();
    if views.is_empty() && which.name.is_some() {
        return Err(ToolError::Nothing(which.title("view")));
    }
    if form == Form::Json {
        return listed(out, &answer.at, &views, answer.truncated);
    }
    let now = parse_time(&answer.at).unwrap_or_default();
    let rows = views.iter().map(|view| row(view, now)).collect();
    let heads = ["NAMESPACE", "NAME", "MODE", "STATUS", "IN-SYNC", "SERIES", "EXPIRES", "REASON", "AGE"];
    print(out, which, &heads, rows, 7)?;
    Ok(FINE)
}

fn row(view: &View, now: Wall) -> Vec<String> {
    let spec = |key: &str| view.spec.as_ref().and_then(|spec| spec[key].as_str()).map(str::to_owned);
    let columns = view.status.as_ref().map(|status| status.columns().map(str::to_owned));
    let [status, in_sync, series, expires] = columns.unwrap_or_default();
    let refused = || if view.accepted { String::new() } else { "Refused".to_owned() };
    vec![
        if view.namespace.is_empty() { "-".to_owned() } else { view.namespace.clone() },
        view.name.clone(),
        spec("mode").unwrap_or_else(|| "Enforce".to_owned()),
        if status.is_empty() { refused() } else { status },
        in_sync,
        series,
        parse_time(&expires).map_or(expires, |at| ends(at, now)),
        spec("reason").unwrap_or_default(),
        view.created.as_deref().map_or_else(|| "-".to_owned(), |created| ago(created, now)),
    ]
}

/// Components, one a line.
///
/// # Errors
/// When the server does not answer, has none of that name, or nobody reads us.
pub async fn components(client: &Client, which: Which<'_>, form: Form, out: &mut dyn Write) -> Result<u8, ToolError> {
    let answer = ask::all::<Component>(client, "/components").await?;
    let is_meant = |one: &&Component| {
        which.is(&one.namespace, &one.name) || (which.is(&one.namespace, &one.service) && which.name.is_some())
    };
    let components: Vec<&Component> = answer.said.iter().filter(is_meant).collect();
    if components.is_empty() && which.name.is_some() {
        return Err(ToolError::Nothing(which.title("component")));
    }
    if form == Form::Json {
        return listed(out, &answer.at, &components, answer.truncated);
    }
    let now = parse_time(&answer.at).unwrap_or_default();
    let row = |one: &&Component| {
        vec![
            one.namespace.clone(),
            one.name.clone(),
            one.instances.to_string(),
            one.series.to_string(),
            whole(one.points_received),
            whole(one.points_suppressed),
            ago(&one.last_push, now),
            one.state.clone(),
        ]
    };
    let rows = components.iter().map(row).collect();
    let heads = ["NAMESPACE", "NAME", "INSTANCES", "SERIES", "POINTS", "SUPPRESSED", "LAST-PUSH", "STATE"];
    print(out, which, &heads, rows, 0)?;
    Ok(FINE)
}

/// A table that names the namespace only where there may be several; of free text, column `soft`, least is kept.
fn print(
    out: &mut dyn Write,
    which: Which<'_>,
    heads: &[&str],
    mut rows: Vec<Vec<String>>,
    soft: usize,
) -> Result<(), ToolError> {
    if which.namespace.is_none() {
        return Ok(table::print(out, heads, &rows, soft)?);
    }
    for row in &mut rows {
        row.remove(0);
    }
    Ok(table::print(out, heads.get(1..).unwrap_or_default(), &rows, soft.saturating_sub(1))?)
}

/// When something ends, or ended.
fn ends(at: Wall, now: Wall) -> String {
    if at > now { format!("in {}", age(between(now, at))) } else { format!("{} ago", age(between(at, now))) }
}

fn ago(time: &str, now: Wall) -> String {
    parse_time(time).map_or_else(|| time.to_owned(), |at| age(between(at, now)))
}

fn listed<T: serde::Serialize>(out: &mut dyn Write, at: &str, items: &[T], truncated: bool) -> Result<u8, ToolError> {
    let items: Vec<Value> = items.iter().map(|item| serde_json::to_value(item).unwrap_or_default()).collect();
    document(out, &json!({"version": 1, "at": at, "items": items, "truncated": truncated}))?;
    Ok(FINE)
}
