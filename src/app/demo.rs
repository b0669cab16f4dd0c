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

use scenario::Scenario;
use std::{io::Write, time::Duration};

/// Most nodes that are simulated.
pub const NODES_MAX: usize = 1000;

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
