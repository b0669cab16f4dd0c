//! A relay between those who connect and a server, whose connections can all be cut at once: a watch breaks, and the server lives
//! on. It may lead to another server, as a Service does when its selector finds another pod.
//! Knows bytes only.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A relay that listens. It goes with the process.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    server: Arc<Mutex<SocketAddr>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    is_held: Arc<AtomicBool>,
}

impl Proxy {
    /// One in front of this address.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (open, server) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(server)));
        let is_held = Arc::new(AtomicBool::new(false));
        let (known, held, leads) = (Arc::clone(&open), Arc::clone(&is_held), Arc::clone(&server));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if held.load(Ordering::Relaxed) {
                    continue;
                }
                // A server that is away refuses: so does whoever stands for it.
                let server = *leads.lock().unwrap_or_else(PoisonError::into_inner);
                let Ok(server) = TcpStream::connect(server) else { continue };
                let ends = [&client, &server].map(|end| end.try_clone().expect("a connection can be shared"));
                known.lock().unwrap_or_else(PoisonError::into_inner).extend(ends);
                relay(&client, &server);
                relay(&server, &client);
            }
        });
        Self { address, server, open, is_held }
    }

    /// Leads new connections there; those that are open stay.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Ends every connection and takes no other; or takes them again.
    pub(crate) fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Relaxed);
        self.cut();
    }

    /// Ends every connection; answers how many there were. New ones are taken, unless they are held off.
    pub(crate) fn cut(&self) -> usize {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        open.iter().filter(|end| end.shutdown(Shutdown::Both).is_ok()).count() / 2
    }
}

fn relay(from: &TcpStream, to: &TcpStream) {
    let [mut from, mut to] = [from, to].map(|end| end.try_clone().expect("a connection can be shared"));
    thread::spawn(move || {
        // An end that was cut is an end.
        io::copy(&mut from, &mut to).ok();
        from.shutdown(Shutdown::Both).ok();
        to.shutdown(Shutdown::Both).ok();
    });
}
