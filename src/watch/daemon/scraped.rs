//! What daemons say at their own endpoints, where a user has them scraped: whether they answer, how their kubelets fare, and
//! what went wrong on their nodes. Knows what the numbers mean, not how they are fetched.

use super::{Daemon, nodes::Nodes};
use crate::{
    scrape::{Family, ScrapeFailure, Scraped},
    watch::Observed,
};
use pointsman_instrument::semconv::mco;
use std::{collections::BTreeMap, sync::Arc};

/// The last scrape of each node.
#[derive(Default)]
pub(super) struct Scrapes(BTreeMap<Box<str>, Last>);

/// What one daemon said last.
#[derive(Default)]
pub(super) struct Last {
    /// Whether it answered.
    is_up: bool,
    kubelet: Option<f64>,
    packages: Option<f64>,
    /// Of the last answer: a daemon that is away for a while goes on from there, or from 0.
    reboots: Option<f64>,
    pivots: Option<f64>,
}

/// What went wrong since the scrape before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) reboots_failed: u64,
    pub(super) pivot_errors: u64,
}

impl Scrapes {
    pub(super) fn take(&mut self, node: &str, scraped: Result<Scraped, ScrapeFailure>) -> News {
        let last = self.0.entry(node.into()).or_default();
        let Ok(scraped) = scraped else {
            (last.is_up, last.kubelet, last.packages) = (false, None, None);
            return News::default();
        };
        let value = |family| scraped.samples.iter().find(|sample| sample.family == family).map(|sample| sample.value);
        let (reboots, pivots) = (value(Family::RebootsFailed), value(Family::PivotErrors));
        let news = News {
            reboots_failed: last.reboots.zip(reboots).map_or(0, |(before, after)| grown(before, after, after)),
            // What happened while it did not answer was told by others.
            pivot_errors: last.pivots.zip(pivots).filter(|_| last.is_up).map_or(0, |(old, new)| grown(old, new, 0.0)),
        };
        *last = Last {
            is_up: true,
            kubelet: value(Family::KubeletState),
            packages: value(Family::UnsupportedPackages),
            reboots,
            pivots,
        };
        news
    }

    /// The node is gone.
    pub(super) fn forget(&mut self, node: &str) {
        self.0.remove(node);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Last)> {
        self.0.iter().map(|(name, last)| (&**name, last))
    }
}

impl Last {
    /// Health checks of the kubelet that failed in a row.
    pub(super) const fn kubelet(&self) -> Option<f64> {
        self.kubelet
    }

    /// Packages layered onto the node, while the daemon answers.
    pub(super) const fn packages(&self) -> Option<f64> {
        self.packages
    }

    /// Reboots that could not be begun, as the daemon counts them, while it answers.
    pub(super) const fn reboots_failed(&self) -> Option<f64> {
        if self.is_up { self.reboots } else { None }
    }

    /// OS updates that failed since the last good one, while the daemon answers.
    pub(super) const fn pivot_errors(&self) -> Option<f64> {
        if self.is_up { self.pivots } else { None }
    }
}

/// What a number grew by; one that fell began anew: a counter from 0, of which all that it is now is new, a gauge is mended.
fn grown(before: f64, after: f64, if_fell: f64) -> u64 {
    whole(if after >= before { after - before } else { if_fell })
}

/// A number of things; numbers beyond reason come from a broken writer, and are none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds that a u64 holds")]
pub(super) fn whole(value: f64) -> u64 {
    if (0.0..=1e9).contains(&value) { value as u64 } else { 0 }
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Daemon>) {
    observed.metric::<mco::DaemonScrapeUp>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            readings.set(i64::from(last.is_up), mco::DaemonScrapeUp { k8s_node_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::NodeKubeletHealthFailures>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            let Some(failures) = last.kubelet else { continue };
            readings.set(failures, mco::NodeKubeletHealthFailures { k8s_node_name: name.to_owned().into() });
        }
    });
    observed.metric::<mco::NodeUnsupportedPackages>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            let (Some(packages), Some(notes)) = (last.packages, seen.watcher.nodes.get(name)) else { continue };
            let (k8s_node_name, pool_name) = (Arc::clone(&notes.name).into(), Arc::clone(&notes.pool).into());
            let packages = i64::try_from(whole(packages)).unwrap_or(i64::MAX);
            readings.set(packages, mco::NodeUnsupportedPackages { k8s_node_name, pool_name });
        }
    });
}

/// Each node and its address, where it has one.
pub(super) fn targets(nodes: &Nodes) -> Vec<(Box<str>, Box<str>)> {
    let with_address = nodes.iter().filter(|notes| !notes.node.status.internal_ip.is_empty());
    with_address.map(|notes| (Box::from(&*notes.name), notes.node.status.internal_ip.clone())).collect()
}
