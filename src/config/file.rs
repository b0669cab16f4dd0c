//! The configuration file: one YAML mapping, read with the place of every key. Values stay text, as flags do.
//! Knows no key: what it may be and what it means is decided by its caller.

use super::values::without_credentials;
use pointsman_core::fault::{Fault, Place, Source, code::Code};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned, options::DuplicateKeyPolicy};
use std::{fmt, sync::Arc};

/// What a line looks like.
const LIKE: &str = "write a line per key, like `max-body: 64MiB`";

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

/// Reads the text of a file called `name`: its lines, and every mistake in its form.
#[must_use]
pub fn parse(name: &str, text: &str) -> (Vec<FileValue>, Vec<Fault>) {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return (Vec::new(), Vec::new());
    }
    let source = Arc::new(Source { name: name.into(), text: without_credentials(text).into() });
    // A key that stands there twice is a mistake among others: it must not hide them.
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
    let read: Lines = match serde_saphyr::from_str_with_options(text, options) {
        Ok(read) => read,
        Err(error) => {
            let place = error.location().map_or_else(|| Place::File(name.into()), |at| place(&source, at, 1));
            let fault = Fault::new(Code::BadSetting, place, &["config", "--config", "it is not a mapping of keys to values"]);
            return (Vec::new(), vec![fault.with_hint(LIKE)]);
        }
    };
    let (mut lines, mut faults): (Vec<FileValue>, _) = (Vec::new(), Vec::new());
    for (key, value) in read.0 {
        let key_place = place(&source, key.referenced, key.value.chars().count());
        let mut wrong = |place: Place, what: &str, hint: &str| {
            faults.push(Fault::new(Code::BadSetting, place, &[&key.value, "the file", what]).with_hint(hint));
        };
        let values = match value.value {
            Texts::Plain(values) => values,
            Texts::Nothing => {
                wrong(key_place, "it has no value", LIKE);
                continue;
            }
            Texts::Nested => {
                wrong(place(&source, value.referenced, 1), "it is a mapping", LIKE);
                continue;
            }
        };
        if lines.iter().any(|line| line.key == key.value) {
            wrong(key_place, "the key stands there twice", "keep one of the two lines");
            continue;
        }
        let first = values.first().map_or(1, |text| text.chars().count());
        lines.push(FileValue { key: key.value, values, key_place, place: place(&source, value.referenced, first) });
    }
    (lines, faults)
}

fn place(source: &Arc<Source>, at: Location, chars: usize) -> Place {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let len = u32::try_from(chars).unwrap_or(u32::MAX).max(1);
    Place::Text { source: Arc::clone(source), line: number(at.line()), column: number(at.column()), len, path: "".into() }
}

struct Lines(Vec<(Spanned<String>, Spanned<Texts>)>);

/// What stands behind a key.
enum Texts {
    /// A value, or a list of them.
    Plain(Vec<String>),
    /// Nothing at all.
    Nothing,
    /// Keys of its own, which no setting has.
    Nested,
}

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
                Ok(Texts::Plain(vec![text.to_owned()]))
            }
            fn visit_bool<E>(self, on: bool) -> Result<Texts, E> {
                Ok(Texts::Plain(vec![on.to_string()]))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Texts, E> {
                Ok(Texts::Plain(vec![n.to_string()]))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Texts, E> {
                Ok(Texts::Plain(vec![n.to_string()]))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Texts, E> {
                Ok(Texts::Plain(vec![n.to_string()]))
            }
            fn visit_unit<E>(self) -> Result<Texts, E> {
                Ok(Texts::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let (mut all, mut is_nested) = (Vec::new(), false);
                while let Some(item) = items.next_element()? {
                    match item {
                        Texts::Plain(item) => all.extend(item),
                        Texts::Nothing => {}
                        Texts::Nested => is_nested = true,
                    }
                }
                Ok(if is_nested { Texts::Nested } else { Texts::Plain(all) })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Texts::Nested)
            }
        }
        deserializer.deserialize_any(Read)
    }
}
