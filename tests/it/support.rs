//! What every whole-process test needs: a running pointsman with known addresses, senders, scrapers, waiting with a
//! deadline. The process ends with its guard.
#![allow(dead_code, reason = "a shared box of tools: not every build of the tests uses every one")]

use crate::judge;
use opentelemetry_proto::tonic::collector::{
    metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse, metrics_service_client::MetricsServiceClient},
    trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse, trace_service_client::TraceServiceClient},
};
use prost::Message;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// No condition is waited for longer than this.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A running `pointsman serve`.
pub(crate) struct Pointsman {
    /// OTLP over gRPC.
    pub(crate) grpc: SocketAddr,
    /// OTLP over HTTP.
    pub(crate) http: SocketAddr,
    /// The read side.
    pub(crate) read: SocketAddr,
    child: Child,
    stderr: Arc<Mutex<Vec<String>>>,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as it announced.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

impl Pointsman {
    /// Starts `serve` on free ports with more flags, and waits until it says that it is ready.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut args = vec!["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
        args.extend(flags);
        Self::start_as(&args, &[])
    }

    /// As [`Self::start`], within what a line of the shell leaves it: `ulimit -n 64`.
    pub(crate) fn start_within(limits: &str, flags: &[&str]) -> Self {
        let plain =
            command(&["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"], &[]);
        let mut shell = command_of("sh", &["-c", &format!("{limits} && exec \"$0\" \"$@\"")], &[]);
        shell.arg(plain.get_program()).args(plain.get_args()).args(flags);
        Self::spawn(shell)
    }

    /// Starts any verb that serves, with an environment beside none of ours.
    pub(crate) fn start_as(args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::spawn(command(args, env))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let pipe = child.stderr.take().expect("stderr is piped");
        let lines = Arc::clone(&stderr);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut this = Self { grpc: nowhere, http: nowhere, read: nowhere, child, stderr };
        let ready = this.wait_for_log("ready");
        let addr = |key: &str| ready[key].as_str().and_then(|text| text.parse().ok()).expect("the ready line names addresses");
        (this.grpc, this.http, this.read) = (addr("otlp_grpc"), addr("otlp_http"), addr("listen"));
        this
    }

    /// Everything on stderr so far.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a log line with this message, and gives its fields.
    pub(crate) fn wait_for_log(&mut self, message: &str) -> serde_json::Value {
        let deadline = now() + DEADLINE;
        loop {
            let lines = self.logs();
            let values = lines.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            if let Some(found) = values.into_iter().find(|value| value["message"] == message) {
                return found;
            }
            let ended = self.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none() || now() < deadline - DEADLINE / 2, "ended ({ended:?}) before {message:?}: {lines:#?}");
            assert!(now() < deadline, "no log line {message:?} in time: {lines:#?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the signal was sent");
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait_exit(&mut self) -> ExitStatus {
        wait("the process to end", || self.child.try_wait().expect("the process can be asked"))
    }

    /// GET from the read side.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    /// GET from the read side with headers.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let reply = http(self.read, "GET", path, headers, b"");
        // Whatever a test looks at, foreign parsers look at it too.
        let whole = reply.status == 200 && reply.complete && reply.header("content-encoding").is_none();
        if path.starts_with("/metrics") && whole {
            judge::keep(reply.header("content-type").unwrap_or_default(), &reply.body);
        }
        reply
    }

    /// A plain scrape; must succeed.
    pub(crate) fn scrape(&self) -> String {
        let reply = self.get("/metrics");
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.complete, "the body was cut");
        reply.text()
    }

    /// Waits until a plain scrape has a line that begins so, and gives the scrape.
    pub(crate) fn wait_for_line(&self, begins: &str) -> String {
        wait(&format!("a line {begins:?}"), || {
            let text = self.scrape();
            text.lines().any(|line| line.starts_with(begins)).then_some(text)
        })
    }

    /// POST of OTLP/JSON, to `/v1/metrics` or `/v1/traces`.
    pub(crate) fn push_json(&self, path: &str, body: &str) -> Reply {
        http(self.http, "POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// POST of OTLP/protobuf with more headers.
    pub(crate) fn push_proto(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut all = vec![("content-type", "application/x-protobuf")];
        all.extend(headers);
        http(self.http, "POST", path, &all, body)
    }

    /// Metrics over gRPC, as an SDK sends them.
    pub(crate) fn push_grpc(&self, request: ExportMetricsServiceRequest) -> Result<ExportMetricsServiceResponse, tonic::Status> {
        let url = format!("http://{}", self.grpc);
        runtime().block_on(async {
            let mut client = MetricsServiceClient::connect(url).await.expect("the gRPC port answers");
            client.export(request).await.map(tonic::Response::into_inner)
        })
    }

    /// Spans over gRPC.
    pub(crate) fn push_spans_grpc(
        &self,
        request: ExportTraceServiceRequest,
    ) -> Result<ExportTraceServiceResponse, tonic::Status> {
        let url = format!("http://{}", self.grpc);
        runtime().block_on(async {
            let mut client = TraceServiceClient::connect(url).await.expect("the gRPC port answers");
            client.export(request).await.map(tonic::Response::into_inner)
        })
    }

    /// Metrics over HTTP in protobuf; must succeed in full.
    pub(crate) fn push(&self, request: &ExportMetricsServiceRequest) {
        let reply = self.push_proto("/v1/metrics", &[], &request.encode_to_vec());
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{}", reply.text());
    }
}

impl Drop for Pointsman {
    fn drop(&mut self) {
        // The process may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The binary with arguments, and nothing of our environment that could be a setting of its. What measures may name another
/// build of it in `POINTSMAN_PROGRAM`.
pub(crate) fn command(args: &[&str], env: &[(&str, &str)]) -> Command {
    command_of(std::env::var_os("POINTSMAN_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_pointsman").into()), args, env)
}

fn command_of(program: impl AsRef<OsStr>, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POINTSMAN_")) {
        command.env_remove(name);
    }
    command.args(args).envs(env.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs the binary to its end: exit code, stdout, stderr.
pub(crate) fn run(args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
    let mut child = command(args, env).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reader = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let mut stderr = String::new();
    err.read_to_string(&mut stderr).expect("stderr is text");
    let status = wait("the process to end", || child.try_wait().expect("the process can be asked"));
    let stdout = reader.join().expect("the reader ends").expect("stdout is text");
    (status.code().unwrap_or(-1), stdout, stderr)
}

/// The moment; tests may look at the clock.
#[expect(clippy::disallowed_methods, reason = "tests have no app::clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits for a condition, with a deadline.
pub(crate) fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + DEADLINE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A runtime for one call of an async client.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// One HTTP/1.1 exchange on a connection of its own.
pub(crate) fn http(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    raw(addr, &bytes)
}

/// Sends bytes as they are and reads one HTTP/1.1 answer.
pub(crate) fn raw(addr: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(addr).expect("the port answers");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out can be set");
    // A server may refuse before it has read everything: then the answer counts, not the write.
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(!answer.is_empty(), "no HTTP answer from {addr}: {read:?}");
    parse(&answer)
}

/// An HTTP/1.1 answer as it came over the wire.
pub(crate) fn parse(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no HTTP answer: {:?}", String::from_utf8_lossy(answer)));
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &answer[end + 4..];
    let is = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (body, complete) = match (is("transfer-encoding"), is("content-length")) {
        (Some(_), _) => unchunk(rest),
        (None, Some(length)) => (rest.to_vec(), length.parse() == Ok(rest.len())),
        (None, None) => (rest.to_vec(), true),
    };
    Reply { status, headers, body, complete }
}

/// A chunked body, and whether its last chunk came.
fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&rest[..end]).trim(), 16).unwrap_or(0);
        if size == 0 {
            return (body, true);
        }
        let from = end + 2;
        if rest.len() < from + size + 2 {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = &rest[from + size + 2..];
    }
    (body, false)
}
