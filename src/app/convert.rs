//! `pointsman convert FILE…`: who may read behind oauth-proxy or kube-rbac-proxy becomes who may read pointsman.
//! Reads files and standard input, writes to the writers it is given; asks no cluster, and decides nothing that it cannot know.

mod args;
mod input;
mod krp;
mod monitor;
mod oauth;
mod patch;
mod rest;
mod reviews;
mod rights;
mod rules;
mod scene;
mod serve;
mod tree;
mod yaml;

use monitor::Proof;
use pointsman_core::fault::render;
use rules::{Needs, RulesFile};
use scene::Scene;
use serve::Flag;
use std::{
    io::{self, Read, Write},
    path::PathBuf,
};
use tree::Told;
use yaml::{Pair, Yaml, pair, text, texts};

/// All is translated.
pub const TRANSLATED: u8 = 0;
/// Something is left out.
pub const LEFT_OUT: u8 = 1;
/// Something could not be read, or decided.
pub const UNREADABLE: u8 = 2;

/// Columns of a comment.
const WIDTH: usize = 116;

/// Whose place pointsman takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// OpenShift's.
    OauthProxy,
    /// The one of the same project as kube-prometheus.
    KubeRbacProxy,
}

impl Proxy {
    /// Every proxy.
    pub const ALL: [Self; 2] = [Self::OauthProxy, Self::KubeRbacProxy];

    /// As it is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OauthProxy => "oauth-proxy",
            Self::KubeRbacProxy => "kube-rbac-proxy",
        }
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Of which proxy.
    pub from: Proxy,
    /// Whether the right that is asked for stays what it was.
    pub equal: bool,
    /// The proxy's container: its name, or that of its workload and its own.
    pub container: Option<&'a str>,
    /// The namespace of what names none.
    pub namespace: Option<&'a str>,
    /// The files; `-` is standard input.
    pub files: &'a [PathBuf],
}

/// What `serve` is told.
#[derive(Debug)]
struct Plan {
    flags: Vec<Flag>,
    /// `None` = a file that was not among what was read.
    file: Option<RulesFile>,
}

/// Reads, translates, prints. The exit code says whether anything was left out.
///
/// # Errors
/// When a writer fails.
pub fn run(request: &Request<'_>, stdin: &mut dyn Read, (out, err): (&mut dyn Write, &mut dyn Write)) -> io::Result<u8> {
    let mut told = Told::default();
    let input = input::read(request.files, stdin, &mut told);
    let printed = Scene::find(request, input, &mut told).map(|scene| translated(request, &scene, &mut told));
    match printed.filter(|_| told.mistakes.is_empty()) {
        Some(text) => {
            for fault in &told.left_out {
                writeln!(err, "{}", render::short(fault))?;
            }
            write!(out, "{text}")?;
            Ok(if told.left_out.is_empty() { TRANSLATED } else { LEFT_OUT })
        }
        None => {
            for fault in &told.mistakes {
                write!(err, "{}", render::terminal(fault))?;
            }
            writeln!(err, "{}", render::summary(&told.mistakes))?;
            Ok(UNREADABLE)
        }
    }
}

fn translated(request: &Request<'_>, scene: &Scene, told: &mut Told) -> String {
    let mut plan = match request.from {
        Proxy::OauthProxy => oauth::plan(request, scene, told),
        Proxy::KubeRbacProxy => krp::plan(request, scene, told),
    };
    allow_plain_text(&mut plan);
    serve::check(&plan.flags, told);
    rest::tell(request.from, scene, plan.file.as_ref(), told);
    let mut stream = Stream::default();
    let has = |name: &str| plan.flags.iter().any(|flag| flag.name == name);
    let has_authority = has("client-ca-file");
    let offered = plan.file.as_ref().and_then(|file| file.offered(has_authority)).filter(|_| has("secure-listen-address"));
    container(scene, &plan, offered.is_some() && !has_authority, &mut stream);
    if let Some(file) = &plan.file {
        stream.add(&about(file), map(file, offered.as_deref().unwrap_or(&file.text)));
        if rules::lets_scraper_in(&file.rules) {
            stream.remark("A static rule lets OpenShift's scraper in: no Role is needed for it.");
        } else {
            rights::objects(scene, &Needs::of(&file.rules)).into_iter().for_each(|(about, object)| stream.add(&about, object));
        }
    }
    let proof = if has_authority { Proof::Certificate } else { Proof::Token };
    match monitor::object(scene, proof, has("secure-listen-address"), told) {
        Ok(object) => stream.add("Who scrapes, and how.", object),
        Err(why) => stream.remark(why),
    }
    stream.text
}

/// kube-rbac-proxy and oauth-proxy serve plain text wherever they are told to; pointsman wants to hear that it is meant.
fn allow_plain_text(plan: &mut Plan) {
    let plain = plan.flags.iter().find(|flag| flag.name == "insecure-listen-address" && serve::is_open(&flag.value));
    if let (Some(flag), Some(name)) = (plain.cloned(), serve::known("insecure")) {
        plan.flags.push(Flag { name, value: "true".to_owned(), place: flag.place });
    }
}

fn container(scene: &Scene, plan: &Plan, offers: bool, stream: &mut Stream) {
    let Some(workload) = &scene.workload else {
        let mut about =
            "The arguments of the container: no object of Kubernetes, so take it out before you apply the rest.".to_owned();
        if plan.file.as_ref().is_some_and(|file| file.is_new) {
            about.push_str(&format!("\nMount ConfigMap {} at {}.", rules::NAME, rules::FOLDER));
        }
        stream.add(&about, patch::arguments(plan, offers));
        return;
    };
    let how = match workload.object.kind.as_str() {
        "" => "It is no object of Kubernetes: write it there, and take it out before you apply the rest.",
        "Pod" | "Job" => "It is not changed while it runs: write this into its manifest, and make it anew.",
        _ => "Apply all of this: kubectl apply --server-side --force-conflicts -f FILE",
    };
    let about = format!("What runs in place of the proxy: a part of {}, merged by name.\n{how}", workload.object.called());
    stream.add(&about, patch::object(workload, plan, offers));
}

fn about(file: &RulesFile) -> String {
    let from = if file.is_new { "made anew" } else { "as it was: pointsman takes the same form" };
    format!("Who may read, {from}.")
}

/// The ConfigMap.
fn map(file: &RulesFile, text_of: &str) -> Yaml {
    let mut data = vec![pair(&file.key, yaml::lines(text_of))];
    data.extend(file.beside.iter().map(|(key, value)| Pair::Is(key.clone(), value.clone())));
    Yaml::Map(vec![
        pair("apiVersion", text("v1")),
        pair("kind", text("ConfigMap")),
        pair("metadata", texts(&[("name", &file.map), ("namespace", &file.namespace)])),
        pair("data", Yaml::Map(data)),
    ])
}

/// Documents one after the other, each below what it is for.
#[derive(Default)]
struct Stream {
    text: String,
}

impl Stream {
    fn add(&mut self, about: &str, document: Yaml) {
        let head = if self.text.is_empty() { "" } else { "---\n" };
        self.text.push_str(head);
        self.remark(about);
        self.text.push_str(&document.write());
    }

    fn remark(&mut self, about: &str) {
        // A name may hold anything; a comment ends with its line.
        for line in about.lines().map(render::clean) {
            let mut width = 0usize;
            for word in line.split(' ') {
                let more = word.chars().count().saturating_add(1);
                let is_full = width.saturating_add(more) > WIDTH;
                let before = if width == 0 {
                    "#"
                } else if is_full {
                    "\n#"
                } else {
                    ""
                };
                self.text.push_str(&format!("{before} {word}"));
                width = if is_full { more } else { width.saturating_add(more) };
            }
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests;
