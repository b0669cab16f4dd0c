//! Real Prometheus servers, 2.42 and 3, scrape us in every format they know, and hold exactly what was pushed.
//! What they hold is compared with our own scrape, series by series; neither side is parsed by the code it judges.

mod pushed;

use super::{
    exposition::{Samples, key, samples},
    peers::{Process, free, settles},
};
use crate::support::{Pointsman, http};
use pushed::push;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// One Accept header per format.
pub(crate) const ACCEPTS: [&str; 5] = [
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "text/plain;version=0.0.4",
];

/// One scrape of the configuration: a name that becomes the label `format`, what to scrape, and settings of its own.
pub(super) struct Job {
    pub(super) format: &'static str,
    pub(super) target: SocketAddr,
    /// Whether our `job` and `instance` stay, as the documentation tells users to set it.
    pub(super) honor_labels: bool,
    pub(super) settings: String,
}

pub(super) struct Prometheus {
    address: SocketAddr,
    _process: Process,
}

impl Prometheus {
    pub(super) fn start(program: &str, jobs: &[Job], flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n".to_owned();
        for Job { format, target, honor_labels, settings } in jobs {
            config.push_str(&format!("- job_name: {format}\n  honor_labels: {honor_labels}\n{settings}"));
            config.push_str(&format!("  static_configs: [{{targets: ['{target}'], labels: {{format: {format}}}}}]\n"));
        }
        fs::write(folder.path().join("prometheus.yml"), config).expect("the configuration is written");
        let [address] = free();
        let mut args: Vec<String> = vec!["--config.file=prometheus.yml".to_owned(), "--storage.tsdb.path=data".to_owned()];
        args.push(format!("--web.listen-address={address}"));
        args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let process = Process::start(program, folder, &args, &[address]);
        Self { address, _process: process }
    }

    /// The result of an instant query.
    pub(super) fn query(&self, query: &str) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let reply = http(self.address, "GET", &format!("/api/v1/query?query={encoded}"), &[], b"");
        // While it loads its storage it answers 503.
        if reply.status != 200 {
            return Vec::new();
        }
        reply.json()["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// The result of a query over a time, in seconds, with a step of one.
    pub(super) fn query_range(&self, query: &str, start: u64, end: u64) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("/api/v1/query_range?query={encoded}&start={start}&end={end}&step=1");
        let reply = http(self.address, "GET", &path, &[], b"");
        assert!([200, 503].contains(&reply.status), "{query}: {}", reply.text());
        if reply.status == 503 {
            return Vec::new();
        }
        reply.json()["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// What it holds of the pushed series as scraped in one format, and its native histograms apart.
    fn holds(&self, format: &str) -> (Samples, Vec<Value>) {
        let (mut plain, mut native) = (Samples::new(), Vec::new());
        for series in self.query(&format!("{{format=\"{format}\",job=~\"it/.*\"}}")) {
            let labels = labels_of(&series);
            match series["value"][1].as_str() {
                Some(value) => {
                    plain.insert(labels, value.parse().expect("a number"));
                }
                None => native.push(series["histogram"][1].clone()),
            }
        }
        (plain, native)
    }

    /// A meta series of a scrape, such as `up`.
    pub(super) fn meta(&self, name: &str, format: &str) -> Option<f64> {
        let result = self.query(&format!("{name}{{format=\"{format}\"}}"));
        result.first().and_then(|series| series["value"][1].as_str()?.parse().ok())
    }

    /// What it says of the last scrape of each target, by the label `format`; nothing where it went well.
    pub(super) fn errors(&self) -> BTreeMap<String, String> {
        let reply = http(self.address, "GET", "/api/v1/targets", &[], b"");
        let targets = reply.json()["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        targets.iter().map(|target| (text(&target["labels"]["format"]), text(&target["lastError"]))).collect()
    }

    /// Its own counters of samples it had to refuse.
    pub(super) fn refused(&self) -> BTreeMap<String, f64> {
        let names = ["sample_duplicate_timestamp", "sample_out_of_order", "sample_out_of_bounds", "exemplar_out_of_order"];
        let counter = |name: &&str| format!("prometheus_target_scrapes_{name}_total");
        names.iter().map(counter).map(|name| (name.clone(), self.own(&name))).collect()
    }

    /// One of its own counters.
    pub(super) fn own(&self, name: &str) -> f64 {
        let body = http(self.address, "GET", "/metrics", &[], b"").text();
        let line = body.lines().find_map(|line| line.strip_prefix(&format!("{name} ")).and_then(|value| value.parse().ok()));
        line.unwrap_or_else(|| panic!("Prometheus has no counter {name}"))
    }
}

fn labels_of(series: &Value) -> String {
    let mut labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone()).expect("labels are strings");
    labels.remove("format");
    let name = labels.remove("__name__").unwrap_or_default();
    key(&name, &labels)
}

/// The pushed series of our own scrape with this Accept header; start times apart, which Prometheus reads or leaves.
fn ours(server: &Pointsman, accept: &str) -> Samples {
    let reply = server.get_with("/metrics", &[("accept", accept)]);
    assert_eq!((reply.status, reply.complete), (200, true), "{accept}");
    let all = samples(&reply.text());
    all.into_iter().filter(|(key, _)| key.contains("job=\"it/") && !key.contains("_created{")).collect()
}

/// Waits until Prometheus holds for one format what we expose in it (empty: as text 0.0.4), then checks the scrape itself.
fn check(prometheus: &Prometheus, server: &Pointsman, format: &str, exposed: &str) {
    let native = format == "protobuf";
    let accept = if exposed.is_empty() { "text/plain;version=0.0.4" } else { exposed };
    let (mut want, mut got) = (Samples::new(), Samples::new());
    let mut natives = Vec::new();
    settles(|| {
        want = ours(server, accept);
        if native {
            // There the exponential histogram is one native sample, not its three text series.
            want.retain(|key, _| !key.contains("exponential"));
        }
        (got, natives) = prometheus.holds(format);
        got.retain(|key, _| !key.contains("_created{"));
        got == want && natives.len() == usize::from(native)
    });
    assert!(!want.is_empty(), "{format}: nothing was pushed");
    assert_eq!(got, want, "{format}");
    assert_eq!(prometheus.meta("up", format), Some(1.0), "{format}");
    if native {
        pushed::check_native(&natives);
    }
    if format == "text0" {
        let all = settles(|| prometheus.meta("scrape_samples_scraped", format) == Some(samples(&server.scrape()).len() as f64));
        assert!(all, "{format}: Prometheus scraped another number of samples than we expose");
    }
}

/// Pushes twice, and after each push compares every format; at the end nothing may have been refused.
fn check_all(server: &Pointsman, prometheus: &Prometheus, formats: &[(&str, &str)]) {
    for round in 1..=2 {
        push(server, round);
        formats.iter().for_each(|(format, accept)| check(prometheus, server, format, accept));
    }
    assert!(prometheus.refused().values().all(|count| *count == 0.0), "{:?}", prometheus.refused());
}

/// Scenario: Prometheus 3 scrapes one server by five jobs, each bound to one format or to its own choice.
/// Guarantees: every target is up; each job holds exactly the pushed series and values, twice; nothing is refused.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn prometheus_3_scrapes_every_format() {
    let server = Pointsman::start(&[]);
    let job = |format, protocols: &str| {
        let settings = format!("  scrape_native_histograms: {}\n{protocols}", format == "protobuf");
        Job { format, target: server.read, honor_labels: true, settings }
    };
    let jobs = [
        job("protobuf", "  scrape_protocols: [PrometheusProto]\n"),
        job("om", "  scrape_protocols: [OpenMetricsText1.0.0]\n"),
        job("text1", "  scrape_protocols: [PrometheusText1.0.0]\n"),
        job("text0", "  scrape_protocols: [PrometheusText0.0.4]\n"),
        job("default", ""),
    ];
    let prometheus = Prometheus::start("prometheus3", &jobs, &["--enable-feature=exemplar-storage"]);
    let formats = [("protobuf", ""), ("om", ACCEPTS[1]), ("text1", ACCEPTS[3]), ("text0", ""), ("default", "")];
    check_all(&server, &prometheus, &formats);
}

/// Scenario: Prometheus 3 scrapes one server twice, once with `honor_labels`, once without.
/// Guarantees: with it every pushed series keeps its `job` and `instance`; without, they are found only as `exported_job`
/// and `exported_instance`, and stay apart (RS-12).
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn honor_labels_keeps_job_and_instance() {
    let server = Pointsman::start(&[]);
    push(&server, 1);
    let job = |format, honor_labels| Job { format, target: server.read, honor_labels, settings: String::new() };
    let prometheus = Prometheus::start("prometheus3", &[job("kept", true), job("renamed", false)], &[]);
    let found = |query: &str| {
        let labels = |series: &Value| {
            let label = |name: &str| series["metric"][name].as_str().unwrap_or("-").to_owned();
            ["job", "instance", "exported_job", "exported_instance"].map(label).join(" ")
        };
        let mut all: Vec<String> = prometheus.query(query).iter().map(labels).collect();
        all.sort();
        all
    };
    let kept = ["it/alpha 0 - -", "it/beta 0 - -"];
    let query = |format: &str| found(&format!("it_requests_total{{format=\"{format}\"}}"));
    assert!(settles(|| query("kept") == kept), "{:?}", query("kept"));
    let renamed = ["alpha", "beta"].map(|name| format!("renamed {} it/{name} 0", server.read));
    assert!(settles(|| query("renamed") == renamed), "{:?}", query("renamed"));
    assert!(prometheus.refused().values().all(|count| *count == 0.0), "{:?}", prometheus.refused());
}

/// Scenario: names keep their dots, and Prometheus 3 asks for them as they are.
/// Guarantees: it holds the series under their OTel names, in OpenMetrics and in text.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn prometheus_3_reads_names_with_dots() {
    let server = Pointsman::start(&["--translation-strategy", "NoUTF8EscapingWithSuffixes"]);
    let job = |format, protocol: &str| Job {
        format,
        target: server.read,
        honor_labels: true,
        settings: format!("  scrape_protocols: [{protocol}]\n"),
    };
    let jobs = [job("om", "OpenMetricsText1.0.0"), job("text1", "PrometheusText1.0.0")];
    let prometheus = Prometheus::start("prometheus3", &jobs, &[]);
    for round in 1..=2 {
        push(&server, round);
        for (format, accept) in [("om", ACCEPTS[2]), ("text1", ACCEPTS[3])] {
            let (mut want, mut got) = (Samples::new(), Samples::new());
            settles(|| {
                want = ours(&server, accept);
                (got, _) = prometheus.holds(format);
                got.retain(|key, _| !key.contains("_created{"));
                got == want
            });
            assert_eq!(got, want, "{format}");
            assert!(want.keys().any(|key| key.starts_with("it.requests_total{")), "{want:#?}");
            assert_eq!(prometheus.meta("up", format), Some(1.0), "{format}");
        }
    }
}

/// Scenario: Prometheus 2.42, which asks for OpenMetrics, or with native histograms for protobuf; and once through a
/// proxy that leaves it only the oldest text.
/// Guarantees: every target is up; each holds exactly the pushed series and values, twice; nothing is refused.
#[test]
#[ignore = "needs a real peer: bash tests/run.sh"]
fn prometheus_2_scrapes_every_format() {
    let server = Pointsman::start(&[]);
    let proxy = TextProxy::start(server.read);
    let job = |format, target| Job { format, target, honor_labels: true, settings: String::new() };
    let text = Prometheus::start(
        "prometheus2",
        &[job("om", server.read), job("text0", proxy.address)],
        &["--enable-feature=exemplar-storage"],
    );
    let protobuf = Prometheus::start(
        "prometheus2",
        &[job("protobuf", server.read)],
        &["--enable-feature=exemplar-storage,native-histograms"],
    );
    check_all(&server, &text, &[("om", ACCEPTS[1]), ("text0", "")]);
    check_all(&server, &protobuf, &[("protobuf", "")]);
}

/// Answers every request with our text 0.0.4, because Prometheus 2 cannot be told what to ask for.
struct TextProxy {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    worker: Option<thread::JoinHandle<()>>,
}

impl TextProxy {
    fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let worker = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // A scraper that went away is its own affair.
                answer(stream, upstream).ok();
            }
        });
        Self { address, stop, worker: Some(worker) }
    }
}

impl Drop for TextProxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the worker out of `accept`.
        drop(TcpStream::connect(self.address));
        if let Some(worker) = self.worker.take() {
            worker.join().ok();
        }
    }
}

fn answer(mut stream: TcpStream, upstream: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let reply = http(upstream, "GET", "/metrics", &[("accept", "text/plain;version=0.0.4")], b"");
    let content_type = reply.header("content-type").unwrap_or("text/plain; version=0.0.4");
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.body.len()
    )?;
    stream.write_all(&reply.body)
}
