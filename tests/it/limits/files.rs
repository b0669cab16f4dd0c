//! A process that may open no more files: whoever comes is turned away, and it is back as soon as there are some.
//! The limit of a process that runs is changed from outside.

use super::{connect, cpu, hits, may_open, memory_kib};
use crate::support::{Pointsman, now, runtime};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// Scenario: a running process may suddenly open 40 files, far fewer than it may have connections; two hundred come and keep
/// a request in flight, so that nobody is idle; then all go away.
/// Guarantees: those for whom no file is left are closed, not left in the backlog; the process stays alive, says and counts
/// it, within half of a processor and 64 KiB for each; soon after they went a good request is answered, and each listener accepts
/// (T37).
#[test]
fn t37_out_of_files_it_turns_away_and_comes_back() {
    let server = Pointsman::start(&[]);
    server.scrape();
    may_open(server.pid(), "40");
    let (idle, before, began) = (cpu(server.pid()), memory_kib(&server, "VmRSS"), now());
    let (mut turned_away, mut held) = (0, 0);
    runtime().block_on(async {
        let mut flood = Vec::new();
        for number in 0..200 {
            let to = [server.grpc, server.http, server.read][number % 3];
            let mut stream = connect(to).await.expect("the backlog takes it");
            stream
                .write_all(b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n")
                .await
                .ok();
            flood.push(stream);
        }
        // Bodies may take five seconds: until then those who were let in are held.
        for stream in &mut flood[..60] {
            let mut answer = [0; 1];
            match timeout(Duration::from_millis(50), stream.read(&mut answer)).await {
                Ok(Ok(1)) | Err(_) => held += 1,
                Ok(_) => turned_away += 1,
            }
        }
    });
    assert_eq!(server.get("/livez").text(), "ok\n"); // within the deadline of every answer here
    assert_eq!(server.push_json("/v1/metrics", "{}").status, 200);
    server.push_grpc(Default::default()).expect("taken");
    let (worked, took) = (cpu(server.pid()).saturating_sub(idle), began.elapsed());
    assert!(worked < took / 2 + Duration::from_millis(500), "{worked:?} of a processor in {took:?}: it does not wait for files");
    let grown = memory_kib(&server, "VmHWM").saturating_sub(before);
    assert!(grown < 64 * 200, "{grown} KiB for two hundred connections");
    assert!(hits(&server, "open_files") > 0);
    assert!(server.logs().iter().any(|line| line.contains("accept failed")), "{:#?}", server.logs());
    assert!(held > 0 && turned_away > 0, "{held} held, {turned_away} turned away");
}
