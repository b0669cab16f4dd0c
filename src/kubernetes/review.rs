//! Asks an API server whose a token is, and whether somebody may do something: one request each, and never twice.
//! Keeps nothing of what it hears, and judges none of it. A question holds a token and an answer repeats it: so bodies are
//! read here, where none is logged and none is quoted by an error; the client of kube does both.

use super::failure::Failure;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus},
    authorization::v1::{SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus},
};
use kube::{Client, client::Body, core::Status};
use pointsman_core::limits::ACCESS_ANSWER_BYTES_MAX;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Who asks.
#[derive(Clone)]
pub struct Reviews(Client);

impl Reviews {
    /// Asks there.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// What the server says of a token.
    ///
    /// # Errors
    ///
    /// Why it does not say; without the token. How long to wait is for the caller to decide.
    pub async fn token(&self, spec: TokenReviewSpec) -> Result<TokenReviewStatus, Failure> {
        let review = TokenReview { spec, ..TokenReview::default() };
        let said: TokenReview = self.ask("/apis/authentication.k8s.io/v1/tokenreviews", &review).await?;
        said.status.ok_or_else(|| away("a TokenReview came back without a status"))
    }

    /// What the server says of a right.
    ///
    /// # Errors
    ///
    /// Why it does not say.
    pub async fn right(&self, spec: SubjectAccessReviewSpec) -> Result<SubjectAccessReviewStatus, Failure> {
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let said: SubjectAccessReview = self.ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await?;
        said.status.ok_or_else(|| away("a SubjectAccessReview came back without a status"))
    }

    async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(&self, path: &str, question: &Q) -> Result<A, Failure> {
        let body = serde_json::to_vec(question).map_err(|_| away("a review cannot be written"))?;
        let request = http::Request::post(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .body(Body::from(body))
            .map_err(|_| away("a review cannot be sent"))?;
        let (head, body) = self.0.send(request).await?.into_parts();
        let body = Limited::new(body, ACCESS_ANSWER_BYTES_MAX).collect().await.map_err(|error| {
            away(if error.is::<LengthLimitError>() { "its answer to a review is too long" } else { "its answer broke off" })
        })?;
        let body = body.to_bytes();
        if !head.status.is_success() {
            return Err(complaint(&head, &body));
        }
        serde_json::from_slice(&body).map_err(|_| away("its answer to a review cannot be read"))
    }
}

/// What the server complains of. Only of a missing right are its words kept: they name us and no token, and an
/// administrator has to read them. A server that has too much to do says in the head alone when to come again.
fn complaint(head: &http::response::Parts, body: &[u8]) -> Failure {
    let code = head.status;
    let mut status: Status = serde_json::from_slice(body).unwrap_or_default();
    status.code = code.as_u16();
    match Failure::from(kube::Error::Api(Box::new(status))) {
        Failure::Refused(_) => Failure::Refused(format!("HTTP {code}")),
        Failure::Away(_) => away(&format!("HTTP {code}")),
        Failure::Busy(None) => Failure::Busy(retry_after(head)),
        failure => failure,
    }
}

fn retry_after(head: &http::response::Parts) -> Option<Duration> {
    head.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn away(why: &str) -> Failure {
    Failure::Away(why.to_owned())
}
