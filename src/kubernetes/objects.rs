//! What is watched, and in which form its objects come: read whole, their metadata alone, or as they came.
//! Plain values; knows no request and no meaning.

use pointsman_core::model::clock::Wall;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// What is watched.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    /// Such as `v1`.
    pub version: &'static str,
    /// As paths and rights name it: `pods`.
    pub plural: &'static str,
    /// As objects name it: `Pod`.
    pub kind: &'static str,
    /// The one namespace whose objects are wanted; `None` = all objects.
    pub namespace: Option<&'static str>,
    /// A field selector, such as `metadata.name=one`; `None` = all objects.
    pub fields: Option<Box<str>>,
    /// A label selector, such as `app=one`; `None` = all objects.
    pub labels: Option<&'static str>,
    /// How much of its objects is wanted.
    pub form: Form,
    /// What it means that there is no such kind.
    pub undefined: Undefined,
    /// Objects beyond are left out, and counted.
    pub objects_max: usize,
}

/// How much of an object is asked for, and how far it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it, as a JSON value.
    Whole,
    /// Its metadata, of which [`Slim`] is kept.
    Slim,
    /// All of it as it came: whoever takes it reads the fields that it needs, and fails for one object alone.
    Raw,
    /// Its metadata as it came: a `PartialObjectMetadata` with annotations, labels and `creationTimestamp`.
    RawMetadata,
}

impl Form {
    pub(super) fn is_raw(self) -> bool {
        matches!(self, Self::Raw | Self::RawMetadata)
    }

    pub(super) fn is_metadata(self) -> bool {
        matches!(self, Self::Slim | Self::RawMetadata)
    }
}

/// What it means that a kind is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// A fault, as for the kinds that are ours: what was known stays, and it is told.
    Fault,
    /// There are no objects, and that is all.
    Empty,
    /// There are no objects, and it is told.
    Told,
}

impl Kind {
    pub(super) fn path(&self) -> String {
        let root = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let namespace = self.namespace.map(|name| format!("/namespaces/{name}")).unwrap_or_default();
        format!("{root}/{}{namespace}/{}", self.version, self.plural)
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As rights name it: `pods`, `telemetryviews.pointsman.dev`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Names an object of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Empty for what lives in no namespace.
    pub namespace: Box<str>,
    /// `metadata.name`, never empty.
    pub name: Box<str>,
}

impl Key {
    pub(super) fn of(namespace: &str, name: &str) -> Option<Self> {
        (!name.is_empty()).then(|| Self { namespace: namespace.into(), name: name.into() })
    }
}

/// One object.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub key: Key,
    /// What it says.
    pub payload: Payload,
}

/// As much of an object as its kind is watched for.
#[derive(Debug)]
pub enum Payload {
    /// [`Form::Whole`]
    Whole(Value),
    /// [`Form::Slim`]
    Slim(Slim),
    /// [`Form::Raw`] and [`Form::RawMetadata`]
    Raw(RawObject),
}

/// An object as it came.
#[derive(Debug)]
pub struct RawObject {
    /// `metadata.uid`
    pub uid: Box<str>,
    /// `metadata.resourceVersion`
    pub version: Box<str>,
    /// Its JSON. Items of a list need not say what kind they are.
    pub body: Box<RawValue>,
}

/// What is kept of an object's metadata.
#[derive(Debug)]
pub struct Slim {
    /// `metadata.uid`
    pub uid: Box<str>,
    /// `metadata.creationTimestamp`
    pub created: Option<Wall>,
    /// `metadata.labels`
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// The owner that controls it.
    pub owner: Option<OwnerRef>,
}

/// An owner reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerRef {
    /// `apiVersion` of the owner.
    pub api_version: Box<str>,
    /// `kind` of the owner.
    pub kind: Box<str>,
    /// `metadata.name` of the owner.
    pub name: Box<str>,
    /// `metadata.uid` of the owner.
    pub uid: Box<str>,
    /// Whether it manages the object.
    pub controller: Option<bool>,
}
