//! What the handler of an operation holds.

use super::{StartedOperation, WorkflowToken, workflow_run::OperationRun};
use crate::{
    client::{Client, Code, RpcError, StartCall, StartError, TaskQueueSet},
    convert::Converter,
    error::{NexusError, NexusErrorKind},
    workflow::Workflow,
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use steadfast_proto::{
    common::{
        self, Callback, callback,
        link::{
            Variant, WorkflowEvent,
            workflow_event::{Reference, RequestIdReference},
        },
    },
    enums::EventType,
    link, nexus,
    workflow::OnConflictOptions,
    workflowservice::StartWorkflowExecutionRequest,
};

/// The header by which the server knows the operation that a callback completes.
const OPERATION_TOKEN: &str = "nexus-operation-token";

/// What the handler of an operation holds: what is asked, and the way to a workflow that does it. Cheap to clone.
#[derive(Clone)]
pub struct NexusContext(Arc<Inner>);

struct Inner {
    info: NexusInfo,
    client: Client,
    callback: Option<NexusCallback>,
    /// Of who asks.
    links: Vec<common::Link>,
    /// To what was started for it.
    answered_links: Mutex<Vec<nexus::Link>>,
}

/// What is asked of a handler.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NexusInfo {
    /// The endpoint that was called.
    pub endpoint: String,
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The namespace of the worker.
    pub namespace: String,
    /// The task queue of the worker.
    pub task_queue: String,
    /// The same in all attempts to start an operation, which therefore can be told from another call. Empty when an operation is
    /// cancelled.
    pub request_id: String,
    /// What the caller sent along, and what the protocol does. Names are in lower case.
    pub headers: BTreeMap<String, String>,
    /// How long the server waits for the answer to this request, about ten seconds; work that takes longer is a
    /// [`StartedOperation`].
    pub request_timeout: Option<Duration>,
}

/// Where the result of an operation is reported that is not a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NexusCallback {
    /// The address. `temporal://system` is the server itself, which takes results of workflows alone.
    pub url: String,
    /// Headers to send with it, beside `nexus-operation-token`.
    pub headers: BTreeMap<String, String>,
}

impl NexusContext {
    pub(crate) fn new(info: NexusInfo, client: Client, start: Option<&nexus::StartOperationRequest>) -> Self {
        Self(Arc::new(Inner {
            info,
            client,
            callback: start
                .filter(|start| !start.callback.is_empty())
                .map(|start| NexusCallback {
                    url: start.callback.clone(),
                    headers: start.callback_header.clone(),
                }),
            links: start.map_or_else(Vec::new, |start| link::from_nexus(&start.links)),
            answered_links: Mutex::default(),
        }))
    }

    /// What is asked.
    #[must_use]
    pub fn info(&self) -> &NexusInfo {
        &self.0.info
    }

    /// The client of the worker that handles the operation.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// What encodes and decodes values here.
    #[must_use]
    pub fn converter(&self) -> &Converter {
        self.0.client.converter()
    }

    /// Where the result is reported of an operation that answers [`StartedOperation::with_token`]; `None` if nobody waits for it.
    /// Workflows that are started by [`workflow`](Self::workflow) report by themselves.
    #[must_use]
    pub fn callback(&self) -> Option<&NexusCallback> {
        self.0.callback.as_ref()
    }

    /// Starts a workflow whose result is the operation's, and which is cancelled with it. It is awaited, and gives the operation's
    /// answer:
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[derive(Default)] struct Composition;
    /// # #[workflow] impl Composition {
    /// #     #[run] async fn run(ctx: WorkflowContext<Self>, topic: String) -> WorkflowResult<String> { Ok(topic) }
    /// # }
    /// #[nexus_service]
    /// trait Composer {
    ///     async fn compose(&self, ctx: NexusContext, topic: String) -> Result<String, NexusError>;
    /// }
    ///
    /// struct Office;
    ///
    /// #[nexus_service]
    /// impl Composer for Office {
    ///     async fn compose(&self, ctx: NexusContext, topic: String) -> Result<StartedOperation<String>, NexusError> {
    ///         let id = format!("composition-{topic}");
    ///         ctx.workflow::<Composition>(topic).id(id).await
    ///     }
    /// }
    /// ```
    ///
    /// It runs on the worker's task queue, with the [request's id](NexusInfo::request_id) as its own, unless the call says otherwise;
    /// so an attempt that is repeated does not start a second one.
    pub fn workflow<W: Workflow + ?Sized>(
        &self,
        input: W::Input,
    ) -> StartCall<W, TaskQueueSet, OperationRun<W::Output>> {
        self.0
            .client
            .execute::<W>(input)
            .task_queue(self.0.info.task_queue.clone())
            .for_operation(self.clone())
    }

    pub(super) async fn start_workflow<O>(
        &self,
        mut request: Box<StartWorkflowExecutionRequest>,
    ) -> Result<StartedOperation<O>, NexusError> {
        let info = &self.0.info;
        if info.request_id.is_empty() {
            let message = "a workflow is started where its operation is started, not where that is cancelled";
            return Err(NexusError::new(message).non_retryable());
        }
        if request.workflow_id.is_empty() {
            request.workflow_id.clone_from(&info.request_id);
        }
        request.request_id.clone_from(&info.request_id);
        let workflow_id = request.workflow_id.clone();
        let token = WorkflowToken::new(self.0.client.namespace(), &workflow_id).encode();
        if let Some(NexusCallback { url, headers }) = self.0.callback.clone() {
            let mut header = headers;
            header.insert(OPERATION_TOKEN.to_owned(), token.clone());
            request.completion_callbacks.push(Callback {
                variant: Some(callback::Variant::Nexus(callback::Nexus { url, header })),
                links: self.0.links.clone(),
            });
        }
        // A workflow that runs already is to report to this operation too.
        request.on_conflict_options = Some(OnConflictOptions {
            attach_request_id: true,
            attach_completion_callbacks: true,
            attach_links: true,
        });
        // Older servers look for them here.
        request.links.extend(self.0.links.iter().cloned());
        let answer = self.0.client.connection().start_workflow_execution(*request).await;
        let answer = answer.map_err(|error| not_started(error, &workflow_id))?;
        let started = answer.link.unwrap_or_else(|| self.link_to(workflow_id, answer.run_id));
        self.answered_links().extend(link::to_nexus(&started));
        Ok(StartedOperation::with_token(token))
    }

    /// To the start of a workflow.
    fn link_to(&self, workflow_id: String, run_id: String) -> common::Link {
        common::Link {
            variant: Some(Variant::WorkflowEvent(WorkflowEvent {
                namespace: self.0.client.namespace().to_owned(),
                workflow_id,
                run_id,
                reference: Some(Reference::RequestIdRef(RequestIdReference {
                    request_id: self.0.info.request_id.clone(),
                    event_type: EventType::WorkflowExecutionStarted.into(),
                })),
            })),
        }
    }

    /// Takes the links to what was started.
    pub(crate) fn take_links(&self) -> Vec<nexus::Link> {
        std::mem::take(&mut *self.answered_links())
    }

    fn answered_links(&self) -> std::sync::MutexGuard<'_, Vec<nexus::Link>> {
        self.0.answered_links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for NexusContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NexusContext")
            .field("info", &self.0.info)
            .finish_non_exhaustive()
    }
}

fn not_started(error: RpcError, workflow_id: &str) -> NexusError {
    let kind = kind_of(&error);
    let error = StartError::of(error, workflow_id.to_owned());
    // Another attempt would meet the same workflow.
    let is_final = matches!(error, StartError::AlreadyStarted(_));
    let failed = NexusError::from(error).with_kind(kind);
    if is_final { failed.retryable(false) } else { failed }
}

/// What a call of the handler's own that failed means for its caller.
pub(crate) fn kind_of(error: &RpcError) -> NexusErrorKind {
    match error.code() {
        Code::InvalidArgument => NexusErrorKind::BadRequest,
        Code::NotFound => NexusErrorKind::NotFound,
        Code::ResourceExhausted => NexusErrorKind::ResourceExhausted,
        Code::Unimplemented => NexusErrorKind::NotImplemented,
        Code::DeadlineExceeded => NexusErrorKind::UpstreamTimeout,
        Code::Aborted | Code::Unavailable => NexusErrorKind::Unavailable,
        // Also when the handler may not do this: that is no fault of the caller's.
        _ => NexusErrorKind::Internal,
    }
}
