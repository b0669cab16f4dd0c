//! TLS of the listeners: handshakes with a deadline, the tick that takes new certificates over, and what to say of both.
//! Knows certificates and streams, and nothing of what is asked inside.

use super::super::clock::Clock;
use crate::{
    auth::tls::{
        Look, Looks, Reloader,
        authority::Authority,
        chain,
        cluster::{self, Said},
        pair::{Files, Offer, PairError, Terms},
        profile::{Asked, Mistake, OF_CLUSTER, Profile},
        shown::Shown,
    },
    config::TlsFiles,
    telemetry::{Handshake, Reload, Tls},
};
use parking_lot::Mutex;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
    model::clock::{SECOND, Wall},
    view::time::format_time,
};
use serde_json::Value;
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

/// Where the authority of those who read is named, and that of those who send.
const READING: &str = "--client-ca-file";
const SENDING: &str = "--otlp-client-ca-file";
/// Where it is said that the cluster's profile is followed.
const FOLLOWING: &str = "--tls-profile";

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

    /// The certificate that the other end of a stream has shown, where it was asked for one.
    #[must_use]
    pub fn shown(&self, stream: &TlsStream<TcpStream>) -> Option<Arc<Shown>> {
        let authority = Arc::clone(self.authority()?);
        Shown::new(stream.get_ref().1.peer_certificates(), authority).map(Arc::new)
    }

    /// Whether HTTP/2 is refused also to those who begin it without having agreed on it.
    #[must_use]
    pub fn is_only_http1(&self) -> bool {
        self.offer != Offer::Grpc && self.certificates.reloader.terms().only_http1
    }

    fn authority(&self) -> Option<&Arc<Authority>> {
        let terms = self.certificates.reloader.terms();
        if self.offer == Offer::Read { terms.reading.as_ref() } else { terms.sending.as_ref() }
    }
}

/// The certificate of this process, and what happened with it.
#[derive(Debug)]
pub struct Certificates {
    files: Files,
    reloader: Reloader,
    clock: Clock,
    /// Whether versions and suites are those of the cluster.
    follows: bool,
    /// What is wrong with what the cluster says of them, and with reading it.
    followed: Mutex<[Option<Fault>; 2]>,
    /// In the order of [`Handshake::ALL`].
    handshakes: [AtomicU64; Handshake::ALL.len()],
}

impl Certificates {
    /// Reads the first pair and the authorities.
    ///
    /// # Errors
    /// PM0505 when a file cannot be read or holds no authority, PM0504 when the two are no pair, PM0502 for versions and
    /// suites that cannot be served: all of them.
    pub fn open(files: &TlsFiles, clock: Clock) -> Result<Self, Vec<Fault>> {
        let TlsFiles { certificate, key, client_ca, names, http2_disable, otlp_client_ca, reload: _ } = files.clone();
        let files = Files { certificate, key };
        let mut faults = Vec::new();
        let mut terms = Terms { only_http1: http2_disable, ..Terms::default() };
        for (path, flag, place) in [(client_ca, READING, &mut terms.reading), (otlp_client_ca, SENDING, &mut terms.sending)] {
            match path.map(|path| Authority::open(&path).map_err(|error| no_authority(&path, flag, &error))).transpose() {
                Ok(authority) => *place = authority.map(Arc::new),
                Err(fault) => faults.push(fault),
            }
        }
        let asked = Asked {
            profile: names.profile.as_deref(),
            min_version: names.min_version.as_deref(),
            suites: names.suites.as_deref(),
        };
        match Profile::of(asked) {
            Ok(profile) => terms.profile = profile,
            Err(mistakes) => faults.extend(mistakes.into_iter().map(mistake)),
        }
        match Reloader::open(files.clone(), terms) {
            Ok(reloader) if faults.is_empty() => {
                let (follows, followed) = (names.profile.as_deref() == Some(OF_CLUSTER), Mutex::default());
                Ok(Self { files, reloader, clock, follows, followed, handshakes: Default::default() })
            }
            Ok(_) => Err(faults),
            Err(error) => {
                faults.push(fault(&files, &error));
                Err(faults)
            }
        }
    }

    /// Takes over what is new in the files.
    pub fn look(&self) {
        match self.reloader.look(self.clock.mono(), self.clock.wall()) {
            Look::Same | Look::Waiting => {}
            Look::Taken => info!(expires_at = self.expires_at(), "a new certificate is served"),
            Look::Refused(error) => {
                let fault = fault(&self.files, &error);
                warn!(code = fault.code.id(), error = %fault.message, "the new certificate is refused, the last good one stays");
            }
        }
        for (flag, authority) in self.authorities() {
            match authority.look(self.clock.mono()) {
                Look::Same | Look::Waiting => {}
                Look::Taken => {
                    info!(flag, "new client authorities are in force");
                    if let Err(error) = self.reloader.ask_anew() {
                        warn!(error = chain(&error), "clients are still asked for certificates of the old authorities");
                    }
                }
                Look::Refused(error) => {
                    let fault = no_authority(authority.path(), flag, &error);
                    warn!(code = fault.code.id(), error = %fault.message, "new client authorities are refused, the last good ones stay");
                }
            }
        }
    }

    fn authorities(&self) -> impl Iterator<Item = (&'static str, &Authority)> {
        let terms = self.reloader.terms();
        let both = [(READING, &terms.reading), (SENDING, &terms.sending)];
        both.into_iter().filter_map(|(flag, authority)| authority.as_deref().map(|authority| (flag, authority)))
    }

    /// What is wrong with what is served, or with what should be.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let of_pair = self.reloader.looks().trouble().map(|error| fault(&self.files, &error));
        let mut faults: Vec<Fault> = of_pair.or_else(|| self.ended()).into_iter().collect();
        for (flag, authority) in self.authorities() {
            let now_secs = self.clock.wall().0 / SECOND;
            if let Some(error) = authority.looks().trouble() {
                faults.push(no_authority(authority.path(), flag, &error));
            } else if let Some(until_secs) = authority.until_secs().filter(|until_secs| *until_secs < now_secs) {
                let ended = format!("its last certificate ended at {}", format_time(Wall::from_secs(until_secs)));
                faults.push(unreadable(authority.path(), flag, &ended));
            }
        }
        faults.extend(self.left_out());
        faults.extend(self.followed.lock().iter().flatten().cloned());
        faults
    }

    fn ended(&self) -> Option<Fault> {
        self.has_ended().then(|| {
            let ended = format!("the certificate ended at {}", self.expires_at().unwrap_or_default());
            no_pair(&self.files, &ended).with_hint("renew it: the files are read again by themselves")
        })
    }

    fn left_out(&self) -> Option<Fault> {
        let profile = self.reloader.profile();
        let names = profile.left_out().join(", ");
        let words = [names.as_str(), &profile.words()];
        let flag = if self.follows { FOLLOWING } else { "--tls-cipher-suites" };
        (!names.is_empty()).then(|| Fault::new(Code::TlsLeftOut, Place::Setting(flag.into()), &words))
    }

    /// Whether versions and suites are those of the cluster.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.follows
    }

    /// Serves what the cluster's object says of versions and suites; without one it is Intermediate. What cannot be served changes
    /// nothing, and is told.
    pub fn follow(&self, object: Option<&Value>) {
        let said = object.map_or(Ok(Said { profile: Profile::default(), strange_adherence: None }), cluster::read);
        let said = said.and_then(|Said { profile, strange_adherence }| match self.reloader.offer(profile) {
            Ok(is_new) => Ok((is_new, strange_adherence)),
            Err(error) => Err(vec![chain(&error)]),
        });
        let fault = match said {
            Ok((is_new, strange)) => {
                if is_new {
                    info!(profile = self.profile(), "the TLS profile of the cluster is in force");
                }
                strange
                    .map(|word| self.not_followed(&format!("`{word}` as tlsAdherence, which is taken for StrictAllComponents")))
            }
            Err(mistakes) => {
                let fault = self.not_followed(&format!("the profile of the cluster ({})", mistakes.join("; ")));
                warn!(code = fault.code.id(), error = %fault.message, "the TLS profile of the cluster is refused, the last good one stays");
                Some(fault.with_hint("mend `apiservers.config.openshift.io/cluster`: it is followed by itself"))
            }
        };
        let [of_object, _] = &mut *self.followed.lock();
        *of_object = fault;
    }

    /// Whether the right to read the object is missing, and which: then the last good profile stays.
    pub fn cannot_follow(&self, missing: Option<(&str, &str)>) {
        let fault = missing.map(|(verb, resource)| {
            Fault::new(Code::MissingRight, Place::Setting(FOLLOWING.into()), &[verb, resource])
                .with_hint("take `deploy/components/tls-profile`, which grants it")
        });
        let [_, of_right] = &mut *self.followed.lock();
        *of_right = fault;
    }

    fn not_followed(&self, what: &str) -> Fault {
        Fault::new(Code::TlsLeftOut, Place::Setting(FOLLOWING.into()), &[what, &self.profile()])
    }

    /// Versions and suites that are served.
    #[must_use]
    pub fn profile(&self) -> String {
        self.reloader.profile().words()
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
            reloads: vec![(Reload::Taken, self.changes(Looks::taken)), (Reload::Refused, self.changes(Looks::refused))],
            handshakes: Handshake::ALL.map(|outcome| (outcome, self.count(outcome).load(Ordering::Relaxed))).to_vec(),
        }
    }

    /// Of the pair and of the authorities.
    fn changes(&self, count: impl Fn(&Looks) -> u64) -> u64 {
        count(self.reloader.looks()) + self.authorities().map(|(_, authority)| count(authority.looks())).sum::<u64>()
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

fn no_authority(path: &Path, flag: &'static str, error: &PairError) -> Fault {
    let why = match error {
        PairError::Read { source, .. } => source.to_string(),
        other => chain(other),
    };
    unreadable(path, flag, &why)
}

fn unreadable(path: &Path, flag: &'static str, why: &str) -> Fault {
    Fault::new(Code::CannotRead, Place::Setting(flag.into()), &["read", &path.display().to_string(), why])
}

fn mistake(mistake: Mistake) -> Fault {
    let (key, what, hint) = match mistake {
        Mistake::Profile(name) => {
            ("tls-profile", format!("`{name}` is no profile"), "write Old, Intermediate, Modern, Custom or cluster")
        }
        Mistake::Version(name) => {
            ("tls-min-version", format!("`{name}` is no version of TLS"), "write VersionTLS12 or VersionTLS13")
        }
        Mistake::Suite(name) => {
            ("tls-cipher-suites", format!("`{name}` is no suite"), "write it like TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
        }
        Mistake::Both => (
            "tls-profile",
            "the profile decides versions and suites".to_owned(),
            "leave out `tls-min-version` and `tls-cipher-suites`",
        ),
        Mistake::Custom => {
            ("tls-profile", "Custom is what two flags say".to_owned(), "give `tls-min-version` and `tls-cipher-suites` too")
        }
        Mistake::NothingLeft => {
            ("tls-cipher-suites", "none of them can be served".to_owned(), "add TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
        }
    };
    let flag = format!("--{key}");
    Fault::new(Code::BadSetting, Place::Setting(flag.clone().into()), &[key, &flag, &what]).with_hint(hint)
}

fn no_pair(Files { certificate, key }: &Files, why: &str) -> Fault {
    let words = [&certificate.display().to_string(), &key.display().to_string(), why];
    Fault::new(Code::NoPair, Place::Setting("--tls-cert-file".into()), &words)
}
