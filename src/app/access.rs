//! Access to the read side: what was configured becomes a judge, and a layer around all that is read puts every request to it.
//! Knows how answers look in HTTP; who may do what is decided in `auth`.

use super::{clock::Clock, run::read_capped};
use crate::{
    auth::{
        access::{
            Oracle, Unavailable, User, config as file,
            judge::{Asked, Judge, Refusal, Refusals},
            paths::{Glob, Path, Shown as ShownPaths},
            rules::Rules,
        },
        tls::shown::Shown,
    },
    config::access::ReadAccess,
};
use axum::{
    Router,
    body::Body,
    extract::{Query, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{Extensions, HeaderMap, HeaderValue, Uri, header, uri::PathAndQuery};
use pointsman_core::fault::{Fault, Place, code::Code};
use std::{path::Path as FilePath, sync::Arc};
use tower::Layer;

/// Headers by which a proxy would say who somebody is: nobody is believed.
const SAID_BY_PROXIES: &str = "x-remote-";

/// What the layer needs.
pub struct Guard {
    /// Who decides.
    pub judge: Judge,
    /// What time it is, for certificates.
    pub clock: Clock,
}

/// Makes the judge of what was configured, who asks `oracle` for what it does not know; `None` = everybody may read.
///
/// # Errors
/// A file that cannot be read, every mistake in it, and every pattern that is none.
pub fn judge(
    access: Option<&ReadAccess>,
    oracle: Arc<dyn Oracle>,
    refusals: &Arc<Refusals>,
) -> Result<Option<Judge>, Vec<Fault>> {
    let Some(access) = access else { return Ok(None) };
    let mut faults = Vec::new();
    let rules = access.file.as_deref().map(rules).transpose();
    let rules = rules.map_err(|mut mistakes| faults.append(&mut mistakes)).ok().flatten().unwrap_or_default();
    let mut globs = |key: &str, texts: &[String]| {
        let read = |text: &String| {
            let glob = Glob::read(text);
            if glob.is_none() {
                let (from, what) = (format!("--{key}"), format!("`{text}` is no pattern of paths"));
                let fault = Fault::new(Code::BadSetting, Place::Setting(from.as_str().into()), &[key, &from, &what]);
                faults.push(fault.with_hint("write it like /api/*/views"));
            }
            glob
        };
        texts.iter().filter_map(read).collect::<Vec<_>>()
    };
    let (only, open) = (globs("allow-paths", &access.allow_paths), globs("ignore-paths", &access.ignore_paths));
    let shown = match (only.is_empty(), open.is_empty()) {
        (true, true) => ShownPaths::All,
        (true, false) => ShownPaths::Open(open),
        (false, _) => ShownPaths::Only(only),
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let rules = Rules { scraper: access.scraper, ..rules };
    Ok(Some(Judge { rules, shown, oracle, refusals: Arc::clone(refusals) }))
}

fn rules(path: &FilePath) -> Result<Rules, Vec<Fault>> {
    read_file("--config-file", path, file::read)
}

/// What a file of settings says, by who reads its name and text.
///
/// # Errors
/// That it cannot be read, or every mistake in it.
pub(super) fn read_file<T>(
    flag: &'static str,
    path: &FilePath,
    read: impl FnOnce(&str, &str) -> Result<T, Vec<Fault>>,
) -> Result<T, Vec<Fault>> {
    let name = path.display().to_string();
    let text = read_capped(path)
        .map_err(|error| vec![Fault::new(Code::CannotRead, Place::Setting(flag.into()), &["read", &name, &error.to_string()])])?;
    read(&name, &text)
}

/// The router, with the guard before all of it: also before it is looked for what is at a path.
pub fn guarded(guard: Guard, router: Router) -> Router {
    let layer = middleware::from_fn_with_state(Arc::new(guard), ask);
    Router::new().fallback_service(layer.layer(router))
}

/// Judges, then hands on what was checked, without what says who asks.
async fn ask(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let shown = shown(request.extensions(), guard.clock);
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).map(|Query(pairs)| pairs).unwrap_or_default();
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    let verdict = guard.judge.judge(&Asked { method, path, query: &query, headers, shown }).await;
    match verdict.and_then(|path| served(request.uri(), &path)) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            strip(request.headers_mut());
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Whose certificate was shown on the connection of a request, and is good now.
pub(super) fn shown(extensions: &Extensions, clock: Clock) -> Option<User> {
    extensions.get::<Arc<Shown>>()?.user(clock.wall())
}

/// The URL with the path that was checked.
fn served(uri: &Uri, path: &Path) -> Result<Uri, Refusal> {
    let mut text = path.encode();
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(|_| Refusal::NotFound)?);
    Uri::from_parts(parts).map_err(|_| Refusal::NotFound)
}

fn strip(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    let said: Vec<_> = headers.keys().filter(|name| name.as_str().starts_with(SAID_BY_PROXIES)).cloned().collect();
    for name in said {
        headers.remove(name);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, word) = self.word();
        let mut response = Response::new(Body::from(word));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        match self {
            Self::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Self::Unavailable(Unavailable { retry_secs }) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_secs.max(1)));
            }
            Self::NotFound | Self::BadRequest | Self::Forbidden => {}
        }
        response
    }
}

#[cfg(test)]
mod tests;
