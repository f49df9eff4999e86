"""Workflow tasks: how they are made, handed out, repeated, given up. Without an SDK's worker."""

import asyncio
import base64

import temporalio.api.command.v1 as command
import temporalio.api.workflowservice.v1 as api
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import CommandType
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue

from calls import answer, called
from hand import LIMIT, activity, cancel_activity, cancel_timer, child, complete, said, scenario, timer


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


@scenario
async def raw_sticky_failure(hand):
    """The first failure of a cached run does not count: the one that follows is written as well."""
    await hand.start()
    sticky = TaskQueue(name=hand.queue.name + "-sticky", kind=2, normal_name=hand.queue.name)
    within = StickyExecutionAttributes(worker_task_queue=sticky, schedule_to_start_timeout=Duration(seconds=20))
    polled = asyncio.ensure_future(hand.poll(sticky))
    await hand.answer(await hand.poll(), sticky_attributes=within)
    await hand.signal("one")
    await hand.fail(await polled)
    await hand.fail(await hand.poll())
    await hand.close()


@scenario
async def raw_sticky_nobody(hand):
    """Nobody polls the sticky queue: the task goes to the normal one at once, and carries all of the history."""
    await hand.start()
    sticky = TaskQueue(name=hand.queue.name + "-sticky", kind=2, normal_name=hand.queue.name)
    within = StickyExecutionAttributes(worker_task_queue=sticky, schedule_to_start_timeout=Duration(seconds=20))
    await hand.answer(await hand.poll(), sticky_attributes=within)
    await hand.signal("one")
    task = await hand.poll()
    hand.note("task", {"first": task.history.events[0].event_id, "previous": task.previous_started_event_id})
    await hand.call("reset of the stickiness", "reset_sticky_task_queue")
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_shutdown(hand):
    """A worker that shuts down leaves its sticky queue to nobody."""
    await hand.start()
    sticky = TaskQueue(name=hand.queue.name + "-sticky", kind=2, normal_name=hand.queue.name)
    within = StickyExecutionAttributes(worker_task_queue=sticky, schedule_to_start_timeout=Duration(seconds=20))
    polled = asyncio.ensure_future(hand.poll(sticky))
    await hand.answer(await hand.poll(), sticky_attributes=within)
    await hand.signal("one")
    await hand.answer(await polled, sticky_attributes=within)
    await hand.call("shutdown", "shutdown_worker", sticky_task_queue=sticky.name, identity="hand", reason="bye")
    await hand.signal("two")
    await hand.close()


@scenario
async def raw_transient_becomes_normal(hand):
    """What happens while a repeated task waits makes a task like others of it."""
    await hand.start()
    await hand.fail(await hand.poll())
    await hand.signal("meanwhile")
    task = await hand.poll()
    hand.note("task", {"attempt": task.attempt, "events": len(task.history.events)})
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_terminated_in_hand(hand):
    """A task that is out fails before the end; its answer is too late."""
    await hand.start()
    task = await hand.poll()
    await hand.signal("meanwhile")
    await hand.call("terminate", "terminate_workflow_execution", reason="enough", details=said("details"), identity="hand")
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def raw_timed_out_in_hand(hand):
    await hand.start(workflow_run_timeout=Duration(seconds=5))
    task = await hand.poll()
    await hand.show()
    await hand.answer(task, complete())


@scenario
async def raw_overflow(hand):
    """Too much happened while a task was out: it is taken back."""
    await hand.start()
    task = await hand.poll()
    for number in range(101):
        await hand.signal(f"signal {number}")
    await hand.answer(task, complete())
    await hand.close()


@scenario
async def raw_fails_with_news(hand):
    """What was kept back while the task was out makes the next one a task like others."""
    await hand.start()
    for number in range(2):
        task = await hand.poll()
        hand.note(f"task {number}", {"attempt": task.attempt, "events": len(task.history.events)})
        await hand.signal(f"signal {number}")
        await hand.fail(task)
    await hand.close()


@scenario
async def raw_signals(hand):
    """The same request twice is one signal; a request to cancel that comes twice is one, also when all is over."""
    await hand.start()
    await hand.signal("one")
    await hand.signal("one")
    for what in ("cancel", "cancel again"):
        await hand.call(what, "request_cancel_workflow_execution", reason="why", request_id=what, identity="hand")
    await hand.close()
    await hand.call("cancel of what is over", "request_cancel_workflow_execution")
    await hand.call("cancel of another chain", "request_cancel_workflow_execution", first_execution_run_id="01234567-89ab-4cde-8f01-23456789abcd")
    await hand.call("signal of what is over", "signal_workflow_execution", signal_name="late")
    await hand.call("terminate what is over", "terminate_workflow_execution")


def numbers(said):
    answered = said.get("answer", {})
    events = answered.get("history", {}).get("events", [])
    return {"events": [event["eventId"] for event in events], "more": "nextPageToken" in answered}


@scenario
async def raw_history(hand):
    """Pages, the last event alone, backwards, and what a reader hears while the run goes on."""
    await hand.start()
    read = "get_workflow_execution_history"

    async def page(what, method=read, **fields):
        said = await answer(hand.stage.client, *called(method, execution=hand.execution, **fields), seconds=25)
        hand.note(what, numbers(said))
        return base64.b64decode(said["answer"].get("nextPageToken", ""))

    await page("open")
    await page("open, the end", history_event_filter_type=2)
    token = await page("open, to be told of more", wait_new_event=True)
    waiting = asyncio.create_task(page("more", wait_new_event=True, next_page_token=token))
    ended = asyncio.create_task(page("the end", wait_new_event=True, history_event_filter_type=2))
    task = await hand.poll()
    await waiting
    await hand.answer(task, complete())
    await ended
    await page("closed")
    await page("closed, the end", history_event_filter_type=2)
    await page("closed, to be told of more", wait_new_event=True)
    await page("backwards", "get_workflow_execution_history_reverse")
    await hand.show()


RAW = dict([
    raw_unhandled_command, raw_transient, raw_sticky, raw_task_times_out, raw_bad_commands, raw_bad_activity,
    raw_cancel_unstarted_activity, raw_buffered, raw_heartbeat_and_return, raw_zero_timer, raw_query, raw_child,
    raw_too_large, raw_sticky_failure, raw_sticky_nobody, raw_shutdown, raw_transient_becomes_normal,
    raw_terminated_in_hand, raw_timed_out_in_hand, raw_overflow, raw_fails_with_news, raw_signals, raw_history,
])  # fmt: skip
