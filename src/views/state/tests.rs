//! What may be found where a file of the state directory should be, put there by whoever can write in it.

use super::{StateError, read, replace};
use rustix::process::geteuid;
use std::{
    fs::{self, File},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

const CAP: usize = 1_000;
const GOOD: &str = "what was kept";
/// Any user who is neither root nor us.
const STRANGER: u32 = 54_321;

/// Something that stands at the path, and what is said of it; `None`: what it says is read.
struct Row {
    name: &'static str,
    put: fn(&Path, &Path),
    says: Option<&'static str>,
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("the folder is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success(), "a pipe");
}

/// Rows that every user can make; `elsewhere` is a file of somebody else's that must stay as it is.
const ROWS: [Row; 11] = [
    Row { name: "ours", put: |at, _| write(at, GOOD, 0o600), says: None },
    Row { name: "ours, readable by all", put: |at, _| write(at, GOOD, 0o644), says: None },
    Row { name: "ours, empty", put: |at, _| write(at, "", 0o600), says: None },
    Row { name: "as large as may be", put: |at, _| write(at, &"x".repeat(CAP), 0o600), says: None },
    Row {
        name: "a byte larger",
        put: |at, _| write(at, &"x".repeat(CAP + 1), 0o600),
        says: Some("it is larger than 1000 bytes: remove it"),
    },
    Row {
        name: "a terabyte of holes",
        put: |at, _| File::create(at).and_then(|file| file.set_len(1 << 40)).expect("a sparse file"),
        says: Some("it is larger than 1000 bytes: remove it"),
    },
    Row {
        name: "everybody writes",
        put: |at, _| write(at, GOOD, 0o666),
        says: Some("everybody may write it: remove it, or run chmod 600 on it"),
    },
    Row {
        name: "a link to a file",
        put: |at, elsewhere| symlink(elsewhere, at).expect("a link"),
        says: Some("it is a symbolic link, which is not followed here: remove it"),
    },
    Row {
        name: "a link to nothing",
        put: |at, elsewhere| symlink(elsewhere.with_extension("none"), at).expect("a link"),
        says: Some("it is a symbolic link, which is not followed here: remove it"),
    },
    // Whoever opened it to read would wait for ever.
    Row { name: "a pipe", put: |at, _| fifo(at), says: Some("it is not a plain file: remove it") },
    Row { name: "a folder", put: |at, _| fs::create_dir(at).expect("a folder"), says: Some("it is not a plain file: remove it") },
];

/// Runs `look` on each row in a folder of its own: the path, the row, the file elsewhere.
fn each(look: impl Fn(&Path, &Row, &Path)) {
    for row in &ROWS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let elsewhere = folder.path().join("elsewhere");
        write(&elsewhere, "somebody else's", 0o640);
        let at = folder.path().join("kept.json");
        (row.put)(&at, &elsewhere);
        look(&at, row, &elsewhere);
        assert_eq!(fs::read_to_string(&elsewhere).expect("it is there"), "somebody else's", "{}", row.name);
        assert_eq!(fs::metadata(&elsewhere).expect("it is there").mode() & 0o777, 0o640, "{}", row.name);
    }
}

/// Scenario: what stands at the path is ours and plain, or a link, a pipe, a folder, huge, or open to all.
/// Guarantees: only the first is read; all else is refused at once, in words that say what mends it.
#[test]
fn t38_only_plain_files_of_ours_are_read() {
    each(|at, row, _| {
        let text = read(at, CAP);
        match row.says {
            None => {
                let bytes = text.unwrap_or_else(|error| panic!("{}: {error}", row.name)).expect("it is there");
                assert_eq!(bytes, fs::read(at).expect("it is there"), "{}", row.name);
            }
            Some(says) => assert_eq!(text.expect_err(row.name).to_string(), says, "{}", row.name),
        }
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(read(&folder.path().join("none"), CAP).expect("none is no fault").is_none());
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).expect("a socket");
    assert!(matches!(read(&socket, CAP), Err(StateError::Io(_))), "a socket is no file");
}

/// Scenario: the same things stand where a file is to be written, and beside it, where it is written first.
/// Guarantees: a plain file of mode 600 with the new text takes their place; what links lead to is not touched. A folder stays: it is
/// told.
#[test]
fn t38_what_stands_in_the_way_is_replaced_not_followed() {
    each(|at, row, elsewhere| {
        let beside = at.with_extension("new");
        (row.put)(&beside, elsewhere);
        let is_folder = row.name == "a folder";
        assert_eq!(replace(at, b"new").is_err(), is_folder, "{}", row.name);
        if is_folder {
            fs::remove_dir(&beside).expect("it is still there");
            assert!(replace(at, b"new").is_err(), "nor does a file replace a folder");
            return;
        }
        let about = fs::symlink_metadata(at).expect("it was written");
        assert!(about.is_file(), "{}", row.name);
        assert_eq!((about.mode() & 0o777, about.uid()), (0o600, geteuid().as_raw()), "{}", row.name);
        assert_eq!(fs::read(at).expect("it was written"), b"new", "{}", row.name);
        assert!(fs::symlink_metadata(&beside).is_err(), "{}: it was renamed", row.name);
    });
}

/// Scenario: root hands a file to another user, and makes a device; whoever is not root cannot make these rows, and runs none.
/// Guarantees: a stranger's file is refused with both users named, also by a second name of ours; a device is no file.
#[test]
fn t38_files_of_others_are_not_believed() {
    if !geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path().join("kept.json");
    write(&at, GOOD, 0o600);
    chown(&at, Some(STRANGER), None).expect("root may");
    let says = format!("it belongs to user {STRANGER}, and pointsman runs as user 0: remove it, or give it to user 0");
    assert_eq!(read(&at, CAP).expect_err("a stranger's").to_string(), says);
    let second = folder.path().join("second.json");
    fs::hard_link(&at, &second).expect("a second name");
    assert_eq!(read(&second, CAP).expect_err("a stranger's").to_string(), says);
    replace(&at, b"new").expect("it is replaced");
    assert_eq!(read(&at, CAP).expect("ours now").as_deref(), Some(&b"new"[..]));
    assert_eq!(fs::read_to_string(&second).expect("it is there"), GOOD, "the stranger's file is as it was");
    let null = read(Path::new("/dev/null"), CAP).expect_err("a device");
    assert_eq!(null.to_string(), "it is not a plain file: remove it");
}
