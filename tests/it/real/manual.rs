//! Manual pages and completion, read by those who read them for users: mandoc, bash and zsh.
//! What the pages say is the command line's own text; only that it arrives is looked at here.

use super::peers::tool;
use crate::support::run;
use std::{fs, path::Path, process::Command};

const VERBS: [&str; 14] = [
    "serve",
    "watch",
    "demo",
    "check",
    "explain",
    "diff",
    "catalog",
    "get",
    "convert",
    "assets",
    "docs",
    "man",
    "completion",
    "version",
];

/// What a program says on both ends.
fn said(program: &Path, args: &[&str], folder: &Path) -> String {
    let out = Command::new(program).args(args).current_dir(folder).env("HOME", folder).output().expect("it starts");
    [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// Scenario: `pointsman man --to DIR`, and each page in mandoc. Guarantees: there is a page for each verb; mandoc finds nothing
/// wrong but that it has no date; rendered, it has its flags and its examples.
#[test]
#[ignore = "needs mandoc: run bash tests/run.sh"]
fn manual_pages_are_read_by_mandoc() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("a/man1");
    let (code, stdout, stderr) = run(&["man", "--to", to.to_str().expect("a plain path")], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let files = fs::read_dir(&to).expect("it lists").count();
    assert_eq!(files, VERBS.len() + 1, "a verb is missing here, or its page there");
    for verb in VERBS.map(Some).into_iter().chain([None]) {
        let name = verb.map_or_else(|| "pointsman.1".to_owned(), |verb| format!("pointsman-{verb}.1"));
        let lint = said(&tool("mandoc"), &["-T", "lint", "-W", "warning", &name], &to);
        let (dates, found): (Vec<&str>, Vec<&str>) = lint.lines().partition(|line| line.contains("missing date"));
        assert!(found.is_empty() && dates.len() == 1, "{lint}");
        let page = said(&tool("mandoc"), &["-T", "html", "-O", "fragment", &name], &to);
        assert!(page.contains("id=\"EXIT_STATUS\""), "{name}: {page}");
        let Some(verb) = verb else { continue };
        let examples = page.split("id=\"EXAMPLES\"").nth(1).unwrap_or_else(|| panic!("{name} has none: {page}"));
        assert!(examples.contains(&format!("pointsman {verb}")), "{name}: {examples}");
        let (code, printed, _) = run(&["man", verb], &[]);
        assert_eq!((code, printed), (0, fs::read_to_string(to.join(&name)).expect("it reads")), "{name}");
    }
}

/// Completes what is typed in bash, as readline would ask for it: the words, the last of which is cut short.
fn in_bash(folder: &Path, words: &[&str]) -> Vec<String> {
    let (last, before) = (words.last().unwrap_or(&""), words.iter().rev().nth(1).unwrap_or(&""));
    let script = format!(
        "source ./pointsman.bash && COMP_WORDS=({}) && COMP_CWORD={} && _pointsman pointsman '{last}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}' ")).collect::<String>(),
        words.len() - 1
    );
    said(Path::new("bash"), &["--norc", "--noprofile", "-c", &script], folder).lines().map(str::to_owned).collect()
}

/// Scenario: a bash with our completion, asked for verbs, flags and values. Guarantees: all verbs are offered; a verb that is
/// begun is completed, so is a flag of it, and a flag's value is one of its words.
#[test]
#[ignore = "needs bash: run bash tests/run.sh"]
fn bash_completes_verbs_flags_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, script, stderr) = run(&["completion", "bash"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    fs::write(folder.path().join("pointsman.bash"), script).expect("the folder is ours");
    let offered = in_bash(folder.path(), &["pointsman", ""]);
    assert!(VERBS.iter().all(|verb| offered.iter().any(|word| word == verb)), "{offered:?}");
    assert_eq!(in_bash(folder.path(), &["pointsman", "expl"]), ["explain"]);
    assert_eq!(in_bash(folder.path(), &["pointsman", "demo", "--sce"]), ["--scenario"]);
    assert_eq!(in_bash(folder.path(), &["pointsman", "demo", "--scenario", "drain"]), ["drain-stuck"]);
    assert_eq!(in_bash(folder.path(), &["pointsman", "completion", "z"]), ["zsh"]);
}

/// Scenario: somebody types half a line into an interactive zsh with our completion, and presses the tabulator. Guarantees: a
/// verb, a flag and a value are completed on the line.
#[test]
#[ignore = "needs zsh: run bash tests/run.sh"]
fn zsh_completes_verbs_flags_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, script, stderr) = run(&["completion", "zsh"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    fs::write(folder.path().join("_pointsman"), script).expect("the folder is ours");
    let zsh = tool("zsh");
    for (typed, wanted) in [
        ("expl", "pointsman explain"),
        ("demo --sce", "pointsman demo --scenario"),
        ("demo --scenario=drain", "pointsman demo --scenario=drain-stuck"),
        ("completion z", "pointsman completion zsh"),
    ] {
        // What the inner shell shows is read until the wanted line stands there, for ten seconds at most.
        let script = format!(
            "zmodload zsh/zpty && zpty -b shell {} -i && zpty -w shell 'TERM=dumb PS1=\"ready> \" && fpath=($PWD $fpath) && \
             autoload -Uz compinit && compinit -u -d $PWD/dump && bindkey \"^I\" complete-word && echo be''gun' || exit 1\n\
             seen='' sent='' more=''\n\
             for i in {{1..200}}; do\n\
               while zpty -r shell more; do seen+=$more; done\n\
               [[ -z $sent && $seen == *begun* ]] && sent=yes && zpty -n -w shell $'pointsman {typed}\\t'\n\
               [[ $seen == *'{wanted}'* ]] && print -r -- 'completed' && exit\n\
               sleep 0.05\n\
             done\n\
             print -r -- $seen",
            zsh.display()
        );
        let told = said(&zsh, &["-c", &script], folder.path());
        assert!(told.starts_with("completed"), "{typed}: {told}");
    }
}

/// Scenario: a verb that is none, a folder that is a file, a shell that is not known. Guarantees: each is refused as bad usage
/// with what to do instead, and nothing goes to the output.
#[test]
fn what_cannot_be_made_is_told() {
    let (code, stdout, stderr) = run(&["man", "sevre"], &[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("no verb \"sevre\"") && stderr.contains("serve, watch"), "{stderr}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (code, stdout, stderr) = run(&["man", "--to", file.path().to_str().expect("a plain path")], &[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("cannot write") && stderr.contains("fix: name a folder"), "{stderr}");
    let (code, stdout, stderr) = run(&["completion", "tcsh"], &[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("bash, zsh, fish"), "{stderr}");
    assert!(run(&["completion", "fish"], &[]).1.contains("complete -c pointsman"), "fish gets its own");
}
