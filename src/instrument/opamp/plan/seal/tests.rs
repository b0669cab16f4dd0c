use crate::opamp::plan::Plan;
use sha2::{Digest, Sha256};

/// What stands before the hash and behind it: with the right hash between them, is it a plan that fits?
fn check(before: &str, member: &str, after: &str) -> bool {
    let digest = Sha256::digest(format!("{before}{after}").trim());
    let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Plan::verify(format!("{before}{}{after}", member.replace("HASH", &hash)).as_bytes()).is_ok()
}

const MEMBER: &str = r#""hash":"HASH","#;

/// Scenario: texts as controllers write them: compact, with spaces, with `hash` in other places too: in a name, in a value, deeper
/// down, escaped; with a new line at the end. Guarantees: the hash covers all of the text but the member itself and the comma
/// behind it.
#[test]
fn the_hash_covers_the_text_around_it() {
    let after = r#""instruments":[],"next":[{"at":"x","hash":"00000000000000000000000000000000"}]}"#;
    for before in [
        r#"{"schema":1,"component":"a/b","#,
        r#"{"schema":1,"component":"\"hash\":\"x\",","#,
        r#"{"schema":1,"component":"hash","#,
        r#"{"x":{"hash":"y","z":[{"hash":"w","v":1}]},"#,
        r#"{"x":"\\","#,
        "{",
    ] {
        assert!(check(before, MEMBER, after), "{before}");
        assert!(check(before, "\"hash\" :\n \"HASH\" ,", after), "{before}");
    }
    assert!(check("{ \"schema\": 1,\n  ", "\"hash\": \"HASH\",", "\n  \"tail\": []\n}\n"));
}

/// Scenario: texts without a hash, with one that is none, deeper down only, as the last member, or that end too soon; and a right
/// one with each of its bytes changed. Guarantees: none of them fits.
#[test]
fn what_does_not_fit_is_told() {
    let (before, after) = (r#"{"schema":1,"component":"a/b","#, r#""tail":[]}"#);
    assert!(check(before, MEMBER, after));
    for (before, member, after) in [
        (before, "", after),
        (before, r#""hash":"","#, after),
        (before, r#""hash":7,"#, after),
        (before, r#""h\u0061sh":"HASH","#, after),
        (r#"{"x":{"y":1,"#, MEMBER, r#""z":1}}"#),
        (r#"{"schema":1,"#, r#""hash":"HASH""#, "}"),
        (r#"{"schema":1,"#, r#""hash":"HASH"#, ""),
        ("", "", ""),
    ] {
        assert!(!check(before, member, after), "{before}{member}{after}");
    }
    let digest = Sha256::digest(format!("{before}{after}"));
    let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let right = format!(r#"{before}"hash":"{hash}",{after}"#);
    for at in 0..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong[at] ^= 1;
        assert!(Plan::verify(&wrong).is_err(), "{}", String::from_utf8_lossy(&wrong));
    }
    assert!(Plan::verify(right.as_bytes()).is_ok());
}
