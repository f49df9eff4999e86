//! Other workflows, as workflow code reaches them.

use super::{Workflow, operation::Operation};
use crate::{
    convert::{Converter, EncodeError},
    error::{CancelWorkflowError, SignalWorkflowError},
    handle::{Handle, HandleCore, Target},
};
use std::{
    borrow::Cow,
    fmt,
    future::{Future, IntoFuture},
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};
use steadfast_core::{Command, Host, Resolution, Undelivered};
use steadfast_proto::{
    command::{
        RequestCancelExternalWorkflowExecutionCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
    },
    common::{Payloads, WorkflowExecution},
};

/// A workflow that is no child of this one: it can be signalled and cancelled.
pub type ExternalHandle<W> = Handle<W, ToExternal>;

/// To another workflow, from a workflow.
#[derive(Clone)]
pub struct ToExternal {
    host: Host,
    converter: Converter,
    execution: WorkflowExecution,
}

impl ToExternal {
    pub(super) fn new(host: &Host, converter: &Converter, workflow_id: String) -> Self {
        Self {
            host: host.clone(),
            converter: converter.clone(),
            execution: WorkflowExecution {
                workflow_id,
                run_id: String::new(),
            },
        }
    }
}

impl fmt::Debug for ToExternal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToExternal")
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}

impl Target for ToExternal {
    type Signal = SignalCommand;

    fn converter(&self) -> &Converter {
        &self.converter
    }

    fn signal(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> SignalCommand {
        let execution = self.execution.clone();
        SignalCommand::new(&self.host, execution, false, name.into_owned(), arguments)
    }
}

impl<W: Workflow + ?Sized> HandleCore<W, ToExternal> {
    /// The workflow's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.target.execution.workflow_id
    }

    /// The run that is meant; none if it is whichever runs.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        Some(self.target.execution.run_id.as_str()).filter(|run_id| !run_id.is_empty())
    }

    /// The same workflow, but no other than this run of it.
    #[must_use]
    pub fn with_run_id(&self, run_id: impl Into<String>) -> ExternalHandle<W> {
        let mut target = self.target.clone();
        target.execution.run_id = run_id.into();
        Handle::of(target)
    }

    /// Requests its cancellation, which it may heed or not. Done once the request has reached it.
    pub fn cancel(&self, reason: impl Into<String>) -> CancelCommand {
        CancelCommand {
            host: self.target.host.clone(),
            attributes: Box::new(RequestCancelExternalWorkflowExecutionCommandAttributes {
                workflow_id: self.target.execution.workflow_id.clone(),
                run_id: self.target.execution.run_id.clone(),
                reason: reason.into(),
                ..RequestCancelExternalWorkflowExecutionCommandAttributes::default()
            }),
        }
    }
}

/// A signal to another workflow, sent when awaited. Done once it is recorded there.
#[must_use = "a signal is not sent until awaited"]
pub struct SignalCommand {
    host: Host,
    attributes: Box<SignalExternalWorkflowExecutionCommandAttributes>,
    error: Option<EncodeError>,
}

impl SignalCommand {
    pub(super) fn new(
        host: &Host,
        execution: WorkflowExecution,
        child_workflow_only: bool,
        signal_name: String,
        arguments: Result<Payloads, EncodeError>,
    ) -> Self {
        let (input, error) = match arguments {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            host: host.clone(),
            attributes: Box::new(SignalExternalWorkflowExecutionCommandAttributes {
                execution: Some(execution),
                signal_name,
                input,
                child_workflow_only,
                ..SignalExternalWorkflowExecutionCommandAttributes::default()
            }),
            error,
        }
    }
}

impl IntoFuture for SignalCommand {
    type Output = Result<(), SignalWorkflowError>;
    type IntoFuture = SignalDelivery;

    #[track_caller]
    fn into_future(self) -> SignalDelivery {
        SignalDelivery(match self.error {
            Some(error) => Err(Some(error)),
            None => {
                let command = Command::SignalExternal {
                    attributes: self.attributes,
                };
                Ok(Operation::issue(&self.host, command, Location::caller()))
            }
        })
    }
}

/// A signal on its way. Dropping it doesn't stop it.
#[must_use = "whether the signal is received is lost unless this is awaited"]
pub struct SignalDelivery(Result<Operation, Option<EncodeError>>);

impl Future for SignalDelivery {
    type Output = Result<(), SignalWorkflowError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(operation) => operation.poll(task).map(|resolution| match resolution {
                Resolution::Completed(_) => Ok(()),
                Resolution::Undelivered(why) => Err(match why {
                    Undelivered::NotFound => SignalWorkflowError::NotFound,
                    Undelivered::NamespaceNotFound => SignalWorkflowError::NamespaceNotFound,
                    Undelivered::SignalLimit => SignalWorkflowError::TooManySignals,
                    Undelivered::Other(cause) => SignalWorkflowError::Other(cause),
                }),
                _ => Err(SignalWorkflowError::Cancelled),
            }),
            Err(error) => error.take().map_or(Poll::Pending, |error| {
                Poll::Ready(Err(SignalWorkflowError::Encode(error)))
            }),
        }
    }
}

/// The cancellation of another workflow, requested when awaited.
#[must_use = "nothing is cancelled until this is awaited"]
pub struct CancelCommand {
    host: Host,
    attributes: Box<RequestCancelExternalWorkflowExecutionCommandAttributes>,
}

impl IntoFuture for CancelCommand {
    type Output = Result<(), CancelWorkflowError>;
    type IntoFuture = CancelDelivery;

    #[track_caller]
    fn into_future(self) -> CancelDelivery {
        let command = Command::CancelExternal {
            attributes: self.attributes,
        };
        CancelDelivery(Operation::issue(&self.host, command, Location::caller()))
    }
}

/// A request for cancellation on its way. Dropping it doesn't stop it.
#[must_use = "whether the request is received is lost unless this is awaited"]
pub struct CancelDelivery(Operation);

impl Future for CancelDelivery {
    type Output = Result<(), CancelWorkflowError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(task).map(|resolution| match resolution {
            Resolution::Completed(_) => Ok(()),
            Resolution::Undelivered(why) => Err(match why {
                Undelivered::NotFound => CancelWorkflowError::NotFound,
                Undelivered::NamespaceNotFound => CancelWorkflowError::NamespaceNotFound,
                Undelivered::SignalLimit => CancelWorkflowError::Other(0),
                Undelivered::Other(cause) => CancelWorkflowError::Other(cause),
            }),
            _ => Err(CancelWorkflowError::Cancelled),
        })
    }
}
