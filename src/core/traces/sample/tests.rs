use super::{keeps, threshold};

fn id(randomness: u64) -> [u8; 16] {
    let mut id = [0xff; 16];
    id[8..].copy_from_slice(&randomness.to_be_bytes());
    id
}

/// Scenario: shares at the borders and beyond them. Guarantees: the threshold is exact, and no input panics.
#[test]
fn the_threshold_of_a_share_is_exact() {
    let table = [
        (1.0, 0),
        (2.0, 0),
        (f64::INFINITY, 0),
        (0.5, 1 << 55),
        (0.25, 3 << 54),
        (1e-30, 1 << 56),
        (0.0, 1 << 56),
        (-1.0, 1 << 56),
        (f64::NAN, 1 << 56),
    ];
    for (share, want) in table {
        assert_eq!(threshold(share), want, "share {share}");
    }
}

/// Scenario: trace ids just below and at the border of a half, with any upper 72 bits.
/// Guarantees: only the low 56 bits decide; the border itself stays.
#[test]
fn only_the_low_56_bits_decide() {
    let half = 1_u64 << 55;
    for noise in [0, 1, 0xab, 0xff_u64] {
        assert!(!keeps(&id(noise << 56 | (half - 1)), 0.5));
        assert!(keeps(&id(noise << 56 | half), 0.5));
    }
    assert!(keeps(&[0; 16], 1.0));
    assert!(!keeps(&[0xff; 16], 0.0));
}

/// Scenario: 20,000 ids from a fixed sequence, two shares. Guarantees: each share keeps about that part of them, and
/// whatever the smaller keeps the larger keeps too, so a trace is not torn between components with different shares.
#[test]
fn a_smaller_share_is_a_part_of_a_larger_one() {
    let mut state = 7_u64;
    let (mut tenth, mut half) = (0_u32, 0_u32);
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let id = id(state >> 8);
        let (small, large) = (keeps(&id, 0.1), keeps(&id, 0.5));
        assert!(large || !small);
        tenth += u32::from(small);
        half += u32::from(large);
    }
    assert!((1_800..2_200).contains(&tenth), "{tenth}");
    assert!((9_700..10_300).contains(&half), "{half}");
}
