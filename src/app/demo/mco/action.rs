//! What a script may do to the cluster. A story is a list of these, each with the second in which it happens.
//! Knows what people and machines do; not what comes of it.

use super::{Cluster, Happening};

/// What someone or something does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A user's MachineConfig changes: the pool gets a new rendered config, which needs a reboot.
    NewTarget(String),
    /// The same, with another way to bring it into force.
    NewTargetBy(String, Post),
    /// The pool is paused.
    Pause(String),
    /// The pool is not paused any more.
    Resume(String),
    /// The next configs of the pool cannot be rendered.
    BreakRender(String),
    /// They can again, and one is.
    MendRender(String),
    /// From now on this is wrong with a node; it shows when its time comes.
    Break(String, Trouble),
    /// That is over: a PDB gives way, a drifted file is put back, someone repaired what cannot be reconciled.
    Mend(String),
    /// A file on the node changes behind its daemon's back.
    Drift(String),
    /// A person cordons a node, or takes that back.
    Cordon(String, bool),
    /// A node boots without being asked to.
    Crash(String),
    /// Someone points a node at the pool's present target in the middle of its update to an older one.
    Retarget(String),
    /// The node's daemon does nothing for so many seconds.
    Silence(String, u64),
    /// The node's daemon starts again: it writes Resumed, whether there was an update or not.
    RestartDaemon(String),
    /// A node is deleted, whatever it is doing.
    DeleteNode(String),
    /// A node joins a pool; it may run an older config than the pool's.
    Join {
        /// Its name.
        node: String,
        /// Its pool.
        pool: String,
        /// Whether it comes with an older config.
        is_behind: bool,
    },
    /// A role's label is put on a node, or taken off: `infra`.
    Label(String, String, bool),
    /// A custom pool is made, with no node in it.
    NewPool(super::PoolOptions),
    /// A pool is deleted.
    DeletePool(String),
    /// Certificates are renewed: nodes of paused pools do not get them.
    RotateCertificates,
    /// A part of the operator finds a new leader: `machine-config-operator`, `machine-config-controller`, `machine-os-builder`.
    ChangeLeader(&'static str),
    /// The operator and everything it renders become this version.
    Upgrade(String),
    /// The pool wants an OS image of its own.
    Layer(String),
    /// So many of the next builds of the pool fail.
    FailBuilds(String, u64),
    /// These images are pinned in these pools; on these nodes that fails.
    Pin {
        /// Name of the set.
        set: String,
        /// Its images.
        images: Vec<String>,
        /// Pools that want it.
        pools: Vec<String>,
        /// Nodes whose disk is full.
        failing: Vec<String>,
    },
    /// A KubeletConfig is applied: its log of conditions gets one more entry.
    KubeletConfig(String, bool),
    /// A ContainerRuntimeConfig with this default runtime is applied.
    RuntimeConfig(String, String),
    /// Boot images: the mode of skew enforcement.
    BootImages(String),
    /// The machine-config-server of a master is ready, or not.
    Server(String, bool),
    /// What the operator says of one of its conditions: type, status, reason.
    Operator(&'static str, &'static str, String),
}

/// How a config is brought into force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Post {
    /// Drain and reboot.
    #[default]
    Reboot,
    /// Reload a service, without a drain.
    Reload,
    /// Restart a service: no phase tells of it.
    Restart,
    /// Nothing.
    Nothing,
}

/// What may be wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A PodDisruptionBudget holds up its drain.
    Drain,
    /// So many attempts to write its OS fail.
    Apply(u64),
    /// So many pulls of its image fail; image mode only.
    Pull(u64),
    /// So many attempts to start a reboot fail.
    RebootCommand(u64),
    /// Its next boot takes so many seconds longer.
    SlowBoot(u64),
    /// Its next config asks for what cannot be changed on a running node.
    Unreconcilable,
}

impl Cluster {
    /// This happens now.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::NewTarget(pool) => self.new_target(&pool, Post::Reboot),
            Action::NewTargetBy(pool, post) => self.new_target(&pool, post),
            Action::Pause(pool) => self.pause(&pool, true),
            Action::Resume(pool) => self.pause(&pool, false),
            Action::BreakRender(pool) => self.break_render(&pool),
            Action::MendRender(pool) => self.mend_render(&pool),
            Action::Break(node, trouble) => self.with(&node, |machine| machine.ails(trouble)),
            Action::Mend(node) => self.mend(&node),
            Action::Drift(node) => self.drift(&node),
            Action::Cordon(node, is_cordoned) => self.with(&node, |machine| machine.is_cordoned = is_cordoned),
            Action::Crash(node) => self.crash(&node),
            Action::Retarget(node) => self.retarget(&node),
            Action::Silence(node, seconds) => {
                let until = self.now + seconds;
                self.with(&node, |machine| (machine.silent_until, machine.is_silenced) = (until, true));
                self.tell(Happening::DaemonSilent { node });
            }
            Action::RestartDaemon(node) => self.restart_daemon(&node),
            Action::DeleteNode(node) => self.delete_node(&node),
            Action::Join { node, pool, is_behind } => self.join(&node, &pool, is_behind),
            Action::Label(node, role, is_on) => self.label(&node, &role, is_on),
            Action::NewPool(pool) => self.add_pool(&pool),
            Action::DeletePool(pool) => self.delete_pool(&pool),
            Action::RotateCertificates => self.rotate_certificates(),
            Action::ChangeLeader(component) => self.change_leader(component),
            Action::Upgrade(version) => self.upgrade(&version),
            Action::Layer(pool) => self.layer(&pool),
            Action::FailBuilds(pool, times) => self.with_pool(&pool, |pool| pool.failing_builds = times),
            Action::Pin { set, images, pools, failing } => self.pin(&set, &images, &pools, &failing),
            Action::KubeletConfig(name, is_good) => self.kubelet_config(&name, is_good),
            Action::RuntimeConfig(name, runtime) => self.runtime_config(&name, &runtime),
            Action::BootImages(mode) => self.boot_images(&mode),
            Action::Server(node, is_ready) => self.server(&node, is_ready),
            Action::Operator(name, status, reason) => self.operator_says(name, status, &reason),
        }
    }
}
