//! Versions and suites of TLS, chosen by the names of Go and IANA, of OpenSSL, or of a profile. What rustls does not have is
//! left out and named; what nobody knows is a mistake. Knows no file and no flag.

use rustls::{
    ALL_VERSIONS, CipherSuite, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, kx_group},
    },
    version::TLS13,
};

/// The profile that is whatever the cluster says. Until that is known, it is Intermediate.
pub const OF_CLUSTER: &str = "cluster";

const ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

/// What is served. By default everything that rustls has: 1.2 and 1.3 with nine suites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    only_13: bool,
    /// `None` = all.
    suites: Option<Vec<CipherSuite>>,
    left_out: Vec<String>,
}

/// What was asked for, as it was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// `Old`, `Intermediate`, `Modern`, `Custom` or [`OF_CLUSTER`].
    pub profile: Option<&'a str>,
    /// `VersionTLS10` to `VersionTLS13`.
    pub min_version: Option<&'a str>,
    /// Names of suites.
    pub suites: Option<&'a [String]>,
}

/// Which part of what was asked is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No profile of this name.
    Profile(String),
    /// No version of this name.
    Version(String),
    /// No suite of this name.
    Suite(String),
    /// A profile and something that it decides.
    Both,
    /// `Custom` without a version or without suites.
    Custom,
    /// Nothing that is known is there to be served.
    NothingLeft,
}

/// What rustls has: its own name, that of IANA and Go, that of OpenSSL.
const SERVED: [(CipherSuite, &str, &str); 9] = [
    (CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256", ""),
    (CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384", ""),
    (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256", ""),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    ),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    ),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ),
];

/// Go writes these two without their hash as well.
const SHORT: [(&str, CipherSuite); 2] = [
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// What Go or a profile may name and rustls has not, by both names; those of the profile Old come first.
const NOT_SERVED: [(&str, &str); 23] = [
    ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256"),
    ("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384"),
    ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305"),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
    ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "DHE-RSA-AES128-SHA256"),
    ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "DHE-RSA-AES256-SHA256"),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
    ("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
    ("TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256"),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"),
    ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"),
    ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-RSA-DES-CBC3-SHA"),
    ("TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA"),
    ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA"),
];

/// How many of [`NOT_SERVED`] the profile Old has.
const OF_OLD: usize = 20;

impl Profile {
    /// What was asked, as far as rustls has it.
    ///
    /// # Errors
    /// Every mistake.
    pub fn of(asked: Asked<'_>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let of_flags = (asked.min_version.is_some(), asked.suites.is_some());
        let mut profile = match (asked.profile, of_flags) {
            (Some("Old" | "Intermediate" | "Modern" | OF_CLUSTER), (true, _) | (_, true)) => {
                mistakes.push(Mistake::Both);
                Self::default()
            }
            (Some("Old"), _) => Self::old(),
            (Some("Custom"), (false, _) | (_, false)) => {
                mistakes.push(Mistake::Custom);
                Self::default()
            }
            (Some("Modern"), _) => Self { only_13: true, ..Self::default() },
            (None | Some("Intermediate" | "Custom" | OF_CLUSTER), _) => Self::default(),
            (Some(other), _) => {
                mistakes.push(Mistake::Profile(other.to_owned()));
                Self::default()
            }
        };
        match asked.min_version {
            None | Some("VersionTLS12") => {}
            Some("VersionTLS13") => profile.only_13 = true,
            Some(old @ ("VersionTLS10" | "VersionTLS11")) => profile.left_out.push(old.to_owned()),
            Some(other) => mistakes.push(Mistake::Version(other.to_owned())),
        }
        profile.choose(asked.suites, &mut mistakes);
        if mistakes.is_empty() && profile.provider().cipher_suites.is_empty() {
            mistakes.push(Mistake::NothingLeft);
        }
        if mistakes.is_empty() { Ok(profile) } else { Err(mistakes) }
    }

    fn old() -> Self {
        let suites = NOT_SERVED.iter().take(OF_OLD).map(|(name, _)| (*name).to_owned());
        let versions = ["VersionTLS10", "VersionTLS11"].map(str::to_owned);
        Self { left_out: versions.into_iter().chain(suites).collect(), ..Self::default() }
    }

    /// Who names no suite of 1.3 has them all, as in Go.
    fn choose(&mut self, names: Option<&[String]>, mistakes: &mut Vec<Mistake>) {
        let Some(names) = names else { return };
        let mut suites = Vec::new();
        for name in names {
            let served = SERVED.iter().find(|(_, iana, openssl)| name == iana || name == openssl).map(|(suite, ..)| *suite);
            let short = || SHORT.iter().find(|(short, _)| name == short).map(|(_, suite)| *suite);
            match served.or_else(short) {
                Some(suite) => suites.push(suite),
                None if NOT_SERVED.iter().any(|(iana, openssl)| name == iana || name == openssl) => {
                    self.left_out.push(name.clone());
                }
                None => mistakes.push(Mistake::Suite(name.clone())),
            }
        }
        let of_13 = || SERVED.iter().map(|(suite, ..)| *suite).filter(is_13);
        if !suites.is_empty() && !suites.iter().any(is_13) {
            suites.extend(of_13());
        }
        self.suites = Some(suites);
    }

    /// What was asked for and is not served, by the names that were used.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The versions that are spoken.
    #[must_use]
    pub fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        if self.only_13 { ONLY_13 } else { ALL_VERSIONS }
    }

    /// Suites and groups.
    #[must_use]
    pub fn provider(&self) -> CryptoProvider {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.retain(|suite| self.has(*suite));
        provider.kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
        provider
    }

    fn has(&self, suite: SupportedCipherSuite) -> bool {
        let suite = suite.suite();
        self.suites.as_ref().is_none_or(|suites| suites.contains(&suite)) && (is_13(&suite) || !self.only_13)
    }

    /// What is served, for people: `TLS 1.3: TLS13_AES_128_GCM_SHA256, …`.
    #[must_use]
    pub fn words(&self) -> String {
        let suites = self.provider().cipher_suites;
        let names: Vec<_> =
            SERVED.iter().filter(|(own, ..)| suites.iter().any(|suite| suite.suite() == *own)).map(|row| row.1).collect();
        format!("{}: {}", if self.only_13 { "TLS 1.3" } else { "TLS 1.2 and 1.3" }, names.join(", "))
    }
}

fn is_13(suite: &CipherSuite) -> bool {
    SERVED.iter().take(3).any(|(own, ..)| own == suite)
}

#[cfg(test)]
mod tests;
