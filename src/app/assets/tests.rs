//! What stands in the way of files, on folders of this machine.

use super::{Asset, FILES, FINE, IN_THE_WAY, UNWRITABLE, export, of};
use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

const TWO: [Asset; 2] = [Asset { path: "a/b/one", text: "1\n" }, Asset { path: "a/two", text: "2\n" }];

/// Exit code, standard output, standard error.
fn exported(assets: &[Asset], to: &Path, force: bool) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = export(assets, to, force, (&mut out, &mut err)).expect("memory takes everything");
    (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
}

/// Scenario: an empty folder, the same again, a file that was changed, with and without force.
/// Guarantees: all is written, then nothing is; the changed file is told and kept, and overwritten when that is asked for.
#[test]
fn what_is_there_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("new");
    let (code, out, _) = exported(&TWO, &to, false);
    assert!(code == FINE && out.starts_with("2 files written") && out.ends_with("0 were there\n"), "{out}");
    assert_eq!(fs::read_to_string(to.join("a/b/one")).expect("it is there"), "1\n");
    let (code, out, _) = exported(&TWO, &to, false);
    assert!(code == FINE && out.starts_with("0 files written") && out.ends_with("2 were there\n"), "{out}");
    fs::write(to.join("a/b/one"), "mine").expect("the folder is ours");
    fs::write(to.join("a/two"), "mine too").expect("the folder is ours");
    let (code, out, err) = exported(&TWO, &to, false);
    assert_eq!((code, out.as_str(), err.matches("--force").count()), (IN_THE_WAY, "", 2), "{err}");
    assert!(
        err.contains("a/b/one: is there with other contents") && err.ends_with("2 in the way of 2 files: nothing was written\n")
    );
    assert_eq!(fs::read_to_string(to.join("a/two")).expect("it is there"), "mine too");
    assert_eq!(exported(&TWO, &to, true).0, FINE);
    assert_eq!(fs::read_to_string(to.join("a/two")).expect("it is there"), "2\n");
}

/// Scenario: a link in place of a folder and of a file, a folder in place of a file, a file in place of a folder; paths that lead out.
/// Guarantees: each is told, with force too, all at once; nothing is written, nor through the link.
#[test]
fn nothing_leads_out_of_the_folder() {
    let (folder, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let to = folder.path();
    fs::create_dir_all(to.join("a/two")).expect("the folder is ours");
    symlink(elsewhere.path(), to.join("a/b")).expect("a link");
    let (code, _, err) = exported(&TWO, to, true);
    assert_eq!(code, IN_THE_WAY);
    assert!(err.contains("a/b: is a link") && err.contains("a/two: is no file"), "{err}");
    assert_eq!(fs::read_dir(elsewhere.path()).expect("it lists").count(), 0);
    fs::remove_file(to.join("a/b")).expect("the link is ours");
    fs::write(to.join("a/b"), "").expect("the folder is ours");
    fs::remove_dir(to.join("a/two")).expect("the folder is ours");
    symlink(elsewhere.path().join("x"), to.join("a/two")).expect("a link");
    let (code, _, err) = exported(&TWO, to, true);
    assert_eq!(code, IN_THE_WAY);
    assert!(err.contains("a/b: is no folder") && err.contains("a/two: is a link"), "{err}");
    for path in ["../out", "/out", "a/../../out", "."] {
        let (code, _, err) = exported(&[Asset { path, text: "" }], to, true);
        assert!(code == IN_THE_WAY && (err.contains("leads out") || err.contains("is no file")), "{path}: {err}");
    }
}

/// Scenario: a folder that is a file. Guarantees: it is told, with exit code 2.
#[test]
fn a_folder_that_takes_no_files_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (code, out, err) = exported(&TWO, file.path(), false);
    assert_eq!((code, out.as_str()), (UNWRITABLE, ""));
    assert!(err.starts_with("error: cannot write") && err.contains("a/b/one"), "{err}");
}

/// Scenario: the files of this build. Guarantees: in order, none twice, no path that leads out; those of a flavour are some of all.
#[test]
fn the_files_of_this_build_are_sound() {
    let paths: BTreeSet<&str> = FILES.iter().map(|asset| asset.path).collect();
    assert!(paths.len() == FILES.len() && FILES.is_sorted_by_key(|asset| asset.path));
    assert!(
        FILES
            .iter()
            .all(|asset| !asset.path.starts_with('/') && !asset.path.split('/').any(|part| ["", ".", ".."].contains(&part)))
    );
    for flavour in ["kustomize", "helm", "openshift", "crds", "alerts"] {
        let some = of(Some(flavour)).count();
        assert!(some > 0 && some < FILES.len(), "{flavour}: {some}");
    }
    assert!(of(Some("openshift")).any(|asset| asset.path == "deploy/base/deployment.yaml"));
    assert_eq!(of(None).count(), FILES.len());
}
