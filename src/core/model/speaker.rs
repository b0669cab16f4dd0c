//! Who speaks, where that was proven: for which namespaces, services and pods what it says may be. A resource that claims to
//! be somebody else's is refused, or gets the name of who sent it. Knows neither how it was proven nor what was said.

use std::fmt;

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
    Only(Vec<Box<str>>),
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

const NAMESPACE: &str = "k8s.namespace.name";
const SERVICE_NAMESPACE: &str = "service.namespace";
const SERVICE: &str = "service.name";
const POD: &str = "k8s.pod.name";
const POD_UID: &str = "k8s.pod.uid";

/// A resource is not its speaker's: which attribute says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged(pub &'static str);

impl fmt::Display for Forged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not the sender's", self.0)
    }
}

impl Names {
    /// None but one's own.
    #[must_use]
    pub const fn none() -> Self {
        Self::Only(Vec::new())
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
    /// What a resource must say besides what it says, by name and value: whose it is, where it does not say so; and by
    /// [`Claims::Relabel`] the truth instead of each false claim. An attribute that is absent or empty claims nothing.
    ///
    /// # Errors
    /// The first claim that is false, where such are refused; a service that is not the speaker's always is.
    pub fn correct<'a>(&self, attribute: impl Fn(&str) -> Option<&'a str>) -> Result<Vec<(&'static str, Box<str>)>, Forged> {
        let get = |key: &str| attribute(key).filter(|value| !value.is_empty());
        let mut corrections = Vec::new();
        let mut true_one = |key: &'static str, own: &str| -> Result<(), Forged> {
            match get(key) {
                Some(_) if self.claims == Claims::Refuse => return Err(Forged(key)),
                _ => corrections.push((key, own.into())),
            }
            Ok(())
        };
        let may_be = |claimed: &&str| **claimed == *self.home || self.namespaces.has(claimed);
        let namespace = get(NAMESPACE).filter(may_be);
        if namespace.is_none() {
            true_one(NAMESPACE, &self.home)?;
        }
        // Else whoever says nothing would share the first half of `job` with everybody else who does not.
        if get(SERVICE_NAMESPACE).filter(may_be).is_none() {
            true_one(SERVICE_NAMESPACE, namespace.unwrap_or(&self.home))?;
        }
        if let Some(Pod { name, uid }) = self.pod.as_ref().filter(|_| self.namespaces.is_empty()) {
            for (key, own) in [(POD, name), (POD_UID, uid)] {
                if !own.is_empty() && get(key) != Some(own) {
                    true_one(key, own)?;
                }
            }
        }
        if !get(SERVICE).is_none_or(|claimed| self.services.has(claimed)) {
            return Err(Forged(SERVICE));
        }
        Ok(corrections)
    }
}

#[cfg(test)]
mod tests;
