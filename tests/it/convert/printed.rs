//! What `convert` prints, put to use: its files are read by the reader of `serve`, its arguments start the process.
//! Files that a pod would mount lie in a folder, addresses are free ones of loopback.

use super::{CASES, convert};
use crate::{
    support::{Pointsman, http},
    tls::client::Authority,
};
use pointsman::auth::access::{Attributes, User, config, rules::SCRAPER};
use pointsman_core::view::yaml::{documents, to_json};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// The documents of a stream.
fn parsed(stream: &str) -> Vec<Value> {
    documents(stream).iter().map(|read| to_json(read.as_ref().unwrap_or_else(|error| panic!("{error}:\n{stream}")))).collect()
}

/// The arguments in a stream, wherever they stand, and the file of rules.
fn parts(stream: &str) -> (Vec<String>, Option<String>) {
    let all = parsed(stream);
    let texts =
        |list: &Value| list.as_array().map(|all| all.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect());
    let args = texts(&all[0]).or_else(|| find(&all[0], "args").and_then(texts)).expect("there are arguments");
    let map = all.iter().find(|object| object["kind"] == "ConfigMap");
    let file = map.and_then(|map| {
        map["data"].as_object()?.values().find(|text| text.as_str().is_some_and(|t| t.contains("authorization")))
    });
    (args, file.and_then(Value::as_str).map(str::to_owned))
}

fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
        Value::Array(all) => all.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}

/// What is offered as a comment, put in force.
fn uncommented(stream: &str) -> String {
    let mut is_offer = false;
    let lines = stream.lines().map(|line| {
        let body = line.trim_start();
        if body.contains("So that scrapes go on") {
            is_offer = true;
            return line.to_owned();
        }
        is_offer &= body.starts_with('#');
        let indent = line.split('#').next().unwrap_or_default();
        let is_words = body.starts_with("# ConfigMap");
        body.strip_prefix("# ").filter(|_| is_offer && !is_words).map_or(line.to_owned(), |text| format!("{indent}{text}"))
    });
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// Scenario: every fixture. Guarantees: the stream is YAML; its file of rules is one that `serve` reads.
#[test]
fn every_printed_file_is_one_that_serve_reads() {
    let mut files = 0;
    for (name, args, _) in CASES {
        let (_, out, _) = convert(args, "");
        if let (_, Some(file)) = parts(&out) {
            config::read(name, &file).unwrap_or_else(|faults| panic!("{name}: {faults:?}\n{file}"));
            files += 1;
        }
    }
    assert_eq!(files, CASES.len());
}

/// Scenario: every fixture whose rules leave OpenShift's scraper to the API server; the offered lines are uncommented.
/// Guarantees: then the scraper may, by the rules alone, what a scrape asks for; nobody else may.
#[test]
fn what_is_offered_lets_the_scraper_in_and_nobody_else() {
    let mut offers = 0;
    for (name, args, _) in CASES {
        let (_, out, _) = convert(args, "");
        if !out.contains("So that scrapes go on while the API server is away") {
            continue;
        }
        offers += 1;
        let (args, file) = parts(&uncommented(&out));
        assert!(args.iter().any(|arg| arg.starts_with("--client-ca-file=")), "{name}: {args:?}");
        let file = file.expect("there is a file");
        let rules = config::read(name, &file).unwrap_or_else(|faults| panic!("{name}: {faults:?}\n{file}"));
        let query = [("namespace".to_owned(), "shop".to_owned())];
        let asked = rules.asked(&http::Method::GET, "/metrics", (&query, &http::HeaderMap::new())).expect("it is known");
        let may = |user: &str, verb: &str| {
            let user = User { name: user.to_owned(), ..User::default() };
            let what = asked.iter().map(|what| Attributes { verb: verb.to_owned(), ..what.clone() });
            what.into_iter().all(|what| rules.allow(&user, &what))
        };
        assert!(may(SCRAPER, "get"), "{name}: {file}");
        assert!(!may("somebody", "get") && !may(SCRAPER, "create"), "{name}: {file}");
    }
    assert!(offers >= 4, "{offers}");
}

/// The arguments with the files that they name in a folder, and free addresses of loopback. The API server is away.
fn placed(args: &[String], file: &str, folder: &Path) -> (Authority, Vec<String>) {
    let authority = Authority::named("ours");
    authority.pair().write(folder);
    let away = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {token: a}}]\n";
    fs::create_dir(folder.join("views")).expect("the folder is ours");
    for (name, text) in [("ca.crt", authority.pem()), ("rules.yaml", file), ("kubeconfig", away)] {
        fs::write(folder.join(name), text).expect("the folder takes files");
    }
    let at = |name: &str, file: &str| format!("{name}={}", folder.join(file).display());
    let place = |arg: &String| {
        let (name, _) = arg.split_once('=').unwrap_or((arg, ""));
        match name {
            "--secure-listen-address" | "--insecure-listen-address" => format!("{name}=127.0.0.1:0"),
            "--tls-cert-file" => at(name, "tls.crt"),
            "--tls-private-key-file" => at(name, "tls.key"),
            "--client-ca-file" => at(name, "ca.crt"),
            "--config-file" => at(name, "rules.yaml"),
            _ => arg.clone(),
        }
    };
    let mut all: Vec<String> = args.iter().map(place).collect();
    all.extend(["--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"].map(str::to_owned));
    all.extend([at("--kubeconfig", "kubeconfig"), at("--views", "views")]);
    (authority, all)
}

/// Scenario: `serve` is started with the arguments of every fixture, as printed and with what is offered, while the API server
/// is away; somebody without a word asks for metrics, for a path that is left open, and for probes; OpenShift's scraper and
/// somebody else show certificates.
/// Guarantees: it starts, and speaks TLS exactly where the proxy did; metrics are nobody's without a word, probes and open
/// paths everybody's, and paths that the proxy did not have are not there. With what is offered the scraper scrapes, and
/// nobody else.
#[test]
fn serve_starts_with_what_is_printed() {
    let mut scrapes = 0;
    for (name, args, _) in CASES {
        let (_, out, _) = convert(args, "");
        for stream in [out.clone(), uncommented(&out)] {
            let (args, file) = parts(&stream);
            let folder = TempDir::new().expect("a folder");
            let (authority, args) = placed(&args, &file.expect("there is a file"), folder.path());
            let mut server = Pointsman::start_as(&args.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
            assert!(args.iter().all(|arg| !arg.contains("upstream")), "{name}: {args:?}");
            let is_tls = args.iter().any(|arg| arg.starts_with("--secure-listen-address"));
            assert_eq!(server.wait_for_log("ready")["tls"].as_bool().unwrap_or_default(), is_tls, "{name}");
            let client = authority.client(&["http/1.1"]);
            let ask = |path: &str| match is_tls {
                true => client.http(server.read, "GET", path, "").expect("an answer").status,
                false => http(server.read, "GET", path, &[], b"").status,
            };
            let only_some = args.iter().any(|arg| arg.starts_with("--allow-paths="));
            assert_eq!(ask("/metrics"), 401, "{name}");
            assert_eq!(ask("/livez"), 200, "{name}");
            assert_eq!(ask("/metrics/self"), if only_some { 404 } else { 401 }, "{name}");
            if name.starts_with("oauth-odd") {
                assert_eq!(ask("/api/v1.0/overview"), 404, "{name}: open, and nothing is there");
                assert_eq!(ask("/api/v1/overview"), 401, "{name}");
            }
            if stream == out {
                continue;
            }
            let shows = |name: &str| {
                let client = authority.client_showing(&authority.sender(Some(name), (2020, 2040)), &["http/1.1"]);
                client.http(server.read, "GET", "/metrics?namespace=shop", "").expect("an answer").status
            };
            assert_eq!((shows(SCRAPER), shows("somebody")), (200, 503), "{name}: {stream}");
            scrapes += 1;
        }
    }
    assert!(scrapes >= 4, "{scrapes}");
}
