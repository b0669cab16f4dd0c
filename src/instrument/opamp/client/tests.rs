mod boot;
mod carried;
mod faults;
mod polled;
mod real;
mod socket;

use super::{Client, Settings};
use crate::{
    Identity, Telemetry,
    opamp::{
        Endpoint,
        link::Dial,
        messages::{EXPIRY_ENTRY, PLAN_ENTRY},
        plan::{Plan, PlanHash},
        proto::{AgentConfigFile, AgentConfigMap, AgentRemoteConfig, AgentToServer, ServerToAgent},
    },
    transport::connect::ConnectError,
};
use futures_util::{SinkExt, StreamExt};
use prost::Message as _;
use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

/// When tests begin, by the wall: 1970-01-01T01:00:00Z.
const BEGIN: u64 = 3600;

/// A process and its surroundings: its wall clock runs with the runtime's time, and can be put forth and back.
struct Process {
    telemetry: Arc<Telemetry>,
    began: Instant,
    skew: Arc<AtomicI64>,
}

impl Process {
    fn new() -> Self {
        let (began, skew) = (Instant::now(), Arc::new(AtomicI64::new(0)));
        let ahead = skew.clone();
        let now = move || {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN) + began.elapsed();
            let skew = ahead.load(Ordering::Relaxed);
            let by = Duration::from_secs(skew.unsigned_abs());
            if skew < 0 { wall - by } else { wall + by }
        };
        Self { telemetry: Telemetry::builder(identity()).seed(3).build(now), began, skew }
    }

    fn client(&self, settings: Settings) -> Client {
        Client::new(self.telemetry.clone(), &identity(), settings)
    }

    /// The first digit of the plan in force.
    fn plan(&self) -> String {
        self.telemetry.plan_hash().map_or("none".to_owned(), |hash| hash.to_string().chars().take(1).collect())
    }

    /// Runs a client while the script lasts, then stops it. What it told, with the time; and what the script came to.
    async fn run<T>(&self, client: Client, script: impl Future<Output = T>) -> (String, T) {
        let (stop, stopped) = oneshot::channel::<()>();
        let mut told = String::new();
        let running = client.run(async { drop(stopped.await) }, |event| {
            let at = Duration::from_millis(u64::try_from(self.began.elapsed().as_millis()).expect("short"));
            told += &format!("{at:?} {}\n", masked(&event.to_string()));
        });
        let scripted = async {
            let came_to = script.await;
            drop(stop);
            came_to
        };
        // A script that waits for what never comes would go on for ever, as time costs nothing.
        let ended = tokio::time::timeout(Duration::from_secs(7200), async { tokio::join!(running, scripted) }).await;
        let Ok(((), came_to)) = ended else { panic!("no end; told so far:\n{told}") };
        (told, came_to)
    }
}

fn identity() -> Identity {
    Identity::new("shop").instance("shop-0")
}

fn at(url: &str) -> Settings {
    Settings { endpoint: Some(Endpoint::new(url).expect("a URL")), ..Settings::default() }
}

/// A controller without a network: hands out the far ends of connections, or refuses them.
struct Controller {
    connections: mpsc::Receiver<DuplexStream>,
    away: Arc<AtomicBool>,
}

impl Controller {
    /// The client connects to it instead of its endpoint.
    fn of(client: &mut Client) -> Self {
        let (hand, connections) = mpsc::channel(64);
        let away = Arc::new(AtomicBool::new(false));
        let gone = away.clone();
        let dial: Dial = Arc::new(move || {
            let (near, far) = tokio::io::duplex(64 << 10);
            let taken = !gone.load(Ordering::Relaxed) && hand.try_send(far).is_ok();
            let refused = || ConnectError::Tcp("controller:80".to_owned(), io::ErrorKind::ConnectionRefused.into());
            Box::pin(async move { if taken { Ok(Box::new(near) as _) } else { Err(refused()) } })
        });
        client.dialled.as_mut().expect("an endpoint").1 = dial;
        Self { connections, away }
    }

    async fn connection(&mut self) -> DuplexStream {
        self.connections.recv().await.expect("a client")
    }

    /// The next session.
    async fn accept(&mut self) -> Peer<DuplexStream> {
        Peer::new(self.connection().await).await
    }
}

/// The controller's end of a WebSocket.
struct Peer<S> {
    socket: WebSocketStream<S>,
    uid: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    async fn new(stream: S) -> Self {
        Self { socket: accept_async(stream).await.expect("a handshake"), uid: Vec::new() }
    }

    /// What the component says next; `None` once it has gone.
    async fn next(&mut self) -> Option<AgentToServer> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Binary(frame)) => {
                    let (header, body) = frame.split_first().expect("a header");
                    assert_eq!(*header, 0);
                    let message = AgentToServer::decode(body).expect("a message");
                    self.uid.clone_from(&message.instance_uid);
                    return Some(message);
                }
                Ok(Message::Ping(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(other) => panic!("{other:?}"),
            }
        }
    }

    /// The next, in a few words.
    async fn heard(&mut self) -> String {
        self.next().await.map_or("gone".to_owned(), |message| brief(&message))
    }

    /// What the component says within this time, without heartbeats.
    async fn during(&mut self, time: Duration) -> Vec<String> {
        let until = Instant::now() + time;
        let mut log = Vec::new();
        while let Ok(heard) = tokio::time::timeout_at(until, self.heard()).await {
            let beats = heard.chars().all(|sign| sign.is_ascii_digit());
            let gone = heard == "gone";
            log.extend((!beats).then_some(heard));
            if gone {
                break;
            }
        }
        log
    }

    async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.expect("sent");
    }

    async fn say(&mut self, message: ServerToAgent) {
        self.raw(Message::Binary([&[0][..], &message.encode_to_vec()].concat().into())).await;
    }

    async fn offer(&mut self, digit: char, body: &str, remaining: &[u64]) {
        let offered = offer(&self.uid, digit, body, remaining);
        self.say(offered).await;
    }
}

/// What a message of the component says: its status, and what else is in it.
fn brief(message: &AgentToServer) -> String {
    let mut words = vec![message.sequence_num.to_string()];
    words.extend(message.agent_description.as_ref().map(|_| "all".to_owned()));
    if let Some(status) = &message.remote_config_status {
        let hash = status.last_remote_config_hash.first().map_or("-".to_owned(), |byte| format!("{:x}", byte >> 4));
        words.push(format!("{:?} {hash} {}", status.status(), masked(&status.error_message)).trim_end().to_owned());
    }
    words.extend(message.custom_message.as_ref().map(|custom| custom.r#type.clone()));
    words.extend(message.agent_disconnect.as_ref().map(|_| "bye".to_owned()));
    words.join(" ")
}

/// Names of plans are what they are; a test knows them by their first digit.
fn masked(text: &str) -> String {
    let is_hash = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let masked = |hash: &str| hash.chars().take(1).collect::<String>().repeat(32);
    let mask = |word: &str| Some(word).filter(is_hash).map_or_else(|| word.to_owned(), masked);
    text.split(' ').map(mask).collect::<Vec<_>>().join(" ")
}

fn hash(digit: char) -> PlanHash {
    stated(&plan(digit, &[])).expect("a plan")
}

/// The hash that a plan says it has.
fn stated(body: &str) -> Option<PlanHash> {
    let (_, rest) = body.split_once(r#""hash":""#)?;
    PlanHash::read(rest.get(..32)?).ok()
}

/// A plan whose hash begins with this digit, for some component whose name begins so.
fn sealed(digit: char, component: &str, with: impl Fn(&str) -> String) -> String {
    let texts = (1000..10_000).map(|nonce| {
        with(&format!(
            r#"{{"schema":1,"component":"{component}{nonce}","hash":"{}","instruments":[],"tail":[],"baseline":{{"on":true}},"spans":[],"next":[]}}"#,
            "0".repeat(32),
        ))
    });
    let sealed = texts.map(|text| {
        let hash = Plan::seal(text.as_bytes()).expect("it has a hash").to_string();
        text.replacen(&"0".repeat(32), &hash, 1)
    });
    let mut right = sealed.filter(|text| stated(text).is_some_and(|hash| hash.to_string().starts_with(digit)));
    right.next().expect("one of sixteen")
}

/// A plan whose hash begins with this digit; parts of it end at these moments of the wall's first hours, and it then is what is
/// named beside them.
fn plan(digit: char, next: &[(&str, char)]) -> String {
    let steps = next.iter().enumerate().map(|(passed, (at, digit))| {
        let after = stated(&plan(*digit, next.get(passed + 1..).unwrap_or_default())).expect("a plan");
        format!(r#"{{"at":"1970-01-01T{at}Z","hash":"{after}"}}"#)
    });
    let next = format!(r#""next":[{}]"#, steps.collect::<Vec<_>>().join(","));
    sealed(digit, "a/", |text| text.replace(r#""next":[]"#, &next))
}

/// Under the name that it has, if that begins with this digit; else under one that does.
fn offer(uid: &[u8], digit: char, body: &str, remaining: &[u64]) -> ServerToAgent {
    let file = |body: &str| AgentConfigFile { body: body.as_bytes().to_vec(), content_type: String::new() };
    let expiry = format!(r#"{{"remainingMs":{remaining:?}}}"#);
    let config_map = [(PLAN_ENTRY.to_owned(), file(body)), (EXPIRY_ENTRY.to_owned(), file(&expiry))].into();
    let own = stated(body).filter(|own| own.to_string().starts_with(digit));
    let config_hash = own.unwrap_or_else(|| hash(digit)).0.to_vec();
    let config = AgentRemoteConfig { config: Some(AgentConfigMap { config_map }), config_hash };
    ServerToAgent { instance_uid: uid.to_vec(), remote_config: Some(config), ..ServerToAgent::default() }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
