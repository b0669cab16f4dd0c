//! What many agents cost: ten thousand WebSockets that report a catalogue, take plans and acknowledge them; idle, at a change of a
//! view, and when all of them come back to a server that was started anew, while others push.
//! Agents here are bare sockets, so that what is measured is the server alone.

use crate::server::{Peer, Server};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use pointsman_instrument::opamp::{messages, proto};
use prost::Message as _;
use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::Semaphore};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Instances of one component, as a DaemonSet has them.
const PER_COMPONENT: usize = 100;
/// Handshakes in flight.
const CONNECTING: usize = 256;
/// Agents come back within this time, each at a moment of its own.
const RETURN: Duration = Duration::from_secs(5);
/// How long an agent rests between two messages.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Reports its status, accepts and reports plans, and beats.
const CAPABILITIES: u64 = 0x3007;
const DEADLINE: Duration = Duration::from_secs(120);

/// What all agents share.
struct Fleet {
    server: SocketAddr,
    catalogue: Vec<u8>,
    began: Instant,
    handshakes: Semaphore,
    connected: AtomicUsize,
    /// Plans that were offered.
    offers: AtomicUsize,
    /// Of each agent, nanoseconds since `began` at which it was last offered a plan.
    offered: Vec<AtomicU64>,
}

/// Measures it with so many agents.
pub(crate) fn measure(agents: usize) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(agents))
}

async fn run(agents: usize) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let views = folder.path().to_owned();
    view(&views, "Disabled")?;
    let flags = vec!["--views".to_owned(), views.display().to_string()];
    let mut server = Server::start_with(Peer::Pointsman, &flags)?;
    let bare = server.resident_bytes()?;
    let fleet = Arc::new(Fleet {
        server: server.http,
        catalogue: catalogue()?,
        began: Instant::now(),
        handshakes: Semaphore::new(CONNECTING),
        connected: AtomicUsize::new(0),
        offers: AtomicUsize::new(0),
        offered: (0..agents).map(|_| AtomicU64::new(0)).collect(),
    });
    for number in 0..agents {
        tokio::spawn(agent(Arc::clone(&fleet), number));
    }
    let connecting = until("every agent to obey its first plan", || fleet.offers.load(Ordering::Relaxed) >= agents).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = server.cpu_seconds()?;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let idle = (server.cpu_seconds()? - before) / 60.0;
    let resident = server.resident_bytes()?;

    let changed = fleet.began.elapsed();
    let so_far = fleet.offers.load(Ordering::Relaxed);
    view(&views, "Enabled")?;
    until("every agent to be offered the change", || fleet.offers.load(Ordering::Relaxed) >= so_far + agents).await?;
    let mut delays: Vec<f64> = fleet.offered.iter().map(|at| since(at, changed)).collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| delays.get(((delays.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();

    let so_far = fleet.offers.load(Ordering::Relaxed);
    server.restart()?;
    let ready = Instant::now();
    let pusher = tokio::spawn(push(server.http));
    until("every agent to come back", || fleet.connected.load(Ordering::Relaxed) >= agents).await?;
    let all_applied = until_applied(server.read, agents).await?;
    let back = ready.elapsed();
    pusher.abort();
    let (taken, refused) = (TAKEN.load(Ordering::Relaxed), REFUSED.load(Ordering::Relaxed));
    let again = fleet.offers.load(Ordering::Relaxed) - so_far;
    Ok(format!(
        "| agents | components | connected, s | RSS, MB (bare {:.0}) | idle, % of a core | offered after a change: p50, p99, worst, s | \
         all back and applied after a restart, s | pushes meanwhile: taken, refused | offered again |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
         | {agents} | {} | {:.1} | {:.0} | {:.1} | {:.2}, {:.2}, {:.2} | {:.1} ({all_applied:.1} of it waiting for the status) | {taken}, {refused} | {again} |\n",
        bare / 1e6,
        agents.div_ceil(PER_COMPONENT),
        connecting.as_secs_f64(),
        resident / 1e6,
        idle * 100.0,
        at(0.5),
        at(0.99),
        at(1.0),
        back.as_secs_f64(),
    ))
}

/// A view over every component: one metric, on or off.
fn view(folder: &std::path::Path, state: &str) -> Result<()> {
    let text = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: one}}\nspec:\n  metrics:\n  - {{name: one, match: \
         {{instruments: [mco.node.state]}}, state: {state}}}\n"
    );
    let made = folder.join("new");
    fs::write(&made, text)?;
    Ok(fs::rename(made, folder.join("view.yaml"))?)
}

/// What a watcher of a Machine Config Operator declares.
fn catalogue() -> Result<Vec<u8>> {
    use pointsman_instrument::semconv::mco::METRICS;
    let instruments = METRICS.iter().map(|meta| messages::Instrument {
        scope: meta.scope.into(),
        name: meta.name.into(),
        kind: format!("{:?}", meta.kind),
        unit: meta.unit.into(),
        level: format!("{:?}", meta.level),
        ..messages::Instrument::default()
    });
    let aspects = ["state", "attributes", "buckets", "cardinality", "interval", "spans"].map(str::to_owned).to_vec();
    let catalogue = messages::Catalogue {
        library: "bench 1".into(),
        aspects,
        instruments: instruments.collect(),
        ..messages::Catalogue::default()
    };
    Ok(serde_json::to_vec(&catalogue)?)
}

/// One agent, for as long as the bench lasts: whenever its connection ends it comes back.
async fn agent(fleet: Arc<Fleet>, number: usize) {
    let mut hash = Vec::new();
    loop {
        // A server that is away, or that ends, is what is measured: the agent comes back.
        session(&fleet, number, &mut hash).await.ok();
        let spread = (number.wrapping_mul(7919) % 1000) as u32;
        tokio::time::sleep(RETURN * spread / 1000).await;
    }
}

async fn session(fleet: &Fleet, number: usize, hash: &mut Vec<u8>) -> Result<()> {
    let permit = fleet.handshakes.acquire().await?;
    let tcp = TcpStream::connect(fleet.server).await?;
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let url = format!("ws://{}/v1/opamp", fleet.server);
    let (mut socket, _) = client_async_with_config(url, tcp, Some(config)).await?;
    drop(permit);
    let mut sequence = 0;
    send(&mut socket, full(fleet, number, sequence, hash)).await?;
    fleet.connected.fetch_add(1, Ordering::Relaxed);
    let ended = talk(fleet, &mut socket, number, (&mut sequence, hash)).await;
    fleet.connected.fetch_sub(1, Ordering::Relaxed);
    ended
}

async fn talk(
    fleet: &Fleet,
    socket: &mut WebSocketStream<TcpStream>,
    number: usize,
    (sequence, hash): (&mut u64, &mut Vec<u8>),
) -> Result<()> {
    loop {
        let heard = tokio::time::timeout(HEARTBEAT, socket.next()).await;
        *sequence += 1;
        let base = proto::AgentToServer {
            instance_uid: uid(number),
            sequence_num: *sequence,
            capabilities: CAPABILITIES,
            ..Default::default()
        };
        let Ok(heard) = heard else {
            send(socket, base).await?;
            continue;
        };
        let data = match heard.context("the server closed")?? {
            Message::Binary(data) => data,
            Message::Close(_) => bail!("closed"),
            _ => continue,
        };
        let answer = proto::ServerToAgent::decode(data.get(1..).unwrap_or_default())?;
        if answer.flags & 1 != 0 {
            send(socket, full(fleet, number, *sequence, hash)).await?;
        }
        if let Some(config) = answer.remote_config {
            *hash = config.config_hash;
            fleet.offers.fetch_add(1, Ordering::Relaxed);
            if let Some(at) = fleet.offered.get(number) {
                at.store(fleet.began.elapsed().as_nanos() as u64, Ordering::Relaxed);
            }
            send(socket, proto::AgentToServer { remote_config_status: Some(applied(hash)), ..base }).await?;
        }
    }
}

fn uid(number: usize) -> Vec<u8> {
    let mut uid = vec![1, 0x93, 0, 0, 0, 0, 0x70, 0];
    uid.extend_from_slice(&(number as u64).to_be_bytes());
    uid
}

fn applied(hash: &[u8]) -> proto::RemoteConfigStatus {
    let status = proto::RemoteConfigStatuses::Applied as i32;
    proto::RemoteConfigStatus { last_remote_config_hash: hash.to_vec(), status, ..Default::default() }
}

/// Everything an agent has to say.
fn full(fleet: &Fleet, number: usize, sequence_num: u64, hash: &[u8]) -> proto::AgentToServer {
    let pair = |key: &str, value: String| {
        let value = Some(proto::AnyValue { value: Some(proto::any_value::Value::StringValue(value)) });
        proto::KeyValue { key: key.into(), value }
    };
    let component = number / PER_COMPONENT;
    let identifying_attributes =
        vec![pair("service.name", format!("service-{component}")), pair("service.instance.id", format!("i-{number}"))];
    let description = proto::AgentDescription { identifying_attributes, ..Default::default() };
    let custom = proto::CustomMessage {
        capability: messages::CAPABILITY.into(),
        r#type: messages::CATALOGUE.into(),
        data: fleet.catalogue.clone(),
    };
    proto::AgentToServer {
        instance_uid: uid(number),
        sequence_num,
        agent_description: Some(description),
        capabilities: CAPABILITIES,
        remote_config_status: (!hash.is_empty()).then(|| applied(hash)),
        custom_capabilities: Some(proto::CustomCapabilities { capabilities: vec![messages::CAPABILITY.into()] }),
        custom_message: Some(custom),
        ..Default::default()
    }
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: proto::AgentToServer) -> Result<()> {
    let mut bytes = vec![0];
    message.encode(&mut bytes)?;
    Ok(socket.send(Message::Binary(Bytes::from(bytes))).await?)
}

/// Waits; answers how long it took.
async fn until(what: &str, holds: impl Fn() -> bool) -> Result<Duration> {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > DEADLINE {
            bail!("waited {} s for {what}", DEADLINE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(began.elapsed())
}

/// Waits until the server itself says that all have applied, after everyone is back. Answers the seconds it took.
async fn until_applied(read: SocketAddr, agents: usize) -> Result<f64> {
    let began = Instant::now();
    let wanted = format!(" {agents}");
    loop {
        let text = tokio::task::spawn_blocking(move || get(read, "/metrics/self")).await??;
        let mut lines = text.lines().filter(|line| line.starts_with("pointsman_sync_agents{"));
        if lines.any(|line| line.contains("\"applied\"") && line.ends_with(&wanted)) {
            return Ok(began.elapsed().as_secs_f64());
        }
        if began.elapsed() > DEADLINE {
            bail!("the server does not say that {agents} have applied: {text}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn since(at: &AtomicU64, changed: Duration) -> f64 {
    Duration::from_nanos(at.load(Ordering::Relaxed)).saturating_sub(changed).as_secs_f64()
}

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// Pushes small requests, a hundred a second, and counts how they are answered.
async fn push(http: SocketAddr) {
    let body = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pusher"}}]},"scopeMetrics":[{"metrics":[{"name":"up","gauge":{"dataPoints":[{"timeUnixNano":"1767261600000000000","asInt":"1"}]}}]}]}]}"#;
    loop {
        let answered = tokio::task::spawn_blocking(move || post(http, "/v1/metrics", body)).await;
        let taken = matches!(answered, Ok(Ok(text)) if text.starts_with("HTTP/1.1 200"));
        if taken { &TAKEN } else { &REFUSED }.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn get(address: SocketAddr, path: &str) -> Result<String> {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n"))
}

fn post(address: SocketAddr, path: &str, body: &str) -> Result<String> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n");
    exchange(address, &format!("{head}content-length: {length}\r\n\r\n{body}"))
}

fn exchange(address: SocketAddr, request: &str) -> Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
