//! Other people's programs as processes of ours: found in one folder, started on free loopback ports, ended by their
//! guard, with their output at hand when something fails.

use crate::support::{now, wait};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A running peer with a folder of its own.
pub(crate) struct Process {
    name: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Process {
    /// Starts a program in the folder that holds its files, and waits until these addresses accept.
    pub(crate) fn start(name: &str, folder: tempfile::TempDir, args: &[String], ready: &[SocketAddr]) -> Self {
        let log = fs::File::create(folder.path().join("log")).expect("a file can be made");
        let mut command = Command::new(tool(name));
        command.args(args).current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        if name == "jaeger" {
            command.envs([("SPAN_STORAGE_TYPE", "memory"), ("COLLECTOR_OTLP_ENABLED", "true")]);
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("start {name}: {error}"));
        let mut this = Self { name: name.to_owned(), child, folder };
        wait(&format!("{name} to accept"), || {
            let ended = this.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none(), "{name} ended with {ended:?}: {}", this.log());
            ready.iter().all(|address| TcpStream::connect(address).is_ok()).then_some(())
        });
        this
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            #[expect(clippy::print_stderr, reason = "the output of a failed test")]
            for line in tail.iter().rev() {
                eprintln!("{}: {line}", self.name);
            }
        }
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The path of a peer's program.
pub(crate) fn tool(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("POINTSMAN_TOOLS_BIN").expect("POINTSMAN_TOOLS_BIN names the peers' folder: run bash tests/run.sh");
    let path = PathBuf::from(folder).join(name);
    assert!(path.exists(), "the real peer {name} is missing: run bash tests/run.sh");
    path
}

/// Free addresses, held together so that they differ.
pub(crate) fn free<const N: usize>() -> [SocketAddr; N] {
    let held: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free"));
    held.map(|listener| listener.local_addr().expect("a bound listener has an address"))
}

/// Whether a condition becomes true in good time; when not, the caller has more to say than that. Prometheus may need
/// several seconds for its first scrape.
pub(crate) fn settles(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = now() + Duration::from_secs(90);
    while !condition() {
        if now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Runs a peer that ends by itself; gives its standard output.
pub(crate) fn run(name: &str, args: &[&str]) -> String {
    let mut command = Command::new(tool(name));
    // Settings of whoever runs the tests must not steer an SDK.
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("OTEL_")) {
        command.env_remove(key);
    }
    let mut child =
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let deadline = now() + Duration::from_secs(60);
    while child.try_wait().expect("the process can be asked").is_none() {
        if now() > deadline {
            child.kill().ok();
            panic!("{name} {args:?} did not end in time");
        }
        thread::sleep(Duration::from_millis(10));
    }
    let out = child.wait_with_output().expect("its output can be read");
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{name} {args:?} failed: {stderr}");
    // SDKs report a refused export on stderr and go on.
    assert!(!stderr.to_lowercase().contains("export"), "{name} {args:?} complains: {stderr}");
    stdout.into_owned()
}
