//! Scrapes over HTTP/1.1 by hand: as a cheap reader for measuring, and as a checker that compares every sample with
//! what was sent. Knows the text format only as far as the bench's own series need it.

use anyhow::{Context, Result, ensure};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Whether the body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
}

/// One scrape, read to its end; returns the body as it came, without the chunk frames.
pub(crate) fn scrape(address: SocketAddr, encoding: Encoding) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let accept = match encoding {
        Encoding::Plain => "identity",
        Encoding::Gzip => "gzip",
    };
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {address}\r\naccept-encoding: {accept}\r\nconnection: close\r\n\r\n")?;
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let head = read_head(&mut reader)?;
    ensure!(head.first().is_some_and(|line| line.contains(" 200 ")), "the scrape was answered {:?}", head.first());
    let has = |name: &str, value: &str| head.iter().any(|line| line.to_ascii_lowercase() == format!("{name}: {value}"));
    ensure!(has("content-encoding", "gzip") == (encoding == Encoding::Gzip), "the server chose another encoding");
    if has("transfer-encoding", "chunked") {
        return read_chunks(&mut reader);
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    Ok(body)
}

fn read_head(reader: &mut impl BufRead) -> Result<Vec<String>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(head);
        }
        head.push(line.to_owned());
    }
}

fn read_chunks(reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim_end(), 16).with_context(|| format!("read the chunk size {line:?}"))?;
        let got = reader.by_ref().take(size).read_to_end(&mut body)?;
        ensure!(got as u64 == size, "the body was cut off");
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Compares every sample of the bench with what was sent: each series once, with the value of its last push.
pub(crate) fn check(body: &[u8], series: usize, expected: impl Fn(usize) -> f64) -> Result<()> {
    let text = std::str::from_utf8(body).context("read the scrape as text")?;
    let mut seen = vec![false; series];
    for line in text.lines().filter(|line| line.starts_with("bench_")) {
        let (_, rest) = line.split_once("series=\"").with_context(|| format!("find the series of {line}"))?;
        let (number, rest) = rest.split_once('"').context("find the end of the label")?;
        let number: usize = number.parse()?;
        let (_, value) = rest.rsplit_once(' ').context("find the value")?;
        let value: f64 = value.parse()?;
        let slot = seen.get_mut(number).with_context(|| format!("nobody sent {line}"))?;
        ensure!(!*slot, "twice in one scrape: {line}");
        *slot = true;
        ensure!(value == expected(number), "sent {} but got {line}", expected(number));
    }
    let missing = seen.iter().filter(|seen| !**seen).count();
    ensure!(missing == 0, "{missing} of {series} series are missing from the scrape");
    Ok(())
}
