//! Who may read, and what: the words that those who authenticate, those who authorise and the API server share.
//! Knows users and what they ask for as Kubernetes names it; neither connections nor how anybody is asked.

pub mod ask;
pub mod config;
pub mod judge;
pub(super) mod nodes;
pub mod paths;
pub mod rules;

use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroizing;

/// Somebody who has proved who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// As Kubernetes calls it: `system:serviceaccount:openshift-monitoring:prometheus-k8s`; of a certificate the common name.
    pub name: String,
    /// Of a token: the one that the API server gave.
    pub uid: String,
    /// In the order they were told; of a certificate the organizations.
    pub groups: Vec<String>,
    /// What the API server said beside; passed on as it came.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// What a request wants, as Kubernetes authorises it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// `get`, `create`, …, `*`.
    pub verb: String,
    /// Of what.
    pub target: Target,
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Path(path) => write!(f, "{} {path}", self.verb),
            Target::Resource(Resource { namespace, api_group, resource, subresource, name, api_version: _ }) => {
                write!(f, "{} {resource}/{subresource} {name} of `{api_group}` in `{namespace}`", self.verb)
            }
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A path of a URL.
    Path(String),
    /// A resource of the cluster.
    Resource(Resource),
}

/// A resource of the cluster; what is empty matches nothing in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Of a namespaced one.
    pub namespace: String,
    /// Empty = core.
    pub api_group: String,
    /// `v1`.
    pub api_version: String,
    /// In the plural.
    pub resource: String,
    /// `metrics` of `namespace/metrics`.
    pub subresource: String,
    /// Of one object.
    pub name: String,
}

/// A bearer token: never shown, and gone from memory when it is dropped.
pub struct Token(Zeroizing<String>);

/// Nobody can say now: the API server does not answer, or may not be asked more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the API server cannot say now")]
pub struct Unavailable {
    /// When to ask again.
    pub retry_secs: u64,
}

/// Who knows what we do not: an API server, behind its caches.
pub trait Oracle: Send + Sync {
    /// Whose token it is; `None` = nobody's, or not for us.
    fn user<'a>(&'a self, token: &'a Token) -> BoxFuture<'a, Result<Option<User>, Unavailable>>;

    /// Whether the user may do that.
    fn may<'a>(&'a self, user: &'a User, what: &'a Attributes) -> BoxFuture<'a, Result<bool, Unavailable>>;
}

impl Token {
    /// The one bearer token among the headers of a request (RFC 6750, section 2.1).
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (all.next(), all.next()) else { return None };
        let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
        let token = token.trim();
        let is_token = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', '\t']);
        is_token.then(|| Self::new(token.to_owned()))
    }

    /// Takes a token over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// For those who hash it or send it to the API server; never for a log.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
