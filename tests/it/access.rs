//! Who may read, as readers see it: the whole process on loopback, without an API server that could be asked.
//! Rules and their order are tested beside `app::access`; here are flags, refusals to start, and what stays open.

pub(crate) mod rows;

use crate::support::{Pointsman, http, run};
use std::fs;
use tempfile::TempDir;

const RULES: &str = "authorization:\n  static:\n  - {path: /metrics, resourceRequest: false, verb: get, user: {name: scraper}}\n";
const TOKEN: (&str, &str) = ("authorization", "Bearer s3cret-of-a-reader");

/// A file of rules, and the flag that names it.
fn rules(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("rules.yaml");
    fs::write(&file, text).expect("the file is written");
    let flag = format!("--config-file={}", file.display());
    (folder, flag)
}

/// Scenario: rules on loopback; readers without a word, with a token, with forged headers, on every kind of path.
/// Guarantees: krp 1, 9, 10, 47: whoever shows nothing is 401 everywhere, and so is a token, where nobody will ever judge any; probes
/// and senders are not asked; no answer names anything.
#[test]
fn krp_01_who_shows_nothing_reads_nothing() {
    let (_folder, flag) = rules(RULES);
    let server = Pointsman::start(&[&flag]);
    let forged = [("x-remote-user", "admin"), ("x-remote-group", "system:masters")];
    for path in ["/", "/metrics", "/metrics/self", "/%6detrics", "/api/v1/overview", "/api/v1/views", "/nothing", "/metrics/"] {
        let reply = http(server.read, "GET", path, &forged, b"");
        assert_eq!((reply.status, reply.text().as_str()), (401, "unauthorized\n"), "{path}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{path}");
        let reply = http(server.read, "GET", path, &[TOKEN], b"");
        assert_eq!((reply.status, reply.text().as_str()), (401, "unauthorized\n"), "{path}");
    }
    for path in ["//metrics", "/x/../metrics", "/livez/../metrics", "/livez/..%2fmetrics", "/metrics%00"] {
        let reply = http(server.read, "GET", path, &[TOKEN], b"");
        assert_eq!((reply.status, reply.header("location")), (404, None), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        assert_eq!(http(server.read, method, "/metrics", &[], b"").status, 401, "{method}");
    }
    for path in ["/livez", "/healthz", "/readyz"] {
        assert_eq!(http(server.read, "GET", path, &[], b"").status, 200, "{path}");
    }
    assert_eq!(server.push_json("/v1/metrics", r#"{"resourceMetrics":[]}"#).status, 200);
}

/// Scenario: only some paths are there; some are open; no flag about access.
/// Guarantees: krp 32, 33, 36: 404 before anybody is asked; open paths are served as ever; without a flag all are.
#[test]
fn krp_36_paths_are_hidden_or_open_as_said() {
    let (_folder, flag) = rules(RULES);
    let hidden = Pointsman::start(&[&flag, "--allow-paths=/metrics"]);
    let status = |server: &Pointsman, path: &str| http(server.read, "GET", path, &[], b"").status;
    assert_eq!(["/metrics", "/metrics/self", "/", "/livez"].map(|path| status(&hidden, path)), [401, 404, 404, 200]);
    let open = Pointsman::start(&["--auth-token-audiences=pointsman", "--ignore-paths=/metrics,/api/*/overview"]);
    let paths = ["/metrics", "/metrics/self", "/api/v1/overview", "/api/v1/views", "/metrics?x=1"];
    assert_eq!(paths.map(|path| status(&open, path)), [200, 401, 200, 401, 200]);
    let free = Pointsman::start(&[]);
    assert_eq!(["/metrics", "/metrics/self", "/api/v1/views"].map(|path| status(&free, path)), [200, 200, 200]);
}

/// Scenario: a file with several mistakes, a missing one, a bad pattern, both kinds of patterns, another authenticator.
/// Guarantees: krp 40, 41, 46: the process refuses to start, and says every mistake where it is.
#[test]
fn krp_41_mistakes_refuse_the_start() {
    let (_folder, flag) =
        rules("authorization:\n  statik: []\n  static:\n  - {verb: get}\n  - {path: /m, resourceRequest: true}\n");
    let start = |flags: &[&str]| {
        let addresses = ["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"];
        let (code, _, stderr) = run(&[&addresses[..], flags].concat(), &[]);
        assert_eq!(code, 2, "{flags:?}: {stderr}");
        stderr
    };
    let listen = "--insecure-listen-address=127.0.0.1:0";
    let all = start(&[listen, &flag, "--allow-paths=[]a]"]);
    for part in ["rules.yaml:2:3", "statik", "rules.yaml:4:5", "rules.yaml:5:5", "`[]a]` is no pattern"] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
    assert!(start(&[listen, "--config-file=/nowhere/rules.yaml"]).contains("/nowhere/rules.yaml"));
    assert!(start(&[listen, "--config-file=x", "--allow-paths=/a", "--ignore-paths=/b"]).contains("not both"));
    assert!(start(&[listen, "--oidc-issuer=https://a"]).contains("another authenticator"));
    assert!(start(&["--insecure-listen-address=0.0.0.0:0", &flag]).contains("is not loopback"));
    assert!(start(&["--secure-listen-address=127.0.0.1:0"]).contains("--secure-listen-address"));
}

/// Scenario: the flags of a pod that ran kube-rbac-proxy, a rule for everybody, everything logged; a token is shown.
/// Guarantees: krp 43, 48: one warning names what has no effect, one the rule; no line at any level holds the token.
#[test]
fn krp_43_warnings_are_said_and_tokens_are_not() {
    let (_folder, flag) = rules("authorization: {static: [{path: /metrics, verb: get}]}");
    let addresses = ["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0", "--insecure-listen-address=127.0.0.1:0"];
    let proxy = ["--upstream=http://127.0.0.1:8797", "--logtostderr=true", "--v=10", "--log=trace", &flag];
    let mut server = Pointsman::start_as(&[&addresses[..], &proxy].concat(), &[]);
    let warning = server.wait_for_log("these flags are for a proxy and have no effect here");
    assert_eq!(warning["flags"], "--logtostderr --upstream --v");
    let rule =
        server.wait_for_log("a static rule names neither a user nor a group: it is for everybody who has proved who they are");
    assert_eq!(rule["rule"], 1);
    assert_eq!(http(server.read, "GET", "/metrics", &[TOKEN], b"").status, 401);
    assert_eq!(http(server.read, "GET", "/metrics", &[TOKEN, TOKEN], b"").status, 401);
    let logs = server.logs();
    assert!(!logs.iter().any(|line| line.contains("s3cret")), "a token is in a log");
    assert_eq!(logs.iter().filter(|line| line.contains("have no effect here")).count(), 1);
}
