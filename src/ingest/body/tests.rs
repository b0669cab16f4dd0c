use super::{
    super::{
        admit::{Budget, Held, Sizes},
        stats::Stats,
    },
    Ingest, read,
};
use crate::auth::senders::told::Told;
use axum::body::Body;
use futures_util::{StreamExt, stream};
use pointsman_core::limits;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// Reads a body of so many pieces of so many bytes, one a second; at the end of them it ends, or stalls.
async fn reads(first: usize, pieces: usize, bytes: usize, ends: bool) -> (String, u64) {
    let ingest = Ingest {
        metrics: Arc::new(|_, _| unreachable!("nothing is applied here")),
        traces: Arc::new(|_, _| unreachable!("nothing is applied here")),
        exported: Arc::new(|_, _, _| unreachable!("nobody says so here")),
        budget: Budget::new(Sizes { heap: usize::MAX >> 1, flight: 1 << 31 }, || 0, 0),
        body_bytes_max: 1 << 30,
        body_time_max: Duration::from_millis(limits::BODY_MS_MAX),
        stats: Stats::default(),
        paced: None,
        told: Told::default(),
    };
    let pieces = stream::iter(vec![bytes; pieces]).then(async |bytes| {
        sleep(Duration::from_secs(1)).await;
        bytes
    });
    let pieces = stream::iter([first]).chain(pieces).map(|bytes| Ok::<_, std::io::Error>(vec![b'x'; bytes]));
    let stalls = stream::pending().take(usize::from(!ends));
    let began = Instant::now();
    let read = read(&ingest, Body::from_stream(pieces.chain(stalls)), (1 << 30, true)).await;
    let text = read.map_or_else(|refusal| refusal.code().to_owned(), |held| format!("{} bytes", held.len()));
    (text, began.elapsed().as_secs())
}

/// Scenario: bodies that dribble, that keep to the least pace, that are fast at first and stall, that take all the time.
/// Guarantees: after the grace a body has to have come at 1 KiB/s on the whole; none takes longer than 30 s; one that does
/// neither is read.
#[tokio::test(start_paused = true)]
async fn a_body_keeps_a_pace() {
    let slow = |secs| ("slow".to_owned(), secs);
    assert_eq!(reads(0, 100, 1, true).await, slow(5));
    assert_eq!(reads(0, 100, 500, true).await, slow(8), "half the pace lasts nearly twice the grace");
    assert_eq!(reads(0, 20, 1 << 10, true).await, ("20480 bytes".to_owned(), 20));
    assert_eq!(reads(10 << 10, 0, 0, false).await, slow(15));
    assert_eq!(reads(1 << 20, 0, 0, false).await, slow(30));
    assert_eq!(reads(0, 100, 1 << 20, true).await, slow(30));
    assert_eq!(reads(3, 4, 0, true).await, ("3 bytes".to_owned(), 4));
}

/// Scenario: a body that announces all that a body may have, byte for byte less one, sends one byte, and then dribbles.
/// Guarantees: what is held and what is counted follow what came, not what was announced (T9).
#[tokio::test(start_paused = true)]
async fn an_announced_length_sets_nothing_aside() {
    const LIMIT: usize = 64 << 20;
    let budget = Budget::new(Sizes { heap: usize::MAX >> 1, flight: 1 << 31 }, || 0, 0);
    let mut held = Held::new(budget.admit(LIMIT - 1).expect("there is room"));
    for _ in 0..100 {
        held.extend(b"{", LIMIT).expect("it fits");
        assert!(held.capacity() <= 4 << 10, "{} bytes are held for {}", held.capacity(), held.len());
        assert!(budget.bytes() <= 4 << 10, "{} bytes are counted for {}", budget.bytes(), held.len());
    }
    drop(held);
    assert_eq!(budget.bytes(), 0);
    const BODY: usize = 340 << 10;
    let mut held = Held::new(budget.admit(BODY).expect("there is room"));
    (0..BODY / 1024).for_each(|_| held.extend(&[0; 1024], LIMIT).expect("it fits"));
    assert_eq!((held.len(), held.capacity(), budget.bytes()), (BODY, BODY, BODY), "nor more than that when all of it came");
}
