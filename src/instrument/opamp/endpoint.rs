//! Where the controller is, and how a session with it is held: over a WebSocket, or by asking again and again. Opens no
//! connection.

use crate::transport::{AddressError, Protocol, Target};
use http::Uri;

/// The path where none is given.
const PATH: &str = "/v1/opamp";

/// Where the controller is, and how a session with it is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub(crate) target: Target,
    /// Over a WebSocket; else by polling.
    pub(crate) socket: bool,
}

impl Endpoint {
    /// A controller at `ws://`, `wss://` (a WebSocket), `http://` or `https://` (polling) with host, port and path; without
    /// a path it is `/v1/opamp`. Over TLS its certificate is checked, always.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(url: &str) -> Result<Self, AddressError> {
        let not_opamp = || AddressError::NotOpamp { url: url.to_owned() };
        let (scheme, rest) = url.split_once("://").ok_or_else(not_opamp)?;
        let (scheme, socket) = match scheme {
            "ws" => ("http", true),
            "wss" => ("https", true),
            "http" => ("http", false),
            "https" => ("https", false),
            _ => return Err(not_opamp()),
        };
        let target = Target::new(Protocol::Http, &format!("{scheme}://{rest}"))?;
        Ok(Self { target, socket })
    }

    /// The same with more said of how to speak to it: the authority that signed its certificate, a token, headers.
    #[must_use]
    pub fn with(self, more: impl FnOnce(Target) -> Target) -> Self {
        Self { target: more(self.target), ..self }
    }

    pub(crate) fn path(&self) -> &str {
        match self.target.url.path() {
            "" | "/" => PATH,
            path => path,
        }
    }

    /// As a WebSocket's handshake names it. TLS is below it, so that for the handshake it is plain.
    pub(super) fn socket_uri(&self) -> Result<Uri, http::Error> {
        Uri::builder().scheme("ws").authority(self.target.authority()).path_and_query(self.path()).build()
    }
}
