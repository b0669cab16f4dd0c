//! Who we are to those who connect, and who they are to us: the certificate that listeners show and how it changes while
//! they serve, who may read, and for whom senders speak. Knows neither listeners nor what is asked on them.

pub mod access;
pub mod senders;
pub mod tls;
pub mod told;

/// Why somebody may not send. Nothing it sends is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It showed neither a certificate that the authority vouches for now nor a token of somebody.
    #[error(
        "senders must show who they are: by a client certificate of the authority in --otlp-client-ca-file that is valid now and names one user, or by a bearer token for an audience in --otlp-token-audiences"
    )]
    Unknown,
    /// It is known, and lives nowhere.
    #[error("the sender is no ServiceAccount and has no namespace: name it in --otlp-senders-file")]
    Homeless,
    /// Nobody can say now who it is.
    #[error("the API server cannot say now who sends, try again in {retry_secs} s")]
    Unavailable {
        /// When to try again, in seconds.
        retry_secs: u64,
    },
}
