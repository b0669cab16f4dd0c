use super::{FREE_BYTES, Frames, Incoming, Outgoing, code};
use pointsman_core::limits::{SYNC_FLIGHT_BYTES_MAX, SYNC_MESSAGE_BYTES_MAX};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::Semaphore,
};

const MASK: [u8; 4] = [1, 2, 3, 4];

fn pair(flight: usize) -> (Frames<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(4 << 20);
    (Frames::new(ours, Arc::new(Semaphore::new(flight))), theirs)
}

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        n @ 0..=125 => frame.push(0x80 | u8::try_from(n).expect("it is short")),
        n @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(n).expect("it fits").to_be_bytes());
        }
        n => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&u64::try_from(n).expect("it fits").to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// What comes of bytes, in words, until the peer has said everything or something is wrong.
async fn comes(bytes: &[u8], flight: usize) -> Vec<String> {
    let (mut frames, mut peer) = pair(flight);
    peer.write_all(bytes).await.expect("the pipe is wide");
    peer.shutdown().await.expect("the pipe ends");
    let mut words = Vec::new();
    loop {
        match frames.next().await {
            Incoming::Message(message) => words.push(format!("{} bytes", message.len())),
            Incoming::Ping(payload) => words.push(format!("ping {payload:?}")),
            Incoming::Gone => words.push("gone".to_owned()),
            Incoming::Wrong(code) => words.push(code.to_string()),
        }
        if !words.last().is_some_and(|word| word.ends_with("bytes") || word.starts_with("ping")) {
            return words;
        }
    }
}

/// Scenario: frames as they may be and as they may not be. Guarantees: messages come whole, also in fragments with a ping
/// between; what the protocol forbids ends the session with its code.
#[tokio::test]
async fn frames_are_as_the_protocol_says() {
    let largest = vec![0; SYNC_MESSAGE_BYTES_MAX + 1];
    let too_large = vec![0; SYNC_MESSAGE_BYTES_MAX + 2];
    let half = vec![0; SYNC_MESSAGE_BYTES_MAX / 2 + 1];
    let unmasked = vec![0x82, 1, 0];
    let rows: [(&str, Vec<u8>, &[&str]); 17] = [
        ("one", frame(0x82, &[0, 1, 2]), &["2 bytes", "gone"]),
        ("two", [frame(0x82, &[0, 1]), frame(0x82, &[0; 300])].concat(), &["1 bytes", "299 bytes", "gone"]),
        ("the largest", frame(0x82, &largest), &["1048576 bytes", "gone"]),
        ("too large", frame(0x82, &too_large), &["1009"]),
        ("too large in parts", [frame(0x02, &half), frame(0x80, &half)].concat(), &["1009"]),
        ("a length that is announced only", vec![0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &["1009"]),
        (
            "fragments",
            [frame(0x02, &[0]), frame(0x89, b"p"), frame(0x00, &[7]), frame(0x80, &[8])].concat(),
            &["ping [112]", "2 bytes", "gone"],
        ),
        ("a pong", [frame(0x8A, b"p"), frame(0x82, &[0])].concat(), &["0 bytes", "gone"]),
        ("a goodbye", [frame(0x88, &[3, 0xE8]), frame(0x82, &[0])].concat(), &["gone"]),
        ("text", frame(0x81, b"a"), &["1003"]),
        ("another header", frame(0x82, &[1, 2]), &["1002"]),
        ("no header", frame(0x82, &[]), &["1002"]),
        ("no mask", unmasked, &["1002"]),
        ("an extension", frame(0xC2, &[0]), &["1002"]),
        ("nothing to continue", frame(0x80, &[0]), &["1002"]),
        ("begun twice", [frame(0x02, &[0]), frame(0x82, &[0])].concat(), &["1002"]),
        ("a long ping", frame(0x89, &[0; 126]), &["1002"]),
    ];
    for (name, bytes, expected) in rows {
        assert_eq!(comes(&bytes, SYNC_FLIGHT_BYTES_MAX).await, expected, "{name}");
    }
    assert_eq!(comes(&frame(0x08, &[3, 0xE8]), SYNC_FLIGHT_BYTES_MAX).await, ["1002"], "a goodbye in parts");
    assert_eq!(comes(&frame(0x83, &[0]), SYNC_FLIGHT_BYTES_MAX).await, ["1002"], "an unknown kind");
}

/// Scenario: bytes come one by one, and whoever waits is interrupted after each. Guarantees: nothing is lost.
#[tokio::test]
async fn waiting_can_be_interrupted() {
    let (mut frames, mut peer) = pair(SYNC_FLIGHT_BYTES_MAX);
    let bytes = [frame(0x02, &[0, 1]), frame(0x80, &[2; 200])].concat();
    let (last, first) = bytes.split_last().expect("there are some");
    for byte in first {
        peer.write_all(&[*byte]).await.expect("the pipe is wide");
        tokio::select! {
            biased;
            incoming = frames.next() => panic!("it is not whole: {incoming:?}"),
            () = std::future::ready(()) => {}
        }
    }
    peer.write_all(&[*last]).await.expect("the pipe is wide");
    let Incoming::Message(message) = frames.next().await else { panic!("it is whole") };
    assert_eq!(message, [&[1], [2; 200].as_slice()].concat());
}

/// Scenario: large messages come and go, and more at once than there is room for. Guarantees: a session that waits holds nothing of
/// what it had; small messages always pass, large ones are turned away when there is no room, and give it back.
#[tokio::test]
async fn what_was_taken_is_given_back() {
    let (mut frames, mut peer) = pair(SYNC_FLIGHT_BYTES_MAX);
    peer.write_all(&frame(0x82, &[0; 500_000])).await.expect("the pipe is wide");
    assert!(matches!(frames.next().await, Incoming::Message(_)));
    assert_eq!(frames.flight.available_permits(), SYNC_FLIGHT_BYTES_MAX);
    assert_eq!((frames.buffer.capacity(), frames.message.capacity(), frames.control.capacity()), (0, 0, 0));
    assert_eq!(comes(&frame(0x82, &[0; FREE_BYTES]), 0).await, [format!("{} bytes", FREE_BYTES - 1), "gone".to_owned()]);
    assert_eq!(comes(&frame(0x82, &[0; FREE_BYTES + 1]), 10).await, [code::LATER.to_string()]);
}

/// Scenario: messages of every size class are sent, and an end. Guarantees: each is one binary frame with its header.
#[tokio::test]
async fn what_is_sent_is_one_frame() {
    for (size, head) in
        [(10, vec![0x82, 11]), (1_000, vec![0x82, 126, 3, 0xE9]), (70_000, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x71])]
    {
        let (mut frames, mut peer) = pair(0);
        let out = Outgoing { head: vec![1; 3], plan: vec![2; size - 5].into(), tail: vec![3; 2] };
        frames.send(&out).await.expect("the pipe is wide");
        let mut bytes = vec![0; head.len() + 1 + size];
        peer.read_exact(&mut bytes).await.expect("it is all there");
        assert_eq!(bytes, [head, vec![0], vec![1; 3], vec![2; size - 5], vec![3; 2]].concat());
    }
    let (frames, mut peer) = pair(0);
    let mut bytes = Vec::new();
    let (_, read) = tokio::join!(frames.close(code::LATER), peer.read_to_end(&mut bytes));
    assert_eq!((read.ok(), bytes), (Some(4), vec![0x88, 2, 0x03, 0xF5]));
}
