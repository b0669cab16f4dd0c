//! The heap of this process: every allocation is counted as it is made, so that whoever takes memory knows what is left
//! without asking the kernel. Knows no limit.

use cap::Cap;
use std::alloc::System;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that are allocated now.
#[must_use]
pub fn allocated() -> usize {
    HEAP.allocated()
}

/// What the C library's allocator is told: it may keep little of what was freed, in few places. By itself it keeps up to
/// 64 MiB for each of eight places a core, and the more the larger the bodies were that came and went.
pub const TUNABLES: &str = "glibc.malloc.mmap_threshold=1048576:glibc.malloc.trim_threshold=1048576:glibc.malloc.arena_max=2";

/// The setting of `GLIBC_TUNABLES` with which this program is to be started anew; `None` when it says something of the
/// allocator already. It is read before the first line of ours runs, so that it cannot be set from within.
#[must_use]
pub fn tunables(set: Option<&str>) -> Option<String> {
    match set {
        Some(set) if set.contains("glibc.malloc.") => None,
        Some(set) if !set.is_empty() => Some(format!("{set}:{TUNABLES}")),
        _ => Some(TUNABLES.to_owned()),
    }
}

#[cfg(test)]
mod tests;
