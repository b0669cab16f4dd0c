//! Lists and watches as the API server speaks them: pages, and lines that may be torn. Every read has a cap and an end.
//! Decides nothing about what failed; keeps nothing between two requests.

use super::{Entry, Key, Kind, OwnerRef, Payload, Slim};
use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use kube::{
    Client,
    api::{ListParams, WatchParams},
    client::Body,
    core::Request,
};
use pointsman_core::{
    limits::{CLUSTER_REQUEST_MS_MAX, CLUSTER_TEXT_BYTES_MAX, WATCH_LINE_BYTES_MAX, WATCH_PAGE_BYTES_MAX, WATCH_SECS},
    view::time,
};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::timeout;

/// What can go wrong between us and the API server.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("ask the API server")]
    Ask(#[source] Box<kube::Error>),
    #[error("wait for the API server's answer")]
    Slow,
    #[error("the API server says {code}: {message}")]
    Status { code: u16, message: Box<str>, retry_after: Option<Duration> },
    #[error("read the API server's answer")]
    Read(#[source] Box<kube::Error>),
    #[error("read more than {0} bytes at once")]
    TooLarge(usize),
    #[error("read a line that was cut off")]
    Torn,
    #[error("read the API server's JSON")]
    Json(#[source] serde_json::Error),
}

/// One page of a list.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Objects without a name.
    pub(super) nameless: usize,
    /// Where a watch goes on; `None` when the server names no version.
    pub(super) version: Option<String>,
    /// What the next page is asked with.
    pub(super) token: Option<String>,
}

/// One line of a watch, with the version it brings us to.
pub(super) enum Line {
    Applied(Entry, String),
    Deleted(Key, String),
    Bookmark(String),
    Nameless(String),
    Error(WireError),
}

pub(super) async fn page(client: &Client, kind: &Kind, limit: u32, token: Option<String>) -> Result<Page, WireError> {
    let params = ListParams { limit: Some(limit), continue_token: token, ..ListParams::default() };
    let request = Request::new(kind.path());
    let request = if kind.whole { request.list(&params) } else { request.list_metadata(&params) };
    let whole = async {
        let request = request.map_err(|error| WireError::Ask(Box::new(kube::Error::BuildRequest(error))))?;
        let body = answer(client, request).await?.into_body();
        collect(body, WATCH_PAGE_BYTES_MAX).await
    };
    let bytes = timeout(Duration::from_millis(CLUSTER_REQUEST_MS_MAX), whole).await.map_err(|_| WireError::Slow)??;
    let (metadata, items) = items(kind, &bytes)?;
    let found = items.len();
    let entries: Vec<Entry> = items.into_iter().filter_map(|item| item.entry(kind)).collect();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (version, token) = (filled(metadata.resource_version), filled(metadata.next));
    Ok(Page { nameless: found - entries.len(), entries, version, token })
}

/// Begins to watch from a version on.
pub(super) async fn open(client: &Client, kind: &Kind, version: &str) -> Result<Lines, WireError> {
    let params = WatchParams { timeout: u32::try_from(WATCH_SECS).ok(), bookmarks: true, ..WatchParams::default() };
    let request = Request::new(kind.path());
    let request = if kind.whole { request.watch(&params, version) } else { request.watch_metadata(&params, version) };
    let request = request.map_err(|error| WireError::Ask(Box::new(kube::Error::BuildRequest(error))))?;
    let answer = timeout(Duration::from_millis(CLUSTER_REQUEST_MS_MAX), answer(client, request)).await;
    let body = answer.map_err(|_| WireError::Slow)??.into_body();
    Ok(Lines { body, buffer: BytesMut::new(), searched: 0 })
}

async fn answer(client: &Client, request: http::Request<Vec<u8>>) -> Result<Response<Body>, WireError> {
    let answer = client.send(request.map(Body::from)).await.map_err(|error| WireError::Ask(Box::new(error)))?;
    let code = answer.status();
    if code.is_success() {
        return Ok(answer);
    }
    let seconds = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    // The text is for people; without it the code still says enough.
    let text = collect(answer.into_body(), CLUSTER_TEXT_BYTES_MAX).await.unwrap_or_default();
    let told: Status = serde_json::from_slice(&text).unwrap_or_default();
    let message = told.message.unwrap_or_else(|| code.canonical_reason().unwrap_or("no reason given").into());
    Err(WireError::Status { code: code.as_u16(), message, retry_after: seconds.map(Duration::from_secs) })
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<BytesMut, WireError> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| WireError::Read(Box::new(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(WireError::TooLarge(bytes_max));
        }
        all.extend_from_slice(&data);
    }
    Ok(all)
}

/// The lines of a watch, however they were cut on their way.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// Bytes of the buffer that hold no end of line.
    searched: usize,
}

impl Lines {
    /// The next line; `None` when the server ended the watch. Cancel-safe: what was read stays in the buffer.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        loop {
            let unread = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = unread.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at + 1).freeze();
                self.searched = 0;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            match self.body.frame().await {
                None if self.buffer.trim_ascii().is_empty() => return Ok(None),
                None => return Err(WireError::Torn),
                Some(Err(error)) => return Err(WireError::Read(Box::new(error))),
                Some(Ok(frame)) => {
                    self.buffer.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
                    if self.buffer.len() > WATCH_LINE_BYTES_MAX {
                        return Err(WireError::TooLarge(WATCH_LINE_BYTES_MAX));
                    }
                }
            }
        }
    }
}

/// Reads one line of a watch.
pub(super) fn line(kind: &Kind, bytes: &[u8]) -> Result<Line, WireError> {
    let (name, item) = if kind.whole {
        let EventOf { name, object } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
        (name, Item::Whole(object))
    } else {
        let EventOf { name, object } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
        (name, Item::Slim(object))
    };
    let version = item.version();
    Ok(match &*name {
        "BOOKMARK" => Line::Bookmark(version),
        "ADDED" | "MODIFIED" => item.entry(kind).map_or(Line::Nameless(version.clone()), |entry| Line::Applied(entry, version)),
        "DELETED" => item.entry(kind).map_or(Line::Nameless(version.clone()), |entry| Line::Deleted(entry.key, version)),
        _ => {
            let Status { code, message } = item.status();
            let message = message.unwrap_or_else(|| format!("an event of type {name}").into());
            Line::Error(WireError::Status { code: code.unwrap_or(0), message, retry_after: None })
        }
    })
}

fn items(kind: &Kind, bytes: &[u8]) -> Result<(ListMetadata, Vec<Item>), WireError> {
    if kind.whole {
        let ListOf { metadata, items } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
        return Ok((metadata, items.unwrap_or_default().into_iter().map(Item::Whole).collect()));
    }
    let ListOf { metadata, items } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
    Ok((metadata, items.unwrap_or_default().into_iter().map(Item::Slim).collect()))
}

/// An object as it came: whole, or its metadata alone.
enum Item {
    Whole(Value),
    Slim(SlimObject),
}

impl Item {
    fn version(&self) -> String {
        match self {
            Self::Whole(object) => text(object, "/metadata/resourceVersion").to_owned(),
            Self::Slim(object) => object.metadata.resource_version.clone().unwrap_or_default(),
        }
    }

    /// What an object of type `ERROR` says.
    fn status(&self) -> Status {
        match self {
            Self::Whole(object) => Status::deserialize(object).unwrap_or_default(),
            Self::Slim(object) => Status { code: object.code, message: object.message.clone() },
        }
    }

    /// The object under its key; `None` when it has no name.
    fn entry(self, kind: &Kind) -> Option<Entry> {
        match self {
            Self::Whole(mut object) => {
                let key = Key::of(text(&object, "/metadata/namespace"), text(&object, "/metadata/name"))?;
                // Items of a list need not say what they are.
                let fields = object.as_object_mut()?;
                fields.entry("kind").or_insert_with(|| kind.kind.into());
                fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
                Some(Entry { key, payload: Payload::Whole(object) })
            }
            Self::Slim(SlimObject { metadata, .. }) => {
                let key = Key::of(&metadata.namespace.unwrap_or_default(), &metadata.name.unwrap_or_default())?;
                let owner =
                    metadata.owner_references.unwrap_or_default().into_iter().find(|owner| owner.controller == Some(true));
                let created = metadata.creation_timestamp.as_deref().and_then(time::parse_time);
                let (uid, labels) = (metadata.uid.unwrap_or_default(), metadata.labels.unwrap_or_default());
                Some(Entry { key, payload: Payload::Slim(Slim { uid, created, labels, owner }) })
            }
        }
    }
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    code: Option<u16>,
    message: Option<Box<str>>,
}

#[derive(Deserialize)]
struct EventOf<T> {
    #[serde(rename = "type")]
    name: Box<str>,
    object: T,
}

#[derive(Deserialize)]
struct ListOf<T> {
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMetadata {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct SlimObject {
    #[serde(default)]
    metadata: SlimMetadata,
    code: Option<u16>,
    message: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SlimMetadata {
    namespace: Option<Box<str>>,
    name: Option<Box<str>>,
    uid: Option<Box<str>>,
    creation_timestamp: Option<Box<str>>,
    resource_version: Option<String>,
    labels: Option<BTreeMap<Box<str>, Box<str>>>,
    owner_references: Option<Vec<OwnerRef>>,
}
