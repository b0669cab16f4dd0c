//! What oauth-proxy asks the API server, as its flags say it in JSON: one review or several, or one for each prefix of paths.
//! Decides nothing: which of them counts from now on is said elsewhere.

use super::{args::Arg, tree::Told};
use crate::auth::access::Resource;
use serde_json::{Map, Value};

/// Which right somebody must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Review {
    /// Whatever the method of the request; empty = none was said.
    pub(super) verb: String,
    /// Of what.
    pub(super) resource: Resource,
}

/// The verb of a delegated check that names none.
const USUAL_VERB: &str = "proxy";

impl Review {
    /// In words: `get namespaces`.
    pub(super) fn words(&self) -> String {
        let Resource { namespace, name, .. } = &self.resource;
        let mut words = format!("{} {}", self.verb, super::rules::full(&self.resource));
        if !name.is_empty() {
            words.push_str(&format!(" {name}"));
        }
        if !namespace.is_empty() {
            words.push_str(&format!(" in {namespace}"));
        }
        words.trim().to_owned()
    }
}

/// The reviews of `--openshift-sar`: an object, or a list of them, all of which must be allowed.
pub(super) fn of_people(arg: &Arg, told: &mut Told) -> Vec<Review> {
    match json(arg, told) {
        Some(Value::Array(all)) => all.iter().filter_map(|one| review(arg, one, told)).collect(),
        Some(one) => review(arg, &one, told).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The reviews of `--openshift-delegate-urls`, by the prefix of the path, the longest first.
pub(super) fn of_tokens(arg: &Arg, told: &mut Told) -> Vec<(String, Review)> {
    let Some(value) = json(arg, told) else { return Vec::new() };
    let Value::Object(map) = value else {
        let hint = "write it like {\"/\": {\"resource\": \"namespaces\", \"verb\": \"get\"}}";
        told.wrong(arg.place.clone(), &arg.flag(), "it is no map of paths", hint);
        return Vec::new();
    };
    let mut all = Vec::new();
    for (prefix, one) in &map {
        if let Some(mut review) = review(arg, one, told) {
            if review.verb.is_empty() {
                USUAL_VERB.clone_into(&mut review.verb);
            }
            all.push((prefix.clone(), review));
        }
    }
    all.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all
}

fn json(arg: &Arg, told: &mut Told) -> Option<Value> {
    match serde_json::from_str(arg.value()) {
        Ok(value) => Some(value),
        Err(error) => {
            let hint = "write it like {\"resource\": \"namespaces\", \"verb\": \"get\"}";
            told.wrong(arg.place.clone(), &arg.flag(), &format!("its value is no JSON: {error}"), hint);
            None
        }
    }
}

fn review(arg: &Arg, value: &Value, told: &mut Told) -> Option<Review> {
    let Value::Object(fields) = value else {
        told.wrong(arg.place.clone(), &arg.flag(), "a review in it is no map", "write each in braces");
        return None;
    };
    let mut review = Review::default();
    for (key, value) in fields {
        let resource = &mut review.resource;
        let field = match key.as_str() {
            "verb" => &mut review.verb,
            "namespace" => &mut resource.namespace,
            "group" | "resourceAPIGroup" => &mut resource.api_group,
            "version" | "resourceAPIVersion" => &mut resource.api_version,
            "resource" => &mut resource.resource,
            "subresource" => &mut resource.subresource,
            "name" | "resourceName" => &mut resource.name,
            _ => {
                if !is_nothing(value) {
                    let why = format!("`{key}` of {} is not asked about: look whether it kept anybody out", arg.flag());
                    told.left_out(arg.place.clone(), key, &why);
                }
                continue;
            }
        };
        match value {
            Value::String(text) => field.clone_from(text),
            Value::Null => {}
            _ => told.wrong(arg.place.clone(), &arg.flag(), &format!("`{key}` is no text"), "put it in quotes"),
        }
    }
    Some(review)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => Map::is_empty(all),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
