//! Who an agent is: what it says of itself, in the attributes that tell components and instances apart, as OTLP has them.
//! Knows no session.

use pointsman_core::{
    limits::{ATTRIBUTE_VALUE_BYTES_MAX, ATTRIBUTES_MAX},
    model::{
        component::ComponentKey,
        speaker::{Forged, Speaker},
        workloads::Workloads,
    },
};
use pointsman_instrument::opamp::proto::{AgentDescription, AnyValue, KeyValue, any_value::Value};

/// The attributes that say which component an agent is of, and which instance; the others are not kept.
const KEPT: [&str; 11] = [
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.job.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.statefulset.name",
    SENDER,
    "service.instance.id",
    "service.name",
    "service.namespace",
];

/// Who sent a description, where that was proven: nobody else speaks for this agent. Not for others to say.
const SENDER: &str = "pointsman.sender";

/// A description as its sender may give it: what is not said of it is filled in, and who that is.
///
/// What is too large to be read is left as it is: it is refused as such.
///
/// # Errors
/// When it claims to be somebody else's, and such claims are refused.
pub fn corrected(description: &mut AgentDescription, speaker: &Speaker) -> Result<(), Forged> {
    let Some(said) = Identity::read(description) else { return Ok(()) };
    let corrections = speaker.correct(|key| said.get(key))?;
    let sender = (SENDER, mark(speaker));
    let AgentDescription { identifying_attributes, non_identifying_attributes } = description;
    for (key, text) in corrections.into_iter().chain([sender]) {
        identifying_attributes.retain(|attribute| attribute.key != key);
        non_identifying_attributes.retain(|attribute| attribute.key != key);
        let value = Some(AnyValue { value: Some(Value::StringValue(text.into())) });
        identifying_attributes.push(KeyValue { key: key.to_owned(), value });
    }
    Ok(())
}

fn mark(Speaker { name, pod, .. }: &Speaker) -> Box<str> {
    let [pod, uid] = pod.as_ref().map_or([""; 2], |pod| [&pod.name, &pod.uid]);
    format!("{name} {pod} {uid}").into()
}

/// What an agent says of itself. Equal ones are one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity(Box<[(&'static str, Box<str>)]>);

impl Identity {
    /// Reads a description; `None` when it is larger than what is taken of a resource.
    #[must_use]
    pub fn read(description: &AgentDescription) -> Option<Self> {
        let AgentDescription { identifying_attributes, non_identifying_attributes } = description;
        if identifying_attributes.len().saturating_add(non_identifying_attributes.len()) > ATTRIBUTES_MAX {
            return None;
        }
        let mut kept = Vec::new();
        for key in KEPT {
            // identifying ones speak first; of equal keys the last one counts, as in OTLP
            let lists = [identifying_attributes, non_identifying_attributes];
            let value = lists.into_iter().find_map(|list| list.iter().rev().find(|one| one.key == key)).and_then(text);
            if let Some(value) = value {
                if value.len() > ATTRIBUTE_VALUE_BYTES_MAX {
                    return None;
                }
                kept.push((key, value));
            }
        }
        Some(Self(kept.into()))
    }

    /// The component that it is an instance of.
    #[must_use]
    pub fn component(&self, workloads: &Workloads) -> ComponentKey {
        ComponentKey::from_resource_in(|key| self.get(key), workloads)
    }

    /// `service.instance.id`, where it says one.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.get("service.instance.id").filter(|id| !id.is_empty())
    }

    /// What names the instance among all: equal ids of two namespaces are two instances. Whose proof it is does not count, for
    /// whoever takes over from a replica is another pod.
    #[must_use]
    pub fn instance_key(&self) -> Option<Box<str>> {
        let namespace = self.get("k8s.namespace.name").unwrap_or_default();
        Some(format!("{namespace}/{}", self.instance()?).into())
    }

    /// Whether this says all that another one does, and maybe more: who knows more of itself than before is the same.
    #[must_use]
    pub fn refines(&self, other: &Self) -> bool {
        other.0.iter().all(|(key, value)| self.get(key) == Some(&**value))
    }

    /// Whether this is an agent of that user. Of another pod of it, too: who keeps its name on a disk comes back in a new one.
    #[must_use]
    pub fn is_of(&self, speaker: &Speaker) -> bool {
        self.get(SENDER).and_then(|mark| mark.split(' ').next()) == Some(&*speaker.name)
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(kept, _)| *kept == key).map(|(_, value)| &**value)
    }
}

fn text(attribute: &KeyValue) -> Option<Box<str>> {
    Some(match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.as_str().into(),
        Value::BoolValue(value) => value.to_string().into(),
        Value::IntValue(value) => value.to_string().into(),
        Value::DoubleValue(value) => value.to_string().into(),
    })
}
