//! What workflow code asks of its run.

use crate::LocalActivityAttributes;
use std::{sync::Arc, time::Duration};
use steadfast_proto::{
    command::{
        RequestCancelExternalWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        ScheduleNexusOperationCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes,
    },
    sdk::UserMetadata,
};

/// What workflow code asks of its run; each becomes an operation that a future polls.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Schedule an activity. An empty `activity_id` is filled with the operation's number; an empty task queue is the
    /// workflow's.
    Activity {
        /// The command as the server will see it.
        attributes: Box<ScheduleActivityTaskCommandAttributes>,
        /// What cancelling means.
        cancellation: ActivityCancellation,
        /// Summary and details shown by tools.
        user_metadata: Option<UserMetadata>,
    },
    /// Run a local activity in the worker, while the workflow task stays open.
    LocalActivity {
        /// What is to be run, and how.
        attributes: Arc<LocalActivityAttributes>,
        /// What cancelling means.
        cancellation: ActivityCancellation,
        /// Summary and details shown by tools.
        user_metadata: Option<UserMetadata>,
    },
    /// Start a timer. Zero fires on the next task.
    Timer {
        /// How long, in the server's time.
        duration: Duration,
        /// Summary and details shown by tools.
        user_metadata: Option<UserMetadata>,
    },
    /// Start a child workflow. It is resolved twice: with [`Resolution::Started`](crate::Resolution::Started) when it
    /// runs, then with how it ends; a failure may come instead of the start. An empty task queue is the workflow's.
    StartChild {
        /// The command as the server will see it.
        attributes: Box<StartChildWorkflowExecutionCommandAttributes>,
        /// What cancelling means.
        cancellation: ChildCancellation,
        /// Summary and details shown by tools.
        user_metadata: Option<UserMetadata>,
    },
    /// Signal another workflow, or a child.
    SignalExternal {
        /// The command as the server will see it.
        attributes: Box<SignalExternalWorkflowExecutionCommandAttributes>,
    },
    /// Request another workflow's cancellation.
    CancelExternal {
        /// The command as the server will see it.
        attributes: Box<RequestCancelExternalWorkflowExecutionCommandAttributes>,
    },
    /// Call an operation of a Nexus service. One that takes a while is resolved twice: with
    /// [`Resolution::OperationStarted`](crate::Resolution::OperationStarted), then with how it ends.
    NexusOperation {
        /// The command as the server will see it.
        attributes: Box<ScheduleNexusOperationCommandAttributes>,
        /// What cancelling means.
        cancellation: NexusCancellation,
        /// Summary and details shown by tools.
        user_metadata: Option<UserMetadata>,
    },
    /// Wait until workflow code finds its condition fulfilled. Nothing is sent; cancellation resolves it.
    Wait,
}

/// How an activity's cancellation is seen by the workflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ActivityCancellation {
    /// Request it, and resolve as cancelled at once.
    #[default]
    TryCancel,
    /// Request it, and wait for how the activity ends.
    WaitCancellationCompleted,
    /// Request nothing, and resolve as cancelled at once.
    Abandon,
}

/// How a child workflow's cancellation is seen by its parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChildCancellation {
    /// Request nothing, and resolve as cancelled at once.
    Abandon,
    /// Request it, and resolve as cancelled at once.
    TryCancel,
    /// Request it, and wait until the child has received the request.
    WaitCancellationRequested,
    /// Request it, and wait for how the child ends.
    #[default]
    WaitCancellationCompleted,
}

/// How a Nexus operation's cancellation is seen by its caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NexusCancellation {
    /// Request nothing, and resolve as cancelled at once.
    Abandon,
    /// Request it, and resolve as cancelled at once.
    TryCancel,
    /// Request it, and wait until the operation's handler has the request.
    WaitCancellationRequested,
    /// Request it, and wait for how the operation ends.
    #[default]
    WaitCancellationCompleted,
}
