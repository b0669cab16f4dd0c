//! Every command of the tutorials, how-tos and explanations, run in their order as they stand there.
//! A block says what it needs: `sh files` nothing but the page's files, `sh demo` a demo, which the page starts itself.

use super::{below, root};
use crate::{
    demo::{Running, start_in},
    support::now,
};
use std::{fs, net::SocketAddr, os::unix::fs::symlink, path::Path, process::Command, thread, time::Duration};

/// Where pages with commands are.
const FOLDERS: [&str; 3] = ["tutorials", "how-to", "explanation"];

/// Commands that need what no test has here; `real::jaeger` forwards to a Jaeger.
const BY_HAND: [(&str, &str); 1] = [("src/docs/how-to/forward-traces-to-jaeger.md", "--traces-to")];

/// What the demo has not yet sent comes in this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A fence: the paragraph before it ends with this line, its kind, its text.
struct Block {
    before: String,
    kind: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut found, mut before, mut open): (Vec<Block>, String, Option<Block>) = (Vec::new(), String::new(), None);
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => found.push(block),
            (Some(kind), None) => {
                open = Some(Block { before: before.clone(), kind: kind.trim().to_owned(), text: String::new() })
            }
            (None, Some(block)) => open = Some(Block { text: format!("{}{line}\n", block.text), ..block }),
            (None, None) if !line.is_empty() => before = line.to_owned(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is left open");
    found
}

/// The reader's desk: a folder with the page's files, and the demo once the page has started it.
struct Desk {
    folder: tempfile::TempDir,
    demo: Option<(Running, SocketAddr, String)>,
    ran: usize,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("bin")).expect("the folder is ours");
        symlink(env!("CARGO_BIN_EXE_pointsman"), folder.path().join("bin/pointsman")).expect("a link");
        Self { folder, demo: None, ran: 0 }
    }

    /// Runs a block; whether every command ended well, and what they said.
    fn run(&self, text: &str) -> (bool, String) {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("bash");
        let mut text = text.to_owned();
        if let Some((_, address, views)) = &self.demo {
            text = text.replace("127.0.0.1:9464", &address.to_string());
            command.env("POINTSMAN_SERVER", format!("http://{address}")).env("VIEWS", views);
        }
        let out = command
            .args(["-euc", &text])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("HOME", self.folder.path())
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .expect("bash starts");
        let [stdout, stderr] = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (out.status.success(), stdout + &stderr)
    }

    /// A block with what the page shows of its output. The demo goes on meanwhile: what is not yet there is waited for.
    fn block(&mut self, place: &str, text: &str, shown: Option<&str>) {
        self.ran += 1;
        if text.trim() == "pointsman demo" {
            self.demo = Some(start_in(&[]));
        } else if !text.starts_with("VIEWS=") {
            let mut last = String::new();
            let mut works = || {
                let (fine, said) = self.run(text);
                let is_shown = shown.is_none_or(|shown| shown.lines().all(|line| has(&said, line)));
                last = said;
                fine && is_shown
            };
            let until = now() + PATIENCE;
            while !works() {
                assert!(now() < until, "{place}: {text}says {last}");
                thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

/// Whether some line of what was said is like this one, blanks aside; `…` stands for anything up to its end.
fn has(said: &str, shown: &str) -> bool {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = plain(shown);
    said.lines().map(plain).any(|line| match shown.strip_suffix('…') {
        Some(start) => line.starts_with(start.trim_end()),
        None => line == shown,
    })
}

/// Follows a page; answers how many commands blocks it had.
fn follow(path: &Path) -> usize {
    let place = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let mut desk = Desk::new();
    let blocks = blocks(&fs::read_to_string(path).expect("it reads"));
    for (i, block) in blocks.iter().enumerate() {
        let shown = blocks.get(i + 1).filter(|next| next.kind == "console").map(|next| next.text.as_str());
        match block.kind.as_str() {
            "sh files" => desk.block(&place, &block.text, shown),
            "sh demo" => {
                assert!(desk.demo.is_some() || block.text.trim() == "pointsman demo", "{place}: start the demo first");
                desk.block(&place, &block.text, shown);
            }
            "yaml" => {
                let name = block.before.rsplit_once("In `").and_then(|(_, rest)| rest.split('`').next());
                let name = name.unwrap_or_else(|| panic!("{place}: say in which file this is: {}", block.text));
                fs::write(desk.folder.path().join(name), &block.text).expect("the folder is ours");
                let (fine, said) = desk.run(&format!("pointsman check {name}"));
                assert!(fine, "{place}: {name}: {said}");
            }
            "sh by-hand" => {
                let is_meant = BY_HAND.iter().any(|(page, has)| *page == place && block.text.contains(has));
                assert!(is_meant, "{place}: make a test run it, or name it in BY_HAND: {}", block.text);
            }
            // `real::relabelling` gives it to a Prometheus, `real::filtering` to a Collector; Istio's is there to be compared.
            "yaml relabel" | "yaml collector" => {}
            "promql" => {
                drop(promql_parser::parser::parse(&block.text).unwrap_or_else(|e| panic!("{place}: {}: {e}", block.text)))
            }
            "yaml istio" => drop(serde_saphyr::from_str::<serde_json::Value>(&block.text).expect("it is YAML")),
            "console" => assert!(i > 0 && blocks[i - 1].kind.starts_with("sh "), "{place}: output of what?"),
            kind => panic!("{place}: nothing runs a block of kind {kind:?}: {}", block.text),
        }
    }
    desk.ran
}

/// Scenario: somebody follows each page to the letter. Guarantees: each block is of a kind that is run; each command succeeds in
/// its order, and says what the page shows; each view has no fault.
#[test]
fn every_command_of_the_pages_works() {
    let mut pages = Vec::new();
    FOLDERS.iter().for_each(|folder| below(&root().join("src/docs").join(folder), &mut pages));
    assert!(pages.len() >= 16, "{pages:?}");
    let ran: usize = pages.iter().map(|page| follow(page)).sum();
    assert!(ran >= 24, "the blocks are found: {ran}");
}

/// Scenario: output with and without what a page shows. Guarantees: blanks do not count, words do.
#[test]
fn what_is_shown_is_looked_for() {
    assert!(has("a\n  b   c  d\n", " b c …") && has("b c", "b  c"));
    assert!(!has("b c d", "b c") && !has("x b c", "b …") && !has("", "b …"));
}
