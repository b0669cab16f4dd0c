//! Requests of the table as bytes: HTTP/1.1 as it is written there, good form or bad, and HTTP/2; inside of TLS and in plain text.
//! Knows no configuration and no answer.

use super::world::{Served, World};
use crate::{
    access::rows::Row,
    support::{self, Reply, parse, runtime},
    tls::client::Client,
};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// Sends the request of a row.
pub(super) fn send(world: &World, served: &Served, row: &Row) -> Result<Reply, String> {
    let (certificate, token) = who(&row.who);
    let mut headers: Vec<Vec<u8>> = row.headers.iter().map(|header| bytes(world, header)).collect();
    if let Some(token) = token {
        headers.push(bytes(world, &format!("Authorization: Bearer {{{token}}}")));
    }
    let (path, addr) = (bytes(world, &row.path), served.server.read);
    match row.how.as_str() {
        "h2" | "p2" => runtime().block_on(async {
            let request = request(row, &path, &headers, served.has_tls)?;
            let answer = if row.how == "h2" {
                over_http2(world.client(certificate, &["h2"]).stream(addr).await.map_err(told)?, request).await
            } else {
                over_http2(tokio::net::TcpStream::connect(addr).await.map_err(told)?, request).await
            };
            answer.map_err(told)
        }),
        _ => {
            let words = words(row, &path, &headers);
            if row.how.starts_with("h1") {
                return over_tls(&world.client(certificate, &["http/1.1"]), addr, &words);
            }
            Ok(support::raw(addr, &words))
        }
    }
}

/// One answer to bytes. After CONNECT, and after what is no HTTP, the connection ends without a word of TLS.
fn over_tls(client: &Client, addr: SocketAddr, words: &[u8]) -> Result<Reply, String> {
    let mut stream = client.connect(addr).map_err(told)?;
    stream.write_all(words).map_err(told)?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() || error.kind() != io::ErrorKind::UnexpectedEof => Err(told(error)),
        _ => Ok(parse(&answer)),
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The certificate and the token that a cell names.
fn who(cell: &str) -> (Option<&str>, Option<&str>) {
    let (mut certificate, mut token) = (None, None);
    for part in cell.split('+').filter(|part| *part != "-") {
        match part.strip_prefix("cert:") {
            Some(name) => certificate = Some(name),
            None => token = Some(part),
        }
    }
    (certificate, token)
}

fn words(row: &Row, path: &[u8], headers: &[Vec<u8>]) -> Vec<u8> {
    let version = if row.how == "h1.0" { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut words = format!("{} ", row.method).into_bytes();
    words.extend(path);
    words.extend(format!(" {version}\r\nhost: localhost\r\nconnection: close\r\n").bytes());
    for header in headers {
        words.extend(header);
        words.extend(b"\r\n");
    }
    words.extend(b"\r\n");
    words
}

fn request(row: &Row, path: &[u8], headers: &[Vec<u8>], has_tls: bool) -> Result<http::Request<Empty<Bytes>>, String> {
    let scheme = if has_tls { "https" } else { "http" };
    let uri = http::Uri::builder().scheme(scheme).authority("localhost").path_and_query(path).build().map_err(told)?;
    let mut request = http::Request::builder().method(row.method.as_str()).uri(uri);
    for header in headers {
        let at = header.iter().position(|byte| *byte == b':').ok_or("a header has a colon")?;
        request = request.header(&header[..at], header[at + 1..].trim_ascii());
    }
    request.body(Empty::new()).map_err(told)
}

async fn over_http2<S>(stream: S, request: http::Request<Empty<Bytes>>) -> Result<Reply, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let exchange = async {
        let answer = client.send_request(request).await?;
        let (parts, body) = answer.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let body = body.collect().await?.to_bytes().to_vec();
        Ok(Reply { status: parts.status.as_u16(), headers, body, complete: true })
    };
    tokio::select! {
        biased;
        reply = exchange => reply,
        ended = connection => Err(ended.err().unwrap_or_else(|| panic!("the connection ended before its answer"))),
    }
}

/// A cell as it is sent: `{good}` is a token, `{9000*x}` so many of it, `\x00` a byte.
fn bytes(world: &World, cell: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), cell.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    while let Some((first, after)) = rest.split_first() {
        let end = after.iter().position(|byte| *byte == b'}');
        match (first, after, end) {
            (b'\\', [b'x', high, low, then @ ..], _) => {
                out.push(u8::from_str_radix(&text(&[*high, *low]), 16).expect("two digits"));
                rest = then;
            }
            (b'{', _, Some(end)) => {
                let inner = text(&after[..end]);
                match (world.tokens.get(inner.as_str()), inner.split_once('*')) {
                    (Some(token), _) => out.extend(token.bytes()),
                    (None, Some((times, what))) => out.extend(what.repeat(times.parse().expect("a number")).bytes()),
                    (None, None) => panic!("{cell}: no token {inner}"),
                }
                rest = &after[end + 1..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// The answer to one plain request, in which no value is missing, of nobody, or of who shows a certificate.
pub(super) fn plain(world: &World, served: &Served, certificate: &str, path: &str) -> Reply {
    let words = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-kind: any\r\n\r\n");
    if served.has_tls {
        return world.client(Some(certificate), &["http/1.1"]).says(served.server.read, words.as_bytes()).expect("an answer");
    }
    support::raw(served.server.read, words.as_bytes())
}
