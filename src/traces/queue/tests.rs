use super::{Batch, Depth, Full, Item, Queue};
use expect_test::{Expect, expect};
use std::{fmt::Write, time::Duration};

fn item(text: &str) -> Item {
    Item { bytes: text.to_owned().into(), spans: 1 }
}

/// Steps on a queue of 10 bytes and 4 items. `+abc` offers an item, `<n` takes up to n bytes, `ack` and `nack` give the oldest batch
/// back, `close` and `clear` do so. The text is every answer, with the depth after it.
fn check(steps: &str, want: Expect) {
    let queue = Queue::new(10, 4);
    let mut taken: Vec<Batch> = Vec::new();
    let mut text = String::new();
    for step in steps.split_whitespace() {
        let answer = match step.split_at(1) {
            ("+", bytes) => format!("{:?}", queue.offer(item(bytes)).map_err(|Full { spans }| spans)),
            ("<", bytes) => {
                let batch = queue.take(bytes.parse().expect("a number"));
                let answer = format!("{:?}", batch.to_request());
                taken.push(batch);
                answer
            }
            _ => {
                match step {
                    "ack" => queue.ack(taken.remove(0)),
                    "nack" => queue.nack(taken.remove(0)),
                    "close" => queue.close(),
                    other => assert_eq!(other, "clear"),
                }
                if step == "clear" { format!("lost {}", queue.clear()) } else { String::new() }
            }
        };
        let Depth { bytes, spans, items } = queue.depth();
        assert_eq!(items as u64, spans, "one span an item");
        writeln!(text, "{step:5} {answer:12} -> {bytes} bytes, {spans} spans").expect("a string takes all");
    }
    want.assert_eq(&text);
}

/// Scenario: items fill the queue, one too many comes, a batch is taken and given back, then acknowledged.
/// Guarantees: the newest stays out; what was taken still holds its room until the acknowledgement; what comes back
/// stands first again; order is kept.
#[test]
fn a_batch_holds_its_room_until_it_is_acknowledged() {
    check(
        "+aaaa +bbbb +cccc +dd <8 +e nack +e <1 <4 ack +e ack <99",
        expect![[r#"
            +aaaa Ok(())       -> 4 bytes, 1 spans
            +bbbb Ok(())       -> 8 bytes, 2 spans
            +cccc Err(1)       -> 8 bytes, 2 spans
            +dd   Ok(())       -> 10 bytes, 3 spans
            <8    b"aaaabbbb"  -> 10 bytes, 3 spans
            +e    Err(1)       -> 10 bytes, 3 spans
            nack               -> 10 bytes, 3 spans
            +e    Err(1)       -> 10 bytes, 3 spans
            <1    b"aaaa"      -> 10 bytes, 3 spans
            <4    b"bbbb"      -> 10 bytes, 3 spans
            ack                -> 6 bytes, 2 spans
            +e    Ok(())       -> 7 bytes, 3 spans
            ack                -> 3 bytes, 2 spans
            <99   b"dde"       -> 3 bytes, 2 spans
        "#]],
    );
}

/// Scenario: items without weight. Guarantees: their number is bounded, too, as each costs memory; room comes back with the
/// acknowledgement, not before.
#[test]
fn many_small_items_are_bounded_too() {
    check(
        "+ + + + + <9 + ack +a",
        expect![[r#"
            +     Ok(())       -> 0 bytes, 1 spans
            +     Ok(())       -> 0 bytes, 2 spans
            +     Ok(())       -> 0 bytes, 3 spans
            +     Ok(())       -> 0 bytes, 4 spans
            +     Err(1)       -> 0 bytes, 4 spans
            <9    b""          -> 0 bytes, 4 spans
            +     Err(1)       -> 0 bytes, 4 spans
            ack                -> 0 bytes, 0 spans
            +a    Ok(())       -> 1 bytes, 1 spans
        "#]],
    );
}

/// Scenario: the queue is closed with items waiting and under way, then given up. Guarantees: a closed queue takes nothing
/// but gives out what it has; giving up counts what is under way, too, and nothing twice.
#[test]
fn a_closed_queue_gives_out_and_counts_what_is_lost() {
    check(
        "+aa +bb <2 close +cc <2 ack clear clear",
        expect![[r#"
            +aa   Ok(())       -> 2 bytes, 1 spans
            +bb   Ok(())       -> 4 bytes, 2 spans
            <2    b"aa"        -> 4 bytes, 2 spans
            close              -> 4 bytes, 2 spans
            +cc   Err(1)       -> 4 bytes, 2 spans
            <2    b"bb"        -> 4 bytes, 2 spans
            ack                -> 2 bytes, 1 spans
            clear lost 1       -> 0 bytes, 0 spans
            clear lost 0       -> 0 bytes, 0 spans
        "#]],
    );
}

/// Scenario: batches of 0 to 5 items are halved. Guarantees: nothing is lost or reordered; one item is not halved, so
/// halving ends.
#[test]
fn halves_hold_everything_in_order() {
    for n in 0..=5 {
        let items: Vec<Item> = (0..n).map(|i| item(&i.to_string())).collect();
        match (Batch { items: items.clone() }).halve() {
            Ok((first, second)) => {
                assert!(!first.is_empty() && !second.is_empty());
                assert_eq!([first.items, second.items].concat(), items);
            }
            Err(batch) => assert!(n < 2 && batch.items == items),
        }
    }
}

/// Scenario: a waiter wants 3 bytes; 2 come, then 2 more; later another waits for what never comes until the close.
/// Guarantees: it wakes on enough, not on too little, and on the close; no wake-up is lost between check and wait.
#[tokio::test]
async fn a_waiter_wakes_on_enough_and_on_the_close() {
    let queue = Queue::new(10, 4);
    let soon = Duration::from_millis(20);
    queue.offer(item("aa")).expect("room");
    assert!(tokio::time::timeout(soon, queue.filled(3)).await.is_err());
    let ((), ()) = tokio::join!(queue.filled(3), async { queue.offer(item("bb")).expect("room") });
    assert!(tokio::time::timeout(soon, queue.filled(usize::MAX)).await.is_err());
    let ((), ()) = tokio::join!(queue.filled(usize::MAX), async { queue.close() });
    assert!(queue.is_closed());
}
