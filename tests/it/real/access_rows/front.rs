//! What stands between pointsman and the real API server: it leads there, or answers itself as a server that is in trouble.
//! Knows two kinds of question, and not who asks or why.

use crate::{support::now, tls::client::Pair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How long a slow server takes for an answer.
const SLOW: Duration = Duration::from_secs(2);

/// One that listens. It goes with the process.
pub(super) struct Front {
    /// `https://127.0.0.1:…`
    pub(super) url: String,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    tls: Arc<ServerConfig>,
    /// The word of the table for how the server is.
    mood: Mutex<String>,
    open: Mutex<Vec<TcpStream>>,
}

impl Front {
    /// One that leads to this address, and shows a certificate of its own where it answers itself.
    pub(super) fn start(server: SocketAddr, own: &Pair) -> Self {
        let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let tls = Arc::new(builder.with_single_cert(vec![certificate], key).expect("a pair"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let url = format!("https://{}", listener.local_addr().expect("a bound listener has an address"));
        let state = Arc::new(State { server, tls, mood: Mutex::new("up".to_owned()), open: Mutex::default() });
        let ours = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&ours);
                thread::spawn(move || state.take(client));
            }
        });
        Self { url, state }
    }

    /// Turns the server into another one: what is connected is cut.
    pub(super) fn turn(&self, mood: &str) {
        let before = std::mem::replace(&mut *lock(&self.state.mood), mood.to_owned());
        if before == mood || (is_relayed(&before) && is_relayed(mood)) {
            return;
        }
        for end in lock(&self.state.open).drain(..) {
            // It may be gone already.
            end.shutdown(Shutdown::Both).ok();
        }
        // Whoever keeps connections has to see that they ended before it asks again.
        thread::sleep(Duration::from_millis(100));
    }
}

/// A server that is held is led to as one that is not.
fn is_relayed(mood: &str) -> bool {
    matches!(mood, "up" | "stopped")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn take(&self, client: TcpStream) {
        let mood = lock(&self.mood).clone();
        if mood == "gone" {
            return;
        }
        lock(&self.open).push(client.try_clone().expect("a connection can be shared"));
        if is_relayed(&mood) {
            let Ok(server) = TcpStream::connect(self.server) else { return };
            lock(&self.open).push(server.try_clone().expect("a connection can be shared"));
            relay(&client, &server);
            relay(&server, &client);
        } else if let Err(error) = self.answer(client, &mood) {
            // Whoever asked no longer waits.
            drop(error);
        }
    }

    /// Takes one question and answers it, then closes.
    fn answer(&self, client: TcpStream, mood: &str) -> io::Result<()> {
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        let connection = ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, client);
        let path = question(&mut stream)?;
        let (status, more, body) = match mood {
            "500" | "503" | "403" | "404" => (mood, "", failure(mood)),
            "429" => (mood, "retry-after: 9\r\n", failure(mood)),
            "garbage" => ("201", "", "<html>".to_owned()),
            "silent" => {
                // Until we are turned, or nobody waits any more.
                let began = now();
                while began.elapsed() < Duration::from_secs(30) && *lock(&self.mood) == "silent" {
                    thread::sleep(Duration::from_millis(20));
                }
                return Ok(());
            }
            _ => {
                if mood == "slow" {
                    thread::sleep(SLOW);
                }
                ("201", "", review(&path, mood))
            }
        };
        let length = body.len();
        let head = format!("content-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n");
        stream.write_all(format!("HTTP/1.1 {status} .\r\n{more}{head}\r\n{body}").as_bytes())?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

/// Reads one request to its end; its path.
fn question(stream: &mut impl Read) -> io::Result<String> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    stream.read_exact(&mut vec![0; length])?;
    Ok(head.split(' ').nth(1).unwrap_or_default().to_owned())
}

fn failure(status: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Trouble","message":"so it is","code":{status}}}"#)
}

/// A yes of a server that knows nothing of audiences; of one that denies what it allows; or a plain one.
fn review(path: &str, mood: &str) -> String {
    if path.contains("tokenreviews") {
        let user = r#"{"username":"system:serviceaccount:team:reader","groups":["system:authenticated"]}"#;
        let status = format!(r#"{{"authenticated":true,"user":{user}}}"#);
        return format!(r#"{{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{{}},"status":{status}}}"#);
    }
    let denied = mood == "deny";
    format!(
        r#"{{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{{}},"status":{{"allowed":true,"denied":{denied}}}}}"#
    )
}

/// Copies until either end closes, then closes both.
fn relay(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("it can be shared"), to.try_clone().expect("it can be shared"));
    thread::spawn(move || {
        // A connection that breaks is one that ended.
        io::copy(&mut from, &mut to).ok();
        for end in [&from, &to] {
            end.shutdown(Shutdown::Both).ok();
        }
    });
}
