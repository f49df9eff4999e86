//! What the engine can be asked, and what it answers: the messages of the wire, one variant a method.

use super::time::Time;
use std::time::Duration;
use steadfast_proto::{operatorservice, testservice, workflowservice};

macro_rules! requests {
    ($($variant:ident $method:ident $request:ty => $reply:ty;)*) => {
        /// A request, named by its method.
        #[derive(Debug)]
        pub enum Request {
            $(
                #[doc = concat!("`", stringify!($method), "`.")]
                $variant(Box<$request>),
            )*
        }

        /// The answer to the request of the same name.
        #[derive(Debug)]
        pub enum Reply {
            $(
                #[doc = concat!("`", stringify!($method), "`.")]
                $variant(Box<$reply>),
            )*
        }
    };
}

/// A request with what its caller grants it, and says of itself.
#[derive(Debug)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// How long the caller waits, if it says so.
    pub patience: Option<Duration>,
    /// What the caller is made with, if it says so. Nobody asks but of those who poll for activities.
    pub sdk: Option<Box<Sdk>>,
}

impl From<Request> for Call {
    fn from(request: Request) -> Self {
        Self {
            request,
            patience: None,
            sdk: None,
        }
    }
}

/// What a caller is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdk {
    /// Its name, such as `temporal-python`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What becomes of a request at once.
#[derive(Debug)]
pub enum Handled {
    /// It is answered.
    Reply(Reply),
    /// Its caller waits until [`poll_output`](super::Engine::poll_output) names it.
    Wait(super::WaiterId),
}

/// When a wait ends, whatever happens: before the caller's own deadline, and in real time.
pub(crate) fn expiry(real: Time, patience: Option<Duration>, longest: Duration) -> Time {
    let granted = patience.map_or(longest, |patience| {
        let margin = super::limits::DEADLINE_MARGIN.min(patience.checked_div(2).unwrap_or_default());
        patience.saturating_sub(margin).min(longest)
    });
    real.plus(granted)
}

requests! {
    GetSystemInfo get_system_info workflowservice::GetSystemInfoRequest => workflowservice::GetSystemInfoResponse;
    DescribeNamespace describe_namespace workflowservice::DescribeNamespaceRequest => workflowservice::DescribeNamespaceResponse;
    RegisterNamespace register_namespace workflowservice::RegisterNamespaceRequest => workflowservice::RegisterNamespaceResponse;
    ListNamespaces list_namespaces workflowservice::ListNamespacesRequest => workflowservice::ListNamespacesResponse;
    GetClusterInfo get_cluster_info workflowservice::GetClusterInfoRequest => workflowservice::GetClusterInfoResponse;
    GetSearchAttributes get_search_attributes workflowservice::GetSearchAttributesRequest => workflowservice::GetSearchAttributesResponse;
    StartWorkflowExecution start_workflow_execution workflowservice::StartWorkflowExecutionRequest => workflowservice::StartWorkflowExecutionResponse;
    SignalWithStartWorkflowExecution signal_with_start_workflow_execution workflowservice::SignalWithStartWorkflowExecutionRequest => workflowservice::SignalWithStartWorkflowExecutionResponse;
    ExecuteMultiOperation execute_multi_operation workflowservice::ExecuteMultiOperationRequest => workflowservice::ExecuteMultiOperationResponse;
    GetWorkflowExecutionHistory get_workflow_execution_history workflowservice::GetWorkflowExecutionHistoryRequest => workflowservice::GetWorkflowExecutionHistoryResponse;
    GetWorkflowExecutionHistoryReverse get_workflow_execution_history_reverse workflowservice::GetWorkflowExecutionHistoryReverseRequest => workflowservice::GetWorkflowExecutionHistoryReverseResponse;
    PollWorkflowTaskQueue poll_workflow_task_queue workflowservice::PollWorkflowTaskQueueRequest => workflowservice::PollWorkflowTaskQueueResponse;
    RespondWorkflowTaskCompleted respond_workflow_task_completed workflowservice::RespondWorkflowTaskCompletedRequest => workflowservice::RespondWorkflowTaskCompletedResponse;
    RespondWorkflowTaskFailed respond_workflow_task_failed workflowservice::RespondWorkflowTaskFailedRequest => workflowservice::RespondWorkflowTaskFailedResponse;
    PollActivityTaskQueue poll_activity_task_queue workflowservice::PollActivityTaskQueueRequest => workflowservice::PollActivityTaskQueueResponse;
    RecordActivityTaskHeartbeat record_activity_task_heartbeat workflowservice::RecordActivityTaskHeartbeatRequest => workflowservice::RecordActivityTaskHeartbeatResponse;
    RecordActivityTaskHeartbeatById record_activity_task_heartbeat_by_id workflowservice::RecordActivityTaskHeartbeatByIdRequest => workflowservice::RecordActivityTaskHeartbeatByIdResponse;
    RespondActivityTaskCompleted respond_activity_task_completed workflowservice::RespondActivityTaskCompletedRequest => workflowservice::RespondActivityTaskCompletedResponse;
    RespondActivityTaskCompletedById respond_activity_task_completed_by_id workflowservice::RespondActivityTaskCompletedByIdRequest => workflowservice::RespondActivityTaskCompletedByIdResponse;
    RespondActivityTaskFailed respond_activity_task_failed workflowservice::RespondActivityTaskFailedRequest => workflowservice::RespondActivityTaskFailedResponse;
    RespondActivityTaskFailedById respond_activity_task_failed_by_id workflowservice::RespondActivityTaskFailedByIdRequest => workflowservice::RespondActivityTaskFailedByIdResponse;
    RespondActivityTaskCanceled respond_activity_task_canceled workflowservice::RespondActivityTaskCanceledRequest => workflowservice::RespondActivityTaskCanceledResponse;
    RespondActivityTaskCanceledById respond_activity_task_canceled_by_id workflowservice::RespondActivityTaskCanceledByIdRequest => workflowservice::RespondActivityTaskCanceledByIdResponse;
    RequestCancelWorkflowExecution request_cancel_workflow_execution workflowservice::RequestCancelWorkflowExecutionRequest => workflowservice::RequestCancelWorkflowExecutionResponse;
    SignalWorkflowExecution signal_workflow_execution workflowservice::SignalWorkflowExecutionRequest => workflowservice::SignalWorkflowExecutionResponse;
    TerminateWorkflowExecution terminate_workflow_execution workflowservice::TerminateWorkflowExecutionRequest => workflowservice::TerminateWorkflowExecutionResponse;
    RespondQueryTaskCompleted respond_query_task_completed workflowservice::RespondQueryTaskCompletedRequest => workflowservice::RespondQueryTaskCompletedResponse;
    ResetWorkflowExecution reset_workflow_execution workflowservice::ResetWorkflowExecutionRequest => workflowservice::ResetWorkflowExecutionResponse;
    DeleteWorkflowExecution delete_workflow_execution workflowservice::DeleteWorkflowExecutionRequest => workflowservice::DeleteWorkflowExecutionResponse;
    PauseActivity pause_activity workflowservice::PauseActivityRequest => workflowservice::PauseActivityResponse;
    UnpauseActivity unpause_activity workflowservice::UnpauseActivityRequest => workflowservice::UnpauseActivityResponse;
    ResetActivity reset_activity workflowservice::ResetActivityRequest => workflowservice::ResetActivityResponse;
    UpdateActivityOptions update_activity_options workflowservice::UpdateActivityOptionsRequest => workflowservice::UpdateActivityOptionsResponse;
    QueryWorkflow query_workflow workflowservice::QueryWorkflowRequest => workflowservice::QueryWorkflowResponse;
    UpdateWorkflowExecution update_workflow_execution workflowservice::UpdateWorkflowExecutionRequest => workflowservice::UpdateWorkflowExecutionResponse;
    PollWorkflowExecutionUpdate poll_workflow_execution_update workflowservice::PollWorkflowExecutionUpdateRequest => workflowservice::PollWorkflowExecutionUpdateResponse;
    DescribeWorkflowExecution describe_workflow_execution workflowservice::DescribeWorkflowExecutionRequest => workflowservice::DescribeWorkflowExecutionResponse;
    ListWorkflowExecutions list_workflow_executions workflowservice::ListWorkflowExecutionsRequest => workflowservice::ListWorkflowExecutionsResponse;
    ScanWorkflowExecutions scan_workflow_executions workflowservice::ScanWorkflowExecutionsRequest => workflowservice::ScanWorkflowExecutionsResponse;
    ListOpenWorkflowExecutions list_open_workflow_executions workflowservice::ListOpenWorkflowExecutionsRequest => workflowservice::ListOpenWorkflowExecutionsResponse;
    ListClosedWorkflowExecutions list_closed_workflow_executions workflowservice::ListClosedWorkflowExecutionsRequest => workflowservice::ListClosedWorkflowExecutionsResponse;
    CountWorkflowExecutions count_workflow_executions workflowservice::CountWorkflowExecutionsRequest => workflowservice::CountWorkflowExecutionsResponse;
    ResetStickyTaskQueue reset_sticky_task_queue workflowservice::ResetStickyTaskQueueRequest => workflowservice::ResetStickyTaskQueueResponse;
    ShutdownWorker shutdown_worker workflowservice::ShutdownWorkerRequest => workflowservice::ShutdownWorkerResponse;
    RecordWorkerHeartbeat record_worker_heartbeat workflowservice::RecordWorkerHeartbeatRequest => workflowservice::RecordWorkerHeartbeatResponse;
    DescribeWorker describe_worker workflowservice::DescribeWorkerRequest => workflowservice::DescribeWorkerResponse;
    ListWorkers list_workers workflowservice::ListWorkersRequest => workflowservice::ListWorkersResponse;
    DescribeTaskQueue describe_task_queue workflowservice::DescribeTaskQueueRequest => workflowservice::DescribeTaskQueueResponse;
    PollNexusTaskQueue poll_nexus_task_queue workflowservice::PollNexusTaskQueueRequest => workflowservice::PollNexusTaskQueueResponse;
    CreateSchedule create_schedule workflowservice::CreateScheduleRequest => workflowservice::CreateScheduleResponse;
    DescribeSchedule describe_schedule workflowservice::DescribeScheduleRequest => workflowservice::DescribeScheduleResponse;
    UpdateSchedule update_schedule workflowservice::UpdateScheduleRequest => workflowservice::UpdateScheduleResponse;
    PatchSchedule patch_schedule workflowservice::PatchScheduleRequest => workflowservice::PatchScheduleResponse;
    ListScheduleMatchingTimes list_schedule_matching_times workflowservice::ListScheduleMatchingTimesRequest => workflowservice::ListScheduleMatchingTimesResponse;
    DeleteSchedule delete_schedule workflowservice::DeleteScheduleRequest => workflowservice::DeleteScheduleResponse;
    ListSchedules list_schedules workflowservice::ListSchedulesRequest => workflowservice::ListSchedulesResponse;
    CountSchedules count_schedules workflowservice::CountSchedulesRequest => workflowservice::CountSchedulesResponse;
    StartBatchOperation start_batch_operation workflowservice::StartBatchOperationRequest => workflowservice::StartBatchOperationResponse;
    StopBatchOperation stop_batch_operation workflowservice::StopBatchOperationRequest => workflowservice::StopBatchOperationResponse;
    DescribeBatchOperation describe_batch_operation workflowservice::DescribeBatchOperationRequest => workflowservice::DescribeBatchOperationResponse;
    ListBatchOperations list_batch_operations workflowservice::ListBatchOperationsRequest => workflowservice::ListBatchOperationsResponse;
    ListTaskQueuePartitions list_task_queue_partitions workflowservice::ListTaskQueuePartitionsRequest => workflowservice::ListTaskQueuePartitionsResponse;
    UpdateNamespace update_namespace workflowservice::UpdateNamespaceRequest => workflowservice::UpdateNamespaceResponse;
    DeprecateNamespace deprecate_namespace workflowservice::DeprecateNamespaceRequest => workflowservice::DeprecateNamespaceResponse;
    DeleteNamespace delete_namespace operatorservice::DeleteNamespaceRequest => operatorservice::DeleteNamespaceResponse;
    RespondNexusTaskCompleted respond_nexus_task_completed workflowservice::RespondNexusTaskCompletedRequest => workflowservice::RespondNexusTaskCompletedResponse;
    RespondNexusTaskFailed respond_nexus_task_failed workflowservice::RespondNexusTaskFailedRequest => workflowservice::RespondNexusTaskFailedResponse;
    CreateNexusEndpoint create_nexus_endpoint operatorservice::CreateNexusEndpointRequest => operatorservice::CreateNexusEndpointResponse;
    UpdateNexusEndpoint update_nexus_endpoint operatorservice::UpdateNexusEndpointRequest => operatorservice::UpdateNexusEndpointResponse;
    GetNexusEndpoint get_nexus_endpoint operatorservice::GetNexusEndpointRequest => operatorservice::GetNexusEndpointResponse;
    DeleteNexusEndpoint delete_nexus_endpoint operatorservice::DeleteNexusEndpointRequest => operatorservice::DeleteNexusEndpointResponse;
    ListNexusEndpoints list_nexus_endpoints operatorservice::ListNexusEndpointsRequest => operatorservice::ListNexusEndpointsResponse;
    StartActivityExecution start_activity_execution workflowservice::StartActivityExecutionRequest => workflowservice::StartActivityExecutionResponse;
    DescribeActivityExecution describe_activity_execution workflowservice::DescribeActivityExecutionRequest => workflowservice::DescribeActivityExecutionResponse;
    PollActivityExecution poll_activity_execution workflowservice::PollActivityExecutionRequest => workflowservice::PollActivityExecutionResponse;
    ListActivityExecutions list_activity_executions workflowservice::ListActivityExecutionsRequest => workflowservice::ListActivityExecutionsResponse;
    CountActivityExecutions count_activity_executions workflowservice::CountActivityExecutionsRequest => workflowservice::CountActivityExecutionsResponse;
    RequestCancelActivityExecution request_cancel_activity_execution workflowservice::RequestCancelActivityExecutionRequest => workflowservice::RequestCancelActivityExecutionResponse;
    TerminateActivityExecution terminate_activity_execution workflowservice::TerminateActivityExecutionRequest => workflowservice::TerminateActivityExecutionResponse;
    DeleteActivityExecution delete_activity_execution workflowservice::DeleteActivityExecutionRequest => workflowservice::DeleteActivityExecutionResponse;
    PauseActivityExecution pause_activity_execution workflowservice::PauseActivityExecutionRequest => workflowservice::PauseActivityExecutionResponse;
    UnpauseActivityExecution unpause_activity_execution workflowservice::UnpauseActivityExecutionRequest => workflowservice::UnpauseActivityExecutionResponse;
    ResetActivityExecution reset_activity_execution workflowservice::ResetActivityExecutionRequest => workflowservice::ResetActivityExecutionResponse;
    UpdateActivityExecutionOptions update_activity_execution_options workflowservice::UpdateActivityExecutionOptionsRequest => workflowservice::UpdateActivityExecutionOptionsResponse;
    DescribeWorkerDeployment describe_worker_deployment workflowservice::DescribeWorkerDeploymentRequest => workflowservice::DescribeWorkerDeploymentResponse;
    DescribeWorkerDeploymentVersion describe_worker_deployment_version workflowservice::DescribeWorkerDeploymentVersionRequest => workflowservice::DescribeWorkerDeploymentVersionResponse;
    ListWorkerDeployments list_worker_deployments workflowservice::ListWorkerDeploymentsRequest => workflowservice::ListWorkerDeploymentsResponse;
    SetWorkerDeploymentCurrentVersion set_worker_deployment_current_version workflowservice::SetWorkerDeploymentCurrentVersionRequest => workflowservice::SetWorkerDeploymentCurrentVersionResponse;
    SetWorkerDeploymentRampingVersion set_worker_deployment_ramping_version workflowservice::SetWorkerDeploymentRampingVersionRequest => workflowservice::SetWorkerDeploymentRampingVersionResponse;
    UpdateWorkerDeploymentVersionMetadata update_worker_deployment_version_metadata workflowservice::UpdateWorkerDeploymentVersionMetadataRequest => workflowservice::UpdateWorkerDeploymentVersionMetadataResponse;
    SetWorkerDeploymentManager set_worker_deployment_manager workflowservice::SetWorkerDeploymentManagerRequest => workflowservice::SetWorkerDeploymentManagerResponse;
    DeleteWorkerDeployment delete_worker_deployment workflowservice::DeleteWorkerDeploymentRequest => workflowservice::DeleteWorkerDeploymentResponse;
    DeleteWorkerDeploymentVersion delete_worker_deployment_version workflowservice::DeleteWorkerDeploymentVersionRequest => workflowservice::DeleteWorkerDeploymentVersionResponse;
    UpdateWorkflowExecutionOptions update_workflow_execution_options workflowservice::UpdateWorkflowExecutionOptionsRequest => workflowservice::UpdateWorkflowExecutionOptionsResponse;
    PauseWorkflowExecution pause_workflow_execution workflowservice::PauseWorkflowExecutionRequest => workflowservice::PauseWorkflowExecutionResponse;
    UnpauseWorkflowExecution unpause_workflow_execution workflowservice::UnpauseWorkflowExecutionRequest => workflowservice::UnpauseWorkflowExecutionResponse;
    CreateWorkerDeployment create_worker_deployment workflowservice::CreateWorkerDeploymentRequest => workflowservice::CreateWorkerDeploymentResponse;
    CreateWorkerDeploymentVersion create_worker_deployment_version workflowservice::CreateWorkerDeploymentVersionRequest => workflowservice::CreateWorkerDeploymentVersionResponse;
    ListArchivedWorkflowExecutions list_archived_workflow_executions workflowservice::ListArchivedWorkflowExecutionsRequest => workflowservice::ListArchivedWorkflowExecutionsResponse;
    StartNexusOperationExecution start_nexus_operation_execution workflowservice::StartNexusOperationExecutionRequest => workflowservice::StartNexusOperationExecutionResponse;
    DescribeNexusOperationExecution describe_nexus_operation_execution workflowservice::DescribeNexusOperationExecutionRequest => workflowservice::DescribeNexusOperationExecutionResponse;
    PollNexusOperationExecution poll_nexus_operation_execution workflowservice::PollNexusOperationExecutionRequest => workflowservice::PollNexusOperationExecutionResponse;
    ListNexusOperationExecutions list_nexus_operation_executions workflowservice::ListNexusOperationExecutionsRequest => workflowservice::ListNexusOperationExecutionsResponse;
    CountNexusOperationExecutions count_nexus_operation_executions workflowservice::CountNexusOperationExecutionsRequest => workflowservice::CountNexusOperationExecutionsResponse;
    RequestCancelNexusOperationExecution request_cancel_nexus_operation_execution workflowservice::RequestCancelNexusOperationExecutionRequest => workflowservice::RequestCancelNexusOperationExecutionResponse;
    TerminateNexusOperationExecution terminate_nexus_operation_execution workflowservice::TerminateNexusOperationExecutionRequest => workflowservice::TerminateNexusOperationExecutionResponse;
    DeleteNexusOperationExecution delete_nexus_operation_execution workflowservice::DeleteNexusOperationExecutionRequest => workflowservice::DeleteNexusOperationExecutionResponse;
    CountWorkers count_workers workflowservice::CountWorkersRequest => workflowservice::CountWorkersResponse;
    UpdateTaskQueueConfig update_task_queue_config workflowservice::UpdateTaskQueueConfigRequest => workflowservice::UpdateTaskQueueConfigResponse;
    PollWorkflowExecutionTimeSkipping poll_workflow_execution_time_skipping workflowservice::PollWorkflowExecutionTimeSkippingRequest => workflowservice::PollWorkflowExecutionTimeSkippingResponse;
    AddSearchAttributes add_search_attributes operatorservice::AddSearchAttributesRequest => operatorservice::AddSearchAttributesResponse;
    RemoveSearchAttributes remove_search_attributes operatorservice::RemoveSearchAttributesRequest => operatorservice::RemoveSearchAttributesResponse;
    ListSearchAttributes list_search_attributes operatorservice::ListSearchAttributesRequest => operatorservice::ListSearchAttributesResponse;
    ListClusters list_clusters operatorservice::ListClustersRequest => operatorservice::ListClustersResponse;
    LockTimeSkipping lock_time_skipping testservice::LockTimeSkippingRequest => testservice::LockTimeSkippingResponse;
    UnlockTimeSkipping unlock_time_skipping testservice::UnlockTimeSkippingRequest => testservice::UnlockTimeSkippingResponse;
    Sleep sleep testservice::SleepRequest => testservice::SleepResponse;
    SleepUntil sleep_until testservice::SleepUntilRequest => testservice::SleepResponse;
    UnlockTimeSkippingWithSleep unlock_time_skipping_with_sleep testservice::SleepRequest => testservice::SleepResponse;
    GetCurrentTime get_current_time () => testservice::GetCurrentTimeResponse;
}
