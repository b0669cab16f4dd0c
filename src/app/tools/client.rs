//! GETs from a server's JSON API over HTTP/1.1, plain or TLS: no redirects, no proxy, everything capped in bytes and time.
//! A token goes to the server that was named and nowhere else: never in plain text to another host, never into an error.

use crate::app::fetch::{self, Ask, FetchError, FileError, Token};
use http::{StatusCode, Uri};
use hyper::body::Bytes;
use pointsman_core::{fault::render::clean, limits};
use rustls::ClientConfig;
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;

/// What was typed of a server.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// `http://host:port` or `https://host:port`, with or without a path before `/api`.
    pub server: &'a str,
    /// A file with a bearer token.
    pub token_file: Option<&'a Path>,
    /// Certificates to trust instead of the system's, in PEM.
    pub ca_file: Option<&'a Path>,
}

/// Asks one server.
pub struct Client {
    server: String,
    host: String,
    port: u16,
    prefix: String,
    token: Option<Token>,
    tls: Option<Arc<ClientConfig>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address.
    #[error("read the server's address {server}: {why}\n  write it as http://127.0.0.1:9464 or https://host:port")]
    Address {
        /// As it was typed.
        server: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A token or certificate file.
    #[error("read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A token would travel in plain text.
    #[error("send a token to {0} in plain text\n  take https, or forward a port to 127.0.0.1")]
    TokenInPlainText(String),
    /// Nobody answers.
    #[error(
        "cannot reach {server}: {why}\n  is it running? In a cluster: kubectl -n pointsman port-forward service/pointsman 9464, \
         then again; or name another with --server URL or POINTSMAN_SERVER"
    )]
    Unreachable {
        /// Whom.
        server: String,
        /// Why.
        why: String,
    },
    /// The server says no.
    #[error("{server} refused: {status}{why}")]
    Refused {
        /// Who.
        server: String,
        /// How.
        status: StatusCode,
        /// In its own words.
        why: String,
    },
    /// Something else answers there.
    #[error("{server} does not answer as pointsman does: {why}")]
    NotOurs {
        /// Who.
        server: String,
        /// How one can tell.
        why: String,
    },
}

impl From<FileError> for ClientError {
    fn from(FileError { path, source }: FileError) -> Self {
        Self::File { path, source }
    }
}

impl ClientError {
    /// Whether another command line would do, rather than another moment.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::File { .. } | Self::TokenInPlainText(_))
    }

    /// Whether the server says that there is no such thing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

impl Client {
    /// Reads the address and the files; reaches nobody yet.
    ///
    /// # Errors
    /// When the address is none, a file cannot be read, or a token would leave this host in plain text.
    pub fn new(access: &Access<'_>) -> Result<Self, ClientError> {
        let Access { server, token_file, ca_file } = *access;
        let wrong = |why| ClientError::Address { server: clean(server), why };
        let uri: Uri = server.parse().map_err(|_| wrong("it is no URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it begins neither with http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(ClientError::Address { server: "…".to_owned(), why: "it holds a user or password" });
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let token = token_file.map(Token::read).transpose()?;
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if token.is_some() && !is_tls && !is_here {
            return Err(ClientError::TokenInPlainText(clean(&host)));
        }
        let tls = if is_tls { Some(fetch::trust(ca_file)?) } else { None };
        let server = format!("{}://{authority}{prefix}", if is_tls { "https" } else { "http" });
        Ok(Self { server: clean(&server), host, port, prefix, token, tls })
    }

    /// What the server answers to `/api/v1` and `path`, as text in JSON.
    ///
    /// # Errors
    /// When it cannot be reached in time, refuses, or is not ours.
    pub async fn get(&self, path: &str) -> Result<Bytes, ClientError> {
        let most = Duration::from_millis(limits::CLIENT_MS_MAX);
        let late = || self.unreachable(format!("no answer within {} s", most.as_secs()));
        timeout(most, self.exchange(path)).await.map_err(|_| late())?
    }

    async fn exchange(&self, path: &str) -> Result<Bytes, ClientError> {
        let not_ours = |why: String| ClientError::NotOurs { server: self.server.clone(), why };
        let ask = Ask {
            host: &self.host,
            port: self.port,
            tls: self.tls.as_ref().map(|tls| (tls, self.host.as_str())),
            path: &format!("{}/api/v1{path}", self.prefix),
            accept: "application/json",
            token: self.token.as_ref(),
            bytes_max: limits::CLIENT_ANSWER_BYTES_MAX,
        };
        let (status, body) = fetch::get(&ask).await.map_err(|error| match error {
            FetchError::Away(why) => self.unreachable(why),
            FetchError::TooLong => not_ours("its answer is over 64 MiB".to_owned()),
            FetchError::Unusable(why) => not_ours(why),
        })?;
        if status.is_success() { Ok(body) } else { Err(self.refused(status, &body)) }
    }

    /// The address, without what must not be shown.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    fn unreachable(&self, why: String) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), why: clean(&why) }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> ClientError {
        let server = self.server.clone();
        if status.is_redirection() {
            return ClientError::NotOurs { server, why: format!("it redirects ({status})") };
        }
        let fault: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| fault["fault"][key].as_str().map(clean);
        let why = match (text("code"), text("message")) {
            (Some(code), Some(message)) => format!(": {message} ({code})"),
            _ if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN => {
                "\n  name a token with --token-file: it needs the right to read metrics".to_owned()
            }
            _ => String::new(),
        };
        ClientError::Refused { server, status, why }
    }
}
