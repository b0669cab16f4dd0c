//! From the command line to an exit code: what was typed, what it means, and the verb that does it.
//! Knows no flag by name but `--config`, and does none of the work itself.

use super::{
    assets, check,
    clock::Clock,
    convert, demo,
    drain::{self, Signals},
    log, manual, memory, serve, surroundings,
    tools::{self, Form, ToolError, client::Client},
    watch,
};
use crate::{
    cli::{
        AssetsArgs, CatalogArgs, CheckArgs, Cli, ConvertArgs, DemoArgs, DiffArgs, ExplainArgs, GetArgs, ManArgs, ServeArgs,
        ServerArgs, Typed, Verb, VersionArgs, WatchArgs, split_unknown,
    },
    config::{Config, Given, place::CommandLine, watch::WatchConfig},
    docs,
};
use clap::Parser;
use pointsman_core::{
    fault::{Fault, Place, code::Code, render},
    limits,
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Where the C library reads how its allocator is to behave.
const TUNABLES: &str = "GLIBC_TUNABLES";
/// Bad usage or input.
const BAD_USAGE: u8 = 2;

/// Runs the command line; never panics on what it says.
pub fn main(args: Vec<OsString>, env: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    if let Err(error) = surroundings::forbid_cores() {
        writeln!(io::stderr(), "warning: cannot forbid core files: {error}").ok();
    }
    let line: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let (args, unknown) = split_unknown(args);
    let line = CommandLine { args: line, unknown };
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            report(&line.unknown_flags());
            return usage(&error);
        }
    };
    let env = env.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    match cli.verb {
        Verb::Serve(args) => serve(&args, env, line),
        Verb::Watch(args) => watch(&args, env, line),
        Verb::Demo(args) => demo(&args, &line),
        Verb::Check(args) => check(&args),
        Verb::Explain(args) => explain(&args),
        Verb::Diff(args) => diff(&args),
        Verb::Catalog(args) => catalog(&args),
        Verb::Get(args) => get(&args),
        Verb::Convert(args) => convert(&args),
        Verb::Assets(args) => shipped(&args),
        Verb::Docs(args) => ended(match &args.page {
            Some(page) => docs::print(page, (&mut io::stdout(), &mut io::stderr())),
            None => docs::list(&mut io::stdout()),
        }),
        Verb::Man(args) => man(&args),
        Verb::Completion(args) => ended(manual::completion(&args.shell, &mut io::stdout())),
        Verb::Version(args) => version(&args),
    }
}

fn check(args: &CheckArgs) -> ExitCode {
    let form = check::Form::ALL.into_iter().find(|(word, _)| *word == args.output).map(|(_, form)| form).unwrap_or_default();
    ended(check::run(&args.files, form, Clock::start().wall(), &mut io::stdout()))
}

fn shipped(args: &AssetsArgs) -> ExitCode {
    let AssetsArgs { what, flavour, to, force, output } = args;
    let flavour = flavour.as_deref();
    if what == "list" {
        return ended(assets::list(flavour, output == "json", &mut io::stdout()));
    }
    let wanted: Vec<assets::Asset> = assets::of(flavour).copied().collect();
    ended(assets::export(&wanted, to, *force, (&mut io::stdout(), &mut io::stderr())))
}

fn man(args: &ManArgs) -> ExitCode {
    ended(match &args.to {
        Some(to) => manual::write(to, (&mut io::stdout(), &mut io::stderr())),
        None => manual::print(args.verb.as_deref(), (&mut io::stdout(), &mut io::stderr())),
    })
}

fn convert(args: &ConvertArgs) -> ExitCode {
    let ConvertArgs { to: _, from, equal, container, namespace, files } = args;
    let Some(from) = convert::Proxy::ALL.into_iter().find(|proxy| proxy.word() == from) else { return ExitCode::from(BAD_USAGE) };
    let (container, namespace) = (container.as_deref(), namespace.as_deref());
    let request = convert::Request { from, equal: *equal, container, namespace, files };
    ended(convert::run(&request, &mut io::stdin(), (&mut io::stdout(), &mut io::stderr())))
}

/// A code is explained from the binary, everything else by the server.
fn explain(args: &ExplainArgs) -> ExitCode {
    let what = args.what.as_str();
    if check::is_code(what) {
        let form = if args.server.output == "json" { check::Form::Json } else { check::Form::Table };
        return ended(check::explain(what, form, &mut io::stdout()));
    }
    asked(&args.server, async |client: &Client, form: Form| {
        tools::explain::run(client, what, args.component.as_deref(), form, &mut io::stdout()).await
    })
}

fn diff(args: &DiffArgs) -> ExitCode {
    let now = Clock::start().wall();
    asked(&args.server, async |client: &Client, form: Form| {
        tools::diff::run(client, &args.files, form, now, (&mut io::stdout(), &mut io::stderr())).await
    })
}

fn catalog(args: &CatalogArgs) -> ExitCode {
    asked(&args.server, async |client: &Client, form: Form| match &args.name {
        Some(name) if args.what == "show" => tools::catalog::show(client, name, form, &mut io::stdout()).await,
        _ => tools::catalog::list(client, form, &mut io::stdout()).await,
    })
}

fn get(args: &GetArgs) -> ExitCode {
    let which = tools::get::Which { namespace: args.namespace.as_deref(), name: args.name.as_deref() };
    asked(&args.server, async |client: &Client, form: Form| {
        if args.kind.starts_with("view") {
            tools::get::views(client, which, form, &mut io::stdout()).await
        } else {
            tools::get::components(client, which, form, &mut io::stdout()).await
        }
    })
}

/// Connects, asks, and says why there is no answer where there is none.
fn asked(args: &ServerArgs, verb: impl AsyncFnOnce(&Client, Form) -> Result<u8, ToolError>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::Error::new(error).context("start the runtime")),
    };
    let answered = tools::connect(args).and_then(|(client, form)| runtime.block_on(verb(&client, form)));
    match answered {
        Ok(code) => ExitCode::from(code),
        Err(ToolError::Output(error)) => said(Err(error)),
        Err(error) => {
            let code = error.exit_code();
            complain(&anyhow::Error::new(error));
            ExitCode::from(code)
        }
    }
}

/// The verb's own exit code, unless it could not say what it found.
fn ended(code: io::Result<u8>) -> ExitCode {
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => said(Err(error)),
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to tell when the terminal is gone.
    error.print().ok();
    if error.use_stderr() { ExitCode::from(BAD_USAGE) } else { ExitCode::SUCCESS }
}

fn version(args: &VersionArgs) -> ExitCode {
    let number = env!("CARGO_PKG_VERSION");
    let text = match args.output.as_str() {
        "json" => serde_json::json!({ "version": 1, "item": { "name": "pointsman", "release": number } }).to_string(),
        _ => format!("pointsman {number}"),
    };
    said(writeln!(io::stdout(), "{text}"))
}

/// A broken pipe is the reader's choice.
fn said(written: io::Result<()>) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(BAD_USAGE),
        _ => ExitCode::SUCCESS,
    }
}

/// Starts this program anew under an allocator that gives memory back, in the same process; returns where that is so already,
/// or cannot be.
fn anew(env: &BTreeMap<String, String>) {
    let Some(tunables) = memory::tunables(env.get(TUNABLES).map(String::as_str)) else { return };
    let mut args = std::env::args_os();
    let Some(name) = args.next() else { return };
    let error = Command::new("/proc/self/exe").arg0(name).args(args).env(TUNABLES, tunables).exec();
    // More memory is lost in gaps then; everything else goes on as ever.
    writeln!(io::stderr(), "warning: cannot start anew with {TUNABLES}: {error}").ok();
}

fn serve(args: &ServeArgs, env: BTreeMap<String, String>, line: CommandLine) -> ExitCode {
    anew(&env);
    let config = match configure(args.config.as_ref(), args.typed(), (env, line), Config::read) {
        Ok(config) => config,
        Err(faults) => return report(&faults),
    };
    log::start(&config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(64).build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::Error::new(error).context("start the runtime")),
    };
    runtime.block_on(async {
        let signals = match Signals::hear() {
            Ok(signals) => signals,
            Err(error) => return complain(&anyhow::Error::new(error).context("hear signals")),
        };
        let app = match serve::bind(config, Clock::start()).await {
            Ok(app) => app,
            Err(serve::BindError::Faults(faults)) => return report(&faults),
            Err(serve::BindError::Other(error)) => return complain(&error),
        };
        let (stopper, stop) = drain::pair();
        tokio::select! {
            ended = app.run(stopper.clone(), stop) => match ended {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => complain(&error),
            },
            () = stopper.ask_on(signals) => ExitCode::SUCCESS,
        }
    })
}

fn watch(args: &WatchArgs, env: BTreeMap<String, String>, line: CommandLine) -> ExitCode {
    let read = |given: &Given| WatchConfig::read(&args.role, given);
    let config = match configure(args.config.as_ref(), args.typed(), (env, line), read) {
        Ok(config) => config,
        Err(faults) => return report(&faults),
    };
    log::start(&config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(64).build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::Error::new(error).context("start the runtime")),
    };
    runtime.block_on(async {
        let signals = match Signals::hear() {
            Ok(signals) => signals,
            Err(error) => return complain(&anyhow::Error::new(error).context("hear signals")),
        };
        let (stopper, stop) = drain::pair();
        tokio::select! {
            ended = watch::run(&config, Clock::start(), stop) => match ended {
                Ok(()) => ExitCode::SUCCESS,
                Err(watch::WatchError::Faults(faults)) => report(&faults),
                Err(watch::WatchError::Other(error)) => complain(&error),
            },
            () = stopper.ask_on(signals) => ExitCode::SUCCESS,
        }
    })
}

fn demo(args: &DemoArgs, line: &CommandLine) -> ExitCode {
    let unknown = line.unknown_flags();
    if !unknown.is_empty() {
        return report(&unknown);
    }
    let options = match demo::Options::read(args, line.clone()) {
        Ok(options) => options,
        Err(faults) => return report(&faults),
    };
    log::start("warn");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(64).build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::Error::new(error).context("start the runtime")),
    };
    let ended = runtime.block_on(demo::run(&options, &mut io::stdout()));
    let broken_pipe = |e: &anyhow::Error| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
    match ended {
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => error.downcast_ref().map_or_else(|| complain(&error), |demo::Refused(faults)| report(faults)),
        Ok(()) => ExitCode::SUCCESS,
    }
}

/// Everything that says how to run, in one value.
fn configure<C>(
    path: Option<&PathBuf>,
    flags: Typed,
    (env, line): (BTreeMap<String, String>, CommandLine),
    read: impl Fn(&Given) -> Result<C, Vec<Fault>>,
) -> Result<C, Vec<Fault>> {
    let (named, from) = match (path, env.get("POINTSMAN_CONFIG")) {
        (Some(path), _) => (Some(path.clone()), line.place("config", 0)),
        (None, Some(path)) => (Some(path.into()), Place::Setting("POINTSMAN_CONFIG".into())),
        (None, None) => (None, Place::Nowhere),
    };
    let file = named.map(|path| read_capped(&path).map(|text| (path.display().to_string(), text)).map_err(|error| (path, error)));
    let (file, unread) = match file.transpose() {
        Ok(file) => (file, None),
        Err((path, error)) => {
            let (path, error) = (path.display().to_string(), error.to_string());
            (None, Some(Fault::new(Code::CannotRead, from, &["read", &path, &error])))
        }
    };
    let (cgroup_bytes, in_pod, program_bytes) =
        (surroundings::cgroup_bytes(), surroundings::in_pod(&env), surroundings::program_bytes());
    let given = Given { flags, command_line: line, env, file, cgroup_bytes, program_bytes, in_pod };
    match (read(&given), unread) {
        (read, None) => read,
        (read, Some(unread)) => Err(read.err().into_iter().flatten().chain([unread]).collect()),
    }
}

/// The text of a file of settings.
///
/// # Errors
/// When it cannot be read, is no text, or has more than [`limits::CONFIG_BYTES_MAX`] bytes.
pub(super) fn read_capped(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let cap = u64::try_from(limits::CONFIG_BYTES_MAX).unwrap_or(u64::MAX);
    let read = File::open(path)?.take(cap.saturating_add(1)).read_to_string(&mut text)?;
    if read > limits::CONFIG_BYTES_MAX {
        return Err(io::Error::other("the file is larger than 1 MiB"));
    }
    Ok(text)
}

fn report(faults: &[Fault]) -> ExitCode {
    let mut err = io::stderr().lock();
    for fault in faults {
        // Nobody is left to read when stderr is gone; the exit code still says it.
        write!(err, "{}", render::terminal(fault)).ok();
    }
    if !faults.is_empty() {
        writeln!(err, "{}", render::summary(faults)).ok();
    }
    ExitCode::from(BAD_USAGE)
}

fn complain(error: &anyhow::Error) -> ExitCode {
    // Nobody is left to read when stderr is gone; the exit code still says it.
    writeln!(io::stderr(), "error: {error:#}").ok();
    ExitCode::from(BAD_USAGE)
}
