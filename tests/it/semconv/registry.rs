//! Reads `otel/registry` strictly: unknown keys, missing units, misspelt instruments and refs that lead nowhere are
//! faults with place and caret, all at once. Knows the form of the files, not what is made of them.

mod check;
mod fault;
mod tests;

use fault::Faults;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_saphyr::Spanned;
use std::{fmt, path::Path};

/// A registry file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) groups: Vec<Group>,
}

/// `manifest.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema_url: String,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupType {
    AttributeGroup,
    Metric,
    Span,
    Event,
    Entity,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InstrumentKind {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stability {
    Development,
    Stable,
}

/// A group of any type; `check` knows which fields each type has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) id: Spanned<String>,
    pub(crate) r#type: GroupType,
    pub(crate) brief: String,
    pub(crate) note: Option<String>,
    pub(crate) stability: Option<Stability>,
    pub(crate) metric_name: Option<String>,
    pub(crate) instrument: Option<InstrumentKind>,
    pub(crate) unit: Option<String>,
    pub(crate) span_kind: Option<SpanKind>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) entity_associations: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) annotations: Annotations,
    #[serde(default)]
    pub(crate) attributes: Vec<AttributeEntry>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanKind {
    Internal,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Annotations {
    #[serde(default)]
    pub(crate) pointsman: Ours,
}

/// What the generator needs beyond the conventions' own fields.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ours {
    /// Number in the list of what to know of the operator.
    pub(crate) row: Option<u32>,
    pub(crate) level: Option<Level>,
    /// Old names it stands for.
    #[serde(default)]
    pub(crate) legacy: Vec<String>,
    /// What it is read from.
    #[serde(default)]
    pub(crate) source: Vec<Source>,
    /// Nothing is sent until its source is configured.
    #[serde(default)]
    pub(crate) opt_in: bool,
    pub(crate) scope: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) limit: Option<usize>,
    #[serde(default)]
    pub(crate) components: Vec<String>,
    #[serde(default)]
    pub(crate) buckets: Vec<f64>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Essential,
    Standard,
    Detailed,
    Debug,
}

/// What a metric is read from.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An object of the API.
    A,
    /// A node.
    N,
    /// A Kubernetes event.
    E,
    /// A line of a log.
    L,
    /// A scrape of the component.
    S,
    /// A report of the component.
    P,
}

/// A definition (`id`) or a use (`ref`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributeEntry {
    pub(crate) id: Option<Spanned<String>>,
    pub(crate) r#ref: Option<Spanned<String>>,
    pub(crate) r#type: Option<AttributeType>,
    pub(crate) brief: Option<String>,
    pub(crate) stability: Option<Stability>,
    pub(crate) requirement_level: Option<Requirement>,
    pub(crate) role: Option<Role>,
    pub(crate) examples: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Requirement {
    Required,
    Recommended,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Identifying,
    Descriptive,
}

/// The type of an attribute: a word, or the members of a closed set.
#[derive(Debug)]
pub(crate) enum AttributeType {
    String,
    Int,
    Enum(Members),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Members {
    pub(crate) members: Vec<Member>,
}

/// A value of a closed set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) id: Spanned<String>,
    pub(crate) value: String,
    pub(crate) brief: Option<String>,
    pub(crate) stability: Stability,
}

/// By hand: what serde makes of an untagged enum forgets where it stood.
impl<'de> Deserialize<'de> for AttributeType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TypeVisitor)
    }
}

struct TypeVisitor;

impl<'de> Visitor<'de> for TypeVisitor {
    type Value = AttributeType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string, int, or members")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<AttributeType, E> {
        match word {
            "string" => Ok(AttributeType::String),
            "int" => Ok(AttributeType::Int),
            _ => Err(E::unknown_variant(word, &["string", "int"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AttributeType, A::Error> {
        Members::deserialize(MapAccessDeserializer::new(map)).map(AttributeType::Enum)
    }
}

/// A registry without a fault.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) manifest: Manifest,
    /// (file name without its end, groups); up to the first `-` it is the module's name.
    pub(crate) files: Vec<(String, Vec<Group>)>,
}

impl Registry {
    /// Reads the folder, or says everything that is wrong with it.
    pub(crate) fn load(folder: &Path) -> Result<Self, Vec<String>> {
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|n| n.to_str()).expect("a name in UTF-8").to_owned();
            assert!(path.extension().is_some_and(|e| e == "yaml"), "{}: only *.yaml belongs here", path.display());
            texts.push((name, std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))));
        }
        texts.sort();
        Self::parse(&texts)
    }

    /// As [`Registry::load`], from texts: (file name without its end, text).
    pub(crate) fn parse(texts: &[(String, String)]) -> Result<Self, Vec<String>> {
        let mut faults = Faults::default();
        let mut manifest = None;
        let mut files = Vec::new();
        for (name, text) in texts {
            if name == "manifest" {
                manifest = read::<Manifest>(name, text, &mut faults);
            } else {
                files.push((name.clone(), read_groups(name, text, &mut faults)));
            }
        }
        check::check(&files, &mut faults);
        match manifest {
            Some(manifest) if faults.is_empty() => Ok(Self { manifest, files }),
            _ => Err(faults.shown(texts)),
        }
    }

    /// The definition of an attribute.
    pub(crate) fn attribute(&self, id: &str) -> &AttributeEntry {
        self.definitions().find(|(_, a)| a.id.as_ref().is_some_and(|i| i.value == id)).expect("every ref was checked").1
    }

    /// Every definition with its module, in file order.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (&str, &AttributeEntry)> {
        self.files.iter().flat_map(|(module, groups)| {
            groups
                .iter()
                .filter(|g| g.r#type == GroupType::AttributeGroup)
                .flat_map(move |g| g.attributes.iter().map(move |a| (module.as_str(), a)))
        })
    }
}

fn read<T: for<'de> Deserialize<'de>>(name: &str, text: &str, faults: &mut Faults) -> Option<T> {
    let error = match serde_saphyr::from_str(text) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let what = error.without_snippet().to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    faults.add(name, error.location().as_ref(), what.to_owned());
    None
}

/// Each group is read for itself, so that one that cannot be read hides no fault of the others.
fn read_groups(name: &str, text: &str, faults: &mut Faults) -> Vec<Group> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].starts_with("- ")).collect();
    let head = lines.iter().take_while(|line| !line.starts_with("- ")).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if starts.is_empty() || head.ne(&["groups:"]) {
        return read::<File>(name, text, faults).map(|file| file.groups).unwrap_or_default();
    }
    let mut groups = Vec::new();
    for (n, start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(lines.len());
        let body = lines[*start..end].join("\n");
        let blank = "\n".repeat(start.saturating_sub(1));
        match read::<File>(name, &format!("{blank}groups:\n{body}\n"), faults) {
            Some(file) => groups.extend(file.groups),
            None => faults.unread(&body),
        }
    }
    groups
}
