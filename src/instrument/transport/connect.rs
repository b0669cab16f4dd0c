//! A connection to a receiver, plain or with TLS, and the files that it needs: read anew for each connection, so that a
//! renewed authority, certificate or token is used without a restart. Speaks no protocol.

use super::{Protocol, SendError, Target};
use crate::{
    limits::FILE_BYTES_MAX,
    opamp::{messages::PLAN_HEADER, plan::PlanHash},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use std::{
    fs::File,
    future::Future,
    io::{self, Read},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Why there is no connection, or no token.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    #[error("connect to {0}")]
    Tcp(String, #[source] io::Error),
    #[error("agree on TLS with {0}")]
    Tls(String, #[source] io::Error),
    #[error("read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("read {} as PEM", .0.display())]
    Pem(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("find a certificate in {}", .0.display())]
    Empty(PathBuf),
    #[error("use {0:?} as the name of a server")]
    Name(String),
    #[error("use the certificates and the key for TLS")]
    Config(#[source] rustls::Error),
    #[error("send a token: it goes over https only")]
    Plain,
    #[error("send the token in {}: it is not one line of text", .0.display())]
    Token(PathBuf),
}

/// Bytes both ways.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A new connection.
pub(crate) async fn connect(target: &Target) -> Result<Box<dyn Io>, ConnectError> {
    let (host, port) = target.address();
    let tcp = TcpStream::connect((host, port)).await;
    let tcp = tcp.and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp));
    let tcp = tcp.map_err(|e| ConnectError::Tcp(format!("{host}:{port}"), e))?;
    if !target.is_tls() {
        return Ok(Box::new(tcp));
    }
    let name = target.server_name.as_deref().unwrap_or(host);
    let server = ServerName::try_from(name.to_owned()).map_err(|_| ConnectError::Name(name.to_owned()))?;
    let config = config(target)?;
    let tls = TlsConnector::from(Arc::new(config)).connect(server, tcp).await;
    Ok(Box::new(tls.map_err(|e| ConnectError::Tls(name.to_owned(), e))?))
}

fn config(target: &Target) -> Result<ClientConfig, ConnectError> {
    let mut roots = RootCertStore::empty();
    match &target.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(ConnectError::Config)?;
            }
        }
        // What cannot be loaded is not trusted; with nothing to trust, the handshake says so.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(ConnectError::Config)?.with_root_certificates(roots);
    let mut config = match &target.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let pem = read(key)?;
            let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|e| ConnectError::Pem(key.clone(), e.into()))?;
            builder.with_client_auth_cert(certificates(chain)?, private).map_err(ConnectError::Config)?
        }
    };
    let protocol: &[u8] = match target.protocol {
        Protocol::Grpc => b"h2",
        Protocol::Http => b"http/1.1",
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let pem = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let all = all.map_err(|e| ConnectError::Pem(path.to_owned(), e.into()))?;
    if all.is_empty() { Err(ConnectError::Empty(path.to_owned())) } else { Ok(all) }
}

/// A small file, whole.
fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    let whole = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    };
    whole().map_err(|e| ConnectError::Read(path.to_owned(), e))
}

/// The headers of a request: those that were given, and the token of this moment, which wins over one that was given.
pub(crate) fn headers(target: &Target, plan: Option<PlanHash>) -> Result<HeaderMap, SendError> {
    let mut headers: HeaderMap = target.headers.iter().cloned().collect();
    if let Some(plan) = plan {
        let hash = HeaderValue::try_from(plan.to_string()).map_err(SendError::reach)?;
        headers.insert(HeaderName::from_static(PLAN_HEADER), hash);
    }
    let Some(path) = &target.token_file else { return Ok(headers) };
    if !target.is_tls() {
        return Err(SendError::reach(ConnectError::Plain));
    }
    let token = read(path).map_err(SendError::reach)?;
    let value = [b"Bearer ", token.trim_ascii()].concat();
    let mut value = HeaderValue::from_bytes(&value).map_err(|_| SendError::reach(ConnectError::Token(path.clone())))?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    Ok(headers)
}

/// Makes the connections of a gRPC channel.
#[derive(Clone)]
pub(super) struct Connector(pub(super) Arc<Target>);

impl tonic::codegen::Service<http::Uri> for Connector {
    type Response = TokioIo<Box<dyn Io>>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let target = self.0.clone();
        Box::pin(async move { connect(&target).await.map(TokioIo::new) })
    }
}
