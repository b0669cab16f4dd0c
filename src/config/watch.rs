//! What a watcher was told: whose objects of which cluster, what to push, where to and how often.
//! Reads flags, environment and file as `serve` does. Knows no kind of object.

use super::{
    Given, Layers, Text,
    values::{Endpoint, Lasting, LogFilter, Name, Opamp, Pod, Port, Receiver, Toggle},
};
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
};
use std::{path::PathBuf, time::Duration};

/// Every key of `pointsman watch`, as those of `serve`.
pub const KEYS: [&str; 22] = [
    "all-nodes",
    "interval",
    "kubeconfig",
    "legacy-metrics",
    "log",
    "node",
    "opamp",
    "otlp",
    "otlp-ca-file",
    "otlp-server-name",
    "otlp-token-file",
    "plan-cache",
    "plan-file",
    "pod",
    "read-secrets",
    "scrape-ca-file",
    "scrape-interval",
    "scrape-mcc",
    "scrape-mcd",
    "scrape-server-name",
    "scrape-token-file",
    "sync",
];

/// Where is pushed to unless something else is said.
const OTLP: &str = "http://127.0.0.1:4317";

/// Everything `pointsman watch` was told.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchConfig {
    /// Whose objects.
    pub role: Role,
    /// Where to push.
    pub otlp: Otlp,
    /// Where plans come from: what is pushed, and in which shape.
    pub plans: Plans,
    /// The kubeconfig that names the cluster; `None` = the pod's own.
    pub kubeconfig: Option<PathBuf>,
    /// Our own pod, namespace and name; `None` = there is no other replica.
    pub pod: Option<(String, String)>,
    /// Whether the operator's own names are pushed too.
    pub legacy_metrics: bool,
    /// What is scraped; `None` = nothing is.
    pub scrape: Option<Scrape>,
    /// How often is pushed.
    pub interval: Duration,
    /// The log filter.
    pub log: String,
}

/// Whose objects are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the operator does: pools, versions, rollouts.
    Operator,
    /// What the controllers do.
    Controller {
        /// Whether the secrets of the machine-config-server are read.
        read_secrets: bool,
    },
    /// What the daemons do on all nodes.
    Daemon,
    /// What the daemon of one node does.
    Node {
        /// Its name.
        name: String,
    },
}

impl Role {
    /// As it is typed, and as it names a Lease and a service instance.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Controller { .. } => "controller",
            Self::Daemon | Self::Node { .. } => "daemon",
        }
    }
}

/// The operator's own endpoints that are scraped, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrape {
    /// Whose.
    pub of: Scraped,
    /// Certificates to trust, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The file with the token to show.
    pub token_file: Option<PathBuf>,
    /// The name their certificates must be for, where it is not that of their Service.
    pub server_name: Option<String>,
    /// How often each is asked.
    pub interval: Duration,
}

/// Whose endpoints are scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scraped {
    /// The controller's.
    Controller {
        /// Where it is.
        url: http::Uri,
    },
    /// The daemon's on each node.
    Daemons {
        /// Of each node's own address.
        port: u16,
    },
}

/// An OTLP receiver, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// Its address.
    pub url: http::Uri,
    /// Certificates to trust, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The name its certificate must be for.
    pub server_name: Option<String>,
    /// The file with the token to show.
    pub token_file: Option<PathBuf>,
}

/// Where plans come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plans {
    /// Who tells them while we run.
    pub controller: Controller,
    /// A mounted file with one.
    pub file: Option<PathBuf>,
    /// Where the last good one is kept over a restart.
    pub cache: Option<PathBuf>,
    /// The kill switch: no plan is taken from anywhere, and declared levels decide.
    pub killed: bool,
}

/// Who tells plans while we run. Each is reached as [`Otlp`] is: with its certificates, its name and its token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Controller {
    /// Nobody.
    #[default]
    Nobody,
    /// Whoever is there where the receiver would have it, were it pointsman. It may be something else, that knows no plans.
    Assumed(http::Uri),
    /// Whoever was named: it is there, or will be.
    Named(http::Uri),
}

/// Where pointsman takes sessions, beside OTLP over HTTP.
const OPAMP_PATH: &str = "/v1/opamp";

impl Controller {
    /// The one that belongs to a receiver. Ports alone tell what listens: of another than the two of OTLP nothing is known.
    fn of(receiver: &http::Uri) -> Self {
        let scheme = if receiver.scheme_str() == Some("https") { "wss" } else { "ws" };
        match (receiver.host(), receiver.port_u16()) {
            (Some(host), Some(4317 | 4318)) => {
                let url = format!("{scheme}://{host}:4318{OPAMP_PATH}").parse();
                url.map_or(Self::Nobody, Self::Assumed)
            }
            _ => Self::Nobody,
        }
    }
}

impl WatchConfig {
    /// Reads everything for a role, by its word; all mistakes at once.
    ///
    /// # Errors
    /// Every mistake, in the order flags, environment, file, then what does not fit together.
    pub fn read(role: &str, given: &Given) -> Result<Self, Vec<Fault>> {
        let mut layers = Layers::new(given, &KEYS);
        let (role_read, otlp) = (layers.role(role), layers.otlp());
        let config = Self {
            role: role_read,
            plans: layers.plans(&otlp.url),
            otlp,
            kubeconfig: layers.one::<PathBuf>("kubeconfig"),
            pod: layers.one("pod").map(|Pod(namespace, name)| (namespace, name)),
            legacy_metrics: layers.switch("legacy-metrics", false),
            scrape: layers.scrape(role),
            interval: layers.interval(),
            log: layers.one("log").map_or_else(|| "info".to_owned(), |LogFilter(text)| text),
        };
        if layers.texts("kubeconfig").is_empty() && !given.in_pod {
            let place = Place::Setting("--kubeconfig".into());
            let fault = Fault::new(Code::BadSetting, place, &["kubeconfig", "nowhere", "this is no pod, so no cluster is named"]);
            layers.faults.push(fault.with_hint("name the cluster to watch, like --kubeconfig ~/.kube/config"));
        }
        if matches!(config.role, Role::Node { .. }) {
            layers.refuse("pod", "the watcher of one node stands alone", "leave out `pod` or `node`");
        }
        if layers.faults.is_empty() { Ok(config) } else { Err(layers.faults) }
    }
}

impl Layers<'_> {
    fn role(&mut self, word: &str) -> Role {
        let (node, all) = (self.one("node").map(|Name(name)| name), self.switch("all-nodes", false));
        let read_secrets = self.switch("read-secrets", false);
        if word != "daemon" {
            self.refuse("node", "only the daemon has nodes", "leave it out, or watch the daemon");
            self.refuse("all-nodes", "only the daemon has nodes", "leave it out, or watch the daemon");
        } else if all {
            self.refuse("node", "one node and all nodes cannot both be meant", "leave out `node` or `all-nodes`");
        }
        if word != "controller" {
            self.refuse("read-secrets", "only the controller has secrets", "leave it out, or watch the controller");
        }
        match (word, node) {
            ("operator", _) => Role::Operator,
            ("controller", _) => Role::Controller { read_secrets },
            (_, Some(name)) => Role::Node { name },
            (_, None) => Role::Daemon,
        }
    }

    fn otlp(&mut self) -> Otlp {
        let url = self.one("otlp").map_or_else(|| http::Uri::from_static(OTLP), |Receiver(url)| url);
        let ca_file = self.one::<PathBuf>("otlp-ca-file");
        let server_name = self.one("otlp-server-name").map(|Name(name)| name);
        let token_file = self.one::<PathBuf>("otlp-token-file");
        if url.scheme_str() == Some("http") {
            for key in ["otlp-ca-file", "otlp-server-name"] {
                self.refuse(key, "the receiver is reached without TLS", "give `otlp` with https");
            }
            self.refuse("otlp-token-file", "the token would travel in plain text", "give `otlp` with https");
        }
        Otlp { url, ca_file, server_name, token_file }
    }

    /// Whoever names nobody means the receiver's own.
    fn plans(&mut self, receiver: &http::Uri) -> Plans {
        let named = self.one("opamp");
        if named == Some(Opamp::Off) {
            self.refuse("plan-cache", "nobody tells plans that could be kept", "leave it out, or `opamp`");
        }
        let controller = match named {
            Some(Opamp::Off) => Controller::Nobody,
            Some(Opamp::At(url)) => Controller::Named(url),
            // What is wrong with one that was named has been said.
            None if !self.texts("opamp").is_empty() => Controller::Nobody,
            None => Controller::of(receiver),
        };
        let (file, cache) = (self.one::<PathBuf>("plan-file"), self.one::<PathBuf>("plan-cache"));
        let killed = self.one("sync").is_some_and(|Toggle(on)| !on);
        let is_plain = |url: &http::Uri| matches!(url.scheme_str(), Some("ws" | "http"));
        if matches!(&controller, Controller::Named(url) if is_plain(url)) && !self.texts("otlp-token-file").is_empty() {
            self.refuse("opamp", "the token would travel in plain text", "give `opamp` with wss or https");
        }
        Plans { controller, file, cache, killed }
    }

    fn scrape(&mut self, role: &str) -> Option<Scrape> {
        let (mcc, mcd) = (self.one("scrape-mcc"), self.one("scrape-mcd"));
        let (ca_file, token_file) = (self.one::<PathBuf>("scrape-ca-file"), self.one::<PathBuf>("scrape-token-file"));
        let server_name = self.one("scrape-server-name").map(|Name(name)| name);
        let Lasting(interval) = self.one("scrape-interval").unwrap_or(Lasting(Duration::from_secs(limits::WATCH_SCRAPE_SECS)));
        let range = Duration::from_secs(1)..=Duration::from_secs(limits::WATCH_SCRAPE_SECS_MAX);
        if !range.contains(&interval) {
            self.refuse("scrape-interval", "it is not from 1s to 10m", "Prometheus asks every 30s");
        }
        if role != "controller" {
            self.refuse("scrape-mcc", "only the watcher of the controller asks it", "leave it out, or watch the controller");
        }
        if role != "daemon" {
            self.refuse("scrape-mcd", "only the watcher of the daemon asks daemons", "leave it out, or watch the daemon");
        }
        let of = match (mcc, mcd) {
            (Some(Endpoint(url)), _) => Scraped::Controller { url },
            (None, Some(Port(port))) => Scraped::Daemons { port },
            // What is wrong with an endpoint that was named has been said.
            (None, None) if !self.texts("scrape-mcc").is_empty() || !self.texts("scrape-mcd").is_empty() => return None,
            (None, None) => {
                for key in ["scrape-ca-file", "scrape-interval", "scrape-server-name", "scrape-token-file"] {
                    self.refuse(key, "nothing is scraped", "say what is, with `scrape-mcc` or `scrape-mcd`");
                }
                return None;
            }
        };
        Some(Scrape { of, ca_file, token_file, server_name, interval })
    }

    /// Rare pushes look like silence: three must fit into the time after which a receiver forgets.
    fn interval(&mut self) -> Duration {
        let Lasting(interval) = self.one("interval").unwrap_or(Lasting(Duration::from_secs(limits::WATCH_PUSH_SECS)));
        let range = Duration::from_secs(limits::WATCH_PUSH_SECS_MIN)..=Duration::from_secs(limits::WATCH_PUSH_SECS_MAX);
        if !range.contains(&interval) {
            self.refuse("interval", "it is not from 1s to 100s", "three pushes must fit into the 5m after which series end");
        }
        interval
    }

    /// A mistake wherever this key was given.
    fn refuse(&mut self, key: &str, why: &str, hint: &'static str) {
        if let Some(Text { from, place, .. }) = self.texts(key).pop() {
            self.faults.push(Fault::new(Code::BadSetting, place, &[key, &from, why]).with_hint(hint));
        }
    }
}

#[cfg(test)]
mod tests;
