//! Versions, suites and HTTP/2 as flags choose them, seen from outside by clients of each kind.
//! What a name means is tested beside `auth::tls`; here is the whole process on loopback.

use super::{
    client::{Authority, Client},
    flags,
};
use crate::support::{Pointsman, run};
use rustls::ProtocolVersion;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};
use tempfile::TempDir;

/// A server with these flags beside its certificate, and who signs.
fn start(more: &[&str]) -> (Pointsman, Authority, TempDir) {
    let (ours, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    ours.pair().write(folder.path());
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, ours.pem()).expect("the folder takes files");
    let (pair, ca) = (flags(folder.path()), ca.display().to_string());
    let all: Vec<&str> = pair
        .iter()
        .map(String::as_str)
        .chain(["--client-ca-file", &ca, "--ignore-paths=/api/v1/health,/api/v1/faults"])
        .chain(more.iter().copied())
        .collect();
    (Pointsman::start(&all), ours, folder)
}

/// What a client comes to: version and protocol.
fn agreed(client: &Client, server: &Pointsman) -> (Option<ProtocolVersion>, Option<Vec<u8>>) {
    let stream = client.connect(server.read).expect("a handshake");
    (stream.conn.protocol_version(), stream.conn.alpn_protocol().map(<[u8]>::to_vec))
}

/// Scenario: a client that would take either protocol, without and with `--http2-disable`; readers are asked for certificates.
/// Guarantees: HTTP/2, then HTTP/1.1; a certificate of a stranger ends no handshake.
#[test]
fn krp_42_http2_can_be_turned_off() {
    for (more, wanted) in [(&[][..], &b"h2"[..]), (&["--http2-disable"], b"http/1.1")] {
        let (server, ours, _folder) = start(more);
        let both = ["h2", "http/1.1"];
        let stranger = Authority::named("stranger").sender(Some("prometheus"), (2020, 2090));
        for client in [ours.client(&both), ours.client_showing(&stranger, &both)] {
            assert_eq!(agreed(&client, &server), (Some(ProtocolVersion::TLSv1_3), Some(wanted.to_vec())));
        }
    }
}

/// Scenario: the profiles Old and Modern, and suites of which one is served.
/// Guarantees: the API shows what is served, and a fault names what was left out.
#[test]
fn t26_the_api_shows_what_is_served_and_what_is_left_out() {
    let suites = "--tls-cipher-suites=ECDHE-ECDSA-AES128-GCM-SHA256,AES128-SHA";
    for (flag, served, left_out) in [
        ("--tls-profile=Old", "TLS 1.2 and 1.3: ", Some("VersionTLS10, VersionTLS11, ")),
        ("--tls-profile=Modern", "TLS 1.3: ", None),
        (suites, "TLS 1.2 and 1.3: ", Some("AES128-SHA;")),
    ] {
        let (server, ours, _folder) = start(&[flag]);
        let reader = ours.client(&["http/1.1"]);
        let health = reader.get(server.read, "/api/v1/health").json();
        assert!(health["item"]["tlsProfile"].as_str().is_some_and(|words| words.starts_with(served)), "{health}");
        let faults = reader.get(server.read, "/api/v1/faults").json()["items"].clone();
        assert_eq!(faults.as_array().map(Vec::len), Some(left_out.map_or(0, |_| 1)), "{faults}");
        if let Some(names) = left_out {
            assert_eq!(faults[0]["code"], "PM0507");
            assert!(faults[0]["message"].as_str().is_some_and(|text| text.contains(names)), "{faults}");
        }
    }
}

/// Scenario: names of a version and a suite that nobody knows, an authority that is not there; then suites of which none is
/// served.
/// Guarantees: the start is refused, with every mistake.
#[test]
fn t26_a_start_with_nothing_to_serve_is_refused() {
    let (ours, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    ours.pair().write(folder.path());
    let pair = flags(folder.path());
    let serve = ["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    let start = |more: &[&str]| {
        let all: Vec<&str> = serve.into_iter().chain(pair.iter().map(String::as_str)).chain(more.iter().copied()).collect();
        run(&all, &[])
    };
    let (code, _, said) = start(&["--tls-min-version=TLS9", "--tls-cipher-suites=TLS_NULL", "--client-ca-file=/nowhere"]);
    let wanted = ["`TLS9`", "`TLS_NULL`", "--client-ca-file", "PM0505"];
    assert!(code == 2 && wanted.iter().all(|text| said.contains(text)), "{said}");
    let (code, _, said) = start(&["--tls-cipher-suites=AES128-SHA,RC4-SHA"]);
    assert!(code == 2 && said.contains("none of them can be served"), "{said}");
}

/// A ClientHello that offers TLS up to this version and no newer one, with suites of all ages.
pub(crate) fn hello(minor: u8) -> Vec<u8> {
    let suites: [u8; 10] = [0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x09, 0xc0, 0x13, 0x00, 0x2f];
    let groups: [u8; 12] = [0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, 0x00, 0x0b, 0x00, 0x02];
    let signatures: [u8; 8] = [0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03]; // so that only the version is wrong
    let extensions: Vec<u8> = groups.into_iter().chain([0x01, 0x00]).chain(signatures).collect();
    let mut body = vec![3, minor];
    body.extend([7; 32]); // random
    body.push(0); // no session
    body.extend([0, 10]);
    body.extend(suites);
    body.extend([1, 0]); // no compression
    body.extend([0, u8::try_from(extensions.len()).expect("it is short")]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).expect("it is short");
    let handshake: Vec<u8> = [1, 0, 0, length].into_iter().chain(body).collect();
    [22, 3, 1, 0, length + 4].into_iter().chain(handshake).collect()
}

/// Scenario: clients that speak TLS 1.0 and 1.1 alone, on each listener; by default, and where flags ask for just these versions.
/// Guarantees: the first answer is a fatal alert about the version, and nothing after it.
#[test]
fn krp_44_old_versions_are_refused() {
    for more in [&[][..], &["--tls-min-version=VersionTLS10"], &["--tls-profile=Old"]] {
        let (server, _ours, _folder) = start(more);
        for (minor, addr) in
            [1, 2].into_iter().flat_map(|minor| [server.read, server.http, server.grpc].map(|addr| (minor, addr)))
        {
            let mut tcp = TcpStream::connect(addr).expect("a connection");
            tcp.write_all(&hello(minor)).expect("it is read");
            let mut answer = Vec::new();
            tcp.read_to_end(&mut answer).expect("an answer");
            assert!(matches!(answer[..], [21, 3, _, 0, 2, 2, 70]), "{more:?}: 1.{}: {answer:?}", minor - 1);
        }
    }
}
