//! An HTTP connection that takes one request after the other: thousands of them need not be opened.
//! Knows nothing of what is sent.

use crate::support::DEADLINE;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

/// A connection that stays.
pub(super) struct Kept(BufReader<TcpStream>);

impl Kept {
    pub(super) fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("the port answers");
        stream.set_read_timeout(Some(DEADLINE)).and_then(|()| stream.set_nodelay(true)).expect("it can be set");
        Self(BufReader::new(stream))
    }

    /// The status of a POST of metrics.
    pub(super) fn post(&mut self, content_type: &str, body: &[u8]) -> u16 {
        let head = format!(
            "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat()).expect("sent");
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("an answer") > 0, "the connection was closed");
            let line = line.trim_end().to_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).expect("a status");
            }
            if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        self.0.read_exact(&mut vec![0; length]).expect("the rest of the answer");
        status
    }
}
