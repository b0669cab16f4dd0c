//! The kinds of values that flags, environment and file can hold, each read in one place.
//! Knows no key, and not where a text came from.

use super::{Expected, Right, Value};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// `5m`, `90s`, `1h30m`, `500ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting(pub Duration);

/// `64MiB`, `1GB`, `512`: bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// `a,b,c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List(pub Vec<String>);

/// `127.0.0.1:4317`, `[::1]:4317`, `localhost:4317`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addr(pub SocketAddr);

/// As [`Addr`], or as Go writes every address of this machine: `:8443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

/// `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub bool);

/// A whole number above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub usize);

/// A word that somebody else knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(pub String);

/// `info`, `warn,pointsman::traces=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(pub String);

/// `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackEnd(pub String);

/// `https://host/trace/{trace_id}`: where a trace viewer shows a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLink {
    before: String,
    after: String,
}

impl TraceLink {
    /// The link to a trace, by its id in hexadecimal.
    #[must_use]
    pub fn of(&self, trace_id: &str) -> String {
        format!("{}{trace_id}{}", self.before, self.after)
    }
}

/// `http://host:port`, or with `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver(pub http::Uri);

/// `wss://host:port`, `ws`, `https` or `http`, with or without a path; or `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opamp {
    /// There is none.
    Off,
    /// Where it is.
    At(http::Uri),
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toggle(pub bool);

/// `https://host:port`, with or without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(pub http::Uri);

/// A port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(pub u16);

/// A name that a path or a field selector can hold as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

/// `namespace/name` of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod(pub String, pub String);

/// The text with a `*` for each character of a user name and password in a URL: reports must not show them, and carets
/// must still stand where they stood.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|c: char| c.is_whitespace() || "\"',]}".contains(c)).unwrap_or(after.len());
        let (url, next) = after.split_at_checked(end).unwrap_or((after, ""));
        out.extend([before, "://"]);
        match url.rsplit_once('@') {
            Some((user, host)) => out.extend(user.chars().map(|_| '*').chain("@".chars()).chain(host.chars())),
            None => out.push_str(url),
        }
        rest = next;
    }
    out + rest
}

const fn expected(what: &'static str, example: &'static str) -> Expected {
    Expected { what, right: Right::Like(example) }
}

/// Splits `12abc` into `12` and `abc`; nothing when there is no number in front.
fn number_and_rest(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

impl Value for Pod {
    fn read(text: &str) -> Result<Self, Expected> {
        let legal = |part: &str| !part.is_empty() && !part.contains(['/', ' ']);
        match text.split_once('/') {
            Some((namespace, name)) if legal(namespace) && legal(name) => Ok(Self(namespace.to_owned(), name.to_owned())),
            _ => Err(expected("a pod", "pointsman/pointsman-0")),
        }
    }
}

impl Value for Lasting {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("a duration", "90s, 5m or 1h30m");
        let mut total = Duration::ZERO;
        let mut rest = text;
        while !rest.is_empty() {
            let (number, after) = number_and_rest(rest).ok_or_else(wrong)?;
            let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, next) = after.split_at_checked(end).ok_or_else(wrong)?;
            let millis = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(wrong()),
            };
            total = total.saturating_add(Duration::from_millis(number.saturating_mul(millis)));
            rest = next;
        }
        if total.is_zero() { Err(wrong()) } else { Ok(Self(total)) }
    }
}

impl Value for Size {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("a size", "64MiB, 1GiB or 65536");
        let (number, unit) = number_and_rest(text).ok_or_else(wrong)?;
        let factor: u64 = match unit.trim_start() {
            "" | "B" => 1,
            "KiB" | "Ki" => 1 << 10,
            "MiB" | "Mi" => 1 << 20,
            "GiB" | "Gi" => 1 << 30,
            "TiB" | "Ti" => 1 << 40,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        match number.checked_mul(factor) {
            Some(bytes) if bytes > 0 => Ok(Self(bytes)),
            _ => Err(wrong()),
        }
    }
}

impl Value for List {
    const IS_LIST: bool = true;

    fn read(text: &str) -> Result<Self, Expected> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Ok(Self(items.map(str::to_owned).collect()))
    }
}

impl Value for Addr {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("an address with a port", "127.0.0.1:4317, [::1]:4317 or localhost:4317");
        let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        numeric.as_deref().unwrap_or(text).parse().map(Self).map_err(|_| wrong())
    }
}

impl Value for Listen {
    fn read(text: &str) -> Result<Self, Expected> {
        let every = text.strip_prefix(':').map(|port| format!("[::]:{port}"));
        Addr::read(every.as_deref().unwrap_or(text)).map(|Addr(addr)| Self(addr))
    }
}

impl Value for Switch {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Expected { what: "a boolean", right: Right::OneOf(vec!["true", "false"]) }),
        }
    }
}

impl Value for Count {
    fn read(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            Ok(n) if n > 0 => Ok(Self(n)),
            _ => Err(expected("a whole number above 0", "2000000")),
        }
    }
}

impl Value for BackEnd {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("the URL of an OTLP back end", "http://jaeger:4317");
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        match (uri.scheme_str(), uri.authority()) {
            (Some(_), Some(authority)) if authority.as_str().contains('@') => {
                Err(expected("a URL without user name and password", "http://jaeger:4317"))
            }
            (Some("http"), Some(_)) => Ok(Self(text.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl Value for TraceLink {
    /// It becomes a link of the page, so that nothing but a web address may stand there.
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = |what| expected(what, "https://jaeger.example/trace/{trace_id}");
        let one = || wrong("the URL of a trace with {trace_id} once, behind the host");
        let (before, after) = text.split_once("{trace_id}").filter(|(_, after)| !after.contains("{trace_id}")).ok_or_else(one)?;
        let link = Self { before: before.to_owned(), after: after.to_owned() };
        let uri_of = |id: &str| link.of(id).parse::<http::Uri>().map_err(|_| wrong("the URL of a trace"));
        let (uri, other) = (uri_of(&"0".repeat(32))?, uri_of(&"1".repeat(32))?);
        match (uri.scheme_str(), uri.authority()) {
            (Some(_), Some(authority)) if authority.as_str().contains('@') => Err(wrong("a URL without user name and password")),
            (Some("http" | "https"), Some(authority)) if other.authority() == Some(authority) => Ok(link),
            (Some("http" | "https"), Some(_)) => Err(one()),
            _ => Err(wrong("the URL of a trace with http or https")),
        }
    }
}

impl Value for Receiver {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("the URL of an OTLP receiver", "http://127.0.0.1:4317");
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        match (uri.scheme_str(), uri.authority()) {
            (Some(_), Some(authority)) if authority.as_str().contains('@') => {
                Err(expected("a URL without user name and password", "http://127.0.0.1:4317"))
            }
            (Some("http" | "https"), Some(_)) => Ok(Self(uri)),
            _ => Err(wrong()),
        }
    }
}

impl Value for Opamp {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = |what| expected(what, "wss://pointsman.pointsman.svc:4318/v1/opamp, or off");
        if Toggle::read(text).is_ok_and(|Toggle(on)| !on) {
            return Ok(Self::Off);
        }
        let uri: http::Uri = text.parse().map_err(|_| wrong("the URL of an OpAMP server"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some(_), Some(authority)) if authority.as_str().contains('@') => Err(wrong("a URL without user name and password")),
            (Some("ws" | "wss" | "http" | "https"), Some(_)) => Ok(Self::At(uri)),
            _ => Err(wrong("the URL of an OpAMP server")),
        }
    }
}

impl Value for Toggle {
    /// A file of YAML says `off` and means `false`.
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "on" | "true" => Ok(Self(true)),
            "off" | "false" => Ok(Self(false)),
            _ => Err(Expected { what: "a switch", right: Right::OneOf(vec!["on", "off"]) }),
        }
    }
}

impl Value for Endpoint {
    /// A token goes there, and so nothing but TLS.
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = |what| expected(what, "https://machine-config-controller.openshift-machine-config-operator.svc:9001");
        let uri: http::Uri = text.parse().map_err(|_| wrong("the URL of an endpoint"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some(_), Some(authority)) if authority.as_str().contains('@') => Err(wrong("a URL without user name and password")),
            (Some("https"), Some(_)) => Ok(Self(uri)),
            _ => Err(wrong("the URL of an endpoint with https")),
        }
    }
}

impl Value for Port {
    fn read(text: &str) -> Result<Self, Expected> {
        match text.parse() {
            Ok(port) if port > 0 => Ok(Self(port)),
            _ => Err(expected("a port", "9001")),
        }
    }
}

impl Value for Name {
    fn read(text: &str) -> Result<Self, Expected> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        match !text.is_empty() && text.len() <= 253 && text.chars().all(legal) {
            true => Ok(Self(text.to_owned())),
            false => Err(expected("the name of a host or object", "worker-0.example.com")),
        }
    }
}

impl Value for Word {
    fn read(text: &str) -> Result<Self, Expected> {
        if text.is_empty() { Err(expected("a name", "VersionTLS12")) } else { Ok(Self(text.to_owned())) }
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, Expected> {
        if text.is_empty() { Err(expected("a path", "./views")) } else { Ok(Self::from(text)) }
    }
}

impl Value for LogFilter {
    /// Each part a level, or a module with one: a filter that is only a misspelt level would silence everything.
    fn read(text: &str) -> Result<Self, Expected> {
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let is_level = |word: &str| levels.iter().any(|level| level.eq_ignore_ascii_case(word));
        let is_module = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
        let is_part = |part: &&str| match part.split_once('=') {
            Some((module, level)) => is_module(module) && is_level(level),
            None => is_level(part),
        };
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        match parts.iter().all(is_part) {
            true => Ok(Self(parts.join(","))),
            false => Err(expected("a log filter", "info, or warn,pointsman::traces=debug")),
        }
    }
}
