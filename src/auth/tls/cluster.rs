//! The TLS profile of an OpenShift cluster, as its APIServer object says it: by name, or as versions and suites of its own.
//! Knows the form of the object, and neither how it comes here nor what is done with it.

use super::profile::{Asked, Mistake, Profile};
use serde::Deserialize;
use serde_json::Value;

/// Words of `tlsAdherence`; nothing is the first of them.
const ADHERENCES: [&str; 3] = ["", "LegacyAdheringComponentsOnly", "StrictAllComponents"];

/// What the object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What is to be served.
    pub profile: Profile,
    /// The word for who has to follow the profile, where nobody knows it. We follow in any case; those whom it means may be more
    /// than today.
    pub strange_adherence: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    spec: Option<Spec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    tls_security_profile: Option<Named>,
    tls_adherence: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(rename = "type")]
    name: Option<String>,
    custom: Option<Custom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Custom {
    ciphers: Option<Vec<String>>,
    #[serde(rename = "minTLSVersion")]
    min_version: Option<String>,
}

/// Reads the object. Without a profile it is Intermediate, as everywhere in such a cluster.
///
/// # Errors
/// Where it cannot be read or served: every mistake, with the field that it is in.
pub fn read(object: &Value) -> Result<Said, Vec<String>> {
    let object = Object::deserialize(object).map_err(|error| vec![format!("spec: {error}")])?;
    let Spec { tls_security_profile, tls_adherence } = object.spec.unwrap_or_default();
    let Named { name, custom } = tls_security_profile.unwrap_or_default();
    let name = name.filter(|name| !name.is_empty());
    let custom = custom.unwrap_or_default();
    let profile = match name.as_deref() {
        Some("Custom") => own(&custom),
        // What only our flag knows is no profile of a cluster.
        Some(name) if !["Old", "Intermediate", "Modern"].contains(&name) => Err(vec![Mistake::Profile(name.to_owned())]),
        name => Profile::of(Asked { profile: name, ..Asked::default() }),
    };
    let strange = |word: &String| !ADHERENCES.contains(&word.as_str());
    match profile {
        Ok(profile) => Ok(Said { profile, strange_adherence: tls_adherence.filter(strange) }),
        Err(mistakes) => Err(mistakes.iter().map(told).collect()),
    }
}

/// Of 1.3 alone all suites are good, and none need be named.
fn own(Custom { ciphers, min_version }: &Custom) -> Result<Profile, Vec<Mistake>> {
    let min_version = min_version.as_deref().filter(|version| !version.is_empty());
    let suites = ciphers.as_deref().filter(|suites| !suites.is_empty());
    match (min_version, suites) {
        (Some("VersionTLS13"), _) | (Some(_), Some(_)) => Profile::of(Asked { profile: None, min_version, suites }),
        _ => Err(vec![Mistake::Custom]),
    }
}

fn told(mistake: &Mistake) -> String {
    const AT: &str = "spec.tlsSecurityProfile";
    match mistake {
        Mistake::Profile(name) => format!("{AT}.type: `{name}` is no profile"),
        Mistake::Version(name) => format!("{AT}.custom.minTLSVersion: `{name}` is no version of TLS"),
        Mistake::Suite(name) => format!("{AT}.custom.ciphers: `{name}` is no suite"),
        Mistake::Both | Mistake::Custom => format!("{AT}.custom: a version and suites are missing"),
        Mistake::NothingLeft => format!("{AT}.custom.ciphers: none of them can be served"),
    }
}

#[cfg(test)]
mod tests;
