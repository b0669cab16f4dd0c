//! Who speaks, where that was proven: for which namespaces, services and pods what it says may be, and how much of it. A resource
//! that claims to be somebody else's is refused, or gets the name of who sent it. Knows neither how it was proven nor what was said.

use std::{fmt, sync::Arc};

/// What becomes of a claim that contradicts who somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Claims {
    /// What was said under the false name is not taken.
    #[default]
    Refuse,
    /// It is taken, under the true one.
    Relabel,
}

/// Names that somebody may use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    /// Any.
    All,
    /// These.
    Only(Arc<[Box<str>]>),
}

/// How much each speaker may send; `None` = as much as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Requests a second.
    pub requests: Option<u64>,
    /// Bytes a second, after decompression.
    pub bytes: Option<u64>,
}

/// The pod that a proof is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pod {
    /// Its name.
    pub name: Box<str>,
    /// Its uid; empty where the proof has none.
    pub uid: Box<str>,
}

/// Somebody who has proved who they are, and whom they may speak for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Speaker {
    /// As Kubernetes calls it: `system:serviceaccount:shop:cart`; of a certificate the common name.
    pub name: Box<str>,
    /// The namespace that it lives in.
    pub home: Box<str>,
    /// Namespaces that its resources may claim besides.
    pub namespaces: Names,
    /// Values of `service.name` that resources may claim.
    pub services: Names,
    /// The pod that it is; whoever may speak for other namespaces may speak for other pods.
    pub pod: Option<Pod>,
    /// What becomes of false claims.
    pub claims: Claims,
}

/// An attribute of a resource that claims whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// `k8s.namespace.name`
    Namespace,
    /// `service.namespace`
    ServiceNamespace,
    /// `service.name`
    Service,
    /// `k8s.pod.name`
    Pod,
    /// `k8s.pod.uid`
    PodUid,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 5] = [Self::Namespace, Self::ServiceNamespace, Self::Service, Self::Pod, Self::PodUid];

    /// The key of the attribute.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Namespace => "k8s.namespace.name",
            Self::ServiceNamespace => "service.namespace",
            Self::Service => "service.name",
            Self::Pod => "k8s.pod.name",
            Self::PodUid => "k8s.pod.uid",
        }
    }
}

/// How OpenTelemetry calls a service that does not say.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// What tells the processes of a service apart where they say so themselves.
const INSTANCE: &str = "service.instance.id";

/// A resource is not its speaker's: which attribute says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged(pub Claim);

impl fmt::Display for Forged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not the sender's", self.0.key())
    }
}

impl Names {
    /// None but one's own.
    #[must_use]
    pub fn none() -> Self {
        Self::Only(Arc::default())
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| **known == *name),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Only(names) if names.is_empty())
    }
}

impl Speaker {
    /// Whether it may speak for a namespace.
    #[must_use]
    pub fn may_be(&self, namespace: &str) -> bool {
        *namespace == *self.home || self.namespaces.has(namespace)
    }

    /// What a resource must say besides what it says, by name and value: whose it is, where it does not say so; and by
    /// [`Claims::Relabel`] the truth instead of each false claim. An attribute that is absent or empty claims nothing. A
    /// process that names its instance itself gets no pod: whoever takes over from it goes on under that name.
    ///
    /// # Errors
    /// The first claim that is false, where such are refused; a service that is not the speaker's always is.
    pub fn correct<'a>(&self, attribute: impl Fn(&str) -> Option<&'a str>) -> Result<Vec<(&'static str, Box<str>)>, Forged> {
        let said = |key: &str| attribute(key).filter(|value| !value.is_empty());
        let get = |claim: Claim| said(claim.key());
        let mut corrections = Vec::new();
        let mut true_one = |claim: Claim, own: &str| -> Result<(), Forged> {
            match get(claim) {
                Some(_) if self.claims == Claims::Refuse => return Err(Forged(claim)),
                _ => corrections.push((claim.key(), own.into())),
            }
            Ok(())
        };
        let may_be = |claimed: &&str| self.may_be(claimed);
        let namespace = get(Claim::Namespace).filter(may_be);
        if namespace.is_none() {
            true_one(Claim::Namespace, &self.home)?;
        }
        // Else whoever says nothing would share the first half of `job` with everybody else who does not.
        if get(Claim::ServiceNamespace).filter(may_be).is_none() {
            true_one(Claim::ServiceNamespace, namespace.unwrap_or(&self.home))?;
        }
        if let Some(Pod { name, uid }) = self.pod.as_ref().filter(|_| self.namespaces.is_empty()) {
            for (claim, own) in [(Claim::Pod, name), (Claim::PodUid, uid)] {
                let is_wanted = get(claim).is_some() || said(INSTANCE).is_none();
                if is_wanted && !own.is_empty() && get(claim) != Some(own) {
                    true_one(claim, own)?;
                }
            }
        }
        match get(Claim::Service) {
            Some(claimed) if !self.services.has(claimed) => Err(Forged(Claim::Service)),
            Some(_) => Ok(corrections),
            // There is no `job` without one: its series would be those of everybody else who says nothing.
            None => {
                corrections.push((Claim::Service.key(), UNKNOWN_SERVICE.into()));
                Ok(corrections)
            }
        }
    }
}

#[cfg(test)]
mod tests;
