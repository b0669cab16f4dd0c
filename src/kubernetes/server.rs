//! An API server in process, that does on demand what a real one does rarely: forgets versions, tears lines, falls silent.
//! Speaks lists and watches of any kind; knows no schema.

use bytes::Bytes;
use futures_util::{
    future::pending,
    stream::{self, BoxStream, StreamExt},
};
use http::{Method, Request, Response, StatusCode, header::ACCEPT, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time};

type Answer = Response<StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>>;

/// What the server does with requests of one kind, until told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// Refuses connections.
    Away,
    /// Takes requests and never answers.
    BlackHole,
    /// Answers every request with this code.
    Says(u16),
    /// Answers lists, and watches with this code.
    WatchesSay(u16),
    /// Answers watches, and never says a word in them.
    Mute,
    /// Answers watches, and says nothing but bookmarks.
    OnlyBookmarks,
    /// Lists and objects have no version.
    Unversioned,
    /// Ends every watch as soon as it begins.
    Fleeting,
    /// Forgets the pages of a list after the first.
    ForgetsPages,
}

/// What the next watch of a kind says, in place of the truth; then it ends.
pub(crate) type Script = Vec<Bytes>;

#[derive(Clone)]
pub(crate) struct Server(Arc<Shared>);

struct Shared {
    /// Every kind that is served.
    plurals: &'static [&'static str],
    state: Mutex<State>,
    moved: Notify,
}

struct State {
    objects: BTreeMap<(&'static str, String, String), Value>,
    log: Vec<(u64, &'static str, &'static str, Value)>,
    version: u64,
    /// Versions before this one are gone.
    oldest: u64,
    /// Watches of an older age end.
    age: u64,
    moods: BTreeMap<&'static str, Mood>,
    scripts: BTreeMap<&'static str, VecDeque<Script>>,
    uids: u64,
    page: Option<usize>,
    /// Objects whose next reading fails.
    failing: BTreeSet<String>,
    /// Requests by `list KIND` or `watch KIND`, clients, and the last `page of KIND`.
    counts: BTreeMap<String, usize>,
}

impl Server {
    /// A server that knows these kinds, by plural.
    pub(crate) fn new(plurals: &'static [&'static str]) -> Self {
        let state = State {
            objects: BTreeMap::new(),
            log: Vec::new(),
            version: 100,
            oldest: 0,
            age: 0,
            moods: BTreeMap::new(),
            scripts: BTreeMap::new(),
            uids: 0,
            page: None,
            failing: BTreeSet::new(),
            counts: BTreeMap::new(),
        };
        Self(Arc::new(Shared { plurals, state: Mutex::new(state), moved: Notify::new() }))
    }

    pub(crate) fn client(&self) -> Client {
        *self.0.state.lock().counts.entry("clients".into()).or_default() += 1;
        let server = self.clone();
        Client::new(
            tower::service_fn(move |request: Request<Body>| {
                let server = server.clone();
                async move { server.answer(request).await }
            }),
            "default",
        )
    }

    /// Writes an object: `metadata.generation` moves with its spec.
    pub(crate) fn put(&self, plural: &'static str, namespace: &str, name: &str, mut object: Value) {
        let mut state = self.0.state.lock();
        state.version += 1;
        let version = state.version;
        let key = (plural, namespace.to_owned(), name.to_owned());
        let known = state.objects.get(&key).cloned();
        let old = |pointer: &str| known.as_ref().and_then(|known| known.pointer(pointer)).cloned();
        let generation = old("/metadata/generation").and_then(|g| g.as_u64()).unwrap_or(0);
        let is_new_spec = old("/spec") != object.get("spec").cloned();
        state.uids += u64::from(known.is_none());
        let uid = old("/metadata/uid").unwrap_or_else(|| format!("uid-{}", state.uids).into());
        let metadata = object.as_object_mut().expect("an object").entry("metadata").or_insert_with(|| json!({}));
        let metadata = metadata.as_object_mut().expect("a map");
        metadata.insert("name".into(), name.into());
        if !namespace.is_empty() {
            metadata.insert("namespace".into(), namespace.into());
        }
        metadata.entry("uid").or_insert(uid);
        metadata.insert("generation".into(), (generation + u64::from(is_new_spec)).into());
        metadata.entry("creationTimestamp").or_insert_with(|| "2026-01-01T00:00:00Z".into());
        metadata.insert("resourceVersion".into(), version.to_string().into());
        let event = if known.is_some() { "MODIFIED" } else { "ADDED" };
        state.objects.insert(key, object.clone());
        state.log.push((version, plural, event, object));
        drop(state);
        self.0.moved.notify_waiters();
    }

    /// Deletes an object; `quietly` = no watch will ever tell.
    pub(crate) fn delete(&self, plural: &'static str, namespace: &str, name: &str, quietly: bool) {
        let mut state = self.0.state.lock();
        state.version += 1;
        let version = state.version;
        let mut gone = state.objects.remove(&(plural, namespace.to_owned(), name.to_owned())).expect("it was there");
        gone["metadata"]["resourceVersion"] = version.to_string().into();
        if !quietly {
            state.log.push((version, plural, "DELETED", gone));
        }
        drop(state);
        self.0.moved.notify_waiters();
    }

    pub(crate) fn get(&self, plural: &'static str, namespace: &str, name: &str) -> Value {
        self.0.state.lock().objects[&(plural, namespace.to_owned(), name.to_owned())].clone()
    }

    pub(crate) fn mood(&self, plurals: &[&'static str], mood: Mood) {
        self.0.state.lock().moods.extend(plurals.iter().map(|plural| (*plural, mood)));
    }

    pub(crate) fn script(&self, plural: &'static str, script: Script) {
        self.0.state.lock().scripts.entry(plural).or_default().push_back(script);
    }

    /// Ends every watch.
    pub(crate) fn cut(&self) {
        self.0.state.lock().age += 1;
        self.0.moved.notify_waiters();
    }

    /// Forgets every version so far: who goes on from one of them is told 410.
    pub(crate) fn forget(&self) {
        let mut state = self.0.state.lock();
        state.version += 1;
        state.oldest = state.version;
    }

    /// The next reading of this object by itself fails.
    pub(crate) fn fail_once(&self, name: &str) {
        self.0.state.lock().failing.insert(name.to_owned());
    }

    /// Answers lists in pages of at most so many.
    pub(crate) fn pages_of(&self, objects: usize) {
        self.0.state.lock().page = Some(objects);
    }

    pub(crate) fn version(&self) -> u64 {
        self.0.state.lock().version
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.state.lock().counts.get(what).copied().unwrap_or(0)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Answer, std::io::Error> {
        let (head, body) = request.into_parts();
        let ask = Ask::new(&head, self.0.plurals);
        let is_watch = ask.query("watch") == Some("true");
        let mood = {
            let mut state = self.0.state.lock();
            let what = match (&head.method, &ask.object) {
                (&Method::GET, None) if is_watch => "watch",
                (&Method::GET, None) => "list",
                (&Method::GET, Some(_)) => "get",
                _ => "write",
            };
            *state.counts.entry(format!("{what} {}", ask.plural)).or_default() += 1;
            state.moods.get(ask.plural).copied().unwrap_or(Mood::Fine)
        };
        match mood {
            Mood::Away => return Err(std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused")),
            Mood::BlackHole => pending().await,
            Mood::Says(code) => return Ok(says(code)),
            Mood::WatchesSay(code) if is_watch => return Ok(says(code)),
            _ => {}
        }
        if head.method != Method::GET {
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            return Ok(self.write(&ask, serde_json::from_slice(&body).expect("JSON")));
        }
        Ok(match &ask.object {
            Some(name) => self.one(&ask, name),
            None if is_watch => self.watch(ask, mood),
            None => self.list(&ask, mood),
        })
    }

    fn one(&self, ask: &Ask, name: &str) -> Answer {
        if self.0.state.lock().failing.remove(name) {
            return says(500);
        }
        let key = (ask.plural, ask.namespace.clone().unwrap_or_default(), name.to_owned());
        let known = self.0.state.lock().objects.get(&key).cloned();
        known.map_or_else(|| says(404), |object| whole(200, &object))
    }

    /// Makes an object that is not there yet, or replaces one whose version is the one that is given.
    fn write(&self, ask: &Ask, object: Value) -> Answer {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, version) = (text("/metadata/name"), text("/metadata/resourceVersion"));
        let namespace = ask.namespace.clone().unwrap_or_default();
        let known = self.0.state.lock().objects.get(&(ask.plural, namespace.clone(), name.clone())).cloned();
        let stands = known.map(|known| known["metadata"]["resourceVersion"].clone());
        if stands != ask.object.as_ref().map(|_| version.into()) {
            return says(409);
        }
        self.put(ask.plural, &namespace, &name, object);
        whole(200, &self.get(ask.plural, &namespace, &name))
    }

    fn list(&self, ask: &Ask, mood: Mood) -> Answer {
        let mut state = self.0.state.lock();
        let limit: usize = ask.query("limit").and_then(|limit| limit.parse().ok()).expect("every list has a limit");
        state.counts.insert(format!("page of {}", ask.plural), limit);
        let limit = state.page.unwrap_or(limit).min(limit);
        let (from, version) = match ask.query("continue").and_then(|token| token.split_once("-")) {
            Some((from, version)) => (from.parse().expect("our own token"), version.parse().expect("our own token")),
            None => (0, state.version),
        };
        if version < state.oldest || (from > 0 && mood == Mood::ForgetsPages) {
            return says(410);
        }
        let all: Vec<&Value> =
            state.objects.iter().filter(|((of, ..), object)| ask.wants(of, object)).map(|(_, object)| object).collect();
        let mut items: Vec<Value> = all.iter().skip(from).take(limit).map(|object| ask.shown(object)).collect();
        let next = from + items.len();
        let mut metadata = json!({ "resourceVersion": version.to_string() });
        if next < all.len() {
            metadata["continue"] = format!("{next}-{version}").into();
        }
        if mood == Mood::Unversioned {
            metadata["resourceVersion"] = "".into();
        }
        items.iter_mut().for_each(|item| {
            item.as_object_mut().expect("an object").remove("kind");
        });
        whole(200, &json!({ "kind": "List", "metadata": metadata, "items": items }))
    }

    fn watch(&self, ask: Ask, mood: Mood) -> Answer {
        let mut state = self.0.state.lock();
        let lasts = Duration::from_secs(ask.query["timeoutSeconds"].parse().expect("seconds"));
        assert_eq!(ask.query("allowWatchBookmarks"), Some("true"));
        let version: u64 = ask.query["resourceVersion"].parse().expect("versions are numbers here");
        if let Some(script) = state.scripts.get_mut(ask.plural).and_then(VecDeque::pop_front) {
            let frames = stream::iter(script.into_iter().map(|bytes| Ok(Frame::data(bytes))));
            return Response::new(StreamBody::new(frames.boxed()));
        }
        if version < state.oldest {
            return says(410);
        }
        if mood == Mood::Fleeting {
            return Response::new(StreamBody::new(stream::empty().boxed()));
        }
        let (age, ends) = (state.age, time::Instant::now() + lasts);
        drop(state);
        let (server, ask) = (self.clone(), Arc::new(ask));
        let frames = stream::unfold((version, time::Instant::now()), move |(version, told)| {
            let (server, ask) = (server.clone(), Arc::clone(&ask));
            async move {
                if mood == Mood::Mute {
                    pending::<()>().await;
                }
                server.next(&ask, (version, told), (age, ends), mood).await
            }
        });
        Response::new(StreamBody::new(frames.map(Ok).boxed()))
    }

    /// The next line of a watch: an event, or every minute a bookmark.
    async fn next(
        &self,
        ask: &Ask,
        (version, told): (u64, time::Instant),
        (age, ends): (u64, time::Instant),
        mood: Mood,
    ) -> Option<(Frame<Bytes>, (u64, time::Instant))> {
        loop {
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            {
                let state = self.0.state.lock();
                if state.age != age || time::Instant::now() >= ends {
                    return None;
                }
                let events = state.log.iter().filter(|(_, of, _, object)| ask.wants(of, object) && mood != Mood::OnlyBookmarks);
                if let Some((at, _, event, object)) = events.into_iter().find(|(at, ..)| *at > version) {
                    let line = line(event, &ask.shown(object));
                    return Some((Frame::data(line), (*at, time::Instant::now())));
                }
            }
            let bookmark = told + Duration::from_secs(60);
            tokio::select! {
                () = moved => {}
                () = time::sleep_until(bookmark.min(ends)) => {
                    if time::Instant::now() >= ends {
                        return None;
                    }
                    let at = if mood == Mood::OnlyBookmarks { version } else { self.version() };
                    let mark = json!({ "kind": "X", "metadata": { "resourceVersion": at.to_string() } });
                    return Some((Frame::data(line("BOOKMARK", &mark)), (at, time::Instant::now())));
                }
            }
        }
    }
}

/// What a request asks for.
struct Ask {
    plural: &'static str,
    namespace: Option<String>,
    /// One object alone.
    object: Option<String>,
    /// The one name that a field selector lets through.
    selected: Option<String>,
    /// The one label that a selector lets through.
    labelled: Option<(String, String)>,
    is_metadata: bool,
    query: BTreeMap<String, String>,
}

impl Ask {
    fn new(head: &Parts, plurals: &[&'static str]) -> Self {
        let mut path: VecDeque<&str> = head.uri.path().split('/').skip(1).collect();
        path.drain(..if path[0] == "api" { 2 } else { 3 });
        let namespaced = path.len() > 2 && path[0] == "namespaces";
        let namespace = namespaced.then(|| path.drain(..2).nth(1).expect("two at least").to_owned());
        let plural = plurals.iter().find(|plural| **plural == path[0]).expect("a kind that is served");
        let object = path.get(1).map(|name| (*name).to_owned());
        let pairs = head.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let query: BTreeMap<String, String> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let selected =
            query.get("fieldSelector").map(|fields| fields.strip_prefix("metadata.name%3D").expect("a name").to_owned());
        let labelled = query.get("labelSelector").map(|labels| {
            let (key, value) = labels.split_once("%3D").expect("a label");
            (key.to_owned(), value.to_owned())
        });
        let accept = head.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        Self { plural, namespace, object, selected, labelled, is_metadata: accept.contains("as=PartialObjectMetadata"), query }
    }

    fn query(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    fn wants(&self, plural: &str, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let is = |wanted: &Option<String>, key: &str| wanted.as_deref().is_none_or(|wanted| metadata[key] == wanted);
        let is_labelled = self.labelled.as_ref().is_none_or(|(key, value)| metadata["labels"][key] == *value);
        plural == self.plural && is(&self.namespace, "namespace") && is(&self.selected, "name") && is_labelled
    }

    /// As much of an object as was asked for.
    fn shown(&self, object: &Value) -> Value {
        if self.is_metadata {
            return json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] });
        }
        object.clone()
    }
}

/// A line of a watch.
pub(crate) fn line(event: &str, object: &Value) -> Bytes {
    format!("{}\n", json!({ "type": event, "object": object })).into()
}

/// A line that tells of an error.
pub(crate) fn error_line(code: u16) -> Bytes {
    line("ERROR", &status(code))
}

fn status(code: u16) -> Value {
    json!({ "kind": "Status", "status": "Failure", "code": code, "message": format!("scripted {code}") })
}

fn says(code: u16) -> Answer {
    whole(code, &status(code))
}

fn whole(code: u16, body: &Value) -> Answer {
    let frame = Ok(Frame::data(Bytes::from(body.to_string())));
    let mut answer = Response::new(StreamBody::new(stream::iter([frame]).boxed()));
    *answer.status_mut() = StatusCode::from_u16(code).expect("a code");
    answer
}
