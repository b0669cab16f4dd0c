//! Whether a request may go on: six questions in one order, and the answer to the first that fails.
//! Asks the API server by way of [`Oracle`] alone, and serves nothing itself.

use super::{
    Attributes, Oracle, Patience, Token, Unavailable, User,
    paths::{Path, Shown},
    rules::Rules,
};
use crate::auth::told::{Told, cut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tracing::{debug, info};

/// Everybody who has proved who they are is in this one.
const AUTHENTICATED: &str = "system:authenticated";
/// Where nobody is asked: a status word only.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/healthz"];

/// Who may read what.
pub struct Judge {
    /// How requests are authorised.
    pub rules: Rules,
    /// Which paths are there, and which are open.
    pub shown: Shown,
    /// Who knows the rest.
    pub oracle: Arc<dyn Oracle>,
    /// What was refused.
    pub refusals: Arc<Refusals>,
}

/// Refusals so far, by why; and those that were told in full, each once.
#[derive(Debug, Default)]
pub struct Refusals {
    /// In the order of [`Refusal::index`].
    counts: [AtomicU64; 6],
    told: Told<(String, String)>,
}

impl Refusals {
    /// How many there were of a kind; how soon one may ask again makes none.
    #[must_use]
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.counts.get(refusal.index()).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// One more.
    pub fn count(&self, refusal: Refusal) {
        if let Some(count) = self.counts.get(refusal.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says who may not do what: the answer does not.
    fn tell(&self, user: &User, what: &Attributes) {
        let (user, what) = (cut(&user.name), cut(&what.to_string()));
        if self.told.is_new((user.clone(), what.clone())) {
            info!(user, what, "a reader may not do that: neither a static rule nor the API server allows it");
        } else {
            debug!(user, what, "a reader may not do that");
        }
    }
}

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing at that path.
    NotFound,
    /// Nobody knows who asks.
    Unauthenticated,
    /// Nothing is served by that method.
    Method,
    /// A value is missing.
    BadRequest,
    /// It may not.
    Forbidden,
    /// Nobody can say now.
    Unavailable(Unavailable),
}

/// Where no API server can be asked, ever: no token is anybody's, and nobody may what no rule says.
#[derive(Debug)]
pub struct Nobody;

impl Oracle for Nobody {
    fn user<'a>(&'a self, _: &'a Token, _: &'a Patience) -> BoxFuture<'a, Result<Option<User>, Unavailable>> {
        Box::pin(async { Ok(None) })
    }

    fn may<'a>(&'a self, _: &'a User, _: &'a Attributes, _: &'a Patience) -> BoxFuture<'a, Result<bool, Unavailable>> {
        Box::pin(async { Ok(false) })
    }
}

impl Judge {
    /// Lets a request go on, at the path that was checked, or says why not.
    ///
    /// # Errors
    /// The first question that fails.
    pub async fn judge(&self, request: &Asked<'_>) -> Result<Path, Refusal> {
        self.asked(request).await.inspect_err(|refusal| self.refusals.count(*refusal))
    }

    async fn asked(&self, request: &Asked<'_>) -> Result<Path, Refusal> {
        let path = Path::decode(request.path).ok_or(Refusal::NotFound)?;
        if PROBES.contains(&path.as_str()) {
            return Ok(path);
        }
        if !self.shown.has(&path) {
            return Err(Refusal::NotFound);
        }
        if self.shown.is_open(&path) {
            return Ok(path);
        }
        let patience = Patience::default();
        let user = self.user(request, &patience).await?;
        if path.is_folder() {
            return Err(Refusal::NotFound);
        }
        if !matches!(*request.method, Method::GET | Method::HEAD) {
            return Err(Refusal::Method);
        }
        let asked = self.rules.asked(request.method, path.as_str(), (request.query, request.headers));
        for what in asked.map_err(|_| Refusal::BadRequest)? {
            if self.rules.allow(&user, &what) {
                continue;
            }
            let what = Rules::for_api_server(what);
            if !self.oracle.may(&user, &what, &patience).await.map_err(Refusal::Unavailable)? {
                self.refusals.tell(&user, &what);
                return Err(Refusal::Forbidden);
            }
        }
        Ok(path)
    }

    /// Who asks: by certificate, else by token.
    async fn user(&self, request: &Asked<'_>, patience: &Patience) -> Result<User, Refusal> {
        let user = match &request.shown {
            Some(user) => Some(user.clone()),
            None => match Token::of(request.headers) {
                Some(token) => self.oracle.user(&token, patience).await.map_err(Refusal::Unavailable)?,
                None => None,
            },
        };
        let mut user = user.filter(|user| !user.name.is_empty()).ok_or(Refusal::Unauthenticated)?;
        if !user.groups.iter().any(|group| group == AUTHENTICATED) {
            user.groups.push(AUTHENTICATED.to_owned());
        }
        Ok(user)
    }
}

/// What of a request is looked at.
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path of the URL, as it came.
    pub path: &'a str,
    /// The parameters of the query, decoded.
    pub query: &'a [(String, String)],
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whose certificate was shown and is good now.
    pub shown: Option<User>,
}

impl Refusal {
    /// Every kind, as it is counted.
    pub const ALL: [Self; 6] = [
        Self::NotFound,
        Self::Unauthenticated,
        Self::Method,
        Self::BadRequest,
        Self::Forbidden,
        Self::Unavailable(Unavailable { retry_secs: 0 }),
    ];

    const fn index(self) -> usize {
        match self {
            Self::NotFound => 0,
            Self::Unauthenticated => 1,
            Self::Method => 2,
            Self::BadRequest => 3,
            Self::Forbidden => 4,
            Self::Unavailable(_) => 5,
        }
    }

    /// How it is said: one fixed word, which names nobody.
    #[must_use]
    pub fn word(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not found\n"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized\n"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad request\n"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden\n"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable\n"),
        }
    }
}
