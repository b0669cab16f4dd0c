//! Certificates that nodes are given, and those of the machine-config-server: when the first of each bundle ends, and whether
//! a pause keeps new ones from a pool. Knows their times, not what they certify.

use super::Controller;
use crate::{
    api::{Certificate, ControllerConfig, MachineConfigPool},
    limits::CERTIFICATE_EXPIRING_SECS,
    membership,
    watch::Observed,
    world::{CONTROLLER_CONFIG, Change, World},
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::{
    attribute::{McoCertificateBundle as Bundle, McoCertificateName, McoCertificateState as State},
    mco,
};
use std::collections::{BTreeMap, BTreeSet};

/// Pools that were paused when the authorities of the API server changed, and still are.
#[derive(Debug, Default)]
pub(super) struct Authorities {
    kept_from: BTreeSet<Box<str>>,
}

impl Authorities {
    pub(super) fn changed(&mut self, change: &Change, world: &World) {
        match change {
            Change::MachineConfigPool(delta) if !delta.after.as_ref().is_some_and(|pool| pool.spec.paused) => {
                self.kept_from.remove(&delta.name);
            }
            Change::ControllerConfig(delta) if &*delta.name == CONTROLLER_CONFIG => {
                let (Some(before), Some(after)) = (&delta.before, &delta.after) else { return };
                if !authorities(before).eq(authorities(after)) {
                    let paused = world.pools.iter().filter(|(_, pool)| pool.spec.paused);
                    self.kept_from.extend(paused.map(|(name, _)| name.into()));
                }
            }
            _ => {}
        }
    }

    /// Whether the authorities changed since the pool was paused: it was seen, or the newest is younger than the pause. A
    /// pause of which nobody knows the beginning may be older than any.
    fn changed_since_pause(&self, name: &str, pool: &MachineConfigPool, config: &ControllerConfig, now: Timestamp) -> bool {
        let paused = pool.paused_since();
        let newest = authorities(config).filter_map(|authority| authority.not_before.at()).filter(|made| *made <= now).max();
        let is_younger = newest.is_some_and(|newest| paused.is_none_or(|paused| newest > paused));
        self.kept_from.contains(name) || is_younger
    }
}

/// The authorities by which kubelets know the API server.
fn authorities(config: &ControllerConfig) -> impl Iterator<Item = &Certificate> {
    let of_bundle = |certificate: &&Certificate| bundle_of(&certificate.bundle_file) == Bundle::KubeApiserverServingCaData;
    config.status.controller_certificates.iter().filter(of_bundle)
}

/// The bundle of a file. Those of image registries are called after their hosts.
fn bundle_of(file: &str) -> Bundle {
    let known = Bundle::ALL.into_iter().find(|bundle| bundle.as_str() == file);
    known.unwrap_or(if file.contains('.') { Bundle::ImageRegistry } else { Bundle::Other })
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::CertificateExpiry>(|seen, readings| {
        for (bundle, end) in ends(seen.world) {
            readings.set(seconds_until(end, seen.now), mco::CertificateExpiry { certificate_bundle: bundle });
        }
    });
    observed.metric::<mco::CertificateCount>(|seen, readings| {
        for ((certificate_bundle, certificate_state), certificates) in counts(seen.world, seen.now) {
            readings.set(certificates, mco::CertificateCount { certificate_bundle, certificate_state });
        }
    });
    observed.metric::<mco::CertificateBlockedByPause>(|seen, readings| {
        let blocked = blocked(&seen.watcher.authorities, seen.world, seen.now);
        for (name, _) in seen.world.pools.iter() {
            let reading = mco::CertificateBlockedByPause { pool_name: name.to_owned().into() };
            readings.set(i64::from(blocked.contains(name)), reading);
        }
    });
    observed.metric::<mco::CertificateMcsExpiry>(|seen, readings| {
        let secrets = [
            (McoCertificateName::MachineConfigServerCa, &seen.world.server_ca),
            (McoCertificateName::MachineConfigServerTls, &seen.world.server_tls),
        ];
        for (certificate_name, table) in secrets {
            let end = table.get(certificate_name.as_str()).and_then(|secret| secret.first_end.at());
            end.inspect(|end| readings.set(seconds_until(*end, seen.now), mco::CertificateMcsExpiry { certificate_name }));
        }
    });
}

/// Seconds until a moment; below 0 after it.
fn seconds_until(end: Timestamp, now: Timestamp) -> f64 {
    end.duration_since(now).as_secs_f64()
}

fn certificates(world: &World) -> impl Iterator<Item = &Certificate> {
    world.controller_config().into_iter().flat_map(|config| &config.status.controller_certificates)
}

/// When the first certificate of each bundle ends, by what ControllerConfig and pools say.
fn ends(world: &World) -> BTreeMap<Bundle, Timestamp> {
    let of_config = certificates(world).map(|certificate| (&certificate.bundle_file, certificate.not_after));
    let of_pools = world.pools.iter().flat_map(|(_, pool)| &pool.status.cert_expiries);
    let mut ends = BTreeMap::new();
    for (file, end) in of_config.chain(of_pools.map(|expiry| (&expiry.bundle, expiry.expiry))) {
        if let Some(end) = end.at() {
            let held = ends.entry(bundle_of(file)).or_insert(end);
            *held = end.min(*held);
        }
    }
    ends
}

/// The certificates of each bundle that has any, by whether they may be used. One without times is in none of the states.
fn counts(world: &World, now: Timestamp) -> BTreeMap<(Bundle, State), i64> {
    let mut counts = BTreeMap::new();
    for certificate in certificates(world) {
        let bundle = bundle_of(&certificate.bundle_file);
        for state in State::ALL {
            counts.entry((bundle, state)).or_insert(0);
        }
        if let Some(count) = state_of(certificate, now).and_then(|state| counts.get_mut(&(bundle, state))) {
            *count += 1;
        }
    }
    counts
}

fn state_of(certificate: &Certificate, now: Timestamp) -> Option<State> {
    let left = certificate.not_after.at()?.duration_since(now);
    Some(match certificate.not_before.at() {
        _ if left.is_negative() => State::Expired,
        Some(begin) if begin > now => State::NotYetValid,
        _ if left < SignedDuration::from_secs(CERTIFICATE_EXPIRING_SECS) => State::Expiring,
        _ => State::Valid,
    })
}

/// Pools that are paused, whose authorities changed meanwhile, and of whose nodes one has not taken over the newest
/// ControllerConfig. That moves with every write, so each is here for seconds in normal life.
fn blocked<'w>(authorities: &Authorities, world: &'w World, now: Timestamp) -> BTreeSet<&'w str> {
    let Some(config) = world.controller_config() else { return BTreeSet::new() };
    let may_be = |(name, pool): &(&str, &std::sync::Arc<MachineConfigPool>)| {
        pool.spec.paused && authorities.changed_since_pause(name, pool, config, now)
    };
    let candidates: BTreeSet<&str> = world.pools.iter().filter(may_be).map(|(name, _)| name).collect();
    if candidates.is_empty() {
        return candidates;
    }
    // A daemon that never wrote it, as those of old releases, says nothing.
    let is_behind = |node: &crate::api::Node| {
        let synced = node.metadata.annotations.last_synced_controller_config.as_str();
        !synced.is_empty() && synced != &*config.metadata.resource_version
    };
    let behind = world.nodes.iter().filter(|(_, node)| is_behind(node));
    let pools = behind.filter_map(|(_, node)| membership::of(node, &world.pools).pool);
    pools.filter(|pool| candidates.contains(pool)).collect()
}
