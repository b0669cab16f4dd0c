//! A certificate that a peer has shown, and who that is at the moment of a request: an authority may have changed since the
//! handshake, and certificates end. Knows certificates, not what is asked.

use super::authority::{Authority, Judge};
use crate::auth::access::User;
use parking_lot::Mutex;
use pointsman_core::model::clock::{SECOND, Wall};
use pointsman_watch::certificate::{Validity, subject};
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, OnceLock};

/// What one peer has shown. That it holds the key was proved in the handshake.
#[derive(Debug)]
pub struct Shown {
    chain: Vec<CertificateDer<'static>>,
    authority: Arc<Authority>,
    last: Mutex<Option<Verdict>>,
    /// Whom it names: its bytes stay as they are, so they are read once.
    named: OnceLock<Option<User>>,
}

/// What was found last, so that a request costs no signature check unless something may have changed.
#[derive(Debug)]
struct Verdict {
    by: Arc<Judge>,
    is_good: bool,
    /// The seconds for which it stands, both included.
    from_secs: u64,
    until_secs: u64,
}

impl Shown {
    /// The peer's own certificate first; `None` when there is none.
    #[must_use]
    pub fn new(chain: Option<&[CertificateDer<'_>]>, authority: Arc<Authority>) -> Option<Self> {
        let chain = chain.filter(|chain| !chain.is_empty())?;
        let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
        Some(Self { chain, authority, last: Mutex::default(), named: OnceLock::new() })
    }

    /// Whom the certificate names, if the authority in force vouches for it at this moment. A subject with several common
    /// names is nobody: others may read another of them.
    #[must_use]
    pub fn user(&self, now: Wall) -> Option<User> {
        let own = self.chain.first().filter(|_| self.is_good(now))?;
        self.named.get_or_init(|| named(own)).clone()
    }

    fn is_good(&self, now: Wall) -> bool {
        let (judge, now_secs) = (self.authority.judge(), now.0 / SECOND);
        let mut last = self.last.lock();
        if let Some(verdict) = last.as_ref() {
            let stands = (verdict.from_secs..=verdict.until_secs).contains(&now_secs);
            if stands && Arc::ptr_eq(&verdict.by, &judge) {
                return verdict.is_good;
            }
        }
        let is_good = judge.vouches(&self.chain, now);
        // A refusal stands for its second; an approval until the first certificate of the chain ends.
        let end = |one: &CertificateDer<'_>| Validity::of(one).map_or(now_secs, |validity| validity.until_secs);
        // What has ended is not what it was vouched for by, or it would not have been.
        let ends = self.chain.iter().map(end).filter(|end| *end >= now_secs);
        let until_secs = if is_good { ends.min().unwrap_or(now_secs) } else { now_secs };
        *last = Some(Verdict { by: judge, is_good, from_secs: now_secs, until_secs });
        is_good
    }
}

fn named(own: &CertificateDer<'_>) -> Option<User> {
    let subject = subject(own)?;
    let [name] = subject.common_names[..] else { return None };
    let groups = subject.organizations.into_iter().map(str::to_owned).collect();
    Some(User { name: name.to_owned(), groups, ..User::default() })
}

#[cfg(test)]
mod tests;
