//! Whether a trace back end is this very process: its spans would come in again with every export, for ever.
//! Sees what this machine can see; a way round over a service or a collector is beyond it.

use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{UdpSocket, lookup_host},
    time::timeout,
};

/// A mistake per back end (`http://host:port`) that is one of the addresses we listen on.
pub async fn own_back_ends(urls: &[String], ours: &[SocketAddr]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for url in urls {
        if is_ours(url, ours).await {
            let what = format!("{url} is this process itself, so its spans would come back for ever");
            let fault = Fault::new(Code::BadSetting, Place::Setting("--traces-to".into()), &["traces-to", "--traces-to", &what]);
            faults.push(fault.with_hint("name the address of the back end"));
        }
    }
    faults
}

async fn is_ours(url: &str, ours: &[SocketAddr]) -> bool {
    let host_and_port = url.strip_prefix("http://").unwrap_or(url);
    let found = timeout(Duration::from_millis(limits::LOOKUP_MS_MAX), lookup_host(host_and_port)).await;
    // A name that nobody knows yet is no mistake: the back end may start after us.
    let Ok(Ok(found)) = found else { return false };
    for target in found {
        for listener in ours.iter().filter(|listener| listener.port() == target.port()) {
            if reaches(target.ip().to_canonical(), listener.ip().to_canonical()).await {
                return true;
            }
        }
    }
    false
}

/// Whether a connection to `target` ends at a listener on `listener`, their ports being the same.
async fn reaches(target: IpAddr, listener: IpAddr) -> bool {
    if target == listener {
        return true;
    }
    if target.is_unspecified() {
        return listener.is_loopback(); // connecting to it means this machine
    }
    // An address can be bound where it is the machine's own.
    listener.is_unspecified() && (target.is_loopback() || UdpSocket::bind((target, 0)).await.is_ok())
}

#[cfg(test)]
mod tests;
