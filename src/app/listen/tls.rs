//! TLS of the listeners: handshakes with a deadline, the tick that takes new certificates over, and what to say of both.
//! Knows certificates and streams, and nothing of what is asked inside.

use super::super::clock::Clock;
use crate::{
    auth::{
        Denied,
        tls::{
            Look, Reloader, Watch, chain,
            pair::{Files, Offer, PairError},
            senders::Senders,
        },
    },
    config::TlsFiles,
    telemetry::{Handshake, Reload, Tls},
};
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
    model::clock::{SECOND, Wall},
    view::time::format_time,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{debug, info, warn};

/// What one door shows those who connect.
#[derive(Clone, Debug)]
pub struct DoorTls {
    /// Whose certificate.
    pub certificates: Arc<Certificates>,
    /// What is offered inside, and to whom.
    pub offer: Offer,
}

impl DoorTls {
    /// The stream inside, or nothing: whoever does not finish in time, or speaks something else, is counted and cut.
    pub async fn shake_hands(&self, tcp: TcpStream) -> Option<TlsStream<TcpStream>> {
        let Self { certificates, offer } = self;
        let config = certificates.reloader.served().config(*offer);
        let shaking = TlsAcceptor::from(config).accept(tcp);
        let (outcome, stream) = match timeout(Duration::from_millis(limits::HANDSHAKE_MS_MAX), shaking).await {
            Ok(Ok(stream)) => (Handshake::Done, Some(stream)),
            Ok(Err(error)) => {
                debug!(%error, "a TLS handshake failed");
                (Handshake::Failed, None)
            }
            Err(_) => (Handshake::Late, None),
        };
        certificates.count(outcome).fetch_add(1, Ordering::Relaxed);
        stream
    }

    /// Whether the peer of a stream may ask for anything.
    ///
    /// # Errors
    /// When only some may send, and this is none of them.
    pub fn may_ask(&self, stream: &TlsStream<TcpStream>) -> Result<(), Denied> {
        let senders = self.certificates.senders.as_ref().filter(|_| self.offer != Offer::Read);
        let now = self.certificates.clock.wall();
        senders.map_or(Ok(()), |senders| senders.may_send(stream.get_ref().1.peer_certificates(), now))
    }
}

/// The certificate of this process, and what happened with it.
#[derive(Debug)]
pub struct Certificates {
    files: Files,
    reloader: Reloader,
    /// Who may send, where not everybody may.
    senders: Option<Senders>,
    clock: Clock,
    /// In the order of [`Handshake::ALL`].
    handshakes: [AtomicU64; Handshake::ALL.len()],
}

impl Certificates {
    /// Reads the first pair.
    ///
    /// # Errors
    /// PM0505 when a file cannot be read or holds no authority, PM0504 when the two are no pair.
    pub fn open(files: &TlsFiles, clock: Clock) -> Result<Self, Fault> {
        let TlsFiles { certificate, key, otlp_client_ca } = files.clone();
        let senders = otlp_client_ca.map(|path| Senders::open(&path).map_err(|error| no_authority(&path, &error))).transpose()?;
        let files = Files { certificate, key };
        match Reloader::open(files.clone(), senders.is_some()) {
            Ok(reloader) => Ok(Self { files, reloader, senders, clock, handshakes: Default::default() }),
            Err(error) => Err(fault(&files, &error)),
        }
    }

    /// Takes a new pair over where there is one, and a new authority.
    pub fn look(&self) {
        match self.senders.as_ref().map(|senders| (senders, senders.look(self.clock.mono()))) {
            Some((senders, Look::Taken)) => info!(file = %senders.path().display(), "senders are judged by a new authority"),
            Some((senders, Look::Refused(error))) => {
                let fault = no_authority(senders.path(), &error);
                warn!(code = fault.code.id(), error = %fault.message, "the new authority is refused, the last good one stays");
            }
            _ => {}
        }
        match self.reloader.look(self.clock.mono(), self.clock.wall()) {
            Look::Same | Look::Waiting => {}
            Look::Taken => info!(expires_at = self.expires_at(), "a new certificate is served"),
            Look::Refused(error) => {
                let fault = fault(&self.files, &error);
                warn!(code = fault.code.id(), error = %fault.message, "the new certificate is refused, the last good one stays");
            }
        }
    }

    /// What is wrong with what is served, or with what should be.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        if let Some(error) = self.reloader.watch().trouble() {
            return Some(fault(&self.files, &error));
        }
        if let Some((senders, error)) = self.senders.as_ref().and_then(|senders| Some((senders, senders.watch().trouble()?))) {
            return Some(no_authority(senders.path(), &error));
        }
        self.has_ended().then(|| {
            let ended = format!("the certificate ended at {}", self.expires_at().unwrap_or_default());
            no_pair(&self.files, &ended).with_hint("renew it: the files are read again by themselves")
        })
    }

    /// Whether the served certificate has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.reloader.served().validity.is_some_and(|validity| validity.has_ended(self.clock.wall().0 / SECOND))
    }

    /// When the served certificate ends, where it could be read.
    #[must_use]
    pub fn expires_at(&self) -> Option<String> {
        self.reloader.served().validity.map(|validity| format_time(Wall::from_secs(validity.until_secs)))
    }

    /// Everything as numbers.
    #[must_use]
    pub fn numbers(&self) -> Tls {
        Tls {
            expiry_secs: self.reloader.served().validity.map(|validity| validity.until_secs),
            reloads: vec![(Reload::Taken, self.reloads(Watch::taken)), (Reload::Refused, self.reloads(Watch::refused))],
            handshakes: Handshake::ALL.map(|outcome| (outcome, self.count(outcome).load(Ordering::Relaxed))).to_vec(),
        }
    }

    /// Of the pair and of the authority.
    fn reloads(&self, count: impl Fn(&Watch) -> u64) -> u64 {
        count(self.reloader.watch()).saturating_add(self.senders.as_ref().map_or(0, |senders| count(senders.watch())))
    }

    /// Handshakes that took too long.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.count(Handshake::Late).load(Ordering::Relaxed)
    }

    fn count(&self, outcome: Handshake) -> &AtomicU64 {
        let [done, failed, late] = &self.handshakes;
        match outcome {
            Handshake::Done => done,
            Handshake::Failed => failed,
            Handshake::Late => late,
        }
    }
}

fn fault(files: &Files, error: &PairError) -> Fault {
    match error {
        PairError::Read { path, source } => {
            let flag = if *path == files.key { "--tls-private-key-file" } else { "--tls-cert-file" };
            let words = ["read", &path.display().to_string(), &source.to_string()];
            Fault::new(Code::CannotRead, Place::Setting(flag.into()), &words)
        }
        PairError::Certificate { .. } | PairError::Key { .. } | PairError::Match(_) | PairError::NotValidNow => {
            no_pair(files, &chain(error))
        }
    }
}

fn no_authority(path: &Path, error: &PairError) -> Fault {
    let why = match error {
        PairError::Read { source, .. } => source.to_string(),
        other => chain(other),
    };
    Fault::new(Code::CannotRead, Place::Setting("--otlp-client-ca-file".into()), &["read", &path.display().to_string(), &why])
}

fn no_pair(Files { certificate, key }: &Files, why: &str) -> Fault {
    let words = [&certificate.display().to_string(), &key.display().to_string(), why];
    Fault::new(Code::NoPair, Place::Setting("--tls-cert-file".into()), &words)
}
