//! What became of questions about tokens and rights, and which limits bit.
//! Names neither who asked nor what.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whose a token is.
    Token,
    /// Whether a user may do something.
    Right,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was known.
    Hit,
    /// The API server said it.
    Miss,
    /// An older answer stood in.
    Stale,
    /// Nobody could say.
    Error,
    /// It may not be asked that often.
    Limited,
}

/// A cap that bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// Questions a second.
    Rate,
    /// Milliseconds that a request waits.
    Wait,
    /// Tokens remembered.
    Tokens,
    /// Rights remembered.
    Rights,
    /// Bytes of what is remembered.
    Bytes,
}

/// The counts since the process began.
#[derive(Debug, Default)]
pub struct Counts {
    outcomes: [[AtomicU64; Outcome::ALL.len()]; Question::ALL.len()],
    caps: [AtomicU64; Cap::ALL.len()],
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Token, Self::Right];
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Hit, Self::Miss, Self::Stale, Self::Error, Self::Limited];
}

impl Cap {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rate, Self::Wait, Self::Tokens, Self::Rights, Self::Bytes];

    /// As counters name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "access_rate",
            Self::Wait => "access_wait",
            Self::Tokens => "access_tokens",
            Self::Rights => "access_rights",
            Self::Bytes => "access_remembered_bytes",
        }
    }
}

impl Counts {
    /// How often a question ended so.
    #[must_use]
    pub fn of(&self, question: Question, outcome: Outcome) -> u64 {
        self.slot(question, outcome).map_or(0, |n| n.load(Ordering::Relaxed))
    }

    /// How often each cap bit.
    pub fn caps(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Cap::ALL.into_iter().zip(&self.caps).map(|(cap, n)| (cap.as_str(), n.load(Ordering::Relaxed)))
    }

    pub(super) fn ended(&self, question: Question, outcome: Outcome) {
        if let Some(n) = self.slot(question, outcome) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn bit(&self, cap: Cap) {
        if let Some(n) = self.caps.get(cap as usize) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn slot(&self, question: Question, outcome: Outcome) -> Option<&AtomicU64> {
        self.outcomes.get(question as usize)?.get(outcome as usize)
    }
}
