//! The hash of a plan, found in its text: it covers all of it but itself, byte for byte, so that nothing needs to be written
//! anew to check it. Knows strings and depth, not what a plan says.

#[cfg(test)]
mod tests;

use super::PlanHash;
use sha2::{Digest, Sha256};

/// A text around its hash.
pub(super) struct Seal<'t> {
    before: &'t [u8],
    /// The hash that it says it has.
    pub(super) stated: &'t [u8],
    after: &'t [u8],
}

/// Finds the member `"hash":"…",` of the outermost object, with the comma behind it. None where there is none, or where it is the
/// last.
pub(super) fn read(json: &[u8]) -> Option<Seal<'_>> {
    // A file may end with a new line, which is not of the text.
    let json = json.trim_ascii();
    let (mut depth, mut rest) = (0_usize, json);
    while let Some((byte, behind)) = rest.split_first() {
        let at = rest;
        rest = behind;
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let (text, behind) = string(rest)?;
                rest = behind;
                if depth == 1
                    && text == b"hash"
                    && let Some(value) = after(rest, b':').and_then(|rest| after(rest, b'"'))
                {
                    let (stated, behind) = string(value)?;
                    let before = json.get(..json.len().checked_sub(at.len())?)?;
                    return Some(Seal { before, stated, after: after(behind, b',')? });
                }
            }
            _ => {}
        }
    }
    None
}

impl Seal<'_> {
    /// The hash that it is to have.
    pub(super) fn hash(&self) -> PlanHash {
        let digest = Sha256::new().chain_update(self.before).chain_update(self.after).finalize();
        let mut hash = [0; 16];
        for (half, byte) in hash.iter_mut().zip(digest) {
            *half = byte;
        }
        PlanHash(hash)
    }
}

/// A string from behind its first quote on, as it is written, and what is behind it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = !escaped && *byte == b'"';
        escaped = !escaped && *byte == b'\\';
        ends
    })?;
    let (string, rest) = text.split_at_checked(end)?;
    Some((string, rest.get(1..)?))
}

/// What is behind this sign, which is the next but for spaces.
fn after(text: &[u8], sign: u8) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(&[sign])
}
