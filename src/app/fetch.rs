//! One GET over HTTP/1.1, plain or TLS: no redirects, no proxy, the answer capped in bytes; and the files that a GET needs, of
//! certificates to trust and of a token to show. The token is in no error and no log. Knows not what is asked, nor how often.

use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use pointsman_core::limits;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Where systems keep the certificates they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What is asked, and of whom.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// A name or an address.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whom to trust, and the name that the certificate must be for; `None` = in plain text.
    pub tls: Option<(&'a Arc<ClientConfig>, &'a str)>,
    /// What stands after host and port.
    pub path: &'a str,
    /// The media type that is wanted.
    pub accept: &'static str,
    /// The token to show.
    pub token: Option<&'a Token>,
    /// Bytes of the answer, at most.
    pub bytes_max: usize,
}

/// A bearer token; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// Nobody answers, or the connection broke.
    Away(String),
    /// The answer is longer than what was allowed.
    TooLong,
    /// It cannot even be asked.
    Unusable(String),
}

/// A token or certificate file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("read {}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Asks once.
///
/// # Errors
/// There is no answer. A refusal is one.
pub async fn get(ask: &Ask<'_>) -> Result<(StatusCode, Bytes), FetchError> {
    let away = |error: io::Error| FetchError::Away(error.to_string());
    let stream = TcpStream::connect((ask.host, ask.port)).await.map_err(away)?;
    let Some((config, name)) = ask.tls else { return speak(stream, ask).await };
    let name = ServerName::try_from(name.to_owned()).map_err(|error| FetchError::Away(error.to_string()))?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
    speak(stream.map_err(|error| FetchError::Away(format!("TLS: {error}")))?, ask).await
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, ask: &Ask<'_>) -> Result<(StatusCode, Bytes), FetchError> {
    let broken = |error: hyper::Error| FetchError::Away(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let Ask { host, port, .. } = ask;
    let host = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Request::get(ask.path).header(header::HOST, host).header(header::ACCEPT, ask.accept);
    if let Some(Token(token)) = ask.token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| FetchError::Unusable("the token fits no header".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| FetchError::Unusable(error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ask.bytes_max).collect().await.map_err(|error| {
            let is_long = error.downcast_ref::<LengthLimitError>().is_some();
            if is_long { FetchError::TooLong } else { FetchError::Away(error.to_string()) }
        })?;
        Ok((status, body.to_bytes()))
    };
    tokio::pin!(exchange);
    // The connection may end as soon as the last byte came, before the answer was put together.
    tokio::select! {
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

impl Token {
    /// The one that a file holds.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let bad = |why| FileError { path: path.to_owned(), source: io::Error::other(why) };
        let text = String::from_utf8(read(path)?).map_err(|_| bad("it is not text"))?;
        let token = text.trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(bad("it is not one token"));
        }
        Ok(Self(token.to_owned()))
    }
}

/// TLS 1.2 and 1.3 with the certificates of a file, else of the system.
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, FileError> {
    let system = || SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
    let path = ca_file.or_else(system).unwrap_or(Path::new(SYSTEM_ROOTS[0]));
    let bad = |why: String| FileError { path: path.to_owned(), source: io::Error::other(why) };
    let mut roots = RootCertStore::empty();
    let pem = read(path)?;
    // A bundle may hold what rustls does not know; a file that was named must hold at least one that it does.
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    if roots.is_empty() {
        return Err(bad("it holds no certificate in PEM".to_owned()));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| bad(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let cap = u64::try_from(limits::CLIENT_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(cap.saturating_add(1)).read_to_end(&mut bytes));
    let read =
        read.and_then(|n| if n > limits::CLIENT_FILE_BYTES_MAX { Err(io::Error::other("it is over 1 MiB")) } else { Ok(()) });
    read.map_err(|source| FileError { path: path.to_owned(), source })?;
    Ok(bytes)
}
