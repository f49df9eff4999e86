//! Worker deployments: versions of workers, and which of them gets which task.
//!
//! A version appears with its first poller. Its pollers wait on queues of their own, one for each task queue, so that
//! routing is a choice among queues. When the routing changes, tasks that wait are sent on.

mod describe;
mod operation;
mod routing;
mod versioning;

pub(crate) use versioning::{Decided, Versioning, typed};

use super::{limits, namespace::NamespaceKey, task_queue::Work, time::Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use steadfast_proto::{
    SmallMap, SmallSet, common,
    deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::WorkerVersioningMode,
};

/// Names a version of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) deployment: Arc<str>,
    pub(crate) build_id: Arc<str>,
}

impl Version {
    /// The version that a worker is of, if it takes part in versioning.
    pub(crate) fn of_worker(options: Option<&WorkerDeploymentOptions>) -> Option<Self> {
        let options = options.filter(|options| options.worker_versioning_mode() == WorkerVersioningMode::Versioned)?;
        Some(Self {
            deployment: options.deployment_name.as_str().into(),
            build_id: options.build_id.as_str().into(),
        })
    }

    pub(crate) fn read(wire: &WorkerDeploymentVersion) -> Self {
        Self {
            deployment: wire.deployment_name.as_str().into(),
            build_id: wire.build_id.as_str().into(),
        }
    }

    pub(crate) fn wire(&self) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion {
            build_id: self.build_id.to_string(),
            deployment_name: self.deployment.to_string(),
        }
    }

    /// As search attributes have it.
    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.deployment, self.build_id)
    }

    /// As older fields of the API have it.
    pub(crate) fn dotted(&self) -> String {
        format!("{}.{}", self.deployment, self.build_id)
    }
}

/// What is known of a version.
#[derive(Debug)]
struct Known {
    created: Time,
    /// The queues that its workers polled.
    queues: SmallSet<(Work, String)>,
    metadata: BTreeMap<String, common::Payload>,
    current_since: Option<Time>,
    ramping_since: Option<Time>,
    routing_changed: Option<Time>,
    first_activation: Option<Time>,
    last_current: Option<Time>,
    last_deactivation: Option<Time>,
    last_modifier: String,
    /// The request that made it before any worker polled.
    request_id: Option<String>,
}

impl Known {
    fn new(created: Time) -> Self {
        Self {
            created,
            queues: SmallSet::new(),
            metadata: BTreeMap::new(),
            current_since: None,
            ramping_since: None,
            routing_changed: None,
            first_activation: None,
            last_current: None,
            last_deactivation: None,
            last_modifier: String::new(),
            request_id: None,
        }
    }
}

/// A part of new workflows, and the version that gets them; without a build id, workers of no version get them.
#[derive(Clone, Debug, PartialEq)]
struct Ramp {
    build_id: Option<String>,
    percentage: f32,
}

#[derive(Debug)]
struct Deployment {
    created: Time,
    versions: SmallMap<String, Known>,
    /// The version that gets new workflows; workers of no version do if there is none.
    current: Option<String>,
    ramp: Option<Ramp>,
    current_changed: Option<Time>,
    ramp_changed: Option<Time>,
    percentage_changed: Option<Time>,
    /// How often the routing changed.
    revision: i64,
    /// How often anything changed.
    changes: u64,
    manager: String,
    last_modifier: String,
    /// The request that made it before any worker polled.
    request_id: Option<String>,
}

impl Deployment {
    fn new(created: Time) -> Self {
        Self {
            created,
            versions: SmallMap::new(),
            current: None,
            ramp: None,
            current_changed: None,
            ramp_changed: None,
            percentage_changed: None,
            revision: 0,
            changes: 1,
            manager: String::new(),
            last_modifier: String::new(),
            request_id: None,
        }
    }

    fn routing_changed(&self) -> Option<Time> {
        self.current_changed.max(self.ramp_changed)
    }

    fn queues(&self) -> SmallSet<(Work, String)> {
        self.versions
            .values()
            .flat_map(|known| known.queues.iter().cloned())
            .collect()
    }
}

/// All deployments of an engine.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    all: SmallMap<(NamespaceKey, Arc<str>), Deployment>,
    /// The deployments whose workers poll a queue.
    of_queue: SmallMap<(NamespaceKey, Work, String), SmallSet<Arc<str>>>,
}

impl Deployments {
    /// A worker of a version polls a queue. Whether that is new, and whether there is room for it.
    pub(crate) fn note(
        &mut self,
        namespace: NamespaceKey,
        version: &Version,
        work: Work,
        queue: &str,
        now: Time,
    ) -> Option<bool> {
        let deployment = self
            .all
            .entry((namespace, version.deployment.clone()))
            .or_insert_with(|| Deployment::new(now));
        let count = deployment.versions.len();
        if count >= limits::DEPLOYMENT_VERSIONS_MAX && !deployment.versions.contains_key(&*version.build_id) {
            return None;
        }
        let known = deployment
            .versions
            .entry(version.build_id.to_string())
            .or_insert_with(|| Known::new(now));
        if known.queues.contains(&(work, queue.to_owned())) {
            return Some(false);
        }
        known.queues.insert((work, queue.to_owned()));
        self.of_queue
            .entry((namespace, work, queue.to_owned()))
            .or_default()
            .insert(version.deployment.clone());
        Some(true)
    }

    fn known(&self, namespace: NamespaceKey, version: &Version) -> Option<&Known> {
        let deployment = self.all.get(&(namespace, version.deployment.clone()))?;
        deployment.versions.get(&*version.build_id)
    }

    /// Whether workers of the version poll the queue.
    pub(crate) fn serves(&self, namespace: NamespaceKey, version: &Version, work: Work, queue: &str) -> bool {
        let known = self.known(namespace, version);
        known.is_some_and(|known| known.queues.contains(&(work, queue.to_owned())))
    }

    /// The version that gets the tasks of a queue that are bound to none; workers of no version get them if there is
    /// no such version.
    pub(crate) fn route(&self, namespace: NamespaceKey, work: Work, queue: &str, workflow_id: &str) -> Option<Version> {
        self.route_by(namespace, work, queue, |ramp| share_of(workflow_id) < ramp.percentage)
    }

    /// The version that a queue is being moved to, or the current one if there is none.
    pub(crate) fn route_to_ramp(&self, namespace: NamespaceKey, work: Work, queue: &str) -> Option<Version> {
        self.route_by(namespace, work, queue, |_| true)
    }

    /// The deployment that routes the tasks of a queue: the one whose routing changed last.
    fn routing(&self, namespace: NamespaceKey, work: Work, queue: &str) -> Option<(&Arc<str>, &Deployment)> {
        // Nearly always nobody uses versions.
        if self.of_queue.is_empty() {
            return None;
        }
        let names = self.of_queue.get(&(namespace, work, queue.to_owned()))?;
        let deployments = names.iter().filter_map(|name| {
            let deployment = self.all.get(&(namespace, name.clone()))?;
            Some((deployment.routing_changed()?, name, deployment))
        });
        let (_, name, deployment) = deployments.max_by_key(|(changed, ..)| *changed)?;
        Some((name, deployment))
    }

    fn route_by(
        &self,
        namespace: NamespaceKey,
        work: Work,
        queue: &str,
        takes_ramp: impl FnOnce(&Ramp) -> bool,
    ) -> Option<Version> {
        let (name, deployment) = self.routing(namespace, work, queue)?;
        let ramped = deployment.ramp.as_ref().filter(|ramp| takes_ramp(ramp));
        let build_id = match ramped {
            Some(ramp) => ramp.build_id.as_deref()?,
            None => deployment.current.as_deref()?,
        };
        let version = Version {
            deployment: name.clone(),
            build_id: build_id.into(),
        };
        self.serves(namespace, &version, work, queue).then_some(version)
    }

    /// How often the routing of the version's deployment has changed.
    pub(crate) fn revision(&self, namespace: NamespaceKey, version: &Version) -> i64 {
        let deployment = self.all.get(&(namespace, version.deployment.clone()));
        deployment.map_or(0, |deployment| deployment.revision)
    }
}

/// Where a workflow stands between 0 and 100, always the same place (FNV-1a).
fn share_of(workflow_id: &str) -> f32 {
    let hash = workflow_id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let hundredths = u16::try_from(hash % 10_000).unwrap_or(0);
    f32::from(hundredths) / 100.0
}
