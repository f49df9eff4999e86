//! Commands, checked: a bad one fails the whole workflow task before any of them has an effect.

use super::{
    command_type,
    external::External,
    history,
    limits::{self, Limits},
    nexus::endpoint::Endpoints,
    retry::RetryPolicy,
    run::Run,
    search_attribute::SearchAttributeTypes,
    time,
};
use steadfast_proto::{
    SmallMap, SmallSet, capitals,
    command::{Command, command::Attributes},
    enums::WorkflowTaskFailedCause as Cause,
    prost::Message as _,
    protocol::Message,
};

/// Why a workflow task fails for one of its commands.
#[derive(Debug)]
pub(crate) struct BadCommand {
    pub(crate) cause: Cause,
    pub(crate) message: String,
    /// It ends the run as well.
    pub(crate) is_fatal: bool,
}

impl BadCommand {
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            is_fatal: false,
        }
    }

    /// The text that the worker and history get.
    pub(crate) fn text(&self) -> String {
        if self.message.is_empty() {
            cause_name(self.cause)
        } else {
            format!("{}: {}", cause_name(self.cause), self.message)
        }
    }
}

fn cause_name(cause: Cause) -> String {
    capitals(cause.as_str_name(), "WORKFLOW_TASK_FAILED_CAUSE_")
}

/// Whether a command ends the run.
pub(crate) fn closes(attributes: &Attributes) -> bool {
    matches!(
        attributes,
        Attributes::CompleteWorkflowExecutionCommandAttributes(_)
            | Attributes::FailWorkflowExecutionCommandAttributes(_)
            | Attributes::CancelWorkflowExecutionCommandAttributes(_)
            | Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_)
    )
}

/// What the commands before the one at hand did, as far as that matters for it.
pub(super) struct Seen<'a> {
    pub(super) run: &'a Run,
    types: &'a SearchAttributeTypes,
    pub(super) limits: &'a Limits,
    pub(super) endpoints: &'a Endpoints,
    pub(super) operations_added: SmallSet<i64>,
    pub(super) operations_canceled: SmallSet<i64>,
    activities: SmallMap<&'a str, bool>,
    timers: SmallMap<&'a str, bool>,
    firings_taken_back: SmallSet<usize>,
    activities_added: usize,
    children_added: usize,
    signals_added: usize,
    cancels_added: usize,
    pub(super) next_event_id: i64,
}

/// Checks all commands of a completed task. `next_event_id` is the number of the first event that they make.
pub(crate) fn check(
    run: &Run,
    types: &SearchAttributeTypes,
    limits: &Limits,
    endpoints: &Endpoints,
    commands: &mut [Command],
    messages: &[Message],
    next_event_id: i64,
) -> Result<(), BadCommand> {
    let bodies: SmallMap<&str, &Message> = messages.iter().map(|message| (message.id.as_str(), message)).collect();
    for command in commands.iter_mut() {
        if let Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) = &mut command.attributes {
            let missing = |what: &str| {
                let text = format!("{what} is not set on UpsertWorkflowSearchAttributesCommand.");
                BadCommand::new(Cause::BadSearchAttributes, text)
            };
            let values = upsert
                .search_attributes
                .as_mut()
                .ok_or_else(|| missing("SearchAttributes"))?;
            if values.indexed_fields.is_empty() {
                return Err(missing("IndexedFields"));
            }
            types
                .check(&run.is.namespace_name, &mut values.indexed_fields)
                .map_err(|error| BadCommand::new(Cause::BadSearchAttributes, error.message.to_string()))?;
        }
    }
    let mut seen = Seen {
        run,
        types,
        limits,
        endpoints,
        operations_added: SmallSet::new(),
        operations_canceled: SmallSet::new(),
        activities: SmallMap::new(),
        timers: SmallMap::new(),
        firings_taken_back: SmallSet::new(),
        activities_added: 0,
        children_added: 0,
        signals_added: 0,
        cancels_added: 0,
        next_event_id,
    };
    for command in commands.iter() {
        let Some(attributes) = &command.attributes else {
            return Err(command_type::without_attributes(command.command_type));
        };
        seen.check(attributes, &bodies)?;
        seen.next_event_id = history::after(seen.next_event_id);
    }
    super::message::check_messages(run, messages)
}

impl<'a> Seen<'a> {
    fn check(&mut self, attributes: &'a Attributes, bodies: &SmallMap<&str, &Message>) -> Result<(), BadCommand> {
        check_size(attributes, self.limits.blob_bytes)?;
        match attributes {
            Attributes::ScheduleActivityTaskCommandAttributes(command) => self.check_activity(command),
            Attributes::RequestCancelActivityTaskCommandAttributes(command) => {
                self.check_cancel_activity(command.scheduled_event_id)
            }
            Attributes::StartTimerCommandAttributes(command) => self.check_timer(command),
            Attributes::CancelTimerCommandAttributes(command) => self.check_cancel_timer(&command.timer_id),
            Attributes::RecordMarkerCommandAttributes(command) => unless(
                command.marker_name.is_empty(),
                Cause::BadRecordMarkerAttributes,
                "MarkerName is not set on RecordMarkerCommand.",
            ),
            Attributes::FailWorkflowExecutionCommandAttributes(command) => {
                unless(
                    command.failure.is_none(),
                    Cause::BadFailWorkflowExecutionAttributes,
                    "Failure is not set on FailWorkflowExecutionCommand.",
                )?;
                self.check_close()
            }
            Attributes::CompleteWorkflowExecutionCommandAttributes(_)
            | Attributes::CancelWorkflowExecutionCommandAttributes(_) => self.check_close(),
            Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command) => self.check_continuation(command),
            Attributes::ModifyWorkflowPropertiesCommandAttributes(command) => unless(
                command.upserted_memo.is_none(),
                Cause::BadModifyWorkflowPropertiesAttributes,
                "UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.",
            ),
            Attributes::ProtocolMessageCommandAttributes(command) => {
                let id = command.message_id.as_str();
                if bodies.contains_key(id) {
                    return Ok(());
                }
                let text = format!("ProtocolMessageCommand referenced absent message ID {id}");
                Err(BadCommand::new(Cause::BadUpdateWorkflowExecutionMessage, text))
            }
            Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => Ok(()),
            Attributes::StartChildWorkflowExecutionCommandAttributes(command) => self.check_child(command),
            Attributes::SignalExternalWorkflowExecutionCommandAttributes(command) => {
                signal_target(command)?;
                self.check_signal()
            }
            Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(command) => {
                if command.workflow_id.is_empty() {
                    let text = format!(
                        "WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand. Namespace={} RunId={}",
                        command.namespace, command.run_id
                    );
                    let cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
                    return Err(BadCommand::new(cause, text));
                }
                self.check_cancel()
            }
            Attributes::ScheduleNexusOperationCommandAttributes(command) => self.check_operation(command),
            Attributes::RequestCancelNexusOperationCommandAttributes(command) => {
                self.check_cancel_operation(command.scheduled_event_id)
            }
        }
    }

    fn check_cancel_activity(&self, scheduled_event_id: i64) -> Result<(), BadCommand> {
        // What has happened (or is about to) can be named, even if the activity is over.
        let known = scheduled_event_id > 0 && scheduled_event_id < self.next_event_id;
        let is_activity = self.run.activities.contains_key(&scheduled_event_id)
            || self.was_activity(scheduled_event_id)
            || scheduled_event_id >= self.run.history.next_event_id();
        if known && is_activity {
            return Ok(());
        }
        Err(BadCommand::new(
            Cause::BadRequestCancelActivityAttributes,
            format!(
                "invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: {}",
                scheduled_event_id
            ),
        ))
    }

    fn check_continuation(
        &self,
        command: &steadfast_proto::command::ContinueAsNewWorkflowExecutionCommandAttributes,
    ) -> Result<(), BadCommand> {
        for timeout in [
            &command.workflow_run_timeout,
            &command.workflow_task_timeout,
            &command.backoff_start_interval,
        ] {
            if time::is_negative(timeout.as_ref()) {
                return Err(BadCommand::new(
                    Cause::BadContinueAsNewAttributes,
                    "A negative duration is set on ContinueAsNewWorkflowExecutionCommand.",
                ));
            }
        }
        if let Some(policy) = &command.retry_policy {
            RetryPolicy::read(policy)
                .map_err(|error| BadCommand::new(Cause::BadContinueAsNewAttributes, error.message.to_string()))?;
        }
        if let Some(attributes) = &command.search_attributes {
            self.types
                .check(&self.run.is.namespace_name, &mut attributes.indexed_fields.clone())
                .map_err(|error| BadCommand::new(Cause::BadSearchAttributes, error.message.to_string()))?;
        }
        self.check_close()
    }

    fn check_activity(
        &mut self,
        command: &'a steadfast_proto::command::ScheduleActivityTaskCommandAttributes,
    ) -> Result<(), BadCommand> {
        let bad = |message: String| Err(BadCommand::new(Cause::BadScheduleActivityAttributes, message));
        let name = command.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
        let Some(queue) = &command.task_queue else {
            return bad("taskQueue is not set".to_owned());
        };
        if let Err(error) = super::start::check_queue(&queue.name) {
            return bad(error.message.into_owned());
        }
        if command.activity_id.is_empty() {
            return bad("activityId is not set".to_owned());
        }
        if name.is_empty() {
            return bad("activityType is not set".to_owned());
        }
        for (what, text) in [("activityId", command.activity_id.as_str()), ("activityType", name)] {
            if text.len() > limits::NAME_BYTES_MAX {
                return bad(format!("{what} exceeds length limit"));
            }
        }
        let timeouts = [
            ("ScheduleToCloseTimeout", &command.schedule_to_close_timeout),
            ("ScheduleToStartTimeout", &command.schedule_to_start_timeout),
            ("StartToCloseTimeout", &command.start_to_close_timeout),
            ("HeartbeatTimeout", &command.heartbeat_timeout),
        ];
        for (what, timeout) in timeouts {
            if time::is_negative(timeout.as_ref()) {
                return bad(format!("invalid {what}: negative duration"));
            }
        }
        if let Some(policy) = &command.retry_policy
            && let Err(error) = RetryPolicy::read(policy)
        {
            return bad(format!(
                "Invalid ActivityRetryPolicy: {}. ActivityId={} ActivityType={name}",
                error.message, command.activity_id
            ));
        }
        let is_zero = |timeout: &Option<_>| time::lasting(timeout.as_ref()).is_zero();
        if is_zero(&command.schedule_to_close_timeout) && is_zero(&command.start_to_close_timeout) {
            return bad(format!(
                "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId={} ActivityType={name}",
                command.activity_id
            ));
        }
        let id = command.activity_id.as_str();
        if self
            .activities
            .get(id)
            .copied()
            .unwrap_or_else(|| self.run.activity_ids.contains_key(id))
        {
            return Err(BadCommand::new(
                Cause::ScheduleActivityDuplicateId,
                format!("invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: {id}"),
            ));
        }
        self.activities.insert(id, true);
        self.activities_added = self.activities_added.saturating_add(1);
        if self.run.activities.len().saturating_add(self.activities_added) > self.limits.pending_activities {
            return Err(BadCommand::new(
                Cause::PendingActivitiesLimitExceeded,
                format!(
                    "the number of pending activities, {}, has reached the per-workflow limit of {}",
                    self.run.activities.len(),
                    self.limits.pending_activities
                ),
            ));
        }
        Ok(())
    }

    fn was_activity(&self, event_id: i64) -> bool {
        use steadfast_proto::enums::EventType;
        self.run
            .history
            .get(event_id)
            .is_some_and(|event| event.event_type() == EventType::ActivityTaskScheduled)
    }

    fn check_timer(
        &mut self,
        command: &'a steadfast_proto::command::StartTimerCommandAttributes,
    ) -> Result<(), BadCommand> {
        if command.timer_id.is_empty() {
            return Err(BadCommand::new(
                Cause::BadStartTimerAttributes,
                "TimerId is not set on StartTimerCommand.",
            ));
        }
        if time::is_negative(command.start_to_fire_timeout.as_ref()) {
            return Err(BadCommand::new(
                Cause::BadStartTimerAttributes,
                format!(
                    "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId={}",
                    command.timer_id
                ),
            ));
        }
        let id = command.timer_id.as_str();
        if self
            .timers
            .get(id)
            .copied()
            .unwrap_or_else(|| self.run.timers.contains_key(id))
        {
            return Err(BadCommand::new(
                Cause::StartTimerDuplicateId,
                format!("invalid history builder state for action: add-timer-started-event, TimerID: {id}"),
            ));
        }
        self.timers.insert(id, true);
        Ok(())
    }

    fn check_cancel_timer(&mut self, id: &'a str) -> Result<(), BadCommand> {
        if self
            .timers
            .get(id)
            .copied()
            .unwrap_or_else(|| self.run.timers.contains_key(id))
        {
            self.timers.insert(id, false);
            return Ok(());
        }
        if let Some((at, _)) = self.run.buffered_firing(id)
            && self.firings_taken_back.insert(at)
        {
            return Ok(());
        }
        Err(BadCommand::new(
            Cause::BadCancelTimerAttributes,
            format!("invalid history builder state for action: add-timer-canceled-event, TimerID: {id}"),
        ))
    }

    fn check_child(
        &mut self,
        command: &steadfast_proto::command::StartChildWorkflowExecutionCommandAttributes,
    ) -> Result<(), BadCommand> {
        let missing = |what: &str| {
            let text = format!("Required field {what} is not set on StartChildWorkflowExecutionCommand.");
            BadCommand::new(Cause::BadStartChildExecutionAttributes, text)
        };
        if command.workflow_id.is_empty() {
            return Err(missing("WorkflowId"));
        }
        if command.workflow_type.as_ref().is_none_or(|kind| kind.name.is_empty()) {
            let namespace = match command.namespace.as_str() {
                "" => &*self.run.is.namespace_name,
                given => given,
            };
            let mut bad = missing("WorkflowType");
            bad.message
                .push_str(&format!(" WorkflowId={} Namespace={namespace}", command.workflow_id));
            return Err(bad);
        }
        if let Some(policy) = &command.retry_policy {
            RetryPolicy::read(policy)
                .map_err(|error| BadCommand::new(Cause::BadStartChildExecutionAttributes, error.message.to_string()))?;
        }
        super::cron::Schedule::read(&command.cron_schedule)
            .map_err(|error| BadCommand::new(Cause::BadStartChildExecutionAttributes, error.message.to_string()))?;
        if let Some(attributes) = &command.search_attributes {
            self.types
                .check(&self.run.is.namespace_name, &mut attributes.indexed_fields.clone())
                .map_err(|error| BadCommand::new(Cause::BadSearchAttributes, error.message.to_string()))?;
        }
        within(
            self.run.children.len(),
            &mut self.children_added,
            self.limits.pending_children,
            Cause::PendingChildWorkflowsLimitExceeded,
            "child workflow executions",
        )
    }

    fn check_signal(&mut self) -> Result<(), BadCommand> {
        let is_signal = |external: &&External| matches!(external, External::Signal(_));
        within(
            self.run.externals.values().filter(is_signal).count(),
            &mut self.signals_added,
            self.limits.pending_externals,
            Cause::PendingSignalsLimitExceeded,
            "signals to external workflows",
        )
    }

    fn check_cancel(&mut self) -> Result<(), BadCommand> {
        let is_cancel = |external: &&External| matches!(external, External::Cancel(_));
        within(
            self.run.externals.values().filter(is_cancel).count(),
            &mut self.cancels_added,
            self.limits.pending_externals,
            Cause::PendingRequestCancelLimitExceeded,
            "requests to cancel external workflows",
        )
    }

    /// A run does not end while something has happened that its code has not seen.
    fn check_close(&self) -> Result<(), BadCommand> {
        if self.run.buffered.len() > self.firings_taken_back.len() {
            return Err(BadCommand::new(Cause::UnhandledCommand, ""));
        }
        Ok(())
    }
}

/// A command without what it needs is a bad one.
/// A signal to another workflow names both.
fn signal_target(
    command: &steadfast_proto::command::SignalExternalWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    let bad = |what: &str| {
        let text = format!("{what} is not set on SignalExternalWorkflowExecutionCommand.");
        BadCommand::new(Cause::BadSignalWorkflowExecutionAttributes, text)
    };
    let Some(target) = &command.execution else {
        return Err(bad("Execution"));
    };
    let place = format!(" Namespace={} RunId={}", command.namespace, target.run_id);
    let mut missing = if target.workflow_id.is_empty() {
        bad("WorkflowId")
    } else if command.signal_name.is_empty() {
        let mut missing = bad("SignalName");
        missing.message.push_str(&format!(" WorkflowId={}", target.workflow_id));
        missing
    } else {
        return Ok(());
    };
    missing.message.push_str(&place);
    Err(missing)
}

fn unless(is_bad: bool, cause: Cause, text: &str) -> Result<(), BadCommand> {
    if is_bad {
        Err(BadCommand::new(cause, text))
    } else {
        Ok(())
    }
}

/// Whether one more may be pending, besides those of before and those that the same task has `added`.
fn within(before: usize, added: &mut usize, limit: usize, cause: Cause, what: &str) -> Result<(), BadCommand> {
    let pending = before.saturating_add(*added);
    *added = added.saturating_add(1);
    if pending < limit {
        return Ok(());
    }
    Err(BadCommand::new(
        cause,
        format!("the number of pending {what}, {pending}, has reached the per-workflow limit of {limit}"),
    ))
}

/// A payload that is too large ends the run: the worker would send it again and again.
fn check_size(attributes: &Attributes, limit: usize) -> Result<(), BadCommand> {
    use Attributes as A;
    let size = |message: Option<usize>| message.unwrap_or(0);
    let (what, bytes) = match attributes {
        A::CompleteWorkflowExecutionCommandAttributes(a) => (
            "CompleteWorkflowExecutionCommandAttributes.Result",
            size(a.result.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::FailWorkflowExecutionCommandAttributes(a) => (
            "FailWorkflowExecutionCommandAttributes.Failure",
            size(a.failure.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::CancelWorkflowExecutionCommandAttributes(a) => (
            "CancelWorkflowExecutionCommandAttributes.Details",
            size(a.details.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::ScheduleActivityTaskCommandAttributes(a) => (
            "ScheduleActivityTaskCommandAttributes.Input",
            size(a.input.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::ContinueAsNewWorkflowExecutionCommandAttributes(a) => (
            "ContinueAsNewWorkflowExecutionCommandAttributes. Input",
            size(a.input.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::RecordMarkerCommandAttributes(a) => (
            "RecordMarkerCommandAttributes.Details",
            a.details.values().map(|blob| blob.encoded_len()).sum(),
        ),
        A::StartChildWorkflowExecutionCommandAttributes(a) => (
            "StartChildWorkflowExecutionCommandAttributes.Input",
            size(a.input.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::SignalExternalWorkflowExecutionCommandAttributes(a) => (
            "SignalExternalWorkflowExecutionCommandAttributes.Input",
            size(a.input.as_ref().map(|blob| blob.encoded_len())),
        ),
        A::ScheduleNexusOperationCommandAttributes(a) => (
            "ScheduleNexusOperationCommandAttributes.Input",
            size(a.input.as_ref().map(|blob| blob.encoded_len())),
        ),
        _ => return Ok(()),
    };
    if bytes <= limit {
        return Ok(());
    }
    // The original names this cause for nearly every kind of command.
    let is_operation = matches!(attributes, A::ScheduleNexusOperationCommandAttributes(_));
    let cause = match is_operation {
        true => Cause::BadScheduleNexusOperationAttributes,
        false => Cause::BadScheduleActivityAttributes,
    };
    Err(BadCommand {
        cause,
        message: format!("{what} exceeds size limit{}", if is_operation { "" } else { "." }),
        is_fatal: true,
    })
}
