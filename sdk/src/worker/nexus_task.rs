//! One request to a Nexus operation: handled, then answered.

#![allow(clippy::result_large_err)] // failures travel as they are between handlers and the server

use super::{activity_task::text, shared::Shared, stop::Phase};
use crate::{
    client::{RequestError, RpcError},
    error::{NexusError, NexusErrorKind},
    nexus::{NexusContext, NexusInfo, Reply, WorkflowToken, kind_of},
    workflow::Untyped,
};
use futures_util::FutureExt;
use std::{
    future::{Future, pending},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use steadfast_proto::{
    failure::{Failure, failure::FailureInfo},
    json,
    nexus::{
        self, CancelOperationRequest, CancelOperationResponse, HandlerError, Request, Response, StartOperationRequest,
        StartOperationResponse, UnsuccessfulOperationError, request, response, start_operation_response as start,
    },
    tonic::Code,
    workflowservice::{PollNexusTaskQueueResponse, RespondNexusTaskCompletedRequest, RespondNexusTaskFailedRequest},
};

/// What failures of the API are marked with where they travel as failures of Nexus.
const WRAPPED_FAILURE: &str = "temporal.api.failure.v1.Failure";

/// One request to a Nexus operation.
pub(super) struct NexusTask {
    shared: Arc<Shared>,
    task: Box<PollNexusTaskQueueResponse>,
}

/// What became of a request.
pub(super) type Outcome = Result<response::Variant, Failure>;

impl NexusTask {
    pub(super) fn new(shared: Arc<Shared>, task: Box<PollNexusTaskQueueResponse>) -> Self {
        Self { shared, task }
    }

    pub(super) fn service(&self) -> &str {
        match self.task.request.as_ref().and_then(|request| request.variant.as_ref()) {
            Some(request::Variant::StartOperation(start)) => &start.service,
            Some(request::Variant::CancelOperation(cancel)) => &cancel.service,
            None => "",
        }
    }

    pub(super) async fn run(mut self) {
        let request = self.task.request.take().unwrap_or_default();
        let takes_failures = request
            .capabilities
            .as_ref()
            .is_some_and(|can| can.temporal_failure_responses);
        let timeout = request_timeout(&request);
        let shared = &self.shared;
        let measured = shared.metrics.as_ref().map(|metrics| metrics.nexus_request(&request));
        let outcome = async {
            let mut request = request;
            shared.read_nexus(&mut request).await?;
            handle(shared, request).await
        };
        let outcome = self.in_time(timeout, outcome).await;
        if let Some(measured) = &measured {
            measured.handled(outcome.as_ref());
        }
        let Some(outcome) = outcome else {
            tracing::warn!("a Nexus operation took longer than the server waits for its answer, and is tried again");
            return;
        };
        self.shared.status.nexus_tasks.done(outcome.is_err());
        if let Err(error) = self.answer(outcome, takes_failures).await {
            if error.code() == Code::NotFound {
                tracing::debug!(%error, "the server does not wait for the Nexus operation's answer any more");
            } else {
                tracing::warn!(%error, "what came of a Nexus operation's request could not be reported");
            }
        } else if let Some(measured) = &measured {
            measured.answered();
        }
    }

    /// The outcome; `None` if the server waits for it no longer.
    async fn in_time(&self, timeout: Option<Duration>, outcome: impl Future<Output = Outcome>) -> Option<Outcome> {
        let mut listener = self.shared.stop.listen();
        let is_over = async {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            outcome = outcome => Some(outcome),
            () = is_over => None,
            () = listener.reached(Phase::Cancelling) => {
                let message = "the worker shut down before the operation's handler was done";
                Some(refused(NexusErrorKind::Unavailable, message))
            }
        }
    }

    async fn answer(&self, outcome: Outcome, takes_failures: bool) -> Result<(), RpcError> {
        let variant = match outcome {
            Ok(variant) => variant,
            Err(failure) => return self.failed(failure, takes_failures).await,
        };
        let mut response = Response { variant: Some(variant) };
        if let Err(failure) = self.shared.write_nexus(&mut response).await {
            return self.failed(failure, takes_failures).await;
        }
        if !takes_failures {
            response = in_older_form(response);
        }
        let request = RespondNexusTaskCompletedRequest {
            namespace: self.shared.namespace(),
            identity: self.shared.identity.clone(),
            task_token: self.task.task_token.clone(),
            response: Some(response),
            ..RespondNexusTaskCompletedRequest::default()
        };
        match self
            .shared
            .client
            .connection()
            .respond_nexus_task_completed(request)
            .await
        {
            // The answer is what the server can't take, too large for one: another attempt would give the same.
            Err(error) if matches!(error.code(), Code::InvalidArgument | Code::ResourceExhausted) => {
                let refused = NexusError::new(format!("the server refused the operation's answer: {error}"));
                let failure = refused.non_retryable().into_handler_failure();
                self.failed(failure, takes_failures).await
            }
            answer => answer.map(drop),
        }
    }

    async fn failed(&self, mut failure: Failure, takes_failures: bool) -> Result<(), RpcError> {
        if let Err(unsaid) = self.shared.write_nexus(&mut failure).await {
            failure = unsaid;
        }
        let (failure, error) = if takes_failures {
            (Some(failure), None)
        } else {
            (None, Some(handler_error(failure)))
        };
        #[allow(deprecated)] // older servers, and requests to cancel, know nothing else
        let request = RespondNexusTaskFailedRequest {
            namespace: self.shared.namespace(),
            identity: self.shared.identity.clone(),
            task_token: self.task.task_token.clone(),
            error,
            failure,
            ..RespondNexusTaskFailedRequest::default()
        };
        self.shared
            .client
            .connection()
            .respond_nexus_task_failed(request)
            .await
            .map(drop)
    }
}

async fn handle(shared: &Shared, request: Request) -> Outcome {
    let info = NexusInfo {
        request_timeout: request_timeout(&request),
        endpoint: request.endpoint,
        namespace: shared.namespace(),
        task_queue: shared.task_queue.clone(),
        headers: request
            .header
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        ..NexusInfo::default()
    };
    match request.variant {
        Some(request::Variant::StartOperation(start)) => {
            let info = NexusInfo {
                service: start.service.clone(),
                operation: start.operation.clone(),
                request_id: start.request_id.clone(),
                ..info
            };
            let context = NexusContext::new(info, shared.client.clone(), Some(&start));
            let reply = caught(self::start(shared, context.clone(), &start)).await;
            started(&context, reply)
        }
        Some(request::Variant::CancelOperation(cancel)) => {
            let info = NexusInfo {
                service: cancel.service.clone(),
                operation: cancel.operation.clone(),
                ..info
            };
            let context = NexusContext::new(info, shared.client.clone(), None);
            match caught(self::cancel(shared, context, cancel)).await {
                Ok(()) => Ok(response::Variant::CancelOperation(CancelOperationResponse {})),
                // That the operation failed is no answer to its cancellation.
                Err(error) => Err(error.into_handler_failure()),
            }
        }
        None => refused(
            NexusErrorKind::NotImplemented,
            "the request is of a kind that this worker does not know",
        ),
    }
}

async fn start(shared: &Shared, context: NexusContext, start: &StartOperationRequest) -> Result<Reply, NexusError> {
    let Some(operations) = shared.registry.find_nexus_service(&start.service) else {
        return Err(unknown_service(shared, &start.service));
    };
    match operations.find(&start.operation) {
        Some(handler) => handler(context, start.payload.as_ref()).await,
        None => {
            let known = operations.names().collect::<Vec<_>>().join("`, `");
            let message = format!(
                "the Nexus service `{}` has no operation `{}` on this worker of task queue \"{}\"; it has: `{known}`",
                start.service, start.operation, shared.task_queue
            );
            Err(NexusError::of_kind(NexusErrorKind::NotFound, message))
        }
    }
}

/// A service's own method comes first; without one, an operation that is a workflow is cancelled as such.
async fn cancel(shared: &Shared, context: NexusContext, cancel: CancelOperationRequest) -> Result<(), NexusError> {
    let Some(operations) = shared.registry.find_nexus_service(&cancel.service) else {
        return Err(unknown_service(shared, &cancel.service));
    };
    #[allow(deprecated)] // older servers call it so
    let token = Some(cancel.operation_token)
        .filter(|token| !token.is_empty())
        .unwrap_or(cancel.operation_id);
    if let Some(handler) = operations.find_cancel(&cancel.operation) {
        return handler(context, token).await;
    }
    let Some(workflow) = WorkflowToken::decode(&token) else {
        let message = format!(
            "the operation `{}` of the Nexus service `{}` can't be cancelled: it is no workflow, and has no `#[cancel({})]` method",
            cancel.operation, cancel.service, cancel.operation
        );
        return Err(NexusError::of_kind(NexusErrorKind::NotImplemented, message));
    };
    if workflow.namespace != shared.client.namespace() {
        let message = format!(
            "the operation is a workflow of the namespace \"{}\", this worker is of \"{}\"",
            workflow.namespace,
            shared.client.namespace()
        );
        return Err(NexusError::of_kind(NexusErrorKind::BadRequest, message));
    }
    let handle = shared.client.workflow::<Untyped>(workflow.workflow_id);
    handle.cancel().await.map_err(|error| {
        let (RequestError::NotFound(rpc) | RequestError::Rpc(rpc)) = &error;
        let kind = kind_of(rpc);
        NexusError::from(error).with_kind(kind)
    })
}

fn unknown_service(shared: &Shared, service: &str) -> NexusError {
    let known = shared.registry.nexus_service_names().join("`, `");
    let message = format!(
        "the Nexus service `{service}` is not registered on this worker of task queue \"{}\"; registered: `{known}`",
        shared.task_queue
    );
    tracing::warn!("{message}");
    NexusError::of_kind(NexusErrorKind::NotFound, message)
}

/// A panic is a handler's error like others.
async fn caught<T>(handler: impl Future<Output = Result<T, NexusError>>) -> Result<T, NexusError> {
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        let message = format!("the Nexus operation's handler panicked: {}", text(&*panic));
        Err(NexusError::new(message).type_name("Panic"))
    };
    AssertUnwindSafe(handler).catch_unwind().await.unwrap_or_else(panicked)
}

fn refused(kind: NexusErrorKind, message: &str) -> Outcome {
    Err(NexusError::of_kind(kind, message).into_handler_failure())
}

/// What the server is told of an operation that was to be started.
fn started(context: &NexusContext, reply: Result<Reply, NexusError>) -> Outcome {
    let links = context.take_links();
    let variant = match reply {
        Ok(Reply::Done(payload)) => start::Variant::SyncSuccess(start::Sync {
            payload: Some(payload),
            links,
        }),
        Ok(Reply::Started(operation_token)) if !operation_token.is_empty() => {
            start::Variant::AsyncSuccess(start::Async {
                operation_token,
                links,
                ..start::Async::default()
            })
        }
        Ok(Reply::Started(_)) => {
            let message = "a `StartedOperation` has an empty token, by which nobody could know the operation";
            return refused(NexusErrorKind::Internal, message);
        }
        Err(error) => start::Variant::Failure(error.into_outcome()?),
    };
    Ok(response::Variant::StartOperation(StartOperationResponse {
        variant: Some(variant),
    }))
}

/// An answer for a server that knows no failures of the API here.
fn in_older_form(response: Response) -> Response {
    let Some(response::Variant::StartOperation(StartOperationResponse {
        variant: Some(start::Variant::Failure(failure)),
    })) = response.variant
    else {
        return response;
    };
    let variant = Some(unsuccessful(failure));
    Response {
        variant: Some(response::Variant::StartOperation(StartOperationResponse { variant })),
    }
}

/// The older way to say that an operation failed.
#[allow(deprecated)]
fn unsuccessful(failure: Failure) -> start::Variant {
    let is_cancelled = matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_)));
    start::Variant::OperationError(UnsuccessfulOperationError {
        operation_state: if is_cancelled { "canceled" } else { "failed" }.to_owned(),
        failure: Some(wrapped(failure)),
    })
}

/// The older way to say that a handler failed.
fn handler_error(failure: Failure) -> HandlerError {
    let (error_type, retry_behavior) = match &failure.failure_info {
        Some(FailureInfo::NexusHandlerFailureInfo(info)) => (info.r#type.clone(), info.retry_behavior),
        _ => (NexusErrorKind::Internal.as_str().to_owned(), 0),
    };
    HandlerError {
        error_type,
        failure: Some(wrapped(failure.cause.map_or_else(Failure::default, |cause| *cause))),
        retry_behavior,
    }
}

/// A failure of the API as one of Nexus.
fn wrapped(mut failure: Failure) -> nexus::Failure {
    let message = std::mem::take(&mut failure.message);
    let details = json::to_json_line(&failure).unwrap_or_default();
    nexus::Failure {
        message,
        metadata: [("type".to_owned(), WRAPPED_FAILURE.to_owned())].into(),
        details: details.into(),
        ..nexus::Failure::default()
    }
}

/// How long the server waits for the answer.
fn request_timeout(request: &Request) -> Option<Duration> {
    let mut headers = request.header.iter();
    let (_, text) = headers.find(|(name, _)| name.eq_ignore_ascii_case("request-timeout"))?;
    duration(text)
}

/// A duration as the Nexus protocol writes it: a number and `ms`, `s` or `m`.
fn duration(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let (number, seconds) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))?;
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("9500ms"), Some(Duration::from_millis(9_500)));
        assert_eq!(duration("9.5s"), Some(Duration::from_millis(9_500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        for text in ["", "9", "s", "-1s", "9h", "NaNs"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    #[allow(deprecated)]
    fn older_servers_are_told_the_same() {
        let failure = NexusError::of_kind(NexusErrorKind::NotFound, "no Ada")
            .retryable(true)
            .into_outcome();
        let error = handler_error(failure.unwrap_err());
        assert_eq!((error.error_type.as_str(), error.retry_behavior), ("NOT_FOUND", 1));
        assert_eq!(error.failure.unwrap().message, "no Ada");
        let failure = NexusError::operation_cancelled("enough").into_outcome().unwrap();
        let start::Variant::OperationError(error) = unsuccessful(failure) else {
            panic!("the older form");
        };
        assert_eq!(error.operation_state, "canceled");
        let failure = error.failure.unwrap();
        assert_eq!(
            (failure.message.as_str(), failure.metadata["type"].as_str()),
            ("enough", WRAPPED_FAILURE)
        );
        assert!(String::from_utf8_lossy(&failure.details).contains("canceledFailureInfo"));
    }
}
