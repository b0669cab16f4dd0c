//! How soon a server is ready, what it takes while nothing happens, and how large its program is.
//! Knows one server and its `/readyz`.

use crate::{
    Part, goals,
    server::{Peer, Server},
    table::{Worst, median, show},
};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

const STARTS: usize = 20;
const REST: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures start, rest and size.
pub(crate) fn measure() -> Result<Part> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = Server::spawn(Peer::Pointsman, Vec::new())?;
        while !is_ready(server.read) {
            if began.elapsed() > PATIENCE {
                bail!("it is not ready after {} s", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_micros(500));
        }
        starts.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let server = Server::start_with(Peer::Pointsman, &[])?;
    thread::sleep(REST);
    let resident = server.resident_bytes()? / 1024.0 / 1024.0;
    let before = server.fine_cpu_seconds()?;
    thread::sleep(REST);
    let idle = (server.fine_cpu_seconds()? - before) / REST.as_secs_f64() * 100.0;
    let bytes = stripped(&Peer::Pointsman.program()?)?;
    let mut part = Part { title: "Start and rest".into(), ..Part::default() };
    part.figures.take(goals::READY, median(&starts));
    part.figures.take(goals::IDLE, resident);
    part.figures.take(goals::BINARY, bytes / 1e6);
    writeln!(
        part.text,
        "| from exec until /readyz says 200, ms, median (worst) of {STARTS} | RSS after 5 s, MiB | CPU at rest, % of a core | program, stripped, MB |\n\
         | --- | --- | --- | --- |\n| {} | {resident:.1} | {idle:.2} | {:.1} |",
        show(&starts, 1, Worst::Most),
        bytes / 1e6
    )?;
    Ok(part)
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// The size of the program as it is shipped, without symbols.
fn stripped(program: &std::path::Path) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("pointsman");
    let status = std::process::Command::new("strip").arg("-o").arg(&copy).arg(program).status().context("run strip")?;
    if !status.success() {
        bail!("strip ended with {status}");
    }
    Ok(fs::metadata(copy)?.len() as f64)
}
