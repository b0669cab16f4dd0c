//! What an agent says that it has and can do: the JSON of its custom messages, checked and brought into the terms of views.
//! Knows no session; what follows from it is decided elsewhere.

use pointsman_core::{
    fault::Place,
    limits::{
        ATTRIBUTE_KEY_BYTES_MAX, ATTRIBUTES_MAX, STATUS_TEXT_CHARS_MAX, SYNC_INSTRUMENTS_MAX, SYNC_REFUSALS_MAX,
        VIEW_TEXT_BYTES_MAX,
    },
    model::{
        component::ComponentKey,
        instrument::{Kind, Level},
    },
    view::{
        decide::Aspect,
        spec::{CATALOG, Catalogue, Declared, ObjectId},
        sync::Reported,
    },
};
use pointsman_instrument::opamp::messages;
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;

/// What many agents may say alike, whatever component they are of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declares {
    /// Names the text that said so: equal texts have equal digests.
    pub digest: [u8; 32],
    /// Name and version of the library.
    pub library: Box<str>,
    /// What it can do for instruments.
    pub aspects: BTreeSet<Aspect>,
    /// Whether it can leave out spans.
    pub spans: bool,
    /// Version of the names.
    pub schema_url: Box<str>,
    /// Instruments that are read by callbacks.
    pub observed: Arc<BTreeSet<(Box<str>, Box<str>)>>,
    /// Its instruments.
    pub instruments: Arc<[Declared]>,
}

/// Why a catalogue was not taken.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// Not the form.
    #[error("the catalogue is not the JSON it should be: {0}")]
    Form(#[from] serde_json::Error),
    /// More than is held.
    #[error("the catalogue has {0} instruments, at most {SYNC_INSTRUMENTS_MAX} are taken")]
    TooMany(usize),
    /// A word that is not known.
    #[error("instrument {instrument}: `{word}` is no {what}")]
    Word {
        /// Which instrument, from 1.
        instrument: usize,
        /// What it should be.
        what: &'static str,
        /// What stands there, shortened.
        word: String,
    },
    /// A text that nothing could mean.
    #[error("instrument {instrument}: its {what} is empty or too long")]
    Text {
        /// Which instrument, from 1.
        instrument: usize,
        /// Which text.
        what: &'static str,
    },
}

impl Declares {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// When it is none, is larger than what is held, or has a word or a text that means nothing.
    pub fn read(json: &[u8], digest: [u8; 32]) -> Result<Self, CatalogueError> {
        let messages::Catalogue { library, aspects, schema_url, instruments } = serde_json::from_slice(json)?;
        if instruments.len() > SYNC_INSTRUMENTS_MAX {
            return Err(CatalogueError::TooMany(instruments.len()));
        }
        let (mut observed, mut all) = (BTreeSet::new(), Vec::new());
        for (at, instrument) in instruments.into_iter().enumerate() {
            if instrument.observed {
                observed.insert((instrument.scope.as_str().into(), instrument.name.as_str().into()));
            }
            all.push(declared(instrument, at.saturating_add(1))?);
        }
        Ok(Self {
            digest,
            library: shortened(&library, VIEW_TEXT_BYTES_MAX),
            spans: aspects.iter().any(|aspect| aspect == "spans"),
            // what a newer library can do besides is left to us
            aspects: Aspect::METRIC.into_iter().filter(|known| aspects.iter().any(|word| word == known.as_str())).collect(),
            schema_url: shortened(&schema_url, VIEW_TEXT_BYTES_MAX),
            observed: Arc::new(observed),
            instruments: all.into(),
        })
    }

    /// What an agent says that sends no catalogue: it can be turned off by whoever reads its plan.
    #[must_use]
    pub fn nothing() -> Self {
        Self { aspects: BTreeSet::from([Aspect::State]), ..Self::default() }
    }

    /// The same as said by an agent of this component.
    #[must_use]
    pub fn reported_by(&self, component: &ComponentKey) -> Reported {
        let catalogue = (self.digest != [0; 32]).then(|| Catalogue {
            id: ObjectId { kind: CATALOG, namespace: component.namespace.clone(), name: component.object_name().into() },
            place: Place::Nowhere,
            service: component.service.clone(),
            schema_url: self.schema_url.clone(),
            instruments: Arc::clone(&self.instruments),
        });
        Reported {
            library: self.library.clone(),
            aspects: self.aspects.clone(),
            spans: self.spans,
            observed: Arc::clone(&self.observed),
            catalogue: catalogue.map(Arc::new),
        }
    }
}

/// What an agent could not do of its plan, in words: each once, a few of them.
///
/// # Errors
/// When it is no report.
pub fn refusals(json: &[u8]) -> Result<(String, Vec<Box<str>>), serde_json::Error> {
    let messages::Report { hash, rules } = serde_json::from_slice(json)?;
    let exceptions = rules.iter().flat_map(|rule| &rule.exceptions);
    let words = exceptions.map(|exception| {
        let messages::Exception { scope: _, name, aspect, why } = exception;
        shortened(&format!("{name}: {aspect}: {why}"), STATUS_TEXT_CHARS_MAX / 2)
    });
    let each_once: BTreeSet<Box<str>> = words.collect();
    Ok((hash, each_once.into_iter().take(SYNC_REFUSALS_MAX).collect()))
}

/// A text of at most so many bytes.
#[must_use]
pub fn shortened(text: &str, bytes: usize) -> Box<str> {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default().into()
}

fn declared(instrument: messages::Instrument, at: usize) -> Result<Declared, CatalogueError> {
    let messages::Instrument { scope, name, kind, unit, level, observed: _, attributes } = instrument;
    let text = |what, text: &str, may_be_empty: bool| {
        let fits = text.len() <= VIEW_TEXT_BYTES_MAX && (may_be_empty || !text.is_empty());
        if fits { Ok(text.into()) } else { Err(CatalogueError::Text { instrument: at, what }) }
    };
    let word = |what, word: &str| CatalogueError::Word { instrument: at, what, word: shortened(word, 64).into() };
    let fit = |key: &String| !key.is_empty() && key.len() <= ATTRIBUTE_KEY_BYTES_MAX;
    if attributes.len() > ATTRIBUTES_MAX || !attributes.iter().all(fit) {
        return Err(CatalogueError::Text { instrument: at, what: "list of attributes, or one of them," });
    }
    let level = match level.as_str() {
        "" => Level::Standard,
        text => Level::ALL.into_iter().find(|level| level.as_str() == text).ok_or_else(|| word("level", text))?,
    };
    Ok(Declared {
        scope: text("scope", &scope, true)?,
        name: text("name", &name, false)?,
        kind: Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(|| word("kind", &kind))?,
        unit: text("unit", &unit, true)?,
        level,
        stability: "".into(),
        attributes: attributes.into_iter().map(Into::into).collect(),
    })
}
