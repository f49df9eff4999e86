"""Starts: ids that are taken, requests that come twice, delays, eager ones, and starts that bring a message."""

import asyncio

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Priority, WorkflowType
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflow.v1 import OnConflictOptions
import temporalio.api.workflowservice.v1 as api

from hand import complete, ordered, said, scenario
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure

ALLOW_FAILED_ONLY, REJECT = 2, 3
FAIL, USE_EXISTING, TERMINATE_EXISTING = 1, 2, 3


def again(hand, **changed):
    """The fields of another start of the same id."""
    return {
        "workflow_id": hand.workflow_id,
        "workflow_type": WorkflowType(name="Raw"),
        "task_queue": hand.queue,
        "request_id": "another",
        **changed,
    }


@scenario
async def start_repeated(hand):
    """A request that comes twice starts once, also when the run is over."""
    await hand.start()
    same = again(hand, request_id=hand.workflow_id)
    await hand.call("while it runs", "start_workflow_execution", **same)
    await hand.close()
    await hand.call("when it is over", "start_workflow_execution", **same)


@scenario
async def start_of_a_taken_id(hand):
    """A run that others join notes who did, once each."""
    await hand.start()
    await hand.call("fail", "start_workflow_execution", **again(hand, workflow_id_conflict_policy=FAIL))
    joined = again(hand, workflow_id_conflict_policy=USE_EXISTING)
    await hand.call("join", "start_workflow_execution", **joined)
    options = OnConflictOptions(attach_request_id=True, attach_completion_callbacks=True, attach_links=True)
    for what in ("attach", "attach again"):
        await hand.call(what, "start_workflow_execution", **joined, on_conflict_options=options)
    await hand.call("describe", "describe_workflow_execution")
    await hand.close()


@scenario
async def start_of_a_used_id(hand):
    await hand.start()
    await hand.close()
    for what, policy in (("failed only", ALLOW_FAILED_ONLY), ("reject", REJECT)):
        await hand.call(what, "start_workflow_execution", **again(hand, workflow_id_reuse_policy=policy))
    await hand.start(request_id="second")
    failure = Failure(message="no", application_failure_info=ApplicationFailureInfo(type="No"))
    await hand.answer(await hand.poll(), ordered("fail_workflow", failure=failure))
    await hand.call(
        "failed only, after a failure", "start_workflow_execution", **again(hand, workflow_id_reuse_policy=ALLOW_FAILED_ONLY)
    )
    await hand.close()


@scenario
async def start_delayed_and_signalled(hand):
    """A signal is recorded and wakes nobody."""
    await hand.start(workflow_start_delay=Duration(seconds=2))
    await hand.signal("early")
    await hand.close()


@scenario
async def start_delayed_and_cancelled(hand):
    """A request to cancel does not wait for the delay."""
    await hand.start(workflow_start_delay=Duration(seconds=3600))
    await hand.call("cancel", "request_cancel_workflow_execution", reason="enough")
    await hand.call("cancel again", "request_cancel_workflow_execution", reason="enough")
    await hand.answer(await hand.poll(), ordered("cancel_workflow", details=said("gone")))
    await hand.show()


@scenario
async def start_delayed_and_terminated(hand):
    await hand.start(workflow_start_delay=Duration(seconds=3600))
    await hand.call("describe", "describe_workflow_execution")
    await hand.call("terminate", "terminate_workflow_execution")
    await hand.show()


@scenario
async def start_eager(hand):
    """The first task comes with the answer."""
    request = api.StartWorkflowExecutionRequest(
        namespace="default", identity="hand", request_eager_execution=True, workflow_task_timeout=Duration(seconds=20),
        user_metadata=UserMetadata(summary=said("summary").payloads[0]), priority=Priority(priority_key=2),
        **again(hand),
    )  # fmt: skip
    started = await hand.service.start_workflow_execution(request)
    task = started.eager_workflow_task
    hand.note("task", {"attempt": task.attempt, "events": len(task.history.events), "started": task.started_event_id})
    await hand.answer(task, complete())
    await hand.show()


@scenario
async def start_with_signal(hand):
    """Starts what is not there, and signals what is."""
    fields = {"signal_name": "hello", "signal_input": said("you"), "workflow_task_timeout": Duration(seconds=20)}
    await hand.call("first", "signal_with_start_workflow_execution", **again(hand), **fields)
    await hand.call("second", "signal_with_start_workflow_execution", **again(hand, request_id="other"), **fields)
    await hand.call(
        "conflict", "signal_with_start_workflow_execution", **again(hand, workflow_id_conflict_policy=FAIL), **fields
    )
    await hand.close()


def with_update(hand, started, update_id="u", workflow_id=None, **changed):
    """The operations of an update with start."""
    update = api.UpdateWorkflowExecutionRequest(
        namespace="default",
        workflow_execution={"workflow_id": workflow_id or hand.workflow_id},
        wait_policy=WaitPolicy(lifecycle_stage=2),
        request=Request(meta=Meta(update_id=update_id), input=Input(name="up")),
    )
    start = api.StartWorkflowExecutionRequest(namespace="default", **again(hand, **started), **changed)
    operation = api.ExecuteMultiOperationRequest.Operation
    return {"operations": [operation(start_workflow=start), operation(update_workflow=update)]}


@scenario
async def start_with_update(hand):
    """What may not be said together, and what a running and a closed workflow answer."""
    call = "execute_multi_operation"
    await hand.call("of another id", call, **with_update(hand, {}, workflow_id="other"))
    await hand.call("with a cron schedule", call, **with_update(hand, {}, cron_schedule="@every 1h"))
    await hand.call("with a delay", call, **with_update(hand, {}, workflow_start_delay=Duration(seconds=1)))
    await hand.call("eager", call, **with_update(hand, {}, request_eager_execution=True))
    await hand.call("start alone", call, operations=with_update(hand, {})["operations"][:1])
    await hand.start()
    await hand.call("of a taken id", call, **with_update(hand, {"workflow_id_conflict_policy": FAIL}))
    await hand.close()
    await hand.call("of a used id", call, **with_update(hand, {"workflow_id_reuse_policy": REJECT}))


STARTS = dict([
    start_repeated, start_of_a_taken_id, start_of_a_used_id, start_delayed_and_signalled, start_delayed_and_cancelled,
    start_delayed_and_terminated, start_eager, start_with_signal, start_with_update,
])  # fmt: skip
