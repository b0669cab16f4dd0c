//! Which traces a share keeps: the same ones in every component, because only the trace id is asked.
//! The low 56 bits of the id are its randomness (W3C Trace Context Level 2); a trace stays when they reach a threshold,
//! so what 0.1 keeps, 0.5 keeps too.

/// How many low bits of a trace id count as random.
const RANDOM_BITS: u32 = 56;

/// Whether the trace stays when `share` (0..=1) of all traces do.
#[must_use]
pub fn keeps(trace_id: &[u8; 16], share: f64) -> bool {
    let randomness = u128::from_be_bytes(*trace_id) & ((1 << RANDOM_BITS) - 1);
    randomness >= u128::from(threshold(share))
}

/// The smallest randomness that stays: 0 for a share of 1, 2^56 (which none reaches) for 0. Anything that is no share
/// between keeps nothing, except what is above 1.
fn threshold(share: f64) -> u64 {
    const ALL: u64 = 1 << RANDOM_BITS;
    if share >= 1.0 {
        return 0;
    }
    if share.is_nan() || share <= 0.0 {
        return ALL;
    }
    #[expect(clippy::cast_possible_truncation, reason = "0 < share < 1, so the product lies between 0 and 2^56")]
    let kept = (share * 2f64.powi(56)).round() as u64;
    ALL.saturating_sub(kept)
}

#[cfg(test)]
mod tests;
