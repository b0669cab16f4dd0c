use super::read;
use serde_json::{Value, json};

fn said(profile: Value) -> Result<(String, String), Vec<String>> {
    let said = read(&json!({"spec": {"tlsSecurityProfile": profile}}))?;
    Ok((said.profile.words(), said.profile.left_out().join(" ")))
}

fn custom(ciphers: Value, version: Value) -> Result<(String, String), Vec<String>> {
    said(json!({"type": "Custom", "custom": {"ciphers": ciphers, "minTLSVersion": version}}))
}

/// Scenario: objects without a profile in every form, with the named ones, and with what the other sections say beside them.
/// Guarantees: no profile is Intermediate; of Old what is not served is named; only the section that is named counts.
#[test]
fn named_profiles_are_those_of_the_flag() {
    let middle = read(&json!({"spec": {}})).expect("read");
    for object in [
        json!({}),
        json!({"spec": null}),
        json!({"spec": {"tlsSecurityProfile": null, "tlsAdherence": null, "audit": {"profile": "Default"}}}),
        json!({"spec": {"tlsSecurityProfile": {"type": ""}}}),
        json!({"spec": {"tlsSecurityProfile": {"type": "Intermediate", "intermediate": {}, "custom": null}}}),
    ] {
        assert_eq!(read(&object).as_ref(), Ok(&middle), "{object}");
    }
    let (modern, left_out) = said(json!({"type": "Modern", "modern": {}, "custom": {"ciphers": ["x"]}})).expect("read");
    assert!(modern.starts_with("TLS 1.3: ") && left_out.is_empty(), "{modern}");
    let (old, left_out) = said(json!({"type": "Old", "old": {}})).expect("read");
    assert!(old == middle.profile.words() && left_out.starts_with("VersionTLS10 VersionTLS11 "), "{left_out}");
}

/// Scenario: suites by the names of OpenSSL, some that are not served; only 1.3, with and without suites.
/// Guarantees: what is served is served, the rest is named as it was written.
#[test]
fn own_profiles_are_served_as_far_as_they_can_be() {
    let ciphers = json!(["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA", "TLS_AES_128_GCM_SHA256"]);
    let wanted = "TLS 1.2 and 1.3: TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    assert_eq!(custom(ciphers, json!("VersionTLS11")), Ok((wanted.into(), "VersionTLS11 AES128-SHA".into())));
    let three = said(json!({"type": "Modern"})).expect("read");
    assert_eq!(custom(json!([]), json!("VersionTLS13")), Ok(three.clone()));
    assert_eq!(custom(Value::Null, json!("VersionTLS13")), Ok(three));
}

/// Scenario: names that nobody knows, our own word for whatever the cluster says, nothing that can be served, half a profile of its
/// own, and fields of another type.
/// Guarantees: each is refused with its field; several at once.
#[test]
fn what_cannot_be_served_is_told_with_its_field() {
    let at = |field: &str| format!("spec.tlsSecurityProfile.{field}");
    for name in ["modern", "cluster", "Future"] {
        assert_eq!(said(json!({"type": name})), Err(vec![at(&format!("type: `{name}` is no profile"))]));
    }
    let both = custom(json!(["X", "ECDHE-RSA-AES128-GCM-SHA256"]), json!("VersionTLS9"));
    let told = vec![at("custom.minTLSVersion: `VersionTLS9` is no version of TLS"), at("custom.ciphers: `X` is no suite")];
    assert_eq!(both, Err(told));
    assert_eq!(custom(json!(["AES128-SHA"]), json!("VersionTLS12")), Err(vec![at("custom.ciphers: none of them can be served")]));
    for half in
        [json!({}), json!({"ciphers": ["ECDHE-RSA-AES128-GCM-SHA256"]}), json!({"minTLSVersion": "VersionTLS12"}), Value::Null]
    {
        let told = said(json!({"type": "Custom", "custom": half}));
        assert_eq!(told, Err(vec![at("custom: a version and suites are missing")]), "{half}");
    }
    let told = custom(json!("ECDHE-RSA-AES128-GCM-SHA256"), json!("VersionTLS12")).expect_err("no list");
    assert!(told.concat().starts_with("spec: ") && told.concat().contains("expected a sequence"), "{told:?}");
}

/// Scenario: every word for who has to follow, none, and one that is new.
/// Guarantees: we follow in any case; the new word is told.
#[test]
fn a_strange_word_for_who_follows_is_told() {
    let strange = |word: Value| read(&json!({"spec": {"tlsAdherence": word}})).expect("read").strange_adherence;
    for word in [Value::Null, json!(""), json!("LegacyAdheringComponentsOnly"), json!("StrictAllComponents")] {
        assert_eq!(strange(word.clone()), None, "{word}");
    }
    assert_eq!(strange(json!("Everybody")), Some("Everybody".to_owned()));
}
