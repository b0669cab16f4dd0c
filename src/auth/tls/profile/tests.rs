use super::{Asked, Mistake, NOT_SERVED, OF_CLUSTER, Profile, SERVED};

fn named(min_version: Option<&str>, suites: &[&str]) -> Result<Profile, Vec<Mistake>> {
    let suites: Vec<String> = suites.iter().map(|name| (*name).to_owned()).collect();
    Profile::of(Asked { profile: None, min_version, suites: Some(&suites) })
}

fn profile(name: &str) -> Result<Profile, Vec<Mistake>> {
    Profile::of(Asked { profile: Some(name), ..Asked::default() })
}

/// Scenario: the profiles by name, and none.
/// Guarantees: Intermediate and none are the nine suites, Modern the three of 1.3; Old is served as Intermediate, and names
/// two versions and twenty suites that are left out. Groups are in the order of the profiles.
#[test]
fn t26_profiles_are_what_rustls_has_of_them() {
    let (nine, three) = (Profile::default().words(), profile("Modern").expect("known").words());
    assert_eq!(nine, format!("TLS 1.2 and 1.3: {}", SERVED.map(|row| row.1).join(", ")));
    assert_eq!(three, "TLS 1.3: TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!(profile("Intermediate").expect("known"), Profile::default());
    let old = profile("Old").expect("known");
    assert_eq!((old.words(), old.left_out().len()), (nine, 22));
    let groups: Vec<_> = old.provider().kx_groups.iter().map(|group| format!("{:?}", group.name())).collect();
    assert_eq!(groups, ["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"]);
}

/// Scenario: suites by the names of Go, IANA and OpenSSL; some that rustls has not; an old version.
/// Guarantees: each known name is found; who names none of 1.3 has all of them; what is left out is named as it was written.
#[test]
fn t26_suites_go_by_all_their_names() {
    for (_, iana, openssl) in SERVED {
        let names: Vec<&str> = [iana, openssl].into_iter().filter(|name| !name.is_empty()).collect();
        assert!(named(None, &names).expect("known").words().contains(iana), "{iana}");
    }
    let two = named(Some("VersionTLS11"), &["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]);
    let two = two.expect("one is left");
    assert_eq!(two.left_out(), ["VersionTLS11", "AES128-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]);
    assert_eq!(
        two.words(),
        "TLS 1.2 and 1.3: TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256, \
         TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    );
    assert_eq!(named(None, &["TLS_AES_256_GCM_SHA384"]).expect("known").words(), "TLS 1.2 and 1.3: TLS_AES_256_GCM_SHA384");
}

/// Scenario: names that nobody knows, only what rustls has not, and choices that contradict one another.
/// Guarantees: each is a mistake, and all of them are told.
#[test]
fn t26_what_cannot_be_served_is_refused() {
    let all: Vec<&str> = NOT_SERVED.iter().flat_map(|(iana, openssl)| [*iana, *openssl]).collect();
    assert_eq!(named(None, &all), Err(vec![Mistake::NothingLeft]));
    assert_eq!(named(Some("VersionTLS13"), &["AES128-SHA"]), Err(vec![Mistake::NothingLeft]));
    let both = vec![Mistake::Version("TLS1.2".into()), Mistake::Suite("TLS_NULL".into())];
    assert_eq!(named(Some("TLS1.2"), &["TLS_NULL", "TLS_AES_256_GCM_SHA384"]), Err(both));
    assert_eq!(profile("modern"), Err(vec![Mistake::Profile("modern".into())]));
    assert_eq!(profile("Custom"), Err(vec![Mistake::Custom]));
    for name in ["Modern", OF_CLUSTER] {
        let asked = Asked { profile: Some(name), min_version: Some("VersionTLS12"), suites: None };
        assert_eq!(Profile::of(asked), Err(vec![Mistake::Both]), "{name}");
    }
    assert_eq!(profile(OF_CLUSTER), Ok(Profile::default()), "until the cluster has said it");
}
