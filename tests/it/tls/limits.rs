//! The limits of senders and of connections once more, each inside of TLS and of a sender whose certificate is known: what holds
//! outside holds there too. The inputs are those of `hostile` and `limits`.
//! Handshakes that never end are in `limits`; strangers that are refused before their body in `senders`.

use super::relay::Inside;
use crate::{hostile, limits};

/// Scenario: bodies that grow without measure, stacked and torn encodings, lengths that lie, and malformed requests, each by a
/// sender with a certificate.
/// Guarantees: the same answers, counts and bounds of memory as in plain text; the series of others stay as they are.
#[test]
fn bodies_are_bounded_inside_of_tls() {
    for threat in ["t05", "t06", "t09", "t40"] {
        let inside = Inside::start(&hostile::FLAGS);
        hostile::run_on(&inside.server, threat);
    }
}

/// Scenario: floods of frames of every kind that a peer can send, inside of TLS.
/// Guarantees: they are ended or absorbed as in plain text, within the same memory; a scraper is always answered.
#[test]
fn floods_of_frames_are_ended_inside_of_tls() {
    let inside = Inside::start(&[]);
    limits::http2::floods(&inside.server, 5_000);
}

/// Scenario: a thousand sockets that finished their handshake dribble a head or a body, or read no answer.
/// Guarantees: every one is closed soon after its time, a scraper beside them is always served, and memory is bounded.
#[test]
fn slow_peers_are_closed_inside_of_tls() {
    let inside = Inside::start(&[]);
    limits::slow::siege(&inside.server, 1_000);
}
