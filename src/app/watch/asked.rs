//! What a role's kinds are asked for as, and what is told of them: from the words of `pointsman_watch` to those of `kubernetes`
//! and back. Plain translation; decides nothing but which objects a role must not see.

use crate::{
    config::watch::Role,
    kubernetes::{
        follow,
        objects::{self, Entry, Form, Payload, Undefined},
    },
};
use pointsman_watch::{
    Kind, News, Watcher,
    kind::{self, Facts},
    table::{Raw, Trouble},
};

/// The kinds that a role watches: secrets only where they were asked for.
pub(super) fn kinds<W: Watcher>(role: &Role) -> Vec<Kind> {
    let may = |kind: &Kind| !is_secret(*kind) || matches!(role, Role::Controller { read_secrets: true });
    W::KINDS.iter().chain(W::OPT_IN).copied().filter(may).collect()
}

pub(super) fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::ServerCaSecret | Kind::ServerTlsSecret)
}

/// How a kind is asked for in a role: the watcher of one node sees that node alone.
pub(super) fn of(kind: Kind, role: &Role) -> objects::Kind {
    let Facts { kind: name, group, version, plural, namespace, fields, labels, form } = kind.facts();
    let fields = match (role, kind) {
        (Role::Node { name }, Kind::Node | Kind::MachineConfigNode) => Some(format!("metadata.name={name}").into()),
        (Role::Node { name }, Kind::Event) => Some(format!("involvedObject.name={name}").into()),
        _ => fields.map(Into::into),
    };
    let form = match form {
        kind::Form::Whole => Form::Raw,
        kind::Form::Metadata => Form::RawMetadata,
    };
    let objects_max = kind.objects_max();
    let undefined = Undefined::Told;
    objects::Kind { group, version, plural, kind: name, namespace, fields, labels, form, undefined, objects_max }
}

/// What was told, in a role's words.
pub(super) fn told(news: follow::News) -> Option<News> {
    Some(match news {
        follow::News::Begun => News::Begun,
        follow::News::Part(entries) => News::Part(entries.into_iter().filter_map(raw).collect()),
        follow::News::Listed { entries, left_out: _ } => News::Listed(entries.into_iter().filter_map(raw).collect()),
        follow::News::Applied(entry) => News::Applied(raw(entry)?),
        follow::News::Deleted(key) => News::Deleted(key.name),
        follow::News::Trouble(trouble) => News::Trouble(trouble.map(|trouble| match trouble {
            follow::Trouble::Away { .. } => Trouble::Away,
            follow::Trouble::Missing => Trouble::Missing,
            follow::Trouble::Forbidden { .. } => Trouble::Forbidden,
        })),
    })
}

fn raw(Entry { key, payload }: Entry) -> Option<Raw> {
    let Payload::Raw(object) = payload else { return None }; // no other form is asked for
    Some(Raw { name: key.name, json: object.body })
}
