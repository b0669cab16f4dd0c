//! Who may send: those with a certificate of an authority that we were given. All may finish the handshake, so that who
//! is refused reads why in the protocol that it speaks. Knows certificates, not what is answered.

use super::pair::{PairError, read, words};
use crate::auth::Denied;
use pointsman_core::model::clock::Wall;
use pointsman_watch::certificate::common_name;
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
use std::{path::Path, sync::Arc, time::Duration};

/// The authority of those who may send.
#[derive(Clone, Debug)]
pub struct Senders {
    judge: Arc<dyn ClientCertVerifier>,
}

/// Asks for a certificate and lets everybody in: who it is, [`Senders::may_send`] finds out. That a sender holds the key of
/// what it shows is proved in the handshake all the same.
#[derive(Debug)]
struct AskOnly(Arc<dyn ClientCertVerifier>);

impl Senders {
    /// Reads an authority, or several, in PEM.
    ///
    /// # Errors
    /// When the file cannot be read, or has something else than certificates of authorities in it, or nothing.
    pub fn open(path: &Path) -> Result<Self, PairError> {
        let refuse = |what| PairError::Certificate { path: path.to_owned(), what };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&read(path)?) {
            let certificate = certificate.map_err(|error| refuse(words(&error)))?;
            roots.add(certificate).map_err(|_| refuse("one in it can be no authority"))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let judge = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        Ok(Self { judge: judge.map_err(|_| refuse("there is none"))? })
    }

    /// What the handshake asks.
    #[must_use]
    pub fn ask(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::new(AskOnly(Arc::clone(&self.judge)))
    }

    /// Judges what a peer has shown, the first certificate being its own. It is judged after each handshake, so that a
    /// session that is resumed ends with its certificate.
    ///
    /// # Errors
    /// When the peer may not send.
    pub fn may_send(&self, shown: Option<&[CertificateDer<'_>]>, now: Wall) -> Result<(), Denied> {
        let Some((own, others)) = shown.and_then(<[_]>::split_first) else { return Err(Denied::Unknown) };
        let now = UnixTime::since_unix_epoch(Duration::from_nanos(now.0));
        self.judge.verify_client_cert(own, others, now).map_err(|_| Denied::Unknown)?;
        common_name(own).map(|_| ()).ok_or(Denied::Nameless)
    }
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
