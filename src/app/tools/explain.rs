//! `pointsman explain NAME`: asks the server for every verdict on a name, and prints each.
//! What a verdict is and how it reads is core's.

use super::{FINDINGS, FINE, Form, ToolError, ask, client::Client, document};
use pointsman_core::view::verdict::{
    answer::{Explained, Verdict},
    render,
};
use std::io::Write;

/// Prints what is known of a name; the exit code says whether anybody has it.
///
/// # Errors
/// When the server does not answer, or nobody reads us.
pub async fn run(client: &Client, name: &str, component: Option<&str>, form: Form, out: &mut dyn Write) -> Result<u8, ToolError> {
    let asked = component.map_or_else(String::new, |component| format!("?component={}", ask::encoded(component)));
    let answer = ask::page::<Explained>(client, &format!("/catalog/{}{asked}", ask::encoded(name))).await?;
    match form {
        Form::Json => document(out, &answer.raw)?,
        Form::Table => {
            for (i, explained) in answer.said.iter().enumerate() {
                let gap = if i == 0 { "" } else { "\n" };
                write!(out, "{gap}{}", render::text(explained))?;
            }
            if answer.truncated {
                writeln!(out, "\nmore components have it: name one with --component")?;
            }
        }
    }
    let is_known = answer.said.iter().any(|explained| explained.verdict != Verdict::NeverSeen);
    Ok(if is_known { FINE } else { FINDINGS })
}
