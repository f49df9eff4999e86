//! What goes from a client to the server.

use super::{
    Chain, Headers, Next, Outgoing,
    outgoing::{Carrier, message, outgoing},
};
use crate::client::RpcError;
use std::sync::Arc;
use steadfast_core::BoxFuture;
use steadfast_proto::workflowservice::{
    execute_multi_operation_request::{Operation, operation},
    *,
};

/// The start of a workflow, and an update that goes with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UpdateWithStart {
    /// The start.
    pub start: Outgoing<StartWorkflowExecutionRequest>,
    /// The update.
    pub update: Outgoing<UpdateWorkflowExecutionRequest>,
}

/// What an interceptor is given of a request.
pub(crate) trait Intercepted: Send + 'static {
    type Request;

    fn of(request: Self::Request) -> Self;
    fn into_request(self) -> Self::Request;
    /// All headers that go with it.
    fn each_headers(&mut self, visit: &mut dyn FnMut(&mut Headers));
}

impl<R: Carrier + Send + 'static> Intercepted for Outgoing<R> {
    type Request = R;

    fn of(request: R) -> Self {
        outgoing(request)
    }

    fn into_request(self) -> R {
        message(self)
    }

    fn each_headers(&mut self, visit: &mut dyn FnMut(&mut Headers)) {
        visit(&mut self.headers);
    }
}

impl Intercepted for UpdateWithStart {
    type Request = ExecuteMultiOperationRequest;

    fn of(request: ExecuteMultiOperationRequest) -> Self {
        let (mut start, mut update) = Default::default();
        for operation in request.operations {
            match operation.operation {
                Some(operation::Operation::StartWorkflow(request)) => start = request,
                Some(operation::Operation::UpdateWorkflow(request)) => update = request,
                None => {}
            }
        }
        Self {
            start: outgoing(start),
            update: outgoing(update),
        }
    }

    fn into_request(self) -> ExecuteMultiOperationRequest {
        let (start, update) = (message(self.start), message(self.update));
        ExecuteMultiOperationRequest {
            namespace: start.namespace.clone(),
            operations: [
                operation::Operation::StartWorkflow(start),
                operation::Operation::UpdateWorkflow(update),
            ]
            .map(|operation| Operation {
                operation: Some(operation),
            })
            .into(),
            ..ExecuteMultiOperationRequest::default()
        }
    }

    fn each_headers(&mut self, visit: &mut dyn FnMut(&mut Headers)) {
        visit(&mut self.start.headers);
        visit(&mut self.update.headers);
    }
}

/// What has no place for headers is seen as it goes.
macro_rules! plain {
    ($($request:ident)*) => {$(
        impl Intercepted for $request {
            type Request = Self;

            fn of(request: Self) -> Self {
                request
            }

            fn into_request(self) -> Self {
                self
            }

            fn each_headers(&mut self, _: &mut dyn FnMut(&mut Headers)) {}
        }
    )*};
}

plain! {
    RequestCancelWorkflowExecutionRequest TerminateWorkflowExecutionRequest DescribeWorkflowExecutionRequest
    ResetWorkflowExecutionRequest DeleteWorkflowExecutionRequest ListWorkflowExecutionsRequest
    CountWorkflowExecutionsRequest PollWorkflowExecutionUpdateRequest
    DescribeScheduleRequest PatchScheduleRequest DeleteScheduleRequest ListSchedulesRequest
    RecordActivityTaskHeartbeatRequest RecordActivityTaskHeartbeatByIdRequest RespondActivityTaskCompletedRequest
    RespondActivityTaskCompletedByIdRequest RespondActivityTaskFailedRequest RespondActivityTaskFailedByIdRequest
    RespondActivityTaskCanceledRequest RespondActivityTaskCanceledByIdRequest
    PollActivityExecutionRequest DescribeActivityExecutionRequest RequestCancelActivityExecutionRequest
    TerminateActivityExecutionRequest ListActivityExecutionsRequest CountActivityExecutionsRequest
    StartNexusOperationExecutionRequest PollNexusOperationExecutionRequest DescribeNexusOperationExecutionRequest
    RequestCancelNexusOperationExecutionRequest TerminateNexusOperationExecutionRequest
    ListNexusOperationExecutionsRequest CountNexusOperationExecutionsRequest
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $hook:ident($call:ty) -> $answer:ident;)*) => {
        /// Sees what goes from a client to the server, and what is answered. Each method goes on by default; all that are
        /// called in clones of a client are the same.
        ///
        /// [`headers`](Self::headers) is enough to send a value along with everything. Retries of a call are inside: an
        /// interceptor sees it once. Calls by [`Client::call`](crate::Client::call) are not seen.
        ///
        /// ```
        /// use steadfast::{
        ///     client::RpcError,
        ///     interceptor::{ClientInterceptor, Next, Outgoing},
        ///     proto::workflowservice::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse},
        /// };
        ///
        /// struct Audit;
        ///
        /// impl ClientInterceptor for Audit {
        ///     async fn start_workflow(
        ///         &self,
        ///         mut call: Outgoing<StartWorkflowExecutionRequest>,
        ///         next: Next<Outgoing<StartWorkflowExecutionRequest>, Result<StartWorkflowExecutionResponse, RpcError>>,
        ///     ) -> Result<StartWorkflowExecutionResponse, RpcError> {
        ///         let id = call.message.workflow_id.clone();
        ///         let _ = call.headers.set("started-by", &"web");
        ///         let answer = next.run(call).await;
        ///         println!("{id} started: {}", answer.is_ok());
        ///         answer
        ///     }
        /// }
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let client = steadfast::Client::embedded()?.interceptor(Audit);
        /// # Ok(())
        /// # }
        /// ```
        pub trait ClientInterceptor: Send + Sync + 'static {
            /// Adds to the headers of whatever has some: starts, signals, queries, updates, schedules, standalone activities. Called before the
            /// method of the call itself.
            fn headers(&self, headers: &mut Headers) {
                let _ = headers;
            }

            $(
                $(#[$doc])*
                fn $hook(
                    &self,
                    call: $call,
                    next: Next<$call, Result<$answer, RpcError>>,
                ) -> impl Future<Output = Result<$answer, RpcError>> + Send {
                    let _ = self;
                    next.run(call)
                }
            )*
        }

        /// An interceptor of any type.
        pub(crate) trait AnyClientInterceptor: Send + Sync {
            fn headers(&self, headers: &mut Headers);
            $(
                fn $hook(self: Arc<Self>, call: $call, next: Next<$call, Result<$answer, RpcError>>)
                    -> BoxFuture<Result<$answer, RpcError>>;
            )*
        }

        impl<T: ClientInterceptor> AnyClientInterceptor for T {
            fn headers(&self, headers: &mut Headers) {
                ClientInterceptor::headers(self, headers);
            }

            $(
                fn $hook(self: Arc<Self>, call: $call, next: Next<$call, Result<$answer, RpcError>>)
                    -> BoxFuture<Result<$answer, RpcError>> {
                    Box::pin(async move { ClientInterceptor::$hook(&*self, call, next).await })
                }
            )*
        }

        impl Chain<dyn AnyClientInterceptor> {$(
            pub(crate) async fn $hook<F>(
                &self,
                request: <$call as Intercepted>::Request,
                end: impl FnOnce(<$call as Intercepted>::Request) -> F + Send + 'static,
            ) -> Result<$answer, RpcError>
            where
                F: Future<Output = Result<$answer, RpcError>> + Send + 'static,
            {
                let mut call = <$call as Intercepted>::of(request);
                call.each_headers(&mut |headers| self.iter().for_each(|interceptor| interceptor.headers(headers)));
                let end = Next::end(move |call: $call| -> BoxFuture<_> { Box::pin(end(call.into_request())) });
                self.next(<dyn AnyClientInterceptor>::$hook, end).run(call).await
            }
        )*}
    };
}

hooks! {
    /// A workflow is started.
    start_workflow(Outgoing<StartWorkflowExecutionRequest>) -> StartWorkflowExecutionResponse;
    /// A workflow is sent a signal, and started if it does not run. Both have the same headers.
    signal_with_start(Outgoing<SignalWithStartWorkflowExecutionRequest>) -> SignalWithStartWorkflowExecutionResponse;
    /// A workflow is sent an update, and started if it does not run.
    update_with_start(UpdateWithStart) -> ExecuteMultiOperationResponse;
    /// A workflow is sent a signal.
    signal_workflow(Outgoing<SignalWorkflowExecutionRequest>) -> SignalWorkflowExecutionResponse;
    /// A workflow is asked something.
    query_workflow(Outgoing<QueryWorkflowRequest>) -> QueryWorkflowResponse;
    /// A workflow is sent an update. If it takes more than a minute to decide about it, this is called again, with the same id.
    update_workflow(Outgoing<UpdateWorkflowExecutionRequest>) -> UpdateWorkflowExecutionResponse;
    /// The outcome of an update is waited for.
    poll_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    /// A workflow is asked to end.
    cancel_workflow(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    /// A workflow is ended.
    terminate_workflow(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
    /// A workflow is reset to an earlier event.
    reset_workflow(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse;
    /// A workflow is deleted.
    delete_workflow(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse;
    /// A workflow is described.
    describe_workflow(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    /// A page of a list of workflows is fetched.
    list_workflows(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
    /// Workflows are counted.
    count_workflows(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse;
    /// A schedule is created. The headers are those of the workflows that it will start.
    create_schedule(Outgoing<CreateScheduleRequest>) -> CreateScheduleResponse;
    /// A schedule is changed. The headers are those of the workflows that it will start.
    update_schedule(Outgoing<UpdateScheduleRequest>) -> UpdateScheduleResponse;
    /// A schedule is described.
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse;
    /// A schedule is paused, resumed, triggered or made to catch up.
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse;
    /// A schedule is deleted.
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse;
    /// A page of a list of schedules is fetched.
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse;
    /// An activity that completes elsewhere is said to be alive.
    heartbeat_activity(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse;
    /// As [`heartbeat_activity`](Self::heartbeat_activity), by ids.
    heartbeat_activity_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse;
    /// An activity is completed from elsewhere.
    complete_activity(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse;
    /// As [`complete_activity`](Self::complete_activity), by ids.
    complete_activity_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse;
    /// An activity is failed from elsewhere.
    fail_activity(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    /// As [`fail_activity`](Self::fail_activity), by ids.
    fail_activity_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse;
    /// An activity is reported as cancelled from elsewhere.
    report_activity_cancelled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse;
    /// As [`report_activity_cancelled`](Self::report_activity_cancelled), by ids.
    report_activity_cancelled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse;
    /// A standalone activity is started.
    start_activity(Outgoing<StartActivityExecutionRequest>) -> StartActivityExecutionResponse;
    /// The outcome of a standalone activity is waited for. If there is none for a minute, this is called again.
    poll_activity(PollActivityExecutionRequest) -> PollActivityExecutionResponse;
    /// A standalone activity is described.
    describe_activity(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse;
    /// A standalone activity is asked to end.
    cancel_activity(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse;
    /// A standalone activity is ended.
    terminate_activity(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse;
    /// A page of a list of standalone activities is fetched.
    list_activities(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse;
    /// Standalone activities are counted.
    count_activities(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse;
    /// A standalone Nexus operation is started. Its headers are text, and in the request.
    start_nexus_operation(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse;
    /// A standalone Nexus operation is waited for. If nothing happens for a minute, this is called again.
    poll_nexus_operation(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse;
    /// A standalone Nexus operation is described.
    describe_nexus_operation(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse;
    /// A standalone Nexus operation is asked to end.
    cancel_nexus_operation(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse;
    /// A standalone Nexus operation is ended.
    terminate_nexus_operation(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse;
    /// A page of a list of standalone Nexus operations is fetched.
    list_nexus_operations(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse;
    /// Standalone Nexus operations are counted.
    count_nexus_operations(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse;
}
