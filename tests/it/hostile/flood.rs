//! What takes many requests to do harm: floods of series, names, resources and components, rogues in numbers, and odd
//! requests by the thousand. Each against a process of its own; others must not notice.

use super::{
    checker,
    text::TIME,
    watch::{self, Memory},
};
use crate::support::{Pointsman, http, parse, wait};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point},
    resource::v1::Resource,
};
use prost::Message;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

fn pair(key: &str, value: String) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(Value::StringValue(value)) }), ..KeyValue::default() }
}

fn point(attributes: Vec<KeyValue>) -> NumberDataPoint {
    let value = Some(number_data_point::Value::AsInt(1));
    NumberDataPoint { attributes, time_unix_nano: TIME, value, ..NumberDataPoint::default() }
}

fn gauge(name: String, data_points: Vec<NumberDataPoint>) -> Metric {
    Metric { name, data: Some(metric::Data::Gauge(Gauge { data_points })), ..Metric::default() }
}

fn of(service: String, instance: String, metrics: Vec<Metric>) -> ResourceMetrics {
    let attributes = vec![pair("service.name", service), pair("service.instance.id", instance)];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    ResourceMetrics {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_metrics,
        ..ResourceMetrics::default()
    }
}

/// How many points of the request were refused.
fn push(server: &Pointsman, resource_metrics: Vec<ResourceMetrics>) -> u64 {
    let reply = server.push_proto("/v1/metrics", &[], &ExportMetricsServiceRequest { resource_metrics }.encode_to_vec());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = ExportMetricsServiceResponse::decode(&*reply.body).expect("an answer");
    answer.partial_success.map_or(0, |partial| u64::try_from(partial.rejected_data_points).expect("a count"))
}

/// Floods a server with room for 2,000 series by requests that `make` numbers; gives how many points it refused.
fn flood(requests: u32, growth_kib: u64, make: impl Fn(u32) -> Vec<ResourceMetrics>) -> u64 {
    let server = Pointsman::start(&["--max-series", "2000"]);
    watch::victims(&server);
    let victims = || watch::victims_of(&watch::scrape(server.read, "text/plain"));
    let (before, memory) = (victims(), Memory::of(server.pid()));
    memory.begin();
    let refused = (0..requests).map(|number| push(&server, make(number))).sum();
    assert_eq!(victims(), before);
    assert_eq!(checker::check_text(&watch::scrape(server.read, "text/plain")), Vec::<String>::new());
    let grown = memory.grown_kib();
    assert!(grown <= growth_kib, "memory grew by {grown} KiB, {growth_kib} are allowed");
    // Series of our own may be refused too: there is no room left for them.
    let counts = watch::counts(&server);
    let of = |name: &str| counts.get(name).copied().unwrap_or(0);
    assert_eq!(of("drop.limit"), refused);
    refused
}

/// Scenario: one sender, one metric, 200,000 sets of attributes, where 2,000 fit.
/// Guarantees: what fits is kept, all else refused and counted; memory stays, and so do others' series.
#[test]
fn t03_a_flood_of_attribute_values() {
    let sets = |number: u32| (0..10_000).map(|i| point(vec![pair("id", format!("{number}-{i}"))])).collect();
    let refused = flood(20, 48 << 10, |number| vec![of("flood".into(), "1".into(), vec![gauge("flood".into(), sets(number))])]);
    assert!((198_000..200_000).contains(&refused), "{refused}");
}

/// Scenario: one sender, 100,000 metrics; then as many of ten instances.
/// Guarantees: as above; a metric without a series takes next to nothing.
#[test]
fn t03_a_flood_of_names() {
    let names = |number: u32| (0..10_000).map(|i| gauge(format!("flood.{number}.{i}"), vec![point(Vec::new())])).collect();
    for instance in [|_: u32| 1, |number: u32| number] {
        let refused = flood(10, 32 << 10, |number| vec![of("flood".into(), instance(number).to_string(), names(number))]);
        assert!((98_000..100_000).contains(&refused), "{refused}");
    }
}

/// Scenario: one sender as 20,000 instances, then 20,000 senders.
/// Guarantees: as above.
#[test]
fn t03_a_flood_of_instances_and_components() {
    let one = || vec![gauge("flood".into(), vec![point(Vec::new())])];
    let instances = |number: u32| (0..2_000).map(|i| of("flood".into(), format!("{number}-{i}"), one())).collect();
    let refused = flood(10, 96 << 10, instances);
    assert!((18_000..20_000).contains(&refused), "{refused}");
    let components = |number: u32| (0..2_000).map(|i| of(format!("flood-{number}-{i}"), "1".into(), one())).collect();
    let refused = flood(10, 96 << 10, components);
    assert!((18_000..20_000).contains(&refused), "{refused}");
}

/// Scenario: 60 rogue senders agree on another type for the names of two others.
/// Guarantees: whoever wins, every scrape goes on and reads, in each format; the conflict is counted; metrics of other
/// names are not touched.
#[test]
fn t15_many_rogues_break_no_scrape() {
    let server = Pointsman::start(&[]);
    watch::victims(&server);
    let counter = |name: &str, unit: &str| {
        let data = Sum { data_points: vec![point(Vec::new())], aggregation_temporality: 2, is_monotonic: true };
        let data = Some(metric::Data::Sum(data));
        Metric { name: name.into(), unit: unit.into(), data, ..Metric::default() }
    };
    let rogue =
        |i: u32| of(format!("rogue-{i}"), "1".into(), vec![counter("victim.gauge", "s"), counter("victim.histogram", "s")]);
    assert_eq!(push(&server, (0..60).map(rogue).collect()), 0);
    for accept in crate::real::prometheus::ACCEPTS {
        let reply = server.get_with("/metrics", &[("accept", accept)]);
        assert_eq!((reply.status, reply.complete), (200, true), "{accept}");
        if !accept.contains("protobuf") {
            let body = reply.text();
            assert_eq!(checker::check_text(&body), Vec::<String>::new(), "{accept}");
            let untouched = body.lines().filter(|line| line.contains(r#"{job="victim-"#) && line.contains("counter"));
            assert_eq!(untouched.count(), 2, "{accept}: {body}");
        }
    }
    let own = server.get("/metrics/self").text();
    let conflicts = own.lines().filter(|line| line.starts_with("pointsman_exposition_conflicts"));
    let sum: f64 = conflicts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum();
    assert!(sum >= 1.0, "no conflict is counted: {own}");
}

/// Scenario: a thousand requests with odd methods, paths, agents, media types, encodings and hosts, on the ports that take
/// HTTP, then as many odd service paths over gRPC's.
/// Guarantees: our own metrics have as many series as before, and none of what was sent is in them.
#[test]
fn t36_odd_requests_make_no_series() {
    let server = Pointsman::start(&[]);
    watch::victims(&server);
    let own = || {
        let text = server.get("/metrics/self").text();
        let series = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        (series.map(|(series, _)| series.to_owned()).collect::<Vec<_>>(), text)
    };
    // What a first scrape and a first refusal count is there before the count begins.
    drop((odd(server.http, 0), odd(server.read, 0), server.scrape(), own()));
    // And so is whatever reads what has been seen by now: that is looked at once a second.
    let (before, _) = wait("panels to be told", || {
        let first = own();
        thread::sleep(Duration::from_millis(1500));
        (own().0 == first.0 && first.1.contains("pointsman_consumer_input_off")).then_some(first)
    });
    for i in 1..=500 {
        let statuses = [server.http, server.read].map(|addr| odd(addr, i));
        assert!(statuses.iter().all(|status| status.is_some_and(|status| status >= 400)), "{i}: {statuses:?}");
    }
    for i in 0..100 {
        crate::grpc::call(server.grpc, &format!("/odd.Service{i}/Method{i}"), &[crate::grpc::GRPC], Vec::new());
    }
    let (after, text) = own();
    assert_eq!(after, before);
    assert!(!text.to_lowercase().contains("odd"), "{text}");
}

/// One request in which everything is odd; the status, where there is one.
fn odd(addr: SocketAddr, i: u32) -> Option<u16> {
    let path = if i.is_multiple_of(2) { format!("/odd/{i}") } else { format!("/v1/metrics?odd={i}") };
    let head = format!(
        "ODD{i} {path} HTTP/1.1\r\nhost: odd-{i}\r\nconnection: close\r\nuser-agent: odd/{i}\r\naccept: odd/{i}\r\n\
         content-type: application/odd-{i}\r\ncontent-encoding: odd-{i}\r\nx-odd-{i}: {i}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(addr).expect("the port answers");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    answer.windows(4).any(|four| four == b"\r\n\r\n").then(|| parse(&answer).status)
}

/// Scenario: requests with contexts of traces that are forged, broken or huge, and with baggage.
/// Guarantees: none changes what is taken; nothing of it is kept or shown; what is longer than a head may be is refused.
#[test]
fn t35_contexts_of_requests_mean_nothing() {
    let server = Pointsman::start(&[]);
    watch::victims(&server);
    let before = watch::victims_of(&server.scrape());
    let long = |n: usize| "feigned=".to_owned() + &"f".repeat(n);
    let rows = [
        ("traceparent", format!("00-{}-{}-01", "0f".repeat(16), "0f".repeat(8)), 200),
        ("traceparent", format!("ff-{}-{}-01", "0f".repeat(16), "0f".repeat(8)), 200),
        ("traceparent", format!("00-{}-{}-01", "00".repeat(16), "00".repeat(8)), 200),
        ("traceparent", "feigned".to_owned(), 200),
        ("traceparent", long(4 << 10), 200),
        ("tracestate", long(513), 200),
        ("tracestate", (0..100).map(|i| format!("feigned{i}=1")).collect::<Vec<_>>().join(","), 200),
        ("tracestate", long(12 << 10), 200),
        ("tracestate", long(32 << 10), 431),
        ("baggage", long(8 << 10), 200),
        ("baggage", (0..1_000).map(|i| format!("feigned{i}=1")).collect::<Vec<_>>().join(","), 200),
        ("baggage", long(64 << 10), 431),
        ("uber-trace-id", "f:f:f:1".to_owned(), 200),
        ("b3", "0f-0f-1".to_owned(), 200),
    ];
    for (name, value, status) in rows {
        let reply = http(server.http, "POST", "/v1/metrics", &[("content-type", "application/json"), (name, &value)], b"{}");
        assert_eq!(reply.status, status, "{name}: {value:.60}: {}", reply.text());
    }
    assert_eq!(watch::victims_of(&server.scrape()), before);
    let shown = ["/metrics", "/metrics/self", "/api/v1/traces", "/api/v1/flow"].map(|path| server.get(path).text()).concat();
    assert!(!shown.contains("feigned") && !shown.contains(&"0f".repeat(16)), "{shown}");
    assert!(!server.logs().concat().contains("feigned"));
}
