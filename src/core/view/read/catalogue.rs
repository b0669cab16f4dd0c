//! Reads an `InstrumentCatalog`: the declared instruments of a service.
//! Knows no view: what a level means is decided elsewhere.

use super::{
    Metadata,
    cursor::{Cursor, Fields, Item, Unknown},
    object_place,
};
use crate::{
    limits::{ATTRIBUTES_MAX, CATALOGUE_INSTRUMENTS_MAX, VIEW_REASON_BYTES_MAX, VIEW_TEXT_BYTES_MAX},
    model::instrument::{Kind, Level},
    view::spec::{Catalogue, Declared},
};

const INSTRUMENT: &[&str] = &["scope", "name", "kind", "unit", "level", "stability", "attributes", "description"];

pub(super) fn read(cursor: &mut Cursor<'_>, object: &Fields<'_>, metadata: Option<Metadata>) -> Option<Catalogue> {
    let item = cursor.required(object, "spec")?;
    let fields = cursor.fields(&item, "spec", &["serviceName", "schemaUrl", "instruments"], Unknown::Fault)?;
    let service = cursor.required(&fields, "serviceName").and_then(|item| cursor.short_text(&item, VIEW_TEXT_BYTES_MAX));
    let schema_url = fields.get("schemaUrl").and_then(|item| cursor.short_text(&item, VIEW_REASON_BYTES_MAX));
    let items = cursor.required(&fields, "instruments").map(|item| cursor.list(&item, CATALOGUE_INSTRUMENTS_MAX));
    let instruments = items?.iter().filter_map(|item| declared(cursor, item)).collect();
    let place = object_place(cursor, object);
    Some(Catalogue {
        id: metadata?.id,
        place,
        service: service?.into(),
        schema_url: schema_url.unwrap_or_default().into(),
        instruments,
    })
}

fn declared(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Declared> {
    let fields = cursor.fields(item, "instruments", INSTRUMENT, Unknown::Fault)?;
    let optional = |cursor: &mut Cursor<'_>, name: &str| -> Box<str> {
        let item = fields.get(name).filter(|item| !matches!(&item.node.value, crate::view::yaml::Value::Text(t) if t.is_empty()));
        item.and_then(|item| cursor.short_text(&item, VIEW_REASON_BYTES_MAX)).unwrap_or_default().into()
    };
    let (scope, unit, stability) = (optional(cursor, "scope"), optional(cursor, "unit"), optional(cursor, "stability"));
    let name = cursor.required(&fields, "name").and_then(|item| cursor.short_text(&item, VIEW_TEXT_BYTES_MAX));
    let kinds: Vec<(&str, Kind)> = Kind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let kind = cursor.required(&fields, "kind").and_then(|item| cursor.word(&item, "kind", &kinds));
    let levels: Vec<(&str, Level)> = Level::ALL.iter().map(|level| (level.as_str(), *level)).collect();
    let level = fields.get("level").map_or(Some(Level::Standard), |item| cursor.word(&item, "level", &levels));
    let attributes = fields.get("attributes").map(|item| cursor.list(&item, ATTRIBUTES_MAX)).unwrap_or_default();
    let attributes = attributes.iter().filter_map(|item| cursor.short_text(item, VIEW_TEXT_BYTES_MAX).map(Into::into)).collect();
    Some(Declared { scope, name: name?.into(), kind: kind?, unit, level: level?, stability, attributes })
}
