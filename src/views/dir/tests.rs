//! The folder as users change it: file by file, poll by poll.

use super::{DirSource, Origins};
use expect_test::{Expect, expect};
use pointsman_core::{
    fault::render,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
};
use std::{fs, path::Path};

const START: u64 = 1_767_261_600; // 2026-01-01T10:00:00Z

fn off(name: &str, instrument: &str, more: &str) -> String {
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}}}\nspec:\n  reason: test\n  metrics:\n  \
         - {{name: r, match: {{instruments: [{instrument}]}}, state: Disabled}}\n{more}"
    )
}

/// What one poll says: nothing, or which of `a`, `b`, `c` are off, what became of the objects, and every fault.
fn poll(source: &mut DirSource, second: u64) -> String {
    let now = Wall::from_secs(START + second);
    let Some(reload) = source.poll(now) else { return format!("{second}: nothing new\n") };
    let component = ComponentKey { namespace: "default".into(), workload: None, service: "s".into() };
    let plan = reload.views.plan(&component, now);
    let is_off = |name: &&str| {
        let instrument = Instrument { scope: "".into(), name: (*name).into(), kind: Kind::Counter, unit: "".into() };
        !plan.decide(&instrument).on
    };
    let off: Vec<&str> = ["a", "b", "c"].into_iter().filter(is_off).collect();
    let mut out = format!("{second}: off {}\n", off.join(" "));
    for object in &reload.objects {
        let name = object.id.as_ref().map_or("?", |id| &id.name);
        let verdict = match (object.accepted, object.kept) {
            (true, _) => "accepted",
            (false, true) => "kept",
            (false, false) => "refused",
        };
        out.push_str(&format!("   {name} {verdict}\n"));
    }
    let place = |text: String| text.rsplit_once(".dir/").map_or(text.clone(), |(_, rest)| rest.to_owned());
    out.extend(reload.faults.iter().map(|fault| format!("   {}\n", place(render::short(fault)))));
    out
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::Builder::new().suffix(".dir").tempdir().expect("a temporary folder"))
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("the folder is ours");
    }
    fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).expect("the file was written");
    }
    fn source(&self) -> DirSource {
        let state_file = Some(self.path().join("state.json"));
        DirSource::new(Origins { dir: Some(self.path().to_owned()), state_file, ..Origins::default() })
    }
}

fn check(steps: impl FnOnce(&Folder, &mut dyn FnMut(u64)), want: Expect) {
    let folder = Folder::new();
    let mut source = folder.source();
    let mut out = String::new();
    steps(&folder, &mut |second| out.push_str(&poll(&mut source, second)));
    want.assert_eq(&out);
}

/// Scenario: files come, change and go; others lie beside them. Guarantees: only changes are told; what is gone is gone.
#[test]
fn files_come_change_and_go() {
    check(
        |folder, poll| {
            poll(0);
            folder.write("a.yaml", &off("a", "a", ""));
            folder.write("b.yml", &(off("b", "b", "") + "---\n" + &off("c", "c", "")));
            folder.write(".hidden.yaml", &off("h", "a", ""));
            folder.write("notes.txt", "not a view");
            poll(1);
            poll(2);
            folder.write("a.yaml", &off("a", "b", ""));
            poll(3);
            folder.remove("b.yml");
            poll(4);
        },
        expect![[r#"
            0: off 
            1: off a b c
               a accepted
               b accepted
               c accepted
            2: nothing new
            3: off b c
               a accepted
               b accepted
               c accepted
            4: off b
               a accepted
        "#]],
    );
}

/// Scenario: a file becomes nonsense, then good again. Guarantees: its last good views stay, other files are not affected.
#[test]
fn a_broken_file_keeps_its_last_good_views() {
    check(
        |folder, poll| {
            folder.write("a.yaml", &off("a", "a", ""));
            folder.write("b.yaml", &off("b", "b", ""));
            poll(0);
            folder.write("a.yaml", "spec:\n\t- tab\n");
            folder.write("b.yaml", &off("b", "c", ""));
            poll(1);
            poll(2);
            folder.write("a.yaml", &off("a", "b", ""));
            poll(3);
        },
        expect![[r#"
            0: off a b
               a accepted
               b accepted
            1: off a c
               ? refused
               a kept
               b accepted
               a.yaml:2:2: error[PM0101]: cannot read this as YAML: tabs disallowed within this context (block indentation)
            2: nothing new
            3: off b c
               a accepted
               b accepted
        "#]],
    );
}

/// Scenario: one of two objects of a file is refused, at first and after it was good. Guarantees: the other applies; what was good
/// stays, what never was does not.
#[test]
fn a_refused_object_leaves_the_others_alone() {
    check(
        |folder, poll| {
            folder.write("a.yaml", &(off("a", "a", "") + "---\n" + &off("b", "b", "  nonsense: 1\n")));
            poll(0);
            folder.write("a.yaml", &(off("a", "a", "  nonsense: 1\n") + "---\n" + &off("b", "b", "")));
            poll(1);
            folder.write("a.yaml", &off("b", "b", ""));
            poll(2);
        },
        expect![[r#"
            0: off a
               a accepted
               b refused
               a.yaml:16:3: error[PM0103]: unknown field `nonsense` in `spec`
            1: off a b
               a kept
               b accepted
               a.yaml:8:3: error[PM0103]: unknown field `nonsense` in `spec`
            2: off b
               b accepted
        "#]],
    );
}

/// Scenario: an editor empties the file before it writes it; then someone empties it for good.
/// Guarantees: a moment of emptiness switches nothing; an empty file that stays empty has no views.
#[test]
fn a_file_that_is_empty_for_a_moment_keeps_its_views() {
    check(
        |folder, poll| {
            folder.write("a.yaml", &off("a", "a", ""));
            poll(0);
            folder.write("a.yaml", "");
            poll(1);
            folder.write("a.yaml", &off("a", "a", ""));
            poll(2);
            folder.write("a.yaml", "");
            poll(3);
            poll(4);
        },
        expect![[r#"
            0: off a
               a accepted
            1: nothing new
            2: nothing new
            3: nothing new
            4: off 
        "#]],
    );
}

/// Scenario: two files hold an object of one name. Guarantees: the first file's is in force, and the other is told.
#[test]
fn the_same_object_in_two_files_is_a_fault() {
    check(
        |folder, poll| {
            folder.write("1.yaml", &off("v", "a", ""));
            folder.write("2.yaml", &off("v", "b", ""));
            poll(0);
        },
        expect![[r#"
            0: off a
               v accepted
               v accepted
               2.yaml:3:11: error[PM0106]: two objects named `TelemetryView default/v`
        "#]],
    );
}

/// Scenario: not text, and too large. Guarantees: told, bounded, others go on.
#[test]
fn files_that_cannot_be_read_are_told() {
    check(
        |folder, poll| {
            folder.write("a.yaml", &off("a", "a", ""));
            folder.write("large.yaml", &"# \n".repeat(400_000));
            fs::write(folder.path().join("latin.yaml"), [0xE4, 0xF6]).expect("the folder is ours");
            poll(0);
            poll(1);
        },
        expect![[r#"
            0: off a
               a accepted
               large.yaml: it is over 1048576 bytes
               latin.yaml: it is not UTF-8 text
            1: nothing new
        "#]],
    );
}

/// Scenario: the folder goes away and comes back. Guarantees: its views stay while it cannot be read.
#[test]
fn a_folder_that_cannot_be_read_keeps_everything() {
    let folder = Folder::new();
    let inner = folder.path().join("views.dir");
    fs::create_dir(&inner).expect("the folder is ours");
    fs::write(inner.join("a.yaml"), off("a", "a", "")).expect("the folder is ours");
    let mut source = DirSource::new(Origins { dir: Some(inner.clone()), ..Origins::default() });
    let mut out = poll(&mut source, 0);
    fs::rename(&inner, folder.path().join("elsewhere.dir")).expect("the folder is ours");
    out += &poll(&mut source, 1);
    out += &poll(&mut source, 2);
    fs::rename(folder.path().join("elsewhere.dir"), &inner).expect("the folder is ours");
    out += &poll(&mut source, 3);
    let out = out.replace(&inner.display().to_string(), "VIEWS");
    expect![[r#"
        0: off a
           a accepted
        1: off a
           a accepted
           views.dir: No such file or directory (os error 2)
        2: nothing new
        3: off a
           a accepted
    "#]]
    .assert_eq(&out);
}

/// Scenario: a view for four hours; its text changes, the process restarts, its term changes. Guarantees: the term counts from when
/// it was first seen, and only a new term begins anew.
#[test]
fn an_expiry_counts_from_when_it_was_first_seen() {
    let folder = Folder::new();
    let expires = |source: &mut DirSource, second: u64| {
        let reload = source.poll(Wall::from_secs(START + second)).expect("something changed");
        let next = reload.views.next_expiry(Wall::from_secs(START)).expect("the view expires");
        next.0 / 1_000_000_000 - START
    };
    folder.write("a.yaml", &off("a", "a", "  expiry: {after: 4h}\n"));
    let mut source = folder.source();
    assert_eq!(expires(&mut source, 10), 10 + 4 * 3_600);
    folder.write("a.yaml", &off("a", "b", "  expiry: {after: 4h}\n"));
    assert_eq!(expires(&mut source, 500), 10 + 4 * 3_600, "another rule does not extend it");
    let mut restarted = folder.source();
    assert_eq!(expires(&mut restarted, 900), 10 + 4 * 3_600, "nor does a restart");
    folder.write("a.yaml", &off("a", "b", "  expiry: {after: 5h}\n"));
    assert_eq!(expires(&mut restarted, 1_000), 1_000 + 5 * 3_600, "a new term does");
}

/// Scenario: a file with a good object, a broken document and a refused object.
/// Guarantees: each object is handed on as it stands, with its own faults only; what is no YAML is nothing.
#[test]
fn objects_come_with_their_document_and_their_faults() {
    let folder = Folder::new();
    let broken = "apiVersion: pointsman.dev/v1alpha1\n\tkind: x\n";
    folder.write("v.yaml", &format!("{}---\n{broken}---\n{}", off("good", "a", ""), off("bad", "b", "  modee: x\n")));
    let mut source = DirSource::new(Origins { dir: Some(folder.path().to_owned()), ..Origins::default() });
    let reload = source.poll(Wall::from_secs(START)).expect("the first poll answers");
    let told: Vec<_> = reload.objects.iter().map(|o| (o.document["metadata"]["name"].as_str(), o.faults.len())).collect();
    assert_eq!(told, [(Some("good"), 0), (None, 1), (Some("bad"), 1)]);
    assert_eq!(reload.objects[0].document["spec"]["metrics"][0]["match"]["instruments"], serde_json::json!(["a"]));
}
