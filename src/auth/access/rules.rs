//! What a request asks for, as Kubernetes authorises it, and which of it the rules at hand allow without asking anybody.
//! Knows no connection and asks nobody.

use super::{Attributes, Resource, Target, User};
use http::{HeaderMap, HeaderName, Method};
use pointsman_core::limits;

/// The scraper of OpenShift, which its own rule lets read `/metrics`.
pub const SCRAPER: &str = "system:serviceaccount:openshift-monitoring:prometheus-k8s";
/// What stands for a value of the request.
pub const VALUE: &str = "{{ .Value }}";

/// First segments of the paths of pages, whose twins are below `/api/v1`.
const PAGES: [&str; 11] =
    ["assets", "catalog", "components", "cost", "docs", "errors", "fleet", "flow", "health", "traces", "views"];

/// How requests are authorised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What every request asks for; without it, its own path.
    pub resource: Option<Resource>,
    /// Where values come from that are filled into it.
    pub rewrites: Option<Rewrites>,
    /// Who may what without anybody being asked.
    pub fixed: Vec<Fixed>,
    /// Whether OpenShift's scraper may read `/metrics`.
    pub scraper: bool,
}

/// Where values come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrites {
    /// A parameter of the query.
    pub query: Option<String>,
    /// A header.
    pub header: Option<HeaderName>,
}

/// A rule: what is empty matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The user.
    pub user: String,
    /// The user must be in one of these.
    pub groups: Vec<String>,
    /// The verb.
    pub verb: String,
    /// The path; `None` = a resource.
    pub path: Option<String>,
    /// The resource; its version counts for nothing.
    pub resource: Resource,
}

/// A value that the resource needs is missing, empty, or there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoValue;

/// What a method is called.
#[must_use]
pub fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" | "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "*",
    }
}

impl Rules {
    /// All that a request asks for, with its query and its headers: each of it must be allowed. Never empty.
    ///
    /// # Errors
    /// When a value is missing.
    pub fn asked(
        &self,
        method: &Method,
        path: &str,
        from: (&[(String, String)], &HeaderMap),
    ) -> Result<Vec<Attributes>, NoValue> {
        let verb = verb(method);
        let attributes = |target| Attributes { verb: verb.to_owned(), target };
        let Some(resource) = &self.resource else { return Ok(vec![attributes(Target::Path(twin(path)))]) };
        let Some(rewrites) = &self.rewrites else { return Ok(vec![attributes(Target::Resource(resource.clone()))]) };
        let values = rewrites.values(from)?;
        Ok(values.iter().map(|value| attributes(Target::Resource(resource.with(value)))).collect())
    }

    /// Whether the rules at hand allow it.
    #[must_use]
    pub fn allow(&self, user: &User, what: &Attributes) -> bool {
        let is_scrape = || what.verb == "get" && matches!(&what.target, Target::Path(path) if path == "/metrics");
        (self.scraper && user.name == SCRAPER && is_scrape()) || self.fixed.iter().any(|rule| rule.allows(user, what))
    }

    /// The same as the API server is asked about it. Kubernetes lets everybody who has proved who they are get `/api/*`, of its own
    /// server; ours is another, and asked about as `/pointsman/api/*`.
    #[must_use]
    pub fn for_api_server(what: Attributes) -> Attributes {
        let Attributes { verb, target } = what;
        let target = match target {
            Target::Path(path) if path == "/api" || path.starts_with("/api/") => Target::Path(format!("/pointsman{path}")),
            other => other,
        };
        Attributes { verb, target }
    }

    /// The numbers, from 1, of rules that are for everybody who has proved who they are.
    #[must_use]
    pub fn for_everybody(&self) -> Vec<usize> {
        let all = self.fixed.iter().zip(1..);
        all.filter(|(rule, _)| rule.user.is_empty() && rule.groups.is_empty()).map(|(_, n)| n).collect()
    }
}

/// What a path is asked about as: who may read an answer of the API may read the page that shows the same, and no other. The root
/// stays what it is: files for kube-rbac-proxy name it.
fn twin(path: &str) -> String {
    match path.split('/').nth(1) {
        Some(screen) if PAGES.contains(&screen) => format!("/api/v1{path}"),
        _ => path.to_owned(),
    }
}

impl Rewrites {
    fn values(&self, (query, headers): (&[(String, String)], &HeaderMap)) -> Result<Vec<String>, NoValue> {
        let mut values = Vec::new();
        if let Some(name) = &self.query {
            values.extend(query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()));
        }
        if let Some(name) = &self.header {
            for value in headers.get_all(name) {
                values.push(value.to_str().map_err(|_| NoValue)?.to_owned());
            }
        }
        let is_good =
            !values.is_empty() && values.len() <= limits::ACCESS_VALUES_MAX && values.iter().all(|value| !value.is_empty());
        if is_good { Ok(values) } else { Err(NoValue) }
    }
}

impl Resource {
    /// With a value of a request in each field that has a place for it.
    fn with(&self, value: &str) -> Self {
        let [namespace, api_group, api_version] =
            [&self.namespace, &self.api_group, &self.api_version].map(|text| text.replace(VALUE, value));
        let [resource, subresource, name] =
            [&self.resource, &self.subresource, &self.name].map(|text| text.replace(VALUE, value));
        Self { namespace, api_group, api_version, resource, subresource, name }
    }
}

impl Fixed {
    fn allows(&self, user: &User, what: &Attributes) -> bool {
        let is = |rule: &str, asked: &str| rule.is_empty() || rule == asked;
        let in_group = self.groups.is_empty() || self.groups.iter().any(|group| user.groups.contains(group));
        let fits = match (&self.path, &what.target) {
            (Some(rule), Target::Path(path)) => rule == path,
            (None, Target::Resource(asked)) => {
                let rule = &self.resource;
                let pairs = [
                    (&rule.namespace, &asked.namespace),
                    (&rule.api_group, &asked.api_group),
                    (&rule.resource, &asked.resource),
                    (&rule.subresource, &asked.subresource),
                    (&rule.name, &asked.name),
                ];
                pairs.into_iter().all(|(rule, asked)| is(rule, asked))
            }
            (Some(_), Target::Resource(_)) | (None, Target::Path(_)) => false,
        };
        is(&self.user, &user.name) && in_group && is(&self.verb, &what.verb) && fits
    }
}
