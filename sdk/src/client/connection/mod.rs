//! The way to the server: over gRPC, or a direct call of the service's trait.

mod error;
mod retry;

pub use error::{ErrorDetail, RpcError};

use retry::{Retries, Retry};
#[cfg(feature = "client")]
use std::time::Duration;
use std::{fmt, sync::Arc};
#[cfg(feature = "client")]
use steadfast_proto::{tonic::transport::Channel, workflowservice::workflow_service_client::WorkflowServiceClient};
use steadfast_proto::{
    tonic::{Request, metadata::AsciiMetadataValue},
    workflowservice::{workflow_service_server::WorkflowService, *},
};

/// How long a call may take.
#[cfg(feature = "client")]
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// How long a call may take that the server answers when something happens, after 60 s at the latest.
#[cfg(feature = "client")]
const LONG_POLL_DEADLINE: Duration = Duration::from_secs(70);

/// The way to the server. Cheap to clone; all clones share one HTTP/2 connection.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Inner>);

struct Inner {
    transport: Transport,
    #[cfg_attr(not(feature = "client"), allow(dead_code))]
    headers: Vec<(&'static str, AsciiMetadataValue)>,
}

enum Transport {
    /// The service in this process: no socket, no encoding, and no deadlines, as it cannot be out of reach.
    Direct(Arc<dyn WorkflowService>),
    /// One channel, which is one HTTP/2 connection.
    #[cfg(feature = "client")]
    Grpc(WorkflowServiceClient<Channel>),
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0.transport {
            Transport::Direct(_) => "Connection::Direct",
            #[cfg(feature = "client")]
            Transport::Grpc(_) => "Connection::Grpc",
        })
    }
}

impl Connection {
    pub(crate) fn direct(service: Arc<dyn WorkflowService>) -> Self {
        Self(Arc::new(Inner {
            transport: Transport::Direct(service),
            headers: Vec::new(),
        }))
    }

    #[cfg(feature = "client")]
    pub(crate) fn grpc(
        client: WorkflowServiceClient<Channel>,
        headers: Vec<(&'static str, AsciiMetadataValue)>,
    ) -> Self {
        Self(Arc::new(Inner {
            transport: Transport::Grpc(client),
            headers,
        }))
    }

    #[cfg(feature = "client")]
    fn request<T>(&self, message: T, deadline: Duration) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        for (name, value) in &self.0.headers {
            request.metadata_mut().insert(*name, value.clone());
        }
        request
    }
}

/// One method for each call that is used, the same for both transports.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident = $rpc:ident($request:ident) -> $response:ident, $retry:expr, $deadline:expr;)*) => {
        impl Connection {$(
            $(#[$doc])*
            pub(crate) async fn $name(&self, request: $request) -> Result<$response, RpcError> {
                let mut retries = Retries::new($retry);
                loop {
                    let request = request.clone();
                    let answer = match &self.0.transport {
                        Transport::Direct(service) => service.$rpc(Request::new(request)).await,
                        #[cfg(feature = "client")]
                        Transport::Grpc(client) => {
                            let mut client = client.clone();
                            let request = self.request(request, $deadline);
                            // Boxed: it is large, and would make every caller's future as large, also of direct calls.
                            Box::pin(async move { client.$rpc(request).await }).await
                        }
                    };
                    match answer {
                        Ok(response) => return Ok(response.into_inner()),
                        Err(status) => retries.wait_after(RpcError::from(status)).await?,
                    }
                }
            }
        )*}
    };
}

calls! {
    get_system_info = get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse, Retry::Call, CALL_DEADLINE;
    describe_namespace = describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse, Retry::Call, CALL_DEADLINE;

    // Worker. Whoever polls has a backoff of its own.
    poll_workflow_task_queue = poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse, Retry::Never, LONG_POLL_DEADLINE;
    poll_activity_task_queue = poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse, Retry::Never, LONG_POLL_DEADLINE;
    respond_workflow_task_completed = respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    respond_workflow_task_failed = respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse, Retry::Call, CALL_DEADLINE;
    respond_query_task_completed = respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    record_activity_task_heartbeat = record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_completed = respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_failed = respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_canceled = respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse, Retry::Call, CALL_DEADLINE;
    record_worker_heartbeat = record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse, Retry::Never, CALL_DEADLINE;
    shutdown_worker = shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse, Retry::Never, CALL_DEADLINE;

    // Activities that somebody else completes.
    record_activity_task_heartbeat_by_id = record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_completed_by_id = respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_failed_by_id = respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_canceled_by_id = respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse, Retry::Call, CALL_DEADLINE;

    // Client.
    start_workflow_execution = start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    signal_with_start_workflow_execution = signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    signal_workflow_execution = signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    query_workflow = query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse, Retry::Call, CALL_DEADLINE;
    execute_multi_operation = execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse, Retry::LongPoll, LONG_POLL_DEADLINE;
    update_workflow_execution = update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse, Retry::LongPoll, LONG_POLL_DEADLINE;
    poll_workflow_execution_update = poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse, Retry::LongPoll, LONG_POLL_DEADLINE;
    request_cancel_workflow_execution = request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    terminate_workflow_execution = terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    describe_workflow_execution = describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE;
    list_workflow_executions = list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse, Retry::Call, CALL_DEADLINE;
    count_workflow_executions = count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse, Retry::Call, CALL_DEADLINE;
    create_schedule = create_schedule(CreateScheduleRequest) -> CreateScheduleResponse, Retry::Call, CALL_DEADLINE;
    describe_schedule = describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse, Retry::Call, CALL_DEADLINE;
    update_schedule = update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse, Retry::Call, CALL_DEADLINE;
    patch_schedule = patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse, Retry::Call, CALL_DEADLINE;
    delete_schedule = delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse, Retry::Call, CALL_DEADLINE;
    list_schedules = list_schedules(ListSchedulesRequest) -> ListSchedulesResponse, Retry::Call, CALL_DEADLINE;
    count_schedules = count_schedules(CountSchedulesRequest) -> CountSchedulesResponse, Retry::Call, CALL_DEADLINE;
    list_schedule_matching_times = list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse, Retry::Call, CALL_DEADLINE;
    get_workflow_execution_history = get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, Retry::Call, CALL_DEADLINE;
    /// The same call, waiting for new events.
    wait_workflow_execution_history = get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, Retry::LongPoll, LONG_POLL_DEADLINE;
}
