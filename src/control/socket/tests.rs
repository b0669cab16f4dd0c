use super::{Arc, Control, Duration, Open, Proof, talk};
use crate::control::Settings;
use pointsman_core::model::clock::{Mono, Wall};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};

/// How long a session lasts that was opened by this proof, and the code that it ends with.
async fn lasts(proof: Option<Proof>, random: u64) -> (Duration, u16) {
    let settings = Settings {
        now: Arc::new(|| (Mono::from_secs(1), Wall::from_secs(1))),
        random: Arc::new(move || random),
        speed: 1,
        expire_after: Duration::from_secs(300),
    };
    let control = Control::new(settings);
    let (session, wake) = control.open().expect("it is active");
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let began = Instant::now();
    let open = Open { control: Arc::clone(&control), session, wake, by: None, proof };
    let hears = async {
        let mut frame = [0; 4];
        theirs.read_exact(&mut frame).await.expect("it says that it ends");
        let lasted = began.elapsed();
        assert_eq!(frame[..2], [0x88, 2], "a close with a code");
        drop(theirs);
        (lasted, u16::from_be_bytes([frame[2], frame[3]]))
    };
    tokio::join!(talk(open, Box::new(ours)), hears).1
}

/// Scenario: sessions opened by a certificate that stops to stand, by one that does not stand at all, and by tokens.
/// Guarantees: t28: each ends within 10 s of its certificate, or after the time that a token gives it, a little sooner for some;
/// with the code by which an agent comes again.
#[tokio::test(start_paused = true)]
async fn t28_a_session_ends_with_its_proof() {
    let stands = Arc::new(AtomicBool::new(true));
    let (asked, ends) = (Arc::clone(&stands), Duration::from_secs(42));
    let ending = async move {
        tokio::time::sleep(ends).await;
        stands.store(false, Ordering::Relaxed);
    };
    let proof = Some(Proof::Stands(Arc::new(move || asked.load(Ordering::Relaxed))));
    let ((lasted, code), ()) = tokio::join!(lasts(proof, 0), ending);
    assert!((ends..ends + Duration::from_secs(10)).contains(&lasted), "{lasted:?}");
    assert_eq!(code, 1001);
    assert_eq!(lasts(Some(Proof::Stands(Arc::new(|| false))), 0).await, (Duration::ZERO, 1001));
    let token = Some(Proof::Lasts(Duration::from_secs(600)));
    assert_eq!(lasts(token.clone(), 0).await, (Duration::from_secs(600), 1001));
    assert_eq!(lasts(token, 59_999).await, (Duration::from_millis(540_001), 1001));
}

/// Scenario: a session for which nobody was asked for a proof. Guarantees: it goes on.
#[tokio::test(start_paused = true)]
async fn without_a_proof_a_session_goes_on() {
    assert!(timeout(Duration::from_secs(3_600), lasts(None, 0)).await.is_err());
}
