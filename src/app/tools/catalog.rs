//! `pointsman catalog`: the instruments that are declared or sent, as a list or one in full.
//! Prints what the server says; knows no catalogue of its own.

use super::{FINDINGS, FINE, Form, ToolError, ask, client::Client, document, table};
use crate::web::model::objects::Catalogued;
use pointsman_core::{
    fault::{render::clean, suggest},
    model::instrument::Kind,
    view::pattern::{Names, Pattern},
};
use serde_json::{Value, json};
use std::io::Write;

/// Every instrument in a line.
///
/// # Errors
/// When the server does not answer, or nobody reads us.
pub async fn list(client: &Client, form: Form, out: &mut dyn Write) -> Result<u8, ToolError> {
    let answer = ask::all::<Catalogued>(client, "/catalog").await?;
    if form == Form::Json {
        document(out, &answer.raw)?;
        return Ok(FINE);
    }
    let row = |one: &Catalogued| {
        vec![
            one.name.clone(),
            one.service.clone(),
            one.kind.clone(),
            dash(&one.unit),
            dash(&one.level),
            one.state.clone().unwrap_or_else(|| "not sent".to_owned()),
            one.series.map_or_else(|| "-".to_owned(), |series| series.to_string()),
        ]
    };
    let rows: Vec<_> = answer.said.iter().map(row).collect();
    table::print(out, &["NAME", "SERVICE", "KIND", "UNIT", "LEVEL", "STATE", "SERIES"], &rows, 1)?;
    Ok(FINE)
}

/// Everything that is declared and known of one name, in either spelling.
///
/// # Errors
/// When the server does not answer, or nobody reads us.
pub async fn show(client: &Client, name: &str, form: Form, out: &mut dyn Write) -> Result<u8, ToolError> {
    let answer = ask::all::<Catalogued>(client, "/catalog").await?;
    let pattern = Pattern::new(name);
    let meant: Vec<&Catalogued> = answer.said.iter().filter(|one| is_meant(&pattern, one)).collect();
    if form == Form::Json {
        let items: Vec<Value> = meant.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect();
        document(out, &json!({"version": 1, "at": answer.at, "items": items, "truncated": answer.truncated}))?;
    } else if meant.is_empty() {
        let near = suggest::nearest(name, answer.said.iter().map(|one| one.name.as_str()));
        let near = if near.is_empty() { String::new() } else { format!("; closest: {}", near.join(", ")) };
        writeln!(out, "{}: neither declared nor sent{}", clean(name), clean(&near))?;
    } else {
        for (i, one) in meant.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            print(out, one)?;
        }
    }
    Ok(if meant.is_empty() { FINDINGS } else { FINE })
}

fn is_meant(pattern: &Pattern, one: &Catalogued) -> bool {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == one.kind).unwrap_or(Kind::Gauge);
    pattern.names(&Names::new(&one.name, &one.unit, kind))
}

fn print(out: &mut dyn Write, one: &Catalogued) -> Result<(), ToolError> {
    let catalogue = match (one.catalog.as_str(), one.namespace.as_str()) {
        ("", _) => "not declared: sent only".to_owned(),
        (name, "") => format!("{name}, for every namespace"),
        (name, namespace) => format!("{namespace}/{name}"),
    };
    let state = match (&one.state, &one.decided_by) {
        (None, _) => "not sent".to_owned(),
        (Some(state), None) => state.clone(),
        (Some(state), Some(by)) => format!("{state}, by {by}"),
    };
    let facts = [
        ("service", one.service.clone()),
        ("catalogue", catalogue),
        ("scope", if one.scope.is_empty() { "any".to_owned() } else { one.scope.clone() }),
        ("kind", one.kind.clone()),
        ("unit", dash(&one.unit)),
        ("level", dash(&one.level)),
        ("stability", dash(&one.stability)),
        ("attributes", if one.attributes.is_empty() { "none declared".to_owned() } else { one.attributes.join(", ") }),
        ("state", state),
        ("series", one.series.map_or_else(|| "-".to_owned(), |series| series.to_string())),
    ];
    writeln!(out, "{}", clean(&one.name))?;
    for (word, fact) in facts {
        writeln!(out, " {word:<13}{}", clean(&fact))?;
    }
    Ok(())
}

fn dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}
