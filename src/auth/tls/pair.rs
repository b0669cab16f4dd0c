//! A certificate chain and the key it was made for, out of two PEM files, as what rustls serves.
//! TLS 1.2 and 1.3 with the suites of rustls alone; no early data. Never shows a key, not even in `Debug`.

use super::{authority::Authority, profile::Profile};
use pointsman_core::limits;
use pointsman_watch::certificate::Validity;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{NoClientAuth, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

/// Where the pair is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The chain in PEM, the certificate of this server first.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

/// What a listener offers inside of TLS, and whether it asks who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/2 alone, to those who send.
    Grpc,
    /// HTTP/2 and HTTP/1.1, to those who send.
    Http,
    /// HTTP/2 and HTTP/1.1, to those who read.
    Read,
}

/// On which terms a pair is served.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Whose certificates those who send must show; without it all may send.
    pub sending: Option<Arc<Authority>>,
    /// Whose certificates count among those who read; without it they are not asked.
    pub reading: Option<Arc<Authority>>,
    /// Versions and suites.
    pub profile: Profile,
    /// Whether HTTP/2 is offered to gRPC alone.
    pub only_http1: bool,
}

/// Why two files are no pair.
#[derive(Debug, Error)]
pub enum PairError {
    /// A file is not there, too large, or no file.
    #[error("read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate file has none, or is not PEM.
    #[error("read a certificate in {}: {what}", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
    /// The key file has none, or is not PEM.
    #[error("read a private key in {}: {what}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
    /// They do not belong together, or are of a kind that is not served.
    #[error("match the certificate and its key")]
    Match(#[source] rustls::Error),
    /// The new certificate has ended or not begun, while the served one is valid.
    #[error("the new certificate is not valid at this time")]
    NotValidNow,
}

/// What the two files hold at one moment.
pub struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A pair that fits.
pub struct Pair {
    /// When the certificate is valid, if it says so in a way that we read.
    pub validity: Option<Validity>,
    /// Of the contents it was made from.
    pub digest: [u8; 32],
    own: Arc<SingleCertAndKey>,
    read: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
}

impl Contents {
    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read, is no regular file, or is larger than any chain.
    pub fn read(files: &Files) -> Result<Self, PairError> {
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    /// Tells other contents from these.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let length = u64::try_from(self.certificate.len()).unwrap_or(u64::MAX).to_be_bytes();
        Sha256::new().chain_update(length).chain_update(&self.certificate).chain_update(&self.key).finalize().into()
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    let bytes = || {
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is no file")); // a pipe would be empty at the second look, or never end
        }
        let mut bytes = Vec::new();
        let cap = limits::TLS_FILE_BYTES_MAX;
        File::open(path)?.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > cap {
            return Err(io::Error::other("it is larger than any certificate chain"));
        }
        Ok(bytes)
    };
    bytes().map_err(|source| PairError::Read { path: path.to_owned(), source })
}

/// Without the bytes that rustls would print.
pub(super) fn words(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::NoItemsFound => "there is none",
        pem::Error::MissingSectionEnd { .. } => "its end is missing",
        _ => "it is not PEM",
    }
}

impl Pair {
    /// Makes contents into a pair; `files` is where they came from, for errors.
    ///
    /// # Errors
    /// When they are no certificate and its key.
    pub fn new(contents: &Contents, files: &Files, terms: &Terms) -> Result<Self, PairError> {
        let certificate = |error| PairError::Certificate { path: files.certificate.clone(), what: words(&error) };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.certificate).collect();
        let chain = chain.map_err(certificate)?;
        let Some(own) = chain.first() else { return Err(certificate(pem::Error::NoItemsFound)) };
        let validity = Validity::of(own);
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|error| PairError::Key { path: files.key.clone(), what: words(&error) })?;
        let own = CertifiedKey::from_der(chain, key, &terms.profile.provider()).map_err(PairError::Match)?;
        Self::serving(Arc::new(own.into()), validity, contents.digest(), terms)
    }

    /// The same on other terms.
    ///
    /// # Errors
    /// When rustls refuses the terms.
    pub fn on(&self, terms: &Terms) -> Result<Self, PairError> {
        Self::serving(Arc::clone(&self.own), self.validity, self.digest, terms)
    }

    fn serving(
        own: Arc<SingleCertAndKey>,
        validity: Option<Validity>,
        digest: [u8; 32],
        terms: &Terms,
    ) -> Result<Self, PairError> {
        let provider = Arc::new(terms.profile.provider());
        let [read, http] =
            [&terms.reading, &terms.sending].map(|authority| serving(&own, authority.as_deref(), terms, &provider));
        let (read, http) = (read?, http?);
        let mut grpc = http.clone();
        grpc.alpn_protocols = vec![b"h2".to_vec()];
        let [read, http, grpc] = [read, http, grpc].map(Arc::new);
        Ok(Self { validity, digest, own, read, http, grpc })
    }

    /// What a listener of this kind serves.
    #[must_use]
    pub fn config(&self, offer: Offer) -> Arc<ServerConfig> {
        Arc::clone(match offer {
            Offer::Grpc => &self.grpc,
            Offer::Http => &self.http,
            Offer::Read => &self.read,
        })
    }
}

fn serving(
    own: &Arc<SingleCertAndKey>,
    authority: Option<&Authority>,
    terms: &Terms,
    provider: &Arc<CryptoProvider>,
) -> Result<ServerConfig, PairError> {
    let judge: Arc<dyn ClientCertVerifier> = authority.map_or_else(|| Arc::new(NoClientAuth) as _, Authority::ask);
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(terms.profile.versions())
        .map_err(PairError::Match)?
        .with_client_cert_verifier(judge)
        .with_cert_resolver(Arc::clone(own) as _);
    config.max_early_data_size = 0;
    let names: &[&[u8]] = if terms.only_http1 { &[b"http/1.1"] } else { &[b"h2", b"http/1.1"] };
    config.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("validity", &self.validity).finish_non_exhaustive()
    }
}
