"""Worker and client of one workflow, played by hand, so that it is certain what happens when."""

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
import temporalio.api.command.v1 as command
import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.service import RPCError

from calls import answer, called, see

LIMIT = timedelta(seconds=20)


def said(text):
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=f'"{text}"'.encode())])


def complete():
    attributes = command.CompleteWorkflowExecutionCommandAttributes(result=said("done"))
    return command.Command(
        command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        complete_workflow_execution_command_attributes=attributes,
    )


def timer(timer_id, seconds):
    attributes = command.StartTimerCommandAttributes(
        timer_id=timer_id, start_to_fire_timeout=Duration(seconds=seconds)
    )
    return command.Command(command_type=CommandType.COMMAND_TYPE_START_TIMER, start_timer_command_attributes=attributes)


def cancel_timer(timer_id):
    attributes = command.CancelTimerCommandAttributes(timer_id=timer_id)
    return command.Command(
        command_type=CommandType.COMMAND_TYPE_CANCEL_TIMER, cancel_timer_command_attributes=attributes
    )


def activity(activity_id, queue, **changed):
    attributes = command.ScheduleActivityTaskCommandAttributes(
        **{
            "activity_id": activity_id,
            "activity_type": ActivityType(name="act"),
            "task_queue": queue,
            "start_to_close_timeout": Duration(seconds=20),
            **changed,
        }
    )
    return command.Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, schedule_activity_task_command_attributes=attributes
    )


def cancel_activity(scheduled_event_id):
    attributes = command.RequestCancelActivityTaskCommandAttributes(scheduled_event_id=scheduled_event_id)
    return command.Command(
        command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
        request_cancel_activity_task_command_attributes=attributes,
    )


def child(workflow_id, queue):
    attributes = command.StartChildWorkflowExecutionCommandAttributes(
        workflow_id=workflow_id, workflow_type=WorkflowType(name="Raw"), task_queue=queue
    )
    return command.Command(
        command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
        start_child_workflow_execution_command_attributes=attributes,
    )


def ordered(kind, **attributes):
    """A command by its name: `marker` has `RecordMarkerCommandAttributes`, and so on."""
    camel, name = {
        "child": ("StartChildWorkflowExecution", "START_CHILD_WORKFLOW_EXECUTION"),
        "cancel_workflow": ("CancelWorkflowExecution", "CANCEL_WORKFLOW_EXECUTION"),
        "fail_workflow": ("FailWorkflowExecution", "FAIL_WORKFLOW_EXECUTION"),
        "again": ("ContinueAsNewWorkflowExecution", "CONTINUE_AS_NEW_WORKFLOW_EXECUTION"),
        "marker": ("RecordMarker", "RECORD_MARKER"),
        "signal": ("SignalExternalWorkflowExecution", "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION"),
        "cancel": ("RequestCancelExternalWorkflowExecution", "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION"),
        "attributes": ("UpsertWorkflowSearchAttributes", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"),
        "properties": ("ModifyWorkflowProperties", "MODIFY_WORKFLOW_PROPERTIES"),
        "message": ("ProtocolMessage", "PROTOCOL_MESSAGE"),
        "operation": ("ScheduleNexusOperation", "SCHEDULE_NEXUS_OPERATION"),
        "cancel_operation": ("RequestCancelNexusOperation", "REQUEST_CANCEL_NEXUS_OPERATION"),
    }[kind]
    given = getattr(command, camel + "CommandAttributes")(**attributes)
    field = f"{name.lower()}_command_attributes"
    return command.Command(command_type=CommandType.Value(f"COMMAND_TYPE_{name}"), **{field: given})


class Hand:
    """Plays worker and client of one workflow on a queue of its own."""

    def __init__(self, stage, name):
        self.stage = stage
        self.name = name
        self.service = stage.client.workflow_service
        self.workflow_id = stage.id(name)
        self.queue = TaskQueue(name=f"{stage.queue}-{name}")
        self.execution = WorkflowExecution(workflow_id=self.workflow_id)

    async def start(self, **changed):
        request = api.StartWorkflowExecutionRequest(
            **{
                "namespace": "default",
                "workflow_id": self.workflow_id,
                "workflow_type": WorkflowType(name="Raw"),
                "task_queue": self.queue,
                "request_id": self.workflow_id,
                "workflow_task_timeout": Duration(seconds=20),
                **changed,
            }
        )
        await self.service.start_workflow_execution(request)

    async def poll(self, queue=None):
        request = api.PollWorkflowTaskQueueRequest(
            namespace="default", task_queue=queue or self.queue, identity="hand"
        )
        while True:
            task = await self.service.poll_workflow_task_queue(request, timeout=LIMIT)
            if task.task_token:
                return task

    async def answer(self, task, *commands, **more):
        request = api.RespondWorkflowTaskCompletedRequest(
            namespace="default", task_token=task.task_token, commands=commands, identity="hand", **more
        )
        try:
            return await self.service.respond_workflow_task_completed(request)
        except RPCError as error:
            self.note("answered", {"status": error.status.name, "message": error.message})
            return None

    async def call(self, what, method, **fields):
        """One call, whose answer is compared; fields that name this workflow are filled in."""
        name, request = called(method, **fields)
        for field in ("execution", "workflow_execution"):
            if field in request.DESCRIPTOR.fields_by_name and not request.HasField(field):
                getattr(request, field).CopyFrom(self.execution)
        see(name, f"{self.name}: {what}")
        said = await answer(self.stage.client, name, request)
        self.note(what, said)
        return said

    async def close(self):
        """Completes the workflow with its next task, and shows it."""
        await self.answer(await self.poll(), complete())
        await self.show()

    async def fail(self, task):
        request = api.RespondWorkflowTaskFailedRequest(
            namespace="default", task_token=task.task_token, identity="hand",
            cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
            failure=Failure(message="oh", application_failure_info=ApplicationFailureInfo(type="Oh")),
        )  # fmt: skip
        await self.service.respond_workflow_task_failed(request)

    async def signal(self, name):
        request = api.SignalWorkflowExecutionRequest(
            namespace="default", workflow_execution=self.execution, signal_name=name, request_id=name
        )
        await self.service.signal_workflow_execution(request)

    async def poll_activity(self):
        request = api.PollActivityTaskQueueRequest(namespace="default", task_queue=self.queue, identity="hand")
        while True:
            task = await self.service.poll_activity_task_queue(request, timeout=LIMIT)
            if task.task_token:
                return task

    async def complete_activity(self, task):
        request = api.RespondActivityTaskCompletedRequest(
            namespace="default", task_token=task.task_token, result=said("result"), identity="hand"
        )
        await self.service.respond_activity_task_completed(request)

    def note(self, what, answer):
        self.stage.answers[f"{self.name}: {what}"] = answer

    async def show(self):
        await self.stage.show(self.name, self.workflow_id)


def scenario(play):
    async def of_stage(stage):
        await play(Hand(stage, play.__name__))

    return play.__name__, of_stage
