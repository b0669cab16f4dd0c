//! Scrapes over HTTP/1.1 by hand, as a cheap reader for measuring: what was asked for, when the first byte of the body
//! came, when the last. Knows nothing of what a body says.

use crate::dial::{Stream, Target};
use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use std::{
    io::{BufRead, BufReader, Read, Write},
    time::{Duration, Instant},
};

/// A format of the exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    OpenMetrics,
    Protobuf,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) format: Format,
    pub(crate) gzip: bool,
}

/// What came.
pub(crate) struct Scraped {
    /// As it travelled, without the frames of chunks; empty if it was not to be kept.
    pub(crate) body: Vec<u8>,
    pub(crate) bytes: usize,
    /// From the request to the first byte of the body.
    pub(crate) first_byte: Duration,
    pub(crate) whole: Duration,
}

/// Text, not compressed.
pub(crate) const PLAIN: Ask = Ask { format: Format::Text, gzip: false };
/// Text, compressed.
pub(crate) const GZIP: Ask = Ask { format: Format::Text, gzip: true };

impl Format {
    /// As the tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text 0.0.4",
            Self::OpenMetrics => "OpenMetrics",
            Self::Protobuf => "protobuf",
        }
    }

    fn accept(self) -> &'static str {
        match self {
            Self::Text => "text/plain;version=0.0.4",
            Self::OpenMetrics => "application/openmetrics-text;version=1.0.0",
            Self::Protobuf => "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        }
    }
}

/// One scrape whose body is kept, unpacked.
pub(crate) fn read(target: impl Into<Target>, ask: Ask) -> Result<Vec<u8>> {
    let body = scrape(target, ask, true)?.body;
    if !ask.gzip {
        return Ok(body);
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*body).read_to_end(&mut plain).context("unpack the scrape")?;
    Ok(plain)
}

/// One scrape, read to its end.
pub(crate) fn scrape(target: impl Into<Target>, ask: Ask, keep: bool) -> Result<Scraped> {
    let Target { address, tls } = target.into();
    let mut stream = Target { address, tls }.connect()?;
    let began = Instant::now();
    let (accept, encoding) = (ask.format.accept(), if ask.gzip { "gzip" } else { "identity" });
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\naccept-encoding: {encoding}\r\nconnection: close\r\n\r\n"
    )?;
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let head = read_head(&mut reader)?;
    ensure!(head.first().is_some_and(|line| line.contains(" 200 ")), "the scrape was answered {:?}", head.first());
    let has = |what: &str| head.iter().any(|line| line.to_ascii_lowercase().starts_with(what));
    ensure!(has("content-encoding: gzip") == ask.gzip, "the server chose another encoding");
    let kind = ask.format.accept().split(';').next().unwrap_or_default();
    ensure!(has(&format!("content-type: {kind}")), "the server chose another format: {head:?}");
    let mut scraped = Scraped { body: Vec::new(), bytes: 0, first_byte: Duration::ZERO, whole: Duration::ZERO };
    if has("transfer-encoding: chunked") {
        read_chunks(&mut reader, &mut scraped, (began, keep)).context("the body was cut off")?;
    } else {
        reader.fill_buf()?;
        scraped.first_byte = began.elapsed();
        reader.read_to_end(&mut scraped.body)?;
        scraped.bytes = scraped.body.len();
    }
    scraped.whole = began.elapsed();
    Ok(scraped)
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

fn read_chunks(reader: &mut impl BufRead, scraped: &mut Scraped, (began, keep): (Instant, bool)) -> Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim_end(), 16).context("read the size of a chunk")?;
        if scraped.bytes == 0 {
            reader.fill_buf()?;
            scraped.first_byte = began.elapsed();
        }
        let mut chunk = reader.by_ref().take(size);
        let got = match keep {
            true => chunk.read_to_end(&mut scraped.body).map(|bytes| bytes as u64),
            false => std::io::copy(&mut chunk, &mut std::io::sink()),
        };
        ensure!(got? == size, "a chunk is shorter than it says");
        scraped.bytes += size as usize;
        line.clear();
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// A scraper that keeps its connection, as Prometheus does, or opens one each time; with a token where it has one.
pub(crate) struct Reader {
    target: Target,
    request: String,
    keeps: bool,
    open: Option<BufReader<Stream>>,
}

impl Reader {
    /// Connects with the first scrape.
    pub(crate) fn new(target: Target, token: Option<&str>, keeps: bool) -> Self {
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let ending = if keeps { "" } else { "connection: close\r\n" };
        let (address, accept) = (target.address, Format::Text.accept());
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\n{bearer}{ending}\r\n");
        Self { target, request, keeps, open: None }
    }

    /// One scrape of `/metrics`, read to its end: how many bytes came. It has to be answered with 200.
    pub(crate) fn scrape(&mut self) -> Result<usize> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => BufReader::with_capacity(16 * 1024, self.target.connect()?),
        };
        stream.get_mut().write_all(self.request.as_bytes())?;
        let head = read_head(&mut stream)?;
        ensure!(head.first().is_some_and(|line| line.contains(" 200 ")), "the scrape was answered {:?}", head.first());
        let mut scraped = Scraped { body: Vec::new(), bytes: 0, first_byte: Duration::ZERO, whole: Duration::ZERO };
        let length = head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<u64>().ok());
        match length {
            Some(length) => scraped.bytes = stream.by_ref().take(length).read_to_end(&mut scraped.body)?,
            None => read_chunks(&mut stream, &mut scraped, (Instant::now(), false)).context("the body was cut off")?,
        }
        ensure!(scraped.bytes > 0, "the scrape was empty");
        if self.keeps {
            self.open = Some(stream);
        }
        Ok(scraped.bytes)
    }
}
