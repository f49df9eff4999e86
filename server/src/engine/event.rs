//! Events: what a run's history is made of.

use steadfast_proto::{
    Shared,
    enums::EventType,
    history::{history_event::Attributes, *},
};

/// The attributes of one type of event.
pub(crate) trait Event {
    const TYPE: EventType;
    fn attributes(self) -> Attributes;
}

macro_rules! events {
    ($($kind:ident $attributes:ident;)*) => {
        $(
            impl Event for $attributes {
                const TYPE: EventType = EventType::$kind;
                fn attributes(self) -> Attributes {
                    Attributes::$attributes(Shared::new(self))
                }
            }
        )*
    };
}

events! {
    WorkflowExecutionStarted WorkflowExecutionStartedEventAttributes;
    WorkflowExecutionCompleted WorkflowExecutionCompletedEventAttributes;
    WorkflowExecutionFailed WorkflowExecutionFailedEventAttributes;
    WorkflowExecutionTimedOut WorkflowExecutionTimedOutEventAttributes;
    WorkflowExecutionCanceled WorkflowExecutionCanceledEventAttributes;
    WorkflowExecutionTerminated WorkflowExecutionTerminatedEventAttributes;
    WorkflowExecutionContinuedAsNew WorkflowExecutionContinuedAsNewEventAttributes;
    WorkflowExecutionCancelRequested WorkflowExecutionCancelRequestedEventAttributes;
    WorkflowExecutionSignaled WorkflowExecutionSignaledEventAttributes;
    WorkflowExecutionOptionsUpdated WorkflowExecutionOptionsUpdatedEventAttributes;
    WorkflowExecutionTimeSkippingTransitioned WorkflowExecutionTimeSkippingTransitionedEventAttributes;
    WorkflowExecutionPaused WorkflowExecutionPausedEventAttributes;
    WorkflowExecutionUnpaused WorkflowExecutionUnpausedEventAttributes;
    WorkflowExecutionUpdateAdmitted WorkflowExecutionUpdateAdmittedEventAttributes;
    WorkflowExecutionUpdateAccepted WorkflowExecutionUpdateAcceptedEventAttributes;
    WorkflowExecutionUpdateCompleted WorkflowExecutionUpdateCompletedEventAttributes;
    WorkflowTaskScheduled WorkflowTaskScheduledEventAttributes;
    WorkflowTaskStarted WorkflowTaskStartedEventAttributes;
    WorkflowTaskCompleted WorkflowTaskCompletedEventAttributes;
    WorkflowTaskFailed WorkflowTaskFailedEventAttributes;
    WorkflowTaskTimedOut WorkflowTaskTimedOutEventAttributes;
    ActivityTaskScheduled ActivityTaskScheduledEventAttributes;
    ActivityTaskStarted ActivityTaskStartedEventAttributes;
    ActivityTaskCompleted ActivityTaskCompletedEventAttributes;
    ActivityTaskFailed ActivityTaskFailedEventAttributes;
    ActivityTaskTimedOut ActivityTaskTimedOutEventAttributes;
    ActivityTaskCancelRequested ActivityTaskCancelRequestedEventAttributes;
    ActivityTaskCanceled ActivityTaskCanceledEventAttributes;
    TimerStarted TimerStartedEventAttributes;
    TimerFired TimerFiredEventAttributes;
    TimerCanceled TimerCanceledEventAttributes;
    MarkerRecorded MarkerRecordedEventAttributes;
    UpsertWorkflowSearchAttributes UpsertWorkflowSearchAttributesEventAttributes;
    WorkflowPropertiesModified WorkflowPropertiesModifiedEventAttributes;
    StartChildWorkflowExecutionInitiated StartChildWorkflowExecutionInitiatedEventAttributes;
    StartChildWorkflowExecutionFailed StartChildWorkflowExecutionFailedEventAttributes;
    ChildWorkflowExecutionStarted ChildWorkflowExecutionStartedEventAttributes;
    ChildWorkflowExecutionCompleted ChildWorkflowExecutionCompletedEventAttributes;
    ChildWorkflowExecutionFailed ChildWorkflowExecutionFailedEventAttributes;
    ChildWorkflowExecutionCanceled ChildWorkflowExecutionCanceledEventAttributes;
    ChildWorkflowExecutionTimedOut ChildWorkflowExecutionTimedOutEventAttributes;
    ChildWorkflowExecutionTerminated ChildWorkflowExecutionTerminatedEventAttributes;
    SignalExternalWorkflowExecutionInitiated SignalExternalWorkflowExecutionInitiatedEventAttributes;
    SignalExternalWorkflowExecutionFailed SignalExternalWorkflowExecutionFailedEventAttributes;
    ExternalWorkflowExecutionSignaled ExternalWorkflowExecutionSignaledEventAttributes;
    RequestCancelExternalWorkflowExecutionInitiated RequestCancelExternalWorkflowExecutionInitiatedEventAttributes;
    RequestCancelExternalWorkflowExecutionFailed RequestCancelExternalWorkflowExecutionFailedEventAttributes;
    ExternalWorkflowExecutionCancelRequested ExternalWorkflowExecutionCancelRequestedEventAttributes;
    NexusOperationScheduled NexusOperationScheduledEventAttributes;
    NexusOperationStarted NexusOperationStartedEventAttributes;
    NexusOperationCompleted NexusOperationCompletedEventAttributes;
    NexusOperationFailed NexusOperationFailedEventAttributes;
    NexusOperationCanceled NexusOperationCanceledEventAttributes;
    NexusOperationTimedOut NexusOperationTimedOutEventAttributes;
    NexusOperationCancelRequested NexusOperationCancelRequestedEventAttributes;
    NexusOperationCancelRequestCompleted NexusOperationCancelRequestCompletedEventAttributes;
    NexusOperationCancelRequestFailed NexusOperationCancelRequestFailedEventAttributes;
}

/// Whether events of this type are flushed after the others: they end what an earlier event began.
pub(crate) fn is_completion(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::ActivityTaskCompleted
            | EventType::ActivityTaskFailed
            | EventType::ActivityTaskTimedOut
            | EventType::ActivityTaskCanceled
            | EventType::ChildWorkflowExecutionCompleted
            | EventType::ChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionCanceled
            | EventType::ChildWorkflowExecutionTimedOut
            | EventType::ChildWorkflowExecutionTerminated
            | EventType::NexusOperationCompleted
            | EventType::NexusOperationFailed
            | EventType::NexusOperationCanceled
            | EventType::NexusOperationTimedOut
    )
}

/// The event that scheduled the activity, if the event speaks of one that ended, and where its started event goes.
pub(crate) fn started_event_id_of(attributes: &mut Attributes) -> Option<(i64, &mut i64)> {
    match attributes {
        Attributes::ActivityTaskCompletedEventAttributes(a) => Some((a.scheduled_event_id, &mut a.started_event_id)),
        Attributes::ActivityTaskFailedEventAttributes(a) => Some((a.scheduled_event_id, &mut a.started_event_id)),
        Attributes::ActivityTaskTimedOutEventAttributes(a) => Some((a.scheduled_event_id, &mut a.started_event_id)),
        Attributes::ActivityTaskCanceledEventAttributes(a) => Some((a.scheduled_event_id, &mut a.started_event_id)),
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
            Some((a.initiated_event_id, &mut a.started_event_id))
        }
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
            Some((a.initiated_event_id, &mut a.started_event_id))
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            Some((a.initiated_event_id, &mut a.started_event_id))
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            Some((a.initiated_event_id, &mut a.started_event_id))
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            Some((a.initiated_event_id, &mut a.started_event_id))
        }
        _ => None,
    }
}
