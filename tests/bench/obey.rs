//! What views cost a running server: rules that are in force, a metric that is off, and a change of what is in force over
//! many series. Knows views as files in a folder.

use crate::{
    Part,
    case::Case,
    check, goals,
    run::{Load, window},
    scrape::{self, PLAIN},
    send::{Coding, Protocol},
    server::{Peer, Server},
    shape::Shape,
    table::{Worst, median, show},
};
use anyhow::{Context, Result, ensure};
use std::{fmt::Write, fs, path::Path, thread, time::Duration};

const RULES: usize = 1_000;
const RULES_A_VIEW: usize = 50;
/// The folder is looked at twice a second; what follows from a change is over long before this.
const SETTLED: Duration = Duration::from_secs(3);

/// What a folder of views holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Views {
    None,
    /// 1,000 rules: of the bench's metrics, which stay on, and of others.
    Rules,
    /// Every metric of the bench is off.
    Off,
    /// Every metric of the bench has another name.
    Renamed,
    /// Every sum of the bench loses an attribute that all of its series have alike, so that no two become one.
    Dropped,
}

impl Views {
    fn files(self) -> Vec<String> {
        let rules: Vec<String> = match self {
            Self::None => Vec::new(),
            Self::Rules => (0..RULES).map(rule).collect(),
            Self::Off => vec![r#"{name: off, match: {instruments: ["bench.*"]}, state: Disabled}"#.to_owned()],
            Self::Renamed => (0..10).map(rename).collect(),
            Self::Dropped => {
                vec![r#"{name: drop, match: {instruments: ["bench.counter.*"]}, attributes: {drop: [phase]}}"#.to_owned()]
            }
        };
        let view = |(at, rules): (usize, &[String])| {
            let rules: String = rules.iter().map(|rule| format!("  - {rule}\n")).collect();
            format!(
                "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: bench-{at}, namespace: bench}}\nspec:\n  reason: bench\n  metrics:\n{rules}"
            )
        };
        rules.chunks(RULES_A_VIEW).enumerate().map(view).collect()
    }

    /// Brings them into force by one change of the folder's only file.
    fn write(self, folder: &Path) -> Result<()> {
        let made = folder.join("views.tmp");
        fs::write(&made, self.files().join("---\n"))?;
        Ok(fs::rename(made, folder.join("views.yaml"))?)
    }
}

/// A fiftieth of the rules is about the bench's own metrics.
fn rule(at: usize) -> String {
    let kind = if at.is_multiple_of(2) { "gauge" } else { "counter" };
    let pattern = match at % 50 {
        0 | 1 => format!("bench.{kind}.*"),
        2 => format!("area{}.*", at % 10),
        _ => format!("area{}.metric{at}", at % 10),
    };
    format!(r#"{{name: r{at}, match: {{instruments: ["{pattern}"]}}, state: Enabled}}"#)
}

fn rename(at: usize) -> String {
    let kind = if at.is_multiple_of(2) { "gauge" } else { "counter" };
    format!("{{name: r{at}, match: {{instruments: [bench.{kind}.{at}]}}, rename: {{to: bench.renamed.{kind}.{at}}}}}")
}

/// A server with a folder of views, and what is sent to it.
struct Watched {
    views: Views,
    folder: tempfile::TempDir,
    server: Server,
    load: Load,
}

impl Watched {
    fn start(views: Views, series: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        views.write(folder.path())?;
        let flags = ["--views".to_owned(), folder.path().display().to_string()];
        let server = Server::start_with(Peer::Pointsman, &flags)?;
        let case = Case { shape: Shape::Large, series, protocol: Protocol::Http, coding: Coding::None, shuffle: false };
        let mut load = Load::new(case, 2)?;
        load.pass(&server)?;
        Ok(Self { views, folder, server, load })
    }

    /// The scrape is what was sent, or holds none of it.
    fn check(&self) -> Result<()> {
        let body = scrape::read(self.server.read, PLAIN)?;
        let of = |start: &[u8]| body.split(|byte| *byte == b'\n').filter(|line| line.starts_with(start)).count();
        match self.views {
            Views::None | Views::Rules | Views::Dropped => check::text(&body, self.load.model())?,
            Views::Off => ensure!(of(b"bench_") == 0, "a metric that is off is in the scrape"),
            Views::Renamed => {
                ensure!(of(b"bench_renamed_") == of(b"bench_"), "a metric has its old name");
                check::text(&body, self.load.model())?;
            }
        }
        let dropped = body.windows(7).filter(|bytes| *bytes == b"phase=\"").count();
        let whole = if self.views == Views::Off { 0 } else { self.load.case.series };
        let expected = if self.views == Views::Dropped { whole / 2 } else { whole };
        ensure!(dropped == expected, "{dropped} series have the attribute, not {expected}");
        Ok(())
    }

    /// CPU milliseconds that a change of views costs beside an idle server, and those of the scrape after it.
    fn change(&mut self, views: Views) -> Result<(f64, f64)> {
        let cpu = |server: &Server| server.fine_cpu_seconds();
        let before = cpu(&self.server)?;
        thread::sleep(SETTLED);
        let idle = cpu(&self.server)? - before;
        self.views = views;
        views.write(self.folder.path())?;
        let before = cpu(&self.server)?;
        thread::sleep(SETTLED);
        let changed = cpu(&self.server)? - before;
        let before = cpu(&self.server)?;
        scrape::scrape(self.server.read, PLAIN, false)?;
        Ok(((changed - idle) * 1e3, (cpu(&self.server)? - before) * 1e3))
    }
}

/// Measures all of it: the hot path so many times, changes at that many series.
pub(crate) fn measure(series: usize, rounds: usize, cpu_seconds: f64) -> Result<Part> {
    let mut part = Part { title: "What views cost a running server".into(), ..Part::default() };
    points(&mut part, rounds, cpu_seconds)?;
    changes(&mut part, series)?;
    Ok(part)
}

fn points(part: &mut Part, rounds: usize, cpu_seconds: f64) -> Result<()> {
    let kinds = [Views::None, Views::Rules, Views::Off];
    let mut servers = kinds.iter().map(|views| Watched::start(*views, 100_000)).collect::<Result<Vec<_>>>()?;
    let mut seen = kinds.map(|_| Vec::<f64>::new());
    for round in 0..rounds {
        let mut turns: Vec<_> = servers.iter_mut().zip(&mut seen).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (watched, nanos) in turns {
            let (sent, cpu, _) = window(&watched.server, &mut watched.load, cpu_seconds)?;
            nanos.push(cpu * 1e9 / sent);
        }
    }
    for watched in &servers {
        watched.check().with_context(|| format!("with {:?}", watched.views))?;
    }
    let [none, rules, off] = seen;
    let extra: Vec<f64> = rules.iter().zip(&none).map(|(rules, none)| rules - none).collect();
    part.figures.take(goals::RULES, median(&extra));
    part.figures.take(goals::DISABLED, median(&off) / median(&none));
    write!(
        part.text,
        "S1 over HTTP, 100,000 series, three servers at once, in turns A B C C B A. ns of CPU a point, median (worst) of {rounds}:\n\n\
         | no view | 1,000 rules in force | difference, median of pairs | every metric off |\n| --- | --- | --- | --- |\n\
         | {} | {} | {:.1} | {} |\n\n",
        show(&none, 1, Worst::Most),
        show(&rules, 1, Worst::Most),
        median(&extra),
        show(&off, 1, Worst::Most)
    )?;
    Ok(())
}

fn changes(part: &mut Part, series: usize) -> Result<()> {
    let mut watched = Watched::start(Views::None, series)?;
    watched.check()?;
    write!(
        part.text,
        "A file in the folder of views changes while {series} series rest. CPU ms of the server in the {} s after it, less those of as \
         long before it; and of the first scrape after it. What \
         was off comes back with the next push, as new series:\n\n| change | CPU ms | of the next scrape |\n| --- | --- | --- |\n",
        SETTLED.as_secs()
    )?;
    let mut switched = Vec::new();
    let steps = [
        ("every metric renamed", Views::Renamed),
        ("and back", Views::None),
        ("an attribute dropped from every sum", Views::Dropped),
        ("and back", Views::None),
        ("every metric off", Views::Off),
        ("and on again", Views::None),
    ];
    for (name, views) in steps {
        let (cpu, scraped) = watched.change(views)?;
        writeln!(part.text, "| {name} | {cpu:.1} | {scraped:.1} |")?;
        match views {
            Views::Renamed => part.figures.take(goals::RENAME, cpu),
            Views::Dropped => part.figures.take(goals::KEEP, cpu),
            Views::Off => switched.push(cpu),
            Views::None | Views::Rules if !switched.is_empty() => switched.push(cpu),
            Views::None | Views::Rules => {}
        }
        // What was off comes back with the next push.
        watched.load.pass(&watched.server)?;
        watched.check().with_context(|| name.to_owned())?;
    }
    part.figures.take(goals::SWITCH, switched.into_iter().fold(0.0, f64::max));
    Ok(())
}
