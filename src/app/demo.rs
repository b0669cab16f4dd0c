//! `pointsman demo`: no cluster, no configuration. The real server and a simulated cluster that pushes real OTLP into
//! it, in one process; or only the simulator, to another receiver; or one deterministic run on simulated time.

mod daemons;
mod direct;
mod feed;
mod folder;
#[cfg(test)]
mod heard;
mod live;
mod look;
mod loops;
pub mod mco;
mod once;
pub mod scenario;
mod sessions;
mod stage;
mod tell;
mod time;

use crate::{
    cli::DemoArgs,
    config::{
        Config, Given,
        place::CommandLine,
        read_flag,
        values::{BackEnd, Lasting},
    },
};
use pointsman_core::fault::Fault;
use scenario::Scenario;
use std::{io::Write, time::Duration};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nodes of the pool.
    pub nodes: usize,
    /// Simulated seconds in a second.
    pub speed: u32,
    /// Everything that happens follows from it.
    pub seed: u64,
    /// What goes wrong.
    pub scenario: Scenario,
    /// End after so much real time.
    pub for_time: Option<Duration>,
    /// One run on simulated time, then end.
    pub once: bool,
    /// Push to this receiver and serve nothing.
    pub send_to: Option<String>,
    /// Trace back ends of the server.
    pub traces_to: Vec<String>,
    /// Where a trace viewer shows a trace.
    pub trace_link: Vec<String>,
    /// The command line as it stands: the program for lines to paste, the rest for carets.
    pub line: CommandLine,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 12,
            speed: 60,
            seed: 7,
            scenario: Scenario::Story,
            for_time: None,
            once: false,
            send_to: None,
            traces_to: Vec::new(),
            trace_link: Vec::new(),
            line: CommandLine::default(),
        }
    }
}

impl Options {
    /// From the command line, as [`DemoArgs`] and as it stands.
    ///
    /// # Errors
    /// Everything that is not of its form, as far as the parser of the command line has not seen it.
    pub fn read(args: &DemoArgs, line: CommandLine) -> Result<Self, Vec<Fault>> {
        let DemoArgs { nodes, speed, seed, scenario, for_time, once, send_to, traces_to, trace_link } = args;
        let mut faults = Vec::new();
        let scenario: Scenario = scenario.parse().unwrap_or_default(); // the command line takes no other
        let for_time = read_flag("for", for_time.as_deref(), &line, &mut faults);
        let send_to = read_flag("send-to", send_to.as_deref(), &line, &mut faults);
        let options = Self {
            nodes: usize::try_from(*nodes).unwrap_or(usize::MAX),
            speed: speed.unwrap_or_else(|| scenario.speed()),
            seed: *seed,
            scenario,
            for_time: for_time.map(|Lasting(time)| time),
            once: *once,
            send_to: send_to.map(|BackEnd(url)| url),
            traces_to: traces_to.clone(),
            trace_link: trace_link.clone(),
            line,
        };
        // What is wrong with the server's own flags is told at once too.
        faults.extend(options.server().err().into_iter().flatten());
        if faults.is_empty() { Ok(options) } else { Err(faults) }
    }

    /// The configuration of the demo's server, as far as the command line says it.
    pub(crate) fn server(&self) -> Result<Config, Vec<Fault>> {
        let all = [("traces-to", &self.traces_to), ("trace-link", &self.trace_link)];
        let flags = all.into_iter().filter(|(_, urls)| !urls.is_empty()).map(|(key, urls)| (key, urls.clone())).collect();
        Config::read(&Given { flags, command_line: self.line.clone(), ..Given::default() })
    }

    /// How the program was called, for lines to paste.
    pub(crate) fn program(&self) -> &str {
        self.line.args.first().map_or("pointsman", String::as_str)
    }
}

/// What was asked for cannot be done: every reason.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} faults in what was asked for", .0.len())]
pub struct Refused(pub Vec<Fault>);

/// Runs the demo until it ends or is stopped; the story goes to `out`.
///
/// # Errors
/// When no port is free, the receiver's address cannot be used, or the folder for views cannot be written.
pub async fn run(options: &Options, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    if options.once {
        return once::run(options, out).await;
    }
    match &options.send_to {
        Some(url) => live::send(options, url, out).await,
        None => live::serve(options, out).await,
    }
}

/// The first line.
fn headline(options: &Options) -> String {
    let pace = if options.once { "once".to_owned() } else { format!("{}x", options.speed) };
    format!("pointsman demo   seed {} · {} nodes · {} · {pace}", options.seed, options.nodes, options.scenario)
}
