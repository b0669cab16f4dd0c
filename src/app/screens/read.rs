//! Reads chosen metrics out of a store: each series with its attributes, up to so many in all, a slice at a time so that no
//! lock is held for long. Knows no metric and makes nothing of what it shows.

use pointsman_core::{
    limits::{SCREEN_SERIES_MAX, SLICE_SERIES_MAX},
    model::component::ComponentKey,
    state::{
        store::Store,
        visit::{MetricInfo, Series, Value},
    },
};

/// One series.
pub(super) struct Point<'a> {
    pub(super) component: &'a ComponentKey,
    pub(super) metric: &'a MetricInfo,
    pub(super) series: &'a Series<'a>,
}

impl<'a> Point<'a> {
    /// The text of an attribute; empty where it has none.
    pub(super) fn text(&self, key: &str) -> &'a str {
        self.attributes().find(|(known, _)| *known == key).map_or("", |(_, text)| text)
    }

    /// Keys and texts, in the order of keys.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let labels = self.series.labels;
        let entries = self.series.entries.iter();
        entries.filter_map(move |entry| Some((labels.key_of(*entry), labels.entry(*entry)?.text)))
    }

    /// The value, where it is a number.
    pub(super) fn number(&self) -> Option<f64> {
        match self.series.value {
            Value::Number(number) => Some(number.as_f64()),
            _ => None,
        }
    }
}

/// Shows every series of the metrics that are wanted, components in their order; returns whether there were too many.
pub(super) fn read(store: &Store, wanted: &dyn Fn(&MetricInfo) -> bool, f: &mut dyn FnMut(&Point<'_>)) -> bool {
    let mut streams = store.streams();
    streams.retain(|stream| wanted(&stream.metric));
    streams.sort_by(|a, b| (&a.resource.component, a.id).cmp(&(&b.resource.component, b.id)));
    let mut room = SCREEN_SERIES_MAX;
    for stream in &streams {
        let mut next = Some(0);
        while let Some(from) = next {
            if room == 0 {
                return true;
            }
            let max = room.min(SLICE_SERIES_MAX);
            next = store.visit(stream.id, from, max, &mut |series| {
                room = room.saturating_sub(1);
                f(&Point { component: &stream.resource.component, metric: &stream.metric, series });
            });
        }
    }
    false
}
