//! `/views`: who says what is on, as kubectl shows it, and what became of each rule.
//! Shows what its JSON twins answer; decides nothing.

use super::{Asked, Frame, Sieve, filter, html, not_found, show};
use crate::web::{
    Sources,
    model::objects::View,
    overview::{link_of, title},
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use pointsman_core::view::status::RuleStatus;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "views.html", config = "src/web/page/askama.toml")]
struct List {
    frame: Frame,
    sieve: Sieve,
    views: Vec<View>,
}

#[derive(Template)]
#[template(path = "view.html", config = "src/web/page/askama.toml")]
struct One {
    frame: Frame,
    view: View,
    spec: String,
}

/// The list and its items.
pub(super) fn router(sources: &Arc<Sources>) -> Router {
    Router::new().route("/views", get(list)).route("/views/{namespace}/{name}", get(one)).with_state(Arc::clone(sources))
}

async fn list(State(sources): State<Arc<Sources>>, asked: Asked) -> Response {
    let filter = match filter::<View>(asked) {
        Ok(filter) => filter,
        Err(answer) => return *answer,
    };
    let part = filter.apply((sources.views)());
    let twin = format!("/api/v1/views{}", filter.query(filter.after));
    let frame = Frame::new(&sources, "/views", "Views", twin).with_cli("pointsman get views");
    html(&List { frame, sieve: Sieve::of("/views", &filter, &part), views: part.items })
}

async fn one(State(sources): State<Arc<Sources>>, Path((namespace, name)): Path<(String, String)>) -> Response {
    let wanted = if namespace == "-" { "" } else { namespace.as_str() };
    let Some(view) = (sources.views)().into_iter().find(|view| view.namespace == wanted && view.name == name) else {
        return not_found("view", &format!("{namespace}/{name}"));
    };
    let title = format!("{namespace}/{name}");
    let spec = view.spec.as_ref().map(|spec| serde_saphyr::to_string(spec).unwrap_or_default()).unwrap_or_default();
    let frame = Frame::new(&sources, "/views", &title, format!("/api/v1{}", link_of(&view)));
    html(&One { frame: frame.with_cli(format!("pointsman get view {name}")), view, spec })
}

impl View {
    /// What `kubectl get` prints of it: STATUS, IN-SYNC, SERIES, EXPIRES.
    fn columns(&self) -> [&str; 4] {
        self.status.as_ref().map(|status| status.columns()).unwrap_or_default()
    }

    /// The line that writes it into a file, where it is an object of a cluster.
    fn get_line(&self) -> Option<String> {
        let place = if self.namespace.is_empty() { String::new() } else { format!("-n {} ", self.namespace) };
        let kind = self.kind.to_lowercase();
        self.file.is_empty().then(|| format!("kubectl {place}get {kind} {0} -o yaml > {0}.yaml", self.name))
    }

    /// The line that says what a changed file would do.
    fn diff_line(&self) -> String {
        if self.file.is_empty() {
            format!("pointsman diff --file {}.yaml", self.name)
        } else {
            format!("pointsman diff --file {}", self.file)
        }
    }

    /// What became of its rules.
    fn rules(&self) -> &[RuleStatus] {
        self.status.as_ref().map(|status| status.rules.as_slice()).unwrap_or_default()
    }

    /// Points that one of its rules has suppressed.
    fn suppressed_by(&self, rule: &str) -> u64 {
        self.suppressed.get(rule).copied().unwrap_or_default()
    }
}
