//! Workers: their polls, and what they say of activities.

use super::{
    Engine,
    deadline::Due,
    deployment::Version,
    error::{Code, Error, Result},
    limits,
    poller::{Poller, Said},
    request::{Handled, Reply, Sdk, expiry},
    run::Run,
    standalone_activity,
    start::check_queue,
    task_queue::{QueueKey, Task, Work},
    token::TaskToken,
    waiter::{Wait, WaiterId},
};
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::TaskQueueKind,
    failure::{Failure, failure::FailureInfo},
    taskqueue,
    workflowservice::*,
};

fn version_of(capabilities: Option<common::WorkerVersionCapabilities>) -> Option<common::WorkerVersionStamp> {
    let capabilities = capabilities.filter(|capabilities| !capabilities.build_id.is_empty())?;
    Some(common::WorkerVersionStamp {
        build_id: capabilities.build_id,
        use_versioning: capabilities.use_versioning,
    })
}

impl Engine {
    pub(crate) fn poll_workflow_task(
        &mut self,
        request: PollWorkflowTaskQueueRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let poller = Poller {
            identity: request.identity,
            version: version_of(request.worker_version_capabilities),
            deployment: Version::of_worker(request.deployment_options.as_ref()),
            worker: request.worker_instance_key,
            sdk: None,
            since: self.world.real,
        };
        let said = Said {
            deployment_options: request.deployment_options,
            per_second: None,
        };
        let queue = self.polled_queue(&request.namespace, Work::Workflow, request.task_queue, &poller)?;
        let longest = if self.is_shut_down(&poller) {
            Duration::ZERO
        } else {
            limits::TASK_POLL_MAX
        };
        self.poll(queue, poller, said, patience, longest, |queue, poller| {
            Wait::WorkflowTask { queue, poller }
        })
    }

    pub(crate) fn poll_activity_task(
        &mut self,
        request: PollActivityTaskQueueRequest,
        patience: Option<Duration>,
        sdk: Option<Box<Sdk>>,
    ) -> Result<Handled> {
        let poller = Poller {
            identity: request.identity,
            version: version_of(request.worker_version_capabilities),
            deployment: Version::of_worker(request.deployment_options.as_ref()),
            worker: request.worker_instance_key,
            sdk,
            since: self.world.real,
        };
        let queue = self.polled_queue(&request.namespace, Work::Activity, request.task_queue, &poller)?;
        let limit = request
            .task_queue_metadata
            .and_then(|metadata| metadata.max_tasks_per_second);
        if let Some(per_second) = limit {
            self.world.queues.limit(queue, per_second);
        }
        let said = Said {
            deployment_options: request.deployment_options,
            per_second: limit,
        };
        let longest = if self.is_shut_down(&poller) {
            Duration::ZERO
        } else {
            limits::TASK_POLL_MAX
        };
        self.poll(queue, poller, said, patience, longest, |queue, poller| {
            Wait::ActivityTask { queue, poller }
        })
    }

    pub(crate) fn poll_nexus_task(
        &mut self,
        request: PollNexusTaskQueueRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let poller = Poller {
            identity: request.identity,
            version: None,
            deployment: Version::of_worker(request.deployment_options.as_ref()),
            worker: request.worker_instance_key,
            sdk: None,
            since: self.world.real,
        };
        let said = Said {
            deployment_options: request.deployment_options,
            per_second: None,
        };
        let queue = self.polled_queue(&request.namespace, Work::Nexus, request.task_queue, &poller)?;
        let longest = if self.is_shut_down(&poller) {
            Duration::ZERO
        } else {
            limits::TASK_POLL_MAX
        };
        self.poll(queue, poller, said, patience, longest, |queue, poller| {
            Wait::NexusTask { queue, poller }
        })
    }

    fn polled_queue(
        &mut self,
        namespace: &str,
        work: Work,
        queue: Option<taskqueue::TaskQueue>,
        poller: &Poller,
    ) -> Result<QueueKey> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        let Some(queue) = queue else {
            return Err(Error::invalid("taskQueue is not set"));
        };
        if queue.kind() != TaskQueueKind::WorkerCommands {
            check_queue(&queue.name)?;
        }
        // A sticky queue is one worker's, and so of one version.
        let version = poller
            .deployment
            .as_ref()
            .filter(|_| queue.kind() != TaskQueueKind::Sticky);
        if let Some(version) = version
            && !self.note_version(namespace, version, work, &queue.name)
        {
            return Err(Error::new(
                Code::ResourceExhausted,
                format!(
                    "cannot add version {}: its deployment has {} versions already, delete one",
                    version.text(),
                    limits::DEPLOYMENT_VERSIONS_MAX
                ),
            ));
        }
        Ok(self.world.version_queue(namespace, work, &queue.name, version))
    }

    fn is_shut_down(&self, poller: &Poller) -> bool {
        !poller.worker.is_empty() && self.shut_down_workers.contains(&poller.worker)
    }

    fn poll(
        &mut self,
        queue: QueueKey,
        poller: Poller,
        said: Said,
        patience: Option<Duration>,
        longest: Duration,
        wait: impl FnOnce(QueueKey, Poller) -> Wait,
    ) -> Result<Handled> {
        let real = self.world.real;
        // A worker that shuts down takes no task any more.
        if !longest.is_zero() {
            self.world.queues.polled(queue, &poller, said, real);
            while let Some(task) = self.take(queue) {
                if let Some(reply) = self.hand_out(queue, task, &poller) {
                    return Ok(Handled::Reply(reply));
                }
            }
        }
        let waiter = self
            .world
            .waiters
            .add(wait(queue, poller), expiry(real, patience, longest));
        if !longest.is_zero() {
            self.world.queues.wait(queue, waiter);
        }
        Ok(Handled::Wait(waiter))
    }

    /// The next task of a queue, as soon as the queue may hand one out.
    fn take(&mut self, queue: QueueKey) -> Option<Task> {
        let world = &mut self.world;
        let now = world.now();
        if !world.queues.is_held_back(queue, now)
            && let Some(task) = world.queues.take_ready(queue, now)
        {
            return Some(task);
        }
        if let Some(turn) = world.queues.await_turn(queue, now) {
            world.deadlines.set(turn, Due::Queue { queue });
        }
        None
    }

    /// Gives a queue's task to a poller. `None` if the task is stale.
    fn hand_out(&mut self, queue: QueueKey, task: Task, poller: &Poller) -> Option<Reply> {
        let mut reply = self.begin_task(task, poller)?;
        let world = &mut self.world;
        world.queues.handed_out(queue, world.now(), world.real);
        let scaling = world.queues.scaling(queue, poller.since, world.real);
        match &mut reply {
            Reply::PollWorkflowTaskQueue(task) => task.poller_scaling_decision = scaling,
            Reply::PollActivityTaskQueue(task) => task.poller_scaling_decision = scaling,
            Reply::PollNexusTaskQueue(task) => task.poller_scaling_decision = scaling,
            _ => {}
        }
        Some(reply)
    }

    fn begin_task(&mut self, task: Task, poller: &Poller) -> Option<Reply> {
        let Self { runs, world, .. } = self;
        let run = runs.touch(task.run()).ok()?;
        match task {
            Task::Workflow { stamp, .. } => {
                let request_id = world.ids.random().text();
                run.start_task(world, Some(stamp), poller, request_id)
                    .map(|task| Reply::PollWorkflowTaskQueue(Box::new(task)))
            }
            Task::Activity {
                scheduled_event_id,
                stamp,
                ..
            } => run
                .start_activity(world, scheduled_event_id, Some(stamp), poller)
                .map(|task| Reply::PollActivityTaskQueue(Box::new(task))),
            Task::Query { query, .. } => run
                .start_query(world, query)
                .map(|task| Reply::PollWorkflowTaskQueue(Box::new(task))),
            Task::Nexus {
                scheduled_event_id,
                stamp,
                ..
            } => run
                .hand_request(world, scheduled_event_id, stamp)
                .map(|task| Reply::PollNexusTaskQueue(Box::new(task))),
        }
    }

    /// Brings together the tasks and the pollers of a queue.
    pub(crate) fn match_queue(&mut self, key: QueueKey) {
        loop {
            let Some(queue) = self.world.queues.get(key) else {
                return;
            };
            let (Some(waiter), false) = (queue.pollers.first().copied(), queue.tasks.is_empty()) else {
                return;
            };
            if self.world.waiters.poller(waiter).is_none() {
                self.world.queues.leave(key, waiter, self.world.real);
                continue;
            }
            let Some(task) = self.take(key) else {
                return;
            };
            let poller = self
                .world
                .waiters
                .poller(waiter)
                .map(std::mem::take)
                .unwrap_or_default();
            if let Some(reply) = self.hand_out(key, task, &poller) {
                self.world.queues.leave(key, waiter, self.world.real);
                self.world.waiters.answer(waiter, Ok(reply));
            } else if let Some(waiting) = self.world.waiters.poller(waiter) {
                *waiting = poller;
            }
        }
    }

    /// A worker shuts down: its polls end, and nothing is put on its sticky queue any more.
    pub(crate) fn shutdown_worker(&mut self, request: &ShutdownWorkerRequest) -> Result<ShutdownWorkerResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        if let Some(heartbeat) = &request.worker_heartbeat {
            self.note_worker(&request.namespace, heartbeat.clone())?;
        }
        let real = self.world.real;
        let mut ended: Vec<WaiterId> = Vec::new();
        if !request.sticky_task_queue.is_empty() {
            let key = self.world.queue(namespace, Work::Workflow, &request.sticky_task_queue);
            if let Some(queue) = self.world.queues.at(key) {
                queue.is_shut_down = true;
                ended.extend(queue.pollers.iter().copied());
            }
            self.move_tasks(key);
        }
        if !request.worker_instance_key.is_empty() {
            if self.shut_down_workers.len() >= limits::WORKER_HEARTBEATS_MAX {
                self.shut_down_workers.pop_first();
            }
            self.shut_down_workers.insert(request.worker_instance_key.clone());
            ended.extend(self.world.waiters.of_worker(&request.worker_instance_key));
        }
        for waiter in ended {
            self.end_wait(waiter, real);
        }
        Ok(ShutdownWorkerResponse {})
    }

    /// Workflow tasks of a sticky queue that nobody will poll again go where anybody takes them.
    fn move_tasks(&mut self, key: QueueKey) {
        while let Some(task) = self.world.queues.take(key) {
            let Self { runs, world, .. } = self;
            let Ok(run) = runs.touch(task.run()) else { continue };
            match task {
                Task::Workflow { stamp, .. } => run.time_task_out(world, stamp),
                Task::Query { query, .. } => run.redirect_query(world, query),
                Task::Activity { .. } | Task::Nexus { .. } => {}
            }
        }
    }

    pub(crate) fn reset_sticky(
        &mut self,
        request: &ResetStickyTaskQueueRequest,
    ) -> Result<ResetStickyTaskQueueResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find(namespace, &request.execution.clone().unwrap_or_default())?;
        self.runs.touch(key)?.sticky = None;
        Ok(ResetStickyTaskQueueResponse {})
    }

    /// Does something with an activity that the worker with the token holds.
    pub(super) fn with_held<T>(
        &mut self,
        token: &bytes::Bytes,
        act: impl FnOnce(&mut Run, &mut super::world::World, i64) -> Result<T>,
    ) -> Result<T> {
        let token = TaskToken::read(token)?;
        let key = self.runs.by_id(token.run_id()).ok_or_else(Run::no_activity)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if !run.is_open() {
            return Err(match run.standalone {
                Some(_) => standalone_activity::missing(&run.is.workflow_id),
                None => Error::completed(),
            });
        }
        let event_id = run.held_activity(&token)?;
        act(run, world, event_id)
    }

    /// Does something with an activity that is named by its id; it need not be in anybody's hands.
    fn with_named<T>(
        &mut self,
        namespace: &str,
        [workflow_id, run_id, activity_id]: [&str; 3],
        act: impl FnOnce(&mut Run, &mut super::world::World, i64) -> Result<T>,
    ) -> Result<T> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        if activity_id.is_empty() {
            return Err(Error::invalid("ActivityId is not set on request."));
        }
        let execution = common::WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
        };
        let key = match workflow_id {
            "" => self.find_activity(namespace, activity_id, run_id)?,
            _ => self.find(namespace, &execution)?,
        };
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if !run.is_open() {
            return Err(match run.standalone {
                Some(_) => standalone_activity::missing(activity_id),
                None => Error::completed(),
            });
        }
        let event_id = run.activity_ids.get(activity_id).copied();
        let event_id = event_id
            .ok_or_else(|| Error::not_found(format!("cannot find pending activity with ActivityID {activity_id}, check workflow execution history for more details")))?;
        act(run, world, event_id)
    }

    pub(crate) fn heartbeat(
        &mut self,
        request: RecordActivityTaskHeartbeatRequest,
    ) -> Result<RecordActivityTaskHeartbeatResponse> {
        let details = request.details;
        let beat = self.with_held(&request.task_token, |run, world, id| {
            Ok(run.heartbeat(world, id, details))
        })?;
        Ok(RecordActivityTaskHeartbeatResponse {
            cancel_requested: beat.cancel_requested,
            activity_paused: beat.activity_paused,
            activity_reset: beat.activity_reset,
        })
    }

    pub(crate) fn heartbeat_by_id(
        &mut self,
        request: RecordActivityTaskHeartbeatByIdRequest,
    ) -> Result<RecordActivityTaskHeartbeatByIdResponse> {
        let details = request.details;
        let named = [request.workflow_id.as_str(), &request.run_id, &request.activity_id];
        let beat = self.with_named(&request.namespace, named, |run, world, id| {
            Ok(run.heartbeat(world, id, details))
        })?;
        Ok(RecordActivityTaskHeartbeatByIdResponse {
            cancel_requested: beat.cancel_requested,
            activity_paused: beat.activity_paused,
            activity_reset: beat.activity_reset,
        })
    }

    pub(crate) fn activity_completed(
        &mut self,
        request: RespondActivityTaskCompletedRequest,
    ) -> Result<RespondActivityTaskCompletedResponse> {
        let (result, identity, build) = (request.result, request.identity, request.worker_version);
        self.with_held(&request.task_token, |run, world, id| {
            run.note_activity_worker(id, build);
            run.complete_activity(world, id, result, &identity);
            Ok(())
        })?;
        Ok(RespondActivityTaskCompletedResponse {})
    }

    pub(crate) fn activity_completed_by_id(
        &mut self,
        request: RespondActivityTaskCompletedByIdRequest,
    ) -> Result<RespondActivityTaskCompletedByIdResponse> {
        let (result, identity) = (request.result, request.identity);
        let named = [request.workflow_id.as_str(), &request.run_id, &request.activity_id];
        self.with_named(&request.namespace, named, |run, world, id| {
            run.complete_activity(world, id, result, &identity);
            Ok(())
        })?;
        Ok(RespondActivityTaskCompletedByIdResponse {})
    }

    pub(crate) fn activity_failed(
        &mut self,
        request: RespondActivityTaskFailedRequest,
    ) -> Result<RespondActivityTaskFailedResponse> {
        TaskToken::read(&request.task_token)?;
        check_failure(request.failure.as_ref())?;
        let (failure, identity, details) = (request.failure, request.identity, request.last_heartbeat_details);
        let build = request.worker_version;
        self.with_held(&request.task_token, |run, world, id| {
            run.note_activity_worker(id, build);
            if details.is_some() {
                run.heartbeat(world, id, details);
            }
            run.fail_activity(world, id, failure, &identity);
            Ok(())
        })?;
        Ok(RespondActivityTaskFailedResponse::default())
    }

    pub(crate) fn activity_failed_by_id(
        &mut self,
        request: RespondActivityTaskFailedByIdRequest,
    ) -> Result<RespondActivityTaskFailedByIdResponse> {
        check_failure(request.failure.as_ref())?;
        let (failure, identity, details) = (request.failure, request.identity, request.last_heartbeat_details);
        let named = [request.workflow_id.as_str(), &request.run_id, &request.activity_id];
        self.with_named(&request.namespace, named, |run, world, id| {
            if details.is_some() {
                run.heartbeat(world, id, details);
            }
            run.fail_activity(world, id, failure, &identity);
            Ok(())
        })?;
        Ok(RespondActivityTaskFailedByIdResponse::default())
    }

    pub(crate) fn activity_canceled(
        &mut self,
        request: RespondActivityTaskCanceledRequest,
    ) -> Result<RespondActivityTaskCanceledResponse> {
        let (details, identity) = (request.details, request.identity);
        self.with_held(&request.task_token, |run, world, id| {
            run.cancel_activity(world, id, details, &identity)
        })?;
        Ok(RespondActivityTaskCanceledResponse {})
    }

    pub(crate) fn activity_canceled_by_id(
        &mut self,
        request: RespondActivityTaskCanceledByIdRequest,
    ) -> Result<RespondActivityTaskCanceledByIdResponse> {
        let (details, identity) = (request.details, request.identity);
        let named = [request.workflow_id.as_str(), &request.run_id, &request.activity_id];
        self.with_named(&request.namespace, named, |run, world, id| {
            run.cancel_activity(world, id, details, &identity)
        })?;
        Ok(RespondActivityTaskCanceledByIdResponse {})
    }
}

fn check_failure(failure: Option<&Failure>) -> Result<()> {
    match failure.map(|failure| &failure.failure_info) {
        None | Some(Some(FailureInfo::ApplicationFailureInfo(_) | FailureInfo::ServerFailureInfo(_))) => Ok(()),
        Some(_) => Err(Error::invalid("Failure must have ApplicationFailureInfo.")),
    }
}
