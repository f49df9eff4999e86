//! The completion of a workflow task: commands and messages become events, the next task is arranged.

use super::{
    Engine,
    command::{self, BadCommand},
    command_type,
    deployment::Version,
    error::{Error, Result},
    limits,
    message::{Said, read_message},
    poller::Poller,
    run::Run,
    search_attribute,
    time::{self, Time},
    token::TaskToken,
    workflow_task::{Kind, Scheduled, Started, Sticky, WorkflowTask},
    world::World,
};
use steadfast_proto::{
    SmallMap,
    command::{Command, RecordMarkerCommandAttributes, ScheduleActivityTaskCommandAttributes, command::Attributes},
    common,
    enums::{CommandType, WorkflowTaskFailedCause as Cause},
    failure::{Failure, ServerFailureInfo, failure::FailureInfo},
    history::{
        MarkerRecordedEventAttributes, UpsertWorkflowSearchAttributesEventAttributes,
        WorkflowPropertiesModifiedEventAttributes, WorkflowTaskCompletedEventAttributes,
        WorkflowTaskTimedOutEventAttributes,
    },
    protocol::Message,
    workflow::ResetPointInfo,
    workflowservice::*,
};

/// The request id of a task that is handed out in the answer to the one before.
const INLINE_REQUEST_ID: &str = "request-from-RespondWorkflowTaskCompleted";

impl Engine {
    pub(crate) fn respond_task_completed(
        &mut self,
        mut request: RespondWorkflowTaskCompletedRequest,
    ) -> Result<RespondWorkflowTaskCompletedResponse> {
        let token = TaskToken::read(&request.task_token)?;
        check_types(&request.commands)?;
        let missing = || Error::not_found("Workflow task not found.");
        let key = self.runs.by_id(token.run_id()).ok_or_else(missing)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        let (scheduled, started) = match &run.task {
            WorkflowTask::Started(scheduled, started) if scheduled.stamp == token.stamp => {
                (scheduled.clone(), started.clone())
            }
            _ => return Err(missing()),
        };
        if request.intermediate_page || request.page_number > 0 {
            return Err(Error::unbuilt("a workflow task completion in pages"));
        }
        let is_heartbeat =
            request.force_create_new_workflow_task && request.commands.is_empty() && request.messages.is_empty();
        if is_heartbeat && run.now(world).since(scheduled.original_time) > limits::WORKFLOW_TASK_HEARTBEAT_MAX {
            run.end_heartbeats(world);
            return Err(Error::not_found("workflow task heartbeat timeout"));
        }
        let recorded = if scheduled.kind == Kind::Normal { 1 } else { 3 };
        let next_event_id = run.history.next_event_id().saturating_add(recorded);
        let checked = match world.namespaces.get(run.is.namespace) {
            Some(namespace) => command::check(
                run,
                &namespace.search_attributes,
                &world.limits,
                &world.endpoints,
                &mut request.commands,
                &request.messages,
                next_event_id,
            ),
            None => return Err(Error::broken("a run has a namespace")),
        };
        if let Err(bad) = checked {
            return Err(run.refuse(world, &bad, &scheduled, &request.identity));
        }
        Ok(run.complete_task(world, request, &scheduled, &started))
    }

    pub(crate) fn respond_task_failed(
        &mut self,
        request: RespondWorkflowTaskFailedRequest,
    ) -> Result<RespondWorkflowTaskFailedResponse> {
        let token = TaskToken::read(&request.task_token)?;
        let cause = request.cause();
        let missing = || Error::not_found("Workflow task not found.");
        let key = self.runs.by_id(token.run_id()).ok_or_else(missing)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        match &run.task {
            WorkflowTask::Started(scheduled, _) if scheduled.stamp == token.stamp => {}
            _ => return Err(missing()),
        }
        // What the worker says of its queries does not matter: they go with the next task.
        run.fail_task(world, cause, request.failure, &request.identity, true);
        run.direct_queries(world);
        Ok(RespondWorkflowTaskFailedResponse {})
    }
}

/// Refuses what is wrong with the list as a whole, before the task is touched.
fn check_types(commands: &[Command]) -> Result<()> {
    let mut closing = None;
    for command in commands {
        let kind = CommandType::try_from(command.command_type).unwrap_or(CommandType::Unspecified);
        if kind == CommandType::Unspecified {
            return Err(Error::invalid(format!(
                "unknown command type: {}",
                command.command_type
            )));
        }
        if let Some(closing) = closing {
            return Err(Error::invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                command_type::names(commands),
                command_type::name(closing)
            )));
        }
        closing = command.attributes.as_ref().is_some_and(command::closes).then_some(kind);
    }
    Ok(())
}

impl Run {
    /// A command is bad: the task fails, the worker hears why.
    fn refuse(&mut self, world: &mut World, bad: &BadCommand, scheduled: &Scheduled, identity: &str) -> Error {
        let text = bad.text();
        let error = Error::invalid(text.clone());
        self.updates.unsend(world);
        let failure = Failure {
            message: text.clone(),
            failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo::default())),
            ..Failure::default()
        };
        if bad.is_fatal {
            self.record_task(world);
            self.fail_task_for_good(world, bad.cause, failure, identity);
            self.terminate(world, &text, None, "history-service", Vec::new());
            return error;
        }
        if bad.cause == Cause::UnhandledCommand {
            self.fail_task(world, bad.cause, Some(failure), identity, false);
        } else if scheduled.attempt > 1 {
            // Only a time-out slows down a worker that repeats its mistake.
        } else {
            self.fail_task(world, bad.cause, Some(failure), identity, true);
        }
        error
    }

    /// Commands-only heartbeats went on for too long.
    fn end_heartbeats(&mut self, world: &mut World) {
        self.record_task(world);
        let task = std::mem::take(&mut self.task);
        if let WorkflowTask::Started(mut scheduled, started) = task {
            world.deadlines.clear(&mut scheduled.deadline);
            self.record(
                world,
                WorkflowTaskTimedOutEventAttributes {
                    scheduled_event_id: scheduled.event_id,
                    started_event_id: started.event_id,
                    timeout_type: steadfast_proto::enums::TimeoutType::StartToClose.into(),
                },
            );
        }
        self.sticky = None;
        self.flush(world);
        self.want_task(world);
    }

    fn complete_task(
        &mut self,
        world: &mut World,
        mut request: RespondWorkflowTaskCompletedRequest,
        scheduled: &Scheduled,
        started: &Started,
    ) -> RespondWorkflowTaskCompletedResponse {
        let can_discard = request
            .capabilities
            .is_some_and(|can| can.discard_speculative_workflow_task_with_events);
        if scheduled.kind == Kind::Speculative && self.leaves_no_trace(&request, scheduled, can_discard) {
            return self.drop_speculative(world, request);
        }
        let (_, started_event_id) = self.record_completion(world, &mut request, started);
        let eager = self.poller_of(&request);
        let mut response = RespondWorkflowTaskCompletedResponse::default();
        self.apply(
            world,
            std::mem::take(&mut request.commands),
            &request.messages,
            &request.identity,
            &eager,
            &mut response.activity_tasks,
        );
        self.set_sticky(&mut request);
        let force = request.force_create_new_workflow_task;
        if !force && self.is_open() {
            self.reject_unprocessed_updates(world);
        }
        self.answer_queries(world, std::mem::take(&mut request.query_results));
        debug_assert!(started_event_id > 0, "a completed task was started");
        if self.is_paused() {
            self.flush(world);
        } else if self.is_open() {
            let news = self.flush(world) || std::mem::take(&mut self.wants_task);
            let original = if force && !news {
                scheduled.original_time
            } else {
                self.now(world)
            };
            let next = self.next_task(world, news || force, request.return_new_workflow_task, original, &eager);
            response.workflow_task = next.map(Box::new);
        }
        self.direct_queries(world);
        response
    }

    /// Writes the events of the task itself. The number of its completed and its started event.
    fn record_completion(
        &mut self,
        world: &mut World,
        request: &mut RespondWorkflowTaskCompletedRequest,
        started: &Started,
    ) -> (i64, i64) {
        self.record_task(world);
        let WorkflowTask::Started(mut scheduled, now_started) = std::mem::take(&mut self.task) else {
            return (0, 0);
        };
        world.deadlines.clear(&mut scheduled.deadline);
        let version = request
            .worker_version_stamp
            .take()
            .or_else(|| started.worker_version.clone().map(Box::new));
        let mut attributes = WorkflowTaskCompletedEventAttributes {
            scheduled_event_id: scheduled.event_id,
            started_event_id: now_started.event_id,
            identity: request.identity.clone(),
            binary_checksum: request.binary_checksum.clone(),
            worker_version: version.clone(),
            sdk_metadata: request.sdk_metadata.take(),
            metering_metadata: request.metering_metadata.take(),
            versioning_behavior: request.versioning_behavior,
            ..Default::default()
        };
        let deployment = Version::of_worker(request.deployment_options.as_deref());
        let build_id = match (&deployment, &version) {
            (Some(deployment), _) => deployment.build_id.to_string(),
            (None, Some(version)) => version.build_id.clone(),
            (None, None) => String::new(),
        };
        self.note_version(world, &mut attributes, deployment);
        let completed = self.record(world, attributes);
        self.previous_started_event_id = now_started.event_id;
        self.last_completed_event_id = completed;
        self.next_attempt = 1;
        self.note_reset_point(world, build_id, &request.binary_checksum, completed);
        self.last_worker_version = version;
        (completed, now_started.event_id)
    }

    fn note_reset_point(&mut self, world: &World, build_id: String, checksum: &str, completed: i64) {
        let known = |point: &ResetPointInfo| point.build_id == build_id && point.binary_checksum == checksum;
        if self.reset_points.iter().any(known) {
            return;
        }
        if self.reset_points.len() >= 20 {
            self.reset_points.remove(0);
        }
        // Hardly ever is there another one.
        self.reset_points.reserve_exact(1);
        self.reset_points.push(ResetPointInfo {
            build_id,
            binary_checksum: checksum.to_owned(),
            run_id: self.is.run_id.text(),
            first_workflow_task_completed_id: completed,
            create_time: self.now(world).wire(),
            resettable: self.children.is_empty(),
            ..Default::default()
        });
    }

    /// The points that the next run of the chain is told of: this run is kept no longer than its namespace says.
    pub(crate) fn expiring_reset_points(&self, world: &World) -> Vec<ResetPointInfo> {
        let retention = world
            .namespaces
            .get(self.is.namespace)
            .map(|namespace| namespace.retention);
        let expires = retention.and_then(|retention| self.now(world).plus(retention).wire());
        let mut points = self.reset_points.clone();
        for point in points.iter_mut().filter(|point| point.expire_time.is_none()) {
            point.expire_time = expires;
        }
        points
    }

    fn poller_of(&self, request: &RespondWorkflowTaskCompletedRequest) -> Poller {
        let version = request.worker_version_stamp.as_ref();
        let version = version.or(self.last_worker_version.as_ref());
        Poller {
            identity: request.identity.clone(),
            version: version.map(|version| (**version).clone()),
            deployment: Version::of_worker(request.deployment_options.as_deref()),
            ..Poller::default()
        }
    }

    fn set_sticky(&mut self, request: &mut RespondWorkflowTaskCompletedRequest) {
        let queue = request.sticky_attributes.take().and_then(|sticky| {
            let name = sticky.worker_task_queue?.name;
            let schedule_to_start = time::lasting(sticky.schedule_to_start_timeout.as_ref());
            (!name.is_empty()).then(|| Sticky {
                queue: name.into(),
                schedule_to_start,
            })
        });
        self.sticky = queue;
    }

    /// Whether a task that served updates alone had no effect, so that it can vanish.
    fn leaves_no_trace(
        &self,
        request: &RespondWorkflowTaskCompletedRequest,
        scheduled: &Scheduled,
        can_discard: bool,
    ) -> bool {
        let only_rejections = || {
            request
                .messages
                .iter()
                .all(|message| matches!(read_message(message), Some(Said::Rejected(_))))
        };
        // A protocol command that points to a rejection has no effect either.
        let is_pointer = |command: &Command| {
            matches!(
                command.attributes,
                Some(Attributes::ProtocolMessageCommandAttributes(_))
            )
        };
        let news = scheduled
            .event_id
            .saturating_sub(self.previous_started_event_id.saturating_add(2));
        let discardable = news == 0 || (can_discard && news <= limits::DISCARDED_EVENTS_MAX);
        discardable
            && self.buffered.is_empty()
            && !request.force_create_new_workflow_task
            && request.commands.iter().all(is_pointer)
            && only_rejections()
    }

    fn drop_speculative(
        &mut self,
        world: &mut World,
        mut request: RespondWorkflowTaskCompletedRequest,
    ) -> RespondWorkflowTaskCompletedResponse {
        let eager = self.poller_of(&request);
        self.drop_task(world);
        self.set_sticky(&mut request);
        for message in &request.messages {
            self.hear(world, message);
        }
        self.reject_unprocessed_updates(world);
        self.answer_queries(world, std::mem::take(&mut request.query_results));
        let reset_history_event_id = self.previous_started_event_id;
        let workflow_task = self.next_task(world, false, request.return_new_workflow_task, self.now(world), &eager);
        self.direct_queries(world);
        RespondWorkflowTaskCompletedResponse {
            reset_history_event_id,
            workflow_task: workflow_task.map(Box::new),
            ..Default::default()
        }
    }

    /// Arranges the task after the one that has just come back, and hands it out at once if the worker wants that.
    fn next_task(
        &mut self,
        world: &mut World,
        news: bool,
        inline: bool,
        original_time: Time,
        poller: &Poller,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        let kind = match (news, self.updates.are_admitted()) {
            (true, _) => Kind::Normal,
            (false, true) => Kind::Speculative,
            (false, false) => return None,
        };
        // A worker of another version may be the one to go on.
        let inline = inline && self.target_version(world) == poller.deployment;
        self.schedule_task(world, kind, original_time, !inline);
        if !inline {
            return None;
        }
        self.start_task(world, None, poller, INLINE_REQUEST_ID.to_owned())
    }

    fn record_marker(&mut self, world: &mut World, command: RecordMarkerCommandAttributes, completed: i64) {
        let event = self.event(
            world,
            MarkerRecordedEventAttributes {
                marker_name: command.marker_name,
                details: command.details,
                workflow_task_completed_event_id: completed,
                header: command.header,
                failure: command.failure,
            },
        );
        self.push(world, event);
    }

    fn upsert_search_attributes(&mut self, world: &mut World, values: common::SearchAttributes, completed: i64) {
        search_attribute::merge(&mut self.search_attributes, &values.indexed_fields);
        self.is_indexed = false;
        self.record(
            world,
            UpsertWorkflowSearchAttributesEventAttributes {
                workflow_task_completed_event_id: completed,
                search_attributes: Some(values),
            },
        );
    }

    fn upsert_memo(&mut self, world: &mut World, memo: common::Memo, completed: i64) {
        search_attribute::merge(&mut self.memo, &memo.fields);
        self.record(
            world,
            WorkflowPropertiesModifiedEventAttributes {
                workflow_task_completed_event_id: completed,
                upserted_memo: Some(memo),
            },
        );
    }

    /// Carries commands and messages out. They are checked.
    fn apply(
        &mut self,
        world: &mut World,
        commands: Vec<Command>,
        messages: &[Message],
        identity: &str,
        eager: &Poller,
        activity_tasks: &mut Vec<PollActivityTaskQueueResponse>,
    ) {
        let completed = self.last_completed_event_id;
        let mut unheard: SmallMap<&str, &Message> =
            messages.iter().map(|message| (message.id.as_str(), message)).collect();
        for command in commands {
            let Some(attributes) = command.attributes else { continue };
            let event_id = self.history.next_event_id();
            match attributes {
                Attributes::ScheduleActivityTaskCommandAttributes(command) => {
                    self.schedule_activity_of(world, *command, completed, eager, activity_tasks);
                }
                Attributes::RequestCancelActivityTaskCommandAttributes(command) => {
                    self.request_activity_cancel(world, command.scheduled_event_id, completed, identity);
                }
                Attributes::StartTimerCommandAttributes(command) => self.start_timer(world, *command, completed),
                Attributes::CancelTimerCommandAttributes(command) => {
                    self.cancel_timer(world, command.timer_id, completed, identity)
                }
                Attributes::RecordMarkerCommandAttributes(command) => self.record_marker(world, *command, completed),
                Attributes::UpsertWorkflowSearchAttributesCommandAttributes(command) => {
                    self.upsert_search_attributes(world, command.search_attributes.unwrap_or_default(), completed);
                }
                Attributes::ModifyWorkflowPropertiesCommandAttributes(command) => {
                    self.upsert_memo(world, command.upserted_memo.unwrap_or_default(), completed);
                }
                Attributes::ProtocolMessageCommandAttributes(command) => {
                    if let Some(message) = unheard.remove(command.message_id.as_str()) {
                        self.hear(world, message);
                    }
                }
                Attributes::CompleteWorkflowExecutionCommandAttributes(command) => {
                    self.complete(world, command.result, completed)
                }
                Attributes::FailWorkflowExecutionCommandAttributes(command) => {
                    self.fail(world, command.failure.unwrap_or_default(), completed);
                }
                Attributes::CancelWorkflowExecutionCommandAttributes(command) => {
                    self.cancel(world, command.details, completed)
                }
                Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command) => {
                    self.continue_as_new(world, *command, completed)
                }
                Attributes::StartChildWorkflowExecutionCommandAttributes(command) => {
                    self.initiate_child(world, *command, completed)
                }
                Attributes::SignalExternalWorkflowExecutionCommandAttributes(command) => {
                    self.initiate_signal(world, *command, completed)
                }
                Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(command) => {
                    self.initiate_cancel(world, *command, completed)
                }
                Attributes::ScheduleNexusOperationCommandAttributes(command) => {
                    self.schedule_operation(world, *command, completed)
                }
                Attributes::RequestCancelNexusOperationCommandAttributes(command) => {
                    self.request_operation_cancel(world, command.scheduled_event_id, completed)
                }
            }
            if command.user_metadata.is_some() || !command.event_group_markers.is_empty() {
                self.history.annotate(
                    event_id,
                    command.user_metadata.map(|metadata| *metadata),
                    command.event_group_markers,
                );
            }
        }
        self.hear_rest(world, messages, &mut unheard);
    }

    /// Schedules an activity; if the worker gets it with the answer, it is put to the tasks.
    fn schedule_activity_of(
        &mut self,
        world: &mut World,
        command: ScheduleActivityTaskCommandAttributes,
        completed: i64,
        eager: &Poller,
        activity_tasks: &mut Vec<PollActivityTaskQueueResponse>,
    ) {
        let eager = self.may_be_eager(&command).then_some(eager);
        if let Some(task) = self.schedule_activity(world, command, completed, eager) {
            // Most often it is the only one, and large.
            if activity_tasks.is_empty() {
                activity_tasks.reserve_exact(1);
            }
            activity_tasks.push(task);
        }
    }

    /// Whether the worker asks for the activity at once, and may have it: it polls the workflow's own queue.
    fn may_be_eager(&self, command: &ScheduleActivityTaskCommandAttributes) -> bool {
        let queue = command.task_queue.as_ref();
        let is_own = queue.is_none_or(|queue| queue.name.is_empty() || *queue.name == *self.is.task_queue);
        command.request_eager_execution && is_own
    }

    fn hear_rest(&mut self, world: &mut World, messages: &[Message], unheard: &mut SmallMap<&str, &Message>) {
        for message in messages {
            if let Some(message) = unheard.remove(message.id.as_str()) {
                self.hear(world, message);
            }
        }
    }

    fn hear(&mut self, world: &mut World, message: &Message) {
        let id = &message.protocol_instance_id;
        match read_message(message) {
            Some(Said::Accepted(acceptance)) => self.accept_update(world, id, *acceptance),
            Some(Said::Completed(response)) => self.complete_update(world, id, *response),
            Some(Said::Rejected(rejection)) => self.reject_update(world, id, rejection.failure.unwrap_or_default()),
            None => {}
        }
    }
}
