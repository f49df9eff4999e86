//! Which queue a task goes to.

use super::{
    super::{
        Engine,
        backlog::Urgency,
        namespace::NamespaceKey,
        run::Run,
        task_queue::{QueueKey, Task, Work},
        workflow_task::WorkflowTask,
        world::World,
    },
    Version,
};
use steadfast_proto::SmallSet;

impl World {
    /// The queue of that name on which workers of the version wait; for none, those of no version.
    pub(crate) fn version_queue(
        &mut self,
        namespace: NamespaceKey,
        work: Work,
        name: &str,
        version: Option<&Version>,
    ) -> QueueKey {
        let plain = self.queue(namespace, work, name);
        match version {
            Some(version) => self.queues.version_key(plain, version, self.real),
            None => plain,
        }
    }
}

impl Run {
    /// The version that gets the next workflow task.
    pub(crate) fn target_version(&self, world: &World) -> Option<Version> {
        if let Some(pinned) = self.versioning.pinned() {
            return Some(pinned.clone());
        }
        if self.versioning.begins_on_ramp {
            let (namespace, queue) = (self.is.namespace, &self.is.task_queue);
            return world.deployments.route_to_ramp(namespace, Work::Workflow, queue);
        }
        world.deployments.route(
            self.is.namespace,
            Work::Workflow,
            &self.is.task_queue,
            &self.is.workflow_id,
        )
    }

    /// The version that gets an activity: the workflow's, if its workers poll the activity's queue.
    pub(crate) fn activity_version(&self, world: &World, queue: &str) -> Option<Version> {
        let namespace = self.is.namespace;
        let own = self.versioning.effective();
        let own = own.filter(|version| world.deployments.serves(namespace, version, Work::Activity, queue));
        own.cloned().or_else(|| {
            world
                .deployments
                .route(namespace, Work::Activity, queue, &self.is.workflow_id)
        })
    }

    /// Sends a waiting workflow task to where it belongs now.
    pub(crate) fn redirect_task(&mut self, world: &mut World) {
        match std::mem::take(&mut self.task) {
            WorkflowTask::Scheduled(mut scheduled) => {
                world.deadlines.clear(&mut scheduled.deadline);
                scheduled.stamp = world.next_stamp();
                scheduled.is_on_sticky = false;
                self.sticky = None;
                self.dispatch(world, &mut scheduled);
                self.task = WorkflowTask::Scheduled(scheduled);
            }
            other => self.task = other,
        }
    }
}

impl Engine {
    /// The routing of queues has changed: what waits there goes where it belongs now.
    pub(super) fn reroute(&mut self, namespace: NamespaceKey, queues: SmallSet<(Work, String)>) {
        for (work, name) in queues {
            let plain = self.world.queue(namespace, work, &name);
            for task in self.world.queues.take_all(plain) {
                let Self { runs, world, .. } = self;
                let Ok(run) = runs.touch(task.run()) else { continue };
                match task {
                    Task::Workflow { stamp, .. } => {
                        if matches!(&run.task, WorkflowTask::Scheduled(scheduled) if scheduled.stamp == stamp) {
                            run.redirect_task(world);
                        }
                    }
                    Task::Activity {
                        scheduled_event_id,
                        stamp,
                        ..
                    } => {
                        let waits = run.activities.get(&scheduled_event_id);
                        if waits.is_some_and(|activity| activity.stamp == stamp && !activity.is_started()) {
                            run.dispatch_activity(world, scheduled_event_id);
                        }
                    }
                    Task::Query { query, .. } => run.redirect_query(world, query),
                    Task::Nexus { .. } => {
                        world.queues.add(plain, task, Urgency::of(&run.is.priority), world.real);
                    }
                }
            }
        }
    }

    /// A worker of a version polls a queue.
    pub(crate) fn note_version(&mut self, namespace: NamespaceKey, version: &Version, work: Work, queue: &str) -> bool {
        let now = self.world.now();
        match self.world.deployments.note(namespace, version, work, queue, now) {
            None => false,
            Some(is_new) => {
                if is_new {
                    self.reroute(namespace, [(work, queue.to_owned())].into());
                }
                true
            }
        }
    }
}
