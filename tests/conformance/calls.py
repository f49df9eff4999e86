"""Calls whose answers are compared field by field: above all the ones that a server refuses."""

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.failure.v1 import Failure, TimeoutFailureInfo
from temporalio.api.filter.v1 import WorkflowExecutionFilter
from temporalio.api.nexus.v1 import EndpointSpec
import temporalio.api.operatorservice.v1 as operator
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
import temporalio.api.workflowservice.v1 as api
from temporalio.service import RPCError

from recorded_programs import OneLine, SignalWf

RateLimitUpdate = api.UpdateTaskQueueConfigRequest.RateLimitUpdate
MISSING = WorkflowExecution(workflow_id="conformance-missing")
NO_UUID = WorkflowExecution(workflow_id="conformance-missing", run_id="not a run id")
OTHER_RUN = WorkflowExecution(workflow_id="conformance-missing", run_id="01234567-89ab-4cde-8f01-23456789abcd")


# The method: the rows that show what it answers.
SEEN = {}


def start(**changed):
    request = {
        "namespace": "default",
        "workflow_id": "conformance-refused",
        "workflow_type": WorkflowType(name="OneLine"),
        "task_queue": TaskQueue(name="conformance-nobody"),
        "request_id": "request",
        **changed,
    }
    return "start_workflow_execution", api.StartWorkflowExecutionRequest(**request)


def of(method, request_type, **fields):
    """A call of a method by name in the default namespace, if it has one."""
    if "namespace" in request_type.DESCRIPTOR.fields_by_name:
        fields.setdefault("namespace", "default")
    return method, request_type(**fields)


def called(method, **fields):
    """A call of a method by name alone."""
    name = "".join(part.capitalize() for part in method.split("_")) + "Request"
    return of(method, getattr(api, name, None) or getattr(operator, name), **fields)


def update_of(execution, name="push"):
    request = Request(meta=Meta(update_id="u"), input=Input(name=name))
    return of("update_workflow_execution", api.UpdateWorkflowExecutionRequest, workflow_execution=execution, request=request)


POLICY_REUSE_TERMINATE = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
POLICY_CONFLICT_USE = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING

REFUSED = {
    "start without an id": start(workflow_id=""),
    "start with a long id": start(workflow_id="x" * 1001),
    "start without a type": start(workflow_type=None),
    "start with a long type": start(workflow_type=WorkflowType(name="x" * 1001)),
    "start without a task queue": start(task_queue=None),
    "start in no namespace": start(namespace=""),
    "start in an unknown namespace": start(namespace="conformance-unknown"),
    "start with a negative run time-out": start(workflow_run_timeout=Duration(seconds=-1)),
    "start with a negative task time-out": start(workflow_task_timeout=Duration(seconds=-1)),
    "start with a negative delay": start(workflow_start_delay=Duration(seconds=-1)),
    "start with a bad cron schedule": start(cron_schedule="every now and then"),
    "start with a delay and a cron schedule": start(cron_schedule="@every 1h", workflow_start_delay=Duration(seconds=1)),
    "start with two policies that exclude each other": start(
        workflow_id_reuse_policy=POLICY_REUSE_TERMINATE, workflow_id_conflict_policy=POLICY_CONFLICT_USE
    ),
    "describe a missing run": of("describe_workflow_execution", api.DescribeWorkflowExecutionRequest, execution=MISSING),
    "describe with a bad run id": of("describe_workflow_execution", api.DescribeWorkflowExecutionRequest, execution=NO_UUID),
    "describe another run": of("describe_workflow_execution", api.DescribeWorkflowExecutionRequest, execution=OTHER_RUN),
    "describe without an execution": of("describe_workflow_execution", api.DescribeWorkflowExecutionRequest),
    "history of a missing run": of("get_workflow_execution_history", api.GetWorkflowExecutionHistoryRequest, execution=MISSING),
    "history with a bad page token": of(
        "get_workflow_execution_history", api.GetWorkflowExecutionHistoryRequest, execution=MISSING, next_page_token=b"no"
    ),
    "signal a missing run": of(
        "signal_workflow_execution", api.SignalWorkflowExecutionRequest, workflow_execution=MISSING, signal_name="add"
    ),
    "signal without a name": of("signal_workflow_execution", api.SignalWorkflowExecutionRequest, workflow_execution=MISSING),
    "cancel a missing run": of(
        "request_cancel_workflow_execution", api.RequestCancelWorkflowExecutionRequest, workflow_execution=MISSING
    ),
    "terminate a missing run": of(
        "terminate_workflow_execution", api.TerminateWorkflowExecutionRequest, workflow_execution=MISSING
    ),
    "delete a missing run": of("delete_workflow_execution", api.DeleteWorkflowExecutionRequest, workflow_execution=MISSING),
    "query a missing run": of(
        "query_workflow", api.QueryWorkflowRequest, execution=MISSING, query=WorkflowQuery(query_type="items")
    ),
    "update a missing run": update_of(MISSING),
    "update without a name": update_of(MISSING, name=""),
    "update without a request": of("update_workflow_execution", api.UpdateWorkflowExecutionRequest, workflow_execution=MISSING),
    "reset a missing run": of(
        "reset_workflow_execution", api.ResetWorkflowExecutionRequest, workflow_execution=MISSING,
        workflow_task_finish_event_id=4, request_id="r",
    ),
    "complete an activity with a bad token": of(
        "respond_activity_task_completed", api.RespondActivityTaskCompletedRequest, task_token=b"no token"
    ),
    "complete an activity without a token": of(
        "respond_activity_task_completed", api.RespondActivityTaskCompletedRequest
    ),
    "heartbeat with a bad token": of(
        "record_activity_task_heartbeat", api.RecordActivityTaskHeartbeatRequest, task_token=b"no token"
    ),
    "complete an activity of a missing run": of(
        "respond_activity_task_completed_by_id", api.RespondActivityTaskCompletedByIdRequest,
        workflow_id="conformance-missing", activity_id="a",
    ),
    "complete a workflow task with a bad token": of(
        "respond_workflow_task_completed", api.RespondWorkflowTaskCompletedRequest, task_token=b"no token"
    ),
    "poll without a task queue": of("poll_workflow_task_queue", api.PollWorkflowTaskQueueRequest),
    "poll activities without a task queue": of("poll_activity_task_queue", api.PollActivityTaskQueueRequest),
    "describe no task queue": of("describe_task_queue", api.DescribeTaskQueueRequest),
    "describe an unknown namespace": of(
        "describe_namespace", api.DescribeNamespaceRequest, namespace="conformance-unknown"
    ),
    "register a namespace twice": of(
        "register_namespace", api.RegisterNamespaceRequest,
        workflow_execution_retention_period=Duration(seconds=86400),
    ),
    "register a namespace without a retention": of(
        "register_namespace", api.RegisterNamespaceRequest, namespace="conformance-no-retention"
    ),
    "list with a bad filter": of("list_workflow_executions", api.ListWorkflowExecutionsRequest, query="What = is this"),
    "list with an unfinished filter": of(
        "list_workflow_executions", api.ListWorkflowExecutionsRequest, query="WorkflowType ="
    ),
    "count with a bad filter": of("count_workflow_executions", api.CountWorkflowExecutionsRequest, query="What = 'it'"),
    "describe a missing schedule": of("describe_schedule", api.DescribeScheduleRequest, schedule_id="conformance-missing"),
    "delete a missing schedule": of("delete_schedule", api.DeleteScheduleRequest, schedule_id="conformance-missing"),
    "describe a missing batch": of(
        "describe_batch_operation", api.DescribeBatchOperationRequest, job_id="conformance-missing"
    ),
    "list archived runs": of("list_archived_workflow_executions", api.ListArchivedWorkflowExecutionsRequest),
    "list open runs": of(
        "list_open_workflow_executions", api.ListOpenWorkflowExecutionsRequest,
        execution_filter=WorkflowExecutionFilter(workflow_id="conformance-missing"),
    ),
    "list closed runs": of(
        "list_closed_workflow_executions", api.ListClosedWorkflowExecutionsRequest,
        execution_filter=WorkflowExecutionFilter(workflow_id="conformance-missing"),
    ),
    "scan nothing": of(
        "scan_workflow_executions", api.ScanWorkflowExecutionsRequest, query="WorkflowId = 'conformance-missing'"
    ),
    "history in reverse of a missing run": of(
        "get_workflow_execution_history_reverse", api.GetWorkflowExecutionHistoryReverseRequest, execution=MISSING
    ),
    "signal with start without a name": of(
        "signal_with_start_workflow_execution", api.SignalWithStartWorkflowExecutionRequest,
        workflow_id="conformance-refused", workflow_type=WorkflowType(name="OneLine"),
        task_queue=TaskQueue(name="conformance-nobody"),
    ),
    "no operations": of("execute_multi_operation", api.ExecuteMultiOperationRequest),
    "poll an update of a missing run": of(
        "poll_workflow_execution_update", api.PollWorkflowExecutionUpdateRequest,
        update_ref=UpdateRef(workflow_execution=MISSING, update_id="u"),
    ),
    "poll no update": of("poll_workflow_execution_update", api.PollWorkflowExecutionUpdateRequest),
    "fail a workflow task with a bad token": of(
        "respond_workflow_task_failed", api.RespondWorkflowTaskFailedRequest, task_token=b"no token"
    ),
    "answer a query with a bad token": of(
        "respond_query_task_completed", api.RespondQueryTaskCompletedRequest, task_token=b"no token"
    ),
    "reset the stickiness of a missing run": of(
        "reset_sticky_task_queue", api.ResetStickyTaskQueueRequest, execution=MISSING
    ),
    "fail an activity with no application failure": of(
        "respond_activity_task_failed", api.RespondActivityTaskFailedRequest, task_token=b"no token",
        failure=Failure(message="oh", timeout_failure_info=TimeoutFailureInfo()),
    ),
    **{
        f"{what} of a missing run": of(f"{what}_by_id", request, workflow_id="conformance-missing", activity_id="a")
        for what, request in (
            ("record_activity_task_heartbeat", api.RecordActivityTaskHeartbeatByIdRequest),
            ("respond_activity_task_failed", api.RespondActivityTaskFailedByIdRequest),
            ("respond_activity_task_canceled", api.RespondActivityTaskCanceledByIdRequest),
        )
    },
    "cancel an activity with a bad token": of(
        "respond_activity_task_canceled", api.RespondActivityTaskCanceledRequest, task_token=b"no token"
    ),
    "pause an activity of a missing run": of(
        "pause_activity", api.PauseActivityRequest, execution=MISSING, id="a"
    ),
    "unpause an activity of a missing run": of(
        "unpause_activity", api.UnpauseActivityRequest, execution=MISSING, id="a"
    ),
    "reset an activity of a missing run": of("reset_activity", api.ResetActivityRequest, execution=MISSING, id="a"),
    "change the options of an activity of a missing run": of(
        "update_activity_options", api.UpdateActivityOptionsRequest, execution=MISSING, id="a"
    ),
    "change options of a missing run": of(
        "update_workflow_execution_options", api.UpdateWorkflowExecutionOptionsRequest, workflow_execution=MISSING,
        workflow_execution_options=WorkflowExecutionOptions(), update_mask=FieldMask(paths=["versioning_override"]),
    ),
    "change options without a mask": of(
        "update_workflow_execution_options", api.UpdateWorkflowExecutionOptionsRequest, workflow_execution=MISSING
    ),
    "update a missing namespace": of("update_namespace", api.UpdateNamespaceRequest, namespace="conformance-unknown"),
    "deprecate a missing namespace": of(
        "deprecate_namespace", api.DeprecateNamespaceRequest, namespace="conformance-unknown"
    ),
    "describe no worker": of("describe_worker", api.DescribeWorkerRequest, worker_instance_key="conformance-missing"),
    "list no workers": of("list_workers", api.ListWorkersRequest, query="WorkerInstanceKey = 'conformance-missing'"),
    "count no workers": of("count_workers", api.CountWorkersRequest, query="WorkerInstanceKey = 'conformance-missing'"),
    "shut a missing worker down": of(
        "shutdown_worker", api.ShutdownWorkerRequest, sticky_task_queue="conformance-missing"
    ),
    "limit the rate of workflow tasks": of(
        "update_task_queue_config", api.UpdateTaskQueueConfigRequest, task_queue="conformance-nobody", task_queue_type=1,
        update_queue_rate_limit=RateLimitUpdate(rate_limit=RateLimit(requests_per_second=1)),
    ),
    "limit a rate to less than nothing": of(
        "update_task_queue_config", api.UpdateTaskQueueConfigRequest, task_queue="conformance-nobody", task_queue_type=2,
        update_queue_rate_limit=RateLimitUpdate(rate_limit=RateLimit(requests_per_second=-1)),
    ),
    "create a schedule without an id": of("create_schedule", api.CreateScheduleRequest, request_id="r"),
    "patch a missing schedule": of("patch_schedule", api.PatchScheduleRequest, schedule_id="conformance-missing"),
    "matching times of a missing schedule": of(
        "list_schedule_matching_times", api.ListScheduleMatchingTimesRequest, schedule_id="conformance-missing"
    ),
    "list schedules with a bad filter": of("list_schedules", api.ListSchedulesRequest, query="What = 'it'"),
    "start a batch without an id": of("start_batch_operation", api.StartBatchOperationRequest),
    "stop a missing batch": of(
        "stop_batch_operation", api.StopBatchOperationRequest, job_id="conformance-missing", reason="r"
    ),
    "poll Nexus tasks without a task queue": of("poll_nexus_task_queue", api.PollNexusTaskQueueRequest),
    "complete a Nexus task with a bad token": of(
        "respond_nexus_task_completed", api.RespondNexusTaskCompletedRequest, task_token=b"no token"
    ),
    "fail a Nexus task with a bad token": of(
        "respond_nexus_task_failed", api.RespondNexusTaskFailedRequest, task_token=b"no token"
    ),
    "start an activity without an id": of("start_activity_execution", api.StartActivityExecutionRequest),
    **{
        f"{what} of a missing activity": of(what, request, activity_id="conformance-missing")
        for what, request in (
            ("describe_activity_execution", api.DescribeActivityExecutionRequest),
            ("poll_activity_execution", api.PollActivityExecutionRequest),
            ("request_cancel_activity_execution", api.RequestCancelActivityExecutionRequest),
            ("terminate_activity_execution", api.TerminateActivityExecutionRequest),
            ("delete_activity_execution", api.DeleteActivityExecutionRequest),
            ("pause_activity_execution", api.PauseActivityExecutionRequest),
            ("unpause_activity_execution", api.UnpauseActivityExecutionRequest),
            ("reset_activity_execution", api.ResetActivityExecutionRequest),
        )
    },
    "list no activities": of(
        "list_activity_executions", api.ListActivityExecutionsRequest, query="ActivityId = 'conformance-missing'"
    ),
    "count no activities": of(
        "count_activity_executions", api.CountActivityExecutionsRequest, query="ActivityId = 'conformance-missing'"
    ),
    "describe a missing deployment": of(
        "describe_worker_deployment", api.DescribeWorkerDeploymentRequest, deployment_name="conformance-missing"
    ),
    "delete a missing deployment": of(
        "delete_worker_deployment", api.DeleteWorkerDeploymentRequest, deployment_name="conformance-missing"
    ),
    "describe a missing version": of(
        "describe_worker_deployment_version", api.DescribeWorkerDeploymentVersionRequest,
        deployment_version=WorkerDeploymentVersion(deployment_name="conformance-missing", build_id="1"),
    ),
    "make a missing version the current one": of(
        "set_worker_deployment_current_version", api.SetWorkerDeploymentCurrentVersionRequest,
        deployment_name="conformance-missing", build_id="1",
    ),
    "make a missing version the ramping one": of(
        "set_worker_deployment_ramping_version", api.SetWorkerDeploymentRampingVersionRequest,
        deployment_name="conformance-missing", build_id="1", percentage=10,
    ),
    "get the system's capabilities": of("get_system_info", api.GetSystemInfoRequest),
    "create a workflow rule": of("create_workflow_rule", api.CreateWorkflowRuleRequest),
    "describe an older deployment": of("describe_deployment", api.DescribeDeploymentRequest),
    "rules of build ids": of("get_worker_versioning_rules", api.GetWorkerVersioningRulesRequest),
    "sets of build ids": of("get_worker_build_id_compatibility", api.GetWorkerBuildIdCompatibilityRequest),
    "configuration of workers": of("fetch_worker_config", api.FetchWorkerConfigRequest),
    "count no schedules": of("count_schedules", api.CountSchedulesRequest, query="ScheduleId = 'conformance-missing'"),
    "list no batches": of("list_batch_operations", api.ListBatchOperationsRequest, page_size=1, namespace="conformance-unknown"),
    "list no deployments": of("list_worker_deployments", api.ListWorkerDeploymentsRequest, namespace="conformance-unknown"),
    "delete a missing version": of(
        "delete_worker_deployment_version", api.DeleteWorkerDeploymentVersionRequest,
        deployment_version=WorkerDeploymentVersion(deployment_name="conformance-missing", build_id="1"),
    ),
    "metadata of a missing version": of(
        "update_worker_deployment_version_metadata", api.UpdateWorkerDeploymentVersionMetadataRequest,
        deployment_version=WorkerDeploymentVersion(deployment_name="conformance-missing", build_id="1"),
    ),
    "manager of a missing deployment": of(
        "set_worker_deployment_manager", api.SetWorkerDeploymentManagerRequest, deployment_name="conformance-missing",
        manager_identity="me",
    ),
    "time skipping of a missing run": of(
        "poll_workflow_execution_time_skipping", api.PollWorkflowExecutionTimeSkippingRequest, workflow_execution=MISSING,
        fast_forward_id="f",
    ),
    "list nothing": of(
        "list_workflow_executions", api.ListWorkflowExecutionsRequest, query="WorkflowId = 'conformance-missing'"
    ),
    "count nothing": of(
        "count_workflow_executions", api.CountWorkflowExecutionsRequest, query="WorkflowId = 'conformance-missing'"
    ),
}


# Of the operators' service.
OPERATED = {
    "add a reserved search attribute": of(
        "add_search_attributes", operator.AddSearchAttributesRequest, search_attributes={"WorkflowId": 2}
    ),
    "add a search attribute again": of(
        "add_search_attributes", operator.AddSearchAttributesRequest, search_attributes={"ConformanceTeam": 2}
    ),
    "remove an unknown search attribute": of(
        "remove_search_attributes", operator.RemoveSearchAttributesRequest, search_attributes=["ConformanceUnknown"]
    ),
    "delete a missing namespace": of(
        "delete_namespace", operator.DeleteNamespaceRequest, namespace="conformance-unknown"
    ),
    "create an endpoint without a name": of(
        "create_nexus_endpoint", operator.CreateNexusEndpointRequest, spec=EndpointSpec()
    ),
    "get a missing endpoint": of(
        "get_nexus_endpoint", operator.GetNexusEndpointRequest, id="01234567-89ab-4cde-8f01-23456789abcd"
    ),
    "delete a missing endpoint": of(
        "delete_nexus_endpoint", operator.DeleteNexusEndpointRequest, id="01234567-89ab-4cde-8f01-23456789abcd",
        version=1,
    ),
    "update a missing endpoint": of(
        "update_nexus_endpoint", operator.UpdateNexusEndpointRequest, id="01234567-89ab-4cde-8f01-23456789abcd",
        version=1,
    ),
    "list endpoints by a name that none has": of(
        "list_nexus_endpoints", operator.ListNexusEndpointsRequest, name="conformance-missing"
    ),
}


def see(method, row):
    SEEN.setdefault(method, []).append(f"answer {row}")


# Lists that the original gives in any order, and what tells their items apart.
UNORDERED = {"pendingActivities": "activityId", "pendingChildren": "workflowId", "pendingNexusOperations": "scheduledEventId"}


def in_order(said):
    for name, key in UNORDERED.items():
        if name in said:
            said[name].sort(key=lambda item: item.get(key, ""))
    return said


# What the dev server says to lists that come faster than it allows.
TOO_OFTEN = "namespace rate limit exceeded"


async def answer(client, method, request, seconds=10):
    """What the server says, as plain data: an answer, or an error with its details."""
    operated = type(request).__module__.startswith("temporalio.api.operatorservice")
    service = client.operator_service if operated else client.workflow_service
    while True:
        try:
            said = await getattr(service, method)(request, timeout=timedelta(seconds=seconds))
            return {"answer": in_order(MessageToDict(said))}
        except RPCError as error:
            if error.message == TOO_OFTEN:
                await asyncio.sleep(0.2)
                continue
            details = [detail.type_url.rsplit("/", 1)[-1] for detail in error.grpc_status.details]
            contents = [detail.value.decode("latin-1") for detail in error.grpc_status.details]
            return {"status": error.status.name, "message": error.message, "details": details, "contents": contents}


async def refusals(stage):
    """Every call above."""
    for name, (method, request) in {**REFUSED, **OPERATED}.items():
        see(method, name)
        stage.answers[name] = await answer(stage.client, method, request)


async def answers_about_runs(stage):
    """The same calls to an open and to a closed run."""
    open_run = await stage.start("open", SignalWf.run)
    await open_run.query(SignalWf.items)
    closed = await stage.start("closed", OneLine.run)
    await closed.result()
    for name, handle in (("an open run", open_run), ("a closed run", closed)):
        execution = WorkflowExecution(workflow_id=handle.id)
        calls = {
            "describe": of("describe_workflow_execution", api.DescribeWorkflowExecutionRequest, execution=execution),
            "start again": start(
                workflow_id=handle.id,
                task_queue=TaskQueue(name=stage.queue),
                workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
            ),
            "query, no such handler": of(
                "query_workflow", api.QueryWorkflowRequest, execution=execution, query=WorkflowQuery(query_type="no such")
            ),
            "update, no such handler": update_of(execution, "no such"),
            "signal": of(
                "signal_workflow_execution", api.SignalWorkflowExecutionRequest, workflow_execution=execution,
                signal_name="add",
            ),
            "reset to no event": of(
                "reset_workflow_execution", api.ResetWorkflowExecutionRequest, workflow_execution=execution,
                workflow_task_finish_event_id=999, request_id="r",
            ),
            "cancel": of(
                "request_cancel_workflow_execution", api.RequestCancelWorkflowExecutionRequest,
                workflow_execution=execution,
            ),
            "terminate": of(
                "terminate_workflow_execution", api.TerminateWorkflowExecutionRequest, workflow_execution=execution
            ),
            "terminate again": of(
                "terminate_workflow_execution", api.TerminateWorkflowExecutionRequest, workflow_execution=execution
            ),
        }
        for what, (method, request) in calls.items():
            see(method, f"{name}: {what}")
            stage.answers[f"{name}: {what}"] = await answer(stage.client, method, request)
