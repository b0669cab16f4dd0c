//! Every mistake a user can make, once: code, severity, words. A [`Fault`] renders to terminal, short line and JSON.
//! Knows neither views nor flags: whoever finds a mistake names its code, its place and the words to fill in.

pub mod code;
pub mod pages;
pub mod render;
pub mod suggest;

#[cfg(test)]
mod tests;

use self::code::{Code, Severity};
use std::{fmt, sync::Arc};

/// A text that was read: where carets point into.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// The file's name as the user would type it.
    pub name: Box<str>,
    /// All of its text.
    pub text: Box<str>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

/// Where a mistake is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Nowhere in particular.
    #[default]
    Nowhere,
    /// In a text.
    Text {
        /// The text.
        source: Arc<Source>,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// How many characters the caret covers.
        len: u32,
        /// The same place as a field path.
        path: Box<str>,
    },
    /// In an object that came without text.
    Field {
        /// `TelemetryView ns/name`
        object: Box<str>,
        /// `spec.metrics[0].state`
        path: Box<str>,
    },
    /// A whole file, by name.
    File(Box<str>),
    /// A flag, an environment variable or a key of the configuration file, as the user spells it.
    Setting(Box<str>),
}

impl Place {
    /// The line in its text, or 0.
    #[must_use]
    pub fn line(&self) -> u32 {
        match self {
            Self::Text { line, .. } => *line,
            Self::Nowhere | Self::Field { .. } | Self::File(_) | Self::Setting(_) => 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => Ok(()),
            Self::Text { source, line, column, .. } => write!(f, "{}:{line}:{column}", source.name),
            Self::Field { object, path } => write!(f, "{object} {path}"),
            Self::File(name) | Self::Setting(name) => f.write_str(name),
        }
    }
}

/// Another place that has to do with a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there.
    pub text: String,
}

/// One mistake: what is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which mistake.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// The cause, in one sentence without full stop.
    pub message: Box<str>,
    /// What would be right here, where the code's own fix can be said better.
    pub hint: Option<Box<str>>,
    /// The nearest spellings that would do, best first.
    pub suggestions: Box<[String]>,
    /// Everything that would do, where that is a short list.
    pub allowed: Box<[String]>,
    /// Another place to look at.
    pub related: Option<Box<Related>>,
}

impl Fault {
    /// A mistake with the words of its code, each `{}` filled in order.
    #[must_use]
    pub fn new(code: Code, place: Place, words: &[&str]) -> Self {
        let mut words = words.iter();
        let mut message = String::new();
        for (i, part) in code.entry().template.split("{}").enumerate() {
            if i > 0 {
                let word = words.next();
                debug_assert!(word.is_some(), "fewer words than the template of {} takes", code.id());
                message.push_str(word.copied().unwrap_or_default());
            }
            message.push_str(part);
        }
        debug_assert!(words.next().is_none(), "more words than the template of {} takes", code.id());
        let (suggestions, allowed) = Default::default();
        Self { code, place, message: message.into(), hint: None, suggestions, allowed, related: None }
    }

    /// Says what would be right here, instead of the code's general fix.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Lists what would do, and suggests what of it `found` was probably meant to be.
    #[must_use]
    pub fn with_allowed(mut self, found: &str, allowed: &[&str]) -> Self {
        self.suggestions = suggest::nearest(found, allowed.iter().copied()).into();
        self.allowed = allowed.iter().map(|&word| word.into()).collect();
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn with_related(mut self, place: Place, text: impl Into<String>) -> Self {
        self.related = Some(Box::new(Related { place, text: text.into() }));
        self
    }

    /// Whether it refuses, warns or informs.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.entry().severity
    }

    /// Whether it refuses the object or the start.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.severity(), Severity::Error)
    }

    /// How to mend it: the hint where there is one, else what the code says.
    #[must_use]
    pub fn fix(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.code.entry().fix)
    }
}
