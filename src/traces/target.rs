//! Where spans go: one `--traces-to` URL, checked.
//! Opens no connection.

use std::fmt;

/// Where OTLP/gRPC is taken, unless somebody says otherwise.
const PORT: u16 = 4317;

/// An OTLP/gRPC end point without TLS; only [`Target::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    uri: http::Uri,
}

/// Why a URL is no target. Each text says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No URL at all, or one without scheme or host.
    #[error("read the trace back end: not a URL; write it as http://HOST:4317")]
    NotUrl,
    /// TLS.
    #[error("read the trace back end: https is not supported yet; use http:// to a back end or a collector beside pointsman")]
    Https,
    /// Another scheme.
    #[error("read the trace back end: the scheme must be http; write it as http://HOST:4317")]
    Scheme,
    /// OTLP/HTTP, or something else with a path.
    #[error(
        "read the trace back end: only OTLP/gRPC is supported yet, so the URL has no path; use the gRPC port: http://HOST:4317"
    )]
    Path,
    /// A port that is none.
    #[error("read the trace back end: the port is not a number from 1 to 65535; write it as http://HOST:4317")]
    Port,
    /// User and password within the URL.
    #[error("read the trace back end: user names and passwords in the URL are not supported")]
    Credentials,
}

impl Target {
    /// Reads `http://HOST[:PORT]`; the port is 4317 when none is given.
    ///
    /// # Errors
    /// What the URL has that cannot be served, and what to write instead.
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        let uri: http::Uri = url.parse().map_err(|_| TargetError::NotUrl)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(TargetError::Https),
            Some(_) => return Err(TargetError::Scheme),
            None => return Err(TargetError::NotUrl),
        }
        let authority = uri.authority().ok_or(TargetError::NotUrl)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        // What stands behind a `#` is not even kept by the URI.
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || url.contains('#') {
            return Err(TargetError::Path);
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(TargetError::NotUrl);
        }
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => PORT,
            Some(rest) => port(rest).ok_or(TargetError::Port)?,
            None => return Err(TargetError::NotUrl),
        };
        let uri = format!("http://{host}:{port}").parse().map_err(|_| TargetError::NotUrl)?;
        Ok(Self { uri })
    }

    /// The end point.
    #[must_use]
    pub const fn uri(&self) -> &http::Uri {
        &self.uri
    }
}

/// What stands behind the host. Nothing but digits is a number here: `+1` is none.
fn port(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|port| *port != 0)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.uri.authority().map_or("", http::uri::Authority::as_str))
    }
}

#[cfg(test)]
mod tests;
