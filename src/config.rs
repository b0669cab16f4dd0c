//! What was meant: flags, environment and file in one validated value, every mistake in one report.
//! A flag wins over the environment, which wins over the file. Reads nothing itself: [`Given`] holds what there is.

pub mod file;
pub mod values;

use crate::cli::Typed;
use file::FileValue;
use pointsman_core::{expose::names::TranslationStrategy, limits};
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};
use values::{Addr, BackEnd, Count, Lasting, List, Size, Switch};

/// Every key: a flag is `--key`, the environment variable [`env_name`] of it, a line of the file `key: value`.
pub const KEYS: [&str; 18] = [
    "catalog",
    "expire-after",
    "insecure",
    "instance-fallback",
    "listen",
    "log",
    "max-body",
    "max-series",
    "memory-limit",
    "otlp-grpc",
    "otlp-http",
    "promote-resource-attributes",
    "ratio-suffix",
    "scope-labels",
    "state-dir",
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

/// Everything `pointsman serve` was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where OTLP over gRPC is taken.
    pub otlp_grpc: SocketAddr,
    /// Where OTLP over HTTP is taken.
    pub otlp_http: SocketAddr,
    /// The read side.
    pub listen: SocketAddr,
    /// The folder of views.
    pub views: Option<PathBuf>,
    /// Catalogue files.
    pub catalog: Vec<PathBuf>,
    /// Trace back ends.
    pub traces_to: Vec<String>,
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
    /// Memory to stay within, in bytes.
    pub memory_limit: u64,
    /// Whether plain text off loopback was allowed.
    pub insecure: bool,
    /// The log filter.
    pub log: String,
}

/// What there is to read: nothing here is looked up elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Flags as typed.
    pub flags: Typed,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The configuration file: its name and its text.
    pub file: Option<(String, String)>,
    /// The memory limit of the cgroup, in bytes.
    pub cgroup_bytes: Option<u64>,
}

/// A mistake in what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The code of the table of faults.
    pub code: &'static str,
    /// Where: `--max-body`, `POINTSMAN_MAX_BODY`, `pointsman.yaml:3:11`.
    pub place: String,
    /// What was found.
    pub what: String,
    /// What would be right.
    pub fix: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, place, what, fix } = self;
        write!(f, "error[{code}]: {what}\n  --> {place}\n   = {fix}")
    }
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
    pub fn read(given: &Given) -> Result<Self, Vec<Mistake>> {
        let mut layers = Layers::new(given);
        let memory_limit = layers.one("memory-limit").map(|Size(bytes)| bytes);
        let memory_limit = memory_limit.unwrap_or_else(|| given.cgroup_bytes.map_or(MEMORY_BYTES, |all| all / 10 * 9));
        let series = || usize::try_from(memory_limit / SERIES_SHARE / SERIES_BYTES).unwrap_or(usize::MAX);
        let config = Self {
            otlp_grpc: layers.addr("otlp-grpc", 4317),
            otlp_http: layers.addr("otlp-http", 4318),
            listen: layers.addr("listen", 9464),
            views: layers.one::<PathBuf>("views"),
            catalog: layers.all::<PathBuf>("catalog"),
            traces_to: layers.all("traces-to").into_iter().map(|BackEnd(url)| url).collect(),
            state_dir: layers.one::<PathBuf>("state-dir"),
            translation_strategy: layers.one::<TranslationStrategy>("translation-strategy").unwrap_or_default(),
            scope_labels: layers.switch("scope-labels", true),
            ratio_suffix: layers.switch("ratio-suffix", true),
            instance_fallback: layers.switch("instance-fallback", true),
            promote_resource_attributes: layers.one("promote-resource-attributes").map(|List(names)| names).unwrap_or_default(),
            expire_after: layers.one("expire-after").map_or(Duration::from_secs(300), |Lasting(time)| time),
            max_body: layers
                .one("max-body")
                .map_or(limits::BODY_BYTES_MAX, |Size(bytes)| usize::try_from(bytes).unwrap_or(usize::MAX)),
            max_series: layers.one("max-series").map_or_else(series, |Count(n)| n),
            memory_limit,
            insecure: layers.switch("insecure", false),
            log: layers.one::<String>("log").unwrap_or_else(|| "info".to_owned()),
        };
        layers.check_plain_text(&config);
        if layers.mistakes.is_empty() { Ok(config) } else { Err(layers.mistakes) }
    }

    /// The listeners that other hosts can reach in plain text.
    #[must_use]
    pub fn insecure_listeners(&self) -> Vec<&'static str> {
        let all = [("otlp-grpc", self.otlp_grpc), ("otlp-http", self.otlp_http), ("listen", self.listen)];
        all.into_iter().filter(|(_, addr)| !addr.ip().is_loopback()).map(|(key, _)| key).collect()
    }
}

/// The layers of one reading, and the mistakes met so far.
struct Layers<'a> {
    given: &'a Given,
    file: BTreeMap<String, FileValue>,
    mistakes: Vec<Mistake>,
}

impl<'a> Layers<'a> {
    fn new(given: &'a Given) -> Self {
        let mut mistakes = Vec::new();
        let mut file = BTreeMap::new();
        if let Some((name, text)) = &given.file {
            match file::parse(name, text) {
                Ok(lines) => {
                    for line in lines {
                        if KEYS.contains(&line.key.as_str()) {
                            file.insert(line.key.clone(), line);
                        } else {
                            mistakes.push(unknown("key", &line.key, &line.place));
                        }
                    }
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        Self { given, file, mistakes }
    }

    /// The texts of a key with their place: from the highest layer that has any.
    fn texts(&self, key: &str) -> Vec<(String, String)> {
        if let Some(values) = self.given.flags.get(key) {
            return values.iter().map(|value| (format!("--{key}"), value.clone())).collect();
        }
        let name = env_name(key);
        if let Some(value) = self.given.env.get(&name).filter(|value| !value.is_empty()) {
            let values = if REPEATABLE.contains(&key) { value.split(',').collect() } else { vec![value.as_str()] };
            return values.into_iter().map(|value| (name.clone(), value.trim().to_owned())).collect();
        }
        self.file
            .get(key)
            .map_or_else(Vec::new, |line| line.values.iter().map(|value| (line.place.clone(), value.clone())).collect())
    }

    fn all<T: Value>(&mut self, key: &str) -> Vec<T> {
        let mut values = Vec::new();
        for (place, text) in self.texts(key) {
            match T::read(&text) {
                Ok(value) => values.push(value),
                Err(expected) => self.mistakes.push(Mistake {
                    code: "PM0502",
                    place,
                    what: format!("`{key}` is `{text}`, not {}", expected.what),
                    fix: expected.fix,
                }),
            }
        }
        values
    }

    fn one<T: Value>(&mut self, key: &str) -> Option<T> {
        let texts = self.texts(key);
        if T::IS_LIST || texts.len() <= 1 {
            if T::IS_LIST && texts.len() > 1 {
                let joined: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
                return T::read(&joined.join(",")).ok();
            }
            return self.all(key).pop();
        }
        let place = texts.into_iter().next().map(|(place, _)| place).unwrap_or_default();
        self.mistakes.push(Mistake {
            code: "PM0502",
            place,
            what: format!("`{key}` has several values, not one"),
            fix: "give it once".to_owned(),
        });
        None
    }

    fn addr(&mut self, key: &str, port: u16) -> SocketAddr {
        self.one(key).map_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)), |Addr(addr)| addr)
    }

    fn switch(&mut self, key: &str, default: bool) -> bool {
        self.one(key).map_or(default, |Switch(on)| on)
    }

    fn check_plain_text(&mut self, config: &Config) {
        if config.insecure {
            return;
        }
        for key in config.insecure_listeners() {
            let (place, text) = self.texts(key).into_iter().next().unwrap_or_default();
            self.mistakes.push(Mistake {
                code: "PM0503",
                place,
                what: format!("{text} is not loopback and has no TLS"),
                fix: "bind 127.0.0.1, or allow plain text with --insecure".to_owned(),
            });
        }
    }
}

/// A mistake about a name that is not ours.
#[must_use]
pub fn unknown(sort: &str, name: &str, place: &str) -> Mistake {
    Mistake {
        code: "PM0501",
        place: place.to_owned(),
        what: format!("unknown {sort} `{name}`"),
        fix: format!("allowed: {}", KEYS.join(", ")),
    }
}

/// What a text should have been.
#[derive(Debug)]
pub struct Expected {
    what: &'static str,
    fix: String,
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
        Self::from_str(text).map_err(|_| Expected {
            what: "a translation strategy",
            fix: format!("allowed: {}", Self::ALL.map(|strategy| strategy.to_string()).join(", ")),
        })
    }
}

#[cfg(test)]
mod tests;
