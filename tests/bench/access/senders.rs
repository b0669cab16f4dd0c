//! Ten thousand senders with a certificate each: what a server holds of them, whether it serves them all, and what becomes of it when
//! all of them come back at once. Knows a server by its memory and CPU time, and by what a scrape shows at the end.

use super::{
    MIB, ROOM, Size,
    crowd::{Crowd, Way},
    room_for,
};
use crate::{
    Part,
    check::Model,
    dial::Target,
    goals,
    run::compare_at,
    send::{Coding, Protocol},
    server::{Peer, Server},
    shape::Shape,
    tls::{Inside, Keys},
};
use anyhow::Result;
use std::{fmt::Write, sync::atomic::Ordering, thread, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// Until a server has noticed that connections were closed.
const GONE: Duration = Duration::from_secs(2);

/// What became of one crowd.
struct Row {
    come: Duration,
    bare: f64,
    held: f64,
    most: f64,
    again: Duration,
    /// Connections that were opened for it although all had one.
    reopened: usize,
    back: Duration,
    /// Attempts of those who came back that were not answered, or refused.
    failed: usize,
    refused: usize,
    why: String,
    cpu: f64,
    most_back: f64,
}

/// Both protocols.
pub(super) fn measure(keys: &Keys, size: Size) -> Result<Part> {
    room_for(size.senders)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut part = Part { title: format!("{} senders", size.senders), ..Part::default() };
    write!(
        part.text,
        "Each has a certificate, a connection and 10 series of its own. All come without haste and push once; {} s later all push once more, on \
         the connections that they have; all leave, and all come back at once: an attempt that is not answered within 10 s is made again \
         after 1 s to 5 s. Every series is compared at the end. Sizes in MiB:\n\n\
         | over | all came, s | RSS bare | RSS with all | most | KiB a sender | all pushed again, s | opened anew for it | all back, s | attempts that \
         failed | refused | CPU of it, s | most RSS of it |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        size.rest.as_secs()
    )?;
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let row = one(&runtime, keys, (protocol, size))?;
        let Row { come, bare, held, most, again, reopened, back, failed, refused, why, cpu, most_back } = row;
        writeln!(
            part.text,
            "| {} | {:.1} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {reopened} | {:.1} | {failed} {why} | {refused} | {cpu:.1} | {:.0} |",
            protocol.name(Coding::None),
            come.as_secs_f64(),
            bare / MIB,
            held / MIB,
            most / MIB,
            (held - bare) / 1024.0 / size.senders as f64,
            again.as_secs_f64(),
            back.as_secs_f64(),
            most_back / MIB,
        )?;
        part.figures.most(goals::SENDERS_MEMORY, most / MIB);
        part.figures.most(goals::SENDERS_BACK, back.as_secs_f64());
        part.figures.most(goals::SENDERS_BACK_MEMORY, most_back / MIB);
        if reopened > 0 {
            part.failed.push(format!("{}: {reopened} senders had lost their connection", protocol.name(Coding::None)));
        }
    }
    Ok(part)
}

fn one(runtime: &Runtime, keys: &Keys, (protocol, size): (Protocol, Size)) -> Result<Row> {
    let per_address = ["--connections-per-address", "16384"];
    let flags = [ROOM, per_address].concat().into_iter().map(str::to_owned).collect();
    let server = Server::start_with(Peer::Pointsman, &[keys.serving(), keys.sending(), flags].concat())?;
    let bare = server.resident_bytes()?;
    let crowd = Crowd::gather(runtime, size.senders, &Way { protocol, server: &server, keys })?;
    let come = crowd.push(false)?;
    thread::sleep(size.rest);
    let (held, most) = (server.resident_bytes()?, server.peak_bytes()?);
    crowd.forget();
    let again = crowd.push(true)?;
    let reopened = crowd.seen.opened.load(Ordering::Relaxed);
    crowd.leave()?;
    thread::sleep(GONE);
    server.forget_peak()?;
    crowd.forget();
    let before = server.cpu_seconds()?;
    let back = crowd.push(true)?;
    let cpu = server.cpu_seconds()? - before;
    let (failed, refused) = (crowd.seen.failed.load(Ordering::Relaxed), crowd.seen.refused.load(Ordering::Relaxed));
    let (why, most_back) = (crowd.seen.why(), server.peak_bytes()?);
    let bodies = crowd.end()?;
    let reader = Target::inside(server.read, &keys.client(Inside::Http1)?);
    compare_at(&reader, Model { shape: Shape::Tiny, bodies: &bodies })?;
    Ok(Row { come, bare, held, most, again, reopened, back, failed, refused, why, cpu, most_back })
}
