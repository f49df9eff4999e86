"""Commands: each that the SDK's scenarios don't give, and what a server says of bad ones."""

import asyncio

from google.protobuf.duration_pb2 import Duration
import temporalio.api.command.v1 as command
import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes, WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.sdk.v1 import UserMetadata

from hand import activity, cancel_activity, complete, ordered, said, scenario, timer

NULL = Payload(metadata={"encoding": b"binary/null"})


def one(text):
    return said(text).payloads[0]


def refused(name, *commands, polls_again=True):
    """A task whose commands are refused; the next one ends the workflow."""

    async def play(hand):
        await hand.start()
        task = await hand.poll()
        await hand.answer(task, *(given(hand) if callable(given) else given for given in commands))
        if polls_again:
            await hand.close()
        else:
            # The task is still out.
            await hand.answer(task, complete())
            await hand.show()

    play.__name__ = f"refused_{name}"
    return scenario(play)


REFUSED_COMMANDS = [
    refused("unknown", command.Command(command_type=99), polls_again=False),
    refused("without_attributes", command.Command(command_type=2)),
    refused("after_the_end", complete(), timer("1", 1), polls_again=False),
    refused("activity_twice", lambda hand: activity("1", hand.queue), lambda hand: activity("1", hand.queue)),
    refused("activity_without_time_out", lambda hand: activity("1", hand.queue, start_to_close_timeout=None)),
    refused("activity_with_a_negative_time_out", lambda hand: activity("1", hand.queue, start_to_close_timeout=Duration(seconds=-1))),
    refused("negative_timer", timer("1", -1)),
    refused("timer_without_id", timer("", 1)),
    refused("cancel_of_an_unknown_activity", cancel_activity(77)),
    refused("marker_without_name", ordered("marker")),
    refused("failure_without_failure", ordered("fail_workflow")),
    refused("child_without_type", ordered("child", workflow_id="x")),
    refused("signal_without_name", ordered("signal", execution=WorkflowExecution(workflow_id="x"))),
    refused("signal_of_nobody", ordered("signal", signal_name="x")),
    refused("cancel_of_nobody", ordered("cancel")),
    refused("unknown_search_attribute", ordered("attributes", search_attributes=SearchAttributes(indexed_fields={"ConformanceNone": one("x")}))),
    refused("search_attributes_without_any", ordered("attributes")),
    refused("unknown_message", ordered("message", message_id="none")),
    refused("operation_of_no_endpoint", ordered("operation", endpoint="conformance-none", service="s", operation="o")),
    refused("cancel_of_an_unknown_operation", ordered("cancel_operation", scheduled_event_id=77)),
]  # fmt: skip


@scenario
async def command_marker(hand):
    await hand.start()
    failure = Failure(message="why", application_failure_info=ApplicationFailureInfo(type="Why"))
    summary = UserMetadata(summary=one("summary"), details=one("details"))
    marker = ordered("marker", marker_name="SideEffect", details={"data": said("x")}, failure=failure)
    marker.user_metadata.CopyFrom(summary)
    upserted = ordered("properties", upserted_memo=Memo(fields={"kept": one("v"), "gone": NULL}))
    await hand.answer(await hand.poll(), marker, upserted, complete())
    await hand.show()


@scenario
async def command_cancel_unasked(hand):
    """A workflow may call itself cancelled."""
    await hand.start()
    await hand.answer(await hand.poll(), ordered("cancel_workflow", details=said("so")))
    await hand.show()


@scenario
async def command_to_itself(hand):
    """It can neither signal nor cancel itself."""
    await hand.start()
    itself = WorkflowExecution(workflow_id=hand.workflow_id)
    await hand.answer(await hand.poll(), ordered("signal", execution=itself, signal_name="me"))
    await hand.answer(await hand.poll(), ordered("cancel", workflow_id=hand.workflow_id))
    await hand.close()


@scenario
async def command_signal_of_a_closed_run_and_of_a_child(hand):
    """What is closed takes no signal, and what is no child none that is for children alone."""
    await hand.start()
    await hand.close()
    other = type(hand)(hand.stage, hand.name + "_2")
    await other.start()
    target = WorkflowExecution(workflow_id=hand.workflow_id)
    await other.answer(await other.poll(), ordered("signal", execution=target, signal_name="late"))
    await other.answer(await other.poll(), ordered("signal", execution=target, signal_name="x", child_workflow_only=True))
    await other.close()


@scenario
async def command_continue_as_new(hand):
    """What a run leaves out the next one inherits; its children end with it."""
    await hand.start(memo=Memo(fields={"m": one("1")}))
    queue = hand.queue
    child_id = hand.workflow_id + "-child"
    child = ordered("child", workflow_id=child_id, workflow_type=WorkflowType(name="Raw"), task_queue=type(queue)(name=queue.name + "-nobody"))
    await hand.answer(await hand.poll(), child)
    again = ordered(
        "again", workflow_type=WorkflowType(name="Other"), task_queue=queue, input=said("next"),
        backoff_start_interval=Duration(seconds=1), initial_versioning_behavior=1, last_completion_result=said("last"),
    )  # fmt: skip
    first = await hand.poll()
    await hand.answer(first, again)
    await hand.stage.show(f"{hand.name}, the first", hand.workflow_id, first.workflow_execution.run_id)
    await hand.close()
    await hand.stage.show(f"{hand.name}, the child", child_id)


@scenario
async def command_cron_fails(hand):
    """A failed run of a cron workflow is followed by the next one, which is told of the failure and of the last result."""
    await hand.start(cron_schedule="@every 1s")
    first = await hand.poll()
    await hand.answer(first, complete())
    failure = Failure(message="no", application_failure_info=ApplicationFailureInfo(type="No"))
    second = await hand.poll()
    await hand.answer(second, ordered("fail_workflow", failure=failure))
    third = await hand.poll()
    await hand.answer(third, ordered("cancel_workflow"))
    for name, task in (("the first", first), ("the second", second), ("the third", third)):
        await hand.stage.show(f"{hand.name}, {name}", hand.workflow_id, task.workflow_execution.run_id)


@scenario
async def command_child_of_a_chain(hand):
    """A parent hears of its child when the last run of it is over."""
    await hand.start()
    child_id = hand.workflow_id + "-child"
    queue = type(hand.queue)(name=hand.queue.name + "-child")
    child = ordered("child", workflow_id=child_id, workflow_type=WorkflowType(name="Raw"), task_queue=queue)
    await hand.answer(await hand.poll(), child)
    await hand.answer(await hand.poll())
    first = await hand.poll(queue)
    await hand.answer(first, ordered("again", workflow_type=WorkflowType(name="Raw"), task_queue=queue))
    await hand.answer(await hand.poll(queue), complete())
    await hand.close()
    await hand.stage.show(f"{hand.name}, the child", child_id, first.workflow_execution.run_id)


@scenario
async def command_too_large(hand):
    """A result of an activity that is too large fails the activity alone."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue))
    request = api.RespondActivityTaskCompletedRequest(
        namespace="default", identity="hand", task_token=(await hand.poll_activity()).task_token,
        result=said("x" * (2 * 1024 * 1024 + 1)),
    )  # fmt: skip
    await hand.service.respond_activity_task_completed(request)
    await hand.close()


COMMANDS = dict([
    *REFUSED_COMMANDS, command_marker, command_cancel_unasked, command_to_itself,
    command_signal_of_a_closed_run_and_of_a_child, command_continue_as_new, command_cron_fails, command_child_of_a_chain,
    command_too_large,
])  # fmt: skip
