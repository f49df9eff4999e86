//! The services of the wire on one [`Server`](crate::Server): each method asks the engine and turns its answer around.

use crate::{
    engine::{Call, Code, Error, Reply, Request, Sdk},
    server::Server,
};
use std::{pin::Pin, time::Duration};
use steadfast_proto::{
    operatorservice::{operator_service_server::OperatorService, *},
    prost::Message,
    rpc,
    testservice::{test_service_server::TestService, *},
    tonic::{self, Status, metadata::MetadataMap},
    workflowservice::{workflow_service_server::WorkflowService, *},
};

macro_rules! service {
    (
        $service:ident
        built { $($method:ident($request:ty) -> $response:ty = $variant:ident;)* }
        unbuilt { $($missing:ident($missing_request:ty) -> $missing_response:ty $(: $why:literal)?;)* }
    ) => {
        // Written out instead of `#[tonic::async_trait]`: the request goes into its box before the future is made, which is
        // small then.
        impl $service for Server {
            $(
                fn $method<'life0, 'async_trait>(
                    &'life0 self,
                    request: tonic::Request<$request>,
                ) -> Answer<'async_trait, $response>
                where
                    'life0: 'async_trait,
                    Self: 'async_trait,
                {
                    let (metadata, _, request) = request.into_parts();
                    let call = call(&metadata, Request::$variant(Box::new(request)));
                    Box::pin(async move {
                        match self.ask(call).await {
                            Ok(Reply::$variant(reply)) => Ok(tonic::Response::new(*reply)),
                            Ok(_) => Err(Status::internal("the engine answered another request")),
                            Err(error) => Err(status(error)),
                        }
                    })
                }
            )*
            $(
                fn $missing<'life0, 'async_trait>(
                    &'life0 self,
                    _request: tonic::Request<$missing_request>,
                ) -> Answer<'async_trait, $missing_response>
                where
                    'life0: 'async_trait,
                    Self: 'async_trait,
                {
                    Box::pin(async {
                        Err(Status::unimplemented(concat!(
                            stringify!($missing),
                            " is unimplemented in this server"
                            $(, ": ", $why)?
                        )))
                    })
                }
            )*
        }
    };
}

/// What a method of a service gives.
type Answer<'a, R> = Pin<Box<dyn Future<Output = Result<tonic::Response<R>, Status>> + Send + 'a>>;

/// A request with what its headers say.
fn call(headers: &MetadataMap, request: Request) -> Call {
    if headers.is_empty() {
        return request.into();
    }
    let is_sdk_asked = matches!(request, Request::PollActivityTaskQueue(_));
    Call {
        request,
        patience: patience(headers),
        sdk: is_sdk_asked.then(|| sdk(headers)).flatten(),
    }
}

/// What the caller is made with, as SDKs say it.
fn sdk(headers: &MetadataMap) -> Option<Box<Sdk>> {
    let header = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
    Some(Box::new(Sdk {
        name: header("client-name")?,
        version: header("client-version").unwrap_or_default(),
    }))
}

/// How long the caller waits, as it says in `grpc-timeout`: at most eight digits and a unit.
fn patience(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number.saturating_mul(3600))),
        "M" => Some(Duration::from_secs(number.saturating_mul(60))),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// An error as the wire has it: the typed detail goes into the `grpc-status-details-bin` trailer.
fn status(error: Error) -> Status {
    let code = match error.code {
        Code::InvalidArgument => tonic::Code::InvalidArgument,
        Code::DeadlineExceeded => tonic::Code::DeadlineExceeded,
        Code::NotFound => tonic::Code::NotFound,
        Code::AlreadyExists => tonic::Code::AlreadyExists,
        Code::PermissionDenied => tonic::Code::PermissionDenied,
        Code::ResourceExhausted => tonic::Code::ResourceExhausted,
        Code::FailedPrecondition => tonic::Code::FailedPrecondition,
        Code::Aborted => tonic::Code::Aborted,
        Code::Unimplemented => tonic::Code::Unimplemented,
        Code::Internal => tonic::Code::Internal,
        Code::Unavailable => tonic::Code::Unavailable,
    };
    let Some(detail) = error.detail else {
        return Status::new(code, error.message);
    };
    let details = rpc::Status {
        code: error.code as i32,
        message: error.message.to_string(),
        details: vec![*detail],
    };
    Status::with_details(code, error.message, details.encode_to_vec().into())
}

service! {
    WorkflowService
    built {
        register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse = RegisterNamespace;
        describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse = DescribeNamespace;
        list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse = ListNamespaces;
        start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse = StartWorkflowExecution;
        execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse = ExecuteMultiOperation;
        get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse = GetWorkflowExecutionHistory;
        get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest) -> GetWorkflowExecutionHistoryReverseResponse = GetWorkflowExecutionHistoryReverse;
        poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse = PollWorkflowTaskQueue;
        respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse = RespondWorkflowTaskCompleted;
        respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse = RespondWorkflowTaskFailed;
        poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse = PollActivityTaskQueue;
        record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse = RecordActivityTaskHeartbeat;
        record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse = RecordActivityTaskHeartbeatById;
        respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse = RespondActivityTaskCompleted;
        respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse = RespondActivityTaskCompletedById;
        respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse = RespondActivityTaskFailed;
        respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse = RespondActivityTaskFailedById;
        respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse = RespondActivityTaskCanceled;
        respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse = RespondActivityTaskCanceledById;
        request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse = RequestCancelWorkflowExecution;
        signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse = SignalWorkflowExecution;
        signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse = SignalWithStartWorkflowExecution;
        terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse = TerminateWorkflowExecution;
        list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse = ListWorkflowExecutions;
        scan_workflow_executions(ScanWorkflowExecutionsRequest) -> ScanWorkflowExecutionsResponse = ScanWorkflowExecutions;
        list_open_workflow_executions(ListOpenWorkflowExecutionsRequest) -> ListOpenWorkflowExecutionsResponse = ListOpenWorkflowExecutions;
        list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest) -> ListClosedWorkflowExecutionsResponse = ListClosedWorkflowExecutions;
        reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse = ResetWorkflowExecution;
        delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse = DeleteWorkflowExecution;
        pause_activity(PauseActivityRequest) -> PauseActivityResponse = PauseActivity;
        unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse = UnpauseActivity;
        reset_activity(ResetActivityRequest) -> ResetActivityResponse = ResetActivity;
        update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse = UpdateActivityOptions;
        count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse = CountWorkflowExecutions;
        get_search_attributes(GetSearchAttributesRequest) -> GetSearchAttributesResponse = GetSearchAttributes;
        respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse = RespondQueryTaskCompleted;
        reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse = ResetStickyTaskQueue;
        shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse = ShutdownWorker;
        query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse = QueryWorkflow;
        describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse = DescribeWorkflowExecution;
        describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse = DescribeTaskQueue;
        get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse = GetClusterInfo;
        get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse = GetSystemInfo;
        update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse = UpdateWorkflowExecution;
        poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse = PollWorkflowExecutionUpdate;
        poll_nexus_task_queue(PollNexusTaskQueueRequest) -> PollNexusTaskQueueResponse = PollNexusTaskQueue;
        create_schedule(CreateScheduleRequest) -> CreateScheduleResponse = CreateSchedule;
        describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse = DescribeSchedule;
        update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse = UpdateSchedule;
        patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse = PatchSchedule;
        list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse = ListScheduleMatchingTimes;
        delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse = DeleteSchedule;
        list_schedules(ListSchedulesRequest) -> ListSchedulesResponse = ListSchedules;
        count_schedules(CountSchedulesRequest) -> CountSchedulesResponse = CountSchedules;
        start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse = StartBatchOperation;
        stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse = StopBatchOperation;
        describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse = DescribeBatchOperation;
        list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse = ListBatchOperations;
        list_task_queue_partitions(ListTaskQueuePartitionsRequest) -> ListTaskQueuePartitionsResponse = ListTaskQueuePartitions;
        update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse = UpdateNamespace;
        deprecate_namespace(DeprecateNamespaceRequest) -> DeprecateNamespaceResponse = DeprecateNamespace;
        list_workers(ListWorkersRequest) -> ListWorkersResponse = ListWorkers;
        describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse = DescribeWorker;
        record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse = RecordWorkerHeartbeat;
        respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse = RespondNexusTaskCompleted;
        respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse = RespondNexusTaskFailed;
        start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse = StartActivityExecution;
        describe_activity_execution(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse = DescribeActivityExecution;
        poll_activity_execution(PollActivityExecutionRequest) -> PollActivityExecutionResponse = PollActivityExecution;
        list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse = ListActivityExecutions;
        count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse = CountActivityExecutions;
        request_cancel_activity_execution(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse = RequestCancelActivityExecution;
        terminate_activity_execution(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse = TerminateActivityExecution;
        delete_activity_execution(DeleteActivityExecutionRequest) -> DeleteActivityExecutionResponse = DeleteActivityExecution;
        pause_activity_execution(PauseActivityExecutionRequest) -> PauseActivityExecutionResponse = PauseActivityExecution;
        unpause_activity_execution(UnpauseActivityExecutionRequest) -> UnpauseActivityExecutionResponse = UnpauseActivityExecution;
        reset_activity_execution(ResetActivityExecutionRequest) -> ResetActivityExecutionResponse = ResetActivityExecution;
        update_activity_execution_options(UpdateActivityExecutionOptionsRequest) -> UpdateActivityExecutionOptionsResponse = UpdateActivityExecutionOptions;
        describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse = DescribeWorkerDeployment;
        describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest) -> DescribeWorkerDeploymentVersionResponse = DescribeWorkerDeploymentVersion;
        list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse = ListWorkerDeployments;
        set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest) -> SetWorkerDeploymentCurrentVersionResponse = SetWorkerDeploymentCurrentVersion;
        set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest) -> SetWorkerDeploymentRampingVersionResponse = SetWorkerDeploymentRampingVersion;
        update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest) -> UpdateWorkerDeploymentVersionMetadataResponse = UpdateWorkerDeploymentVersionMetadata;
        set_worker_deployment_manager(SetWorkerDeploymentManagerRequest) -> SetWorkerDeploymentManagerResponse = SetWorkerDeploymentManager;
        delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse = DeleteWorkerDeployment;
        delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest) -> DeleteWorkerDeploymentVersionResponse = DeleteWorkerDeploymentVersion;
        update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest) -> UpdateWorkflowExecutionOptionsResponse = UpdateWorkflowExecutionOptions;
        pause_workflow_execution(PauseWorkflowExecutionRequest) -> PauseWorkflowExecutionResponse = PauseWorkflowExecution;
        unpause_workflow_execution(UnpauseWorkflowExecutionRequest) -> UnpauseWorkflowExecutionResponse = UnpauseWorkflowExecution;
        create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse = CreateWorkerDeployment;
        create_worker_deployment_version(CreateWorkerDeploymentVersionRequest) -> CreateWorkerDeploymentVersionResponse = CreateWorkerDeploymentVersion;
        list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest) -> ListArchivedWorkflowExecutionsResponse = ListArchivedWorkflowExecutions;
        start_nexus_operation_execution(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse = StartNexusOperationExecution;
        describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse = DescribeNexusOperationExecution;
        poll_nexus_operation_execution(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse = PollNexusOperationExecution;
        list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse = ListNexusOperationExecutions;
        count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse = CountNexusOperationExecutions;
        request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse = RequestCancelNexusOperationExecution;
        terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse = TerminateNexusOperationExecution;
        delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest) -> DeleteNexusOperationExecutionResponse = DeleteNexusOperationExecution;
        count_workers(CountWorkersRequest) -> CountWorkersResponse = CountWorkers;
        update_task_queue_config(UpdateTaskQueueConfigRequest) -> UpdateTaskQueueConfigResponse = UpdateTaskQueueConfig;
        poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse = PollWorkflowExecutionTimeSkipping;
    }
    unbuilt {
        update_worker_deployment_version_compute_config(
            UpdateWorkerDeploymentVersionComputeConfigRequest
        ) -> UpdateWorkerDeploymentVersionComputeConfigResponse: "this server starts no workers";
        validate_worker_deployment_version_compute_config(
            ValidateWorkerDeploymentVersionComputeConfigRequest
        ) -> ValidateWorkerDeploymentVersionComputeConfigResponse: "this server starts no workers";
        update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest) -> UpdateWorkerBuildIdCompatibilityResponse: "sets of build ids are deprecated, use worker deployments instead";
        get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest) -> GetWorkerBuildIdCompatibilityResponse: "sets of build ids are deprecated, use worker deployments instead";
        update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest) -> UpdateWorkerVersioningRulesResponse: "rules of build ids are deprecated, use worker deployments instead";
        get_worker_versioning_rules(GetWorkerVersioningRulesRequest) -> GetWorkerVersioningRulesResponse: "rules of build ids are deprecated, use worker deployments instead";
        get_worker_task_reachability(GetWorkerTaskReachabilityRequest) -> GetWorkerTaskReachabilityResponse: "rules of build ids are deprecated, use worker deployments instead";
        describe_deployment(DescribeDeploymentRequest) -> DescribeDeploymentResponse: "deployments are deprecated, use worker deployments instead";
        list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse: "deployments are deprecated, use worker deployments instead";
        get_deployment_reachability(GetDeploymentReachabilityRequest) -> GetDeploymentReachabilityResponse: "deployments are deprecated, use worker deployments instead";
        get_current_deployment(GetCurrentDeploymentRequest) -> GetCurrentDeploymentResponse: "deployments are deprecated, use worker deployments instead";
        set_current_deployment(SetCurrentDeploymentRequest) -> SetCurrentDeploymentResponse: "deployments are deprecated, use worker deployments instead";
        create_workflow_rule(CreateWorkflowRuleRequest) -> CreateWorkflowRuleResponse: "the original does not support workflow rules by default either";
        describe_workflow_rule(DescribeWorkflowRuleRequest) -> DescribeWorkflowRuleResponse: "the original does not support workflow rules by default either";
        delete_workflow_rule(DeleteWorkflowRuleRequest) -> DeleteWorkflowRuleResponse: "the original does not support workflow rules by default either";
        list_workflow_rules(ListWorkflowRulesRequest) -> ListWorkflowRulesResponse: "the original does not support workflow rules by default either";
        trigger_workflow_rule(TriggerWorkflowRuleRequest) -> TriggerWorkflowRuleResponse: "the original does not support workflow rules by default either";
        fetch_worker_config(FetchWorkerConfigRequest) -> FetchWorkerConfigResponse: "workers take no commands from this server";
        update_worker_config(UpdateWorkerConfigRequest) -> UpdateWorkerConfigResponse: "workers take no commands from this server";
    }
}

service! {
    OperatorService
    built {
        add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse = AddSearchAttributes;
        remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse = RemoveSearchAttributes;
        list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse = ListSearchAttributes;
        delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse = DeleteNamespace;
        list_clusters(ListClustersRequest) -> ListClustersResponse = ListClusters;
        create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse = CreateNexusEndpoint;
        update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse = UpdateNexusEndpoint;
        get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse = GetNexusEndpoint;
        delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse = DeleteNexusEndpoint;
        list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse = ListNexusEndpoints;
    }
    unbuilt {
        add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest) -> AddOrUpdateRemoteClusterResponse;
        remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse;
    }
}

service! {
    TestService
    built {
        lock_time_skipping(LockTimeSkippingRequest) -> LockTimeSkippingResponse = LockTimeSkipping;
        unlock_time_skipping(UnlockTimeSkippingRequest) -> UnlockTimeSkippingResponse = UnlockTimeSkipping;
        sleep(SleepRequest) -> SleepResponse = Sleep;
        sleep_until(SleepUntilRequest) -> SleepResponse = SleepUntil;
        unlock_time_skipping_with_sleep(SleepRequest) -> SleepResponse = UnlockTimeSkippingWithSleep;
        get_current_time(()) -> GetCurrentTimeResponse = GetCurrentTime;
    }
    unbuilt {

    }
}
