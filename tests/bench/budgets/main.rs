//! Instruction budgets of the hot path: runs each step under callgrind, twice as often the second time, and holds the
//! difference to `tests/bench/BUDGETS.tsv`. Knows how to count and compare; what is counted is `steps`' matter.
//! `cargo run --release -p pointsman-budgets` checks; with `-- --write` it writes the file anew.
#![expect(clippy::print_stdout, reason = "a tool that talks to who started it")]

mod requests;
mod steps;

use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeMap, env, fs, process::Command};
use steps::{STEPS, Step};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../BUDGETS.tsv");
/// Below this share of its budget a step has become so cheap that the budget holds nothing any more.
const SLACK_MIN: f64 = 0.8;
/// Resident bytes of one of 1,000,000 series with five attributes.
const SERIES_BYTES_MAX: u64 = 150;
const HINT: &str = "cargo run --release -p pointsman-budgets -- --write";

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match &args[..] {
        [] => check(),
        [flag] if flag == "--write" => write(),
        [run, name, turns] if run == "--run" => {
            let step = STEPS.iter().find(|step| step.name == name).with_context(|| format!("there is no step {name}"))?;
            (step.run)(turns.parse().context("read how often")?);
            Ok(())
        }
        [flag] if flag == "--memory" => memory(),
        // Without the rest: to look at one step while it is worked on.
        [name] if STEPS.iter().any(|step| step.name == name) => {
            for step in STEPS.iter().filter(|step| step.name == name) {
                println!("{name}\t{}", count(step)?);
            }
            Ok(())
        }
        _ => bail!("usage: budgets [--write | --memory | STEP]"),
    }
}

/// Memory is held to its goal, not to what it was: the resident set is the kernel's to round.
fn memory() -> Result<()> {
    let [resident, accounted] = steps::memory()?;
    println!("{:20} {resident:>8} of {SERIES_BYTES_MAX:>8} bytes a series, {accounted} of them accounted for", "memory");
    ensure!(resident <= SERIES_BYTES_MAX, "a series takes {resident} bytes, its budget is {SERIES_BYTES_MAX}");
    Ok(())
}

/// Instructions of one unit.
fn count(step: &Step) -> Result<u64> {
    let (once, twice) = (collected(step, step.turns)?, collected(step, 2 * step.turns)?);
    let units = u64::try_from(step.units * step.turns)?;
    Ok((twice.saturating_sub(once) + units / 2) / units)
}

/// Instructions of a whole run, from start to exit.
fn collected(step: &Step, turns: usize) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["--run", step.name, &turns.to_string()])
        .output()
        .context("start valgrind, the Debian package of that name")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} × {turns} failed:\n{told}", step.name);
    let line = told.lines().find_map(|line| line.split_once("Collected :")).context("callgrind told no number")?;
    line.1.trim().parse().context("read what callgrind collected")
}

fn write() -> Result<()> {
    let mut text = format!("# {}; instructions of one unit, and the most they may become: 5 % more\n", compiler()?);
    text += "# step\tunit\tmeasured\tbudget\n";
    for step in STEPS {
        let measured = count(step)?;
        let line = format!("{}\t{}\t{measured}\t{}\n", step.name, step.unit, measured + measured.div_ceil(20));
        print!("{line}");
        text += &line;
    }
    fs::write(FILE, text).context("write the budgets")
}

fn check() -> Result<()> {
    let text = fs::read_to_string(FILE).context("read the budgets")?;
    let compiler = compiler()?;
    ensure!(
        text.starts_with(&format!("# {compiler};")),
        "the budgets were written for another compiler than {compiler}: check with that one, or look through what \
         changes with this one and write them anew: {HINT}"
    );
    let budgets: BTreeMap<&str, u64> = text.lines().filter_map(budget).collect();
    ensure!(budgets.len() == STEPS.len(), "{} budgets for {} steps: {HINT}", budgets.len(), STEPS.len());
    memory()?;
    let mut wrong = Vec::new();
    for step in STEPS {
        let budget = *budgets.get(step.name).with_context(|| format!("{} has no budget: {HINT}", step.name))?;
        let measured = count(step)?;
        println!("{:20} {measured:>8} of {budget:>8} instructions a {}", step.name, step.unit);
        if measured > budget {
            wrong.push(format!("{} takes {measured} instructions a {}, its budget is {budget}", step.name, step.unit));
        } else if (measured as f64) < SLACK_MIN * budget as f64 {
            wrong.push(format!("{} takes only {measured} of {budget} instructions: lower its budget: {HINT}", step.name));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn budget(line: &str) -> Option<(&str, u64)> {
    let mut fields = line.split('\t');
    let name = fields.next().filter(|name| !name.starts_with('#'))?;
    Some((name, fields.nth(2)?.parse().ok()?))
}

/// Counts depend on who compiled.
fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("ask rustc for its version")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
