//! `pointsman demo`: no cluster, no configuration. The real server and a simulated cluster that pushes real OTLP into
//! it, in one process; or only the simulator, to another receiver; or one deterministic run on simulated time.

mod cluster;
mod fleet;
mod folder;
mod live;
mod look;
mod once;
mod readings;
pub mod scenario;
mod tell;
mod time;

use crate::cli::DemoArgs;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    view::time::parse_duration,
};
use scenario::{Scenario, UnknownScenario};
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
    /// How the program was called, for lines to paste.
    pub program: String,
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
            program: "pointsman".to_owned(),
        }
    }
}

impl Options {
    /// From the command line; `program` is how we were called.
    ///
    /// # Errors
    /// Every mistake; the command line has checked all but the duration.
    pub fn read(args: &DemoArgs, program: &str) -> Result<Self, Vec<Fault>> {
        let DemoArgs { nodes, speed, seed, scenario, for_time, once, send_to, traces_to } = args;
        let bad = |key: &str, value: &str, what: &str| {
            vec![Fault::new(Code::BadSetting, Place::Setting(key.into()), &[value, key, what])]
        };
        let duration = for_time.as_deref().map(|text| (text, parse_duration(text)));
        if let Some((text, None)) = duration {
            return Err(bad("--for", text, "not a duration such as 30s or 5m"));
        }
        Ok(Self {
            nodes: usize::try_from(*nodes).map_err(|e| bad("--nodes", "nodes", &e.to_string()))?,
            speed: *speed,
            seed: *seed,
            scenario: scenario.parse().map_err(|e: UnknownScenario| bad("--scenario", scenario, &e.to_string()))?,
            for_time: duration.and_then(|(_, time)| time),
            once: *once,
            send_to: send_to.clone(),
            traces_to: traces_to.clone(),
            program: program.to_owned(),
        })
    }
}

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
