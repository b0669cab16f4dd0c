//! Certificates of an authority of our own, and clients that trust it: HTTP/1.1 over rustls, and gRPC through tonic.
//! Knows TLS and how a request looks; not what a test wants of it.

use crate::support::{DEADLINE, Reply, parse};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned,
    client::{Resumption, WantsClientCert},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tonic::transport::{Channel, Endpoint};

/// An authority that signs for `localhost`, and for whom else it is asked.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    own: CertificateDer<'static>,
    pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    der: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        Self { issuer: Issuer::new(params, key), own: own.der().clone(), pem: own.pem() }
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A client that trusts this authority alone, and shows a certificate.
    pub(crate) fn client_showing(&self, own: &Pair, protocols: &[&str]) -> Client {
        Client::showing(self.own.clone(), own, protocols)
    }

    /// One more pair.
    pub(crate) fn pair(&self) -> Pair {
        self.pair_for("localhost")
    }

    /// A pair for another name.
    pub(crate) fn pair_for(&self, name: &str) -> Pair {
        self.sign(&CertificateParams::new(vec![name.to_owned()]).expect("a name"))
    }

    /// A pair for somebody of this common name, or of none.
    pub(crate) fn sender(&self, name: Option<&str>, years: (i32, i32)) -> Pair {
        self.person(&name.map(|name| (DnType::CommonName, name)).into_iter().collect::<Vec<_>>(), years)
    }

    /// A pair for whom these parts of a subject name. One kind of part twice needs two ways to say it: an OID is another.
    pub(crate) fn person(&self, subject: &[(DnType, &str)], years: (i32, i32)) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        subject.iter().for_each(|(kind, text)| params.distinguished_name.push(kind.clone(), *text));
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        self.sign(&params)
    }

    /// A pair for somebody of this common name, until so long after 1970 began.
    pub(crate) fn sender_until(&self, name: &str, until: Duration) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(1970, 1, 1) + until;
        self.sign(&params)
    }

    /// A pair for somebody of this common name and organisation.
    pub(crate) fn member(&self, name: &str, organisation: &str) -> Pair {
        self.person(&[(DnType::CommonName, name), (DnType::OrganizationName, organisation)], (2020, 2090))
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Pair { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
    }

    /// A client of TLS 1.2 that offers HTTP/2 and HTTP/1.1.
    pub(crate) fn client_of_12(&self) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.own.clone()).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS12]).expect("a version");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Client { config: Arc::new(config) }
    }

    /// A client that trusts this authority alone and remembers no session, so that it is shown the certificate each time.
    pub(crate) fn client(&self, protocols: &[&str]) -> Client {
        Client::trusting(self.own.clone(), protocols)
    }
}

impl Pair {
    /// Writes both files.
    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("tls.crt"), &self.certificate).expect("the folder takes files");
        fs::write(folder.join("tls.key"), &self.key).expect("the folder takes files");
    }

    /// Whether it is the one that a client was shown.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        self.der.as_ref() == shown
    }
}

/// Whoever connects with TLS.
#[derive(Clone)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
}

/// The beginning of a client that trusts one certificate alone.
fn verifying(certificate: CertificateDer<'static>) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots)
}

impl Client {
    /// A client that trusts one certificate alone, and remembers no session.
    pub(crate) fn trusting(certificate: CertificateDer<'static>, protocols: &[&str]) -> Self {
        let mut config = verifying(certificate).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config) }
    }

    /// As [`Client::trusting`], with a certificate to show whoever asks, whatever authorities it hints at.
    pub(crate) fn showing(certificate: CertificateDer<'static>, own: &Pair, protocols: &[&str]) -> Self {
        let builder = verifying(certificate);
        let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
        let key = builder.crypto_provider().key_provider.load_private_key(key).expect("a key of a known kind");
        let own = Arc::new(CertifiedKey::new(vec![own.der.clone()], key));
        let mut config = builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config) }
    }

    /// A client that resumes sessions, as most do.
    pub(crate) fn remembering(self) -> Self {
        let mut config = Arc::unwrap_or_clone(self.config);
        config.resumption = Resumption::default();
        Self { config: Arc::new(config) }
    }

    /// The same for tokio.
    pub(crate) fn connector(&self) -> tokio_rustls::TlsConnector {
        tokio_rustls::TlsConnector::from(Arc::clone(&self.config))
    }

    /// A connection after its handshake.
    pub(crate) fn connect(&self, addr: SocketAddr) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut tcp = TcpStream::connect(addr)?;
        tcp.set_read_timeout(Some(DEADLINE))?;
        let name = ServerName::try_from("localhost").expect("a name");
        let mut connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(connection, tcp))
    }

    /// The certificate that is shown, in DER.
    pub(crate) fn shown(&self, addr: SocketAddr) -> io::Result<Vec<u8>> {
        let stream = self.connect(addr)?;
        let shown = stream.conn.peer_certificates().and_then(|chain| chain.first()).map(|own| own.to_vec());
        shown.ok_or_else(|| io::Error::other("no certificate was shown"))
    }

    /// One HTTP/1.1 exchange on a connection of its own.
    pub(crate) fn http(&self, addr: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Reply> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        self.says(addr, format!("{head}{body}").as_bytes())
    }

    /// Sends bytes on a connection of their own, and reads one answer to its end.
    pub(crate) fn says(&self, addr: SocketAddr, words: &[u8]) -> io::Result<Reply> {
        let mut stream = self.connect(addr)?;
        stream.write_all(words)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(parse(&answer))
    }

    /// GET; must succeed.
    pub(crate) fn get(&self, addr: SocketAddr, path: &str) -> Reply {
        let reply = self.http(addr, "GET", path, "").expect("an answer");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply
    }

    /// A connection after its handshake, for clients that do not block.
    pub(crate) async fn stream(&self, addr: SocketAddr) -> io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
        let tcp = tokio::net::TcpStream::connect(addr).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        self.connector().connect(name, tcp).await
    }

    /// The status of one HTTP/2 exchange on a connection of its own, once its answer has ended.
    pub(crate) async fn http2(&self, addr: SocketAddr, method: &str, path: &str, body: &'static str) -> Result<u16, String> {
        let told = |error: &dyn std::fmt::Debug| format!("{error:?}");
        let inside = TokioIo::new(self.stream(addr).await.map_err(|error| told(&error))?);
        let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), inside).await;
        let (mut sender, connection) = shaken.map_err(|error| told(&error))?;
        let request = http::Request::builder().method(method).uri(format!("https://localhost{path}"));
        let request = request.header("content-type", "application/json").body(Full::new(Bytes::from_static(body.as_bytes())));
        let exchange = async move {
            let answer = sender.send_request(request.expect("a request")).await.map_err(|error| told(&error))?;
            let status = answer.status().as_u16();
            answer.into_body().collect().await.map_err(|error| told(&error))?;
            Ok(status)
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            ended = connection => Err(format!("ended before the answer: {ended:?}")),
        }
    }

    /// A tonic channel over TLS.
    pub(crate) async fn channel(&self, addr: SocketAddr) -> Result<Channel, tonic::transport::Error> {
        let connector = self.connector();
        let connect = tower::service_fn(move |_: http::Uri| {
            let connector = connector.clone();
            async move {
                let tcp = tokio::net::TcpStream::connect(addr).await?;
                let name = ServerName::try_from("localhost").expect("a name");
                Ok::<_, io::Error>(TokioIo::new(connector.connect(name, tcp).await?))
            }
        });
        Endpoint::from_static("http://localhost").connect_with_connector(connect).await
    }
}
