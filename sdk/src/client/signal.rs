//! Signals.

use super::{SignalError, ToClient, new_id};
use crate::convert::EncodeError;
use std::future::IntoFuture;
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, workflowservice::SignalWorkflowExecutionRequest};

/// A signal, sent when awaited. That it was recorded is all that is waited for.
#[must_use = "a signal is not sent until awaited"]
pub struct SignalCall {
    target: ToClient,
    request: Box<SignalWorkflowExecutionRequest>,
    error: Option<EncodeError>,
}

impl SignalCall {
    pub(super) fn new(target: ToClient, name: String, arguments: Result<Payloads, EncodeError>) -> Self {
        let (input, error) = split(arguments);
        let request = Box::new(SignalWorkflowExecutionRequest {
            namespace: target.client().namespace().to_owned(),
            workflow_execution: Some(target.execution()),
            signal_name: name,
            input,
            identity: target.client().identity().to_owned(),
            request_id: new_id(),
            ..SignalWorkflowExecutionRequest::default()
        });
        Self { target, request, error }
    }

    /// Signals of the same id count once within a run.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }
}

impl IntoFuture for SignalCall {
    type Output = Result<(), SignalError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(error) = self.error {
                return Err(error.into());
            }
            self.target
                .client()
                .connection()
                .signal_workflow_execution(*self.request)
                .await?;
            Ok(())
        })
    }
}

/// Builders keep what they could not encode until they are awaited.
pub(super) fn split(arguments: Result<Payloads, EncodeError>) -> (Option<Payloads>, Option<EncodeError>) {
    match arguments {
        Ok(payloads) => (Some(payloads), None),
        Err(error) => (None, Some(error)),
    }
}
