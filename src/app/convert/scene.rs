//! What a cluster has of a proxy: its container and the pod around it, and the objects beside it.
//! Knows how proxies are recognised, not what their flags mean.

use super::{
    Proxy, Request,
    args::Arg,
    input::{Input, Word},
    tree::{Doc, Told, entries, get, items, text, words},
};
use pointsman_core::{fault::Place, view::yaml::Node};

/// An object of Kubernetes.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// What it says.
    pub(super) doc: Doc,
    /// Its kind; empty for a pod template that stands alone.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// Its namespace, where it names one.
    pub(super) namespace: String,
}

/// The pod that the proxy is part of.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    /// The object that has the pod.
    pub(super) object: Object,
    /// Keys that lead to the spec of the pod.
    pub(super) to_pod: &'static [&'static str],
    /// The proxy's container.
    pub(super) container: Node,
}

/// What a path in a container comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// The volume.
    pub(super) volume: String,
    /// The ConfigMap; empty where it is none.
    pub(super) config_map: String,
    /// The Secret; empty where it is none.
    pub(super) secret: String,
    /// The key of it that the path names.
    pub(super) key: String,
}

/// Everything about one proxy.
#[derive(Debug)]
pub(super) struct Scene {
    /// Its arguments.
    pub(super) words: Vec<Word>,
    /// Its pod, unless there are only arguments.
    pub(super) workload: Option<Workload>,
    /// All other objects.
    pub(super) objects: Vec<Object>,
    /// Files of rules that stand alone.
    pub(super) rules: Vec<Doc>,
}

/// Kinds that have pods, and the keys that lead there.
const PODS: [(&str, &[&str]); 10] = [
    ("", &["spec"]),
    ("Pod", &["spec"]),
    ("PodTemplate", &["template", "spec"]),
    ("Deployment", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("DeploymentConfig", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
];
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

impl Object {
    fn new(doc: Doc) -> Self {
        let [kind, name, namespace] =
            [&["kind"][..], &["metadata", "name"], &["metadata", "namespace"]].map(|path| text(&doc.node, path));
        Self { doc, kind, name, namespace }
    }

    /// As people call it.
    pub(super) fn called(&self) -> String {
        let kind = if self.kind.is_empty() { "pod template" } else { &self.kind };
        if self.name.is_empty() { kind.to_owned() } else { format!("{kind} {}", self.name) }
    }

    /// Where its name stands.
    pub(super) fn place(&self) -> Place {
        self.doc.place_of(&["metadata", "name"])
    }

    fn to_pod(&self) -> Option<&'static [&'static str]> {
        let path = PODS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, path)| *path)?;
        get(&self.doc.node, path).filter(|pod| get(pod, &["containers"]).is_some()).map(|_| path)
    }
}

impl Workload {
    /// The spec of the pod.
    pub(super) fn pod(&self) -> &Node {
        get(&self.object.doc.node, self.to_pod).unwrap_or(&self.object.doc.node)
    }

    /// The labels of the pod.
    pub(super) fn labels(&self) -> Vec<(String, String)> {
        let above = self.to_pod.split_last().map_or(&[][..], |(_, above)| above);
        let path = [above, &["metadata", "labels"]].concat();
        pairs(&self.object.doc.node, &path)
    }

    /// What a path in the container comes from.
    pub(super) fn mounted(&self, path: &str) -> Option<Mounted> {
        let below = |mount: &Node| {
            let at = text(mount, &["mountPath"]);
            let rest = path.strip_prefix(at.trim_end_matches('/'))?;
            let key = if rest.is_empty() { text(mount, &["subPath"]) } else { rest.strip_prefix('/')?.to_owned() };
            Some((at.len(), text(mount, &["name"]), key))
        };
        let (_, volume, key) = items(&self.container, &["volumeMounts"]).iter().filter_map(below).max()?;
        let of = items(self.pod(), &["volumes"]).iter().find(|of| text(of, &["name"]) == volume)?;
        let parts = [["configMap", "items"], ["secret", "items"]];
        let item = parts.iter().flat_map(|path| items(of, path)).find(|item| text(item, &["path"]) == key);
        let key = item.map_or(key, |item| text(item, &["key"]));
        let (config_map, secret) = (text(of, &["configMap", "name"]), text(of, &["secret", "secretName"]));
        Some(Mounted { volume, config_map, secret, key })
    }
}

impl Scene {
    /// Finds the proxy. What cannot be decided is a mistake, and then there is nothing to translate.
    pub(super) fn find(request: &Request<'_>, input: Input, told: &mut Told) -> Option<Self> {
        let Input { docs, mut lists } = input;
        let (rules, objects): (Vec<Doc>, Vec<Doc>) =
            docs.into_iter().partition(|doc| get(&doc.node, &["kind"]).is_none() && get(&doc.node, &["authorization"]).is_some());
        let mut objects: Vec<Object> = objects.into_iter().map(Object::new).collect();
        let found = choose(request, &objects, !lists.is_empty(), told);
        let mut scene = Self { words: Vec::new(), workload: None, objects: Vec::new(), rules };
        match (found, lists.pop()) {
            (Some(_), Some(list)) => {
                let place = list.first().map(|(_, place)| place.clone()).unwrap_or_default();
                told.wrong(place, "this", "arguments stand alone and in a container", "give one of the two");
                return None;
            }
            (Some((at, to_pod, container)), None) => {
                let object = objects.remove(at);
                scene.words = command(&object, &container, told)?;
                scene.workload = Some(Workload { object, to_pod, container });
            }
            (None, Some(list)) if lists.is_empty() && told.mistakes.is_empty() => scene.words = list,
            (None, Some(list)) => {
                if !lists.is_empty() {
                    let place = list.first().map(|(_, place)| place.clone()).unwrap_or_default();
                    told.wrong(place, "this", "there are several lists of arguments", "give those of one container");
                }
                return None;
            }
            (None, None) => return None,
        }
        scene.objects = objects;
        Some(scene)
    }

    /// The other objects of a kind.
    pub(super) fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    /// The Service of the pod: the one that selects it, or the only one where the pod is not known.
    pub(super) fn service(&self) -> Option<&Object> {
        let labels = self.workload.as_ref().map(Workload::labels);
        let selects = |object: &&Object| {
            let selector = pairs(&object.doc.node, &["spec", "selector"]);
            labels.as_ref().is_none_or(|labels| !selector.is_empty() && selector.iter().all(|pair| labels.contains(pair)))
        };
        let mut all = self.all("Service").filter(selects);
        all.next().filter(|_| all.next().is_none())
    }

    /// The ServiceMonitor of the Service: the only one, or the one that selects it.
    pub(super) fn monitor(&self) -> Option<&Object> {
        let labels = self.service().map(|service| pairs(&service.doc.node, &["metadata", "labels"]));
        let selects = |object: &&Object| {
            let selector = pairs(&object.doc.node, &["spec", "selector", "matchLabels"]);
            labels.as_ref().is_none_or(|labels| selector.iter().all(|pair| labels.contains(pair)))
        };
        let mut all = self.all("ServiceMonitor").filter(selects);
        all.next().filter(|_| all.next().is_none())
    }
}

/// The texts of a map at a path.
pub(super) fn pairs(node: &Node, path: &[&str]) -> Vec<(String, String)> {
    let all = get(node, path).map(entries).unwrap_or_default();
    all.iter().map(|(key, value)| (key.text.to_string(), super::tree::spelt(value))).collect()
}

type Found = (usize, &'static [&'static str], Node);

/// The container: the one that is named, else the one of the image or name, else the one of the arguments.
fn choose(request: &Request<'_>, objects: &[Object], has_list: bool, told: &mut Told) -> Option<Found> {
    let mut all: Vec<(String, &Object, Found)> = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let Some(to_pod) = object.to_pod() else { continue };
        for container in get(&object.doc.node, to_pod).map(|pod| items(pod, &["containers"])).unwrap_or_default() {
            all.push((text(container, &["name"]), object, (at, to_pod, container.clone())));
        }
    }
    let mut chosen: Vec<_> = match request.container {
        Some(name) => {
            let is_it = |own: &str, object: &Object| own == name || format!("{}/{own}", object.name) == name;
            all.iter().filter(|(own, object, _)| is_it(own, object)).collect()
        }
        None => {
            let named: Vec<_> = all.iter().filter(|(_, _, (.., container))| request.from.is_named(container)).collect();
            let by_flags = || all.iter().filter(|(_, _, (.., container))| request.from.is_told(container)).collect();
            if named.is_empty() { by_flags() } else { named }
        }
    };
    let names = |all: &[&(String, &Object, Found)]| {
        let names = all.iter().map(|(own, object, _)| format!("{}/{own}", object.name));
        names.collect::<Vec<_>>().join(", ")
    };
    match chosen.len() {
        1 => return chosen.pop().map(|(.., found)| found.clone()),
        0 if has_list && request.container.is_none() => return None,
        0 if all.is_empty() => {
            told.wrong(
                Place::Nowhere,
                "this",
                "there is neither a container nor a list of arguments",
                "give the workload's YAML",
            );
        }
        0 => {
            let what = request.container.map_or_else(
                || format!("no container is recognised as {}", request.from.word()),
                |name| format!("no container is called {name}"),
            );
            let hint = format!("name one with --container: {}", names(&all.iter().collect::<Vec<_>>()));
            told.wrong(Place::Nowhere, "this", &what, &hint);
        }
        n => {
            let hint = format!("name one with --container: {}", names(&chosen));
            let place = chosen.get(1).map(|(_, object, (.., container))| object.doc.place(container.at)).unwrap_or_default();
            told.wrong(place, "this", &format!("{n} containers may be meant"), &hint);
        }
    }
    None
}

impl Proxy {
    /// Whether the image or the name of a container is the proxy's.
    fn is_named(self, container: &Node) -> bool {
        let bare = |text: String| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let wanted = bare(self.word().to_owned());
        let image = text(container, &["image"]);
        let image = image.split('@').next().unwrap_or_default();
        [bare(image.rsplit('/').next().unwrap_or_default().to_owned()), bare(text(container, &["name"]))]
            .iter()
            .any(|text| text.contains(&wanted))
    }

    /// Whether its arguments are such as only the proxy takes.
    fn is_told(self, container: &Node) -> bool {
        let signs: &[&str] = match self {
            Self::OauthProxy => &["openshift-sar", "openshift-delegate-urls", "openshift-service-account", "cookie-secret-file"],
            Self::KubeRbacProxy => &["secure-listen-address", "insecure-listen-address"],
        };
        let all = [words(container, &["command"]), words(container, &["args"])].concat();
        let names = all.iter().map(|word| word.trim_start_matches('-').split('=').next().unwrap_or_default().to_owned());
        names.into_iter().any(|name| signs.contains(&name.as_str()))
    }
}

/// The arguments of a container, with their places; `None` = a shell reads them.
fn command(object: &Object, container: &Node, told: &mut Told) -> Option<Vec<Word>> {
    let of = |key: &str| {
        let word = |node: &Node| (super::tree::spelt(node), object.doc.place(node.at));
        items(container, &[key]).iter().map(word).collect::<Vec<_>>()
    };
    let (command, args) = (of("command"), of("args"));
    let program = command.first().and_then(|(word, _)| word.rsplit('/').next()).unwrap_or_default();
    if SHELLS.contains(&program) {
        let place = command.first().map(|(_, place)| place.clone()).unwrap_or_default();
        let hint = "give the arguments that the script passes, one a line, in a file of their own";
        told.wrong(place, "this container", "its command is a shell script", hint);
        return None;
    }
    Some(command.into_iter().skip(1).chain(args).collect())
}

/// The value that a flag was given last; empty where it was not.
pub(super) fn value<'a>(args: &'a [Arg], name: &str) -> &'a str {
    args.iter().rev().find(|arg| arg.name == name).map(Arg::value).unwrap_or_default()
}
