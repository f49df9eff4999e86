//! One workflow task's worth of history.

use super::local_activity::LocalActivityMarker;
use std::time::SystemTime;
use steadfast_proto::{
    deployment::WorkerDeploymentVersion, history::HistoryEvent, protocol::Message, sdk::WorkflowTaskCompletedMetadata,
    update::Request as UpdateRequest,
};

/// The events of one workflow task, and what the run must know ahead of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Turn {
    /// In order, up to and including the `WorkflowTaskStarted` that lets code run.
    pub events: Vec<HistoryEvent>,
    /// The task that lets code run; none at the end of a history whose last task is complete.
    pub started: Option<Started>,
    /// Whether history knows how this task was completed.
    pub replaying: bool,
    /// What history says about this task's completion.
    pub ahead: LookAhead,
    /// What the server sent along with the task.
    pub messages: Vec<Message>,
}

/// The `WorkflowTaskStarted` event that a turn ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// The event's id.
    pub event_id: i64,
    /// When it was, which is the workflow's time during the turn.
    pub time: Option<SystemTime>,
}

/// What history says about how a task was completed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LookAhead {
    /// Ids of patches with a recorded marker.
    pub patches: Vec<String>,
    /// Updates that were accepted.
    pub accepted: Vec<AcceptedUpdate>,
    /// Local activities that ended, in the order of their markers.
    pub(crate) local_activities: Vec<LocalActivityMarker>,
    /// Flags, SDK name and version.
    pub completed: Option<WorkflowTaskCompletedMetadata>,
    /// The deployment version whose worker completed it.
    pub deployment_version: Option<WorkerDeploymentVersion>,
}

/// An update that a replayed task accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedUpdate {
    /// Names the update among the protocol's messages.
    pub protocol_instance_id: String,
    /// The id of the message that requested it.
    pub message_id: String,
    /// The event after which it was to be processed.
    pub sequencing_event_id: i64,
    /// The request; none if an `UpdateAdmitted` event holds it.
    pub request: Option<UpdateRequest>,
}
