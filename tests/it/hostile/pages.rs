//! Names that are markup, or that command a terminal, in everything a sender or an author of views may choose; and what the read
//! side makes of them: answers for machines and browsers, lines of the log, tables in a terminal.
//! Knows no browser: what a browser obeys are the headers and the type of an answer, and those are looked at.

use crate::support::{Pointsman, Reply, http, run, wait};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// Markup that would run where a page took it for its own, and what would end the text that it stands in.
const MARKUP: [&str; 24] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<ScRiPt src=//evil></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<base href=//evil/>",
    "<link rel=stylesheet href=//evil/x.css>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "<object data=data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==>",
    "<!--<img src=--><img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "'-alert(1)-'",
    "\" onfocus=alert(1) autofocus x=\"",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "]]><script>alert(1)</script>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
];

/// What commands a terminal, forges a line of a log, or turns text around: colours, titles, the clipboard, C1, ends of lines.
const COMMANDS: [&str; 12] = [
    "a\u{1b}[31mred",
    "a\u{1b}]0;title\u{7}b",
    "a\u{1b}]52;c;ZXZpbA==\u{1b}\\b",
    "a\u{1b}[2J\u{1b}[Hgone",
    "a\u{9b}31mred",
    "a\u{9d}0;title\u{9c}b",
    "a\u{8}\u{8}\u{8}b",
    "a\rb",
    "a\n{\"level\":\"ERROR\",\"message\":\"forged\"}\nb",
    "a\u{85}b\u{c}c\u{b}d",
    "a\u{7f}b",
    "a\u{2028}b\u{2029}c\u{202e}d",
];

/// Lists of the JSON API: everything that was sent has some place in one of them.
const LISTS: [&str; 8] = ["components", "views", "catalog", "consumers", "flow", "traces", "health", "faults"];
const TIME: &str = "1700000000000000000";

fn evil() -> impl Iterator<Item = &'static str> {
    MARKUP.into_iter().chain(COMMANDS)
}

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
}

/// Metrics of a component that is called so in everything it may choose; and a clash of two names, which is logged.
fn metrics(text: &str) -> Value {
    let resource = attributes(&[
        ("service.name", text),
        ("service.namespace", text),
        ("service.version", text),
        ("service.instance.id", text),
        ("k8s.namespace.name", text),
        ("k8s.deployment.name", text),
    ]);
    let point = json!([{"asInt": 1, "timeUnixNano": TIME, "attributes": attributes(&[("label", text), (text, "value")])}]);
    let counter = json!({"isMonotonic": true, "aggregationTemporality": 2, "dataPoints": point});
    let metrics = json!([
        {"name": text, "unit": text, "description": text, "gauge": {"dataPoints": point}},
        {"name": format!("clash.{text}.total"), "gauge": {"dataPoints": point}},
        {"name": format!("clash.{text}"), "sum": counter},
    ]);
    let scope = json!({"name": text, "version": text, "attributes": attributes(&[(text, text)])});
    json!({"resourceMetrics": [{"resource": {"attributes": resource}, "scopeMetrics": [{"scope": scope, "metrics": metrics}]}]})
}

fn spans(text: &str, at: usize) -> Value {
    let span = json!({
        "traceId": format!("{:032x}", at + 1), "spanId": format!("{:016x}", at + 1), "name": text, "kind": 1,
        "startTimeUnixNano": TIME, "endTimeUnixNano": TIME, "attributes": attributes(&[("label", text), (text, text)]),
        "status": {"code": 2, "message": text}, "traceState": text,
        "events": [{"timeUnixNano": TIME, "name": text}],
    });
    let resource = json!({"attributes": attributes(&[("service.name", text)])});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": text}, "spans": [span]}]}]})
}

/// A view that says the text wherever an author may; names that are none make it refused, and the refusal says them.
fn view(text: &str, name: &str) -> String {
    let view = json!({
        "apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"reason": text, "metrics": [
            {"name": text, "match": {"instruments": [text]}, "state": "Disabled", "attributes": {"drop": [text]}},
        ]},
    });
    view.to_string() + "\n"
}

/// A server that is told all these texts, with a folder of views that say them.
fn server(folder: &Path, evil: &[&str]) -> Pointsman {
    for (at, text) in evil.iter().enumerate() {
        fs::write(folder.join(format!("good{at}.yaml")), view(text, &format!("v{at}"))).expect("the folder is ours");
        fs::write(folder.join(format!("bad{at}.yaml")), view(text, text)).expect("the folder is ours");
        let unknown = format!("apiVersion: pointsman.dev/v1alpha1\nkind: {}\n", json!(text));
        fs::write(folder.join(format!("unknown{at}.yaml")), unknown).expect("the folder is ours");
    }
    // A slash is all that the name of a file may not have.
    for text in evil.iter().filter(|text| !text.contains('/')) {
        fs::write(folder.join(format!("{text}.yaml")), "kind: [\n").expect("the folder is ours");
    }
    let server = Pointsman::start(&["--views", &folder.display().to_string(), "--log", "debug"]);
    wait("the views", || (server.get("/readyz").status == 200).then_some(()));
    for (at, text) in evil.iter().enumerate() {
        for (path, body) in [("/v1/metrics", metrics(text)), ("/v1/traces", spans(text, at))] {
            let reply = server.push_json(path, &body.to_string());
            assert_eq!(reply.status, 200, "{text:?}: {}", reply.text());
        }
    }
    server
}

/// Every byte that is no letter or digit, as a URL writes it.
fn encoded(text: &str) -> String {
    let one = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["/", "/metrics", "/metrics/self", "/api/v1/overview"].map(str::to_owned).into();
    paths.extend(LISTS.map(|list| format!("/api/v1/{list}")));
    paths.extend(["/catalog", "/components", "/views", "/health", "/errors/PM0104"].map(str::to_owned));
    for text in evil().map(encoded) {
        paths.extend([
            format!("/{text}"),
            format!("/api/v1/components/{text}/{text}"),
            format!("/api/v1/components/{text}/{text}?metric={text}&drop={text}"),
            format!("/api/v1/views/{text}/{text}"),
            format!("/api/v1/catalog/{text}?component={text}"),
            format!("/api/v1/components?after={text}"),
            format!("/catalog/{text}?component={text}"),
            format!("/catalog?q={text}&component={text}"),
            format!("/components?sort={text}&state={text}&{text}={text}"),
            format!("/components/default/service%2E{text}"),
            format!("/components/{text}/{text}"),
            format!("/views/{text}/{text}"),
            format!("/views/-/{text}"),
            format!("/errors/{text}"),
            format!("/metrics?name[]={text}"),
            format!("/metrics?{text}"),
        ]);
    }
    paths
}

/// Whether this commands something, written out raw.
fn is_command(c: char) -> bool {
    c.is_control()
}

fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            texts(value, into);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is wrong with an answer, whoever chose the names in it. What JSON says is kept.
fn judge(path: &str, reply: &Reply, said: &mut BTreeSet<String>) -> Vec<String> {
    let mut faults = unguarded(reply);
    let body = reply.text();
    match reply.header("content-type") {
        Some("application/json") => {
            if body.bytes().any(|byte| byte < b' ') {
                faults.push("a control byte stands in it raw".to_owned());
            }
            texts(&reply.json(), said);
        }
        Some("text/html; charset=utf-8") => {
            faults.extend(
                body.split('<').skip(1).filter_map(|rest| foreign(rest).map(|what| format!("the page has {what}: <{rest}"))),
            );
        }
        Some(text) if text.starts_with("text/plain;") => {}
        other => faults.push(format!("its type is {other:?}")),
    }
    faults.into_iter().map(|fault| format!("{path}: {fault}")).collect()
}

/// What of a tag is none of ours: its name, an attribute, or where it leads. Text and values have no `<`, `>` or `"` of their own.
fn foreign(rest: &str) -> Option<String> {
    let Some((tag, _)) = rest.split_once('>') else { return Some("a tag without an end".to_owned()) };
    let tag = tag.trim_start_matches('/');
    if ["!doctype html", r#"script src="/assets/script.js" defer"#].contains(&tag) || rest.starts_with("/script>") {
        return None;
    }
    let (name, mut attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
    let known = "html head meta title link body a header img nav ul li main h1 h2 h3 b section span p time div table caption thead tbody tr \
                 th td footer code form label input select option button dl dt dd details summary pre article em strong blockquote ol hr";
    if !known.split_whitespace().any(|known| known == name) {
        return Some(format!("a tag {name:?}"));
    }
    while !attributes.trim().is_empty() {
        attributes = attributes.trim_start();
        let (key, after) = attributes.split_once(['=', ' ']).unwrap_or((attributes, ""));
        let is_bare = ["selected", "defer"].contains(&key.trim());
        let Some((value, after)) = after.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
            if is_bare {
                attributes = after;
                continue;
            }
            return Some(format!("an attribute {key:?} without quotes"));
        };
        let known = "lang charset name content rel href type src class alt width height aria-label aria-current aria-hidden aria-labelledby \
                     id tabindex datetime role scope colspan method action value maxlength data-n";
        if !known.split_whitespace().any(|known| known == key) {
            return Some(format!("an attribute {key:?}"));
        }
        if ["href", "src", "action"].contains(&key) && !(value.starts_with('/') && !value.starts_with("//") || value == "#main") {
            return Some(format!("a link to {value:?}"));
        }
        attributes = after;
    }
    None
}

/// Headers that are missing, or say less than they must.
fn unguarded(reply: &Reply) -> Vec<String> {
    let wanted = [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")];
    let mut faults: Vec<String> = wanted
        .iter()
        .filter(|(name, value)| reply.header(name) != Some(value))
        .map(|(name, _)| format!("{name} is {:?}", reply.header(name)))
        .collect();
    let policy = reply.header("content-security-policy").unwrap_or_default();
    let says: Vec<&str> = policy.split(';').map(str::trim).collect();
    let has = |part: &str| says.contains(&part);
    let is_closed =
        has("default-src 'none'") && has("frame-ancestors 'none'") && has("base-uri 'none'") && has("form-action 'self'");
    let is_closed = is_closed && has("script-src 'self'") && has("style-src 'self'") && says.len() == 8;
    if !is_closed || policy.contains("unsafe") || policy.contains('*') || policy.contains("http") || policy.contains("data:") {
        faults.push(format!("content-security-policy is {policy:?}"));
    }
    faults
}

/// Scenario: components, metrics, labels, scopes, spans, views, rules and files that are called like pages and like commands of a
/// terminal; then every path of the read side, by their names too.
/// Guarantees: JSON says each of them as text, with no control byte in it; the page says none of them; every answer has a type
/// that is not guessed and headers that let nothing run.
#[test]
fn t18_names_are_text_wherever_they_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), &evil().collect::<Vec<_>>());
    let (mut faults, mut said) = (Vec::new(), BTreeSet::new());
    for path in paths() {
        faults.extend(judge(&path, &http(server.read, "GET", &path, &[], b""), &mut said));
    }
    assert!(faults.is_empty(), "{} answers:\n{}", faults.len(), faults.join("\n"));
    let unsaid: Vec<&str> = evil().filter(|evil| !said.contains(*evil)).collect();
    assert!(unsaid.is_empty(), "no answer says {unsaid:?} as it was sent");
}

/// Scenario: the same server, which logs all it can; and a start that is refused for what its settings say.
/// Guarantees: each line of the log is one JSON document of ours, with no control character raw, though names stand in it; nor is
/// there one in the refusal.
#[test]
fn t18_no_name_forges_a_line_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), &[COMMANDS[0], COMMANDS[4], COMMANDS[8]]);
    let escaped = ["clash.a\\u001b[31mred", "clash.a\\u009b31mred", "clash.a\\n{"];
    let said = |text: &str| server.logs().iter().any(|line| line.contains(text));
    wait("each name in the log", || escaped.iter().all(|text| said(text)).then_some(()));
    let lines = server.logs();
    let raw: Vec<&String> = lines.iter().filter(|line| line.chars().any(is_command)).collect();
    assert!(raw.is_empty(), "control characters: {raw:?}");
    for line in &lines {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["level"].is_string() && value["message"] != "forged", "{line}");
    }
    for text in COMMANDS {
        let (code, _, stderr) = run(&["serve", "--listen", text, "--traces-to", text, &format!("--{text}")], &[]);
        let raw: Vec<char> = stderr.chars().filter(|c| is_command(*c) && *c != '\n').collect();
        assert!(code == 2 && raw.is_empty(), "{raw:?} in {stderr:?}");
        assert!(!stderr.lines().any(|line| line.starts_with('{')), "{stderr}");
    }
}

/// Scenario: the verbs that print for people, asked about that server and those files.
/// Guarantees: what a name says is shown, and commands no terminal; the only control character is the end of a line.
#[test]
fn t18_no_name_commands_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), &evil().collect::<Vec<_>>());
    let url = format!("http://{}", server.read);
    let files: Vec<String> = fs::read_dir(folder.path())
        .expect("it lists")
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .collect();
    let mut asked: Vec<Vec<&str>> = vec![
        vec!["get", "components", "--server", &url],
        vec!["get", "views", "--server", &url],
        vec!["catalog", "list", "--server", &url],
        [&["check"][..], &files.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
        [&["check", "-o", "short"][..], &files.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
        [&["diff", "--server", &url][..], &files.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
    ];
    for text in COMMANDS {
        asked.push(vec!["explain", text, "--server", &url]);
        asked.push(vec!["catalog", "show", text, "--server", &url]);
        asked.push(vec!["get", "components", text, "--server", &url]);
        asked.push(vec!["get", "components", "--server", text]);
    }
    let mut shown = String::new();
    for words in asked {
        let (_, stdout, stderr) = run(&words, &[]);
        for (c, text) in [&stdout, &stderr].into_iter().flat_map(|text| text.chars().map(move |c| (c, text))) {
            assert!(!is_command(c) || c == '\n', "{c:?} by {:?} in {text:?}", words.get(..2));
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
        shown += &stdout;
    }
    assert!(shown.contains("[31mred") && shown.contains("<script>"), "the names are shown: {}", shown.len());
}

/// What stands between the quotes of each `.route("…"` of a source.
fn routes(source: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).expect("the source");
    let path = |rest: &str| rest.split('"').next().unwrap_or_default().to_owned();
    text.split(".route(\"").skip(1).map(path).collect()
}

/// Scenario: every path that the sources of the read side name, by each method, and paths that there are not.
/// Guarantees: every answer, also a refusal, tells browsers to run, guess, keep and pass on nothing.
#[test]
fn every_answer_of_the_read_side_is_guarded() {
    let server = Pointsman::start(&[]);
    let mut sources: Vec<String> = Vec::new();
    for folder in ["src/web", "src/web/page"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("it lists");
        let names = entries.filter_map(|entry| entry.expect("an entry").file_name().into_string().ok());
        sources.extend(names.filter(|name| name.ends_with(".rs")).map(|name| format!("{folder}/{name}")));
    }
    sources.push("src/expose/http.rs".to_owned());
    let mut paths: Vec<String> = sources.iter().flat_map(|source| routes(source)).collect();
    assert!(
        ["/", "/metrics", "/metrics/self", "/readyz", "/api/v1/views", "/views/{namespace}/{name}"]
            .iter()
            .all(|path| paths.contains(&(*path).to_owned()))
    );
    paths.iter_mut().for_each(|path| *path = path.replace(['{', '}'], ""));
    paths.extend(["/nowhere", "//metrics", "/api/v1/catalog?after=x", "/metrics?%"].map(str::to_owned));
    let mut faults = Vec::new();
    for path in &paths {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "TRACE"] {
            let reply = http(server.read, method, path, &[], b"");
            faults.extend(unguarded(&reply).into_iter().map(|fault| format!("{method} {path} ({}): {fault}", reply.status)));
        }
    }
    let late = server.get_with("/metrics", &[("x-prometheus-scrape-timeout-seconds", "0.000000001")]);
    faults.extend(unguarded(&late));
    assert_eq!(late.status, 503);
    assert!(faults.is_empty() && paths.len() >= 20, "{} of {} paths:\n{}", faults.len(), paths.len(), faults.join("\n"));
}

/// The lines of a scrape that are not of pointsman itself, which counts the scrapes.
fn others(body: &str) -> String {
    let is_own =
        |line: &str| line.contains("job=\"pointsman\"") || line.contains(" pointsman_") || line.starts_with("pointsman_");
    body.lines().filter(|line| !is_own(line)).fold(String::new(), |all, line| all + line + "\n")
}

/// Who a scraper says that it is, in headers that others believe.
const CLAIMS: [(&str, &str); 12] = [
    ("authorization", "Bearer of-tenant-a"),
    ("authorization", "Basic YTpi"),
    ("cookie", "namespace=a"),
    ("x-remote-user", "a"),
    ("x-remote-group", "system:masters"),
    ("x-forwarded-user", "a"),
    ("x-forwarded-for", "10.0.0.1"),
    ("x-scope-orgid", "a"),
    ("impersonate-user", "a"),
    ("x-namespace", "a"),
    ("from", "a@example.com"),
    ("host", "a"),
];
/// Questions by which others cut a scrape down to a tenant.
const QUESTIONS: [&str; 9] = [
    "",
    "?namespace=a",
    "?namespace=b",
    "?match[]=%7Bnamespace=%22a%22%7D",
    "?tenant=a",
    "?component=a",
    "?job=a/one",
    "?collect[]=a",
    "?namespace[]=a",
];

/// Scenario: two tenants' metrics, scraped by twelve who claim to be somebody, with nine questions that name a tenant each, in two
/// formats; and paths of one namespace.
/// Guarantees: everybody gets the same bytes, all tenants' series in them; there is no scrape of a namespace.
#[test]
fn t34_a_scrape_is_the_same_for_everybody() {
    let server = Pointsman::start(&[]);
    for namespace in ["a", "b"] {
        let resource = attributes(&[("k8s.namespace.name", namespace), ("service.name", "one")]);
        let point = json!([{"asInt": 1, "timeUnixNano": TIME}]);
        let metric = json!({"name": format!("of.{namespace}"), "gauge": {"dataPoints": point}});
        let body = json!({"resourceMetrics": [{"resource": {"attributes": resource}, "scopeMetrics": [{"metrics": [metric]}]}]});
        assert_eq!(server.push_json("/v1/metrics", &body.to_string()).status, 200);
    }
    let mut scrapes = 0;
    for accept in ["text/plain", "application/openmetrics-text;version=1.0.0"] {
        let scrape = |question: &str, claim: &[(&str, &str)]| {
            let headers = [&[("accept", accept)][..], claim].concat();
            let reply = http(server.read, "GET", &format!("/metrics{question}"), &headers, b"");
            assert_eq!((reply.status, reply.complete), (200, true), "{question} {claim:?}: {}", reply.text());
            (others(&reply.text()), reply.header("content-type").map(str::to_owned))
        };
        let all = scrape("", &[]);
        assert!(all.0.contains("\nof_a{") && all.0.contains("\nof_b{"), "{}", all.0);
        for (question, claim) in QUESTIONS.iter().flat_map(|question| CLAIMS.iter().map(move |claim| (question, claim))) {
            assert_eq!(scrape(question, &[*claim]), all, "{question} {claim:?}");
            scrapes += 1;
        }
    }
    assert_eq!(scrapes, 2 * QUESTIONS.len() * CLAIMS.len());
    for path in ["/metrics/a", "/metrics/namespaces/a", "/federate?match[]=up", "/a/metrics", "/api/v1/namespaces/a/metrics"] {
        assert_eq!(http(server.read, "GET", path, &[], b"").status, 404, "{path}");
    }
}
