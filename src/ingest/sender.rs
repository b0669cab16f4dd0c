//! Who sent a request, as far as its first resource tells: the same process says the same each time.
//! Reads no attribute, and decides nothing.

use prost::encoding::decode_varint;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Fields that are looked at before the one that is meant: it comes first, but need not.
const FIELDS_MAX: usize = 16;

/// Names the sender of a request in protobuf, of metrics or spans: the resource is where it is in both. Two processes have two
/// names but for an accident of 64 bits; a request without a resource has that of all who say nothing.
#[must_use]
pub fn sender(body: &[u8]) -> u64 {
    let resource = first(body).and_then(first).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    resource.hash(&mut hasher);
    hasher.finish()
}

/// The first field with number 1 that has a length.
fn first(mut bytes: &[u8]) -> Option<&[u8]> {
    for _ in 0..FIELDS_MAX {
        let key = decode_varint(&mut bytes).ok()?;
        let length = match key & 7 {
            0 => {
                decode_varint(&mut bytes).ok()?;
                0
            }
            1 => 8,
            2 => usize::try_from(decode_varint(&mut bytes).ok()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = bytes.split_at_checked(length)?;
        if key == 1 << 3 | 2 {
            return Some(field);
        }
        bytes = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::sender;

    /// A request with one resource of these bytes, and something before and behind it.
    fn request(resource: &[u8], scopes: &[u8]) -> Vec<u8> {
        let field = |number: u8, bytes: &[u8]| {
            let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).expect("short")];
            field.extend_from_slice(bytes);
            field
        };
        field(1, &[vec![7 << 3, 1], field(1, resource), field(2, scopes)].concat())
    }

    /// Scenario: two requests of one process, one of another, and bodies that are torn or empty. Guarantees: a process is known by its
    /// resource alone; what is none of ours stops nothing.
    #[test]
    fn a_process_is_known_by_its_resource() {
        let (one, again, other) = (request(b"pod-1", b"a"), request(b"pod-1", b"bc"), request(b"pod-2", b"a"));
        assert_eq!(sender(&one), sender(&again));
        assert_ne!(sender(&one), sender(&other));
        let nobody = sender(&[]);
        for torn in [&one[..3], &[0xFF; 30], &[1 << 3 | 3], &[0x0A, 0xFF, 0x01]] {
            assert_eq!(sender(torn), nobody);
        }
    }
}
