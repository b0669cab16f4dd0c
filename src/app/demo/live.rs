//! The demo against the wall clock: the real server beside the simulator, or the simulator alone.
//! What it tells of the server it has seen in a scrape.

use super::{
    Options, Refused,
    feed::Speaker,
    folder::Folder,
    look::{self, Look},
    mco::Second,
    stage::{Setting, Stage, WayOut},
    tell::Teller,
    time::Pace,
};
use crate::{
    app::{
        clock::Clock,
        drain::{self, Signals, Stop, Stopper},
        serve::{Addresses, BindError, bind},
    },
    config::Config,
};
use anyhow::Context;
use futures_util::future::join_all;
use jiff::Timestamp;
use pointsman_instrument::{
    Transport,
    opamp::{Client, Endpoint, Settings},
};
use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tracing::debug;

/// How often the story goes on.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two pushes of everyone.
const TICKS_PER_PUSH: u64 = 5;
/// Simulated time begins so long ago: it runs faster, and the spans of the first rollouts should not end in the future.
const LOOK_BACK: Duration = Duration::from_secs(3600);
/// The last push may take this long.
const FLUSH: Duration = Duration::from_secs(3);

type Out<'a> = &'a mut (dyn Write + Send);

/// Serves and simulates until stopped.
pub(crate) async fn serve(options: &Options, out: Out<'_>) -> anyhow::Result<()> {
    // Held until the server has ended, which would miss it.
    let folder = Arc::new(Folder::new()?);
    let clock = Clock::at_speed(options.speed);
    let app = bind(config(options, &folder)?, clock).await.map_err(|error| match error {
        BindError::Faults(faults) => Refused(faults).into(),
        BindError::Other(error) => error.context("take the demo's ports"),
    })?;
    let at = app.addresses();
    let urls = [format!("http://{}", at.otlp_grpc), format!("http://{}", at.otlp_http)];
    let way_out = move |n: usize| match n % 2 {
        0 => Transport::grpc(&urls[0]),
        _ => Transport::http(&urls[1]),
    };
    let mut play = Play::new(options, clock, Some((at.listen, Arc::clone(&folder))), &way_out)?;
    play.obey(&format!("ws://{}", at.otlp_http))?;
    play.introduce(options, at, out)?;
    let (stopper, stop) = drain::pair();
    let server = app.run(stopper.clone(), stop.clone());
    until_stopped(options, (stopper, stop), play, out, server).await
}

/// Simulates only; everything goes to the receiver at `url`.
pub(crate) async fn send(options: &Options, url: &str, out: Out<'_>) -> anyhow::Result<()> {
    let http = url.trim_end_matches('/').ends_with(":4318");
    let way_out = |_| if http { Transport::http(url) } else { Transport::grpc(url) };
    let play = Play::new(options, Clock::at_speed(options.speed), None, &way_out)?;
    writeln!(out, "{}   Ctrl-C to stop", super::headline(options))?;
    writeln!(out, "  sends to {url} over {}", if http { "HTTP" } else { "gRPC" })?;
    let (stopper, stop) = drain::pair();
    let idle = stop.clone();
    let nothing = async move {
        idle.asked().await;
        Ok(())
    };
    until_stopped(options, (stopper, stop), play, out, nothing).await
}

async fn until_stopped(
    options: &Options,
    (stopper, stop): (Stopper, Stop),
    mut play: Play,
    out: Out<'_>,
    server: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let signals = Signals::hear().context("hear signals")?;
    let ended = async {
        match options.for_time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let (clients, asked) = (std::mem::take(&mut play.clients), stop.clone());
    let clients = clients.into_iter().map(|client| {
        let stop = asked.clone();
        async move { client.run(stop.asked(), |event| debug!("{event}")).await }
    });
    let sessions = async {
        join_all(clients).await;
        Ok(())
    };
    let story = async {
        let told = tokio::select! {
            told = play.run(stop, out) => told,
            () = ended => Ok(()),
        };
        stopper.ask();
        told
    };
    tokio::select! {
        both = async { tokio::try_join!(server, story, sessions) } => both.map(|_| ()),
        () = stopper.clone().ask_on(signals) => Ok(()),
    }
}

/// The default ports where they are free, others where they are not.
fn config(options: &Options, folder: &Folder) -> Result<Config, Refused> {
    let mut config = options.server().map_err(Refused)?;
    for address in [&mut config.otlp_grpc, &mut config.otlp_http, &mut config.listen] {
        if TcpListener::bind(*address).is_err() {
            address.set_port(0);
        }
    }
    config.views = Some(folder.path().to_owned());
    Ok(config)
}

/// The simulator and who tells of it.
struct Play {
    clock: Clock,
    pace: Pace,
    stage: Stage,
    /// Who keeps each sender to its plan, when the server is ours.
    clients: Vec<Client>,
    teller: Teller,
    /// The server's read side and the folder of its views, when it is ours.
    server: Option<(SocketAddr, Arc<Folder>)>,
}

impl Play {
    fn new(
        options: &Options,
        clock: Clock,
        server: Option<(SocketAddr, Arc<Folder>)>,
        way_out: WayOut<'_>,
    ) -> anyhow::Result<Self> {
        let base = SystemTime::UNIX_EPOCH + Duration::from_nanos(clock.wall().0);
        let pace = Pace { base, speed: f64::from(options.speed) };
        let (nodes, scenario, seed) = (options.nodes, options.scenario, options.seed);
        let start = Timestamp::try_from(base - LOOK_BACK).context("read the clock")?;
        let setting = Setting { nodes, scenario, seed, start, way_out };
        let stage = Stage::new(&setting, |time| move || pace.wall(time.second()))?;
        let teller = Teller::new(stage.blocked_node());
        Ok(Self { clock, pace, stage, clients: Vec::new(), teller, server })
    }

    /// Everyone takes its plan from this controller: what a view turns off is not even made.
    fn obey(&mut self, url: &str) -> anyhow::Result<()> {
        let settings = Settings { endpoint: Some(Endpoint::new(url)?), ..Settings::default() };
        let client = |speaker: &Speaker| Client::new(Arc::clone(&speaker.telemetry), &speaker.identity, settings.clone());
        self.clients = self.stage.speakers().iter().map(client).collect();
        Ok(())
    }

    fn introduce(&self, options: &Options, at: Addresses, out: Out<'_>) -> anyhow::Result<()> {
        let Some((_, folder)) = &self.server else { return Ok(()) };
        let views = folder.path().display();
        let read = at.listen;
        let traces = match options.traces_to.as_slice() {
            [] => "kept in memory (--traces-to URL forwards them)".to_owned(),
            urls => format!("forwarded to {}", urls.join(", ")),
        };
        writeln!(out, "{}   Ctrl-C to stop", super::headline(options))?;
        writeln!(out, "  metrics  http://{read}/metrics")?;
        writeln!(out, "  page     http://{read}/")?;
        writeln!(out, "  OTLP     {} gRPC · {} HTTP, {} senders", at.otlp_grpc, at.otlp_http, self.stage.speakers().len())?;
        writeln!(out, "  traces   {traces}")?;
        writeln!(out, "  views    {views}   change a file there, and the next scrape changes")?;
        writeln!(out, "try, in another shell:")?;
        writeln!(out, "  curl -s http://{read}/metrics | grep mco_pool_machine_count")?;
        writeln!(out, "  curl -s http://{read}/metrics | grep -c '^mcd_update_state'")?;
        writeln!(out, "  curl -s http://{read}/api/v1/traces")?;
        writeln!(out, "  {} check {views}", options.program())?;
        Ok(out.flush()?)
    }

    async fn run(mut self, stop: Stop, out: Out<'_>) -> anyhow::Result<()> {
        let mut unreached = false;
        for tick in 0_u64.. {
            let second = self.pace.second(Duration::from_nanos(self.clock.mono().0));
            self.advance(second, out)?;
            if tick.is_multiple_of(TICKS_PER_PUSH) {
                let failed = self.stage.push().await > 0;
                if failed != unreached {
                    unreached = failed;
                    writeln!(
                        out,
                        "{}",
                        if failed { "pushes fail: the receiver cannot be reached" } else { "pushes arrive again" }
                    )?;
                }
                self.look(second, out).await?;
            }
            out.flush()?;
            tokio::select! {
                () = stop.asked() => break,
                () = tokio::time::sleep(TICK) => {}
            }
        }
        // What was recorded last still goes out; a receiver that is gone must not hold us up.
        drop(tokio::time::timeout(FLUSH, self.stage.push()).await);
        Ok(())
    }

    fn advance(&mut self, second: Second, out: Out<'_>) -> anyhow::Result<()> {
        for (at, happening) in self.stage.advance(second) {
            writeln!(out, "{}", Teller::happening(at, &happening))?;
        }
        Ok(())
    }

    /// Tells what the last scrape shows, and writes the view when its time has come.
    async fn look(&mut self, second: Second, out: Out<'_>) -> anyhow::Result<()> {
        let Some((address, folder)) = &self.server else { return Ok(()) };
        // A scrape that fails is the server's affair: it logs it, and the next one comes in a second.
        let Ok(body) = look::fetch(*address).await else { return Ok(()) };
        let look = Look::read(&body, self.stage.blocked_node());
        if let Some(line) = self.teller.look(second, look) {
            writeln!(out, "{line}")?;
        }
        if self.teller.wants_quiet(second) {
            let path = folder.write_quiet()?;
            writeln!(out, "{}", self.teller.quiet_written(second, &path.display()))?;
        }
        Ok(())
    }
}
