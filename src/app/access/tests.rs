use super::{Asked, Glob, Guard, Judge, Rules, ShownPaths, Unavailable, User, guarded};
use crate::{
    app::clock::Clock,
    auth::access::{Attributes, Oracle, Patience, Resource, Target, Token, config, judge::Nobody, rules::SCRAPER},
};
use axum::{Router, body::Body, extract::Request, response::Response};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use std::sync::Arc;
use tower::ServiceExt;

const S: &str = "authorization: {static: [{path: /metrics, resourceRequest: false, verb: get, user: {name: 'system:serviceaccount:openshift-monitoring:prometheus-k8s'}}]}";
const R: &str = "authorization:\n  rewrites: {byQueryParameter: {name: namespace}}\n  resourceAttributes: {resource: namespaces, subresource: metrics, namespace: '{{ .Value }}'}";
const H: &str = "authorization:\n  rewrites: {byQueryParameter: {name: namespace}, byHttpHeader: {name: x-ns}}\n  resourceAttributes: {resource: pods, namespace: '{{ .Value }}'}";
const G: &str = "authorization: {static: [{path: /metrics, verb: get, user: {groups: [ops]}}]}";
const M: &str =
    "authorization: {resourceAttributes: {apiVersion: v1, resource: namespace, subresource: metrics, namespace: openshift-mco}}";

/// What the API server knows, and what it was asked.
#[derive(Default)]
struct Script {
    away: bool,
    asked: Mutex<Vec<(User, Attributes)>>,
    tokens: Mutex<usize>,
}

impl Oracle for Script {
    fn user<'a>(&'a self, token: &'a Token, _: &'a Patience) -> BoxFuture<'a, Result<Option<User>, Unavailable>> {
        *self.tokens.lock() += 1;
        let named = |name: &str, groups: &[&str]| User {
            name: name.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..User::default()
        };
        let answer = match token.reveal() {
            _ if self.away => Err(Unavailable { retry_secs: 7 }),
            "good" => Ok(Some(named("reader", &["readers"]))),
            "scraper" => Ok(Some(named(SCRAPER, &[]))),
            "ops" => Ok(Some(named("op", &["ops"]))),
            "nameless" => Ok(Some(User::default())),
            _ => Ok(None),
        };
        Box::pin(async { answer })
    }

    fn may<'a>(&'a self, user: &'a User, what: &'a Attributes, _: &'a Patience) -> BoxFuture<'a, Result<bool, Unavailable>> {
        self.asked.lock().push((user.clone(), what.clone()));
        let allowed = match &what.target {
            Target::Path(path) => ["/metrics", "/free", "/pointsman/api/v1/views", "/api/v1/flow"].contains(&path.as_str()),
            Target::Resource(resource) => ["default", "openshift-mco"].contains(&resource.namespace.as_str()),
        };
        let answer = if self.away {
            Err(Unavailable { retry_secs: 7 })
        } else {
            Ok(allowed && user.name == "reader" && what.verb == "get")
        };
        Box::pin(async move { answer })
    }
}

fn globs(all: &[&str]) -> Vec<Glob> {
    all.iter().map(|glob| Glob::read(glob).expect("a glob")).collect()
}

fn judge(cfg: &str, oracle: Arc<dyn Oracle>) -> Judge {
    let (text, shown, scraper) = match cfg {
        "R" => (R, ShownPaths::All, false),
        "H" => (H, ShownPaths::All, false),
        "G" => (G, ShownPaths::All, false),
        "M" => (M, ShownPaths::All, false),
        "A" => (S, ShownPaths::Only(globs(&["/metrics", "/api/*/x"])), false),
        "I" => (S, ShownPaths::Open(globs(&["/healthz", "/open/*"])), false),
        "O" => ("authorization: {}", ShownPaths::All, true),
        "N" => ("authorization: {}", ShownPaths::All, false),
        _ => (S, ShownPaths::All, false),
    };
    let rules = config::read("access.yaml", text).expect("rules");
    Judge { rules: Rules { scraper, ..rules }, shown, oracle, refusals: Arc::default() }
}

/// The layer, and behind it a stub that answers 200 on any path with the request that it saw.
async fn ask(cfg: &str, oracle: Arc<dyn Oracle>, (method, uri): (&str, &str), headers: &[(&str, &str)]) -> Response {
    let stub = |request: Request| async move { format!("{} {:?}", request.uri(), request.headers()) };
    let inner = Router::new().fallback(stub);
    let app = guarded(Guard { judge: judge(cfg, oracle), clock: Clock::start() }, inner);
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

fn headers_of(who: &str) -> Vec<(&'static str, String)> {
    match who {
        "-" => vec![],
        "lower" => vec![("authorization", "bearer good".into())],
        "basic" => vec![("authorization", "Basic Z29vZDpnb29k".into())],
        "empty" => vec![("authorization", "Bearer ".into())],
        "bare" => vec![("authorization", "good".into())],
        "two" => vec![("authorization", "Bearer good".into()), ("authorization", "Bearer good".into())],
        "words" => vec![("authorization", "Bearer good good".into())],
        "forged" => vec![("x-remote-user", "admin".into()), ("x-remote-group", "system:masters".into())],
        "good+ns" => vec![("authorization", "Bearer good".into()), ("x-ns", "default".into())],
        "good+other" => vec![("authorization", "Bearer good".into()), ("x-ns", "other".into())],
        "good+both" => vec![("authorization", "Bearer good".into()), ("x-ns", "default".into()), ("x-ns", "other".into())],
        "good+void" => vec![("authorization", "Bearer good".into()), ("x-ns", String::new())],
        token => vec![("authorization", format!("Bearer {token}"))],
    }
}

/// A row: row of the table, configuration, who (`!` before it = the API server is away), method, URL, answer, questions of rights.
type Row = (u32, &'static str, &'static str, &'static str, &'static str, u16, usize);

const ROWS: &[Row] = &[
    (1, "S", "-", "GET", "/metrics", 401, 0),
    (1, "S", "-", "GET", "/other", 401, 0),
    (1, "S", "-", "POST", "/metrics", 401, 0),
    (1, "R", "-", "GET", "/metrics?namespace=default", 401, 0),
    (1, "N", "-", "GET", "/", 401, 0),
    (1, "N", "-", "GET", "/metrics/self", 401, 0),
    (1, "N", "-", "GET", "/api/v1/views", 401, 0),
    // What Kubernetes allows everybody of its own server is not allowed of ours.
    (34, "N", "good", "GET", "/api/v1/views", 200, 1),
    (34, "N", "good", "GET", "/api/v1/flow", 403, 1),
    // A page is asked about as its twin.
    (34, "N", "good", "GET", "/views", 200, 1),
    (34, "N", "good", "GET", "/views/ns/name", 403, 1),
    (34, "N", "good", "GET", "/flow", 403, 1),
    (34, "N", "good", "GET", "/", 403, 1),
    (34, "N", "-", "GET", "/assets/style.css", 401, 0),
    (2, "S", "unknown", "GET", "/metrics", 401, 0),
    (2, "S", "empty", "GET", "/metrics", 401, 0),
    (2, "S", "basic", "GET", "/metrics", 401, 0),
    (2, "S", "bare", "GET", "/metrics", 401, 0),
    (2, "S", "two", "GET", "/metrics", 401, 0),
    (2, "S", "words", "GET", "/metrics", 401, 0),
    (2, "S", "nameless", "GET", "/metrics", 401, 0),
    (3, "S", "lower", "GET", "/metrics", 200, 1),
    (4, "S", "good", "GET", "/metrics", 200, 1),
    (4, "S", "scraper", "GET", "/metrics", 200, 0),
    (4, "N", "good", "GET", "/metrics", 200, 1),
    (4, "N", "good", "GET", "/free", 200, 1),
    (4, "N", "scraper", "GET", "/metrics", 403, 1),
    (5, "S", "good", "GET", "/other", 403, 1),
    (5, "S", "scraper", "GET", "/other", 403, 1),
    (5, "S", "scraper", "GET", "/metrics/self", 403, 1),
    (5, "S", "good", "GET", "/", 403, 1),
    (6, "S", "good", "HEAD", "/metrics", 200, 1),
    (6, "S", "scraper", "HEAD", "/metrics", 200, 0),
    (6, "S", "good", "HEAD", "/other", 403, 1),
    (6, "S", "-", "HEAD", "/metrics", 401, 0),
    (7, "S", "good", "POST", "/metrics", 405, 0),
    (7, "S", "good", "PUT", "/metrics", 405, 0),
    (7, "S", "good", "PATCH", "/metrics", 405, 0),
    (7, "S", "good", "DELETE", "/metrics", 405, 0),
    (7, "S", "unknown", "POST", "/metrics", 401, 0),
    (8, "S", "good", "OPTIONS", "/metrics", 405, 0),
    (8, "S", "good", "TRACE", "/metrics", 405, 0),
    (8, "S", "good", "get", "/metrics", 405, 0),
    (8, "S", "-", "OPTIONS", "/metrics", 401, 0),
    (9, "S", "good", "GET", "//metrics", 404, 0),
    (9, "S", "good", "GET", "/x/../metrics", 404, 0),
    (9, "S", "-", "GET", "/x/../metrics", 404, 0),
    (9, "S", "good", "GET", "/./metrics", 404, 0),
    (9, "S", "good", "GET", "/metrics//", 404, 0),
    (9, "S", "good", "GET", "/%2e%2e/metrics", 404, 0),
    (9, "S", "good", "GET", "/%2Fmetrics", 404, 0),
    (9, "S", "good", "GET", "/metrics%00", 404, 0),
    (9, "S", "good", "GET", "/metrics%", 404, 0),
    (9, "S", "good", "GET", "/%FF", 404, 0),
    (10, "S", "good", "GET", "/metrics/", 404, 0),
    (10, "S", "scraper", "GET", "/metrics/", 404, 0),
    (10, "S", "-", "GET", "/metrics/", 401, 0),
    (10, "S", "good", "POST", "/metrics/", 404, 0),
    (11, "S", "good", "GET", "/%6detrics", 200, 1),
    (11, "S", "scraper", "GET", "/%6Detrics", 200, 0),
    (11, "S", "good", "GET", "/%256detrics", 403, 1),
    (12, "S", "good", "GET", "/metrics?x=1", 200, 1),
    (12, "S", "scraper", "GET", "/metrics?x=/../..", 200, 0),
    (17, "G", "good", "GET", "/metrics", 200, 1),
    (17, "G", "scraper", "GET", "/metrics", 403, 1),
    (17, "G", "ops", "GET", "/metrics", 200, 0),
    (17, "G", "ops", "GET", "/other", 403, 1),
    (18, "S", "!good", "GET", "/metrics", 503, 0),
    (20, "S", "!unknown", "GET", "/metrics", 503, 0),
    (20, "S", "!-", "GET", "/metrics", 401, 0),
    (20, "S", "!good", "GET", "/x/../metrics", 404, 0),
    (20, "S", "!good", "POST", "/metrics", 503, 0),
    (24, "S", "forged", "GET", "/metrics", 401, 0),
    (25, "R", "good", "GET", "/metrics", 400, 0),
    (25, "R", "good", "GET", "/metrics?namespaces=default", 400, 0),
    (25, "R", "good", "GET", "/metrics?Namespace=default", 400, 0),
    (25, "R", "good", "GET", "/metrics?other=1", 400, 0),
    (25, "R", "good", "POST", "/metrics", 405, 0),
    (25, "R", "unknown", "GET", "/metrics", 401, 0),
    (26, "R", "good", "GET", "/metrics?namespace=default", 200, 1),
    (26, "R", "good", "GET", "/metrics?a=b&namespace=default", 200, 1),
    (26, "R", "good", "GET", "/metrics?name%73pace=d%65fault", 200, 1),
    (26, "R", "good", "HEAD", "/metrics?namespace=default", 200, 1),
    (26, "R", "good", "GET", "/anything?namespace=default", 200, 1),
    (27, "R", "good", "GET", "/metrics?namespace=other", 403, 1),
    (27, "R", "good", "GET", "/metrics?namespace=default%20", 403, 1),
    (27, "R", "good", "GET", "/metrics?namespace=%7B%7B%20.Value%20%7D%7D", 403, 1),
    (28, "R", "good", "GET", "/metrics?namespace=default&namespace=other", 403, 2),
    (28, "R", "good", "GET", "/metrics?namespace=other&namespace=default", 403, 1),
    (28, "R", "good", "GET", "/metrics?namespace=default&namespace=default", 200, 2),
    (29, "R", "good", "GET", "/metrics?namespace=", 400, 0),
    (29, "R", "good", "GET", "/metrics?namespace", 400, 0),
    (29, "R", "good", "GET", "/metrics?namespace=default&namespace=", 400, 0),
    (30, "R", "elsewhere", "GET", "/metrics?namespace=default", 401, 0),
    (25, "H", "good", "GET", "/metrics", 400, 0),
    (26, "H", "good+ns", "GET", "/metrics", 200, 1),
    (26, "H", "good", "GET", "/metrics?namespace=default", 200, 1),
    (27, "H", "good+other", "GET", "/metrics", 403, 1),
    (28, "H", "good+other", "GET", "/metrics?namespace=default", 403, 2),
    (28, "H", "good+both", "GET", "/metrics", 403, 2),
    (28, "H", "good+ns", "GET", "/metrics?namespace=default", 200, 2),
    (29, "H", "good+void", "GET", "/metrics", 400, 0),
    (29, "H", "good+void", "GET", "/metrics?namespace=default", 400, 0),
    (32, "A", "-", "GET", "/other", 404, 0),
    (32, "A", "good", "GET", "/other", 404, 0),
    (32, "A", "-", "GET", "/", 404, 0),
    (32, "A", "-", "GET", "/metrics/self", 404, 0),
    (32, "A", "-", "GET", "/metrics/", 404, 0),
    (33, "A", "-", "GET", "/metrics", 401, 0),
    (33, "A", "-", "GET", "/%6detrics", 401, 0),
    (33, "A", "good", "GET", "/metrics", 200, 1),
    (34, "A", "good", "GET", "/api/v1/x", 403, 1),
    (34, "A", "-", "GET", "/api/v1/x", 401, 0),
    (35, "A", "good", "GET", "/api/v1/y/x", 404, 0),
    (35, "A", "good", "GET", "/api/v1%2Fy/x", 404, 0),
    (35, "A", "good", "GET", "/api//x", 404, 0),
    (36, "I", "-", "GET", "/healthz", 200, 0),
    (36, "I", "-", "GET", "/open/a", 200, 0),
    (36, "I", "-", "POST", "/open/a", 200, 0),
    (36, "I", "!good", "GET", "/open/a", 200, 0),
    (37, "I", "-", "GET", "/open/a/b", 401, 0),
    (37, "I", "-", "GET", "/open/a%2fb", 401, 0),
    (37, "I", "-", "GET", "/open", 401, 0),
    (37, "I", "-", "GET", "/metrics", 401, 0),
    (37, "I", "good", "GET", "/metrics", 200, 1),
    (38, "I", "-", "GET", "/open/../metrics", 404, 0),
    (39, "I", "-", "GET", "/open/..%2fmetrics", 404, 0),
    (39, "I", "-", "GET", "/open/%2e%2e%2fmetrics", 404, 0),
    (39, "I", "-", "GET", "/open/%2e%2e", 404, 0),
    (39, "I", "-", "GET", "/open/.", 404, 0),
    (47, "S", "forged", "POST", "/other", 401, 0),
    (0, "M", "good", "GET", "/metrics", 200, 1),
    (0, "M", "scraper", "GET", "/metrics", 403, 1),
    (0, "O", "scraper", "GET", "/metrics", 200, 0),
    (0, "O", "scraper", "HEAD", "/metrics", 200, 0),
    (0, "O", "scraper", "GET", "/metrics/self", 403, 1),
    (0, "O", "good", "GET", "/metrics", 200, 1),
    (0, "O", "ops", "GET", "/metrics", 403, 1),
    (0, "S", "-", "GET", "/livez", 200, 0),
    (0, "S", "!-", "GET", "/readyz", 200, 0),
    (0, "S", "-", "HEAD", "/healthz", 200, 0),
    (0, "A", "-", "GET", "/livez", 200, 0),
    (0, "S", "-", "GET", "/livez/", 401, 0),
    (0, "S", "-", "GET", "/livez/x", 401, 0),
    (0, "S", "-", "GET", "/readyz/../metrics", 404, 0),
];

/// Scenario: every row of the table that a token can play, and more of its kind, at the layer before a stub.
/// Guarantees: the answer, its headers and its one word; how often the API server is asked for rights; a word names nobody.
#[tokio::test]
async fn krp_01_to_48_requests_are_answered_as_the_table_says() {
    for &(row, cfg, who, method, uri, want, questions) in ROWS {
        let script = Arc::new(Script { away: who.starts_with('!'), ..Script::default() });
        let headers = headers_of(who.trim_start_matches('!'));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let oracle: Arc<dyn Oracle> = Arc::clone(&script) as _;
        let response = ask(cfg, oracle, (method, uri), &headers).await;
        let what = format!("krp {row}: {cfg} {who} {method} {uri}");
        assert_eq!(response.status().as_u16(), want, "{what}");
        assert_eq!(script.asked.lock().len(), questions, "{what}: questions");
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!(header("www-authenticate").as_deref(), (want == 401).then_some("Bearer"), "{what}");
        assert_eq!(header("allow").as_deref(), (want == 405).then_some("GET, HEAD"), "{what}");
        assert_eq!(header("retry-after").as_deref(), (want == 503).then_some("7"), "{what}");
        assert_eq!(header("location"), None, "{what}");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let word = match want {
            400 => "bad request\n",
            401 => "unauthorized\n",
            403 => "forbidden\n",
            404 => "not found\n",
            405 => "method not allowed\n",
            503 => "unavailable\n",
            _ => continue,
        };
        assert!(method == "HEAD" || body == word, "{what}: {body:?}");
    }
}

/// Scenario: a request that may go on carries a token and what a proxy would say.
/// Guarantees: krp 11, 47, 48: what is served is what was checked, the query as it came; no token and no word of a proxy goes on.
#[tokio::test]
async fn krp_48_nothing_that_says_who_asks_goes_on() {
    let headers = [("authorization", "Bearer good"), ("x-remote-user", "admin"), ("x-remote-groups", "m"), ("accept", "a/b")];
    let response = ask("S", Arc::new(Script::default()), ("GET", "/%6detrics?a=%41"), &headers).await;
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let seen = String::from_utf8_lossy(&body);
    assert!(seen.starts_with("/metrics?a=%41 "), "{seen}");
    assert!(seen.contains("a/b") && !seen.contains("good") && !seen.contains("x-remote"), "{seen}");
}

/// Scenario: a certificate was shown: of a user with a rule, of another; with a token, and with the API server away.
/// Guarantees: krp 13, 15, 16, 21, 23: the certificate wins; its groups stay in order and `system:authenticated` is the last.
#[tokio::test]
async fn krp_16_a_certificate_is_asked_about_with_its_groups() {
    let by = |name: &str| Some(User { name: name.into(), groups: vec!["b".into(), "a".into()], ..User::default() });
    let rows = [
        (13, by(SCRAPER), "/metrics", false, Ok(()), 0),
        (16, by(SCRAPER), "/other", false, Err("forbidden\n"), 1),
        (16, by("stranger"), "/metrics", false, Err("forbidden\n"), 1),
        (21, by(SCRAPER), "/other", true, Err("unavailable\n"), 1),
        (23, by(SCRAPER), "/metrics", true, Ok(()), 0),
        (14, None, "/metrics", false, Err("unauthorized\n"), 0),
        (0, by(""), "/metrics", false, Err("unauthorized\n"), 0),
    ];
    for (row, shown, path, away, want, questions) in rows {
        let script = Arc::new(Script { away, ..Script::default() });
        let oracle: Arc<dyn Oracle> = Arc::clone(&script) as _;
        let headers = HeaderMap::new();
        let asked = Asked { method: &Method::GET, path, query: &[], headers: &headers, shown };
        let got = judge("S", oracle).judge(&asked).await;
        assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.word().1), want, "krp {row}: {path}");
        assert_eq!((script.asked.lock().len(), *script.tokens.lock()), (questions, 0), "krp {row}: {path}");
        for (user, _) in script.asked.lock().iter() {
            assert_eq!(user.groups, ["b", "a", "system:authenticated"], "krp {row}");
        }
    }
}

/// Scenario: a resource with a value of the request in it; too many values; no API server.
/// Guarantees: each value is one question, all fields are told; more than the cap is 400; without an API server it is 401.
#[tokio::test]
async fn krp_28_each_value_is_a_question() {
    let script = Arc::new(Script::default());
    let good = [("authorization", "Bearer good")];
    ask("R", Arc::clone(&script) as _, ("GET", "/m?namespace=default&namespace=b"), &good).await;
    let targets: Vec<_> = script.asked.lock().iter().map(|(_, what)| what.target.clone()).collect();
    let resource = |namespace: &str| {
        let (resource, subresource) = ("namespaces".into(), "metrics".into());
        Target::Resource(Resource { namespace: namespace.into(), resource, subresource, ..Resource::default() })
    };
    assert_eq!(targets, [resource("default"), resource("b")]);
    let many = format!("/m?{}", "namespace=default&".repeat(pointsman_core::limits::ACCESS_VALUES_MAX + 1));
    assert_eq!(ask("R", Arc::new(Script::default()), ("GET", &many), &good).await.status(), 400);
    let response = ask("S", Arc::new(Nobody), ("GET", "/metrics"), &good).await;
    assert_eq!(response.status(), 401);
}
