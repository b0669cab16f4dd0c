use super::{Cache, Kept, Now, PlanFile, read};
use crate::{
    limits::{FILE_BYTES_MAX, PLAN_FILE_EVERY},
    opamp::messages::Expiry,
};
use bytes::Bytes;
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, SystemTime},
};

const NOW: Now = Now { mono: Duration::ZERO, wall: SystemTime::UNIX_EPOCH };

fn largest() -> usize {
    usize::try_from(FILE_BYTES_MAX).expect("small")
}

/// Mounts files as the kubelet does: a folder of its own, a link `..data` to it that is swapped by a rename, and links.
fn mount(dir: &Path, version: &str, content: &[u8]) {
    let folder = dir.join(version);
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("plan"), content).expect("written");
    symlink(version, dir.join("..data_tmp")).expect("a link");
    fs::rename(dir.join("..data_tmp"), dir.join("..data")).expect("swapped");
    drop(symlink("..data/plan", dir.join("plan")));
}

/// Scenario: a mounted file is looked at before it is there, when it is, again, after a swap to the same and to another
/// content, after it went, and when it is far too large. Guarantees: what is there is told when it changed, and only then.
#[test]
fn a_mounted_file_is_told_when_it_changed() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut file = PlanFile::new(dir.path().join("plan"));
    let mut look = || {
        file.looks(NOW);
        file.found(read(&dir.path().join("plan"))).map(|found| found.map_err(|error| error.kind()))
    };
    assert_eq!(look(), Some(Err(io::ErrorKind::NotFound)));
    assert_eq!(look(), None);
    mount(dir.path(), "v1", b"one");
    assert_eq!(look(), Some(Ok(Bytes::from_static(b"one"))));
    assert_eq!(look(), None);
    mount(dir.path(), "v2", b"one");
    assert_eq!(look(), None);
    mount(dir.path(), "v3", b"two");
    assert_eq!(look(), Some(Ok(Bytes::from_static(b"two"))));
    fs::remove_file(dir.path().join("plan")).expect("removed");
    assert_eq!(look(), Some(Err(io::ErrorKind::NotFound)));
    mount(dir.path(), "v4", &vec![b' '; largest() + 1]);
    assert_eq!(look(), Some(Err(io::ErrorKind::FileTooLarge)));
    assert_eq!(look(), None);
    assert_eq!(file.due(), PLAN_FILE_EVERY);
}

/// Scenario: a plan is kept, kept anew, and loaded; then the file is torn, empty, and no such file. Guarantees: what is
/// loaded is what was kept last, to the millisecond; what is not whole is an error, none is none, and no other file is left.
#[test]
fn what_was_kept_is_loaded() {
    let dir = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(dir.path().join("last"));
    assert_eq!(cache.load().expect("none"), None);
    let kept = |body: &'static [u8], remaining: &[u64], millis| Kept {
        body: Bytes::from_static(body),
        expiry: Expiry { remaining_ms: remaining.to_vec() },
        received: SystemTime::UNIX_EPOCH + Duration::from_millis(millis),
    };
    for one in [kept(b"{\n}", &[], 0), kept(b"{\"a\":\n\n1}", &[1, 2], 1_799_999_999_999), kept(b"", &[7], 5)] {
        cache.store(one.clone()).expect("stored");
        assert_eq!(cache.load().expect("whole"), Some(one));
    }
    let names: Vec<_> = fs::read_dir(dir.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, ["last"]);
    for torn in [&b"{\"receivedMs\":1"[..], b"", b"nonsense\n{}", b"{\"receivedMs\":-1}\n{}"] {
        fs::write(cache.path(), torn).expect("written");
        assert_eq!(cache.load().expect_err("torn").kind(), io::ErrorKind::InvalidData);
    }
}

/// Scenario: the folder of the file is not there, the plan is too large. Guarantees: an error; what was kept stays.
#[test]
fn what_cannot_be_kept_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let kept = |size| Kept { body: vec![b'x'; size].into(), expiry: Expiry::default(), received: SystemTime::UNIX_EPOCH };
    Cache::new(dir.path().join("missing/last")).store(kept(1)).expect_err("no folder");
    let cache = Cache::new(dir.path().join("last"));
    cache.store(kept(1)).expect("stored");
    cache.store(kept(largest())).expect_err("too large");
    assert_eq!(cache.load().expect("whole"), Some(kept(1)));
}
