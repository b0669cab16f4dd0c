//! The demo against the wall clock: the real server beside the simulator, or the simulator alone.
//! What it tells of the server it has seen in a scrape.

use super::{
    Options, Refused,
    folder::Folder,
    look::{self, Look},
    mco::Second,
    sessions::{Held, Sessions},
    stage::{Setting, Stage, Turn, WayOut},
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
use jiff::Timestamp;
use pointsman_instrument::Transport;
use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often the story goes on.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two pushes of everyone.
const TICKS_PER_PUSH: u64 = 5;
/// Series of a sender that does not push end after so many simulated seconds,
const EXPIRE_AFTER: Second = 300;
/// but not before so much time: that is a few pushes, also of what we tell of ourselves.
const EXPIRE_AFTER_MIN: Duration = Duration::from_secs(15);
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
    let sessions = play.obey(&format!("ws://{}", at.otlp_http))?;
    play.introduce(options, at, out)?;
    let (stopper, stop) = drain::pair();
    let server = app.run(stopper.clone(), stop.clone());
    let asked = stop.clone();
    let sessions = async {
        sessions.run(asked).await;
        Ok(())
    };
    let both = async { tokio::try_join!(server, sessions).map(|_| ()) };
    until_stopped(options, (stopper, stop), play, out, both).await
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
    play: Play,
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
    let story = async {
        tokio::select! {
            // Without an error it was asked to end, and to ask again would mean: at once.
            told = play.run(stop, out) => told.inspect_err(|_| stopper.ask()),
            () = ended => {
                stopper.ask();
                Ok(())
            }
        }
    };
    tokio::select! {
        both = async { tokio::try_join!(server, story) } => both.map(|_| ()),
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
    config.expire_after = Pace::at(options.speed).real(EXPIRE_AFTER).max(EXPIRE_AFTER_MIN);
    Ok(config)
}

/// The simulator and who tells of it.
struct Play {
    clock: Clock,
    pace: Pace,
    stage: Stage,
    /// What keeps each sender to its plan, when the server is ours.
    sessions: Option<Sessions>,
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
        let pace = Pace { base, ..Pace::at(options.speed) };
        let (nodes, scenario, seed) = (options.nodes, options.scenario, options.seed);
        // Simulated time runs faster: the spans of the first rollouts should not end in the future.
        let start = Timestamp::try_from(base - Duration::from_secs(scenario.length())).context("read the clock")?;
        let setting = Setting { nodes, scenario, seed, start, way_out };
        let stage = Stage::new(&setting, |time| move || pace.wall(time.second()))?;
        let teller = Teller::new(stage.node());
        Ok(Self { clock, pace, stage, sessions: None, teller, server })
    }

    /// Everyone takes its plan from this controller: what a view turns off is not even made.
    fn obey(&mut self, url: &str) -> anyhow::Result<Held> {
        let (mut sessions, held) = Sessions::new(url)?;
        self.stage.speakers().for_each(|(number, speaker)| sessions.begin(number, speaker));
        self.sessions = Some(sessions);
        Ok(held)
    }

    /// Who has fallen silent takes no plans; who has begun to speak does.
    fn turn(&mut self) {
        let (turns, Some(sessions)) = (self.stage.take_turns(), &mut self.sessions) else { return };
        for turn in turns {
            match turn {
                Turn::Stopped(number) => sessions.end(number),
                Turn::Began(number) => {
                    let speaker = self.stage.speakers().find(|(speaks, _)| *speaks == number);
                    speaker.into_iter().for_each(|(_, speaker)| sessions.begin(number, speaker));
                }
            }
        }
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
        writeln!(out, "  OTLP     {} gRPC · {} HTTP, {} senders", at.otlp_grpc, at.otlp_http, self.stage.speakers().count())?;
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
            writeln!(out, "{}", self.teller.happening(at, &happening))?;
        }
        self.turn();
        Ok(())
    }

    /// Tells what the last scrape shows, and writes the view when its time has come.
    async fn look(&mut self, second: Second, out: Out<'_>) -> anyhow::Result<()> {
        let Some((address, folder)) = &self.server else { return Ok(()) };
        // A scrape that fails is the server's affair: it logs it, and the next one comes in a second.
        let Ok(body) = look::fetch(*address).await else { return Ok(()) };
        let look = Look::read(&body, self.stage.node());
        for line in self.teller.look(second, look) {
            writeln!(out, "{line}")?;
        }
        if self.teller.wants_quiet(second) {
            let path = folder.write_quiet()?;
            writeln!(out, "{}", self.teller.quiet_written(second, &path.display()))?;
        }
        Ok(())
    }
}
