use super::PLAN;
use crate::{
    opamp::messages::PLAN_HEADER,
    transport::{Protocol, SendError, Signal, Target, Transport},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{convert::Infallible, error::Error, fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// No resolver knows it.
pub(crate) const NAME: &str = "pointsman.pointsman.svc";

/// An authority, and what it signed for a name.
pub(crate) struct Authority {
    pem: String,
    chain: String,
    key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(vec![name.to_owned()]).expect("a name").signed_by(&own, &issuer).expect("signed");
        Self { pem, chain: leaf.pem(), key: own.serialize_pem() }
    }
}

/// What a receiver saw of one request.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    server_name: String,
    authority: String,
    path: String,
    authorization: String,
    plan: String,
}

/// A receiver with TLS on 127.0.0.1 that takes everything, in HTTP/2 and HTTP/1.1.
struct Receiver {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn config(authority: &Authority, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).expect("PEM")).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().expect("a verifier");
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(authority.chain.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(authority.key.as_bytes()).expect("PEM");
    let mut config = builder.with_single_cert(chain, key).expect("a pair");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.into()
}

async fn answer(
    seen: Arc<Mutex<Vec<Seen>>>,
    server_name: String,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |name| head.headers.get(name).map_or(String::new(), |v: &HeaderValue| v.to_str().expect("text").to_owned());
    let authority = head.uri.authority().map_or_else(|| text("host"), ToString::to_string);
    let path = head.uri.path().to_owned();
    drop(body.collect().await);
    seen.lock().push(Seen { server_name, authority, path, authorization: text("authorization"), plan: text(PLAN_HEADER) });
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let grpc = text("content-type").starts_with("application/grpc");
    // An empty message in gRPC's frame.
    let body = Full::new(Bytes::from_static(if grpc { &[0; 5] } else { &[] }));
    let trailers = std::future::ready(grpc.then_some(Ok(trailers)));
    let answer = Response::builder().header("content-type", if grpc { "application/grpc" } else { "application/x-protobuf" });
    Ok(answer.body(body.with_trailers(trailers).boxed()).expect("a response"))
}

type Answer = http_body_util::combinators::BoxBody<Bytes, Infallible>;

impl Receiver {
    #[expect(clippy::disallowed_methods, reason = "a test's receiver; its task ends with it")]
    async fn new(authority: &Authority, clients: Option<&Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let config = Arc::new(Mutex::new(config(authority, clients)));
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (current, log) = (config.clone(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.expect("a connection");
                let acceptor = TlsAcceptor::from(current.lock().clone());
                // Who does not trust us leaves; the next one is served all the same.
                let Ok(tls) = acceptor.accept(tcp).await else { continue };
                let name = tls.get_ref().1.server_name().unwrap_or_default().to_owned();
                let log = log.clone();
                let service = service_fn(move |request| answer(log.clone(), name.clone(), request));
                let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move { drop(http.serve_connection(TokioIo::new(tls), service).await) });
            }
        });
        Self { address, config, seen, task }
    }

    fn target(&self, protocol: Protocol, dir: &Path) -> Target {
        let target = Target::new(protocol, &format!("https://{}", self.address)).expect("a URL");
        target.server_name(NAME).ca_file(dir.join("ca.crt")).timeout(Duration::from_secs(20))
    }
}

async fn send(transport: &Transport) -> Result<u64, SendError> {
    transport.send(Signal::Metrics, Bytes::from_static(b"points"), Some(PLAN)).await
}

/// Every cause, the outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |e: &&'a (dyn Error + 'static)| (*e).source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

pub(crate) fn folder(authority: &Authority) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("ca.crt"), &authority.pem).expect("written");
    dir
}

/// Scenario: the receiver is an IP address whose certificate has a name that does not resolve; its token is renewed, then
/// its authority. Guarantees: both protocols reach it under its name, each request carries the token of that moment and the
/// name of its plan, and a new connection trusts the authority of that moment, without a restart.
#[tokio::test]
async fn an_address_and_a_name_may_be_apart() {
    for (protocol, path) in
        [(Protocol::Grpc, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"), (Protocol::Http, "/v1/metrics")]
    {
        let old = Authority::new(NAME);
        let receiver = Receiver::new(&old, None).await;
        let dir = folder(&old);
        let token = dir.path().join("token");
        fs::write(&token, "first\n").expect("written");
        let given = HeaderValue::from_static("Basic given");
        let target = receiver.target(protocol, dir.path()).header(http::header::AUTHORIZATION, given).token_file(&token);
        let transport = Transport::from(target);
        send(&transport).await.expect("taken");
        fs::write(&token, "second\n").expect("written");
        send(&transport).await.expect("taken");
        let new = Authority::new(NAME);
        *receiver.config.lock() = config(&new, None);
        fs::write(dir.path().join("ca.crt"), &new.pem).expect("written");
        send(&Transport::from(receiver.target(protocol, dir.path()))).await.expect("taken");
        let seen = |authorization: &str| Seen {
            server_name: NAME.to_owned(),
            authority: format!("{NAME}:{}", receiver.address.port()),
            path: path.to_owned(),
            authorization: authorization.to_owned(),
            plan: PLAN.to_string(),
        };
        assert_eq!(*receiver.seen.lock(), [seen("Bearer first"), seen("Bearer second"), seen("")]);
    }
}

/// Scenario: a receiver of another authority, one under another name, and files that are missing or not what they should
/// be. Guarantees: nothing is sent, the reason names the file or the name, and it may pass.
#[tokio::test]
async fn who_is_not_trusted_gets_nothing() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let (ours, other) = (Authority::new(NAME), Authority::new(NAME));
        let receiver = Receiver::new(&other, None).await;
        let dir = folder(&ours);
        let target = || receiver.target(protocol, dir.path());
        fs::write(dir.path().join("empty"), "").expect("written");
        fs::write(dir.path().join("theirs"), &other.pem).expect("written");
        for (target, reason) in [
            (target(), "invalid peer certificate"),
            (target().ca_file(dir.path().join("theirs")).server_name("other.svc"), "not valid for name"),
            (target().ca_file(dir.path().join("empty")), "find a certificate in"),
            (target().ca_file(dir.path().join("missing")), "missing: No such file"),
            (target().token_file(dir.path().join("missing")), "missing: No such file"),
            (Target { url: "http://127.0.0.1:1".parse().expect("a URL"), ..target() }.token_file("token"), "https only"),
        ] {
            let error = send(&Transport::from(target)).await.expect_err("not trusted");
            assert!(chain(&error).contains(reason), "{} has no {reason}", chain(&error));
            assert!(error.retryable());
        }
        assert!(receiver.seen.lock().is_empty());
    }
}

/// Scenario: a receiver that wants a certificate of its clients. Guarantees: who has one is served, who has none is not.
#[tokio::test]
async fn clients_show_their_certificate() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let (servers, clients) = (Authority::new(NAME), Authority::new("operator"));
        let receiver = Receiver::new(&servers, Some(&clients)).await;
        let dir = folder(&servers);
        send(&Transport::from(receiver.target(protocol, dir.path()))).await.expect_err("no certificate");
        let (certificate, key) = (dir.path().join("tls.crt"), dir.path().join("tls.key"));
        fs::write(&certificate, &clients.chain).expect("written");
        fs::write(&key, &clients.key).expect("written");
        let target = receiver.target(protocol, dir.path()).client_certificate(certificate, key);
        send(&Transport::from(target)).await.expect("taken");
        assert_eq!(receiver.seen.lock().len(), 1);
    }
}
