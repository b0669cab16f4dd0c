//! Certificates, keys and authorities that change under load: whole, torn, half written, gone for a moment, and by the swap of a
//! mounted folder. `POINTSMAN_ROTATIONS=1000` makes it a thousand. Knows what clients see; not how files are looked at.

mod visitors;

use super::{
    POINT,
    client::{Authority, Client, Pair},
    flags, rename_over,
};
use crate::support::{Pointsman, now, wait};
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;
use visitors::{Crowd, Totals, VISITORS};

/// What readers may read that have shown a certificate.
const RULES: &str = "authorization:\n  static:\n  - {path: /metrics, verb: get, user: {name: 'system:serviceaccount:shop:scraper'}}\n  \
                     - {path: /metrics/self, verb: get, user: {name: 'system:serviceaccount:shop:scraper'}}\n  \
                     - {path: /api/v1/faults, verb: get, user: {name: 'system:serviceaccount:shop:scraper'}}\n";
/// A new certificate or authority is in force within this time of its last file.
const IN_FORCE_MAX: Duration = Duration::from_secs(10);
/// Of a hundred turns, so many renew an authority instead of the pair; each has two steps.
const AUTHORITY_EVERY: usize = 10;

/// How a pair comes into the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A rename over each file.
    Renamed,
    /// A symbolic link renamed over each file.
    Linked,
    /// The swap of `..data` by which the kubelet renews a mounted Secret.
    Swapped,
    /// The certificate, and the key later.
    CertificateFirst,
    /// The key, and the certificate later.
    KeyFirst,
    /// The certificate with the key of another, and its own key later.
    WrongKey,
    /// Half of each file, and the rest later.
    Half,
    /// Both files are gone, and come later.
    Gone,
}

/// The swap comes twice in a row: at the second time `..data` alone changes.
const WAYS: [Way; 9] = [
    Way::Renamed,
    Way::Linked,
    Way::Swapped,
    Way::Swapped,
    Way::CertificateFirst,
    Way::KeyFirst,
    Way::WrongKey,
    Way::Half,
    Way::Gone,
];

/// How long files are torn, by turn: under and over the time between two looks.
fn torn(turn: usize) -> Duration {
    Duration::from_millis([60, 350, 150, 240][turn % 4])
}

/// A server whose certificate and authorities are all files of one folder, and those who sign.
struct Rotating {
    server: Pointsman,
    folder: TempDir,
    ours: Authority,
    senders: Authority,
    readers: Authority,
    /// Changes that were taken over.
    taken: usize,
    /// From the last file of a change until it was in force: the longest.
    slowest: Duration,
}

impl Rotating {
    fn start() -> Self {
        let [ours, senders, readers] = ["ours", "senders", "readers"].map(Authority::named);
        let folder = TempDir::new().expect("a folder");
        ours.pair().write(folder.path());
        for (name, text) in [("senders.crt", senders.pem()), ("readers.crt", readers.pem()), ("rules.yaml", RULES)] {
            fs::write(folder.path().join(name), text).expect("the folder takes files");
        }
        let flag = |name: &str, file: &str| format!("--{name}={}", folder.path().join(file).display());
        let more = [
            flag("otlp-client-ca-file", "senders.crt"),
            flag("client-ca-file", "readers.crt"),
            flag("config-file", "rules.yaml"),
            "--tls-reload-interval=100ms".to_owned(), // so that torn files are looked at while they are
        ];
        let server = Pointsman::start(&flags(folder.path()).iter().chain(&more).map(String::as_str).collect::<Vec<_>>());
        Self { server, folder, ours, senders, readers, taken: 0, slowest: Duration::ZERO }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("the folder takes files");
    }

    fn crowd(&self, generation: usize) -> Crowd {
        Crowd::new(generation, &self.ours, &self.senders, &self.readers)
    }

    /// Waits until a change is in force, whose last file is there now.
    fn in_force(&mut self, what: &str, is_in_force: impl Fn(&Self) -> bool) {
        let began = now();
        wait(what, || is_in_force(self).then_some(()));
        let took = began.elapsed();
        assert!(took < IN_FORCE_MAX, "{what}: in force after {took:?}");
        (self.taken, self.slowest) = (self.taken + 1, self.slowest.max(took));
    }

    /// Renews the pair. Until all of it is there the one before is shown, and then it, on every listener.
    fn renew_pair(&mut self, way: Way, turn: usize) -> Pair {
        let client = self.ours.client(&["http/1.1", "h2"]);
        let shown = |server: &Pointsman| client.shown(server.read).expect("no failed handshake");
        let (before, next) = (shown(&self.server), self.ours.pair());
        bring(self, &next, (way, turn), || assert_eq!(shown(&self.server), before, "{way:?}: the last good pair is shown"));
        self.in_force(&format!("{way:?} in turn {turn}"), |this| {
            let shown = shown(&this.server);
            assert!(shown == before || next.is(&shown), "{way:?}: neither the old nor the new");
            shown != before
        });
        for port in [self.server.grpc, self.server.http] {
            assert!(next.is(&client.shown(port).expect("no failed handshake")), "{way:?}: every listener has it");
        }
        next
    }

    /// Renews an authority as its owner does: both for a while, everybody gets a certificate of the new one, then it alone.
    fn renew_authority(&mut self, crowd: &RwLock<Crowd>, turn: usize) {
        let is_sending = (turn / AUTHORITY_EVERY).is_multiple_of(2);
        let (name, file) = if is_sending { ("senders", "senders.crt") } else { ("readers", "readers.crt") };
        let next = Authority::named(name);
        let old = if is_sending { &self.senders } else { &self.readers };
        let [before, after] = [old, &next].map(|authority| visitors::one(&self.ours, authority));
        let status = move |server: &Pointsman, client: &Client| match is_sending {
            true => client.http(server.http, "POST", "/v1/metrics", POINT),
            false => client.http(server.read, "GET", "/metrics", ""),
        };
        let status = move |server: &Pointsman, client: &Client| status(server, client).expect("no failed handshake").status;
        let both = [old.pem(), next.pem()].concat();
        let half = begin(&both, old.pem().len() + next.pem().len() / 2);
        self.put(file, half);
        thread::sleep(torn(turn));
        assert_eq!((status(&self.server, &before), status(&self.server, &after)), (200, 401), "half an authority is none");
        rename_over(self.folder.path(), file, |new| fs::write(new, &both).expect("the folder takes files"));
        self.in_force(&format!("both {name}"), |this| {
            assert_eq!(status(&this.server, &before), 200, "it is still in force");
            status(&this.server, &after) == 200
        });
        let alone = next.pem().to_owned();
        if is_sending {
            self.senders = next
        } else {
            self.readers = next
        }
        // The lock is had when nobody is on the way with a certificate of before.
        let mut crowd = crowd.write().expect("nobody has panicked");
        *crowd = self.crowd(crowd.generation + 1);
        drop(crowd);
        self.put(file, &alone);
        self.in_force(&format!("the new {name} alone"), |this| {
            assert_eq!(status(&this.server, &after), 200, "it is in force");
            status(&this.server, &before) == 401
        });
    }

    /// A key of another pair, and something that is no authority, lie there until it is told; then the pair is mended.
    fn tell(&mut self, crowd: &RwLock<Crowd>) {
        let reader = crowd.read().expect("nobody has panicked").reader();
        let read = self.server.read;
        let faults = || reader.get(read, "/api/v1/faults").json()["items"].clone();
        let (next, alone) = (self.ours.pair(), self.senders.pem().to_owned());
        rename_over(self.folder.path(), "tls.key", |new| fs::write(new, &next.key).expect("the folder takes files"));
        self.put("senders.crt", "no authority");
        self.server.wait_for_log("the new certificate is refused, the last good one stays");
        self.server.wait_for_log("new client authorities are refused, the last good ones stay");
        let told = faults();
        let codes: Vec<_> = told.as_array().into_iter().flatten().map(|fault| fault["code"].clone()).collect();
        assert_eq!(codes, ["PM0504", "PM0505"], "{told}");
        rename_over(self.folder.path(), "tls.crt", |new| fs::write(new, &next.certificate).expect("the folder takes files"));
        self.put("senders.crt", &alone);
        let client = self.ours.client(&["http/1.1"]);
        self.in_force("the mended pair", |this| next.is(&client.shown(this.server.read).expect("no failed handshake")));
        wait("no fault", || (faults() == serde_json::json!([])).then_some(()));
    }

    /// A line of our own metrics.
    fn own_line(&self, reader: &Client, name: &str, label: &str) -> f64 {
        let text = reader.get(self.server.read, "/metrics/self").text();
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(label));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{name} with {label}: {text}"))
    }
}

/// So many bytes of a text in PEM.
fn begin(pem: &str, bytes: usize) -> &str {
    pem.get(..bytes).expect("it is ASCII, and longer")
}

/// Brings a pair into the folder. While it is not all there for a time, `meanwhile` looks.
fn bring(rotating: &Rotating, pair: &Pair, (way, turn): (Way, usize), meanwhile: impl Fn()) {
    let folder = rotating.folder.path();
    let renamed = |name: &str, text: &str| {
        rename_over(folder, name, |new| fs::write(new, text).expect("the folder takes files"));
    };
    let later = || {
        thread::sleep(torn(turn));
        meanwhile();
    };
    let both = || {
        renamed("tls.crt", &pair.certificate);
        renamed("tls.key", &pair.key);
    };
    match way {
        Way::Renamed => both(),
        Way::Linked | Way::Swapped => through_links(pair, folder, (way, turn)),
        Way::CertificateFirst => {
            renamed("tls.crt", &pair.certificate);
            later();
            renamed("tls.key", &pair.key);
        }
        Way::KeyFirst => {
            renamed("tls.key", &pair.key);
            later();
            renamed("tls.crt", &pair.certificate);
        }
        Way::WrongKey => {
            renamed("tls.crt", &pair.certificate);
            renamed("tls.key", &rotating.ours.pair().key);
            later();
            renamed("tls.key", &pair.key);
        }
        Way::Half => {
            rotating.put("tls.crt", begin(&pair.certificate, pair.certificate.len() / 2));
            rotating.put("tls.key", begin(&pair.key, pair.key.len() / 2));
            later();
            rotating.put("tls.crt", &pair.certificate);
            rotating.put("tls.key", &pair.key);
        }
        Way::Gone => {
            for name in ["tls.crt", "tls.key"] {
                fs::remove_file(folder.join(name)).expect("it was there");
            }
            later();
            both();
        }
    }
}

/// A folder of this moment, to which the files lead, or to which `..data` leads through which they do.
fn through_links(pair: &Pair, folder: &Path, (way, turn): (Way, usize)) {
    let stamp = format!("..{turn}");
    fs::create_dir(folder.join(&stamp)).expect("a folder of this moment");
    pair.write(&folder.join(&stamp));
    let through = if way == Way::Linked { stamp.as_str() } else { "..data" };
    if way == Way::Swapped {
        rename_over(folder, "..data", |new| symlink(&stamp, new).expect("linked"));
    }
    for name in ["tls.crt", "tls.key"] {
        let leads_to = Path::new(through).join(name);
        if !fs::read_link(folder.join(name)).is_ok_and(|there| there == leads_to) {
            rename_over(folder, name, |new| symlink(leads_to, new).expect("linked"));
        }
    }
}

/// How many changes there are; `POINTSMAN_ROTATIONS` says it otherwise.
fn rotations() -> usize {
    std::env::var("POINTSMAN_ROTATIONS").ok().map_or(20, |n| n.parse().expect("a number"))
}

/// Scenario: senders and readers, with certificates and without, over HTTP/1.1, HTTP/2 and gRPC, on new, resumed and kept
/// connections, come again and again while the pair and both authorities are renewed: by renames, links and the swap of a mounted
/// folder; the certificate or the key first, with another's key, half written, gone; authorities beside the old ones, then alone.
/// At the end a wrong key and a file that is no authority stay.
/// Guarantees: no handshake and no request of those who may come fails; every change is taken over once, and within ten seconds;
/// until it is whole the last good one is in force; what stays wrong is told as faults, log lines and a metric; nothing ends.
#[test]
fn certificates_rotate_under_load() {
    let (mut rotating, stop, totals) = (Rotating::start(), AtomicBool::new(false), Totals::default());
    let doors = [rotating.server.grpc, rotating.server.http, rotating.server.read];
    let crowd = RwLock::new(rotating.crowd(0));
    let began = now();
    thread::scope(|scope| {
        let _ends = Ends(&stop); // also when a change goes wrong: else the visitors are waited for
        for at in 0..VISITORS.len() {
            let (stop, totals, crowd) = (&stop, &totals, &crowd);
            scope.spawn(move || visitors::come(at, doors, crowd, (totals, stop)));
        }
        for turn in 0..rotations() {
            if turn % AUTHORITY_EVERY == AUTHORITY_EVERY - 1 {
                rotating.renew_authority(&crowd, turn);
            } else {
                let way = WAYS[turn % AUTHORITY_EVERY % WAYS.len()];
                rotating.renew_pair(way, turn);
            }
            totals.assert_no_failure();
            let enough = totals.done() + VISITORS.len();
            wait("more visits", || (totals.done() >= enough).then_some(()));
        }
        rotating.tell(&crowd);
    });
    totals.assert_no_failure();
    totals.say(&format!(
        "{} changes, {}, the slowest took {:?}; {:?}",
        rotations(),
        rotating.taken,
        rotating.slowest,
        began.elapsed()
    ));
    assert!(totals.least() > 0 && totals.resumed() > 0, "everybody came, and some resumed: {totals:?}");
    let reader = crowd.read().expect("nobody has panicked").reader();
    let taken = rotating.own_line(&reader, "pointsman_tls_reload_total", "\"taken\"");
    assert_eq!(taken, f64::from(u32::try_from(rotating.taken).expect("few")));
    assert_eq!(rotating.own_line(&reader, "pointsman_tls_reload_total", "\"refused\""), 2.0);
    for outcome in ["\"failed\"", "\"late\""] {
        assert_eq!(rotating.own_line(&reader, "pointsman_tls_handshake_total", outcome), 0.0, "{outcome}");
    }
}

/// Stops the visitors when it goes.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Scenario: the pair and then the authority of senders are renewed once each while files are looked at as often as by default.
/// Guarantees: either is in force within ten seconds.
#[test]
fn by_default_a_renewal_is_in_force_within_ten_seconds() {
    let (ours, senders, next) = (Authority::named("ours"), Authority::named("senders"), Authority::named("next"));
    let folder = TempDir::new().expect("a folder");
    ours.pair().write(folder.path());
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, senders.pem()).expect("the folder takes files");
    let (pair, flag) = (flags(folder.path()), format!("--otlp-client-ca-file={}", ca.display()));
    let server = Pointsman::start(&pair.iter().map(String::as_str).chain([flag.as_str()]).collect::<Vec<_>>());
    let (began, renewed, client) = (now(), ours.pair(), visitors::one(&ours, &next));
    renewed.write(folder.path());
    fs::write(&ca, next.pem()).expect("the folder takes files");
    wait("the new certificate", || renewed.is(&client.shown(server.read).expect("no failed handshake")).then_some(()));
    let may_send = || client.http(server.http, "POST", "/v1/metrics", POINT).expect("an answer").status == 200;
    wait("the new authority", || may_send().then_some(()));
    assert!(began.elapsed() < IN_FORCE_MAX, "in force after {:?}", began.elapsed());
}
