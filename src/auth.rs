//! Who we are to those who connect, and who they are to us: the certificate that listeners show and how it changes while
//! they serve, and whose certificates senders need. Knows neither listeners nor what is asked on them.

pub mod access;
pub mod tls;

/// Why somebody may not send. Nothing it sends is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It showed no certificate, or none that the authority vouches for now.
    #[error("a client certificate is needed, of the authority in --otlp-client-ca-file and valid now")]
    Unknown,
    /// The authority vouches for a certificate that names nobody.
    #[error("the client certificate names nobody: its subject has no common name")]
    Nameless,
}
