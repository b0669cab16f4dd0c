//! The configuration file: one YAML mapping, read with the place of every key. Values stay text, as flags do.
//! Knows no key: what it may be and what it means is decided by its caller.

use pointsman_core::fault::{Fault, Place, Source, code::Code};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::{fmt, sync::Arc};

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileValue {
    /// The key.
    pub key: String,
    /// Its value, or the items of its list, as text.
    pub values: Vec<String>,
    /// Where the key is.
    pub key_place: Place,
    /// Where the value is, or the first item of its list.
    pub place: Place,
}

/// Reads the text of a file called `name`.
///
/// # Errors
/// When it is not a YAML mapping of keys to scalars or lists of scalars.
pub fn parse(name: &str, text: &str) -> Result<Vec<FileValue>, Box<Fault>> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    let source = Arc::new(Source { name: name.into(), text: text.into() });
    let lines: Lines = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(|| Place::File(name.into()), |at| place(&source, at, 1));
        let (what, hint) = match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { .. } => ("the key stands there twice", "keep one of the two lines"),
            _ => ("it is not a mapping of keys to values", "write a line per key, like `max-body: 64MiB`"),
        };
        Box::new(Fault::new(Code::BadSetting, place, &["config", "--config", what]).with_hint(hint))
    })?;
    let line = |(key, value): (Spanned<String>, Spanned<Texts>)| {
        let first = value.value.0.first().map_or(1, |text| text.chars().count());
        FileValue {
            key_place: place(&source, key.referenced, key.value.chars().count()),
            place: place(&source, value.referenced, first),
            key: key.value,
            values: value.value.0,
        }
    };
    Ok(lines.0.into_iter().map(line).collect())
}

fn place(source: &Arc<Source>, at: Location, chars: usize) -> Place {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let len = u32::try_from(chars).unwrap_or(u32::MAX).max(1);
    Place::Text { source: Arc::clone(source), line: number(at.line()), column: number(at.column()), len, path: "".into() }
}

struct Lines(Vec<(Spanned<String>, Spanned<Texts>)>);
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Lines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of keys to values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lines, A::Error> {
                let mut lines = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    lines.push(entry);
                }
                Ok(Lines(lines))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }
            fn visit_bool<E>(self, on: bool) -> Result<Texts, E> {
                Ok(Texts(vec![on.to_string()]))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Texts, E> {
                Ok(Texts(vec![n.to_string()]))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Texts, E> {
                Ok(Texts(vec![n.to_string()]))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Texts, E> {
                Ok(Texts(vec![n.to_string()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let mut all = Vec::new();
                while let Some(Texts(item)) = items.next_element()? {
                    all.extend(item);
                }
                Ok(Texts(all))
            }
        }
        deserializer.deserialize_any(Read)
    }
}
