//! What kind of event it is.

use steadfast_proto::{
    enums::EventType,
    history::{HistoryEvent, MarkerRecordedEventAttributes},
};

pub(crate) const PATCH_MARKER: &str = "core_patch";
pub(crate) const PATCH_DETAILS: &str = "patch-data";

/// The event's type; unknown numbers are `Unspecified`.
pub(crate) fn kind(event: &HistoryEvent) -> EventType {
    EventType::try_from(event.event_type).unwrap_or(EventType::Unspecified)
}

/// The type's name as Temporal's tools print it.
pub(crate) fn name(event: &HistoryEvent) -> String {
    match EventType::try_from(event.event_type) {
        Ok(kind) => kind_name(kind),
        Err(_) => format!("event type {}", event.event_type),
    }
}

/// `EVENT_TYPE_TIMER_STARTED` as `TimerStarted`.
pub(crate) fn kind_name(kind: EventType) -> String {
    let words = kind.as_str_name().trim_start_matches("EVENT_TYPE_");
    words
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            format!("{first}{}", rest.to_ascii_lowercase())
        })
        .collect()
}

/// Events that record a command of a workflow task; they follow that task's `WorkflowTaskCompleted` without a gap.
pub(crate) fn is_command(kind: EventType) -> bool {
    use EventType as E;
    matches!(
        kind,
        E::ActivityTaskScheduled
            | E::ActivityTaskCancelRequested
            | E::MarkerRecorded
            | E::NexusOperationCancelRequested
            | E::NexusOperationScheduled
            | E::RequestCancelExternalWorkflowExecutionInitiated
            | E::SignalExternalWorkflowExecutionInitiated
            | E::StartChildWorkflowExecutionInitiated
            | E::TimerCanceled
            | E::TimerStarted
            | E::UpsertWorkflowSearchAttributes
            | E::WorkflowExecutionCanceled
            | E::WorkflowExecutionCompleted
            | E::WorkflowExecutionContinuedAsNew
            | E::WorkflowExecutionFailed
            | E::WorkflowExecutionUpdateAccepted
            | E::WorkflowExecutionUpdateCompleted
            | E::WorkflowExecutionUpdateRejected
            | E::WorkflowPropertiesModified
    )
}

/// Events after which a run has no more.
pub(crate) fn is_final(kind: EventType) -> bool {
    use EventType as E;
    matches!(
        kind,
        E::WorkflowExecutionCanceled
            | E::WorkflowExecutionCompleted
            | E::WorkflowExecutionContinuedAsNew
            | E::WorkflowExecutionFailed
            | E::WorkflowExecutionTerminated
            | E::WorkflowExecutionTimedOut
    )
}

/// Events that, right after `WorkflowTaskStarted`, say that the task came to nothing.
pub(crate) fn ends_task_in_vain(kind: EventType) -> bool {
    use EventType as E;
    matches!(
        kind,
        E::WorkflowExecutionCanceled
            | E::WorkflowExecutionTerminated
            | E::WorkflowExecutionTimedOut
            | E::WorkflowTaskFailed
            | E::WorkflowTaskTimedOut
    )
}

/// What a patch marker says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct PatchMarker {
    pub(crate) id: String,
    pub(crate) deprecated: bool,
}

impl PatchMarker {
    /// The marker's content, if the marker is a patch's. An older core wrote two plain details instead of one JSON.
    pub(crate) fn read(marker: &MarkerRecordedEventAttributes) -> Option<Self> {
        if marker.marker_name != PATCH_MARKER {
            return None;
        }
        let detail = |key: &str| Some(&marker.details.get(key)?.payloads.first()?.data);
        if let Some(data) = detail(PATCH_DETAILS) {
            return serde_json::from_slice(data).ok();
        }
        Some(Self {
            id: String::from_utf8(detail("patch_id")?.to_vec()).ok()?,
            deprecated: detail("deprecated")?.first().is_some_and(|byte| *byte != 0),
        })
    }
}
