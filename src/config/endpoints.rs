//! The further port of kube-rbac-proxy, beside the read side's, where health is served with TLS and nothing else.
//! Knows its number; who serves there knows the rest.

use super::{Expected, Layers, Right, Text, Value};
use pointsman_core::fault::{Fault, code::Code};
use std::net::SocketAddr;

/// A port; 0 = none.
struct Port(u16);

impl Value for Port {
    fn read(text: &str) -> Result<Self, Expected> {
        text.parse().map(Self).map_err(|_| Expected { what: "a port", right: Right::Like("9643") })
    }
}

impl Layers<'_> {
    /// Where it is, on the address of the read side.
    pub(super) fn proxy_endpoints(&mut self, listen: SocketAddr, has_tls: bool) -> Option<SocketAddr> {
        const KEY: &str = "proxy-endpoints-port";
        let Port(port) = self.one(KEY).filter(|Port(port)| *port > 0)?;
        let wrong = match (has_tls, port == listen.port()) {
            (false, _) => Some(("it is about TLS, and there is none", "give `tls-cert-file` and `tls-private-key-file` too")),
            (true, true) => Some(("the read side has this port", "choose another")),
            (true, false) => None,
        };
        if let Some((what, hint)) = wrong {
            for Text { from, place, .. } in self.texts(KEY) {
                self.faults.push(Fault::new(Code::BadSetting, place, &[KEY, &from, what]).with_hint(hint));
            }
        }
        Some(SocketAddr::new(listen.ip(), port))
    }
}

#[cfg(test)]
mod tests;
