use super::{TUNABLES, allocated, tunables};

/// Scenario: a large block is allocated, grown and freed.
/// Guarantees: each step is counted by the time it is made.
#[test]
fn every_allocation_is_counted() {
    const MIB: usize = 64 << 20; // far beyond what other tests of this process hold meanwhile
    let before = allocated();
    let mut block: Vec<u8> = Vec::with_capacity(MIB);
    let once = allocated();
    block.reserve_exact(2 * MIB);
    let twice = allocated();
    drop(block);
    assert!(once >= before + MIB / 2 && twice >= once + MIB / 2 && allocated() < twice - MIB, "{before} {once} {twice}");
}

/// Scenario: the environment says nothing of the allocator, something else, or something of it already.
/// Guarantees: ours is added once, and what a person said stays.
#[test]
fn the_environment_is_changed_once() {
    let ours = tunables(None).expect("nothing is said");
    assert_eq!((ours.as_str(), tunables(Some("")).as_deref(), tunables(Some(&ours))), (TUNABLES, Some(TUNABLES), None));
    let beside = tunables(Some("glibc.rtld.nns=4")).expect("nothing is said of the allocator");
    assert_eq!((beside.as_str(), tunables(Some(&beside))), (format!("glibc.rtld.nns=4:{TUNABLES}").as_str(), None));
    assert_eq!(tunables(Some("glibc.malloc.arena_max=1")), None);
}
