//! The TLS profile that is whatever the cluster says: it takes a cluster.
//! Knows that word alone; who serves profiles knows the others.

use super::{Config, Layers, Text, TlsFiles};
use pointsman_core::fault::{Fault, code::Code};

/// Whether the cluster says which profile is served.
pub(super) fn is_of_cluster(tls: Option<&TlsFiles>) -> bool {
    tls.is_some_and(|tls| tls.names.profile.as_deref() == Some("cluster"))
}

impl Layers<'_> {
    /// Whoever follows a cluster has to know which.
    pub(super) fn check_profile(&mut self, config: &Config) {
        if !is_of_cluster(config.tls.as_ref()) || config.api_server.is_some() {
            return;
        }
        for Text { from, place, .. } in self.texts("tls-profile") {
            let fault = Fault::new(Code::BadSetting, place, &["tls-profile", &from, "there is no cluster to follow"]);
            self.faults.push(fault.with_hint("give `kubeconfig`, or run in a pod"));
        }
    }
}

#[cfg(test)]
mod tests;
