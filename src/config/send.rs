//! Who may send, as flags say it: by certificate, by token, for whom besides themselves, how much, and what becomes of false
//! claims.
//! Reads no file of senders: whoever judges does.

use super::{
    Config, Expected, Layers, Text, Value,
    values::{Addr, Count, List, Size},
};
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits::SENDER_SERIES_SHARE,
    model::speaker::{Claims, Rates},
};
use std::path::PathBuf;

/// Whom tokens must be for where nothing else was said.
const AUDIENCE: &str = "pointsman";
/// What means nothing where nobody is asked.
const ONLY_ASKED: [&str; 4] = ["otlp-identity", "sender-max-bytes", "sender-max-requests", "sender-max-series"];
/// With any of them, who sends is asked.
const ASKED_WITH: [&str; 3] = ["otlp-client-ca-file", "otlp-token-audiences", "otlp-senders-file"];

/// How senders are asked who they are, and for whom they may speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendAccess {
    /// Whom tokens must be for; empty = tokens are not looked at.
    pub audiences: Vec<String>,
    /// The file of those who may speak for others.
    pub file: Option<PathBuf>,
    /// What becomes of a claim that contradicts who somebody is.
    pub claims: Claims,
    /// How much each sender may send.
    pub rates: Rates,
}

impl Value for Claims {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "relabel" => Ok(Self::Relabel),
            _ => Err(Expected::one_of("a policy", &["refuse", "relabel"])),
        }
    }
}

impl Layers<'_> {
    /// Whether senders are asked, and how: where somebody said so, and where other hosts can reach us.
    /// `may_be_open`: it is plain text, and that was allowed; what speaks TLS is never for everybody.
    pub(super) fn send_access(&mut self, may_be_open: bool) -> Option<SendAccess> {
        let is_open = may_be_open || ["otlp-grpc", "otlp-http"].into_iter().all(|key| self.is_loopback(key));
        let is_on = !is_open || ASKED_WITH.iter().any(|key| !self.texts(key).is_empty());
        let has_authority = !self.texts("otlp-client-ca-file").is_empty();
        let has_server = self.given.in_pod || !self.texts("kubeconfig").is_empty();
        let audiences = self.one("otlp-token-audiences").map(|List(names)| names);
        // Beside an authority tokens count too, wherever somebody can judge them.
        let usual = || if has_authority && !has_server { Vec::new() } else { vec![AUDIENCE.to_owned()] };
        let access = SendAccess {
            audiences: audiences.unwrap_or_else(usual),
            file: self.one::<PathBuf>("otlp-senders-file"),
            claims: self.one("otlp-identity").unwrap_or_default(),
            rates: Rates {
                requests: self.one("sender-max-requests").map(|Count(n)| u64::try_from(n).unwrap_or(u64::MAX)),
                bytes: self.one("sender-max-bytes").map(|Size(bytes)| bytes),
            },
        };
        if !is_on {
            let hint = "give `otlp-client-ca-file` or `otlp-token-audiences` too";
            ONLY_ASKED.into_iter().for_each(|key| self.refuse_all(key, "nobody is asked who sends", hint));
        }
        is_on.then_some(access)
    }

    /// Of so many series in all, how many one sender may have begun.
    pub(super) fn sender_max_series(&mut self, max_series: usize) -> usize {
        self.one("sender-max-series").map_or(max_series.div_ceil(SENDER_SERIES_SHARE), |Count(n)| n)
    }

    /// Whether the listener of a key is for this host alone. What cannot be read is told elsewhere.
    fn is_loopback(&self, key: &str) -> bool {
        self.texts(key).iter().all(|Text { text, .. }| Addr::read(text).is_ok_and(|Addr(addr)| addr.ip().is_loopback()))
    }

    /// Where nobody could ever prove who they are, a listener is of no use.
    pub(super) fn check_somebody_can_come(&mut self, config: &Config) {
        if !self.faults.is_empty() {
            return;
        }
        let has_server = config.api_server.is_some();
        let by_token = has_server && config.senders.as_ref().is_some_and(|senders| !senders.audiences.is_empty());
        let authorities = config.tls.as_ref().map(|tls| (tls.client_ca.is_some(), tls.otlp_client_ca.is_some()));
        let (of_readers, of_senders) = authorities.unwrap_or_default();
        let mut refuse = |place: &str, what: &str, flag: &str| {
            let what = format!("nobody could {what}: no API server judges tokens, and no authority certificates");
            let hint = format!("give `{flag}` or `kubeconfig`, run in a pod, or say `insecure`");
            self.faults.push(
                Fault::new(Code::BadSetting, Place::Setting(format!("--{place}").into()), &[place, "the listener", &what])
                    .with_hint(hint),
            );
        };
        let can_read = has_server || (of_readers && !config.listen_plain) || config.listen.ip().is_loopback();
        if config.access.is_some() && !can_read {
            refuse("listen", "read", "client-ca-file");
        }
        if config.senders.is_some() && !by_token && !of_senders {
            refuse("otlp-grpc", "send", "otlp-client-ca-file");
        }
    }
}

#[cfg(test)]
mod tests;
