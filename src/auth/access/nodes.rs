//! Values of a YAML file of settings with their places, so that every mistake can be told where it is, all of them at once.
//! Knows no key, and not what a file is for.

use pointsman_core::fault::{Fault, Place, Source, code::Code};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned, options::DuplicateKeyPolicy};
use std::{fmt, sync::Arc};

/// Reads the text of a file of this name and key, which is written like this, and makes something of its root.
///
/// # Errors
/// Every mistake in it.
pub(in crate::auth) fn read<T: Default>(
    (name, key, like): (&str, &str, &'static str),
    text: &str,
    make: impl FnOnce(&mut Reader, &Spanned<Node>) -> T,
) -> Result<T, Vec<Fault>> {
    let source = Arc::new(Source { name: name.into(), text: text.into() });
    let mut reader = Reader { source, faults: Vec::new(), like };
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
    let made = match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options) {
        Ok(root) => make(&mut reader, &root),
        Err(error) => {
            let place = error.location().map_or_else(|| Place::File(name.into()), |at| reader.place(at, 1));
            reader.wrong(place, key, "it is not a mapping of keys to values", like);
            T::default()
        }
    };
    if reader.faults.is_empty() { Ok(made) } else { Err(reader.faults) }
}

/// A value as it stands there.
pub(in crate::auth) enum Node {
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Text(String),
    Switch(bool),
    Number,
    Nothing,
}

pub(in crate::auth) type Entry<'a> = (&'static str, Location, &'a Spanned<Node>);

pub(in crate::auth) struct Reader {
    pub(in crate::auth) source: Arc<Source>,
    pub(in crate::auth) faults: Vec<Fault>,
    like: &'static str,
}

impl Reader {
    pub(in crate::auth) fn place(&self, at: Location, chars: usize) -> Place {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        let len = u32::try_from(chars).unwrap_or(u32::MAX).max(1);
        let source = Arc::clone(&self.source);
        Place::Text { source, line: number(at.line()), column: number(at.column()), len, path: "".into() }
    }

    pub(in crate::auth) fn wrong(&mut self, place: Place, key: &str, what: &str, hint: &str) {
        self.faults.push(Fault::new(Code::BadSetting, place, &[key, "the file", what]).with_hint(hint));
    }

    /// The entries of a mapping: keys compare without case; an unknown or a second one is a mistake.
    pub(in crate::auth) fn entries<'a>(&mut self, key: &str, node: &'a Spanned<Node>, known: &[&'static str]) -> Vec<Entry<'a>> {
        let map = match &node.value {
            Node::Map(map) => map,
            Node::Nothing => return Vec::new(),
            _ => {
                self.wrong(self.place(node.referenced, 1), key, "it is not a mapping", self.like);
                return Vec::new();
            }
        };
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (found, value) in map {
            let place = self.place(found.referenced, found.value.chars().count());
            let Some(&name) = known.iter().find(|name| name.eq_ignore_ascii_case(&found.value)) else {
                let fault = Fault::new(Code::UnknownSetting, place, &["key", &found.value]);
                self.faults.push(fault.with_allowed(&found.value, known));
                continue;
            };
            if entries.iter().any(|(known, ..)| *known == name) {
                self.wrong(place, name, "the key stands there twice", "keep one of the two lines");
                continue;
            }
            entries.push((name, found.referenced, value));
        }
        entries
    }

    pub(in crate::auth) fn text(&mut self, key: &str, node: &Spanned<Node>) -> String {
        match &node.value {
            Node::Text(text) => return text.clone(),
            Node::Nothing => {}
            _ => self.wrong(self.place(node.referenced, 1), key, "it is not a text", "put it in quotes"),
        }
        String::new()
    }

    pub(in crate::auth) fn list<'a>(&mut self, key: &str, node: &'a Spanned<Node>) -> &'a [Spanned<Node>] {
        match &node.value {
            Node::List(items) => return items,
            Node::Nothing => {}
            _ => self.wrong(self.place(node.referenced, 1), key, "it is not a list", "begin each item with `- `"),
        }
        &[]
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.to_owned()))
            }
            fn visit_bool<E>(self, on: bool) -> Result<Node, E> {
                Ok(Node::Switch(on))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Node::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Map(entries))
            }
        }
        deserializer.deserialize_any(Read)
    }
}
