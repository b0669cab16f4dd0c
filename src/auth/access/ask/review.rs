//! Puts our questions into the words of an API server, and takes from its answers what they say: whose a token is, who may what.
//! Keeps nothing of what it hears, and never says a token.

use super::Ask;
use crate::{
    auth::access::{Attributes, Target, Token, User},
    kubernetes::{failure::Failure, review::Reviews},
};
use futures_util::future::BoxFuture;
use k8s_openapi::api::{
    authentication::v1::{TokenReviewSpec, TokenReviewStatus},
    authorization::v1::{NonResourceAttributes, ResourceAttributes, SubjectAccessReviewSpec},
};
use kube::Client;

/// Who asks.
#[derive(Clone)]
pub struct Reviewer {
    reviews: Reviews,
    audiences: Vec<String>,
}

impl Reviewer {
    /// Asks there, for tokens that are meant for one of these audiences; without any, for the API server's own.
    #[must_use]
    pub fn new(client: Client, audiences: Vec<String>) -> Self {
        Self { reviews: Reviews::new(client), audiences }
    }

    /// A server that knows nothing of audiences tells none: then the token may be meant for anybody.
    fn judge(&self, status: TokenReviewStatus) -> Option<User> {
        let told = status.audiences.unwrap_or_default();
        let ours = self.audiences.is_empty() || self.audiences.iter().any(|audience| told.contains(audience));
        let user = status.user.filter(|_| ours && status.authenticated == Some(true))?;
        let name = user.username.filter(|name| !name.is_empty())?;
        Some(User {
            name,
            uid: user.uid.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
            extra: user.extra.unwrap_or_default(),
        })
    }
}

impl Ask for Reviewer {
    fn user(&self, token: Token) -> BoxFuture<'static, Result<Option<User>, Failure>> {
        let this = self.clone();
        Box::pin(async move {
            let audiences = (!this.audiences.is_empty()).then(|| this.audiences.clone());
            let spec = TokenReviewSpec { token: Some(token.reveal().to_owned()), audiences };
            let status = this.reviews.token(spec).await?;
            match trouble(&status) {
                true => Err(Failure::Away("the API server could not tell whose a token is".to_owned())),
                false => Ok(this.judge(status)),
            }
        })
    }

    fn may(&self, user: &User, what: &Attributes) -> BoxFuture<'static, Result<bool, Failure>> {
        let (reviews, spec) = (self.reviews.clone(), question(user, what));
        Box::pin(async move {
            let status = reviews.right(spec).await?;
            Ok(status.allowed && status.denied != Some(true))
        })
    }
}

/// Whether a no is none: one of those that the API server asks could not be asked. It tells so in words alone.
fn trouble(status: &TokenReviewStatus) -> bool {
    const WORDS: [&str; 8] = [
        "connection refused",
        "timed out",
        "timeout",
        "deadline exceeded",
        "no such host",
        "etcdserver",
        "too many requests",
        "unavailable",
    ];
    let error = status.error.as_deref().unwrap_or_default().to_lowercase();
    status.authenticated != Some(true) && WORDS.iter().any(|words| error.contains(words))
}

fn question(user: &User, what: &Attributes) -> SubjectAccessReviewSpec {
    let verb = Some(what.verb.clone());
    let mut spec = SubjectAccessReviewSpec {
        user: Some(user.name.clone()),
        uid: text(&user.uid),
        groups: Some(user.groups.clone()),
        extra: Some(user.extra.clone()),
        ..SubjectAccessReviewSpec::default()
    };
    match &what.target {
        Target::Path(path) => spec.non_resource_attributes = Some(NonResourceAttributes { path: Some(path.clone()), verb }),
        Target::Resource(of) => {
            spec.resource_attributes = Some(ResourceAttributes {
                namespace: text(&of.namespace),
                group: text(&of.api_group),
                version: text(&of.api_version),
                resource: text(&of.resource),
                subresource: text(&of.subresource),
                name: text(&of.name),
                verb,
                ..ResourceAttributes::default()
            });
        }
    }
    spec
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
