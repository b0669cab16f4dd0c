use super::{Keys, Scraper};
use crate::{
    app::drain::pair,
    config::watch::{Scrape, Scraped},
};
use expect_test::{Expect, expect};
use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_core::model::clock::{Mono, Wall};
use pointsman_instrument::{Telemetry, span::Place};
use pointsman_watch::{
    Kind, Watch, Watcher, World,
    limits::SCRAPE_BYTES_MAX,
    scrape::{ScrapeFailure, Scraped as Samples, Target},
    watch::Observed,
    world::Change,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{fs, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "daemons.test.svc";
const BODY: &str = "mcd_kubelet_state 3\nmcd_state{state=\"Done\",reason=\"\"} 1.7e9\n";

/// What an endpoint does once TLS stands.
#[derive(Clone, Copy)]
enum Does {
    /// It looks at the token, and answers.
    Answers(&'static str, &'static str),
    /// More than anybody needs.
    Floods,
    /// It says nothing.
    Hangs,
}

/// A role that only listens.
#[derive(Default)]
struct Ear {
    heard: Vec<(Target, Result<Samples, ScrapeFailure>)>,
    nodes: Vec<(Box<str>, Box<str>)>,
}

impl Watcher for Ear {
    const ROLE: &'static str = "daemon";
    const KINDS: &'static [Kind] = &[];

    fn changed(&mut self, _change: &Change, _world: &World, _now: Timestamp) -> Option<Place> {
        None
    }
    fn tick(&mut self, _world: &World, _now: Timestamp) {}
    fn attach(&mut self, _telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {}
    fn begin(&self, _world: &World) {}

    fn detach(&mut self) {}
    fn observe(_observed: &Observed<Self>) {}
    fn scraped(&mut self, target: &Target, scraped: Result<Samples, ScrapeFailure>, _now: Timestamp) {
        self.heard.push((target.clone(), scraped));
    }
}

/// An authority, a pair that it signed for [`NAME`], and files for who asks.
struct Files {
    folder: TempDir,
    server: Arc<ServerConfig>,
}

impl Files {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().expect("a key");
        let pair = CertificateParams::new(vec![NAME.to_owned()]).expect("a name").signed_by(&key, &issuer).expect("signed");
        let chain = vec![CertificateDer::from_pem_slice(pair.pem().as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("PEM");
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let server = Arc::new(builder.with_single_cert(chain, key).expect("a pair"));
        let files = Self { folder: TempDir::new().expect("a folder"), server };
        fs::write(files.at("ca.crt"), own.pem()).expect("a file");
        fs::write(files.at("token"), "good\n").expect("a file");
        files
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn how(&self, of: Scraped) -> Scrape {
        let (ca_file, token_file) = (Some(self.at("ca.crt")), Some(self.at("token")));
        Scrape { of, ca_file, token_file, server_name: Some(NAME.to_owned()), interval: Duration::from_secs(1) }
    }

    /// Serves on a port of its own, for as long as the test runs.
    async fn serve(&self, address: (Ipv4Addr, u16), does: Does) -> u16 {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let acceptor = TlsAcceptor::from(Arc::clone(&self.server));
        #[expect(clippy::disallowed_methods, reason = "the runtime of the test ends it")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who does not trust us is gone.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
                let answer = match does {
                    Does::Hangs => std::future::pending().await,
                    Does::Floods => answer("200 OK", &"# much\n".repeat(SCRAPE_BYTES_MAX / 7 + 1)),
                    Does::Answers(..) if !request.contains("authorization: bearer good\r\n") => answer("401 Unauthorized", ""),
                    Does::Answers(status, body) => answer(status, body),
                };
                stream.write_all(answer.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            }
        });
        port
    }
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Scrapes until so many answers were heard; tells them in the order of their targets.
async fn heard(how: Scrape, nodes: &[(&str, &str)], answers: usize) -> String {
    let keys = Keys::read(&how).expect("the files are there");
    let nodes = nodes.iter().map(|(name, host)| (Box::from(*name), Box::from(*host))).collect();
    let shared = Arc::new(Mutex::new(Watch::new(Ear { nodes, ..Ear::default() })));
    let now = Arc::new(|| (Mono(0), Wall(1_800_000_000_000_000_000)));
    let scraper = Scraper::new(Arc::clone(&shared), |ear: &Ear| ear.nodes.clone(), (how, keys), now);
    let ((_stopper, stop), (_listed, listed)) = (pair(), watch::channel(true));
    let is_enough = async {
        while shared.lock().watcher().heard.len() < answers {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), async {
        tokio::select! {
            () = scraper.run(listed, stop) => unreachable!("it runs until it is asked to end"),
            () = is_enough => {}
        }
    })
    .await
    .expect("answers in time");
    let watch = shared.lock();
    let mut lines: Vec<String> = (watch.watcher().heard.iter())
        .map(|(target, scraped)| match scraped {
            Ok(samples) => format!("{target:?}: {:?}\n", samples.samples.iter().map(|s| (s.family, s.value)).collect::<Vec<_>>()),
            Err(failure) => format!("{target:?}: {failure:?}\n"),
        })
        .collect();
    lines.sort();
    lines.concat()
}

/// The one answer of a controller that does this, asked in this way.
async fn check(does: Does, change: impl FnOnce(&Files, &mut Scrape), want: Expect) {
    let files = Files::new();
    let port = files.serve((Ipv4Addr::LOCALHOST, 0), does).await;
    let url = format!("https://127.0.0.1:{port}").parse().expect("a URL");
    let mut how = files.how(Scraped::Controller { url });
    change(&files, &mut how);
    want.assert_eq(&heard(how, &[], 1).await);
}

const fn as_it_is(_: &Files, _: &mut Scrape) {}

/// Scenario: an endpoint whose host does not resolve to its name, asked with its authority, its name and its token; then with
/// one of them wrong. Guarantees: only all three open it, and it is told which way it failed.
#[tokio::test]
async fn authority_name_and_token_open_it() {
    let good = Does::Answers("200 OK", BODY);
    check(good, as_it_is, expect!["Controller: [(KubeletState, 3.0)]\n"]).await;
    let other = |files: &Files, _: &mut Scrape| fs::write(files.at("token"), "bad").expect("a file");
    check(good, other, expect!["Controller: Forbidden\n"]).await;
    check(good, |_, how| how.token_file = None, expect!["Controller: Forbidden\n"]).await;
    check(good, |_, how| how.server_name = Some("other.test.svc".into()), expect!["Controller: Away\n"]).await;
    // Without one, the host is the name, and no certificate is for an address here.
    check(good, |_, how| how.server_name = None, expect!["Controller: Away\n"]).await;
    let stranger = |files: &Files, how: &mut Scrape| {
        fs::copy(Files::new().at("ca.crt"), files.at("other.crt")).expect("a file");
        how.ca_file = Some(files.at("other.crt"));
    };
    check(good, stranger, expect!["Controller: Away\n"]).await;
}

/// Scenario: an endpoint that answers with an error, a redirect, too much, or something else. Guarantees: each is told apart;
/// the token goes nowhere else.
#[tokio::test]
async fn bad_answers_are_told_apart() {
    check(Does::Answers("500 Oops", BODY), as_it_is, expect!["Controller: Refused\n"]).await;
    check(Does::Answers("302 Found", ""), as_it_is, expect!["Controller: Refused\n"]).await;
    check(Does::Answers("403 Forbidden", ""), as_it_is, expect!["Controller: Forbidden\n"]).await;
    check(Does::Floods, as_it_is, expect!["Controller: TooLarge\n"]).await;
    check(Does::Answers("200 OK", "<html>\n"), as_it_is, expect!["Controller: NotText\n"]).await;
}

/// Scenario: of three nodes' daemons one hangs, one is not there, one answers. Guarantees: the one that answers is heard in
/// every round, and so is the one that is away, while the third is still waited for; then it counts as away too.
#[tokio::test]
async fn who_hangs_stops_no_other() {
    let files = Files::new();
    let port = files.serve((Ipv4Addr::LOCALHOST, 0), Does::Answers("200 OK", BODY)).await;
    files.serve((Ipv4Addr::new(127, 0, 0, 2), port), Does::Hangs).await;
    let nodes = [("hangs", "127.0.0.2"), ("absent", "127.0.0.3"), ("works", "127.0.0.1")];
    expect![[r#"
        Node("absent"): Away
        Node("works"): [(KubeletState, 3.0)]
    "#]]
    .assert_eq(&heard(files.how(Scraped::Daemons { port }), &nodes, 2).await);
    expect![[r#"
        Node("absent"): Away
        Node("hangs"): Away
        Node("works"): [(KubeletState, 3.0)]
    "#]]
    .assert_eq(&heard(files.how(Scraped::Daemons { port }), &nodes, 3).await);
}

/// Scenario: what opens endpoints is shown for debugging. Guarantees: the token is not in it; a file that is missing is named.
#[test]
fn a_token_is_never_shown() {
    let files = Files::new();
    let how = files.how(Scraped::Daemons { port: 9001 });
    let keys = Keys::read(&how).expect("the files are there");
    assert_eq!(format!("{:?}", keys.token), "Some(Token(…))");
    fs::remove_file(files.at("token")).expect("it was there");
    let error = Keys::read(&how).err().expect("a file is missing");
    assert!(error.to_string().ends_with("/token"), "{error}");
}
