//! Whose certificates count: an authority out of a file that changes while we serve. All may finish the handshake, so that
//! who is refused reads why in the protocol that it speaks. Knows certificates, not what is answered.

use super::{
    Look, Looks,
    pair::{PairError, read, words},
};
use arc_swap::ArcSwap;
use pointsman_core::{
    limits,
    model::clock::{Mono, Wall},
};
use pointsman_watch::certificate::Validity;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The authority of those who may send, or of those who read.
#[derive(Debug)]
pub struct Authority {
    path: PathBuf,
    served: ArcSwap<Judge>,
    looks: Looks,
}

/// What a file made at one moment.
#[derive(Debug)]
pub(super) struct Judge {
    verifier: Arc<dyn ClientCertVerifier>,
    digest: [u8; 32],
    /// When the last of its certificates ends, where all say so.
    until_secs: Option<u64>,
}

/// Asks for a certificate and lets everybody in: who it is, is found out for each request. That a peer holds the key of
/// what it shows is proved in the handshake all the same.
#[derive(Debug)]
struct AskOnly(Arc<dyn ClientCertVerifier>);

impl Authority {
    /// Reads an authority, or several, in PEM.
    ///
    /// # Errors
    /// When the file cannot be read, or has something else than certificates of authorities in it, or nothing.
    pub fn open(path: &Path) -> Result<Self, PairError> {
        let judge = Judge::new(path, &read(path)?)?;
        Ok(Self { path: path.to_owned(), served: ArcSwap::from_pointee(judge), looks: Looks::default() })
    }

    /// Looks whether the file has changed. What is no authority never replaces one.
    pub fn look(&self, now: Mono) -> Look {
        self.looks.note(self.read(), now)
    }

    fn read(&self) -> Result<bool, PairError> {
        let bytes = read(&self.path)?;
        if digest(&bytes) == self.served.load().digest {
            return Ok(false);
        }
        self.served.store(Arc::new(Judge::new(&self.path, &bytes)?));
        Ok(true)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its file came to so far.
    #[must_use]
    pub const fn looks(&self) -> &Looks {
        &self.looks
    }

    /// When the last of its certificates ends, in seconds since 1970, where all say so.
    #[must_use]
    pub fn until_secs(&self) -> Option<u64> {
        self.served.load().until_secs
    }

    /// What a handshake of now asks.
    #[must_use]
    pub fn ask(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::new(AskOnly(Arc::clone(&self.served.load().verifier)))
    }

    /// Who judges now.
    pub(super) fn judge(&self) -> Arc<Judge> {
        self.served.load_full()
    }
}

impl Judge {
    fn new(path: &Path, bytes: &[u8]) -> Result<Self, PairError> {
        let refuse = |what| PairError::Certificate { path: path.to_owned(), what };
        let (mut roots, mut until_secs) = (RootCertStore::empty(), Some(0));
        for certificate in CertificateDer::pem_slice_iter(bytes) {
            let certificate = certificate.map_err(|error| refuse(words(&error)))?;
            let end = Validity::of(&certificate).map(|validity| validity.until_secs);
            until_secs = until_secs.zip(end).map(|(until, end)| until.max(end));
            roots.add(certificate).map_err(|_| refuse("one in it can be no authority"))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        Ok(Self { verifier: verifier.map_err(|_| refuse("there is none"))?, digest: digest(bytes), until_secs })
    }

    /// Whether it vouches for a chain at this moment, the first certificate being the peer's own.
    pub(super) fn vouches(&self, chain: &[CertificateDer<'_>], now: Wall) -> bool {
        let Some((own, others)) = chain.split_first() else { return false };
        let now = UnixTime::since_unix_epoch(Duration::from_nanos(now.0));
        self.verifier.verify_client_cert(own, others, now).is_ok()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl ClientCertVerifier for AskOnly {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // All of it is kept for as long as the connection lasts, whoever vouches for it.
        let bytes = others.iter().fold(own.len(), |sum, one| sum.saturating_add(one.len()));
        if bytes > limits::CLIENT_CHAIN_BYTES_MAX {
            return Err(Error::General(format!(
                "a certificate with more than {} bytes of others",
                limits::CLIENT_CHAIN_BYTES_MAX
            )));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
