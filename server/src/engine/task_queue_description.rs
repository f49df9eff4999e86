//! What task queues look like from outside.

use super::{
    Engine,
    backlog::Stats,
    deployment::Version,
    error::{Error, Result},
    limits,
    namespace::NamespaceKey,
    rate,
    start::check_queue,
    task_queue::{TaskQueue, Work},
    task_queue_operation::work_of,
};
use std::collections::BTreeMap;
use steadfast_proto::{
    SmallMap, SmallSet,
    enums::{BuildIdTaskReachability, DescribeTaskQueueMode, TaskQueueKind, TaskQueueType},
    taskqueue,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn describe_task_queue(&self, request: &DescribeTaskQueueRequest) -> Result<DescribeTaskQueueResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let Some(queue) = &request.task_queue else {
            return Err(Error::invalid("taskQueue is not set"));
        };
        let name = queue.name.as_str();
        check_queue(name)?;
        let asked = request.versions.as_ref().map_or(0, |versions| versions.build_ids.len());
        if request.report_task_reachability && asked > limits::REACHABILITY_BUILD_IDS_MAX {
            return Err(Error::invalid(format!(
                "Too many build ids queried at once with ReportTaskReachability==true, limit: {}",
                limits::REACHABILITY_BUILD_IDS_MAX
            )));
        }
        let is_sticky = queue.kind() == TaskQueueKind::Sticky;
        if request.api_mode() == DescribeTaskQueueMode::Enhanced {
            if is_sticky {
                return Err(Error::invalid(
                    "Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED or a normal queue.",
                ));
            }
            return Ok(self.describe_queue_versions(namespace, name, request));
        }
        // One that doesn't say whose it is, is taken for a normal one.
        let is_sticky = is_sticky && !queue.normal_name.is_empty();
        if is_sticky && request.report_stats {
            return Err(Error::invalid(
                "DescribeTaskQueue stats are only supported for the root partition",
            ));
        }
        Ok(self.describe_whole_queue(namespace, name, is_sticky, request))
    }

    /// All versions together.
    fn describe_whole_queue(
        &self,
        namespace: NamespaceKey,
        name: &str,
        is_sticky: bool,
        request: &DescribeTaskQueueRequest,
    ) -> DescribeTaskQueueResponse {
        let work = work_of(request.task_queue_type());
        let world = &self.world;
        let real = world.real;
        let queue = world.queues.find(namespace, work, name);
        let parts = || world.queues.versions_of(namespace, work, name).map(|(_, part)| part);
        let is_counted = request.report_stats || request.include_task_queue_status;
        let stats = is_counted.then(|| Stats::of(queue.into_iter().chain(parts()).map(|queue| &queue.tasks), real));
        let status = stats.as_ref().filter(|_| request.include_task_queue_status);
        let told = stats.as_ref().filter(|_| request.report_stats);
        let rate = rate::effective(queue);
        let pollers = queue.into_iter().chain(parts());
        DescribeTaskQueueResponse {
            pollers: pollers.flat_map(|queue| queue.seen.wire(real)).collect(),
            stats: told.map(|stats| stats.total()),
            stats_by_priority_key: told.map(|stats| stats.by_priority()).unwrap_or_default(),
            versioning_info: (!is_sticky).then(|| world.deployments.versioning_info(namespace, work, name)),
            task_queue_status: status.map(|stats| taskqueue::TaskQueueStatus {
                backlog_count_hint: stats.count(),
                rate_per_second: rate.requests_per_second.into(),
                ..Default::default()
            }),
            config: queue.filter(|_| request.report_config).and_then(TaskQueue::config),
            effective_rate_limit: Some(rate),
            ..Default::default()
        }
    }

    /// The older form that tells several versions and types of tasks, each by itself.
    fn describe_queue_versions(
        &self,
        namespace: NamespaceKey,
        name: &str,
        request: &DescribeTaskQueueRequest,
    ) -> DescribeTaskQueueResponse {
        let mut kinds = request.task_queue_types.clone();
        if kinds.is_empty() {
            kinds = vec![TaskQueueType::Workflow.into(), TaskQueueType::Activity.into()];
        }
        let asked = request.versions.as_ref();
        let is_unversioned = asked.is_none_or(|versions| versions.unversioned);
        let build_ids = asked.into_iter().flat_map(|versions| &versions.build_ids);
        let build_ids = build_ids.map(String::as_str).chain(is_unversioned.then_some(""));
        let build_ids: SmallSet<&str> = build_ids.collect();
        let are_all_asked = asked.is_some_and(|versions| versions.all_active);
        let mut versions_info: BTreeMap<String, taskqueue::TaskQueueVersionInfo> = BTreeMap::new();
        // What was asked for has an entry, also if another name of it tells everything.
        versions_info.extend(build_ids.iter().map(|of| ((*of).to_owned(), Default::default())));
        for kind in kinds {
            let work = work_of(TaskQueueType::try_from(kind).unwrap_or_default());
            let queues = self.queues_of_versions(namespace, work, name, &build_ids, are_all_asked);
            for (version, queue) in queues {
                let info = self.type_info(queue, request);
                versions_info.entry(version).or_default().types_info.insert(kind, info);
            }
        }
        if request.report_task_reachability {
            for (version, info) in &mut versions_info {
                info.task_reachability = reachability(version).into();
            }
        }
        DescribeTaskQueueResponse {
            versions_info,
            ..Default::default()
        }
    }

    /// The queue of each version that is asked for, if there is one; without a build id the one of workers of no version.
    fn queues_of_versions(
        &self,
        namespace: NamespaceKey,
        work: Work,
        name: &str,
        build_ids: &SmallSet<&str>,
        are_all_asked: bool,
    ) -> SmallMap<String, Option<&TaskQueue>> {
        let queues = &self.world.queues;
        let known = |of: &str| {
            let mut parts = queues.versions_of(namespace, work, name);
            parts.find(|(version, _)| version.text() == of || version.dotted() == of)
        };
        let mut found = SmallMap::new();
        for of in build_ids {
            if of.is_empty() {
                found.insert(String::new(), queues.find(namespace, work, name));
            } else if let Some((version, part)) = known(of) {
                found.insert(version.text(), Some(part));
            } else {
                found.insert((*of).to_owned(), None);
            }
        }
        if are_all_asked {
            let all = queues.versions_of(namespace, work, name);
            found.extend(all.map(|(version, part)| (version.text(), Some(part))));
        }
        found
    }

    fn type_info(&self, queue: Option<&TaskQueue>, request: &DescribeTaskQueueRequest) -> taskqueue::TaskQueueTypeInfo {
        let real = self.world.real;
        let pollers = queue.filter(|_| request.report_pollers);
        let stats = request
            .report_stats
            .then(|| Stats::of(queue.map(|queue| &queue.tasks), real).total());
        taskqueue::TaskQueueTypeInfo {
            pollers: pollers.map(|queue| queue.seen.wire(real).collect()).unwrap_or_default(),
            stats,
        }
    }

    /// What waits for workers of a version.
    pub(super) fn version_stats(&self, namespace: NamespaceKey, work: Work, name: &str, version: &Version) -> Stats {
        let part = self.world.queues.find_version(namespace, work, name, version);
        Stats::of(part.map(|part| &part.tasks), self.world.real)
    }
}

/// Whether new tasks may come for a build id, as the older versioning has it: of its rules there are none.
fn reachability(build_id: &str) -> BuildIdTaskReachability {
    match build_id.is_empty() {
        true => BuildIdTaskReachability::Reachable,
        false => BuildIdTaskReachability::Unreachable,
    }
}
