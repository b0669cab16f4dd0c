//! Variables, one by one: each is read, checked, and its mistakes are collected. Knows what they are called; makes
//! nothing but values.

use super::Mistake;
use crate::{
    identity::Identity,
    opamp::{Endpoint, Settings},
    semconv::attribute,
    transport::{Protocol, Target},
};
use http::{HeaderName, HeaderValue};
use rustls::pki_types::ServerName;
use std::{collections::BTreeMap, time::Duration};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const SERVICE: &str = "POINTSMAN_OTLP_SERVICE";
const SERVER_NAME: &str = "POINTSMAN_OTLP_SERVER_NAME";
const TOKEN_FILE: &str = "POINTSMAN_OTLP_TOKEN_FILE";
const SYNC: &str = "POINTSMAN_SYNC";
const OPAMP_ENDPOINT: &str = "POINTSMAN_OPAMP_ENDPOINT";
const OPAMP_HEADERS: &str = "POINTSMAN_OPAMP_HEADERS";
const PLAN_FILE: &str = "POINTSMAN_PLAN_FILE";
const PLAN_CACHE: &str = "POINTSMAN_PLAN_CACHE";
/// In the place of a signal: what is said for all of them.
const ALL: &str = "";
/// What OpenTelemetry gives for the time between two pushes.
const EVERY: Duration = Duration::from_secs(60);

/// Variables, and what is wrong with them.
pub(super) struct Variables {
    all: BTreeMap<String, String>,
    pub(super) mistakes: Vec<Mistake>,
}

/// A variable that is set: its name and its value.
type Found = (String, String);

impl Variables {
    /// One that is empty is not set.
    pub(super) fn new(all: impl IntoIterator<Item = (String, String)>) -> Self {
        let all = all.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        Self { all: all.filter(|(_, value)| !value.is_empty()).collect(), mistakes: Vec::new() }
    }

    fn get(&self, name: &str) -> Option<Found> {
        self.all.get(name).map(|value| (name.to_owned(), value.clone()))
    }

    /// The exporter's variable for one signal, else for all.
    fn of(&self, signal: &str, what: &str) -> Option<Found> {
        let own = (signal != ALL).then(|| self.get(&format!("OTEL_EXPORTER_OTLP_{signal}_{what}"))).flatten();
        own.or_else(|| self.get(&format!("OTEL_EXPORTER_OTLP_{what}")))
    }

    /// The same variable may be read for both signals: it is told once.
    fn mistake(&mut self, variable: &str, what: impl Into<String>) {
        let mistake = Mistake { variable: variable.to_owned(), what: what.into() };
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    pub(super) fn off(&self) -> bool {
        self.get("OTEL_SDK_DISABLED").is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn every(&mut self) -> Duration {
        self.milliseconds(self.get("OTEL_METRIC_EXPORT_INTERVAL")).unwrap_or(EVERY)
    }

    fn milliseconds(&mut self, found: Option<Found>) -> Option<Duration> {
        let (name, value) = found?;
        let parsed = value.parse().ok().filter(|ms| *ms > 0).map(Duration::from_millis);
        if parsed.is_none() {
            self.mistake(&name, "write a whole number of milliseconds above 0");
        }
        parsed
    }

    pub(super) fn identity(&mut self, mut identity: Identity) -> Identity {
        for (key, value) in self.pairs(self.get("OTEL_RESOURCE_ATTRIBUTES")) {
            identity.set(key.into(), &value);
        }
        if let Some((_, name)) = self.get("OTEL_SERVICE_NAME") {
            identity.set(attribute::SERVICE_NAME.into(), &name);
        }
        identity
    }

    /// `key=value,key=value`, both percent-encoded where they have to be.
    fn pairs(&mut self, found: Option<Found>) -> Vec<(String, String)> {
        let Some((name, value)) = found else { return Vec::new() };
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            let (key, value) = (decoded(key.trim())?, decoded(value.trim())?);
            (!key.is_empty()).then_some((key, value))
        };
        let read: Option<Vec<_>> = value.split(',').filter(|p| !p.trim().is_empty()).map(pair).collect();
        if read.is_none() {
            self.mistake(&name, "write key=value,key=value, with commas and other signs percent-encoded");
        }
        read.unwrap_or_default()
    }

    /// Where a signal goes; nowhere if it is off. Where there is a mistake, the rest is read all the same.
    pub(super) fn target(&mut self, signal: &str) -> Option<Target> {
        if let Some((name, value)) = self.get(&format!("OTEL_{signal}_EXPORTER")) {
            match value.as_str() {
                "otlp" => {}
                "none" => return None,
                _ => self.mistake(&name, "write otlp or none"),
            }
        }
        let protocol = self.protocol(signal);
        let target = match self.address(signal, protocol) {
            Some((name, url, exact)) => match Target::new(protocol, &url) {
                Ok(target) => target.exact(exact && protocol == Protocol::Http),
                Err(_) => {
                    self.mistake(&name, "write http://host:port or https://host:port");
                    placeholder(protocol)
                }
            },
            None => placeholder(protocol),
        };
        let target = self.with_tls(signal, target);
        let target = self.with_headers(self.of(signal, "HEADERS"), target);
        let target = self.with_token(target);
        Some(match self.milliseconds(self.of(signal, "TIMEOUT")) {
            Some(timeout) => target.timeout(timeout),
            None => target,
        })
    }

    /// Whether plans were turned off.
    pub(super) fn sync_off(&mut self) -> bool {
        let found = self.get(SYNC);
        let off = found.as_ref().is_some_and(|(_, value)| value == "off");
        if let Some((name, _)) = found.filter(|_| !off) {
            self.mistake(&name, "write off, or leave it out");
        }
        off
    }

    /// Where plans come from, if they do.
    pub(super) fn sync(&mut self) -> Option<Settings> {
        let endpoint = self.controller();
        let path = |name| self.get(name).map(|(_, path)| path.into());
        let settings = Settings { endpoint, plan_file: path(PLAN_FILE), plan_cache: path(PLAN_CACHE) };
        if settings.endpoint.is_some() || settings.plan_file.is_some() {
            return Some(settings);
        }
        if settings.plan_cache.is_some() && self.get(OPAMP_ENDPOINT).is_none() {
            self.mistake(PLAN_CACHE, format!("say where plans come from: in {OPAMP_ENDPOINT} or {PLAN_FILE}"));
        }
        None
    }

    /// The controller, spoken to as receivers of all signals are, but that headers may hold a key of the receiver: they go to
    /// no other host. `service` is the Service that exports go to.
    fn controller(&mut self) -> Option<Endpoint> {
        let (name, value) = self.get(OPAMP_ENDPOINT)?;
        let url = match (value.as_str(), self.get(SERVICE)) {
            ("service", None) => {
                self.mistake(&name, format!("name the Service, in {SERVICE}"));
                return None;
            }
            // Its address is an http URL; a session is better held than polled.
            ("service", Some((_, service))) => self.service(ALL, &service, Protocol::Http)?.replacen("http", "ws", 1),
            _ => value,
        };
        let Ok(endpoint) = Endpoint::new(&url) else {
            self.mistake(&name, "write ws://host:port, wss://, http:// or https://, or service");
            return None;
        };
        let is_receiver = self.is_receiver(&endpoint.target);
        Some(endpoint.with(|target| {
            let mut target = self.with_tls(ALL, target);
            if is_receiver {
                target = self.with_headers(self.of(ALL, "HEADERS"), target);
            }
            let target = self.with_headers(self.get(OPAMP_HEADERS), target);
            self.with_token(target)
        }))
    }

    /// Whether it is on the host that receives all signals, and as safe on the way.
    fn is_receiver(&mut self, target: &Target) -> bool {
        let protocol = self.protocol(ALL);
        let receiver = self.address(ALL, protocol).and_then(|(_, url, _)| Target::new(protocol, &url).ok());
        receiver.is_some_and(|receiver| {
            receiver.is_tls() == target.is_tls() && receiver.address().0.eq_ignore_ascii_case(target.address().0)
        })
    }

    fn protocol(&mut self, signal: &str) -> Protocol {
        match self.of(signal, "PROTOCOL") {
            Some((_, value)) if value == "grpc" => Protocol::Grpc,
            Some((name, value)) if value != "http/protobuf" => {
                self.mistake(&name, "write grpc or http/protobuf");
                Protocol::Http
            }
            _ => Protocol::Http,
        }
    }

    /// The variable that gave the address, the address, and whether its path is whole.
    fn address(&mut self, signal: &str, protocol: Protocol) -> Option<(String, String, bool)> {
        let own = self.get(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")).map(|(name, url)| (name, url, true));
        if let Some(found) = own.or_else(|| self.get(ENDPOINT).map(|(name, url)| (name, url, false))) {
            return Some(found);
        }
        match self.get(SERVICE) {
            Some((_, service)) => self.service(signal, &service, protocol).map(|url| (SERVICE.to_owned(), url, false)),
            None => {
                let port = if protocol == Protocol::Grpc { 4317 } else { 4318 };
                Some((ENDPOINT.to_owned(), format!("http://localhost:{port}"), false))
            }
        }
    }

    /// A Service's address, as Kubernetes puts it into the environment of pods of its namespace that start after it. TLS
    /// where anything is said of certificates.
    fn service(&mut self, signal: &str, service: &str, protocol: Protocol) -> Option<String> {
        let prefix = format!("{}_SERVICE", service.to_ascii_uppercase().replace('-', "_"));
        let (port, named) = if protocol == Protocol::Grpc { ("OTLP_GRPC", "otlp-grpc") } else { ("OTLP_HTTP", "otlp-http") };
        let Some((_, host)) = self.get(&format!("{prefix}_HOST")) else {
            let what = format!("there is no {prefix}_HOST: the Service must be in the pod's namespace and older than the pod");
            self.mistake(SERVICE, what);
            return None;
        };
        // One port needs no name; of several, which one is meant is not guessed.
        let names = self.all.keys().any(|name| name.starts_with(&format!("{prefix}_PORT_")));
        let port = self.get(&format!("{prefix}_PORT_{port}"));
        let Some((_, port)) = port.or_else(|| self.get(&format!("{prefix}_PORT")).filter(|_| !names)) else {
            self.mistake(SERVICE, format!("the Service has no port of the name {named}"));
            return None;
        };
        let tls = self.of(signal, "CERTIFICATE").is_some() || self.get(SERVER_NAME).is_some();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Some(format!("{}://{host}:{port}", if tls { "https" } else { "http" }))
    }

    fn with_tls(&mut self, signal: &str, mut target: Target) -> Target {
        if let Some((_, path)) = self.of(signal, "CERTIFICATE") {
            target = target.ca_file(path);
        }
        match (self.of(signal, "CLIENT_CERTIFICATE"), self.of(signal, "CLIENT_KEY")) {
            (Some((_, certificate)), Some((_, key))) => target = target.client_certificate(certificate, key),
            (Some((name, _)), None) => self.mistake(&name, "name the key too, in the variable that ends in CLIENT_KEY"),
            (None, Some((name, _))) => {
                self.mistake(&name, "name the certificate too, in the variable that ends in CLIENT_CERTIFICATE");
            }
            (None, None) => {}
        }
        match self.get(SERVER_NAME) {
            Some((_, name)) if ServerName::try_from(name.as_str()).is_ok() => target = target.server_name(&name),
            Some(_) => self.mistake(SERVER_NAME, "write the name in the receiver's certificate, such as pointsman.pointsman.svc"),
            None => {}
        }
        match self.of(signal, "COMPRESSION") {
            Some((_, value)) if value == "none" => target = target.gzip(false),
            Some((name, value)) if value != "gzip" => self.mistake(&name, "write gzip or none"),
            _ => {}
        }
        target
    }

    fn with_headers(&mut self, found: Option<Found>, mut target: Target) -> Target {
        let variable = found.as_ref().map_or(String::new(), |(name, _)| name.clone());
        for (name, value) in self.pairs(found) {
            match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                (Ok(name), Ok(value)) => target = target.header(name, value),
                _ => self.mistake(&variable, "write names and values that a header can have"),
            }
        }
        target
    }

    /// A token goes over TLS only.
    fn with_token(&mut self, target: Target) -> Target {
        let Some((name, path)) = self.get(TOKEN_FILE) else { return target };
        if !target.is_tls() {
            self.mistake(&name, "a token is sent to an https address only");
        }
        target.token_file(path)
    }
}

/// In the place of an address that cannot be used: nothing is sent there, since there is a mistake.
fn placeholder(protocol: Protocol) -> Target {
    Target::new(protocol, "https://localhost").expect("it is a URL with a host")
}

/// Without percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
            out.push(digit()? << 4 | digit()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}
