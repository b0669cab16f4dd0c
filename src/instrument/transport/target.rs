//! A receiver and how to speak to it: address, headers, certificates. Files are named here and read when a connection is
//! made, so that what is renewed is used. Opens no connection, and shows no secret in `Debug`.

use super::{AddressError, Signal};
use crate::limits::TIMEOUT;
use http::{HeaderName, HeaderValue, Uri};
use std::{path::PathBuf, time::Duration};

/// How requests are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// A receiver and how to speak to it. Over `https` its certificate is checked, always.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) url: Uri,
    /// The path is whole: nothing is added to it.
    pub(crate) exact: bool,
    pub(crate) server_name: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    /// Certificate and key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) gzip: bool,
    pub(crate) timeout: Duration,
}

impl Target {
    /// A receiver at `http://host:port` or `https://host:port`: compressed with gzip, ten seconds a request, the machine's
    /// own certificate authorities.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(protocol: Protocol, url: &str) -> Result<Self, AddressError> {
        let not_url = |source: http::uri::InvalidUri| AddressError::NotUrl { url: url.to_owned(), source: source.into() };
        let uri: Uri = url.parse().map_err(not_url)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(AddressError::NotHttp { url: url.to_owned() });
        }
        Ok(Self {
            protocol,
            url: uri,
            exact: false,
            server_name: None,
            ca_file: None,
            identity: None,
            token_file: None,
            headers: Vec::new(),
            gzip: true,
            timeout: TIMEOUT,
        })
    }

    /// The name in the receiver's certificate, where the address has another or none: in a pod of the host's network no
    /// name of the cluster resolves, so the address is an IP address.
    #[must_use]
    pub fn server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.to_owned());
        self
    }

    /// Trusts the authorities of this PEM file instead of the machine's. Read at each connection.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Shows this certificate (PEM files of chain and key). Read at each connection.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Sends what this file holds as a bearer token, over `https` only. Read at each request: Kubernetes renews it.
    #[must_use]
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    /// Sends this header with each request.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.push((name, value));
        self
    }

    /// Whether requests are compressed with gzip.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// A request that takes longer has failed.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The path is whole, as the variables for one signal have it.
    pub(crate) fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }

    /// Host, an IPv6 address without brackets, and port.
    pub(crate) fn address(&self) -> (&str, u16) {
        let host = self.url.host().unwrap_or_default().trim_matches(['[', ']']);
        let default = match (self.protocol, self.is_tls()) {
            (Protocol::Grpc, _) => 4317,
            (Protocol::Http, true) => 443,
            (Protocol::Http, false) => 80,
        };
        (host, self.url.port_u16().unwrap_or(default))
    }

    /// Host and port as the receiver is to see them.
    pub(crate) fn authority(&self) -> String {
        let host = self.server_name.as_deref().or(self.url.host()).unwrap_or_default();
        self.url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path of a signal over HTTP.
    pub(crate) fn path(&self, signal: Signal) -> String {
        let name = match signal {
            Signal::Metrics => "v1/metrics",
            Signal::Traces => "v1/traces",
        };
        if self.exact { self.url.path().to_owned() } else { format!("{}/{name}", self.url.path().trim_end_matches('/')) }
    }
}
