//! Every row of `tests/data/access/rows.tsv`, played: a whole pointsman process over TLS, a real API server with real accounts,
//! tokens and rights, real certificates. Knows the columns of the table, and nothing of why an answer is what it is.

mod front;
mod send;
pub(super) mod world;

use crate::{
    access::rows::{LOOKS, REFUSALS, Row, rows},
    support::{Reply, now, run},
    tls::{client::Authority, profiles::hello},
};
use send::{plain, send};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};
use world::{Served, World};

/// What one request may take: 3 s for all that it asks, and what a busy machine takes beside.
const LIMIT: Duration = Duration::from_millis(3_600);
/// Reads the counts without being counted: a static rule lets it in, or the path is open, and no value is missing.
const COUNTS: &str = "/metrics/self?namespace=any&name=any";

/// The counts of refusals and of answers about tokens and rights.
#[derive(Clone, Debug, Default, PartialEq)]
struct Counts {
    refused: BTreeMap<String, u64>,
    asked: BTreeMap<(char, char), u64>,
}

impl Counts {
    fn read(world: &World, served: &Served) -> Self {
        let reply = plain(world, served, "auditor", COUNTS);
        assert_eq!(reply.status, 200, "the counts can be read: {}", reply.text());
        let mut counts = Self::default();
        for line in reply.text().lines() {
            let label = |name: &str| line.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
            let value = || line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a count");
            if line.starts_with("pointsman_access_refused_total{") {
                let why = label("pointsman_access_refusal").expect("a label").to_owned();
                counts.refused.insert(why, value());
            } else if line.starts_with("pointsman_access_answers_total{") {
                let what = if label("pointsman_access_question") == Some("token") { 't' } else { 'r' };
                let outcome = match label("pointsman_access_outcome").expect("a label") {
                    "miss" => '+',
                    "hit" => '=',
                    "stale" => '~',
                    "error" => '!',
                    "limited" => '>',
                    other => other.chars().next().unwrap_or('?'),
                };
                counts.asked.insert((what, outcome), value());
            }
        }
        counts
    }

    /// What came to them since.
    fn since(&self, before: &Self) -> Self {
        fn more<K: Ord + Clone>(now: &BTreeMap<K, u64>, before: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
            let since = now.iter().map(|(key, n)| (key.clone(), n.saturating_sub(before.get(key).copied().unwrap_or(0))));
            since.filter(|(_, n)| *n > 0).collect()
        }
        Self { refused: more(&self.refused, &before.refused), asked: more(&self.asked, &before.asked) }
    }
}

/// What is wrong with the answer to a row; empty = nothing.
fn judge(row: &Row, reply: &Reply) -> Vec<String> {
    let (status, retry) = row.answer();
    let mut wrong = Vec::new();
    let mut check = |is_right: bool, what: String| wrong.extend((!is_right).then_some(what));
    check(reply.status.to_string() == status, format!("status {}, not {status}", reply.status));
    check(reply.header("location").is_none(), "a redirect".to_owned());
    check(
        reply.header("www-authenticate") == (row.refused == "unauthenticated").then_some("Bearer"),
        "WWW-Authenticate".to_owned(),
    );
    if row.refused == "method" {
        check(reply.header("allow") == Some("GET, HEAD"), "Allow".to_owned());
    }
    if row.refused == "unavailable" {
        let secs = reply.header("retry-after");
        let is_right = match retry {
            Some(_) => secs == retry,
            None => secs.is_some_and(|secs| secs.parse::<u64>().is_ok_and(|secs| (1..=30).contains(&secs))),
        };
        check(is_right, format!("Retry-After {secs:?}"));
    }
    let word = match row.refused.as_str() {
        "not_found" => "not found\n",
        "unauthenticated" => "unauthorized\n",
        "method" => "method not allowed\n",
        "bad_request" => "bad request\n",
        "forbidden" => "forbidden\n",
        "unavailable" => "unavailable\n",
        _ => return wrong,
    };
    let body = if row.method == "HEAD" { "" } else { word };
    check(reply.text() == body, format!("the body is {:?}", reply.text()));
    check(reply.header("content-type") == Some("text/plain; charset=utf-8"), "Content-Type".to_owned());
    wrong
}

/// One process of the table, and what its rows have seen.
struct Stage<'w> {
    world: &'w World,
    served: Served,
    before: Counts,
}

impl<'w> Stage<'w> {
    fn new(world: &'w World, cfg: &str) -> Self {
        let served = world.serve(cfg);
        let before = Counts::read(world, &served);
        Self { world, served, before }
    }

    /// Plays a row; what is wrong with it, and how long it took.
    fn play(&mut self, row: &Row) -> (Vec<String>, Duration) {
        self.served.front.turn(&row.api);
        thread::sleep(Duration::from_secs(row.secs));
        if LOOKS.contains(&row.method.as_str()) {
            return (self.look(row).err().into_iter().collect(), Duration::ZERO);
        }
        let began = now();
        let reply = send(self.world, &self.served, row);
        let took = began.elapsed();
        let after = Counts::read(self.world, &self.served);
        let mut wrong = match reply {
            Ok(reply) => judge(row, &reply),
            Err(error) => vec![error],
        };
        let expected = Counts {
            refused: REFUSALS.iter().filter(|why| **why == row.refused).map(|why| ((*why).to_owned(), 1)).collect(),
            asked: row.asked.clone(),
        };
        let got = after.since(&self.before);
        if got != expected {
            wrong.push(format!("the counts rose by {got:?}, not {expected:?}"));
        }
        if took > LIMIT {
            wrong.push(format!("it took {took:?}"));
        }
        self.before = after;
        (wrong, took)
    }

    /// What is no request.
    fn look(&mut self, row: &Row) -> Result<(), String> {
        let addr = self.served.server.read;
        let found = match row.method.as_str() {
            "START" => return self.start(row),
            "ALPN" => {
                let protocols: Vec<&str> = row.path.split(',').collect();
                let stream = self.world.client(None, &protocols).connect(addr).map_err(|error| error.to_string())?;
                String::from_utf8_lossy(stream.conn.alpn_protocol().unwrap_or_default()).into_owned()
            }
            "TLS" => {
                let mut tcp = TcpStream::connect(addr).expect("a connection");
                let minor = if row.path == "1.0" { 1 } else { 2 };
                tcp.write_all(&hello(minor)).expect("it is read");
                let mut answer = Vec::new();
                tcp.read_to_end(&mut answer).expect("an answer");
                match answer[..] {
                    [21, 3, _, 0, 2, 2, alert] => format!("alert {alert}"),
                    _ => format!("{answer:?}"),
                }
            }
            "PAIR" => self.torn_pair()?,
            _ => self.leaked(),
        };
        if found == row.status { Ok(()) } else { Err(format!("it is {found}, not {}", row.status)) }
    }

    /// The process refuses to start, and says these words.
    fn start(&self, row: &Row) -> Result<(), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut flags = self.world.flags(&row.cfg, &folder, &self.served.front);
        flags.extend(row.path.split(' ').filter(|flag| *flag != "-").map(str::to_owned));
        let mut all = vec!["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"];
        all.extend(flags.iter().map(String::as_str));
        let (code, _, said) = run(&all, &[]);
        if format!("exit {code}") != row.status {
            return Err(format!("exit {code}: {said}"));
        }
        if said.contains(&row.refused) { Ok(()) } else { Err(format!("it says: {said}")) }
    }

    /// Another key is written than that of the certificate; longer than it takes to be seen, the pair from before is served.
    fn torn_pair(&self) -> Result<String, String> {
        let (addr, client) = (self.served.server.read, self.world.client(Some("auditor"), &["http/1.1"]));
        let before = client.shown(addr).map_err(|error| error.to_string())?;
        fs::write(self.served.folder.path().join("tls.key"), Authority::named("other").pair().key).expect("a file is written");
        let deadline = now() + Duration::from_secs(15);
        while !self.served.server.logs().iter().any(|line| line.contains("the new certificate is refused")) {
            if now() > deadline {
                return Err("nobody saw the other key".to_owned());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let after = client.shown(addr).map_err(|error| error.to_string())?;
        let reply = client.http(addr, "GET", COUNTS, "").map_err(|error| error.to_string())?;
        let is_same = if before == after { "the same pair" } else { "another pair" };
        Ok(format!("{} {is_same}", reply.status))
    }

    /// Which tokens are found in what the process has written and says of itself.
    fn leaked(&self) -> String {
        let mut said = self.served.server.logs().join("\n");
        said.push_str(&plain(self.world, &self.served, "auditor", COUNTS).text());
        let found: Vec<&str> =
            self.world.tokens.iter().filter(|(_, token)| said.contains(token.as_str())).map(|(name, _)| *name).collect();
        // What it wrote at the most talkative level has to be there, or nothing was looked at.
        assert!(said.contains("\"TRACE\"") || said.contains("\"DEBUG\""), "the log is not talkative");
        if found.is_empty() { "no token".to_owned() } else { found.join(" ") }
    }
}

/// Plays the rows of these groups, one after the other; the failures.
#[expect(clippy::print_stdout, reason = "how long nobody could say, and what fails before the long end")]
fn play(world: &World, all: &[Row], groups: &[&str], played: &mut BTreeSet<String>) -> Vec<String> {
    let mut failures = Vec::new();
    for group in groups {
        let rows: Vec<&Row> = all.iter().filter(|row| row.group == *group).collect();
        let mut stage = Stage::new(world, &rows[0].cfg);
        let mut is_held = false;
        for row in rows {
            match (row.api == "stopped", is_held) {
                (true, false) => world.cluster.pause(),
                (false, true) => world.cluster.resume(),
                _ => {}
            }
            is_held = row.api == "stopped";
            let (wrong, took) = stage.play(row);
            if !wrong.is_empty() {
                let failure = format!("{} {group}: {} {} as {}: {wrong:?}", row.id, row.method, row.path, row.who);
                println!("{failure}");
                failures.push(failure);
            }
            if row.refused == "unavailable" {
                println!("{}: {} after {} ms, API server {}", row.id, row.status, took.as_millis(), row.api);
            }
            played.insert(row.id.clone());
        }
        if is_held {
            world.cluster.resume();
        }
    }
    failures
}

/// Scenario: every row of the table, by groups: those that wait for answers to grow old beside the others, and at last those
/// for which the API server is held. `ROWS` names the groups of a run that is to play only some.
/// Guarantees: krp 1 to 48: status, headers and the one word of each answer; what was asked of the API server and what was
/// counted; no answer later than 3 s; no row is left out.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn krp_01_to_48_every_row_on_a_real_api_server() {
    let (all, world) = (rows(), World::new());
    let only = std::env::var("ROWS").ok();
    let is_played = |group: &str| only.as_deref().is_none_or(|only| only.split(',').any(|one| one == group));
    let mut groups: Vec<&str> = Vec::new();
    for row in all.iter().filter(|row| is_played(&row.group)) {
        if !groups.contains(&row.group.as_str()) {
            groups.push(&row.group);
        }
    }
    let of = |group: &str| all.iter().filter(move |row| row.group == group).collect::<Vec<_>>();
    let (held, free): (Vec<&str>, Vec<&str>) =
        groups.into_iter().partition(|group| of(group).iter().any(|row| row.api == "stopped"));
    let (late, soon): (Vec<&str>, Vec<&str>) = free.into_iter().partition(|group| of(group).iter().any(|row| row.secs > 0));
    let mut played = BTreeSet::new();
    let mut failures = thread::scope(|scope| {
        let aside = scope.spawn(|| {
            let mut played = BTreeSet::new();
            (play(&world, &all, &late, &mut played), played)
        });
        let mut failures = play(&world, &all, &soon, &mut played);
        let (more, others) = aside.join().expect("the rows aside end");
        failures.extend(more);
        played.extend(others);
        failures
    });
    failures.extend(play(&world, &all, &held, &mut played));
    let left_out: Vec<&str> =
        all.iter().filter(|row| is_played(&row.group) && !played.contains(&row.id)).map(|row| row.id.as_str()).collect();
    println!("{} of {} rows", played.len(), all.len());
    assert!(left_out.is_empty(), "not played: {left_out:?}");
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}
