//! Futures over a host.

use super::State;
use crate::{ActivityCancellation, ChildCancellation, Command, Host, LocalActivityAttributes, OperationId, Resolution};
use std::{
    future::{Future, poll_fn},
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_proto::{
    command::{
        RequestCancelExternalWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    },
    common::{ActivityType, WorkflowExecution, WorkflowType},
};

/// An operation that is awaited; dropping it releases it.
#[derive(Debug)]
pub struct Awaiting {
    host: Host,
    id: OperationId,
    is_done: bool,
}

impl Awaiting {
    /// Asks for an operation.
    #[track_caller]
    #[must_use]
    pub fn new(host: &Host, command: Command) -> Self {
        Self {
            id: host.ask_from(command, Location::caller()),
            host: host.clone(),
            is_done: false,
        }
    }

    /// Cancels the operation.
    pub fn cancel(&self) {
        self.host.cancel(self.id);
    }
}

impl Future for Awaiting {
    type Output = Resolution;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Resolution> {
        let poll = self.host.poll(self.id, context);
        // What only started is still to end.
        let starts = |resolution: &Resolution| {
            matches!(
                resolution,
                Resolution::Started { .. } | Resolution::OperationStarted { .. }
            )
        };
        self.is_done |= matches!(&poll, Poll::Ready(resolution) if !starts(resolution));
        poll
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        if !self.is_done {
            self.host.release(self.id);
        }
    }
}

/// Schedules an activity of a type.
#[track_caller]
#[must_use]
pub fn activity(host: &Host, type_name: &str) -> Awaiting {
    activity_with(host, type_name, ActivityCancellation::TryCancel)
}

/// Schedules an activity of a type, with a way of being cancelled.
#[track_caller]
#[must_use]
pub fn activity_with(host: &Host, type_name: &str, cancellation: ActivityCancellation) -> Awaiting {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_type: Some(ActivityType {
            name: type_name.to_owned(),
        }),
        start_to_close_timeout: Some(steadfast_proto::duration(Duration::from_secs(10))),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    Awaiting::new(
        host,
        Command::Activity {
            attributes: Box::new(attributes),
            cancellation,
            user_metadata: None,
        },
    )
}

/// Runs a local activity of a type, with ten seconds for each attempt.
#[track_caller]
#[must_use]
pub fn local_activity(host: &Host, type_name: &str) -> Awaiting {
    let attributes = LocalActivityAttributes {
        activity_type: type_name.to_owned(),
        start_to_close_timeout: Some(Duration::from_secs(10)),
        ..LocalActivityAttributes::default()
    };
    local_activity_with(host, attributes, ActivityCancellation::TryCancel)
}

/// Runs a local activity.
#[track_caller]
#[must_use]
pub fn local_activity_with(
    host: &Host,
    attributes: LocalActivityAttributes,
    cancellation: ActivityCancellation,
) -> Awaiting {
    Awaiting::new(
        host,
        Command::LocalActivity {
            attributes: Arc::new(attributes),
            cancellation,
            user_metadata: None,
        },
    )
}

/// Starts a timer.
#[track_caller]
#[must_use]
pub fn timer(host: &Host, duration: Duration) -> Awaiting {
    Awaiting::new(
        host,
        Command::Timer {
            duration,
            user_metadata: None,
        },
    )
}

/// Starts a child workflow of the type `child`, with an id. Awaited once, it has started; awaited again, it has ended.
#[track_caller]
#[must_use]
pub fn child(host: &Host, id: &str, cancellation: ChildCancellation) -> Awaiting {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "child".to_owned(),
        }),
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    Awaiting::new(
        host,
        Command::StartChild {
            attributes: Box::new(attributes),
            cancellation,
            user_metadata: None,
        },
    )
}

/// Signals another workflow.
#[track_caller]
#[must_use]
pub fn signal_external(host: &Host, workflow_id: &str, signal_name: &str) -> Awaiting {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            ..WorkflowExecution::default()
        }),
        signal_name: signal_name.to_owned(),
        ..SignalExternalWorkflowExecutionCommandAttributes::default()
    };
    let attributes = Box::new(attributes);
    Awaiting::new(host, Command::SignalExternal { attributes })
}

/// Cancels another workflow.
#[track_caller]
#[must_use]
pub fn cancel_external(host: &Host, workflow_id: &str) -> Awaiting {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.to_owned(),
        ..RequestCancelExternalWorkflowExecutionCommandAttributes::default()
    };
    let attributes = Box::new(attributes);
    Awaiting::new(host, Command::CancelExternal { attributes })
}

/// Waits until a condition on the state holds; `false` if cancelled before.
#[track_caller]
pub fn wait_until<'a, S, F>(host: &'a Host, state: &'a State<S>, condition: F) -> impl Future<Output = bool> + Send + 'a
where
    S: Send + 'static,
    F: Fn(&S) -> bool + Send + 'a,
{
    let mut waiting: Option<Awaiting> = None;
    let location = Location::caller();
    poll_fn(move |context| {
        if state.with(|state| condition(state)) {
            return Poll::Ready(true);
        }
        let operation = waiting.get_or_insert_with(|| Awaiting {
            id: host.ask_from(Command::Wait, location),
            host: host.clone(),
            is_done: false,
        });
        Pin::new(operation).poll(context).map(|_| false)
    })
}
