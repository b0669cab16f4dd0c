//! Certificates of authorities of our own: of the server under test, and of those who read and send; and clients that trust the
//! server and show who they are. Knows TLS, and the flags that name its files; not what is said inside.

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    client::Resumption,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use std::{fs, path::Path, sync::Arc};
use tempfile::TempDir;

/// What is spoken inside, by its name in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Http1,
    Http2,
}

/// Whose certificate senders show: a `ServiceAccount` of the namespace that the bench's resources claim.
pub(crate) const SENDER: &str = "system:serviceaccount:bench:sender";
/// Whose certificate scrapers show: the one whom the rule is about.
pub(crate) const SCRAPER: &str = "scraper";
const SERVER: &str = "localhost";
const RULES: &str = "authorization:\n  static:\n  - {path: /metrics, resourceRequest: false, verb: get, user: {name: scraper}}\n";

/// All files of one server, in a folder that goes with this value.
pub(crate) struct Keys {
    folder: TempDir,
    ours: Authority,
    peers: Authority,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    own: CertificateDer<'static>,
    pem: String,
}

/// Whoever connects with TLS. No session is resumed: every connection costs a whole handshake, which is the most it can.
#[derive(Clone)]
pub(crate) struct Client(Arc<ClientConfig>);

impl Keys {
    /// Makes all of them.
    pub(crate) fn make() -> Result<Self> {
        let this = Self { folder: tempfile::tempdir()?, ours: Authority::named("ours")?, peers: Authority::named("peers")? };
        let key = KeyPair::generate()?;
        let own = CertificateParams::new(vec![SERVER.to_owned()])?.signed_by(&key, &this.ours.issuer)?;
        for (name, text) in [
            ("tls.crt", own.pem()),
            ("tls.key", key.serialize_pem()),
            ("peers.crt", this.peers.pem.clone()),
            ("rules.yaml", RULES.to_owned()),
        ] {
            fs::write(this.folder.path().join(name), text)?;
        }
        Ok(this)
    }

    fn flags<const N: usize>(&self, flags: [(&str, &str); N]) -> Vec<String> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        flags.into_iter().flat_map(|(flag, name)| [format!("--{flag}"), file(name)]).collect()
    }

    /// Flags for a server that speaks TLS and asks nobody who they are.
    pub(crate) fn serving(&self) -> Vec<String> {
        self.flags([("tls-cert-file", "tls.crt"), ("tls-private-key-file", "tls.key")])
    }

    /// Flags by which those who read are asked for a certificate, and one of them may read `/metrics` by a rule.
    pub(crate) fn reading(&self) -> Vec<String> {
        self.flags([("client-ca-file", "peers.crt"), ("config-file", "rules.yaml")])
    }

    /// Flags by which those who send are asked for a certificate.
    pub(crate) fn sending(&self) -> Vec<String> {
        self.flags([("otlp-client-ca-file", "peers.crt")])
    }

    /// A client that shows nothing.
    pub(crate) fn client(&self, inside: Inside) -> Result<Client> {
        Client::new(std::slice::from_ref(&self.ours.own), None, inside)
    }

    /// A client with a certificate of its own, of this common name.
    pub(crate) fn client_as(&self, name: &str, inside: Inside) -> Result<Client> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let own = params.signed_by(&key, &self.peers.issuer)?;
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?;
        Client::new(std::slice::from_ref(&self.ours.own), Some((own.der().clone(), key)), inside)
    }
}

impl Authority {
    fn named(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let own = params.self_signed(&key)?;
        Ok(Self { issuer: Issuer::new(params, key), own: own.der().clone(), pem: own.pem() })
    }
}

impl Client {
    fn new(
        trusted: &[CertificateDer<'static>],
        own: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
        inside: Inside,
    ) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        trusted.iter().try_for_each(|certificate| roots.add(certificate.clone()))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
        let mut config = match own {
            Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![if inside == Inside::Http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        config.resumption = Resumption::disabled();
        Ok(Self(Arc::new(config)))
    }

    /// The client's half of a connection, before its handshake.
    pub(crate) fn begin(&self) -> Result<ClientConnection> {
        ClientConnection::new(Arc::clone(&self.0), name()?).context("begin with TLS")
    }

    /// For connections of tasks, and the name of the server that they expect.
    pub(crate) fn connector(&self) -> Result<(tokio_rustls::TlsConnector, ServerName<'static>)> {
        Ok((tokio_rustls::TlsConnector::from(Arc::clone(&self.0)), name()?))
    }
}

fn name() -> Result<ServerName<'static>> {
    Ok(ServerName::try_from(SERVER)?)
}

/// How many files a process here may have open, by the soft limit that the servers inherit.
pub(crate) fn open_files() -> Result<usize> {
    let text = fs::read_to_string(Path::new("/proc/self/limits"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).context("find the limit of open files")?;
    let soft = line.split_whitespace().next().context("find the soft limit of open files")?;
    Ok(soft.parse().unwrap_or(usize::MAX)) // else it is unlimited
}
