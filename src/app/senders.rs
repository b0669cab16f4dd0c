//! Access to the listeners of OTLP and `OpAMP`: a layer before everything finds out who sends by the head of a request alone, and
//! hands on whom that speaks for. Health is everybody's. Who speaks for whom is decided in `auth`.

use super::{
    access::{read_file, shown},
    clock::Clock,
};
use crate::{
    auth::{
        Denied,
        access::{Oracle, User},
        senders::{Senders, file},
        tls::shown::Shown,
    },
    config::send::SendAccess,
    control::socket::Proof,
    ingest::Ingest,
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use http::{Extensions, header};
use pointsman_core::{fault::Fault, limits};
use std::{sync::Arc, time::Duration};
use tower::Layer;

/// The question of health over gRPC, for a status word. Who would watch it, for hours, is asked.
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// How a transport answers those who may not send.
pub type Deny = fn(&Ingest, Denied, &Request) -> Response;

/// What the layer needs.
pub struct Guard {
    /// Who decides.
    pub senders: Arc<Senders>,
    /// Who counts.
    pub ingest: Arc<Ingest>,
    /// Who answers.
    pub deny: Deny,
    /// What time it is, for certificates.
    pub clock: Clock,
}

/// Who may send, as configured; `None` = everybody. Where tokens are looked at, `oracle` knows them.
///
/// # Errors
/// A file that cannot be read, and every mistake in it.
pub fn senders(access: Option<&SendAccess>, oracle: Option<Arc<dyn Oracle>>) -> Result<Option<Senders>, Vec<Fault>> {
    let Some(access) = access else { return Ok(None) };
    let grants = access.file.as_deref().map(|path| read_file("--otlp-senders-file", path, file::read)).transpose()?;
    Ok(Some(Senders { grants: grants.unwrap_or_default(), claims: access.claims, oracle }))
}

/// The router, with the guard before all of it.
pub fn guarded(guard: Guard, router: Router) -> Router {
    let layer = middleware::from_fn_with_state(Arc::new(guard), ask);
    Router::new().fallback_service(layer.layer(router))
}

/// Finds out who sends, and hands on whom that speaks for, without what proves it.
async fn ask(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == HEALTH {
        return next.run(request).await;
    }
    let shown = shown(request.extensions(), guard.clock);
    // Only what goes on after its request asks again.
    let goes_on = request.headers().contains_key(header::UPGRADE);
    let proof = goes_on.then(|| proof(guard.clock, shown.as_ref(), request.extensions()));
    match guard.senders.who(shown, request.headers()).await {
        Ok(speaker) => {
            request.extensions_mut().insert(Arc::new(speaker));
            if let Some(proof) = proof {
                request.extensions_mut().insert(proof);
            }
            request.headers_mut().remove(header::AUTHORIZATION);
            next.run(request).await
        }
        Err(why) => (guard.deny)(&guard.ingest, why, &request),
    }
}

/// For how long it stands who sends: a certificate can be looked at again, a token is not kept.
fn proof(clock: Clock, shown: Option<&User>, extensions: &Extensions) -> Proof {
    let Some((user, certificate)) = shown.cloned().zip(extensions.get::<Arc<Shown>>().cloned()) else {
        return Proof::Lasts(Duration::from_secs(limits::SYNC_TOKEN_SECS_MAX));
    };
    Proof::Stands(Arc::new(move || certificate.user(clock.wall()).is_some_and(|now| now == user)))
}
