//! The file of senders: whom each may speak for besides itself. Strict, with the place of every mistake, all mistakes at once.
//! Reads no file itself, and decides nothing.

use super::{ACCOUNT, Grant, Grants};
use crate::auth::access::nodes::{self, Node, Reader};
use pointsman_core::{fault::Fault, model::speaker::Names};
use serde_saphyr::Spanned;

const LIKE: &str = "write it like `senders: [{user: gateway, namespace: otel, namespaces: [shop, bank]}]`";
const KEYS: [&str; 4] = ["user", "namespace", "namespaces", "services"];
const ALL: &str = "*";

/// Reads the text of a file called `name`.
///
/// # Errors
/// Every mistake in it.
pub fn read(name: &str, text: &str) -> Result<Grants, Vec<Fault>> {
    nodes::read((name, "otlp-senders-file", LIKE), text, grants)
}

fn grants(reader: &mut Reader, root: &Spanned<Node>) -> Grants {
    let mut grants = Grants::new();
    let entries = reader.entries("otlp-senders-file", root, &["senders"]);
    let Some((key, _, node)) = entries.first() else {
        if reader.faults.is_empty() {
            reader.wrong(reader.place(root.referenced, 1), "senders", "it is not there", LIKE);
        }
        return grants;
    };
    for item in reader.list(key, node) {
        let (user, grant) = sender(reader, item);
        let place = reader.place(item.referenced, 1);
        if user.is_empty() {
            reader.wrong(
                place,
                "user",
                "it is not there",
                "name a ServiceAccount as Kubernetes does, or the common name of a certificate",
            );
        } else if grant.home.is_some() == user.starts_with(ACCOUNT) {
            let (what, hint) = match grant.home {
                Some(_) => ("a ServiceAccount has a namespace of its own", "leave out `namespace`"),
                None => ("who is no ServiceAccount has none of its own", "say in `namespace` where it lives"),
            };
            reader.wrong(place, "namespace", what, hint);
        } else if grants.insert(user.as_str().into(), grant).is_some() {
            reader.wrong(place, "user", &format!("`{user}` stands there twice"), "keep one of the two");
        }
    }
    grants
}

fn sender(reader: &mut Reader, item: &Spanned<Node>) -> (String, Grant) {
    let (mut user, mut grant) = (String::new(), Grant { home: None, namespaces: Names::none(), services: Names::All });
    for (key, _, node) in reader.entries("senders", item, &KEYS) {
        match key {
            "user" => user = reader.text(key, node),
            "namespace" => grant.home = Some(reader.text(key, node)).filter(|home| !home.is_empty()).map(Into::into),
            "namespaces" => grant.namespaces = names(reader, key, node),
            _ => grant.services = names(reader, key, node),
        }
    }
    (user, grant)
}

fn names(reader: &mut Reader, key: &str, node: &Spanned<Node>) -> Names {
    let names: Vec<Box<str>> = reader.list(key, node).iter().map(|name| reader.text(key, name).into()).collect();
    if names.iter().any(|name| **name == *ALL) { Names::All } else { Names::Only(names.into()) }
}
