//! Limits of connections, from outside: peers that are slow, that flood, that speak HTTP wrongly on purpose, and a process
//! that runs out of files. Beside each of them somebody good is served.

mod caps;
mod counted;
mod files;
pub(crate) mod http2;
pub(crate) mod slow;
mod smuggling;

use crate::support::Pointsman;
use std::{fs, io, net::SocketAddr, process::Command, time::Duration};
use tokio::net::{TcpSocket, TcpStream};

/// Where hostile peers come from: another address than that of the good ones, and loopback all the same.
const HOSTILE: [u8; 4] = [127, 0, 0, 2];

/// A socket of any address of loopback.
fn socket(from: [u8; 4]) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    Ok(socket)
}

/// A connection from the hostile address.
async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    socket(HOSTILE)?.connect(to).await
}

/// A number of `/proc/PID/status`, in KiB.
pub(crate) fn memory_kib(server: &Pointsman, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with(key)).expect("the kernel says it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// The time that the process had a processor so far.
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let (_, fields) = stat.rsplit_once(") ").expect("the name ends");
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 10) // a hundred ticks a second, on every Linux that we know
}

/// How often a limit of this name bit, as the process says of itself to somebody good.
pub(crate) fn hits(server: &Pointsman, limit: &str) -> u64 {
    hits_in(&server.get("/metrics/self").text(), limit)
}

/// The same, in what was read.
pub(crate) fn hits_in(own: &str, limit: &str) -> u64 {
    let label = format!("pointsman_limit=\"{limit}\"");
    let line = own.lines().find(|line| line.starts_with("pointsman_limit_hits_total{") && line.contains(&label));
    let value = line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.trim_end_matches(".0").parse().ok());
    value.unwrap_or_else(|| panic!("{limit} is missing in\n{own}"))
}

/// Lets this process open so many files, where it may.
fn may_open(pid: u32, files: &str) {
    let done = Command::new("prlimit").args([format!("--pid={pid}"), format!("--nofile={files}")]).status();
    assert!(done.expect("prlimit runs (util-linux)").success(), "the limit of {pid} is set to {files}");
}
