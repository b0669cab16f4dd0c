//! The recipe of the image and that of the bundle, held against the rules that linters of such files have: what makes an image large,
//! unrepeatable or more powerful than it has to be. No image is built here: there is no container runtime where the tests run.

use super::{folder, one, read};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

/// One instruction, with continuation lines joined: its line, its word, what follows.
#[derive(Debug)]
struct Step {
    line: usize,
    word: String,
    rest: String,
}

fn steps(text: &str) -> Vec<Step> {
    let (mut steps, mut open): (Vec<Step>, bool) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    {
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match (open, steps.last_mut()) {
            (true, Some(step)) => step.rest.push_str(&format!(" {}", part.trim())),
            _ => {
                let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
                steps.push(Step { line: at + 1, word: word.to_owned(), rest: rest.trim().to_owned() });
            }
        }
        open = goes_on;
    }
    steps
}

/// The words of a step without its flags.
fn words(rest: &str) -> Vec<&str> {
    rest.split_whitespace().filter(|word| !word.starts_with("--")).collect()
}

/// Every fault, with its line.
fn faults(text: &str) -> Vec<String> {
    let steps = steps(text);
    let mut faults = Vec::new();
    let mut say = |step: &Step, what: &str| faults.push(format!("{}: {what}", step.line));
    let mut stages = BTreeSet::new();
    let mut has_pipefail = false;
    for step in &steps {
        let rest = step.rest.as_str();
        match step.word.as_str() {
            "FROM" => {
                has_pipefail = false;
                let image = words(rest).first().copied().unwrap_or_default();
                let name = image.rsplit('/').next().unwrap_or_default();
                let is_exact = stages.contains(image) || image == "scratch" || image.contains('@') || name.contains(':');
                if !is_exact || name.ends_with(":latest") {
                    say(step, "name the version of the image");
                }
                if let Some(stage) = words(rest).get(2)
                    && !stages.insert((*stage).to_owned())
                {
                    say(step, "two stages have one name");
                }
            }
            "SHELL" => has_pipefail = rest.contains("pipefail"),
            "RUN" => run(step, has_pipefail, &mut say),
            "ADD" => say(step, "COPY does what is needed; ADD also unpacks and downloads"),
            "MAINTAINER" => say(step, "write a label in its place"),
            "COPY" => {
                let from = rest.split_whitespace().find_map(|word| word.strip_prefix("--from="));
                if from.is_some_and(|stage| !stages.contains(stage)) {
                    say(step, "copies from a stage that is not there");
                }
                if words(rest).contains(&".") && words(rest).len() == 2 && words(rest)[0] == "." {
                    say(step, "copies everything, and with it whatever lies about: name what is needed");
                }
            }
            "WORKDIR" if !rest.starts_with('/') => say(step, "is relative"),
            "ENTRYPOINT" | "CMD" if serde_json::from_str::<Vec<String>>(rest).is_err() => {
                say(step, "write a list in JSON: a shell takes no signals")
            }
            "EXPOSE" if !rest.split_whitespace().all(|port| port.parse::<u16>().is_ok_and(|port| port >= 1024)) => {
                say(step, "a port is a number from 1024 on: others take a privilege");
            }
            "ENV" | "ARG" if ["SECRET", "TOKEN", "PASSWORD", "KEY"].iter().any(|word| rest.to_uppercase().contains(word)) => {
                say(step, "a secret stays in the layers of the image");
            }
            _ => {}
        }
    }
    faults.extend(of_last_stage(&steps));
    faults
}

fn run(step: &Step, has_pipefail: bool, say: &mut dyn FnMut(&Step, &str)) {
    let rest = step.rest.as_str();
    let has = |what: &str| rest.split([' ', ';', '&', '|']).any(|word| word == what);
    if has("sudo") || has("cd") {
        say(step, "neither sudo nor cd: the user is known, and WORKDIR says where");
    }
    if rest.contains("apt-get install") && !(rest.contains("--no-install-recommends") && rest.contains("--yes")) {
        say(step, "apt-get install takes --yes and --no-install-recommends");
    }
    if rest.contains("apt-get install") && !(rest.contains("apt-get update") && rest.contains("rm -rf /var/lib/apt/lists/*")) {
        say(step, "update, install, and remove the lists, in one step");
    }
    if rest.contains("apt-get upgrade") || has("apt") {
        say(step, "apt-get install alone: anything else changes from day to day");
    }
    let pipes = rest.replace("||", "").contains(" | ");
    if pipes && !has_pipefail {
        say(step, "of a pipe only the last part may fail: SHELL with pipefail before");
    }
    if rest.contains("curl ") || rest.contains("wget ") {
        say(step, "downloads what nobody checked");
    }
    if rest.contains("cargo build") && !rest.contains("--locked") {
        say(step, "cargo build takes --locked");
    }
}

/// What runs is small, is not root, and says what it is.
fn of_last_stage(steps: &[Step]) -> Vec<String> {
    let from = steps.iter().rposition(|step| step.word == "FROM").unwrap_or_default();
    let last = &steps[from..];
    let of = |word: &str| last.iter().filter(|step| step.word == word).map(|step| step.rest.as_str()).collect::<Vec<_>>();
    let mut faults = Vec::new();
    let user = of("USER").last().map(|user| user.split(':').next().and_then(|user| user.parse::<u32>().ok()));
    match user {
        Some(Some(user)) if user > 0 => {}
        None if words(&steps[from].rest).first() == Some(&"scratch") && of("ENTRYPOINT").is_empty() => {}
        _ => faults.push("USER is a number other than 0, or Kubernetes cannot tell that it is not root".to_owned()),
    }
    if !of("RUN").is_empty() {
        faults.push("the last stage runs nothing: it has no shell".to_owned());
    }
    if of("ENTRYPOINT").len() > 1 || of("CMD").len() > 1 || of("HEALTHCHECK").len() > 1 {
        faults.push("of ENTRYPOINT, CMD and HEALTHCHECK the last counts: write one".to_owned());
    }
    if of("LABEL").is_empty() {
        faults.push("labels say what the image is".to_owned());
    }
    faults
}

fn recipe() -> String {
    fs::read_to_string(folder().join("Containerfile")).expect("the recipe")
}

/// Scenario: both recipes. Guarantees: no rule is broken.
#[test]
fn recipes_keep_the_rules() {
    for name in ["Containerfile", "bundle/Containerfile"] {
        let text = fs::read_to_string(folder().join(name)).expect("the recipe");
        assert_eq!(faults(&text), Vec::<String>::new(), "{name}");
    }
}

/// Scenario: the recipe with one thing wrong, in each way that is known. Guarantees: each is told.
#[test]
fn each_rule_finds_its_breach() {
    let good = recipe();
    let replaced = |is: &str, becomes: &str| {
        assert!(good.contains(is), "{is}");
        good.replacen(is, becomes, 1)
    };
    let broken = [
        (replaced("rust:1.95.0-slim-bookworm", "rust"), "version of the image"),
        (replaced("rust:1.95.0-slim-bookworm", "rust:latest"), "version of the image"),
        (replaced("SHELL", "#"), "pipefail"),
        (replaced(" --no-install-recommends", ""), "--no-install-recommends"),
        (replaced("rm -rf /var/lib/apt/lists/*", "true"), "remove the lists"),
        (replaced("apt-get update", "apt-get update && apt-get upgrade"), "from day to day"),
        (replaced("WORKDIR /src", "WORKDIR src"), "is relative"),
        (replaced("COPY src src", "COPY . ."), "copies everything"),
        (replaced("COPY src src", "ADD src src"), "ADD also"),
        (replaced("--from=build", "--from=other"), "not there"),
        (replaced("USER 65532:65532", "USER nonroot"), "USER is a number"),
        (replaced("USER 65532:65532", "USER 0"), "USER is a number"),
        (replaced("USER 65532:65532", "RUN true"), "runs nothing"),
        (replaced("ENTRYPOINT [\"/usr/bin/pointsman\"]", "ENTRYPOINT /usr/bin/pointsman"), "takes no signals"),
        (replaced("CMD [\"serve\"]", "CMD [\"serve\"]\nCMD [\"demo\"]"), "write one"),
        (replaced("EXPOSE 4317", "EXPOSE 80"), "privilege"),
        (replaced("WORKDIR", "ENV API_TOKEN=x\nWORKDIR"), "a secret"),
        (replaced("--locked ", ""), "--locked"),
        (replaced("RUN triple", "RUN cd /src && triple"), "neither sudo nor cd"),
        (replaced("RUN triple", "RUN curl -o x https://example.org && triple"), "nobody checked"),
        (good.replace("LABEL", "#"), "labels say what"),
    ];
    for (text, told) in broken {
        let faults = faults(&text);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:?}");
    }
    assert_eq!(faults("FROM scratch AS a\nFROM scratch AS a\nLABEL x=y\n"), ["2: two stages have one name"]);
}

/// Scenario: the recipe beside the workspace and the manifests. Guarantees: the compiler is the one that the workspace asks for at least,
/// the version its own; ports, entry point and first argument are those of the Deployment; what the pod may not do, the image does not need.
#[test]
fn the_image_fits_the_workspace_and_the_pod() {
    let steps = steps(&recipe());
    let of = |word: &str| steps.iter().filter(|step| step.word == word).map(|step| step.rest.clone()).collect::<Vec<_>>();
    assert!(of("FROM")[0].contains(&format!("rust:{}", env!("CARGO_PKG_RUST_VERSION"))), "{:?}", of("FROM"));
    assert!(of("LABEL")[0].contains(&format!("image.version=\"{}\"", env!("CARGO_PKG_VERSION"))));
    assert!(of("LABEL")[0].contains(&format!("licenses=\"{}\"", env!("CARGO_PKG_LICENSE"))));
    let base: Vec<Value> = read(&folder().join("base/deployment.yaml"));
    let container = one(&base, "Deployment", "pointsman")["spec"]["template"]["spec"]["containers"][0].clone();
    let ports: Vec<String> =
        container["ports"].as_array().expect("ports").iter().map(|port| port["containerPort"].to_string()).collect();
    assert_eq!(of("EXPOSE"), [ports.join(" ")]);
    assert!(container["command"].is_null() && container["args"][0] == "serve");
    assert_eq!((of("ENTRYPOINT"), of("CMD")), (vec!["[\"/usr/bin/pointsman\"]".to_owned()], vec!["[\"serve\"]".to_owned()]));
    // Every folder that the build reads is there, and every folder that it needs is copied.
    let copied: BTreeSet<String> = of("COPY")
        .iter()
        .filter(|rest| !rest.contains("--"))
        .flat_map(|rest| words(rest).iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
        .collect();
    for needed in ["Cargo.toml", "Cargo.lock", "src", "otel", "deploy", "dashboards", "tests"] {
        assert!(copied.contains(needed) && folder().parent().expect("the root").join(needed).exists(), "{needed}: {copied:?}");
    }
}
