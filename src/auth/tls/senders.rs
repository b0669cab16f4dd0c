//! Who may send: those with a certificate of an authority that we were given. All may finish the handshake, so that who
//! is refused reads why in the protocol that it speaks. Knows certificates, not what is answered.

use super::{
    Look, Watch,
    pair::{PairError, read, words},
};
use crate::auth::Denied;
use arc_swap::ArcSwap;
use pointsman_core::model::clock::{Mono, Wall};
use pointsman_watch::certificate::common_name;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
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

/// The authority of those who may send, as its file says now.
#[derive(Debug)]
pub struct Senders {
    path: PathBuf,
    judge: ArcSwap<Judge>,
    watch: Watch,
}

/// What one state of the file came to.
#[derive(Debug)]
struct Judge {
    digest: [u8; 32],
    verifier: Arc<dyn ClientCertVerifier>,
}

/// Asks for a certificate and lets everybody in: who it is, [`Senders::may_send`] finds out. That a sender holds the key of
/// what it shows is proved in the handshake all the same. No authority is named: it may change while connections last, and
/// senders show what they have.
#[derive(Debug)]
pub(super) struct AskOnly(WebPkiSupportedAlgorithms);

impl Default for AskOnly {
    fn default() -> Self {
        Self(aws_lc_rs::default_provider().signature_verification_algorithms)
    }
}

impl Senders {
    /// Reads an authority, or several, in PEM.
    ///
    /// # Errors
    /// When the file cannot be read, or has something else than certificates of authorities in it, or nothing.
    pub fn open(path: &Path) -> Result<Self, PairError> {
        let judge = Judge::new(path, &read(path)?)?;
        Ok(Self { path: path.to_owned(), judge: ArcSwap::from_pointee(judge), watch: Watch::default() })
    }

    /// Where the authority is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether the file has changed. What has no authority in it never replaces one.
    pub fn look(&self, now: Mono) -> Look {
        self.watch.look(now, self.read(), |judge| self.judge.store(Arc::new(judge)))
    }

    fn read(&self) -> Result<Option<Judge>, PairError> {
        let pem = read(&self.path)?;
        let is_known = self.judge.load().digest == digest(&pem);
        if is_known { Ok(None) } else { Judge::new(&self.path, &pem).map(Some) }
    }

    /// What became of the file.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Judges what a peer has shown, the first certificate being its own. It is judged after each handshake, so that a
    /// session that is resumed ends with its certificate, and with the authority.
    ///
    /// # Errors
    /// When the peer may not send.
    pub fn may_send(&self, shown: Option<&[CertificateDer<'_>]>, now: Wall) -> Result<(), Denied> {
        let Some((own, others)) = shown.and_then(<[_]>::split_first) else { return Err(Denied::Unknown) };
        let now = UnixTime::since_unix_epoch(Duration::from_nanos(now.0));
        self.judge.load().verifier.verify_client_cert(own, others, now).map_err(|_| Denied::Unknown)?;
        common_name(own).map(|_| ()).ok_or(Denied::Nameless)
    }
}

impl Judge {
    fn new(path: &Path, pem: &[u8]) -> Result<Self, PairError> {
        let refuse = |what| PairError::Certificate { path: path.to_owned(), what };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refuse(words(&error)))?;
            roots.add(certificate).map_err(|_| refuse("one in it can be no authority"))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        Ok(Self { digest: digest(pem), verifier: verifier.map_err(|_| refuse("there is none"))? })
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
        &[]
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
