"""Scenarios without an SDK's worker: tasks are polled and answered by hand, so that it is certain what happens when."""

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
import temporalio.api.command.v1 as command
import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue
from temporalio.service import RPCError

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


@scenario
async def raw_unhandled_command(hand):
    """A signal that arrives while a task is out keeps the workflow from closing."""
    await hand.start()
    task = await hand.poll()
    await hand.signal("late")
    await hand.answer(task, complete())
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_transient(hand):
    """Only the first of several failures is written."""
    await hand.start()
    for _ in range(3):
        await hand.fail(await hand.poll())
    task = await hand.poll()
    hand.note("attempt", {"attempt": task.attempt, "events": len(task.history.events)})
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_sticky(hand):
    """A sticky task carries what is new; when nobody takes it, it goes to the normal queue."""
    await hand.start()
    sticky = TaskQueue(name=hand.queue.name + "-sticky", kind=2, normal_name=hand.queue.name)

    def taken_within(**timeout):
        return StickyExecutionAttributes(worker_task_queue=sticky, schedule_to_start_timeout=Duration(**timeout))

    await hand.answer(await hand.poll(), sticky_attributes=taken_within(seconds=20))
    # A queue that nobody polled lately is passed over, so the poll is there first.
    polled = asyncio.ensure_future(hand.poll(sticky))
    await asyncio.sleep(0.5)
    await hand.signal("one")
    task = await polled
    hand.note("task", {"first": task.history.events[0].event_id, "previous": task.previous_started_event_id})
    await hand.answer(task, sticky_attributes=taken_within(nanos=300_000_000))
    await hand.signal("two")
    task = await hand.poll()
    hand.note("task after", {"first": task.history.events[0].event_id, "previous": task.previous_started_event_id})
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_task_times_out(hand):
    await hand.start(workflow_task_timeout=Duration(seconds=1))
    late = await hand.poll()
    task = await hand.poll()
    await hand.answer(late, complete())
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_bad_commands(hand):
    """Commands that contradict themselves fail the task, and the answer says why."""
    await hand.start()
    await hand.answer(await hand.poll(), timer("1", 100), timer("1", 100))
    await hand.answer(await hand.poll(), cancel_timer("unknown"))
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_bad_activity(hand):
    await hand.start()
    await hand.answer(await hand.poll(), activity("", hand.queue))
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_cancel_unstarted_activity(hand):
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", TaskQueue(name="conformance-nobody")))
    await hand.signal("go")
    await hand.answer(await hand.poll(), cancel_activity(5))
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_buffered(hand):
    """What happens while a task is out is written behind it, what ends something last."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue), timer("1", 100))
    running = await hand.poll_activity()
    await hand.signal("one")
    task = await hand.poll()
    await hand.complete_activity(running)
    await hand.signal("two")
    await hand.answer(task)
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_heartbeat_and_return(hand):
    """A task may ask for its successor, and get it with the answer."""
    await hand.start()
    response = await hand.answer(
        await hand.poll(), force_create_new_workflow_task=True, return_new_workflow_task=True
    )
    task = response.workflow_task
    hand.note("next", {"started": task.started_event_id, "previous": task.previous_started_event_id})
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_zero_timer(hand):
    await hand.start()
    await hand.answer(await hand.poll(), timer("1", 0))
    await hand.answer(await hand.poll(), complete())
    await hand.show()


@scenario
async def raw_query(hand):
    """A query that finds a task goes along with it."""
    await hand.start()
    await hand.answer(await hand.poll())
    await hand.signal("one")
    request = api.QueryWorkflowRequest(
        namespace="default", execution=hand.execution, query=WorkflowQuery(query_type="q")
    )
    asked = asyncio.create_task(hand.service.query_workflow(request, timeout=LIMIT))
    await asyncio.sleep(0.5)
    task = await hand.poll()
    hand.note("task", {"queries": len(task.queries), "is a query": task.HasField("query")})
    results = {key: WorkflowQueryResult(result_type=1, answer=said("answer")) for key in task.queries}
    await hand.answer(task, complete(), query_results=results)
    hand.note("answer", {"text": (await asked).query_result.payloads[0].data.decode()})
    await hand.show()


@scenario
async def raw_child(hand):
    """A child's first task waits until its parent knows of it."""
    await hand.start()
    child_id = hand.workflow_id + "-child"
    await hand.answer(await hand.poll(), child(child_id, hand.queue))
    first = await hand.poll()
    second = await hand.poll()
    tasks = {task.workflow_execution.workflow_id: task for task in (first, second)}
    await hand.answer(tasks[hand.workflow_id])
    await hand.answer(tasks[child_id], complete())
    await hand.answer(await hand.poll(), complete())
    await hand.show()
    await hand.stage.show(hand.name + ", the child", child_id)


@scenario
async def raw_too_large(hand):
    """A result that is too large ends the run."""
    await hand.start()
    attributes = command.CompleteWorkflowExecutionCommandAttributes(result=said("x" * (2 * 1024 * 1024 + 1)))
    large = command.Command(
        command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        complete_workflow_execution_command_attributes=attributes,
    )
    await hand.answer(await hand.poll(), large)
    await hand.show()


RAW = dict([
    raw_unhandled_command, raw_transient, raw_sticky, raw_task_times_out, raw_bad_commands, raw_bad_activity,
    raw_cancel_unstarted_activity, raw_buffered, raw_heartbeat_and_return, raw_zero_timer, raw_query, raw_child,
    raw_too_large,
])  # fmt: skip
