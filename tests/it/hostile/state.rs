//! The state directory of a real process, with things in it that somebody else put there.
//! Every kind of thing is tried beside the code; here is what an operator sees, and that the server starts and serves.

use crate::support::{Pointsman, wait};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

/// A view whose start is kept across restarts.
const VIEW: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: v}\nspec:\n  reason: test\n  \
                    expiry: {after: 4h}\n  metrics:\n  - {name: r, match: {instruments: [a]}, state: Disabled}\n";
const KEPT: &str = "view-starts.json";

/// Puts something at a path; the other one is a file of somebody else's.
type Put = fn(&Path, &Path);

/// What is put there, and how the fault that tells of it goes on after the path.
const TRAPS: [(Put, &str); 4] = [
    (|at, elsewhere| symlink(elsewhere, at).expect("a link"), "it is a symbolic link"),
    (|at, _| assert!(Command::new("mkfifo").arg(at).status().expect("mkfifo runs").success()), "it is not a plain file"),
    (
        |at, _| fs::write(at, "{}").and_then(|()| fs::set_permissions(at, fs::Permissions::from_mode(0o666))).expect("a file"),
        "everybody may write it",
    ),
    (|at, _| fs::File::create(at).and_then(|file| file.set_len(1 << 36)).expect("a sparse file"), "it is larger than"),
];

/// The faults of the state file, as the API shows them.
fn faults(server: &Pointsman) -> Vec<String> {
    let faults = server.get("/api/v1/faults").json();
    let messages = faults["items"].as_array().into_iter().flatten().filter_map(|fault| fault["message"].as_str());
    messages.filter(|message| message.contains(KEPT)).map(str::to_owned).collect()
}

/// Scenario: a link, a pipe, a file open to all and a huge one stand where the starts of expiries are kept, and the same beside it,
/// where they are written first; there is no view that expires, then there is one, then the process starts anew.
/// Guarantees: it starts, serves and is ready at once, and says what is wrong with the file; the file is then ours, and what the link
/// leads to is as it was.
#[test]
fn t38_traps_in_the_state_directory_hold_nobody_up() {
    for (put, says) in TRAPS {
        let folder = tempfile::tempdir().expect("a folder");
        let (views, state) = (folder.path().join("views"), folder.path().join("state"));
        fs::create_dir(&views).and_then(|()| fs::create_dir(&state)).expect("the folder is ours");
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "somebody else's").expect("the folder is ours");
        put(&state.join(KEPT), &elsewhere);
        put(&state.join("view-starts.new"), &elsewhere);
        let flags = ["--views", &views.display().to_string(), "--state-dir", &state.display().to_string()].map(str::to_owned);
        let start = || Pointsman::start(&flags.each_ref().map(String::as_str));
        let server = start();
        assert_eq!(server.get("/readyz").status, 200, "{says}");
        let told = faults(&server);
        assert!(told.len() == 1 && told[0].contains(says), "{says}: {told:?}");
        fs::write(views.join("v.yaml"), VIEW).expect("the folder is ours");
        wait("the file to be ours", || faults(&server).is_empty().then_some(()));
        drop(server);
        let kept = fs::symlink_metadata(state.join(KEPT)).expect("it was written");
        assert!(kept.is_file() && kept.permissions().mode() & 0o777 == 0o600, "{says}: {kept:?}");
        let text = fs::read_to_string(state.join(KEPT)).expect("it was written");
        assert!(text.contains("TelemetryView default/v"), "{text}");
        assert_eq!(fs::read_to_string(&elsewhere).expect("it is there"), "somebody else's", "{says}");
        let again = start();
        assert_eq!(faults(&again), Vec::<String>::new(), "{says}");
    }
}
