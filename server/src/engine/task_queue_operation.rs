//! What operators ask of task queues.

use super::{
    Engine,
    error::{Error, Result},
    namespace::NamespaceKey,
    rate::{self, ConfigUpdate},
    start::check_queue,
    task_queue::{TaskQueue, Work},
};
use std::collections::BTreeMap;
use steadfast_proto::{
    enums::{BuildIdTaskReachability, DescribeTaskQueueMode, TaskQueueType},
    taskqueue,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn describe_task_queue(
        &mut self,
        request: &DescribeTaskQueueRequest,
    ) -> Result<DescribeTaskQueueResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let Some(queue) = &request.task_queue else {
            return Err(Error::invalid("taskQueue is not set"));
        };
        let name = queue.name.as_str();
        check_queue(name)?;
        if request.api_mode() == DescribeTaskQueueMode::Enhanced {
            return Ok(self.describe_queue_versions(namespace, name, request));
        }
        let work = work_of(request.task_queue_type());
        let real = self.world.real;
        let queue = self.world.queues.find(namespace, work, name);
        let backlog = queue.map_or(0, |queue| i64::try_from(queue.tasks.len()).unwrap_or(i64::MAX));
        let (stats, stats_by_priority_key) = match queue.filter(|_| request.report_stats) {
            Some(queue) => {
                let (stats, by_key) = queue.tasks.stats(real);
                (Some(stats), by_key)
            }
            None => (
                request.report_stats.then(taskqueue::TaskQueueStats::default),
                BTreeMap::new(),
            ),
        };
        Ok(DescribeTaskQueueResponse {
            pollers: queue.map(|queue| queue.pollers_seen(real)).unwrap_or_default(),
            stats,
            stats_by_priority_key,
            task_queue_status: request.include_task_queue_status.then(|| taskqueue::TaskQueueStatus {
                backlog_count_hint: backlog,
                ..Default::default()
            }),
            config: queue.filter(|_| request.report_config).and_then(TaskQueue::config),
            effective_rate_limit: request.report_config.then(|| rate::effective(queue)),
            ..Default::default()
        })
    }

    /// The older form that tells several types of tasks at once. All versions of workers share one queue.
    pub(super) fn describe_queue_versions(
        &self,
        namespace: NamespaceKey,
        name: &str,
        request: &DescribeTaskQueueRequest,
    ) -> DescribeTaskQueueResponse {
        let real = self.world.real;
        let mut kinds: Vec<TaskQueueType> = request.task_queue_types().collect();
        if kinds.is_empty() {
            kinds = vec![TaskQueueType::Workflow, TaskQueueType::Activity];
        }
        let mut types_info = BTreeMap::new();
        for kind in kinds {
            let queue = self.world.queues.find(namespace, work_of(kind), name);
            let pollers = queue
                .filter(|_| request.report_pollers)
                .map(|queue| queue.pollers_seen(real));
            let stats = queue.map(|queue| queue.tasks.stats(real).0).unwrap_or_default();
            let info = taskqueue::TaskQueueTypeInfo {
                pollers: pollers.unwrap_or_default(),
                stats: request.report_stats.then_some(stats),
            };
            types_info.insert(kind.into(), info);
        }
        let task_reachability = match request.report_task_reachability {
            true => BuildIdTaskReachability::Reachable,
            false => BuildIdTaskReachability::Unspecified,
        };
        let info = taskqueue::TaskQueueVersionInfo {
            types_info,
            task_reachability: task_reachability.into(),
        };
        DescribeTaskQueueResponse {
            versions_info: BTreeMap::from([(String::new(), info)]),
            ..Default::default()
        }
    }

    /// Sets or takes back how a queue hands out its tasks.
    pub(crate) fn update_task_queue_config(
        &mut self,
        request: UpdateTaskQueueConfigRequest,
    ) -> Result<UpdateTaskQueueConfigResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        check_queue(&request.task_queue)?;
        let work = work_of(request.task_queue_type());
        let now = self.world.now();
        let name = request.task_queue.clone();
        let update = ConfigUpdate::read(request, work, now)?;
        let key = self.world.queue(namespace, work, &name);
        self.world.queues.configure(key, &update, now)?;
        let config = self.world.queues.get(key).and_then(TaskQueue::config);
        Ok(UpdateTaskQueueConfigResponse {
            config: Some(config.unwrap_or_default()),
        })
    }

    /// A queue is in one piece.
    pub(crate) fn list_task_queue_partitions(
        &self,
        request: &ListTaskQueuePartitionsRequest,
    ) -> Result<ListTaskQueuePartitionsResponse> {
        self.world.namespaces.find(&request.namespace)?;
        let name = request.task_queue.as_ref().map_or("", |queue| queue.name.as_str());
        check_queue(name)?;
        let partition = taskqueue::TaskQueuePartitionMetadata {
            key: name.to_owned(),
            owner_host_name: "localhost".to_owned(),
        };
        Ok(ListTaskQueuePartitionsResponse {
            activity_task_queue_partitions: vec![partition.clone()],
            workflow_task_queue_partitions: vec![partition],
        })
    }
}

fn work_of(kind: TaskQueueType) -> Work {
    match kind {
        TaskQueueType::Activity => Work::Activity,
        TaskQueueType::Nexus => Work::Nexus,
        TaskQueueType::Workflow | TaskQueueType::Unspecified => Work::Workflow,
    }
}
