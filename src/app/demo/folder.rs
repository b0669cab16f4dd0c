//! The demo's view folder: five views that are there from the start, and the one that is written when it is needed.
//! A temporary folder, gone with the demo; people are invited to change it.

use anyhow::Context;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Attribute sets of `mcd_update_state` that one daemon may have.
pub(crate) const LIMIT: usize = 300;
/// How long `quiet-mcd` lasts, in simulated minutes.
pub(crate) const QUIET_MINUTES: u64 = 30;

const PHASES: &str = "\
# Phases of a node's update are Detailed, so off by default: here they are on.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: phases, namespace: openshift-machine-config-operator}
spec:
  reason: where each node is, while it is updated
  metrics:
  - name: phases
    match:
      instruments:
      - mco.node.update.phase
      - mco.node.update.phase.age
      - mco.node.drain.age
      - mco.node.irreconcilable_changes
    state: Enabled
";

const LOOPS: &str = "\
# How the operator's own loops turn is Detailed, and their queues are Debug: here both are on.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: loops, namespace: openshift-machine-config-operator}
spec:
  reason: how the loops of the controller turn
  targets:
  - serviceName: machine-config-controller
  metrics:
  - name: loops
    match: {instruments: [\"mco.controller.reconcile.duration\", \"mco.controller.queue.*\"]}
    state: Enabled
";

const OWN: &str = "\
# Which metrics are on is a Detailed metric of pointsman itself: here it is on.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: own, namespace: default}
spec:
  reason: which metrics are off, and who says so
  targets:
  - serviceName: pointsman
  metrics:
  - name: enabled
    match: {instruments: [\"pointsman.metric.enabled\"]}
    state: Enabled
";

const LIMITS: &str = "\
# The err attribute of mcd_update_state is free text. More than 300 sets an instance go to one overflow series.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: limits, namespace: openshift-machine-config-operator}
spec:
  reason: err is free text
  metrics:
  - name: update-state
    match: {instruments: [\"mcd_update_state\"]}
    cardinality: {limit: 300}
";

const TURNS: &str = "\
# Watchers trace every turn of their loops. One in a hundred is enough, and all that failed.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: turns, namespace: openshift-machine-config-operator}
spec:
  reason: rollouts are what people look for
  traces:
  - name: turns
    match: {spans: [\"reconcile *\"]}
    sample: \"0.01\"
    keep: {errors: true}
";

const QUIET: &str = "\
# Written by the demo when the limit bit. Delete this file, and the metric is back with the next scrape.
apiVersion: pointsman.dev/v1alpha1
kind: TelemetryView
metadata: {name: quiet-mcd, namespace: openshift-machine-config-operator}
spec:
  reason: \"err label is free text, INC-1182\"
  targets:
  - serviceName: machine-config-daemon
  metrics:
  - name: no-free-text
    match: {instruments: [\"mcd_update_state\"]}
    state: Disabled
  expiry: {after: 30m}
";

/// The folder.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    /// A new one, with the views that are there from the start.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("pointsman-demo-").tempdir().context("make a folder for views")?;
        let folder = Self { dir };
        folder.write("phases.yaml", PHASES)?;
        folder.write("loops.yaml", LOOPS)?;
        folder.write("own.yaml", OWN)?;
        folder.write("limits.yaml", LIMITS)?;
        folder.write("turns.yaml", TURNS)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes `quiet-mcd`; the name appears with the whole text behind it.
    pub(crate) fn write_quiet(&self) -> anyhow::Result<PathBuf> {
        self.write("quiet-mcd.yaml", QUIET)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path().join(name);
        let temporary = self.path().join(format!("{name}.tmp"));
        std::fs::write(&temporary, text).with_context(|| format!("write {}", temporary.display()))?;
        std::fs::rename(&temporary, &path).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}
