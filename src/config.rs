//! What was meant: flags, environment and file in one validated value, every mistake in one report.
//! A flag wins over the environment, which wins over the file. Reads nothing itself: [`Given`] holds what there is.

pub mod access;
mod endpoints;
pub mod file;
pub mod place;
mod profile;
pub mod send;
pub mod values;
pub mod watch;

use access::ReadAccess;
use file::FileValue;
use place::CommandLine;
use pointsman_core::{
    expose::names::TranslationStrategy,
    fault::{Fault, Place, code::Code},
    limits,
};
use send::SendAccess;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};
use values::{Addr, BackEnd, Count, Lasting, List, LogFilter, Pod, Size, Switch, TraceLink, Word, without_credentials};

/// Every key of `pointsman serve`: a flag is `--key`, the environment variable [`env_name`] of it, a line of the file `key: value`.
pub const KEYS: [&str; 50] = [
    "allow-openshift-scraper",
    "allow-paths",
    "auth-token-audiences",
    "catalog",
    "client-ca-file",
    "config-file",
    "connections-per-address",
    "expire-after",
    "http2-disable",
    "http2-max-concurrent-streams",
    "http2-max-size",
    "ignore-paths",
    "insecure",
    "insecure-listen-address",
    "instance-fallback",
    "kube-api-burst",
    "kube-api-qps",
    "kubeconfig",
    "listen",
    "log",
    "max-body",
    "max-series",
    "memory-limit",
    "otlp-client-ca-file",
    "otlp-grpc",
    "otlp-http",
    "otlp-identity",
    "otlp-senders-file",
    "otlp-token-audiences",
    "pod",
    "promote-resource-attributes",
    "protecting-namespaces",
    "proxy-endpoints-port",
    "ratio-suffix",
    "scope-labels",
    "secure-listen-address",
    "sender-max-bytes",
    "sender-max-requests",
    "sender-max-series",
    "state-dir",
    "tls-cert-file",
    "tls-cipher-suites",
    "tls-min-version",
    "tls-private-key-file",
    "tls-profile",
    "tls-reload-interval",
    "trace-link",
    "traces-to",
    "translation-strategy",
    "views",
];

/// Keys that may be given several times.
const REPEATABLE: [&str; 2] = ["catalog", "traces-to"];
/// Share of the memory limit that series may take, and what one is reckoned at.
const SERIES_SHARE: u64 = 2;
const SERIES_BYTES: u64 = 256;
/// The memory limit where no cgroup sets one.
const MEMORY_BYTES: u64 = 1 << 30;

/// What a process takes beside its heap and its code: stacks, tables of libraries.
const OTHER_BYTES: u64 = 8 << 20;

/// Everything `pointsman serve` was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where OTLP over gRPC is taken.
    pub otlp_grpc: SocketAddr,
    /// Where OTLP over HTTP is taken.
    pub otlp_http: SocketAddr,
    /// The read side.
    pub listen: SocketAddr,
    /// A further address with TLS where health is served and nothing else.
    pub proxy_endpoints: Option<SocketAddr>,
    /// The folder of views.
    pub views: Option<PathBuf>,
    /// The cluster that views are read from, where they are.
    pub cluster: Option<Cluster>,
    /// The API server that can be asked who comes, where one is known.
    pub api_server: Option<ApiServer>,
    /// The certificate chain and key, in PEM, that every listener shows; without them they speak plain text.
    pub tls: Option<TlsFiles>,
    /// Catalogue files.
    pub catalog: Vec<PathBuf>,
    /// Trace back ends.
    pub traces_to: Vec<String>,
    /// Where a trace viewer shows a trace.
    pub trace_link: Option<TraceLink>,
    /// What must survive a restart goes here.
    pub state_dir: Option<PathBuf>,
    /// How names are translated.
    pub translation_strategy: TranslationStrategy,
    /// Whether series carry `otel_scope_*`.
    pub scope_labels: bool,
    /// Whether gauges of unit `1` end in `_ratio`.
    pub ratio_suffix: bool,
    /// Whether `instance` falls back to other attributes.
    pub instance_fallback: bool,
    /// Resource attributes that become labels of every series.
    pub promote_resource_attributes: Vec<String>,
    /// When a silent resource ends.
    pub expire_after: Duration,
    /// Largest body, in bytes.
    pub max_body: usize,
    /// Series kept at once.
    pub max_series: usize,
    /// Requests in flight on one HTTP/2 connection.
    pub http2_streams: u32,
    /// Bytes that one HTTP/2 stream may send ahead of us.
    pub http2_stream_bytes: u32,
    /// Connections of one address, where that was said; then loopback counts too.
    pub connections_per_address: Option<usize>,
    /// How often the API server may be asked who comes, and what they may do.
    pub kube_api: KubeApi,
    /// Memory to stay within, in bytes.
    pub memory_limit: u64,
    /// What of it the heap may hold: the rest is for the program itself, and for what its allocator loses in gaps.
    pub heap_bytes: usize,
    /// Whether plain text off loopback was allowed.
    pub insecure: bool,
    /// The log filter.
    pub log: String,
    /// How readers are asked who they are; without it everybody may read.
    pub access: Option<ReadAccess>,
    /// How senders are asked who they are; without it everybody may send, and is who they say.
    pub senders: Option<SendAccess>,
    /// Series that one sender may have begun, where senders are asked who they are.
    pub sender_max_series: Option<usize>,
    /// Whether the read side speaks plain text although there is a certificate.
    pub listen_plain: bool,
    /// Flags of kube-rbac-proxy that were given and mean nothing here.
    pub without_effect: Vec<String>,
}

/// Where views come from when they come from a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The kubeconfig that names it; `None` = the pod's own.
    pub kubeconfig: Option<PathBuf>,
    /// Our own pod, namespace and name: with it we hold Leases, and a second replica stands by.
    pub pod: Option<(String, String)>,
    /// Namespaces whose alerts, rules and autoscalers protect what they read in every namespace.
    pub protecting_namespaces: Vec<String>,
}

/// An API server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServer {
    /// The kubeconfig that names it; `None` = the pod's own.
    pub kubeconfig: Option<PathBuf>,
}

/// How often an API server may be asked about tokens and rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubeApi {
    /// A second, for long.
    pub per_second: u32,
    /// At once, after a quiet time.
    pub burst: u32,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
    /// The authority whose certificates count among those who read, in PEM; without it they are not asked.
    pub client_ca: Option<PathBuf>,
    /// Versions and suites, as they were named.
    pub names: TlsNames,
    /// Whether HTTP/2 is offered to gRPC alone.
    pub http2_disable: bool,
    /// Between two looks at the files.
    pub reload: Duration,
    /// The authority whose certificates those who send OTLP or OpAMP must show, in PEM; without it they are not asked for one.
    pub otlp_client_ca: Option<PathBuf>,
}

/// Versions and suites of TLS by name; who serves them knows which there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsNames {
    /// A profile.
    pub profile: Option<String>,
    /// The oldest version.
    pub min_version: Option<String>,
    /// Suites.
    pub suites: Option<Vec<String>>,
}

/// What there is to read: nothing here is looked up elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Flags as typed, by name, each with everything that was given for it.
    pub flags: BTreeMap<&'static str, Vec<String>>,
    /// The whole command line, for places.
    pub command_line: CommandLine,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The configuration file: its name and its text.
    pub file: Option<(String, String)>,
    /// The memory limit of the cgroup, in bytes.
    pub cgroup_bytes: Option<u64>,
    /// What the program's code takes, in bytes.
    pub program_bytes: u64,
    /// Whether we run in a pod that may talk to its API server.
    pub in_pod: bool,
}

/// The environment variable of a key.
#[must_use]
pub fn env_name(key: &str) -> String {
    format!("POINTSMAN_{}", key.replace('-', "_").to_uppercase())
}

impl Config {
    /// Reads everything; all mistakes at once.
    ///
    /// # Errors
    /// Every mistake, in the order flags, environment, file, then what does not fit together.
    pub fn read(given: &Given) -> Result<Self, Vec<Fault>> {
        let mut layers = Layers::new(given, &KEYS);
        let memory_limit = layers.one("memory-limit").map(|Size(bytes)| bytes);
        let memory_limit = memory_limit.unwrap_or_else(|| given.cgroup_bytes.map_or(MEMORY_BYTES, |all| all / 10 * 9));
        let heap_bytes = layers.heap(memory_limit);
        let series = || usize::try_from(memory_limit / SERIES_SHARE / SERIES_BYTES).unwrap_or(usize::MAX);
        let tls = layers.tls();
        let (listen, listen_plain) = layers.read_side(tls.is_some());
        let insecure = layers.switch("insecure", false);
        let (access, senders) = (
            layers.read_access(listen, insecure && (tls.is_none() || listen_plain)),
            layers.send_access(insecure && tls.is_none()),
        );
        let (cluster, api_server) = layers.cluster(access.is_some() || senders.is_some() || profile::is_of_cluster(tls.as_ref()));
        let mut config = Self {
            otlp_grpc: layers.addr("otlp-grpc", 4317),
            otlp_http: layers.addr("otlp-http", 4318),
            listen,
            proxy_endpoints: layers.proxy_endpoints(listen, tls.is_some()),
            views: layers.one::<PathBuf>("views"),
            cluster,
            api_server,
            tls,
            catalog: layers.all::<PathBuf>("catalog"),
            traces_to: layers.all("traces-to").into_iter().map(|BackEnd(url)| url).collect(),
            trace_link: layers.one::<TraceLink>("trace-link"),
            state_dir: layers.one::<PathBuf>("state-dir"),
            translation_strategy: layers.one::<TranslationStrategy>("translation-strategy").unwrap_or_default(),
            scope_labels: layers.switch("scope-labels", true),
            ratio_suffix: layers.switch("ratio-suffix", true),
            instance_fallback: layers.switch("instance-fallback", true),
            promote_resource_attributes: layers.one("promote-resource-attributes").map(|List(names)| names).unwrap_or_default(),
            expire_after: layers.one("expire-after").map_or(Duration::from_secs(300), |Lasting(time)| time),
            max_body: layers.max_body(heap_bytes),
            max_series: layers.one("max-series").map_or_else(series, |Count(n)| n),
            http2_streams: layers.one("http2-max-concurrent-streams").map_or(limits::HTTP2_STREAMS_MAX, |Count(n)| {
                u32::try_from(n).unwrap_or(u32::MAX).min(limits::HTTP2_STREAMS_MAX)
            }),
            http2_stream_bytes: layers.one("http2-max-size").map_or(limits::HTTP2_STREAM_WINDOW_BYTES, |Size(bytes)| {
                u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, limits::HTTP2_STREAM_WINDOW_BYTES)
            }),
            connections_per_address: layers.one("connections-per-address").map(|Count(n)| n),
            kube_api: layers.kube_api(),
            memory_limit,
            heap_bytes,
            insecure,
            log: layers.one("log").map_or_else(|| "info".to_owned(), |LogFilter(text)| text),
            access,
            sender_max_series: None,
            senders,
            listen_plain,
            without_effect: given.command_line.without_effect(),
        };
        config.sender_max_series = config.senders.as_ref().map(|_| layers.sender_max_series(config.max_series));
        layers.check_plain_text(&config);
        layers.check_profile(&config);
        layers.check_somebody_can_come(&config);
        if layers.faults.is_empty() { Ok(config) } else { Err(layers.faults) }
    }

    /// The listeners that other hosts can reach in plain text.
    #[must_use]
    pub fn insecure_listeners(&self) -> Vec<&'static str> {
        let is_plain = |key: &str| self.tls.is_none() || (key == "listen" && self.listen_plain);
        let all = [("otlp-grpc", self.otlp_grpc), ("otlp-http", self.otlp_http), ("listen", self.listen)];
        all.into_iter().filter(|(key, addr)| is_plain(key) && !addr.ip().is_loopback()).map(|(key, _)| key).collect()
    }
}

/// The layers of one reading, and the mistakes met so far.
struct Layers<'a> {
    given: &'a Given,
    file: BTreeMap<String, FileValue>,
    faults: Vec<Fault>,
}

/// One text of a key: what it says, and where it stands.
struct Text {
    text: String,
    from: String,
    place: Place,
}

impl<'a> Layers<'a> {
    fn new(given: &'a Given, keys: &[&str]) -> Self {
        let mut faults = given.command_line.unknown_flags();
        let mut file = BTreeMap::new();
        let (lines, mistakes) = given.file.as_ref().map(|(name, text)| file::parse(name, text)).unwrap_or_default();
        faults.extend(mistakes);
        for line in lines {
            if keys.contains(&line.key.as_str()) {
                file.insert(line.key.clone(), line);
            } else {
                let fault = Fault::new(Code::UnknownSetting, line.key_place, &["key", &line.key]);
                faults.push(fault.with_allowed(&line.key, keys));
            }
        }
        Self { given, file, faults }
    }

    /// The texts of a key: from the highest layer that has any.
    fn texts(&self, key: &str) -> Vec<Text> {
        if let Some(values) = self.given.flags.get(key) {
            let text = |(i, text): (usize, &String)| {
                let place = self.given.command_line.place(key, i);
                Text { text: text.clone(), from: format!("--{key}"), place }
            };
            return values.iter().enumerate().map(text).collect();
        }
        let name = env_name(key);
        if let Some(value) = self.given.env.get(&name).filter(|value| !value.is_empty()) {
            let values = if REPEATABLE.contains(&key) { value.split(',').collect() } else { vec![value.as_str()] };
            let place = || Place::Setting(name.as_str().into());
            let text = |text: &str| Text { text: text.trim().to_owned(), from: name.clone(), place: place() };
            return values.into_iter().map(text).collect();
        }
        let Some(line) = self.file.get(key) else { return Vec::new() };
        let text = |text: &String| Text { text: text.clone(), from: "the file".to_owned(), place: line.place.clone() };
        line.values.iter().map(text).collect()
    }

    fn all<T: Value>(&mut self, key: &str) -> Vec<T> {
        let mut values = Vec::new();
        for Text { text, from, place } in self.texts(key) {
            match T::read(&text) {
                Ok(value) => values.push(value),
                Err(expected) => self.faults.push(expected.fault(key, Text { text, from, place })),
            }
        }
        values
    }

    fn one<T: Value>(&mut self, key: &str) -> Option<T> {
        let mut texts = self.texts(key);
        if texts.len() > 1 {
            if T::IS_LIST {
                let joined: Vec<_> = texts.into_iter().map(|text| text.text).collect();
                return T::read(&joined.join(",")).ok();
            }
            let Text { from, place, .. } = texts.remove(1);
            let fault = Fault::new(Code::BadSetting, place, &[key, &from, "it has several values"]);
            self.faults.push(fault.with_hint("give it once"));
            return None;
        }
        self.all(key).pop()
    }

    fn addr(&mut self, key: &str, port: u16) -> SocketAddr {
        self.one(key).map_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)), |Addr(addr)| addr)
    }

    fn switch(&mut self, key: &str, default: bool) -> bool {
        self.one(key).map_or(default, |Switch(on)| on)
    }

    /// A cluster is read where one is named, and in a pod that was given no folder; whoever comes is asked there too.
    fn cluster(&mut self, asks: bool) -> (Option<Cluster>, Option<ApiServer>) {
        let kubeconfig = self.one::<PathBuf>("kubeconfig");
        let pod = self.one("pod").map(|Pod(namespace, name)| (namespace, name));
        let protecting_namespaces = self.one("protecting-namespaces").map(|List(names)| names).unwrap_or_default();
        let views = self.texts("views").pop();
        let api_server = (kubeconfig.is_some() || self.given.in_pod).then(|| ApiServer { kubeconfig: kubeconfig.clone() });
        if let (Some(_), false, Some(Text { from, place, .. })) = (&kubeconfig, asks, &views) {
            let what = "views come from a folder or from a cluster";
            let fault = Fault::new(Code::BadSetting, place.clone(), &["views", from, what]);
            self.faults.push(fault.with_hint("leave out `kubeconfig` or `views`"));
        }
        let reads = api_server.is_some() && views.is_none();
        (reads.then_some(Cluster { kubeconfig, pod, protecting_namespaces }), api_server)
    }

    fn kube_api(&mut self) -> KubeApi {
        let mut of = |key, usual| self.one(key).map_or(usual, |Count(n)| u32::try_from(n).unwrap_or(u32::MAX));
        KubeApi { per_second: of("kube-api-qps", limits::KUBE_API_QPS), burst: of("kube-api-burst", limits::KUBE_API_BURST) }
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let keys = ["tls-cert-file", "tls-private-key-file"];
        let [certificate, key] = keys.map(|key| self.one::<PathBuf>(key));
        let [client_ca, otlp_client_ca] = ["client-ca-file", "otlp-client-ca-file"].map(|key| self.one::<PathBuf>(key));
        let [profile, min_version] = ["tls-profile", "tls-min-version"].map(|key| self.one(key).map(|Word(word)| word));
        let suites = self.one("tls-cipher-suites").map(|List(names)| names);
        let names = TlsNames { profile, min_version, suites };
        let http2_disable = self.switch("http2-disable", false);
        let reload = self.one("tls-reload-interval").map_or(limits::TLS_RELOAD_MS, |Lasting(time)| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(limits::TLS_RELOAD_MS_MIN, limits::TLS_RELOAD_MS_MAX)
        });
        let reload = Duration::from_millis(reload);
        match (certificate, key) {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate, key, client_ca, names, http2_disable, reload, otlp_client_ca })
            }
            (None, None) => {
                for needs in [
                    "client-ca-file",
                    "http2-disable",
                    "otlp-client-ca-file",
                    "tls-profile",
                    "tls-min-version",
                    "tls-cipher-suites",
                ] {
                    for Text { text: _, from, place } in self.texts(needs) {
                        let fault = Fault::new(Code::BadSetting, place, &[needs, &from, "it is about TLS, and there is none"]);
                        self.faults.push(fault.with_hint("give `tls-cert-file` and `tls-private-key-file` too"));
                    }
                }
                None
            }
            (certificate, _) => {
                let (given, missing) = if certificate.is_some() { (keys[0], keys[1]) } else { (keys[1], keys[0]) };
                if let Some(Text { from, place, .. }) = self.texts(given).pop() {
                    let fault = Fault::new(Code::BadSetting, place, &[given, &from, "a certificate and its key belong together"]);
                    self.faults.push(fault.with_hint(format!("give `{missing}` too")));
                }
                None
            }
        }
    }

    /// The part of the memory limit that the heap may hold. With too little hardly a request would fit.
    fn heap(&mut self, memory_limit: u64) -> usize {
        let beside = self.given.program_bytes.saturating_add(OTHER_BYTES);
        let heap = memory_limit.saturating_sub(beside) / 4 * 3;
        if heap < limits::HEAP_BYTES_MIN {
            let (text, from, place) = self.texts("memory-limit").pop().map_or_else(
                || (String::new(), "the cgroup".to_owned(), Place::Setting("--memory-limit".into())),
                |Text { text, from, place }| (format!("{text}: "), from, place),
            );
            let least = (limits::HEAP_BYTES_MIN / 3 * 4).saturating_add(beside).div_ceil(1 << 20);
            let what = format!("{text}the program alone takes {} MiB", beside.div_ceil(1 << 20));
            let fault = Fault::new(Code::BadSetting, place, &["memory-limit", &from, &what]);
            self.faults.push(fault.with_hint(format!("give at least {least}MiB")));
        }
        usize::try_from(heap.max(limits::HEAP_BYTES_MIN)).unwrap_or(usize::MAX)
    }

    /// The largest body: compressed and inflated, while its room is doubled, it fits in the share of requests in flight.
    fn max_body(&mut self, heap_bytes: usize) -> usize {
        let most = heap_bytes / limits::FLIGHT_SHARE / 5 * 2;
        let Some(Size(bytes)) = self.one("max-body") else { return limits::BODY_BYTES_MAX.min(most) };
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes > most {
            for Text { text, from, place } in self.texts("max-body") {
                let what = format!("{text} does not fit in what --memory-limit leaves for requests");
                let fault = Fault::new(Code::BadSetting, place, &["max-body", &from, &what]);
                self.faults.push(fault.with_hint(format!("give at most {}MiB, or more memory", most >> 20)));
            }
        }
        bytes.min(most)
    }
}

/// What a text should have been.
#[derive(Debug)]
pub struct Expected {
    what: &'static str,
    right: Right,
}

/// What would be right.
#[derive(Debug)]
enum Right {
    /// Something like this.
    Like(&'static str),
    /// One of these.
    OneOf(Vec<&'static str>),
}

impl Expected {
    fn one_of(what: &'static str, words: &[&'static str]) -> Self {
        Self { what, right: Right::OneOf(words.to_vec()) }
    }

    fn fault(self, key: &str, Text { text, from, place }: Text) -> Fault {
        let what = format!("`{}` is not {}", without_credentials(&text), self.what);
        let fault = Fault::new(Code::BadSetting, place, &[key, &from, &what]);
        match self.right {
            Right::Like(example) => fault.with_hint(format!("write it like {example}")),
            Right::OneOf(words) => fault.with_allowed(&text, &words),
        }
    }
}

/// Reads the value of a flag that is no key of [`Config`]; a mistake in it goes to `faults`.
pub fn read_flag<T: Value>(flag: &str, text: Option<&str>, line: &CommandLine, faults: &mut Vec<Fault>) -> Option<T> {
    let (text, from, place) = (text?.to_owned(), format!("--{flag}"), line.place(flag, 0));
    T::read(&text).map_err(|expected| faults.push(expected.fault(flag, Text { text, from, place }))).ok()
}

/// A type that a text can mean.
pub trait Value: Sized {
    /// Whether several texts are one value.
    const IS_LIST: bool = false;
    /// Reads it.
    ///
    /// # Errors
    /// What it should have been.
    fn read(text: &str) -> Result<Self, Expected>;
}

impl Value for TranslationStrategy {
    fn read(text: &str) -> Result<Self, Expected> {
        let words = || Self::ALL.iter().map(|strategy| strategy.as_str()).collect();
        Self::from_str(text).map_err(|_| Expected { what: "a translation strategy", right: Right::OneOf(words()) })
    }
}

#[cfg(test)]
mod tests;
