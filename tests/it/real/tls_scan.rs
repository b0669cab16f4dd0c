//! Scanners judge TLS on every listener: sslyze by Mozilla's recommendations, and testssl.sh by whatever it finds, for each profile.
//! Knows what a certificate needs to pass, so that every finding is about the listener.

use super::{peers::tool, stage::today};
use crate::{support::Pointsman, tls::client::Client};
use jiff::{SignedDuration, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use std::{fs, net::SocketAddr, path::Path, process::Command, thread};
use tempfile::TempDir;

/// How testssl.sh calls what is bad. A warning is about a look that it could not take.
const BAD: [&str; 4] = ["MEDIUM", "HIGH", "CRITICAL", "FATAL"];
/// Clients choose among suites that are all good, as Mozilla recommends, because they know which of them their hardware does fast.
const ORDER: &str = "cipher_order";

/// A server with a certificate that nothing can be said against, and the folder of both.
struct Scanned {
    server: Pointsman,
    folder: TempDir,
    authority: CertificateDer<'static>,
}

impl Scanned {
    fn start(profile: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let authority = certificate(folder.path());
        let at = |flag: &str, file: &str| format!("{flag}={}", folder.path().join(file).display());
        let (certificate, key) = (at("--tls-cert-file", "tls.crt"), at("--tls-private-key-file", "tls.key"));
        let server = Pointsman::start(&[&certificate, &key, &format!("--tls-profile={profile}")]);
        Self { server, folder, authority }
    }

    fn doors(&self) -> [(&'static str, SocketAddr); 3] {
        [("gRPC", self.server.grpc), ("HTTP", self.server.http), ("readers", self.server.read)]
    }

    /// What sslyze says of one port: whether it complies, its words, and all that it found.
    fn sslyze(&self, addr: SocketAddr, config: &str) -> (bool, String, Value) {
        let out = self.folder.path().join(format!("{}.{config}.json", addr.port()));
        let output = Command::new(tool("python"))
            .args(["-m", "sslyze", "--sni", "localhost"])
            .args([format!("--mozilla_config={config}"), format!("--json_out={}", out.display())])
            .arg(format!("--certinfo_ca_file={}", self.folder.path().join("ca.crt").display()))
            .arg(addr.to_string())
            .output()
            .expect("sslyze runs");
        let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let found = fs::read(&out).unwrap_or_else(|error| panic!("{error}: {words}"));
        let found: Value = serde_json::from_slice(&found).expect("a report");
        (
            output.status.success() && words.contains("OK - Compliant"),
            words,
            found["server_scan_results"][0]["scan_result"].clone(),
        )
    }

    /// What testssl.sh finds that is worse than a remark.
    fn testssl(&self, addr: SocketAddr) -> Vec<String> {
        let program = tool("testssl").canonicalize().expect("testssl.sh is there");
        let root = program.ancestors().nth(3).expect("it is in usr/bin of a folder");
        let out = self.folder.path().join(format!("{}.testssl.json", addr.port()));
        let output = Command::new("bash")
            .arg(&program)
            .args(["--warnings", "off", "--color", "0", "--nodns", "min", "--quiet", "--ip", "one"])
            .args(["--protocols", "--std", "--fs", "--server-preference", "--server-defaults", "--vulnerable"])
            .arg("--add-ca")
            .arg(self.folder.path().join("ca.crt"))
            .arg("--jsonfile")
            .arg(&out)
            .arg(addr.to_string())
            .env("TESTSSL_INSTALL_DIR", root.join("etc/testssl"))
            .current_dir(self.folder.path())
            .output()
            .expect("bash runs");
        let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let found = fs::read(&out).unwrap_or_else(|error| panic!("{error}: {words}"));
        let found: Vec<Value> = serde_json::from_slice(&found).unwrap_or_else(|error| panic!("{error}: {words}"));
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        // Each part has been there: a scan that broke off finds nothing.
        for part in ["TLS1_1", "cipherlist_AVERAGE", "PFS", "cert_trust", "heartbleed", "RC4"] {
            assert!(found.iter().any(|one| text(one, "id").starts_with(part)), "nothing of {part}: {words}");
        }
        let bad = found.iter().filter(|one| BAD.contains(&text(one, "severity").as_str()) && text(one, "id") != ORDER);
        bad.map(|one| format!("{} {}: {}", text(one, "severity"), text(one, "id"), text(one, "finding"))).collect()
    }
}

/// An authority, and a certificate of it for this host that is short-lived, says what it is for and where it would be revoked.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let day = |days: i64| {
        let date = (today() + SignedDuration::from_hours(days * 24)).to_zoned(TimeZone::UTC).date();
        let [month, day] = [date.month(), date.day()].map(|number| u8::try_from(number).expect("it is positive"));
        date_time_ymd(date.year().into(), month, day)
    };
    let mut of_authority = CertificateParams::default();
    of_authority.distinguished_name.push(DnType::CommonName, "ours");
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    of_authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    let authority = of_authority.self_signed(&key).expect("a certificate");
    let issuer = Issuer::new(of_authority, key);

    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    (params.not_before, params.not_after) = (day(-1), day(85));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec!["http://localhost/crl".to_owned()] }];
    let key = KeyPair::generate().expect("a key");
    let own = params.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in [("ca.crt", authority.pem()), ("tls.crt", own.pem()), ("tls.key", key.serialize_pem())] {
        fs::write(folder.join(name), text).expect("the folder takes files");
    }
    authority.der().clone()
}

/// Scenario: sslyze holds each listener against Mozilla's recommendation of the same name as its profile; what is served for Old
/// against the one in the middle; and what the middle serves against the newest, which it cannot meet.
/// Guarantees: all comply but the last; TLS 1.0 and 1.1 are refused, 1.2 where the newest is wanted; what of Old is left out is told.
#[test]
#[ignore = "needs the real peers that tests/run.sh builds"]
fn g16_sslyze_finds_every_listener_compliant() {
    for (profile, config) in [("Intermediate", "intermediate"), ("Modern", "modern"), ("Old", "intermediate")] {
        let scanned = Scanned::start(profile);
        for (door, addr) in scanned.doors() {
            let (is_compliant, words, found) = scanned.sslyze(addr, config);
            assert!(is_compliant, "{door} with {profile}: {words}");
            for (version, is_served) in [("1_0", false), ("1_1", false), ("1_2", profile != "Modern"), ("1_3", true)] {
                let scan = &found[format!("tls_{version}_cipher_suites")];
                let told = (&scan["status"], &scan["result"]["is_tls_version_supported"]);
                assert_eq!(told, (&"COMPLETED".into(), &is_served.into()), "{door} with {profile}: {version}");
            }
        }
        let reader = Client::trusting(scanned.authority.clone(), &["http/1.1"]);
        let faults = reader.get(scanned.server.read, "/api/v1/faults").json()["items"].clone();
        let codes: Vec<&Value> = faults.as_array().into_iter().flatten().map(|fault| &fault["code"]).collect();
        assert_eq!(codes, if profile == "Old" { vec!["PM0507"] } else { Vec::new() }, "{profile}: {faults}");
        if profile == "Intermediate" {
            let (is_compliant, words, _) = scanned.sslyze(scanned.server.read, "modern");
            assert!(!is_compliant && words.contains("TLSv1.2"), "the judge can tell them apart: {words}");
        }
    }
}

/// Scenario: testssl.sh looks at every listener with the profiles Intermediate and Modern, for versions, suites, forward secrecy, the
/// certificate and every known hole.
/// Guarantees: it looks at all of that, and finds nothing worse than a remark.
#[test]
#[ignore = "needs the real peers that tests/run.sh builds"]
fn t26_testssl_finds_nothing() {
    for profile in ["Intermediate", "Modern"] {
        let scanned = &Scanned::start(profile);
        thread::scope(|scope| {
            let scans = scanned.doors().map(|(door, addr)| (door, scope.spawn(move || scanned.testssl(addr))));
            for (door, scan) in scans {
                assert_eq!(scan.join().expect("the scan ends"), Vec::<String>::new(), "{door} with {profile}");
            }
        });
    }
}
