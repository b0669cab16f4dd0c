//! A scripted API server in process: objects, server-side apply in the little that the tests need, and refusals on demand.
//! For tests only. Its clock is moved by hand, so that minutes pass at once.

use super::Clock;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes};
use kube::{Client, client::Body};
use parking_lot::Mutex;
use pointsman_core::model::clock::{Mono, SECOND, Wall};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Server and clock, shared by everything that talks to it.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    nanos: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    versions: u64,
    log: Vec<String>,
    refusals: Vec<Refusal>,
    pruned: Option<&'static str>,
    /// What somebody puts there right after the next look at it.
    meanwhile: Option<(String, Value)>,
}

/// Answers instead of the server's own, to requests whose line contains a text.
struct Refusal {
    matches: String,
    times: usize,
    code: u16,
    details: Value,
}

impl Fake {
    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |req: Request<Body>| {
            let fake = fake.clone();
            async move { Ok::<_, Infallible>(fake.answer(req).await) }
        });
        Client::new(service, "default")
    }

    pub(crate) fn clock(&self) -> Clock {
        let nanos = Arc::clone(&self.nanos);
        Arc::new(move || {
            let now = nanos.load(Ordering::Relaxed);
            (Mono(now), Wall::from_secs(1_790_000_000).plus(Duration::from_nanos(now)))
        })
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).expect("short"), Ordering::Relaxed);
    }

    pub(crate) fn secs(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed) / SECOND
    }

    /// Refuses so many requests whose line contains `matches`.
    pub(crate) fn refuse(&self, matches: &str, times: usize, code: u16, details: Value) {
        self.state.lock().refusals.push(Refusal { matches: matches.into(), times, code, details });
    }

    /// Refuses nothing any more.
    pub(crate) fn recover(&self) {
        self.state.lock().refusals.clear();
    }

    /// Drops a field from every status, as a schema does that does not know it.
    pub(crate) fn prune(&self, field: &'static str) {
        self.state.lock().pruned = Some(field);
    }

    /// The requests since the last call: second, method, what, answer.
    pub(crate) fn log(&self) -> String {
        std::mem::take(&mut self.state.lock().log).join("\n")
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        let mut state = self.state.lock();
        let object = state.stamped(object);
        state.objects.insert(path.into(), object);
    }

    /// Somebody puts it there between the next look at it and the write that follows.
    pub(crate) fn put_after_look(&self, path: &str, object: Value) {
        self.state.lock().meanwhile = Some((path.into(), object));
    }

    pub(crate) fn remove(&self, path: &str) {
        self.state.lock().objects.remove(path);
    }

    pub(crate) fn object(&self, path: &str) -> Option<Value> {
        self.state.lock().objects.get(path).cloned()
    }

    /// The names of everything that stands there.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.lock().objects.keys().cloned().collect()
    }

    async fn answer(&self, req: Request<Body>) -> Response<Full<Bytes>> {
        let (head, body) = req.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let path = short(head.uri.path());
        let secs = self.secs();
        let mut state = self.state.lock();
        let line = format!("{} {path}", head.method);
        let (code, answer) = match state.refusal(&line) {
            Some(refused) => refused,
            None => state.serve((head.method.as_str(), &path), head.uri.query().unwrap_or(""), body),
        };
        if let Some((path, object)) = state.meanwhile.take_if(|(of, _)| head.method == "GET" && *of == path) {
            state.keep(&path, object);
        }
        state.log.push(format!("{secs} {line} {code}"));
        let body = Full::new(Bytes::from(answer.to_string()));
        Response::builder().status(code).body(body).expect("a code and a body")
    }
}

impl State {
    fn refusal(&mut self, line: &str) -> Option<(u16, Value)> {
        let refusal = self.refusals.iter_mut().find(|refusal| refusal.times > 0 && line.contains(&refusal.matches))?;
        refusal.times -= 1;
        Some((refusal.code, status(refusal.code, refusal.details.clone())))
    }

    fn serve(&mut self, (method, path): (&str, &str), query: &str, body: Value) -> (u16, Value) {
        let is_apply = query.contains("fieldManager=");
        match method {
            "GET" => match self.objects.get(path) {
                Some(object) => (200, object.clone()),
                None if !path.contains('/') => self.list(path),
                None => (404, status(404, Value::Null)),
            },
            "PATCH" if path.ends_with("/status") => self.apply_status(path.trim_end_matches("/status"), &body),
            "PATCH" if is_apply => self.apply(path, body),
            "PATCH" => match self.objects.remove(path) {
                Some(mut object) => {
                    merge(&mut object, &body);
                    self.keep(path, object)
                }
                None => (404, status(404, Value::Null)),
            },
            "POST" => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap_or(""));
                if self.objects.contains_key(&path) { (409, status(409, Value::Null)) } else { self.keep(&path, body) }
            }
            "PUT" => match self.objects.get(path) {
                None => (404, status(404, Value::Null)),
                Some(old) if old["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] => {
                    (409, status(409, Value::Null))
                }
                Some(_) => self.keep(path, body),
            },
            "DELETE" => {
                let uid = &body["preconditions"]["uid"];
                match self.objects.get(path) {
                    None => (404, status(404, Value::Null)),
                    Some(old) if !uid.is_null() && old["metadata"]["uid"] != *uid => (409, status(409, Value::Null)),
                    Some(_) => (200, self.objects.remove(path).unwrap_or_default()),
                }
            }
            _ => (405, status(405, Value::Null)),
        }
    }

    fn list(&self, plural: &str) -> (u16, Value) {
        let items: Vec<&Value> =
            self.objects.iter().filter(|(path, _)| path.starts_with(&format!("{plural}/"))).map(|(_, o)| o).collect();
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
    }

    fn apply_status(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let Some(mut object) = self.objects.get(path).cloned() else { return (404, status(404, Value::Null)) };
        // As a real one: it compares this, and not the uid.
        let version = &body["metadata"]["resourceVersion"];
        if !version.is_null() && object["metadata"]["resourceVersion"] != *version {
            return (409, status(409, Value::Null));
        }
        object["status"] = body["status"].clone();
        if let (Some(field), Some(status)) = (self.pruned, object["status"].as_object_mut()) {
            status.remove(field);
        }
        self.keep(path, object)
    }

    fn apply(&mut self, path: &str, mut body: Value) -> (u16, Value) {
        let version = &body["metadata"]["resourceVersion"];
        if !version.is_null() && self.objects.get(path).is_none_or(|old| old["metadata"]["resourceVersion"] != *version) {
            return (409, status(409, Value::Null));
        }
        if let Some(old) = self.objects.get(path) {
            body["metadata"]["uid"] = old["metadata"]["uid"].clone();
            body["status"] = old["status"].clone();
        }
        body["metadata"]["managedFields"] = json!([{"manager": "pointsman", "operation": "Apply"}]);
        self.keep(path, body)
    }

    fn keep(&mut self, path: &str, object: Value) -> (u16, Value) {
        let object = self.stamped(object);
        self.objects.insert(path.into(), object.clone());
        (200, object)
    }

    fn stamped(&mut self, mut object: Value) -> Value {
        self.versions += 1;
        object["metadata"]["resourceVersion"] = json!(self.versions.to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.versions));
        }
        object
    }
}

/// `telemetryviews/ns/name/status` of a path of the API.
fn short(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let at = if parts.first() == Some(&"api") { 2 } else { 3 };
    match parts.get(at..).unwrap_or_default() {
        ["namespaces", namespace, plural, rest @ ..] => [&[*plural, *namespace], rest].concat().join("/"),
        rest => rest.join("/"),
    }
}

fn status(code: u16, details: Value) -> Value {
    let message = format!("refused with {code}");
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        429 => "TooManyRequests",
        _ => "",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details,
    })
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            into.as_object_mut().expect("made one above").remove(key);
        } else {
            merge(&mut into[key], value);
        }
    }
}
