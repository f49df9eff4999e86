//! What deployments look like from outside.

use super::{
    super::{
        Engine,
        error::{Error, Result},
        namespace::NamespaceKey,
        task_queue::Work,
        time::Time,
    },
    Deployment, Deployments, Known, Version,
};
use bytes::Bytes;
use prost_types::Timestamp;
use std::sync::Arc;
use steadfast_proto::{
    deployment::{
        RoutingConfig, VersionDrainageInfo, VersionMetadata, WorkerDeploymentInfo, WorkerDeploymentVersion,
        WorkerDeploymentVersionInfo, worker_deployment_info::WorkerDeploymentVersionSummary as Summary,
        worker_deployment_version_info::VersionTaskQueueInfo,
    },
    enums::{RoutingConfigUpdateState, TaskQueueType, VersionDrainageStatus, WorkerDeploymentVersionStatus as Status},
    taskqueue::TaskQueueVersioningInfo,
    workflowservice::{
        describe_worker_deployment_version_response::VersionTaskQueue,
        list_worker_deployments_response::WorkerDeploymentSummary, *,
    },
};

/// What older fields call workers of no version.
pub(super) const UNVERSIONED: &str = "__unversioned__";

impl Deployment {
    pub(super) fn conflict_token(&self) -> Bytes {
        Bytes::copy_from_slice(&self.changes.to_be_bytes())
    }

    pub(super) fn version(name: &str, build_id: &str) -> Version {
        Version {
            deployment: name.into(),
            build_id: build_id.into(),
        }
    }

    fn routing(&self, name: &str) -> RoutingConfig {
        let of = |build_id: &Option<String>| build_id.as_deref().map(|build_id| Self::version(name, build_id));
        let current = of(&self.current);
        let ramp = self.ramp.as_ref();
        let ramping = ramp.and_then(|ramp| of(&ramp.build_id));
        let dotted =
            |version: &Option<Version>| version.as_ref().map_or_else(|| UNVERSIONED.to_owned(), Version::dotted);
        RoutingConfig {
            current_deployment_version: current.as_ref().map(Version::wire),
            current_version: dotted(&current),
            ramping_deployment_version: ramping.as_ref().map(Version::wire),
            ramping_version: ramp.map(|_| dotted(&ramping)).unwrap_or_default(),
            ramping_version_percentage: ramp.map_or(0.0, |ramp| ramp.percentage),
            current_version_changed_time: self.current_changed.and_then(Time::wire),
            ramping_version_changed_time: self.ramp_changed.and_then(Time::wire),
            ramping_version_percentage_changed_time: self.percentage_changed.and_then(Time::wire),
            revision_number: self.revision,
        }
    }

    fn status(&self, build_id: &str, known: &Known, is_used: bool) -> Status {
        let is_ramping = self
            .ramp
            .as_ref()
            .is_some_and(|ramp| ramp.build_id.as_deref() == Some(build_id));
        if self.current.as_deref() == Some(build_id) {
            Status::Current
        } else if is_ramping {
            Status::Ramping
        } else if known.first_activation.is_none() {
            match known.queues.is_empty() {
                true => Status::Created,
                false => Status::Inactive,
            }
        } else if is_used {
            Status::Draining
        } else {
            Status::Drained
        }
    }
}

fn drainage(status: Status, known: &Known, now: Time) -> Option<VersionDrainageInfo> {
    let drainage = match status {
        Status::Draining => VersionDrainageStatus::Draining,
        Status::Drained => VersionDrainageStatus::Drained,
        _ => return None,
    };
    Some(VersionDrainageInfo {
        status: drainage.into(),
        last_changed_time: known.last_deactivation.and_then(Time::wire),
        last_checked_time: now.wire(),
    })
}

fn queue_type(work: Work) -> TaskQueueType {
    match work {
        Work::Workflow => TaskQueueType::Workflow,
        Work::Activity => TaskQueueType::Activity,
        Work::Nexus => TaskQueueType::Nexus,
    }
}

pub(super) fn no_deployment(name: &str) -> Error {
    Error::not_found(format!(
        "no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?"
    ))
}

/// The version that a request names, in the newer field or in the older one.
pub(super) fn named(version: Option<&WorkerDeploymentVersion>, dotted: &str) -> Result<Version> {
    let named = match (version, dotted.split_once('.')) {
        (Some(version), _) => Some(Version::read(version)),
        (None, Some((name, build_id))) => Some(Deployment::version(name, build_id)),
        (None, None) => None,
    };
    let is_whole = |version: &Version| !version.deployment.is_empty() && !version.build_id.is_empty();
    named.filter(is_whole).ok_or_else(|| {
        Error::invalid("deployment_version is not set on request: expected a deployment name and a build id")
    })
}

/// The zero of the original's clock, for a queue of which no worker of a version was ever seen.
const NEVER: Timestamp = Timestamp {
    seconds: -62_135_596_800,
    nanos: 0,
};

impl Deployments {
    /// Which versions get the tasks of a queue that are bound to none.
    pub(crate) fn versioning_info(&self, namespace: NamespaceKey, work: Work, queue: &str) -> TaskQueueVersioningInfo {
        let Some((name, deployment)) = self.routing(namespace, work, queue) else {
            let is_known = self.of_queue.contains_key(&(namespace, work, queue.to_owned()));
            return TaskQueueVersioningInfo {
                current_version: UNVERSIONED.to_owned(),
                update_time: Some(if is_known { Timestamp::default() } else { NEVER }),
                ..Default::default()
            };
        };
        let served = |build_id: &Option<String>| {
            let version = Deployment::version(name, build_id.as_deref()?);
            self.serves(namespace, &version, work, queue).then_some(version)
        };
        let current = served(&deployment.current);
        let ramp = deployment.ramp.as_ref();
        let ramp = ramp.map(|ramp| (served(&ramp.build_id), ramp));
        // A ramp to a version that isn't there leaves the queue alone; one to no version concerns all queues.
        let ramp = ramp.filter(|(version, ramp)| version.is_some() || ramp.build_id.is_none());
        let changed = deployment.current_changed;
        let changed = ramp.as_ref().map_or(changed, |_| deployment.routing_changed());
        let dotted = |version: Option<&Version>| version.map_or_else(|| UNVERSIONED.to_owned(), Version::dotted);
        let ramping = ramp.as_ref().and_then(|(version, _)| version.as_ref());
        TaskQueueVersioningInfo {
            current_deployment_version: current.as_ref().map(Version::wire),
            current_version: dotted(current.as_ref()),
            ramping_deployment_version: ramping.map(Version::wire),
            ramping_version: ramp.as_ref().map(|_| dotted(ramping)).unwrap_or_default(),
            ramping_version_percentage: ramp.as_ref().map_or(0.0, |(_, ramp)| ramp.percentage),
            update_time: changed.map_or_else(|| Some(Timestamp::default()), Time::wire),
        }
    }
}

impl Engine {
    /// Whether an open run is pinned to the version.
    pub(super) fn is_version_used(&self, namespace: NamespaceKey, version: &Version) -> bool {
        let mut open = self
            .runs
            .all()
            .filter(|run| run.is_open() && run.is.namespace == namespace);
        open.any(|run| run.versioning.pinned() == Some(version))
    }

    pub(super) fn version_status(&self, namespace: NamespaceKey, version: &Version) -> Option<Status> {
        let deployment = self
            .world
            .deployments
            .all
            .get(&(namespace, version.deployment.clone()))?;
        let known = deployment.versions.get(&*version.build_id)?;
        let is_used = self.is_version_used(namespace, version);
        Some(deployment.status(&version.build_id, known, is_used))
    }

    fn summary(&self, namespace: NamespaceKey, version: &Version) -> Option<Summary> {
        let known = self.world.deployments.known(namespace, version)?;
        let status = self.version_status(namespace, version)?;
        let drainage = drainage(status, known, self.world.now());
        Some(Summary {
            version: version.dotted(),
            status: status.into(),
            deployment_version: Some(version.wire()),
            create_time: known.created.wire(),
            drainage_status: drainage.as_ref().map_or(0, |drainage| drainage.status),
            drainage_info: drainage,
            current_since_time: known.current_since.and_then(Time::wire),
            ramping_since_time: known.ramping_since.and_then(Time::wire),
            routing_update_time: known.routing_changed.and_then(Time::wire),
            first_activation_time: known.first_activation.and_then(Time::wire),
            last_current_time: known.last_current.and_then(Time::wire),
            last_deactivation_time: known.last_deactivation.and_then(Time::wire),
            ..Default::default()
        })
    }

    /// Summaries of all versions, the newest first.
    fn summaries(&self, namespace: NamespaceKey, name: &str, deployment: &Deployment) -> Vec<Summary> {
        let mut versions: Vec<(Time, &String)> = deployment
            .versions
            .iter()
            .map(|(build_id, known)| (known.created, build_id))
            .collect();
        versions.sort_unstable_by(|one, other| other.cmp(one));
        let versions = versions
            .into_iter()
            .map(|(_, build_id)| Deployment::version(name, build_id));
        versions
            .filter_map(|version| self.summary(namespace, &version))
            .collect()
    }

    pub(crate) fn describe_deployment(
        &self,
        request: &DescribeWorkerDeploymentRequest,
    ) -> Result<DescribeWorkerDeploymentResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let name: Arc<str> = request.deployment_name.as_str().into();
        let deployment = self.world.deployments.all.get(&(namespace, name));
        let deployment = deployment.ok_or_else(|| no_deployment(&request.deployment_name))?;
        Ok(DescribeWorkerDeploymentResponse {
            conflict_token: deployment.conflict_token(),
            worker_deployment_info: Some(WorkerDeploymentInfo {
                name: request.deployment_name.clone(),
                version_summaries: self.summaries(namespace, &request.deployment_name, deployment),
                create_time: deployment.created.wire(),
                routing_config: Some(deployment.routing(&request.deployment_name)),
                last_modifier_identity: deployment.last_modifier.clone(),
                manager_identity: deployment.manager.clone(),
                routing_config_update_state: RoutingConfigUpdateState::Completed.into(),
            }),
        })
    }

    pub(crate) fn list_deployments(
        &self,
        request: &ListWorkerDeploymentsRequest,
    ) -> Result<ListWorkerDeploymentsResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let all = self
            .world
            .deployments
            .all
            .iter()
            .filter(|((of, _), _)| *of == namespace);
        let after = request.next_page_token.as_ref();
        let rest = all.filter(|((_, name), _)| after.is_empty() || name.as_bytes() > after);
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0);
        let size = size.unwrap_or(super::super::limits::VISIBILITY_PAGE_MAX);
        let page: Vec<_> = rest.take(size).collect();
        let next_page_token = match page.last() {
            Some(((_, last), _)) if page.len() == size => Bytes::copy_from_slice(last.as_bytes()),
            _ => Bytes::new(),
        };
        let worker_deployments = page.into_iter().map(|((_, name), deployment)| {
            let of = |build_id: Option<&String>| {
                build_id.and_then(|build_id| self.summary(namespace, &Deployment::version(name, build_id)))
            };
            WorkerDeploymentSummary {
                name: name.to_string(),
                create_time: deployment.created.wire(),
                routing_config: Some(deployment.routing(name)),
                latest_version_summary: self.summaries(namespace, name, deployment).into_iter().next(),
                current_version_summary: of(deployment.current.as_ref()),
                ramping_version_summary: of(deployment.ramp.as_ref().and_then(|ramp| ramp.build_id.as_ref())),
            }
        });
        Ok(ListWorkerDeploymentsResponse {
            next_page_token,
            worker_deployments: worker_deployments.collect(),
        })
    }

    pub(crate) fn describe_version(
        &self,
        request: &DescribeWorkerDeploymentVersionRequest,
    ) -> Result<DescribeWorkerDeploymentVersionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        let missing = || Error::not_found("Worker Deployment Version not found");
        let known = self.world.deployments.known(namespace, &version).ok_or_else(missing)?;
        let status = self.version_status(namespace, &version).ok_or_else(missing)?;
        let deployment = self.world.deployments.all.get(&(namespace, version.deployment.clone()));
        let ramp = deployment.and_then(|deployment| deployment.ramp.as_ref());
        let ramp = ramp.filter(|ramp| ramp.build_id.as_deref() == Some(&*version.build_id));
        let queues = known.queues.iter();
        let queue_infos = queues.clone().map(|(work, name)| VersionTaskQueueInfo {
            name: name.clone(),
            r#type: queue_type(*work).into(),
        });
        let version_task_queues = queues.map(|(work, name)| {
            let stats = request
                .report_task_queue_stats
                .then(|| self.version_stats(namespace, *work, name, &version));
            VersionTaskQueue {
                name: name.clone(),
                r#type: queue_type(*work).into(),
                stats: stats.as_ref().map(|stats| stats.total()),
                stats_by_priority_key: stats.map(|stats| stats.by_priority()).unwrap_or_default(),
            }
        });
        Ok(DescribeWorkerDeploymentVersionResponse {
            worker_deployment_version_info: Some(WorkerDeploymentVersionInfo {
                version: version.dotted(),
                status: status.into(),
                deployment_version: Some(version.wire()),
                create_time: known.created.wire(),
                routing_changed_time: known.routing_changed.and_then(Time::wire),
                current_since_time: known.current_since.and_then(Time::wire),
                ramping_since_time: known.ramping_since.and_then(Time::wire),
                first_activation_time: known.first_activation.and_then(Time::wire),
                last_current_time: known.last_current.and_then(Time::wire),
                last_deactivation_time: known.last_deactivation.and_then(Time::wire),
                ramp_percentage: ramp.map_or(0.0, |ramp| ramp.percentage),
                task_queue_infos: queue_infos.collect(),
                drainage_info: drainage(status, known, self.world.now()),
                metadata: (!known.metadata.is_empty()).then(|| VersionMetadata {
                    entries: known.metadata.clone(),
                }),
                last_modifier_identity: known.last_modifier.clone(),
                ..Default::default()
            }),
            version_task_queues: version_task_queues.collect(),
        })
    }
}
