//! The TLS profile that is whatever the cluster says: it takes a cluster.
//! Knows that word alone; who serves profiles knows the others.

use super::{Config, Layers, Text};
use pointsman_core::fault::{Fault, code::Code};

impl Layers<'_> {
    /// Whoever follows a cluster has to know which.
    pub(super) fn check_profile(&mut self, config: &Config) {
        let profile = config.tls.as_ref().and_then(|tls| tls.names.profile.as_deref());
        if profile != Some("cluster") || config.cluster.is_some() {
            return;
        }
        for Text { from, place, .. } in self.texts("tls-profile") {
            let fault = Fault::new(Code::BadSetting, place, &["tls-profile", &from, "there is no cluster to follow"]);
            self.faults.push(fault.with_hint("give `kubeconfig`; within a pod leave out `views`"));
        }
    }
}

#[cfg(test)]
mod tests;
