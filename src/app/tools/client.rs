//! GETs from a server's JSON API over HTTP/1.1, plain or TLS: no redirects, no proxy, everything capped in bytes and time.
//! A token goes to the server that was named and nowhere else: never in plain text to another host, never into an error.

use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use pointsman_core::{fault::render::clean, limits};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Where systems keep the certificates they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

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

/// Never shown.
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
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
        let token = token_file.map(token).transpose()?;
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if token.is_some() && !is_tls && !is_here {
            return Err(ClientError::TokenInPlainText(clean(&host)));
        }
        let tls = if is_tls { Some(Arc::new(trust(ca_file)?)) } else { None };
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
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| self.unreachable(error.to_string()))?;
        let Some(tls) = &self.tls else { return self.speak(stream, path).await };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| self.unreachable(error.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        self.speak(stream.map_err(|error| self.unreachable(format!("TLS: {error}")))?, path).await
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> Result<Bytes, ClientError> {
        let broken = |error: hyper::Error| self.unreachable(error.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut request = Request::get(format!("{}/api/v1{path}", self.prefix))
            .header(
                header::HOST,
                if self.host.contains(':') {
                    format!("[{}]:{}", self.host, self.port)
                } else {
                    format!("{}:{}", self.host, self.port)
                },
            )
            .header(header::ACCEPT, "application/json");
        if let Some(Token(token)) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let not_ours = |why: String| ClientError::NotOurs { server: self.server.clone(), why };
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| not_ours(error.to_string()))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), limits::CLIENT_ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| {
                let is_long = error.downcast_ref::<LengthLimitError>().is_some();
                if is_long { not_ours("its answer is over 64 MiB".to_owned()) } else { self.unreachable(error.to_string()) }
            })?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(exchange);
        // The connection may end as soon as the last byte came, before the answer was put together.
        let (status, body) = tokio::select! {
            answer = &mut exchange => answer?,
            _ = connection => exchange.await?,
        };
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

fn read(path: &Path) -> Result<Vec<u8>, ClientError> {
    let cap = u64::try_from(limits::CLIENT_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(cap.saturating_add(1)).read_to_end(&mut bytes));
    let read =
        read.and_then(|n| if n > limits::CLIENT_FILE_BYTES_MAX { Err(io::Error::other("it is over 1 MiB")) } else { Ok(()) });
    read.map_err(|source| ClientError::File { path: path.to_owned(), source })?;
    Ok(bytes)
}

fn token(path: &Path) -> Result<Token, ClientError> {
    let bad = |why| ClientError::File { path: path.to_owned(), source: io::Error::other(why) };
    let text = String::from_utf8(read(path)?).map_err(|_| bad("it is not text"))?;
    let token = text.trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(bad("it is not one token"));
    }
    Ok(Token(token.to_owned()))
}

/// TLS 1.2 and 1.3 with the certificates of a file, else of the system.
fn trust(ca_file: Option<&Path>) -> Result<ClientConfig, ClientError> {
    let system = || SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
    let path = ca_file.or_else(system).unwrap_or(Path::new(SYSTEM_ROOTS[0]));
    let bad = |why: String| ClientError::File { path: path.to_owned(), source: io::Error::other(why) };
    let mut roots = RootCertStore::empty();
    let pem = read(path)?;
    // A bundle may hold what rustls does not know; a file that was named must hold at least one that it does.
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    if roots.is_empty() {
        return Err(bad("it holds no certificate in PEM".to_owned()));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| bad(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
