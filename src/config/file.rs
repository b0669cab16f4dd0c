//! The configuration file: one YAML mapping, read with the place of every key. Values stay text, as flags do.

use super::Mistake;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileValue {
    /// The key.
    pub key: String,
    /// Its value, or the items of its list, as text.
    pub values: Vec<String>,
    /// `file:line:column` of the value.
    pub place: String,
}

/// Reads the text of a file called `name`.
///
/// # Errors
/// When it is not a YAML mapping of keys to scalars or lists of scalars.
pub fn parse(name: &str, text: &str) -> Result<Vec<FileValue>, Mistake> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    let lines: Lines = serde_saphyr::from_str(text).map_err(|error| Mistake {
        code: "PM0502",
        place: error.location().map_or_else(|| name.to_owned(), |at| format!("{name}:{}:{}", at.line(), at.column())),
        what: "the configuration file is not a YAML mapping of keys to values".to_owned(),
        fix: "write it like `max-body: 64MiB`, a line per key".to_owned(),
    })?;
    Ok(lines
        .0
        .into_iter()
        .map(|(key, value)| FileValue {
            key: key.value,
            place: format!("{name}:{}:{}", key.referenced.line(), key.referenced.column()),
            values: value.0,
        })
        .collect())
}

struct Lines(Vec<(Spanned<String>, Texts)>);
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
