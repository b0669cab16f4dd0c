//! Who reads metrics wherever we are: the panels of the dashboards that we ship, as consumers that protect nothing, so that whoever
//! turns a metric off can see what goes blank. Whether anyone installed them is not known.

#[rustfmt::skip]
mod panels;

#[cfg(test)]
mod tests;

use pointsman_core::view::{
    facts::{Consumer, Read},
    pattern::Pattern,
};
use std::sync::{Arc, LazyLock};

/// The kind of these consumers: no object of Kubernetes.
pub const KIND: &str = "Dashboard";

static ALL: LazyLock<Vec<Arc<Consumer>>> =
    LazyLock::new(|| panels::PANELS.iter().map(|panel| Arc::new(consumer(panel))).collect());

/// Every panel, as a consumer of no namespace: readers protect in a namespace, so these protect nowhere.
#[must_use]
pub fn consumers() -> Vec<Arc<Consumer>> {
    ALL.clone()
}

fn consumer((dashboard, panel, metrics): &panels::Panel) -> Consumer {
    let read = |(metric, labels): &(&str, &[&str])| {
        let labels = labels.iter().map(|label| (*label).into()).collect();
        Read { metric: Pattern::new(metric), labels, since: None }
    };
    Consumer {
        kind: KIND.into(),
        namespace: "".into(),
        name: (*dashboard).into(),
        entry: format!("panel {panel}").into(),
        reads: metrics.iter().map(read).collect(),
    }
}
