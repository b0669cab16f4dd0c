//! Who may read, as flags say it: the words of kube-rbac-proxy, so that its command line can be kept.
//! Reads no file of rules and no pattern: whoever judges does.

use super::{
    Config, Layers, Text,
    values::{List, Listen},
};
use pointsman_core::fault::{Fault, code::Code};
use std::{net::SocketAddr, path::PathBuf};

/// The keys that name the address of the read side.
const ADDRESSES: [&str; 3] = ["listen", "secure-listen-address", "insecure-listen-address"];
/// With any of them, who reads is asked.
const ASKED_WITH: [&str; 3] = ["config-file", "client-ca-file", "auth-token-audiences"];
/// What means nothing where nobody is asked.
const ONLY_ASKED: [&str; 3] = ["allow-paths", "ignore-paths", "allow-openshift-scraper"];

/// How readers are asked who they are and what they may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAccess {
    /// The file of rules; without it the API server is asked about every path.
    pub file: Option<PathBuf>,
    /// Whom tokens must be for; empty = for the API server.
    pub audiences: Vec<String>,
    /// Patterns of the only paths that are there; empty = all are.
    pub allow_paths: Vec<String>,
    /// Patterns of paths where nobody is asked.
    pub ignore_paths: Vec<String>,
    /// Whether OpenShift's scraper may read `/metrics` without the API server being asked.
    pub scraper: bool,
}

impl Layers<'_> {
    /// Whether readers are asked, and how: where somebody said so, and where other hosts can reach us.
    /// `may_be_open`: it is plain text, and that was allowed; what speaks TLS is never for everybody.
    pub(super) fn read_access(&mut self, listen: SocketAddr, may_be_open: bool) -> Option<ReadAccess> {
        let is_open = listen.ip().is_loopback() || may_be_open;
        let is_on = !is_open || ASKED_WITH.iter().any(|key| !self.texts(key).is_empty());
        let list = |layers: &mut Self, key| layers.one(key).map(|List(items)| items).unwrap_or_default();
        let access = ReadAccess {
            file: self.one::<PathBuf>("config-file"),
            audiences: list(self, "auth-token-audiences"),
            allow_paths: list(self, "allow-paths"),
            ignore_paths: list(self, "ignore-paths"),
            scraper: self.switch("allow-openshift-scraper", false),
        };
        if !is_on {
            for key in ONLY_ASKED {
                self.refuse_all(
                    key,
                    "nobody is asked who reads",
                    "give `config-file`, `client-ca-file` or `auth-token-audiences` too",
                );
            }
            return None;
        }
        if !access.allow_paths.is_empty() && !access.ignore_paths.is_empty() {
            self.refuse_all(
                "ignore-paths",
                "paths are allowed or ignored, not both",
                "leave out `allow-paths` or `ignore-paths`",
            );
        }
        Some(access)
    }

    /// Where the read side is, and whether it speaks plain text although there is a certificate.
    pub(super) fn read_side(&mut self, has_tls: bool) -> (SocketAddr, bool) {
        let given: Vec<&str> = ADDRESSES.into_iter().filter(|key| !self.texts(key).is_empty()).collect();
        for key in given.iter().skip(1) {
            self.refuse_all(
                key,
                "the read side has one address",
                "keep one of `listen`, `secure-listen-address` and `insecure-listen-address`",
            );
        }
        if !has_tls {
            let hint = "give `tls-cert-file` and `tls-private-key-file` too";
            self.refuse_all("secure-listen-address", "it is about TLS, and there is none", hint);
        }
        let [listen, secure, insecure] = [
            self.one("listen").map(|super::Addr(addr)| addr),
            self.one("secure-listen-address").map(|Listen(addr)| addr),
            self.one("insecure-listen-address").map(|Listen(addr)| addr),
        ];
        let is_plain = given.contains(&"insecure-listen-address");
        (listen.or(secure).or(insecure).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 9464))), is_plain)
    }

    /// Plain text where other hosts can reach it must be allowed.
    pub(super) fn check_plain_text(&mut self, config: &Config) {
        if config.insecure {
            return;
        }
        for key in config.insecure_listeners() {
            let keys = if key == "listen" { &ADDRESSES[..] } else { &[key] };
            for Text { text, place, .. } in keys.iter().flat_map(|key| self.texts(key)).collect::<Vec<_>>() {
                self.faults.push(Fault::new(Code::PlainTextOffLoopback, place, &[&text]));
            }
        }
    }

    /// A fault for each place where the key was given.
    pub(super) fn refuse_all(&mut self, key: &str, what: &str, hint: &str) {
        for Text { from, place, .. } in self.texts(key) {
            self.faults.push(Fault::new(Code::BadSetting, place, &[key, &from, what]).with_hint(hint));
        }
    }
}

#[cfg(test)]
mod tests;
