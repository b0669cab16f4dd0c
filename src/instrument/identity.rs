//! Who sends: the attributes of the resource, each key once.
//! Knows no environment; `setup` reads it.

use crate::semconv::attribute;
use opentelemetry::KeyValue;

/// Who sends: the attributes of the resource.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) attributes: Vec<KeyValue>,
}

impl Identity {
    /// A service by its name.
    #[must_use]
    pub fn new(service: &str) -> Self {
        Self { attributes: vec![KeyValue::new(attribute::SERVICE_NAME, service.to_owned())] }
    }

    /// Which process of the service. Without one, two replicas are one to the receiver.
    #[must_use]
    pub fn instance(self, id: &str) -> Self {
        self.with(attribute::SERVICE_INSTANCE_ID, id)
    }

    /// One more attribute, by a key of [`crate::semconv::attribute`]. A key that is there already gets this value.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.set(key.into(), value);
        self
    }

    /// The value of this attribute, where it is text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        self.attributes.iter().find(|a| a.key.as_str() == key).map(|a| a.value.to_string())
    }

    pub(crate) fn set(&mut self, key: opentelemetry::Key, value: &str) {
        match self.attributes.iter_mut().find(|a| a.key == key) {
            Some(held) => held.value = value.to_owned().into(),
            None => self.attributes.push(KeyValue::new(key, value.to_owned())),
        }
    }
}
