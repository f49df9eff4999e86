//! Commands of the code beside events of the history.

use super::Journal;
use crate::{
    TaskFailure,
    history::{
        event::{self, PatchMarker},
        local_activity::read_data,
    },
    issued::{Issued, Terminal, What},
    limits::{MISMATCH_ROWS_AFTER_MAX, MISMATCH_ROWS_BEFORE_MAX},
    machines::search_attribute,
    mismatch::{Mismatch, Row, TurnError},
    operation::Kind,
};
use steadfast_proto::{
    common::WorkflowExecution,
    enums::EventType,
    history::{
        ActivityTaskScheduledEventAttributes, HistoryEvent, NexusOperationScheduledEventAttributes,
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes,
        history_event::Attributes,
    },
};

impl Journal {
    /// Whether an event records a command; if not, in what they differ.
    pub(super) fn compare(&mut self, what: &What, event: &HistoryEvent, checks_ids: bool) -> Result<(), String> {
        use Attributes as A;
        let Some(attributes) = &event.attributes else {
            return Err("the event has no content".to_owned());
        };
        match (what, attributes) {
            (What::ScheduleActivity { slot }, A::ActivityTaskScheduledEventAttributes(scheduled)) => {
                self.compare_activity(*slot, scheduled, checks_ids)
            }
            (What::LocalActivity { slot }, A::MarkerRecordedEventAttributes(marker)) => {
                self.compare_marker(*slot, marker)
            }
            (
                What::CancelActivity { scheduled_event_id, .. },
                A::ActivityTaskCancelRequestedEventAttributes(requested),
            ) => same("scheduled event", &requested.scheduled_event_id, scheduled_event_id),
            (What::StartTimer { number, .. }, A::TimerStartedEventAttributes(started)) => {
                same("timer id", started.timer_id.as_str(), &number.to_string())
            }
            (What::CancelTimer { number, .. }, A::TimerCanceledEventAttributes(canceled)) => {
                same("timer id", canceled.timer_id.as_str(), &number.to_string())
            }
            (What::StartChild { .. }, A::StartChildWorkflowExecutionInitiatedEventAttributes(_))
            | (What::SignalExternal { .. }, A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_))
            | (What::CancelExternal { .. }, A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_))
            | (What::ScheduleNexus { .. }, A::NexusOperationScheduledEventAttributes(_))
                if !checks_ids =>
            {
                Ok(())
            }
            (What::StartChild { slot }, A::StartChildWorkflowExecutionInitiatedEventAttributes(initiated)) => {
                self.compare_child(*slot, initiated)
            }
            (What::SignalExternal { slot }, A::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated)) => {
                self.compare_signal(*slot, initiated)
            }
            (
                What::CancelExternal { slot },
                A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated),
            ) => self.compare_cancellation(*slot, initiated),
            (What::ScheduleNexus { slot }, A::NexusOperationScheduledEventAttributes(scheduled)) => {
                self.compare_nexus(*slot, scheduled)
            }
            (
                What::CancelNexus { scheduled_event_id, .. },
                A::NexusOperationCancelRequestedEventAttributes(requested),
            ) => same("scheduled event", &requested.scheduled_event_id, scheduled_event_id),
            (
                What::AcceptUpdate { protocol_instance_id },
                A::WorkflowExecutionUpdateAcceptedEventAttributes(accepted),
            ) => same("update", accepted.protocol_instance_id.as_str(), protocol_instance_id),
            (What::CompleteUpdate { update_id }, A::WorkflowExecutionUpdateCompletedEventAttributes(completed)) => {
                let recorded = completed.meta.as_ref().map_or("", |meta| meta.update_id.as_str());
                same("update", recorded, update_id)
            }
            (
                What::ChangeVersions | What::UpsertSearchAttributes,
                A::UpsertWorkflowSearchAttributesEventAttributes(_),
            ) => {
                let recorded = search_attribute::is_change_versions(event);
                if recorded == (*what == What::ChangeVersions) {
                    Ok(())
                } else {
                    let of = |is_own| if is_own { "of its patches" } else { "of the code" };
                    Err(differs("search attribute", of(recorded), of(!recorded)))
                }
            }
            (What::UpsertMemo, A::WorkflowPropertiesModifiedEventAttributes(_))
            | (What::Terminal(Terminal::Complete), A::WorkflowExecutionCompletedEventAttributes(_))
            | (What::Terminal(Terminal::Fail), A::WorkflowExecutionFailedEventAttributes(_))
            | (What::Terminal(Terminal::Cancel), A::WorkflowExecutionCanceledEventAttributes(_))
            | (What::Terminal(Terminal::ContinueAsNew), A::WorkflowExecutionContinuedAsNewEventAttributes(_)) => Ok(()),
            _ => Err(format!(
                "history has {}, the code {}",
                event::name(event),
                self.describe(what)
            )),
        }
    }

    fn compare_activity(
        &mut self,
        slot: u32,
        scheduled: &ActivityTaskScheduledEventAttributes,
        checks_ids: bool,
    ) -> Result<(), String> {
        let Some(Kind::Activity(activity)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return Err("the command has no activity".to_owned());
        };
        let recorded_type = scheduled.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
        if !checks_ids {
            Ok(())
        } else if activity.identity.type_name != recorded_type {
            Err(differs("activity type", recorded_type, &activity.identity.type_name))
        } else if activity.identity.id != scheduled.activity_id {
            Err(differs("activity id", &scheduled.activity_id, &activity.identity.id))
        } else {
            Ok(())
        }
    }

    fn compare_child(
        &mut self,
        slot: u32,
        initiated: &StartChildWorkflowExecutionInitiatedEventAttributes,
    ) -> Result<(), String> {
        let Some(Kind::Child(child)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return Err("the command has no child workflow".to_owned());
        };
        let recorded_type = initiated.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
        same(
            "child workflow's type",
            recorded_type,
            child.identity.type_name.as_str(),
        )?;
        same("child workflow's id", &initiated.workflow_id, &child.identity.id)
    }

    fn compare_signal(
        &mut self,
        slot: u32,
        initiated: &SignalExternalWorkflowExecutionInitiatedEventAttributes,
    ) -> Result<(), String> {
        let Some(Kind::Signal(signal)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return Err("the command has no signal".to_owned());
        };
        same("signal", &initiated.signal_name, &signal.name)?;
        same(
            "signalled workflow",
            target(initiated.workflow_execution.as_ref()),
            &signal.workflow_id,
        )
    }

    fn compare_cancellation(
        &mut self,
        slot: u32,
        initiated: &RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    ) -> Result<(), String> {
        let Some(Kind::Cancellation(cancellation)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return Err("the command has no cancellation".to_owned());
        };
        let recorded = target(initiated.workflow_execution.as_ref());
        same("cancelled workflow", recorded, &cancellation.workflow_id)
    }

    fn compare_nexus(&mut self, slot: u32, scheduled: &NexusOperationScheduledEventAttributes) -> Result<(), String> {
        let Some(Kind::Nexus(nexus)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return Err("the command has no Nexus operation".to_owned());
        };
        same("Nexus endpoint", &scheduled.endpoint, &nexus.identity.endpoint)?;
        same("Nexus service", &scheduled.service, &nexus.identity.service)?;
        same("Nexus operation", &scheduled.operation, &nexus.identity.operation)
    }

    /// Builds the report of a difference at an event, `rest` being the events after it.
    pub(super) fn mismatch(&mut self, event: &HistoryEvent, rest: &[HistoryEvent], difference: String) -> TurnError {
        if let Some(kind) = unsupported(event) {
            return TurnError::Task(TaskFailure::new(format!(
                "event {} is {}: this version doesn't replay {kind} yet",
                event.event_id,
                event::name(event)
            )));
        }
        let upcoming: Vec<(What, String)> = self
            .queue
            .upcoming()
            .take(MISMATCH_ROWS_AFTER_MAX.saturating_add(1))
            .map(|issued| (issued.what.clone(), place(issued)))
            .collect();
        let code: Vec<String> = upcoming
            .iter()
            .map(|(what, place)| format!("{}  {place}", self.describe(what)))
            .collect();
        let mut rows: Vec<Row> = self
            .met
            .iter()
            .map(|(event_id, kind, location)| Row {
                history: format!(
                    "{event_id} {}",
                    EventType::try_from(*kind).map(event::kind_name).unwrap_or_default()
                ),
                code: format!("same  {location}"),
                differs: false,
            })
            .collect();
        let after = rest.iter().filter(|event| event::is_command(event::kind(event)));
        let events = std::iter::once(event).chain(after.take(MISMATCH_ROWS_AFTER_MAX));
        let mut code_lines = code.iter();
        for (index, event) in events.enumerate() {
            rows.push(Row {
                history: describe_event(event),
                code: code_lines.next().cloned().unwrap_or_else(|| "(nothing)".to_owned()),
                differs: index == 0,
            });
        }
        rows.extend(code_lines.map(|line| Row {
            history: "(nothing)".to_owned(),
            code: line.clone(),
            differs: false,
        }));
        TurnError::Mismatch(Box::new(Mismatch {
            event_id: event.event_id,
            recorded: describe_event(event),
            issued: upcoming.first().map(|(what, _)| self.describe(what)),
            location: upcoming.first().map(|(_, place)| place.clone()),
            difference,
            hint: hint(event),
            rows,
        }))
    }

    /// Remembers a command that met its event.
    pub(super) fn remember(&mut self, event_id: i64, event_type: i32, issued: &Issued) {
        if self.met.len() >= MISMATCH_ROWS_BEFORE_MAX {
            self.met.pop_front();
        }
        self.met.push_back((event_id, event_type, issued.location));
    }

    pub(super) fn describe(&mut self, what: &What) -> String {
        match what {
            What::ScheduleActivity { slot } => match self.operations.at(*slot).map(|operation| &operation.kind) {
                Some(Kind::Activity(activity)) => format!(
                    "schedules activity {} ({})",
                    activity.identity.type_name, activity.identity.id
                ),
                _ => "schedules an activity".to_owned(),
            },
            What::LocalActivity { slot } => match self.operations.at(*slot).map(|operation| &operation.kind) {
                Some(Kind::LocalActivity(activity)) => format!(
                    "ends local activity {} ({})",
                    activity.identity.type_name, activity.identity.id
                ),
                _ => "ends a local activity".to_owned(),
            },
            What::CancelActivity { scheduled_event_id, .. } => {
                format!("cancels the activity of event {scheduled_event_id}")
            }
            What::StartTimer { number, .. } => format!("starts timer {number}"),
            What::CancelTimer { number, .. } => format!("cancels timer {number}"),
            What::StartChild { slot } | What::SignalExternal { slot } | What::CancelExternal { slot } => {
                match self.operations.at(*slot).map(|operation| &operation.kind) {
                    Some(Kind::Child(child)) => {
                        format!(
                            "starts child workflow {} ({})",
                            child.identity.type_name, child.identity.id
                        )
                    }
                    Some(Kind::Signal(signal)) => {
                        format!("sends signal {} to workflow {}", signal.name, signal.workflow_id)
                    }
                    Some(Kind::Cancellation(cancellation)) => format!("cancels workflow {}", cancellation.workflow_id),
                    _ => "reaches for another workflow".to_owned(),
                }
            }
            What::ScheduleNexus { slot } => match self.operations.at(*slot).map(|operation| &operation.kind) {
                Some(Kind::Nexus(nexus)) => {
                    let identity = &nexus.identity;
                    format!("calls Nexus operation {} of {}", identity.operation, identity.service)
                }
                _ => "calls a Nexus operation".to_owned(),
            },
            What::CancelNexus { scheduled_event_id, .. } => {
                format!("cancels the Nexus operation of event {scheduled_event_id}")
            }
            What::Patch { id } => format!("asks for patch {id}"),
            What::ChangeVersions => "lists its patches".to_owned(),
            What::UpsertSearchAttributes => "changes search attributes".to_owned(),
            What::UpsertMemo => "changes the memo".to_owned(),
            What::AcceptUpdate { protocol_instance_id } => format!("accepts update {protocol_instance_id}"),
            What::CompleteUpdate { update_id } => format!("completes update {update_id}"),
            What::Terminal(Terminal::Complete) => "completes the workflow".to_owned(),
            What::Terminal(Terminal::Fail) => "fails the workflow".to_owned(),
            What::Terminal(Terminal::Cancel) => "cancels the workflow".to_owned(),
            What::Terminal(Terminal::ContinueAsNew) => "continues as new".to_owned(),
        }
    }
}

fn place(issued: &Issued) -> String {
    match issued.what {
        What::AcceptUpdate { .. } | What::CompleteUpdate { .. } | What::Terminal(_) => String::new(),
        _ => issued.location.to_string(),
    }
}

pub(super) fn same<T: PartialEq + std::fmt::Display + ?Sized>(
    what: &str,
    recorded: &T,
    issued: &T,
) -> Result<(), String> {
    if recorded == issued {
        Ok(())
    } else {
        Err(differs(what, &recorded.to_string(), &issued.to_string()))
    }
}

fn target(execution: Option<&WorkflowExecution>) -> &str {
    execution.map_or("", |execution| execution.workflow_id.as_str())
}

fn differs(what: &str, recorded: &str, issued: &str) -> String {
    format!("{what} is '{recorded}' in history and '{issued}' in the code")
}

/// `11 ActivityTaskScheduled charge (2)`
fn describe_event(event: &HistoryEvent) -> String {
    use Attributes as A;
    let detail = match &event.attributes {
        Some(A::ActivityTaskScheduledEventAttributes(scheduled)) => format!(
            " {} ({})",
            scheduled.activity_type.as_ref().map_or("", |kind| kind.name.as_str()),
            scheduled.activity_id
        ),
        Some(A::StartChildWorkflowExecutionInitiatedEventAttributes(initiated)) => format!(
            " {} ({})",
            initiated.workflow_type.as_ref().map_or("", |kind| kind.name.as_str()),
            initiated.workflow_id
        ),
        Some(A::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated)) => format!(
            " {} ({})",
            initiated.signal_name,
            target(initiated.workflow_execution.as_ref())
        ),
        Some(A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated)) => {
            format!(" {}", target(initiated.workflow_execution.as_ref()))
        }
        Some(A::NexusOperationScheduledEventAttributes(nexus)) => format!(" {} of {}", nexus.operation, nexus.service),
        Some(A::TimerStartedEventAttributes(timer)) => format!(" {}", timer.timer_id),
        Some(A::TimerCanceledEventAttributes(timer)) => format!(" {}", timer.timer_id),
        Some(A::MarkerRecordedEventAttributes(marker)) => match (PatchMarker::read(marker), read_data(marker)) {
            (Some(patch), _) => format!(" patch {}", patch.id),
            (None, Some(local)) => format!(" local activity {} ({})", local.activity_type, local.activity_id),
            (None, None) => format!(" {}", marker.marker_name),
        },
        Some(A::WorkflowExecutionUpdateAcceptedEventAttributes(update)) => format!(" {}", update.protocol_instance_id),
        _ => String::new(),
    };
    format!("{} {}{detail}", event.event_id, event::name(event))
}

/// Kinds of commands that this core can't replay.
fn unsupported(event: &HistoryEvent) -> Option<&'static str> {
    use EventType as E;
    match event::kind(event) {
        E::MarkerRecorded => match &event.attributes {
            Some(Attributes::MarkerRecordedEventAttributes(marker)) => {
                if PatchMarker::read(marker).is_some() || read_data(marker).is_some() {
                    None
                } else {
                    Some("markers of this name")
                }
            }
            _ => None,
        },
        _ => None,
    }
}

fn hint(event: &HistoryEvent) -> String {
    if let Some(Attributes::MarkerRecordedEventAttributes(marker)) = &event.attributes
        && let Some(patch) = PatchMarker::read(marker)
    {
        let id = patch.id;
        return format!(
            "The run passed patched(\"{id}\") here. Keep that call, or deprecate_patch(\"{id}\") in its place, until no \
             such run is left."
        );
    }
    "The code changed since this run passed here, or it isn't deterministic. Put the new way behind patched(\"..\") and \
     keep the old one in the other branch."
        .to_owned()
}
