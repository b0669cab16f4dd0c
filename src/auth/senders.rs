//! Who sends, as a certificate or a token proves it, and whom that is allowed to speak for: itself, and what a file of senders
//! says besides. Knows connections and resources no more than the words for them.

use super::{
    Denied,
    access::{Oracle, Patience, Token, User},
};
use http::HeaderMap;
use pointsman_core::model::speaker::{Claims, Names, Pod, Speaker};
use std::{collections::BTreeMap, sync::Arc};

pub mod file;
pub mod quota;
pub mod told;

const ACCOUNT: &str = "system:serviceaccount:";
const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";

/// What one sender may besides speaking for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where it lives, for who is no `ServiceAccount`.
    pub home: Option<Box<str>>,
    /// Namespaces that it may speak for besides its own.
    pub namespaces: Names,
    /// Services that it may speak for.
    pub services: Names,
}

/// Grants by the names of users.
pub type Grants = BTreeMap<Box<str>, Grant>;

/// How senders are known.
pub struct Senders {
    /// Grants.
    pub grants: Grants,
    /// What becomes of false claims.
    pub claims: Claims,
    /// Who knows tokens; `None` = they are not looked at.
    pub oracle: Option<Arc<dyn Oracle>>,
}

impl Senders {
    /// Who sends: by the certificate that was shown and is good now, else by the token among the headers of a request.
    ///
    /// # Errors
    /// When nobody knows, it lives nowhere, or nobody can say now.
    pub async fn who(&self, shown: Option<User>, headers: &HeaderMap) -> Result<Speaker, Denied> {
        let user = match (shown, &self.oracle) {
            (Some(user), _) => Some(user),
            (None, Some(oracle)) => match Token::of(headers) {
                Some(token) => {
                    let user = oracle.user(&token, &Patience::default()).await;
                    user.map_err(|error| Denied::Unavailable { retry_secs: error.retry_secs })?
                }
                None => None,
            },
            (None, None) => None,
        };
        self.speaker(&user.filter(|user| !user.name.is_empty()).ok_or(Denied::Unknown)?)
    }

    fn speaker(&self, user: &User) -> Result<Speaker, Denied> {
        let grant = self.grants.get(user.name.as_str());
        let own = user.name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':')).map(|(namespace, _)| namespace);
        let home = own.or_else(|| grant.and_then(|grant| grant.home.as_deref())).filter(|home| !home.is_empty());
        let (namespaces, services) =
            grant.map_or((Names::none(), Names::All), |grant| (grant.namespaces.clone(), grant.services.clone()));
        let first = |key: &str| user.extra.get(key).and_then(|values| values.first()).map(|text| text.as_str().into());
        let pod = first(POD_NAME).map(|name| Pod { name, uid: first(POD_UID).unwrap_or_default() });
        let name = user.name.as_str().into();
        Ok(Speaker { name, home: home.ok_or(Denied::Homeless)?.into(), namespaces, services, pod, claims: self.claims })
    }
}

#[cfg(test)]
mod tests;
