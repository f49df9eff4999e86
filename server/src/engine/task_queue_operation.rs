//! What operators ask of task queues.

use super::{Engine, error::Result, namespace::NamespaceKey, start::check_queue, task_queue::Work};
use std::collections::BTreeMap;
use steadfast_proto::{
    enums::{BuildIdTaskReachability, TaskQueueType},
    taskqueue,
    workflowservice::*,
};

impl Engine {
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
