use super::{super::authority::Authority, Shown};
use crate::auth::tls::Look;
use pointsman_core::model::clock::{Mono, Wall};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use std::{fs, sync::Arc};
use tempfile::TempDir;

/// November 2026, and ten years later.
const NOW: Wall = Wall(1_795_305_600_000_000_000);
const LATER: Wall = Wall(2_110_665_600_000_000_000);

/// Somebody who signs.
struct Signer(Issuer<'static, KeyPair>, String);

impl Signer {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A certificate with these parts of a name, valid to the end of 2029.
    fn signs(&self, names: &[(DnType, &str)]) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        names.iter().for_each(|(kind, text)| params.distinguished_name.push(kind.clone(), *text));
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2029, 12, 31));
        params.signed_by(&KeyPair::generate().expect("a key"), &self.0).expect("a certificate").der().clone()
    }
}

fn authority(folder: &TempDir, signer: &Signer) -> Arc<Authority> {
    fs::write(folder.path().join("ca.crt"), &signer.1).expect("the folder takes files");
    Arc::new(Authority::open(&folder.path().join("ca.crt")).expect("an authority"))
}

fn shown(certificate: CertificateDer<'static>, authority: &Arc<Authority>) -> Shown {
    Shown::new(Some(&[certificate]), Arc::clone(authority)).expect("it is shown")
}

/// Scenario: a certificate of the authority, one of another by the same name, none, and one that ends.
/// Guarantees: the name and the groups of the first; nobody for the others, and for the first once it has ended.
#[test]
fn krp_13_14_a_certificate_of_the_authority_is_a_user() {
    let (ours, other, folder) = (Signer::named("ca"), Signer::named("ca"), TempDir::new().expect("a folder"));
    let authority = authority(&folder, &ours);
    let names = [(DnType::CommonName, "system:serviceaccount:m:prometheus"), (DnType::OrganizationName, "readers")];
    let good = shown(ours.signs(&names), &authority);
    for _ in 0..2 {
        let user = good.user(NOW).expect("somebody");
        assert_eq!((user.name.as_str(), &user.groups[..]), ("system:serviceaccount:m:prometheus", &["readers".to_owned()][..]));
        assert_eq!((user.uid.as_str(), user.extra.len()), ("", 0));
        assert_eq!(good.user(LATER), None, "it has ended");
        assert_eq!(good.user(Wall(0)), None, "it has not begun");
    }
    assert_eq!(shown(other.signs(&names), &authority).user(NOW), None, "another authority");
    assert_eq!(shown(ours.signs(&[(DnType::OrganizationName, "readers")]), &authority).user(NOW), None, "no name");
    assert!(Shown::new(Some(&[]), Arc::clone(&authority)).is_none() && Shown::new(None, authority).is_none());
}

/// Scenario: the authority's file is replaced by another's, while a certificate of each has been shown; then by nonsense.
/// Guarantees: from the look on the other one counts, and the first no more; nonsense changes nothing.
#[test]
fn t27_another_authority_judges_what_was_shown_before() {
    let (first, second, folder) = (Signer::named("first"), Signer::named("second"), TempDir::new().expect("a folder"));
    let authority = authority(&folder, &first);
    let [was, will] = [&first, &second].map(|signer| shown(signer.signs(&[(DnType::CommonName, "prometheus")]), &authority));
    let good = || (was.user(NOW).is_some(), will.user(NOW).is_some());
    assert_eq!(good(), (true, false));
    fs::write(authority.path(), &second.1).expect("the folder takes files");
    assert_eq!(good(), (true, false), "nobody has looked yet");
    assert!(matches!(authority.look(Mono(1)), Look::Taken));
    assert_eq!(good(), (false, true));
    fs::write(authority.path(), "nonsense").expect("the folder takes files");
    assert!(matches!(authority.look(Mono(2)), Look::Waiting));
    assert!(matches!(authority.look(Mono(60_000_000_000)), Look::Refused(_)));
    assert!(authority.looks().trouble().is_some());
    assert_eq!((good(), authority.looks().taken(), authority.looks().refused()), ((false, true), 1, 1));
}
