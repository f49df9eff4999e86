//! A workflow, reached through a client.

use super::{
    Client, QueryCall, RequestError, ResetCall, ResetPoint, ResultCall, SignalCall, UpdateCall, UpdateHandle,
    WorkflowDescription, WorkflowEvents, execution, new_id,
};
use crate::{
    convert::{Arguments, Converter, Data, EncodeError},
    handle::{Handle, HandleCore, Target, UpdateTarget},
    workflow::Workflow,
};
use std::{borrow::Cow, fmt, future::IntoFuture, sync::Arc};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::{Payloads, WorkflowExecution},
    history::History,
    workflowservice::{
        DeleteWorkflowExecutionRequest, DescribeWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest,
        TerminateWorkflowExecutionRequest,
    },
};

/// A workflow, reached through a client: its messages are its methods, and those of [`HandleCore`].
pub type WorkflowHandle<W> = Handle<W, ToClient>;

/// Through a client. Cheap to clone.
#[derive(Clone)]
pub struct ToClient(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    client: Client,
    id: String,
    /// The run that everything goes to; the latest one if it is not set.
    run_id: Option<String>,
    /// The run that this handle started: its result is meant.
    started_run_id: Option<String>,
    /// The first run of the only chain of runs to be ended.
    first_run_id: Option<String>,
}

impl ToClient {
    pub(super) fn new(client: Client, id: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            client,
            id: id.into(),
            run_id: None,
            started_run_id: None,
            first_run_id: None,
        }))
    }

    pub(super) fn started(client: Client, id: String, run_id: String) -> Self {
        Self(Arc::new(Inner {
            client,
            id,
            run_id: None,
            first_run_id: Some(run_id.clone()),
            started_run_id: Some(run_id),
        }))
    }

    pub(super) fn with_run_id(&self, run_id: String) -> Self {
        Self(Arc::new(Inner {
            run_id: Some(run_id),
            started_run_id: None,
            first_run_id: None,
            ..Inner::clone(&self.0)
        }))
    }

    fn with_first_run_id(&self, run_id: String) -> Self {
        Self(Arc::new(Inner {
            first_run_id: Some(run_id),
            ..Inner::clone(&self.0)
        }))
    }

    pub(super) fn with_client(&self, client: Client) -> Self {
        Self(Arc::new(Inner {
            client,
            ..Inner::clone(&self.0)
        }))
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn run_id(&self) -> Option<&str> {
        self.0.run_id.as_deref()
    }

    /// The first run whose result is meant.
    pub(super) fn result_run_id(&self) -> Option<&str> {
        self.run_id().or(self.0.started_run_id.as_deref())
    }

    /// What requests go to.
    pub(super) fn execution(&self) -> WorkflowExecution {
        execution(self.id(), self.run_id())
    }

    /// Asks for the state, when awaited.
    #[doc(hidden)]
    pub fn query<O: Data>(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> QueryCall<O> {
        QueryCall::new(self.clone(), name.into_owned(), arguments)
    }
}

impl fmt::Debug for ToClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToClient")
            .field("id", &self.id())
            .field("run_id", &self.result_run_id())
            .finish_non_exhaustive()
    }
}

impl Target for ToClient {
    type Signal = SignalCall;

    fn converter(&self) -> &Converter {
        self.client().converter()
    }

    fn signal(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> SignalCall {
        SignalCall::new(self.clone(), name.into_owned(), arguments)
    }
}

impl UpdateTarget for ToClient {
    type Update<O: Data> = UpdateCall<O>;

    fn update<O: Data>(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> UpdateCall<O> {
        UpdateCall::new(self.clone(), name.into_owned(), arguments)
    }
}

/// What can be done with every workflow, through a client.
impl<W: Workflow + ?Sized> HandleCore<W, ToClient> {
    /// The workflow's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.target.id()
    }

    /// The run that this handle started or is bound to, if it is known.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.target.result_run_id()
    }

    /// The same, bound to one run: everything goes to it, and to no later one.
    #[must_use]
    pub fn with_run_id(&self, run_id: impl Into<String>) -> WorkflowHandle<W> {
        Handle::of(self.target.with_run_id(run_id.into()))
    }

    /// The same, bound to a chain of runs by the id of its first one: `cancel` and `terminate` leave a later workflow of the
    /// same id alone. A handle that started its workflow is.
    #[must_use]
    pub fn with_first_run_id(&self, run_id: impl Into<String>) -> WorkflowHandle<W> {
        Handle::of(self.target.with_first_run_id(run_id.into()))
    }

    /// Waits for the workflow's result, through all its runs: retries, cron, continuing as new.
    pub fn result(&self) -> ResultCall<W::Output> {
        ResultCall::new(self.target.clone())
    }

    /// As [`result`](Self::result), read as another type.
    pub fn result_untyped<O: Data>(&self) -> ResultCall<O> {
        ResultCall::new(self.target.clone())
    }

    /// Asks a query that is known by its name alone; the arguments are a tuple, `(value,)` for a single one.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn query_untyped<A: Arguments, O: Data>(
        &self,
        name: impl Into<Cow<'static, str>>,
        arguments: A,
    ) -> QueryCall<O> {
        self.target
            .query(name.into(), arguments.to_payloads(self.target.converter()))
    }

    /// Sends an update that is known by its name alone; the arguments are a tuple, `(value,)` for a single one.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn update_untyped<A: Arguments, O: Data>(
        &self,
        name: impl Into<Cow<'static, str>>,
        arguments: A,
    ) -> UpdateCall<O> {
        self.target
            .update(name.into(), arguments.to_payloads(self.target.converter()))
    }

    /// A handle to an update that was sent before.
    pub fn update_handle<O: Data>(&self, update_id: impl Into<String>) -> UpdateHandle<O> {
        UpdateHandle::existing(self.target.clone(), update_id.into())
    }

    /// Asks the workflow to end: its code is told, may clean up, and decides.
    pub fn cancel(&self) -> CancelCall {
        CancelCall {
            client: self.target.client().clone(),
            request: Box::new(RequestCancelWorkflowExecutionRequest {
                namespace: self.target.client().namespace().to_owned(),
                workflow_execution: Some(self.target.execution()),
                identity: self.target.client().identity().to_owned(),
                request_id: new_id(),
                first_execution_run_id: self.first_execution_run_id(),
                ..RequestCancelWorkflowExecutionRequest::default()
            }),
        }
    }

    /// Ends the workflow at once, without its code being asked.
    pub fn terminate(&self, reason: impl Into<String>) -> TerminateCall {
        let client = self.target.client().clone();
        let request = Box::new(TerminateWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            workflow_execution: Some(self.target.execution()),
            reason: reason.into(),
            identity: client.identity().to_owned(),
            first_execution_run_id: self.first_execution_run_id(),
            ..TerminateWorkflowExecutionRequest::default()
        });
        TerminateCall { client, request }
    }

    /// Goes back to an earlier event of the run that the handle is bound to, or else of the latest: it is ended, if it has not, and a new one goes on from there. When awaited,
    /// returns a handle to the new run.
    ///
    /// ```no_run
    /// # use steadfast::{client::{ResetError, ResetPoint, WorkflowHandle}, workflow::Untyped};
    /// # async fn example(handle: WorkflowHandle<Untyped>) -> Result<(), ResetError> {
    /// let again = handle.reset(ResetPoint::FirstWorkflowTask).reason("the bug is fixed").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(&self, to: ResetPoint) -> ResetCall<W> {
        ResetCall::new(self.target.clone(), to)
    }

    /// Deletes the run that the handle started or is bound to, or else the latest: ends it, if it has not ended, and removes its
    /// history. The server does it a little later.
    ///
    /// # Errors
    /// There is no such workflow, or the call fails.
    pub async fn delete(&self) -> Result<(), RequestError> {
        let client = self.target.client();
        let request = DeleteWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            workflow_execution: Some(execution(self.id(), self.run_id())),
        };
        client.connection().delete_workflow_execution(request).await?;
        Ok(())
    }

    /// What the server knows about it: status, times, pending activities and so on.
    ///
    /// # Errors
    /// There is no such workflow, or the call fails.
    pub async fn describe(&self) -> Result<WorkflowDescription, RequestError> {
        let client = self.target.client();
        let request = DescribeWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            execution: Some(execution(self.id(), self.run_id())),
        };
        let response = client.connection().describe_workflow_execution(request).await?;
        Ok(WorkflowDescription::new(response, client.converter().clone()))
    }

    /// All events of the run, as they are now.
    ///
    /// # Errors
    /// There is no such workflow, or the call fails.
    pub async fn fetch_history(&self) -> Result<History, RequestError> {
        self.events().all().await
    }

    /// The events of the run, one after the other, as they are now.
    pub fn events(&self) -> WorkflowEvents {
        let target = &self.target;
        WorkflowEvents::of_run(target.client().clone(), target.id(), self.run_id())
    }

    /// Keeps a handle from ending a later one of the same id.
    fn first_execution_run_id(&self) -> String {
        self.target.0.first_run_id.clone().unwrap_or_default()
    }
}

/// A request to end, sent when awaited.
#[must_use = "it is not sent until awaited"]
pub struct CancelCall {
    client: Client,
    request: Box<RequestCancelWorkflowExecutionRequest>,
}

impl CancelCall {
    /// Why, which the workflow can see.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.request.reason = reason.into();
        self
    }

    /// Requests of the same id count once.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }
}

impl IntoFuture for CancelCall {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.client
                .connection()
                .request_cancel_workflow_execution(*self.request)
                .await?;
            Ok(())
        })
    }
}

/// A termination, done when awaited.
#[must_use = "nothing is terminated until awaited"]
pub struct TerminateCall {
    client: Client,
    request: Box<TerminateWorkflowExecutionRequest>,
}

impl TerminateCall {
    /// More about why, for those who read the history: any payloads, as [`Converter`] makes them.
    pub fn details(mut self, details: Payloads) -> Self {
        self.request.details = Some(details);
        self
    }
}

impl IntoFuture for TerminateCall {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let connection = self.client.connection();
            connection.terminate_workflow_execution(*self.request).await?;
            Ok(())
        })
    }
}
