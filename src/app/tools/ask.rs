//! Documents of the JSON API as values: one, or a list page by page.
//! Knows the form of every answer, and of no answer what it says.

use super::{
    ToolError,
    client::{Client, ClientError},
};
use pointsman_core::limits::CLIENT_PAGES_MAX;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The version of the form that we read.
const VERSION: u64 = 1;

/// One answer, or a list of them.
#[derive(Debug)]
pub(super) struct Answer<T> {
    /// When the server gave it, RFC 3339.
    pub(super) at: String,
    /// What it says.
    pub(super) said: T,
    /// Whether there is more.
    pub(super) truncated: bool,
    /// As it came.
    pub(super) raw: Value,
}

#[derive(Deserialize)]
struct Head {
    version: u64,
    at: String,
    truncated: bool,
}

/// One value.
pub(super) async fn one<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Answer<T>, ToolError> {
    let (head, raw) = document(client, path).await?;
    let said = read(client, raw.get("item").cloned().unwrap_or_default())?;
    Ok(Answer { at: head.at, said, truncated: head.truncated, raw })
}

/// The first page of a list.
pub(super) async fn page<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Answer<Vec<T>>, ToolError> {
    let (head, raw) = document(client, path).await?;
    let said = read(client, raw.get("items").cloned().unwrap_or_default())?;
    Ok(Answer { at: head.at, said, truncated: head.truncated, raw })
}

/// All pages of a list, in one document.
pub(super) async fn all<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Answer<Vec<T>>, ToolError> {
    let mut whole = page::<T>(client, path).await?;
    let mut pages = 1;
    while whole.truncated && pages < CLIENT_PAGES_MAX {
        let next = page::<T>(client, &format!("{path}?after={}", whole.said.len())).await?;
        if next.said.is_empty() {
            break;
        }
        let (mut items, more) = (whole.raw["items"].take(), next.raw["items"].clone());
        if let (Some(items), Value::Array(more)) = (items.as_array_mut(), more) {
            items.extend(more);
        }
        whole.said.extend(next.said);
        (whole.truncated, pages) = (next.truncated, pages.saturating_add(1));
        whole.raw = json!({"version": VERSION, "at": whole.at, "items": items, "truncated": whole.truncated});
    }
    Ok(whole)
}

async fn document(client: &Client, path: &str) -> Result<(Head, Value), ToolError> {
    let body = client.get(path).await?;
    let raw: Value = read_bytes(client, &body)?;
    let head: Head = read(client, raw.clone())?;
    if head.version != VERSION {
        let why = format!("it speaks version {} of the API, this binary version {VERSION}", head.version);
        return Err(ClientError::NotOurs { server: client.server().to_owned(), why }.into());
    }
    Ok((head, raw))
}

fn read<T: DeserializeOwned>(client: &Client, value: Value) -> Result<T, ToolError> {
    serde_json::from_value(value).map_err(|error| not_ours(client, &error))
}

fn read_bytes(client: &Client, bytes: &[u8]) -> Result<Value, ToolError> {
    serde_json::from_slice(bytes).map_err(|error| not_ours(client, &error))
}

fn not_ours(client: &Client, error: &serde_json::Error) -> ToolError {
    ClientError::NotOurs { server: client.server().to_owned(), why: error.to_string() }.into()
}

/// A segment of a path, or a value behind a question mark.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes all text");
        }
        out
    })
}
