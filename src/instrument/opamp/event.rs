//! What a component's log is to know of sync-down.
//! Says it in words; decides nothing, and writes no log.

use super::{
    SyncError,
    plan::{PlanError, PlanHash},
};
use crate::telemetry::PlanSource;
use std::{error::Error, fmt, io, path::PathBuf};

/// What happened to the plan of this process, or to the session that brings it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The controller answered.
    Joined,
    /// There is no session, or no longer; what is in force stays so.
    Lost(SyncError),
    /// This plan is obeyed from now on.
    Obeyed(PlanHash, PlanSource),
    /// There is no plan: the declared levels decide.
    Defaults,
    /// There is no plan, and maybe nobody who tells one: everything is sent.
    Everything,
    /// A part of the plan ended; this is what it is now.
    Stepped(PlanHash),
    /// A plan cannot be obeyed; what is in force stays so.
    Refused(PlanSource, PlanError),
    /// The controller sent something that was left alone, for such a reason.
    Ignored(&'static str),
    /// The controller did not understand something that it was told.
    Objected(String),
    /// A file with a plan cannot be read, or the plan cannot be kept in it.
    File(PathBuf, io::Error),
    /// So many instruments of the catalogue were not told: it is too large.
    LeftOut(usize),
}

impl Event {
    /// Whether someone should look into it.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Joined | Self::Obeyed(..) | Self::Defaults | Self::Everything | Self::Stepped(_) => false,
            Self::Lost(_) | Self::Refused(..) | Self::Ignored(_) | Self::Objected(_) | Self::File(..) | Self::LeftOut(_) => true,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined => write!(f, "joined the controller"),
            Self::Lost(error) => write!(f, "{}", told(error)),
            Self::Obeyed(hash, source) => write!(f, "obeying plan {hash} (from: {})", source.as_str()),
            Self::Defaults => write!(f, "no plan yet: the declared levels decide"),
            Self::Everything => write!(f, "nobody told a plan yet: everything is sent"),
            Self::Stepped(hash) => write!(f, "a part of the plan ended: it is {hash} now"),
            Self::Refused(source, error) => write!(f, "{} (from: {})", told(error), source.as_str()),
            Self::Ignored(why) => write!(f, "ignored the controller: {why}"),
            Self::Objected(why) => write!(f, "the controller did not understand: {why}"),
            Self::File(path, error) => write!(f, "use {}: {error}", path.display()),
            Self::LeftOut(count) => write!(f, "{count} instruments were not told to the controller: there are too many"),
        }
    }
}

/// An error with its causes, in one line. A cause that the text before it told already is not told twice.
pub(super) fn told<'a>(error: &'a (dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| (*cause).source());
    causes
        .map(ToString::to_string)
        .fold(error.to_string(), |told, cause| if told.ends_with(&cause) { told } else { format!("{told}: {cause}") })
}
