use super::guarded::{Guarded, Patience};
use std::{io::ErrorKind, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::Instant,
};

const PATIENCE: Patience =
    Patience { begin: Duration::from_millis(40), write: Duration::from_millis(60), idle: Duration::from_millis(100) };

/// Scenario: a peer connects and says less than any request is long.
/// Guarantees: it is given up after the time to begin, not after the idle time.
#[tokio::test]
async fn a_peer_that_does_not_begin_is_given_up() {
    let (mut peer, ours) = duplex(64);
    let mut ours = Guarded::with(ours, PATIENCE);
    peer.write_all(b"PRI * H").await.expect("room for it");
    let (began, mut seen) = (Instant::now(), Vec::new());
    let error = ours.read_to_end(&mut seen).await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= PATIENCE.begin && began.elapsed() < PATIENCE.idle, "given up after {:?}", began.elapsed());
}

/// Scenario: a peer speaks more often than it must, then falls silent.
/// Guarantees: it stays while it speaks, and is given up no sooner than an idle time later.
#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let (mut peer, ours) = duplex(64);
    let mut ours = Guarded::with(ours, PATIENCE);
    let speaker = async {
        for _ in 0..5 {
            peer.write_all(&[b'x'; 20]).await.expect("room for it");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        std::future::pending::<()>().await;
    };
    let (began, mut seen) = (Instant::now(), Vec::new());
    let error = tokio::select! {
        () = speaker => unreachable!("it never ends"),
        read = ours.read_to_end(&mut seen) => read.expect_err("too quiet"),
    };
    assert_eq!((error.kind(), seen.len()), (ErrorKind::TimedOut, 100), "heard to its last word");
    assert!(began.elapsed() >= Duration::from_millis(120) + PATIENCE.idle, "given up after {:?}", began.elapsed());
}

/// Scenario: a peer asks and never reads the answer.
/// Guarantees: our write ends with an error after the time for it.
#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let (_peer, ours) = duplex(64);
    let mut ours = Guarded::with(ours, PATIENCE);
    let began = Instant::now();
    let error = ours.write_all(&[0; 1000]).await.expect_err("nobody reads");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= PATIENCE.write, "given up after {:?}", began.elapsed());
}
