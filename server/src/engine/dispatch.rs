//! Which request is answered by what.

use super::{
    Engine,
    error::Error,
    request::{Call, Handled, Reply, Request},
    system,
};

/// Requests that are answered at once, and those whose callers may have to wait.
macro_rules! answers {
    (
        $self:ident, $patience:ident, $sdk:ident
        at_once { $($name:ident($request:pat) => $answer:expr;)* }
        perhaps_later { $($late:ident($late_request:pat) => $handled:expr;)* }
    ) => {
        impl Engine {
            pub(super) fn dispatch(&mut $self, call: Call) -> Result<Handled, Error> {
                let ($patience, $sdk) = (call.patience, call.sdk);
                let reply = match call.request {
                    $(Request::$name($request) => Reply::$name(Box::new($answer?)),)*
                    $(Request::$late($late_request) => return $handled,)*
                };
                Ok(Handled::Reply(reply))
            }
        }
    };
}

answers! {
    self, patience, sdk
    at_once {
        GetSystemInfo(_) => Ok::<_, Error>(system::info());
        GetClusterInfo(_) => Ok::<_, Error>(system::cluster());
        ListClusters(_) => Ok::<_, Error>(system::clusters());
        DescribeNamespace(r) => self.describe_namespace(&r);
        RegisterNamespace(r) => self.register_namespace(*r);
        ListNamespaces(r) => self.list_namespaces(&r);
        UpdateNamespace(r) => self.update_namespace(*r);
        DeprecateNamespace(r) => self.deprecate_namespace(&r);
        DeleteNamespace(r) => self.delete_namespace(&r);
        GetSearchAttributes(_) => Ok::<_, Error>(self.search_attributes());
        AddSearchAttributes(r) => self.add_search_attributes(*r);
        RemoveSearchAttributes(r) => self.remove_search_attributes(&r);
        ListSearchAttributes(r) => self.list_search_attributes(&r);
        StartWorkflowExecution(r) => self.start_workflow(*r);
        SignalWithStartWorkflowExecution(r) => self.signal_with_start(*r);
        GetWorkflowExecutionHistoryReverse(r) => self.read_history_reverse(&r);
        RespondNexusTaskCompleted(r) => self.nexus_completed(*r);
        RespondNexusTaskFailed(r) => self.nexus_failed(*r);
        CreateNexusEndpoint(r) => self.create_endpoint(*r);
        UpdateNexusEndpoint(r) => self.update_endpoint(*r);
        GetNexusEndpoint(r) => self.get_endpoint(&r);
        DeleteNexusEndpoint(r) => self.delete_endpoint(&r);
        ListNexusEndpoints(r) => self.list_endpoints(&r);
        RespondWorkflowTaskCompleted(r) => self.respond_task_completed(*r);
        RespondWorkflowTaskFailed(r) => self.respond_task_failed(*r);
        RecordActivityTaskHeartbeat(r) => self.heartbeat(*r);
        RecordActivityTaskHeartbeatById(r) => self.heartbeat_by_id(*r);
        RespondActivityTaskCompleted(r) => self.activity_completed(*r);
        RespondActivityTaskCompletedById(r) => self.activity_completed_by_id(*r);
        RespondActivityTaskFailed(r) => self.activity_failed(*r);
        RespondActivityTaskFailedById(r) => self.activity_failed_by_id(*r);
        RespondActivityTaskCanceled(r) => self.activity_canceled(*r);
        RespondActivityTaskCanceledById(r) => self.activity_canceled_by_id(*r);
        RequestCancelWorkflowExecution(r) => self.request_cancel_workflow(*r);
        SignalWorkflowExecution(r) => self.signal_workflow(*r);
        TerminateWorkflowExecution(r) => self.terminate_workflow(*r);
        StartActivityExecution(r) => self.start_activity_execution(*r);
        ListActivityExecutions(r) => self.list_activity_executions(*r);
        CountActivityExecutions(r) => self.count_activity_executions(&r);
        RequestCancelActivityExecution(r) => self.request_cancel_activity_execution(*r);
        TerminateActivityExecution(r) => self.terminate_activity_execution(&r);
        DeleteActivityExecution(r) => self.delete_activity_execution(&r);
        PauseActivityExecution(r) => self.pause_activity_execution(*r);
        UnpauseActivityExecution(r) => self.unpause_activity_execution(*r);
        ResetActivityExecution(r) => self.reset_activity_execution(*r);
        UpdateActivityExecutionOptions(r) => self.update_activity_execution_options(*r);
        StartNexusOperationExecution(r) => self.start_nexus_operation_execution(*r);
        ListNexusOperationExecutions(r) => self.list_nexus_operation_executions(*r);
        CountNexusOperationExecutions(r) => self.count_nexus_operation_executions(&r);
        RequestCancelNexusOperationExecution(r) => self.request_cancel_nexus_operation_execution(*r);
        TerminateNexusOperationExecution(r) => self.terminate_nexus_operation_execution(&r);
        DeleteNexusOperationExecution(r) => self.delete_nexus_operation_execution(&r);
        CountWorkers(r) => self.count_workers(&r);
        UpdateTaskQueueConfig(r) => self.update_task_queue_config(*r);
        CreateWorkerDeployment(r) => self.create_deployment(*r);
        CreateWorkerDeploymentVersion(r) => self.create_version(*r);
        ListArchivedWorkflowExecutions(r) => self.list_archived_workflows(&r);
        DescribeWorkerDeployment(r) => self.describe_deployment(&r);
        DescribeWorkerDeploymentVersion(r) => self.describe_version(&r);
        ListWorkerDeployments(r) => self.list_deployments(&r);
        SetWorkerDeploymentCurrentVersion(r) => self.set_current_version(&r);
        SetWorkerDeploymentRampingVersion(r) => self.set_ramping_version(&r);
        UpdateWorkerDeploymentVersionMetadata(r) => self.update_version_metadata(*r);
        SetWorkerDeploymentManager(r) => self.set_deployment_manager(*r);
        DeleteWorkerDeployment(r) => self.delete_deployment(&r);
        DeleteWorkerDeploymentVersion(r) => self.delete_version(&r);
        UpdateWorkflowExecutionOptions(r) => self.update_workflow_options(*r);
        PauseWorkflowExecution(r) => self.pause_workflow(*r);
        UnpauseWorkflowExecution(r) => self.unpause_workflow(*r);
        PauseActivity(r) => self.pause_activity(*r);
        UnpauseActivity(r) => self.unpause_activity(*r);
        ResetActivity(r) => self.reset_activity(*r);
        UpdateActivityOptions(r) => self.update_activity_options(*r);
        ResetWorkflowExecution(r) => self.reset_workflow(&r);
        DeleteWorkflowExecution(r) => self.delete_workflow(*r);
        RespondQueryTaskCompleted(r) => self.respond_query(*r);
        DescribeWorkflowExecution(r) => self.describe_workflow(*r);
        ListWorkflowExecutions(r) => self.list_workflows(*r);
        ScanWorkflowExecutions(r) => self.scan_workflows(*r);
        ListOpenWorkflowExecutions(r) => self.list_open_workflows(*r);
        ListClosedWorkflowExecutions(r) => self.list_closed_workflows(*r);
        CountWorkflowExecutions(r) => self.count_workflows(&r);
        ResetStickyTaskQueue(r) => self.reset_sticky(&r);
        ShutdownWorker(r) => self.shutdown_worker(&r);
        RecordWorkerHeartbeat(r) => self.record_worker_heartbeat(*r);
        DescribeWorker(r) => self.describe_worker(&r);
        ListWorkers(r) => self.list_workers(&r);
        DescribeTaskQueue(r) => self.describe_task_queue(&r);
        StartBatchOperation(r) => self.start_batch(*r);
        StopBatchOperation(r) => self.stop_batch(&r);
        DescribeBatchOperation(r) => self.describe_batch(&r);
        ListBatchOperations(r) => self.list_batches(&r);
        ListTaskQueuePartitions(r) => self.list_task_queue_partitions(&r);
        CreateSchedule(r) => self.create_schedule(*r);
        DescribeSchedule(r) => self.describe_schedule(&r);
        UpdateSchedule(r) => self.update_schedule(*r);
        PatchSchedule(r) => self.patch_schedule(*r);
        ListScheduleMatchingTimes(r) => self.list_schedule_matching_times(&r);
        DeleteSchedule(r) => self.delete_schedule(&r);
        ListSchedules(r) => self.list_schedules(&r);
        CountSchedules(r) => self.count_schedules(&r);
        LockTimeSkipping(_) => Ok::<_, Error>(self.lock_time_skipping());
        UnlockTimeSkipping(_) => self.unlock_time_skipping();
        GetCurrentTime(_) => Ok::<_, Error>(self.current_time());
    }
    perhaps_later {
        ExecuteMultiOperation(r) => self.execute_multi_operation(*r, patience);
        GetWorkflowExecutionHistory(r) => self.read_history(*r, patience);
        PollWorkflowTaskQueue(r) => self.poll_workflow_task(*r, patience);
        PollActivityTaskQueue(r) => self.poll_activity_task(*r, patience, sdk);
        PollNexusTaskQueue(r) => self.poll_nexus_task(*r, patience);
        DescribeActivityExecution(r) => self.describe_activity_execution(*r, patience);
        PollActivityExecution(r) => self.poll_activity_execution(&r, patience);
        DescribeNexusOperationExecution(r) => self.describe_nexus_operation_execution(*r, patience);
        PollNexusOperationExecution(r) => self.poll_nexus_operation_execution(&r, patience);
        PollWorkflowExecutionTimeSkipping(r) => self.poll_time_skipping(*r, patience);
        QueryWorkflow(r) => self.query_workflow(*r, patience);
        UpdateWorkflowExecution(r) => self.update_workflow(*r, patience);
        PollWorkflowExecutionUpdate(r) => self.poll_update(*r, patience);
        Sleep(r) => Ok(self.sleep(&r));
        UnlockTimeSkippingWithSleep(r) => self.unlock_and_sleep(&r);
        SleepUntil(r) => Ok(self.sleep_until(&r));
    }
}
