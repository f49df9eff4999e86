//! What operators do to task queues.

use super::{
    Engine,
    error::Result,
    rate::ConfigUpdate,
    start::check_queue,
    task_queue::{TaskQueue, Work},
};
use steadfast_proto::{enums::TaskQueueType, taskqueue, workflowservice::*};

impl Engine {
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

pub(super) fn work_of(kind: TaskQueueType) -> Work {
    match kind {
        TaskQueueType::Activity => Work::Activity,
        TaskQueueType::Nexus => Work::Nexus,
        TaskQueueType::Workflow | TaskQueueType::Unspecified => Work::Workflow,
    }
}
