//! An endpoint of the operator's as kube-rbac-proxy guards it: TLS with a certificate for a Service that does not resolve here,
//! a token, and a text that a test changes as it goes. Ends with the test's process.

use crate::tls::client::Authority;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// A served text.
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    said: Arc<Mutex<Said>>,
}

struct Said {
    token: String,
    text: String,
    /// Requests whose token was not the right one.
    refused: u64,
}

impl Endpoint {
    /// Serves on an address of this host; port 0 is any.
    pub(crate) fn serve(authority: &Authority, name: &str, address: (Ipv4Addr, u16), (token, text): (&str, &str)) -> Self {
        let pair = authority.pair_for(name);
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("PEM");
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let config = Arc::new(builder.with_single_cert(chain, key).expect("a pair"));
        let listener = TcpListener::bind(address).expect("the port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let said = Arc::new(Mutex::new(Said { token: token.to_owned(), text: text.to_owned(), refused: 0 }));
        let telling = Arc::clone(&said);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who breaks off has nothing to be told.
                answer(&config, stream, &telling).ok();
            }
        });
        Self { port, said }
    }

    /// From now on it says this.
    pub(crate) fn says(&self, text: &str) {
        text.clone_into(&mut self.lock().text);
    }

    /// From now on this token opens it.
    pub(crate) fn opens_to(&self, token: &str) {
        let mut said = self.lock();
        token.clone_into(&mut said.token);
        said.refused = 0;
    }

    /// How many were refused since.
    pub(crate) fn refused(&self) -> u64 {
        self.lock().refused
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(config: &Arc<ServerConfig>, stream: TcpStream, said: &Mutex<Said>) -> io::Result<()> {
    stream.set_read_timeout(Some(crate::support::DEADLINE))?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    let reply = {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = head.contains(&format!("\r\nauthorization: Bearer {}\r\n", said.token));
        said.refused += u64::from(!is_open);
        let (status, text) = match (is_open, head.starts_with("GET /metrics HTTP/1.1\r\n")) {
            (true, true) => ("200 OK", said.text.as_str()),
            (false, _) => ("401 Unauthorized", ""),
            _ => ("404 Not Found", ""),
        };
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
    };
    stream.write_all(reply.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}
