//! The servers under test as processes of ours: pointsman and the Collector, started alike, ended on drop, and asked
//! through /proc what they cost. Knows nothing of what is sent to them.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Pointsman,
    Collector,
}

/// A running server.
pub(crate) struct Server {
    peer: Peer,
    flags: Vec<String>,
    child: Child,
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) read: SocketAddr,
    folder: tempfile::TempDir,
}

impl Peer {
    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pointsman => "pointsman",
            Self::Collector => "Collector v0.155 + prometheusexporter",
        }
    }

    /// Where its binary is.
    pub(crate) fn program(self) -> Result<PathBuf> {
        match self {
            Self::Pointsman => Ok(PathBuf::from(env!("CARGO_BIN_EXE_pointsman"))),
            Self::Collector => tool("collector"),
        }
    }
}

/// The path of somebody else's program.
pub(crate) fn tool(name: &str) -> Result<PathBuf> {
    let tools = std::env::var("POINTSMAN_TOOLS_BIN")
        .with_context(|| format!("find {name}: POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh)"))?;
    Ok(PathBuf::from(tools).join(name))
}

impl Server {
    /// Starts the server with these flags (the Collector has none) and returns once it answers on all its ports.
    pub(crate) fn start_with(peer: Peer, flags: &[String]) -> Result<Self> {
        Self::start_expiring(peer, flags, "1h")
    }

    /// The same, and what nobody pushes ends after that time.
    pub(crate) fn start_expiring(peer: Peer, flags: &[String], expire_after: &str) -> Result<Self> {
        let mut flags = flags.to_vec();
        flags.extend(["--expire-after", expire_after].map(str::to_owned));
        let mut server = Self::spawn(peer, flags)?;
        server.wait_ready().with_context(|| format!("wait for {}", peer.name()))?;
        Ok(server)
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn spawn(peer: Peer, flags: Vec<String>) -> Result<Self> {
        let addresses = free_addresses()?;
        let folder = tempfile::tempdir()?;
        let child = spawn(peer, addresses, &flags, &folder)?;
        let [grpc, http, read] = addresses;
        Ok(Self { peer, flags, child, grpc, http, read, folder })
    }

    /// Kills it, and starts it anew at the same addresses.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(self.peer, [self.grpc, self.http, self.read], &self.flags, &self.folder)?;
        self.wait_ready().with_context(|| format!("wait for {} again", self.peer.name()))
    }

    fn wait_ready(&mut self) -> Result<()> {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.folder.path().join("log"))?;
                bail!("it ended with {status}: {log}");
            }
            if [self.grpc, self.http, self.read].iter().all(|address| TcpStream::connect(address).is_ok()) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("its ports stayed closed for 30 s")
    }

    /// CPU time of the process so far, in seconds: user and system, all threads.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces; after it come the fields from the third on.
        let (_, fields) = stat.rsplit_once(") ").context("read the fields of stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |at: usize| -> Result<f64> { Ok(fields.get(at).context("stat is short")?.parse()?) };
        Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
    }

    /// The same to the nanosecond, of the threads that live: for what takes less than a tick of the other.
    pub(crate) fn fine_cpu_seconds(&self) -> Result<f64> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end between the two looks.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += text.split(' ').next().and_then(|field| field.parse::<u64>().ok()).context("it begins with nanoseconds")?;
        }
        Ok(nanos as f64 / 1e9)
    }

    /// Resident memory now, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most resident memory since [`Server::forget_peak`], in bytes.
    pub(crate) fn peak_bytes(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Lets the peak begin anew at what is resident now.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").context("reset the peak of the resident memory")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("find {name}"))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0)
    }
}

fn spawn(peer: Peer, [grpc, http, read]: [SocketAddr; 3], flags: &[String], folder: &tempfile::TempDir) -> Result<Child> {
    let mut command = Command::new(peer.program()?);
    match peer {
        Peer::Pointsman => {
            command.args(["serve", "--otlp-grpc", &grpc.to_string(), "--otlp-http", &http.to_string()]);
            command.args(["--listen", &read.to_string()]).args(flags);
            if !flags.iter().any(|flag| flag == "--memory-limit") {
                command.args(["--memory-limit", "8GiB"]);
            }
        }
        Peer::Collector => {
            let config = folder.path().join("collector.yaml");
            let expire_after = flags.last().map_or("1h", String::as_str);
            fs::write(&config, collector_config([grpc, http, read], expire_after))?;
            command.arg("--config").arg(config);
        }
    }
    let log = fs::File::create(folder.path().join("log"))?;
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
    child.with_context(|| format!("start {}", peer.name()))
}

/// Linux reports CPU times in this unit to every program, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already is as good as ended by us.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Three free addresses, found together so that they differ.
fn free_addresses() -> Result<[SocketAddr; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held = [bind()?, bind()?, bind()?];
    Ok([held[0].local_addr()?, held[1].local_addr()?, held[2].local_addr()?])
}

fn collector_config([grpc, http, read]: [SocketAddr; 3], expire_after: &str) -> String {
    format!(
        "receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '{grpc}', max_recv_msg_size_mib: 64}}
      http: {{endpoint: '{http}'}}
exporters:
  prometheus: {{endpoint: '{read}', metric_expiration: {expire_after}}}
service:
  telemetry:
    logs: {{level: error}}
    metrics: {{level: none}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus]}}
"
    )
}
