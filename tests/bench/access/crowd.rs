//! Many senders, each a task with a connection and a certificate of its own, who do together what they are told: push once, leave,
//! come back, or push again and again. They try again as exporters do. Knows nothing of what a server holds.

use super::home;
use crate::{
    body::{Body, Form},
    dial::Target,
    push::Wire,
    send::Protocol,
    server::Server,
    shape::Shape,
    tls::{Inside, Keys, SENDER},
};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// As long as exporters wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// First and last pause before another attempt.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// Handshakes in flight of those who come without haste.
const CONNECTING: usize = 64;
/// Until somebody who is not done by then counts as lost.
const PATIENCE: Duration = Duration::from_secs(180);

/// What all are told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Wait,
    /// One push each, until it is acknowledged; with haste all connect at once.
    Push {
        haste: bool,
    },
    Leave,
    /// A push each in every such time, each at a moment of its own.
    Keep {
        every: Duration,
    },
}

/// What they saw.
#[derive(Default)]
pub(super) struct Seen {
    /// Who did what was told last.
    done: AtomicUsize,
    /// Nanoseconds from when it was told until the last one was done.
    last_ns: AtomicU64,
    /// Pushes that were acknowledged.
    pub(super) taken: AtomicUsize,
    /// Answers that said to come again.
    pub(super) refused: AtomicUsize,
    /// Attempts that were not answered.
    pub(super) failed: AtomicUsize,
    /// Connections that were opened.
    pub(super) opened: AtomicUsize,
    /// What the last attempt that failed says.
    why: Mutex<String>,
}

/// Everybody.
pub(super) struct Crowd<'r> {
    runtime: &'r Runtime,
    orders: watch::Sender<(Order, Instant)>,
    tasks: JoinSet<Result<Body>>,
    count: usize,
    pub(super) seen: Arc<Seen>,
}

/// Where a crowd goes, and by what.
pub(super) struct Way<'a> {
    pub(super) protocol: Protocol,
    pub(super) server: &'a Server,
    pub(super) keys: &'a Keys,
}

impl<'r> Crowd<'r> {
    /// So many, none of whom is connected.
    pub(super) fn gather(runtime: &'r Runtime, count: usize, way: &Way<'_>) -> Result<Self> {
        let (orders, _) = watch::channel((Order::Wait, Instant::now()));
        let (seen, gate) = (Arc::<Seen>::default(), Arc::new(Semaphore::new(CONNECTING)));
        let (inside, address) = match way.protocol {
            Protocol::Grpc => (Inside::Http2, way.server.grpc),
            Protocol::Http | Protocol::Json => (Inside::Http1, way.server.http),
        };
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let client = way.keys.client_as(&format!("{SENDER}-{number}"), inside)?;
            let sender = Sender {
                number,
                wire: Wire::new(way.protocol, Target::inside(address, &client), Some(home(number))),
                body: Body::new(Shape::Tiny, Form::Protobuf, false, number)?,
                seen: Arc::clone(&seen),
                gate: Arc::clone(&gate),
            };
            tasks.spawn_on(sender.run(orders.subscribe()), runtime.handle());
        }
        Ok(Self { runtime, orders, tasks, count, seen })
    }

    /// Everybody pushes once, and is acknowledged: how long it took until the last was.
    pub(super) fn push(&self, haste: bool) -> Result<Duration> {
        self.tell(Order::Push { haste }).with_context(|| format!("wait until all of {} are acknowledged", self.count))
    }

    /// Everybody closes its connection.
    pub(super) fn leave(&self) -> Result<()> {
        self.tell(Order::Leave).context("wait until all are gone").map(drop)
    }

    /// Everybody pushes again and again, until the next word.
    pub(super) fn keep(&self, every: Duration) {
        self.orders.send_replace((Order::Keep { every }, Instant::now()));
    }

    /// Begins to count anew.
    pub(super) fn forget(&self) {
        let Seen { taken, refused, failed, opened, .. } = &*self.seen;
        [taken, refused, failed, opened].into_iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// Everybody ends: what each has sent, in order.
    pub(super) fn end(self) -> Result<Vec<Body>> {
        let Self { runtime, orders, mut tasks, .. } = self;
        drop(orders);
        let mut bodies = runtime.block_on(async {
            let mut bodies = Vec::new();
            while let Some(ended) = tasks.join_next().await {
                bodies.push(ended.context("a sender ended")??);
            }
            Ok::<_, anyhow::Error>(bodies)
        })?;
        bodies.sort_by_key(Body::first);
        Ok(bodies)
    }

    fn tell(&self, order: Order) -> Result<Duration> {
        self.seen.done.store(0, Ordering::Relaxed);
        self.seen.last_ns.store(0, Ordering::Relaxed);
        let began = Instant::now();
        self.orders.send_replace((order, began));
        while self.seen.done.load(Ordering::Relaxed) < self.count {
            if began.elapsed() > PATIENCE {
                let done = self.seen.done.load(Ordering::Relaxed);
                bail!("only {done} after {} s {}", PATIENCE.as_secs(), self.seen.why());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Duration::from_nanos(self.seen.last_ns.load(Ordering::Relaxed)))
    }
}

impl Seen {
    /// What the last attempt that failed says, in brackets; nothing where none did.
    pub(super) fn why(&self) -> String {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Sender {
    number: usize,
    wire: Wire,
    body: Body,
    seen: Arc<Seen>,
    gate: Arc<Semaphore>,
}

impl Sender {
    async fn run(mut self, mut orders: watch::Receiver<(Order, Instant)>) -> Result<Body> {
        let mut changed = orders.changed().await;
        while changed.is_ok() {
            let (order, told) = *orders.borrow_and_update();
            match order {
                Order::Wait => {}
                Order::Push { haste } => self.push(haste).await?,
                Order::Leave => self.wire.close(),
                Order::Keep { every } => {
                    let mut turn = every.mul_f64(self.spread());
                    changed = loop {
                        match timeout(turn, orders.changed()).await {
                            Ok(changed) => break changed,
                            Err(_) => self.push(true).await?,
                        }
                        turn = every;
                    };
                    continue;
                }
            }
            self.seen.last_ns.fetch_max(told.elapsed().as_nanos() as u64, Ordering::Relaxed);
            self.seen.done.fetch_add(1, Ordering::Relaxed);
            changed = orders.changed().await;
        }
        Ok(self.body)
    }

    /// Pushes the next values, as often as it takes.
    async fn push(&mut self, haste: bool) -> Result<()> {
        self.body.advance()?;
        let request = Bytes::copy_from_slice(self.body.bytes());
        let mut pause = AGAIN.0.mul_f64(0.5 + self.spread());
        loop {
            let gate = Arc::clone(&self.gate);
            let permit = if haste || self.wire.is_open() { None } else { Some(gate.acquire().await?) };
            if !self.wire.is_open() {
                self.seen.opened.fetch_add(1, Ordering::Relaxed);
            }
            let answer = timeout(ANSWER_MAX, self.wire.exchange(&request)).await;
            drop(permit);
            match answer.context("no answer").and_then(|answer| answer) {
                Ok(None) => {
                    self.seen.taken.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Ok(Some(after)) => {
                    self.seen.refused.fetch_add(1, Ordering::Relaxed);
                    sleep(after).await;
                }
                Err(error) => {
                    self.wire.close();
                    self.seen.failed.fetch_add(1, Ordering::Relaxed);
                    *self.seen.why.lock().unwrap_or_else(PoisonError::into_inner) = format!("({error:#})");
                    sleep(pause).await;
                    pause = pause.mul_f64(1.5).min(AGAIN.1);
                }
            }
        }
    }

    /// A share of its own, the same each time.
    fn spread(&self) -> f64 {
        (self.number.wrapping_mul(7919) % 1000) as f64 / 1000.0
    }
}
