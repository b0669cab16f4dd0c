//! Lists and watches as the API server speaks them: pages, and lines that may be torn. Every read has a cap and an end.
//! Decides nothing about what failed; keeps nothing between two requests.

use crate::kubernetes::objects::{Entry, Form, Key, Kind, OwnerRef, Payload, RawObject, Slim};
use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use kube::{
    Client,
    api::{GetParams, ListParams, WatchParams},
    client::Body,
    core::Request,
};
use pointsman_core::{
    limits::{
        CLUSTER_OBJECT_BYTES_MAX, CLUSTER_REQUEST_MS_MAX, CLUSTER_TEXT_BYTES_MAX, WATCH_LINE_BYTES_MAX, WATCH_PAGE_BYTES_MAX,
        WATCH_SECS,
    },
    view::time,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
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
    let (field_selector, label_selector) = selectors(kind);
    let params =
        ListParams { limit: Some(limit), continue_token: token, field_selector, label_selector, ..ListParams::default() };
    let request = Request::new(kind.path());
    let request = if kind.form.is_metadata() { request.list_metadata(&params) } else { request.list(&params) };
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

fn selectors(kind: &Kind) -> (Option<String>, Option<String>) {
    (kind.fields.as_deref().map(str::to_owned), kind.labels.map(str::to_owned))
}

/// Reads one object whole.
pub(super) async fn object(client: &Client, kind: &Kind, name: &str) -> Result<Box<RawValue>, WireError> {
    let request = Request::new(kind.path()).get(name, &GetParams::default());
    let whole = async {
        let request = request.map_err(|error| WireError::Ask(Box::new(kube::Error::BuildRequest(error))))?;
        collect(answer(client, request).await?.into_body(), CLUSTER_OBJECT_BYTES_MAX).await
    };
    let bytes = timeout(Duration::from_millis(CLUSTER_REQUEST_MS_MAX), whole).await.map_err(|_| WireError::Slow)??;
    serde_json::from_slice(&bytes).map_err(WireError::Json)
}

/// Begins to watch from a version on.
pub(super) async fn open(client: &Client, kind: &Kind, version: &str) -> Result<Lines, WireError> {
    let (lasts, (field_selector, label_selector)) = (u32::try_from(WATCH_SECS).ok(), selectors(kind));
    let params = WatchParams { timeout: lasts, bookmarks: true, field_selector, label_selector, ..WatchParams::default() };
    let request = Request::new(kind.path());
    let request =
        if kind.form.is_metadata() { request.watch_metadata(&params, version) } else { request.watch(&params, version) };
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
    let (name, item) = match kind.form {
        Form::Whole => read::<Value>(bytes).map(|(name, object)| (name, Item::Whole(object))),
        Form::Slim => read::<SlimObject>(bytes).map(|(name, object)| (name, Item::Slim(object))),
        Form::Raw | Form::RawMetadata => read::<&RawValue>(bytes).map(|(name, object)| (name, Item::raw(object))),
    }?;
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

fn read<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<(Box<str>, T), WireError> {
    let EventOf { name, object } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
    Ok((name, object))
}

fn items(kind: &Kind, bytes: &[u8]) -> Result<(ListMetadata, Vec<Item>), WireError> {
    match kind.form {
        Form::Whole => items_of(bytes, Item::Whole),
        Form::Slim => items_of(bytes, Item::Slim),
        Form::Raw | Form::RawMetadata => items_of(bytes, Item::raw),
    }
}

fn items_of<'b, T: Deserialize<'b>>(bytes: &'b [u8], make: fn(T) -> Item) -> Result<(ListMetadata, Vec<Item>), WireError> {
    let ListOf { metadata, items } = serde_json::from_slice(bytes).map_err(WireError::Json)?;
    let items: Vec<T> = items.unwrap_or_default();
    Ok((metadata, items.into_iter().map(make).collect()))
}

/// An object as it came: read whole, its metadata alone, or hardly at all.
enum Item {
    Whole(Value),
    Slim(SlimObject),
    Raw(Head, Box<RawValue>),
}

impl Item {
    /// An object whose metadata is not what it should be has no name: it is left out, and the version goes on.
    fn raw(object: &RawValue) -> Self {
        let head = serde_json::from_str::<HeadOf>(object.get()).map(|of| of.metadata).unwrap_or_else(|_| {
            let of = serde_json::from_str::<VersionOf>(object.get()).unwrap_or_default();
            Head { resource_version: of.metadata.resource_version, ..Head::default() }
        });
        Self::Raw(head, object.to_owned())
    }

    fn version(&self) -> String {
        match self {
            Self::Whole(object) => text(object, "/metadata/resourceVersion").to_owned(),
            Self::Slim(object) => object.metadata.resource_version.clone().unwrap_or_default(),
            Self::Raw(head, _) => head.resource_version.clone().unwrap_or_default(),
        }
    }

    /// What an object of type `ERROR` says.
    fn status(&self) -> Status {
        match self {
            Self::Whole(object) => Status::deserialize(object).unwrap_or_default(),
            Self::Slim(object) => Status { code: object.code, message: object.message.clone() },
            Self::Raw(_, object) => serde_json::from_str(object.get()).unwrap_or_default(),
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
            Self::Raw(head, body) => {
                let key = Key::of(&head.namespace.unwrap_or_default(), &head.name.unwrap_or_default())?;
                let version = head.resource_version.unwrap_or_default().into();
                Some(Entry { key, payload: Payload::Raw(RawObject { uid: head.uid.unwrap_or_default(), version, body }) })
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
struct HeadOf {
    #[serde(default)]
    metadata: Head,
}

/// What is read of an object that is handed on as it came.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    namespace: Option<Box<str>>,
    name: Option<Box<str>>,
    uid: Option<Box<str>>,
    resource_version: Option<String>,
}

#[derive(Default, Deserialize)]
struct VersionOf {
    #[serde(default)]
    metadata: Version,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Version {
    resource_version: Option<String>,
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
