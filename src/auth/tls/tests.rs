use super::{
    Look, Reloader, chain,
    pair::{Files, Offer, PairError, Terms},
    profile::{Asked, Profile},
};
use expect_test::{Expect, expect};
use pointsman_core::{
    limits,
    model::clock::{Mono, SECOND, Wall},
};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ProtocolVersion;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// November 2026.
const NOW: Wall = Wall(1_795_305_600_000_000_000);
const TICK: u64 = limits::TLS_RELOAD_MS * 1_000_000;

/// Certificate and key in PEM, valid to the end of a year.
fn pem(year: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    (params.not_before, params.not_after) = (date_time_ymd(year - 2, 1, 1), date_time_ymd(year, 12, 31));
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

/// A folder with a pair, and a clock that counts looks.
struct Folder {
    path: TempDir,
    looks: u64,
}

impl Folder {
    fn new(certificate: &str, key: &str) -> Self {
        let folder = Self { path: TempDir::new().expect("a folder"), looks: 0 };
        folder.write("tls.crt", certificate);
        folder.write("tls.key", key);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("the folder takes files");
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.path().join(name)
    }

    fn files(&self) -> Files {
        Files { certificate: self.at("tls.crt"), key: self.at("tls.key") }
    }

    /// The next looks, in words; the folder's path is left out.
    fn looks(&mut self, reloader: &Reloader, times: usize) -> String {
        let look = |_| {
            self.looks += 1;
            match reloader.look(Mono(self.looks * TICK), NOW) {
                Look::Same => "same".to_owned(),
                Look::Taken => "taken".to_owned(),
                Look::Waiting => "waiting".to_owned(),
                Look::Refused(error) => format!("refused: {}", self.plain(&chain(error.as_ref()))),
            }
        };
        (0..times).map(look).collect::<Vec<_>>().join("\n")
    }

    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.path.path().display()), "")
    }
}

/// Scenario: files that are no pair, at the start.
/// Guarantees: each is refused with its cause.
#[test]
fn what_is_no_pair_is_refused_at_the_start() {
    let ((certificate, key), (_, other)) = (pem(2027), pem(2027));
    let check = |certificate: &str, key: &str, want: Expect| {
        let folder = Folder::new(certificate, key);
        let error = Reloader::open(folder.files(), Terms::default()).expect_err("no pair");
        want.assert_eq(&folder.plain(&chain(&error)));
    };
    check(&certificate, &other, expect!["match the certificate and its key: keys may not be consistent: KeyMismatch"]);
    check("", &key, expect!["read a certificate in tls.crt: there is none"]);
    check(&key, &key, expect!["read a certificate in tls.crt: there is none"]);
    check(&certificate, &certificate, expect!["read a private key in tls.key: there is none"]);
    check(certificate.trim_end().trim_end_matches('-'), &key, expect!["read a certificate in tls.crt: its end is missing"]);
    let huge = " ".repeat(usize::try_from(limits::TLS_FILE_BYTES_MAX).expect("it fits") + 1);
    check(&huge, &key, expect!["read tls.crt: it is larger than any certificate chain"]);
    let folder = Folder::new(&certificate, &key);
    fs::remove_file(folder.at("tls.key")).expect("it was there");
    fs::create_dir(folder.at("tls.key")).expect("a folder instead");
    let error = Reloader::open(folder.files(), Terms::default()).expect_err("no file");
    assert!(matches!(error, PairError::Read { .. }), "{error:?}");
}

/// Scenario: the pair changes in the three ways that writers have: a rename over each file, other files behind symbolic
/// links, and the folder swap by which the kubelet renews a mounted Secret.
/// Guarantees: each is taken at the next look, and the one after finds it the same.
#[test]
fn a_new_pair_is_taken_however_it_comes() {
    let ((first, first_key), (second, second_key)) = (pem(2027), pem(2028));
    let mut folder = Folder::new(&first, &first_key);
    let reloader = Reloader::open(folder.files(), Terms::default()).expect("a pair");
    folder.write("new.crt", &second);
    folder.write("new.key", &second_key);
    fs::rename(folder.at("new.crt"), folder.at("tls.crt")).expect("renamed");
    fs::rename(folder.at("new.key"), folder.at("tls.key")).expect("renamed");
    assert_eq!(folder.looks(&reloader, 2), "taken\nsame");

    let ends = |reloader: &Reloader| reloader.served().validity.expect("it is read").until_secs;
    let was = ends(&reloader);
    for (name, text) in [("tls.crt", &first), ("tls.key", &first_key)] {
        folder.write(&format!("{name}.1"), text);
        fs::remove_file(folder.at(name)).expect("it was there");
        symlink(folder.at(&format!("{name}.1")), folder.at(name)).expect("linked");
    }
    assert_eq!(folder.looks(&reloader, 2), "taken\nsame");
    assert!(ends(&reloader) < was, "the other certificate is served");

    let mount = |stamp: &str, certificate: &str, key: &str| {
        fs::create_dir(folder.at(stamp)).expect("a folder of this moment");
        folder.write(&format!("{stamp}/tls.crt"), certificate);
        folder.write(&format!("{stamp}/tls.key"), key);
        symlink(Path::new(stamp), folder.at("..data_tmp")).expect("linked");
        fs::rename(folder.at("..data_tmp"), folder.at("..data")).expect("swapped");
    };
    mount("..2026_1", &first, &first_key);
    for name in ["tls.crt", "tls.key"] {
        fs::remove_file(folder.at(name)).expect("it was there");
        symlink(Path::new("..data").join(name), folder.at(name)).expect("linked");
    }
    mount("..2026_2", &second, &second_key);
    assert_eq!(folder.looks(&reloader, 2), "taken\nsame");
    assert_eq!((ends(&reloader), reloader.looks().taken(), reloader.looks().refused()), (was, 3, 0));
}

/// Scenario: the certificate comes first; then its key. Later a wrong key comes and stays, changes into no key at all,
/// and goes.
/// Guarantees: what lasts less than the patience is never told; what lasts is told once per cause, and forgotten when the
/// files fit again; the last good pair is served throughout.
#[test]
fn a_torn_pair_waits_and_a_wrong_one_is_told_once() {
    let ((first, first_key), (second, second_key), (_, wrong)) = (pem(2027), pem(2028), pem(2028));
    let mut folder = Folder::new(&first, &first_key);
    let reloader = Reloader::open(folder.files(), Terms::default()).expect("a pair");
    folder.write("tls.crt", &second);
    assert_eq!(folder.looks(&reloader, 3), "waiting\nwaiting\nwaiting");
    folder.write("tls.key", &second_key);
    assert_eq!(folder.looks(&reloader, 1), "taken");

    folder.write("tls.key", &wrong);
    expect![[r#"
        waiting
        waiting
        waiting
        refused: match the certificate and its key: keys may not be consistent: KeyMismatch
        waiting
        waiting"#]]
    .assert_eq(&folder.looks(&reloader, 6));
    folder.write("tls.key", "");
    expect![[r#"
        refused: read a private key in tls.key: there is none
        waiting"#]]
    .assert_eq(&folder.looks(&reloader, 2));
    assert!(reloader.looks().trouble().is_some());
    folder.write("tls.key", &second_key);
    assert_eq!(folder.looks(&reloader, 1), "same");
    assert!(reloader.looks().trouble().is_none());
    assert_eq!((reloader.looks().taken(), reloader.looks().refused()), (1, 2));
}

/// Scenario: the served certificate is valid; the new one has ended, then the newer one has not begun; at last a good one.
/// Guarantees: none that is not valid replaces one that is. At the start there is none to keep: what is there is served.
#[test]
fn a_certificate_of_another_time_does_not_replace_a_valid_one() {
    let (good, ended, early, better) = (pem(2027), pem(2025), pem(2030), pem(2028));
    let mut folder = Folder::new(&good.0, &good.1);
    let reloader = Reloader::open(folder.files(), Terms::default()).expect("a pair");
    for (certificate, key) in [&ended, &early] {
        folder.write("tls.crt", certificate);
        folder.write("tls.key", key);
        assert!(folder.looks(&reloader, 4).starts_with("waiting"));
    }
    assert_eq!(
        reloader.looks().trouble().map(|error| error.to_string()).as_deref(),
        Some("the new certificate is not valid at this time")
    );
    folder.write("tls.crt", &better.0);
    folder.write("tls.key", &better.1);
    assert_eq!(folder.looks(&reloader, 1), "taken");
    let late = Folder::new(&ended.0, &ended.1);
    assert!(
        Reloader::open(late.files(), Terms::default())
            .expect("a pair")
            .served()
            .validity
            .expect("it is read")
            .has_ended(NOW.0 / SECOND)
    );
}

/// Scenario: another profile while a pair is served, the same once more; then a new pair comes, and
/// authorities are asked for anew.
/// Guarantees: new connections are offered the profile that was said last, whatever else changes.
#[test]
fn another_profile_is_offered_and_stays() {
    let (first, second) = (pem(2027), pem(2028));
    let mut folder = Folder::new(&first.0, &first.1);
    let reloader = Reloader::open(folder.files(), Terms::default()).expect("a pair");
    let modern = Profile::of(Asked { profile: Some("Modern"), ..Asked::default() }).expect("known");
    let only_13 = |reloader: &Reloader| {
        let served = reloader.served();
        let config = served.config(Offer::Read);
        config.crypto_provider().cipher_suites.iter().all(|suite| suite.version().version == ProtocolVersion::TLSv1_3)
    };
    assert!(!only_13(&reloader) && reloader.offer(modern.clone()).expect("served"));
    assert!(only_13(&reloader) && !reloader.offer(modern.clone()).expect("the same"));
    folder.write("tls.crt", &second.0);
    folder.write("tls.key", &second.1);
    assert_eq!(folder.looks(&reloader, 1), "taken");
    reloader.ask_anew().expect("served");
    assert!(only_13(&reloader) && reloader.profile() == modern);
    assert!(reloader.offer(Profile::default()).expect("served") && !only_13(&reloader));
}

/// Scenario: what a pair offers.
/// Guarantees: TLS 1.2 and 1.3 only, no early data, HTTP/2 alone where HTTP/1 has no business; `Debug` shows no key.
#[test]
fn a_pair_offers_no_old_protocol() {
    let (certificate, key) = pem(2027);
    let folder = Folder::new(&certificate, &key);
    let reloader = Reloader::open(folder.files(), Terms::default()).expect("a pair");
    let served = reloader.served();
    for (protocols, names) in [(Offer::Grpc, &[&b"h2"[..]][..]), (Offer::Http, &[b"h2", b"http/1.1"])] {
        let config = served.config(protocols);
        assert_eq!(config.alpn_protocols, names);
        assert_eq!(config.max_early_data_size, 0);
        let versions: Vec<_> = config.crypto_provider().cipher_suites.iter().map(|suite| suite.version().version).collect();
        assert!(versions.iter().all(|v| [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3].contains(v)), "{versions:?}");
    }
    let shown = format!("{reloader:?}");
    assert!(shown.contains("Pair { validity: Some(") && !shown.contains("PRIVATE") && shown.len() < 500, "{shown}");
}
