//! The Python, Go and Rust SDKs as senders: whatever they speak, the same workload becomes the same series.
//! One table says what has to be seen; the senders live elsewhere and know nothing of it.

use super::{
    exposition::{Samples, samples},
    peers::{run, settles},
    rust_sender,
};
use crate::support::Pointsman;

/// An SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Go,
    Python,
    Rust,
}

/// How a workload is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) protocol: &'static str,
    pub(crate) temporality: &'static str,
    pub(crate) gzip: bool,
}

const fn way(protocol: &'static str, temporality: &'static str, gzip: bool) -> Way {
    Way { protocol, temporality, gzip }
}

/// Both protocols with both temporalities, and compression once each.
const WAYS: [Way; 4] = [
    way("grpc", "cumulative", false),
    way("grpc", "delta", true),
    way("http/protobuf", "cumulative", true),
    way("http/protobuf", "delta", false),
];

impl Language {
    /// Records and sends the workload; gives the id of the trace.
    pub(crate) fn send(self, server: &Pointsman, way: Way, instance: &str) -> String {
        let address = if way.protocol == "grpc" { server.grpc } else { server.http };
        if self == Self::Rust {
            return rust_sender::send(address, way, instance);
        }
        let (program, script) = match self {
            Self::Go => ("gosender", None),
            Self::Python | Self::Rust => ("python", Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/python/sender.py"))),
        };
        let endpoint = address.to_string();
        let mut args: Vec<&str> = script.into_iter().collect();
        args.extend(["--endpoint", &endpoint, "--protocol", way.protocol]);
        args.extend(["--temporality", way.temporality, "--instance", instance]);
        args.extend(way.gzip.then_some("--gzip"));
        let out = run(program, &args);
        let id = out.lines().find_map(|line| line.strip_prefix("trace "));
        id.unwrap_or_else(|| panic!("{self:?} names no trace: {out}")).to_owned()
    }

    /// `service.name` of its workload.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Go => "peer-go",
            Self::Python => "peer-python",
            Self::Rust => "peer-rust",
        }
    }
}

/// What a plain text scrape has to show of one workload.
fn expected(language: Language, instance: &str) -> Samples {
    let identity = format!("instance=\"{instance}\",job=\"it/{}\"", language.service());
    let scope = "otel_scope_name=\"peer.meter\",otel_scope_version=\"1.2.3\"";
    let lines = [
        ("peer_requests_total", "code=\"200\",method=\"GET\",ok=\"true\",", 7.0),
        ("peer_requests_total", "code=\"500\",method=\"POST\",ok=\"false\",", 2.0),
        ("peer_queue_length", "", 3.0),
        ("peer_temperature_celsius", "", 21.5),
        ("peer_cpu_time_seconds_total", "", 12.25),
        ("peer_duration_seconds_bucket", "le=\"0.1\",", 1.0),
        ("peer_duration_seconds_bucket", "le=\"1\",", 2.0),
        ("peer_duration_seconds_bucket", "le=\"10\",", 3.0),
        ("peer_duration_seconds_bucket", "le=\"+Inf\",", 4.0),
        ("peer_duration_seconds_sum", "", 55.55),
        ("peer_duration_seconds_count", "", 4.0),
        ("peer_size_bytes_bucket", "le=\"+Inf\",", 4.0),
        ("peer_size_bytes_sum", "", 1031.0),
        ("peer_size_bytes_count", "", 4.0),
    ];
    let mut body: String =
        lines.iter().map(|(name, labels, value)| format!("{name}{{{labels}{identity},{scope}}} {value}\n")).collect();
    body.push_str(&format!("target_info{{deployment_environment_name=\"test\",{identity}}} 1\n"));
    samples(&body)
}

/// Waits until the scrape shows this instance exactly as expected: no series missing, none too many.
fn check(server: &Pointsman, language: Language, way: Way) {
    let instance = format!("{}-{}-{}", language.service(), way.protocol, way.temporality);
    language.send(server, way, &instance);
    let want = expected(language, &instance);
    let mine = format!("instance=\"{instance}\"");
    let mut last = Samples::new();
    let found = settles(|| {
        last = samples(&server.scrape()).into_iter().filter(|(key, _)| key.contains(&mine)).collect();
        alike(&last, &want)
    });
    assert!(found, "{language:?} {way:?}\nwant {want:#?}\ngot {last:#?}");
    // Every format, for the judges.
    for accept in super::prometheus::ACCEPTS {
        let reply = server.get_with("/metrics", &[("accept", accept)]);
        assert_eq!((reply.status, reply.complete), (200, true), "{accept}");
    }
}

/// Sums of doubles may differ in the last digit, by the order in which deltas are added.
fn alike(got: &Samples, want: &Samples) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    got.len() == want.len() && want.iter().all(|(key, value)| got.get(key).is_some_and(|got| close(*got, *value)))
}

/// Scenario: the Go SDK sends over gRPC and HTTP/protobuf, cumulative and delta, plain and gzip.
/// Guarantees: exactly the series of the workload, with its values, for each.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn the_go_sdk_sends_and_every_series_is_seen() {
    let server = Pointsman::start(&[]);
    WAYS.iter().for_each(|way| check(&server, Language::Go, *way));
}

/// Scenario: the Python SDK sends over gRPC and HTTP/protobuf, cumulative and delta, plain and gzip.
/// Guarantees: exactly the series of the workload, with its values, for each.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn the_python_sdk_sends_and_every_series_is_seen() {
    let server = Pointsman::start(&[]);
    WAYS.iter().for_each(|way| check(&server, Language::Python, *way));
}

/// Scenario: the Rust SDK sends over gRPC, HTTP/protobuf and HTTP/JSON, cumulative and delta.
/// Guarantees: exactly the series of the workload, with its values, for each.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn the_rust_sdk_sends_and_every_series_is_seen() {
    let server = Pointsman::start(&[]);
    let json = [way("http/json", "cumulative", false), way("http/json", "delta", false)];
    WAYS.iter().chain(&json).for_each(|way| check(&server, Language::Rust, *way));
}
