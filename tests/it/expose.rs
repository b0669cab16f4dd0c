//! `/metrics` over HTTP: negotiation, encodings, filters, methods. Each row names the rule it proves (HN).
//! What a family looks like is tested in core; here is what HTTP adds.

use crate::{
    limits::{cpu, memory_kib},
    support::{Pointsman, Reply, http, runtime, wait},
};
use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io::Read;

fn server() -> Pointsman {
    let server = Pointsman::start(&[]);
    let body = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
        "scopeMetrics":[{"metrics":[
        {"name":"queue.depth","gauge":{"dataPoints":[{"asInt":3,"timeUnixNano":"1700000000000000000"}]}},
        {"name":"orders","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asInt":5,"timeUnixNano":"1700000000000000000"}]}}
        ]}]}]}"#;
    let reply = server.push_json("/v1/metrics", body);
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    server
}

/// Scenario: scrapers ask in every way that the rules name.
/// Guarantees: the format, the escaping and the Content-Type that the rule demands.
#[test]
fn the_format_is_what_was_asked_for() {
    let server = server();
    let text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    let protobuf =
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";
    let rows = [
        ("HN-02", "", text, "queue_depth{"),
        ("HN-02", "*/*", text, "queue_depth{"),
        ("HN-02", "application/json", text, "queue_depth{"),
        ("HN-01", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", openmetrics, "queue_depth{"),
        ("HN-06", "application/openmetrics-text; VERSION=\"1.0.0\"", openmetrics, "queue_depth{"),
        ("HN-01", protobuf, protobuf, "queue_depth"),
        (
            "HN-03",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            "queue_depth{",
        ),
    ];
    for (rule, accept, content_type, contains) in rows {
        let headers = if accept.is_empty() { vec![] } else { vec![("accept", accept)] };
        let reply = server.get_with("/metrics", &headers);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{rule}: {accept}");
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"), "HN-12");
        assert!(reply.complete && reply.text().contains(contains), "{rule}: {accept}: {}", reply.text());
        assert_eq!(
            reply.text().ends_with("# EOF\n"),
            content_type == openmetrics || content_type.contains("allow-utf-8"),
            "{rule}"
        );
    }
}

fn inflated(reply: &Reply) -> String {
    let mut text = String::new();
    match reply.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&*reply.body).read_to_string(&mut text).map(|_| ()),
        Some("zstd") => zstd::stream::read::Decoder::new(&*reply.body).and_then(|mut d| d.read_to_string(&mut text)).map(|_| ()),
        _ => {
            text = reply.text();
            Ok(())
        }
    }
    .expect("the body is what its encoding says");
    text
}

/// Scenario: scrapers accept encodings, or refuse them.
/// Guarantees: gzip and zstd only when accepted; the text is the same (HN-12, HN-05).
#[test]
fn the_encoding_is_what_was_accepted() {
    let server = server();
    let lines = |reply: &Reply| {
        inflated(reply).lines().filter(|line| line.contains("job=\"shop\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = lines(&server.get("/metrics"));
    assert!(plain.len() >= 2, "{plain:?}");
    for (accepted, encoding) in
        [("gzip", Some("gzip")), ("gzip;q=0", None), ("identity", None), ("zstd", Some("zstd")), ("br, gzip;q=0.5", Some("gzip"))]
    {
        let reply = server.get_with("/metrics", &[("accept-encoding", accepted)]);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, encoding), "{accepted}");
        assert_eq!(lines(&reply), plain, "{accepted}");
    }
}

/// Scenario: HEAD, POST, filters, time-outs.
/// Guarantees: HN-13 (nonsense is ignored, no time at all is 503), HN-14, HN-15.
#[test]
fn methods_filters_and_timeouts() {
    let server = server();
    let head = http(server.read, "HEAD", "/metrics", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0), "HN-14");
    assert!(head.header("content-type").is_some_and(|value| value.starts_with("text/plain")), "HN-14");
    let post = http(server.read, "POST", "/metrics", &[], b"");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET,HEAD")), "HN-14");
    let only = server.get("/metrics?name[]=orders_total&name[]=nothing").text();
    assert!(only.contains("orders_total{") && !only.contains("queue_depth"), "HN-15: {only}");
    assert_eq!(server.get("/metrics?name%5B%5D=nothing").text(), "", "HN-15: unknown names are an empty body");
    for (seconds, status) in [("10", 200), ("-1", 200), ("soon", 200), ("1e99", 200), ("0.000000001", 503)] {
        let reply = server.get_with("/metrics", &[("x-prometheus-scrape-timeout-seconds", seconds)]);
        assert_eq!(reply.status, status, "HN-13: {seconds}");
    }
}

/// Scenario: a view turns everything off.
/// Guarantees: `/metrics` has nothing of it, `/metrics/self` still tells of us and of nobody else (HN-17).
#[test]
fn what_we_say_of_ourselves_is_never_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = "apiVersion: pointsman.dev/v1alpha1\nkind: ClusterTelemetryView\nmetadata: {name: nothing}\nspec:\n  reason: a test\n  \
        namespaceSelector: {matchNames: [\"*\"]}\n  overrides:\n    baseline: None\n";
    std::fs::write(folder.path().join("nothing.yaml"), view).expect("written");
    let server = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
    server.push_json("/v1/metrics", r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","gauge":{"dataPoints":[{"asInt":3,"timeUnixNano":"1"}]}}]}]}]}"#);
    let all = server.scrape();
    assert!(!all.contains("\nx ") && !all.contains("pointsman_build_info{"), "{all}\n{:#?}", server.logs());
    let own = server.get("/metrics/self").text();
    assert!(own.contains("pointsman_build_info{") && !own.contains("\nx "), "{own}");
}

/// Scenario: the small paths of the read side, and one that is none.
/// Guarantees: health in a word; every path that `/` lists answers; JSON has version and time; errors are faults.
#[test]
fn the_index_lists_what_answers() {
    let server = server();
    let page = server.get("/").text();
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    // The link that skips the head leads to the page itself.
    let links: Vec<&str> = links.filter(|link| !link.starts_with('#')).collect();
    assert!(links.len() >= 10, "{page}");
    for link in links {
        let reply = server.get(link);
        assert_eq!(reply.status, 200, "{link}: {}", reply.text());
        if link.starts_with("/api/") {
            let json = reply.json();
            assert_eq!(json["version"], 1, "{link}");
            assert!(json["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{link}: {json}");
            assert!(json.get("item").is_some() != json.get("items").is_some(), "{link}: {json}");
        }
    }
    let detail = server.get("/api/v1/components/default/service.shop").json();
    assert_eq!((detail["item"]["series"].as_u64(), detail["item"]["service"].as_str()), (Some(2), Some("shop")), "{detail}");
    let unknown = server.get("/api/v1/components/default/nobody");
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.json()["fault"]["message"].as_str().is_some_and(|text| text.contains("default/nobody")),
        "{}",
        unknown.text()
    );
    assert_eq!(server.get("/nowhere").status, 404);
}

/// Pushes enough for a scrape of several chunks.
fn push_much(server: &Pointsman) {
    let long = "x".repeat(4000);
    let point = |i: usize| {
        let attribute = format!(r#"{{"key":"k","value":{{"stringValue":"{i} {long}"}}}}"#);
        format!(r#"{{"asInt":1,"timeUnixNano":"1700000000000000000","attributes":[{attribute}]}}"#)
    };
    let points: Vec<String> = (0..200).map(point).collect();
    let metric = format!(r#"{{"name":"much","gauge":{{"dataPoints":[{}]}}}}"#, points.join(","));
    let reply =
        server.push_json("/v1/metrics", &format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#));
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
}

/// Scenario: eight scrapers ask and do not read what they get; a ninth comes, and so does a sender.
/// Guarantees: the ninth is told 503 and counted, the sender is served meanwhile, and when the eight are gone scrapes work
/// again (HN-16).
#[test]
fn too_many_scrapes_at_once_are_refused() {
    let server = server();
    push_much(&server);
    let refused = || server.get("/api/v1/health").json()["item"]["limits"]["scrapes"].as_u64();
    assert_eq!(refused(), Some(0));
    runtime().block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.read).await.expect("the port answers");
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        // A window of one byte: the rest of each body waits at the server for as long as nobody reads.
        let handshake = builder.initial_stream_window_size(1).handshake::<_, Empty<Bytes>>(TokioIo::new(tcp)).await;
        let (mut client, connection) = handshake.expect("HTTP/2");
        let hold = async {
            let mut held = Vec::new();
            for _ in 0..8 {
                let request =
                    http::Request::get(format!("http://{}/metrics", server.read)).body(Empty::new()).expect("a request");
                let response = client.send_request(request).await.expect("an answer");
                assert_eq!(response.status(), 200);
                held.push(response);
            }
            held
        };
        let held = tokio::select! {
            held = hold => held,
            _ = connection => panic!("the connection broke"),
        };
        let ninth = server.get("/metrics");
        assert_eq!((ninth.status, ninth.text().as_str()), (503, "too many scrapes in flight\n"));
        assert_eq!(refused(), Some(1));
        push_much(&server);
        assert_eq!(server.get("/metrics/self").status, 200, "what we say of ourselves has room of its own");
        drop(held);
    });
    wait("room for a scrape", || (server.get("/metrics").status == 200).then_some(()));
}

/// Series written to scrapes so far.
fn written(server: &Pointsman) -> f64 {
    let own = server.get("/metrics/self").text();
    let ours = own.lines().filter(|line| line.starts_with("pointsman_pipeline_exported_total{") && line.contains("\"metrics\""));
    ours.filter_map(|line| line.rsplit(' ').next()).map(|value| value.parse::<f64>().expect("a number")).sum()
}

/// Scenario: a scraper does not read what it gets, and a hundred others ask for the same at once, twelve times as many as may
/// be in flight.
/// Guarantees: all of them get a whole body, and together they cost a few renderings, less work than one after the other, and no
/// more than 32 MiB (T33).
#[test]
fn t33_scrapes_that_come_together_share_a_rendering() {
    const SCRAPERS: usize = 100;
    let server = server();
    push_much(&server);
    let samples = server.scrape().lines().filter(|line| !line.starts_with('#')).count();
    // What they cost one after the other, which nobody shares.
    let begun = cpu(server.pid());
    (0..SCRAPERS).for_each(|_| drop(server.scrape()));
    let apart = cpu(server.pid()).saturating_sub(begun);
    let mut idle = std::net::TcpStream::connect(server.read).expect("the port answers");
    std::io::Write::write_all(&mut idle, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").expect("it is asked");
    idle.read_exact(&mut [0; 100]).expect("it has begun");
    let (before, begun, resident) = (written(&server), cpu(server.pid()), memory_kib(&server, "VmRSS"));
    let bodies: Vec<String> = std::thread::scope(|scope| {
        let scrapers: Vec<_> = (0..SCRAPERS).map(|_| scope.spawn(|| server.scrape())).collect();
        scrapers.into_iter().map(|scraper| scraper.join().expect("it was answered")).collect()
    });
    let together = cpu(server.pid()).saturating_sub(begun);
    assert!(together < apart, "{together:?} of a processor together, {apart:?} one after the other");
    let grown = memory_kib(&server, "VmHWM").saturating_sub(resident);
    assert!(grown < 32 << 10, "{grown} KiB for {SCRAPERS} scrapes");
    assert!(bodies.iter().all(|body| body.lines().filter(|line| line.starts_with("much{")).count() == 200));
    let renderings = (written(&server) - before) / samples as f64;
    assert!((0.5..20.0).contains(&renderings), "{renderings} for {SCRAPERS} scrapes");
}

/// Scenario: three senders want one name for a gauge and a counter, and two metrics of a fourth become one series.
/// Guarantees: who won and who lost stands at `/api/v1/flow` and in the log, once; each kind is counted at
/// `/metrics/self`, and is 0 before (CF-04).
#[test]
fn whoever_loses_a_name_is_counted_and_told() {
    let mut server = Pointsman::start(&[]);
    let own = || server.get("/metrics/self").text();
    let line = |kind: &str, n: u64| format!("pointsman_conflict_kind=\"{kind}\"}} {n}\n");
    for kind in ["type", "clash", "help", "unit", "target", "series"] {
        assert!(own().contains(&line(kind, 0)), "{kind}: {}", own());
    }
    let metric = |name: &str, data: &str, value: u64| {
        let point = format!(r#"[{{"asInt":{value},"timeUnixNano":"1700000000000000000"}}]"#);
        format!(r#"{{"name":"{name}",{data}"dataPoints":{point}}}}}"#)
    };
    let (gauge, counter) = (r#""gauge":{"#, r#""sum":{"isMonotonic":true,"aggregationTemporality":2,"#);
    let senders = [
        ("a", metric("orders.total", gauge, 1)),
        ("b", metric("orders", counter, 2)),
        ("c", metric("orders", counter, 3)),
        ("d", [metric("foo.bar", gauge, 1), metric("foo_bar", gauge, 2)].join(",")),
    ];
    for (service, metrics) in senders {
        let resource = format!(r#"{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}}"#);
        let scope = format!(r#"{{"metrics":[{metrics}]}}"#);
        let body = format!(r#"{{"resourceMetrics":[{{"resource":{resource},"scopeMetrics":[{scope}]}}]}}"#);
        assert_eq!(server.push_json("/v1/metrics", &body).text(), "{}");
    }
    let scrape = server.scrape();
    assert_eq!(scrape.lines().filter(|line| line.starts_with("orders_total{") || line.starts_with("foo_bar{")).count(), 3);
    let flow = server.get("/api/v1/flow").json();
    let [conflict] = flow["item"]["conflicts"].as_array().expect("a list").as_slice() else { panic!("not one: {flow}") };
    let kind = conflict["kind"].as_str().expect("a word").to_owned();
    assert_eq!((&conflict["family"], kind.as_str()), (&"orders_total".into(), "clash"), "{conflict}");
    let party = |side: &str| format!("{} {}", conflict[side]["component"], conflict[side]["metric"]).replace('"', "");
    assert_eq!([party("kept"), party("lost")], ["default/service.b orders", "default/service.a orders.total"]);
    assert!(own().contains(&line(&kind, 1)) && own().contains(&line("series", 1)), "{}", own());
    let told = server.wait_for_log("naming conflict");
    assert_eq!((told["kind"].as_str(), told["lost_metric"].as_str()), (Some(&*kind), Some("orders.total")), "{told}");
    let told = server.wait_for_log("series left out of scrapes: others have the same labels");
    assert_eq!(told["series"], 1, "{told}");
    let lines = server.logs();
    assert_eq!(lines.iter().filter(|line| line.contains("\"naming conflict\"")).count(), 1, "{lines:#?}");
}

/// Scenario: every name in the registry, and every name we expose of ourselves under each escaping.
/// Guarantees: none begins with an underscore, which OpenMetrics reserves (OM-10).
#[test]
fn our_own_names_are_not_reserved_ones() {
    let registry = crate::semconv::load();
    let metrics = registry.files.iter().flat_map(|(_, groups)| groups.iter().filter_map(|group| group.metric_name.as_deref()));
    let attributes = registry.definitions().filter_map(|(_, attribute)| attribute.id.as_ref().map(|id| id.value.as_str()));
    let names: Vec<&str> = metrics.chain(attributes).collect();
    assert!(names.len() > 50 && names.contains(&"pointsman.limit") && names.contains(&"pointsman.limit.hits"), "{names:?}");
    let reserved: Vec<_> = names.iter().filter(|name| !name.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    assert!(reserved.is_empty(), "{reserved:?}");
    let server = Pointsman::start(&[]);
    for escaping in ["underscores", "dots", "values", "allow-utf-8"] {
        let accept = format!("application/openmetrics-text;version=1.0.0;escaping={escaping}");
        let own = server.get_with("/metrics/self", &[("accept", &accept)]).text();
        let families = own.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        assert!(families.clone().count() > 5, "{own}");
        assert!(!families.clone().any(|family| family.starts_with(['_', '"']) && !family.starts_with("\"pointsman")), "{own}");
        assert!(!own.contains("{_") && !own.contains(",_") && !own.contains("\"_"), "{own}");
    }
}

/// Scenario: two components want one family with two types, an attribute gives no label, and a view's limit bites.
/// Guarantees: who lost what, and how much, is told by `/api/v1/flow` and by our own metrics.
#[test]
fn what_a_scrape_leaves_out_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: one}\nspec:\n  metrics:\n  \
                - {name: one, match: {instruments: [depth]}, cardinality: {limit: 1}}\n";
    std::fs::write(folder.path().join("view.yaml"), view).expect("written");
    let server = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
    let push = |service: &str, metric: &str| {
        let resource = format!(r#"{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}}"#);
        let body = format!(r#"{{"resourceMetrics":[{{"resource":{resource},"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#);
        let reply = server.push_json("/v1/metrics", &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    let point = |job: &str| {
        format!(
            r#"{{"asInt":3,"timeUnixNano":"1700000000000000000","attributes":[{{"key":"job","value":{{"stringValue":"{job}"}}}}]}}"#
        )
    };
    push("a", &format!(r#"{{"name":"depth","gauge":{{"dataPoints":[{},{},{}]}}}}"#, point("x"), point("y"), point("z")));
    push("c", r#"{"name":"depth","gauge":{"dataPoints":[{"asInt":3,"timeUnixNano":"1700000000000000000"}]}}"#);
    push("b", r#"{"name":"depth","summary":{"dataPoints":[{"count":"1","sum":1,"timeUnixNano":"1700000000000000000"}]}}"#);
    assert!(server.scrape().contains("depth{"));
    let flow = server.get("/api/v1/flow").json();
    let conflict = &flow["item"]["conflicts"][0];
    assert_eq!((&conflict["kind"], &conflict["family"]), (&"type".into(), &"depth".into()), "{flow}");
    assert_eq!(flow["item"]["limited"]["depth"], 2, "{flow}");
    assert_eq!(flow["item"]["scrapeOmitted"]["lost_attribute"], 1, "{flow}");
    let own = server.get("/metrics/self").text();
    for line in [
        "pointsman_exposition_conflicts{.*pointsman_conflict_kind=\"type\".* 1",
        "pointsman_metric_series_limited_total{.*pointsman_metric_name=\"depth\".* 2",
        "pointsman_scrape_omitted_total{.*pointsman_omission=\"lost_attribute\".* 1",
        "pointsman_point_adjusted_total{.*pointsman_adjustment=\"gap\".* 0",
    ] {
        let parts: Vec<&str> = line.split(".*").collect();
        assert!(own.lines().any(|have| parts.iter().all(|part| have.contains(part))), "{line} is missing in\n{own}");
    }
}

/// Scenario: a view turns one metric on and one off; nobody speaks of a third. Guarantees: our own metrics tell which
/// are on, and whether a view or the default says so.
#[test]
fn what_is_on_is_told_with_who_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: one}\nspec:\n  metrics:\n  \
                - {name: on, match: {instruments: [b.on]}, state: Enabled}\n  \
                - {name: off, match: {instruments: [c.off]}, state: Disabled}\n";
    std::fs::write(folder.path().join("view.yaml"), view).expect("written");
    let server = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
    let gauge = |name: &str| {
        format!(r#"{{"name":"{name}","gauge":{{"dataPoints":[{{"asInt":3,"timeUnixNano":"1700000000000000000"}}]}}}}"#)
    };
    let metrics = ["a.default", "b.on", "c.off"].map(gauge).join(",");
    let resource = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}"#;
    let body = format!(r#"{{"resourceMetrics":[{{"resource":{resource},"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#);
    assert_eq!(server.push_json("/v1/metrics", &body).status, 200);
    let own = server.get("/metrics/self").text();
    let told = |metric: &str, source: &str| {
        let ours = |line: &&str| line.starts_with("pointsman_metric_enabled{") && line.contains(&format!("\"{metric}\""));
        let line = own.lines().filter(ours).find(|line| line.contains(&format!("source=\"{source}\"")));
        line.and_then(|line| line.rsplit(' ').next()).map(str::to_owned)
    };
    let answers: Vec<_> = ["a.default", "b.on", "c.off"].iter().map(|m| [told(m, "default"), told(m, "view")]).collect();
    let is = |default: &str, view: &str| [Some(default.to_owned()), Some(view.to_owned())];
    assert_eq!(answers, [is("1", "0"), is("0", "1"), is("0", "0")], "{own}");
}
