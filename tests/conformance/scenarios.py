"""The scenarios: each starts runs, talks to them, and names the runs whose histories are compared."""

import asyncio
from datetime import timedelta

import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import (
    Schedule, ScheduleActionStartWorkflow, ScheduleSpec, WithStartWorkflowOperation, WorkflowUpdateFailedError,
)  # fmt: skip
from temporalio.common import RetryPolicy, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy

from recorded_programs import (
    AsyncAct, CancelWf, ContinueWf, ExternalWf, FailWf, LocalWf, OneLine, Retry, SignalWf, Simple, TIMEOUTS, TimeoutWf, Timer,
)  # fmt: skip
from stage import activity_runs, ended
from workflows import Attributes, FailsOnce, Memo, Parent, Patches, TEAM


def whole(name, workflow, *arguments, **options):
    return name, lambda stage: stage.whole(name, workflow, *arguments, **options)


async def signal(stage):
    handle = await stage.start("signal", SignalWf.run)
    await handle.query(SignalWf.items)
    await handle.signal(SignalWf.add, "a")
    await handle.query(SignalWf.items)
    await handle.signal(SignalWf.finish)
    await stage.show("signal", handle.id)


async def signal_with_start(stage):
    handle = await stage.start("signal_with_start", SignalWf.run, start_signal="finish")
    await stage.show("signal_with_start", handle.id)


async def update(stage):
    handle = await stage.start("update", SignalWf.run)
    await handle.query(SignalWf.items)
    await handle.execute_update(SignalWf.push, "good", id="first")
    for call in (handle.execute_update(SignalWf.push, "bad", id="bad"), handle.execute_update(SignalWf.failing, id="f")):
        try:
            await call
        except WorkflowUpdateFailedError:
            pass
    await handle.execute_update(SignalWf.slow, "slow", id="slow")
    await handle.execute_update(SignalWf.slow, "slow", id="slow")
    await handle.signal(SignalWf.finish)
    await stage.show("update", handle.id)


async def update_with_start(stage):
    policy = WorkflowIDConflictPolicy.USE_EXISTING
    operation = WithStartWorkflowOperation(
        SignalWf.run, id=stage.id("update_with_start"), task_queue=stage.queue, id_conflict_policy=policy
    )
    await stage.client.execute_update_with_start_workflow(
        SignalWf.push, "x", id="first", start_workflow_operation=operation
    )
    handle = await operation.workflow_handle()
    await handle.signal(SignalWf.finish)
    await stage.show("update_with_start", handle.id)


def cancelled(how):
    name = f"cancel_{how.lower()}"

    async def play(stage):
        handle = await stage.start(name, CancelWf.run, how)
        await activity_runs(handle)
        await handle.cancel()
        await stage.show(name, handle.id)

    return name, play


async def terminate(stage):
    handle = await stage.start("terminate", SignalWf.run)
    await handle.query(SignalWf.items)
    await handle.terminate("details", reason="enough")
    await stage.show("terminate", handle.id)


async def terminate_existing(stage):
    first = await stage.start("terminate_existing", SignalWf.run)
    await first.query(SignalWf.items)
    policy = WorkflowIDConflictPolicy.TERMINATE_EXISTING
    second = await stage.start("terminate_existing", SignalWf.run, id_conflict_policy=policy)
    await stage.show("terminate_existing", first.id, first.result_run_id)
    await second.query(SignalWf.items)
    await second.signal(SignalWf.finish)
    await stage.show("terminate_existing, the second", second.id, second.result_run_id)


def child(mode):
    name = f"child_{mode}"

    async def play(stage):
        await stage.whole(name, Parent.run, mode)
        id_of_child = stage.id(name) + "-child"
        if mode == "abandon":
            await stage.client.get_workflow_handle(id_of_child).terminate("no longer needed")
        await stage.show(f"{name}, the child", id_of_child)

    return name, play


def external(mode):
    name = f"external_{mode}"

    async def play(stage):
        target = await stage.start(f"{name}-target", SignalWf.run)
        await target.query(SignalWf.items)
        await stage.whole(name, ExternalWf.run, target.id, mode)
        if mode == "signal":
            await target.signal(SignalWf.finish)
        await stage.show(f"{name}, the other", target.id)

    return name, play


def external_missing(mode):
    name = f"external_{mode}_missing"
    return name, lambda stage: stage.whole(name, ExternalWf.run, "conformance-missing", mode)


def chain(name, workflow, *arguments, **options):
    """Runs that follow each other: the first and the last."""

    async def play(stage):
        handle = await stage.start(name, workflow, *arguments, **options)
        await ended(handle)
        await stage.show(f"{name}, the first", handle.id, handle.result_run_id)
        await stage.show(f"{name}, the last", handle.id)

    return name, play


async def outside(stage):
    handle = await stage.start("activity_completed_outside", AsyncAct.run)
    await activity_runs(handle)
    activity = stage.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="the-async")
    await activity.heartbeat("half way")
    await activity.complete("from outside")
    await stage.show("activity_completed_outside", handle.id)


async def cron(stage):
    handle = await stage.start("cron", OneLine.run, cron_schedule="@every 1s")
    await stage.show("cron, the first", handle.id, handle.result_run_id)
    await stage.client.get_workflow_handle(handle.id).terminate("enough")


async def reset(stage):
    """The reset run begins with a copy, and signals come after it again."""
    handle = await stage.start("reset", SignalWf.run)
    await handle.query(SignalWf.items)
    await handle.signal(SignalWf.add, "a")
    await handle.query(SignalWf.items)
    await handle.execute_update(SignalWf.push, "b", id="update")
    request = api.ResetWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=WorkflowExecution(workflow_id=handle.id),
        workflow_task_finish_event_id=4,
        request_id="reset",
        reason="once more",
    )
    await stage.client.workflow_service.reset_workflow_execution(request)
    await stage.show("reset, the base", handle.id, handle.result_run_id)
    again = stage.client.get_workflow_handle(handle.id)
    await again.query(SignalWf.items)
    await again.signal(SignalWf.finish)
    await stage.show("reset, the new run", handle.id)


async def schedule(stage):
    action = ScheduleActionStartWorkflow(
        OneLine.run, id=stage.id("scheduled"), task_queue=stage.queue, memo={"m": 1}
    )
    created = await stage.client.create_schedule(
        stage.id("schedule"), Schedule(action=action, spec=ScheduleSpec()), trigger_immediately=True
    )
    while not (actions := (await created.describe()).info.recent_actions):
        await asyncio.sleep(0.05)
    started = actions[0].action
    await stage.show("scheduled", started.workflow_id, started.first_execution_run_id)
    await created.delete()


async def search_attributes(stage):
    """A custom search attribute, given at the start and changed by the workflow."""
    attributes = TypedSearchAttributes([SearchAttributePair(TEAM, "red")])
    await stage.whole("search_attributes", Attributes.run, search_attributes=attributes)


async def task_fails_once(stage):
    await stage.whole("workflow_task_fails_once", FailsOnce.run, stage.id("fails"))


async def closed_and_gone(stage):
    handle = await stage.start("reuse", OneLine.run)
    await stage.show("reuse, the first", handle.id, handle.result_run_id)
    again = await stage.start("reuse", OneLine.run)
    await stage.show("reuse, the second", again.id, again.result_run_id)


SCENARIOS = dict(
    [
        whole("activity", Simple.run, "Ada", static_summary="a summary", static_details="details"),
        *(whole(f"activity_retry_{mode}", Retry.run, mode) for mode in ("ok", "exhaust", "fatal", "type", "delay")),
        *(
            whole(f"activity_timeout_{kind}", TimeoutWf.run, kind)
            for kind in TIMEOUTS
        ),
        ("activity_completed_outside", outside),
        whole("timers", Timer.run),
        ("signal", signal),
        ("signal_with_start", signal_with_start),
        ("update", update),
        ("update_with_start", update_with_start),
        *(cancelled(how) for how in ("WAIT_CANCELLATION_COMPLETED", "TRY_CANCEL", "ABANDON")),
        ("terminate", terminate),
        ("terminate_existing", terminate_existing),
        *(child(mode) for mode in ("ok", "fail", "cancel", "terminate", "abandon", "request_cancel", "dup")),
        *(external(mode) for mode in ("signal", "cancel")),
        *(external_missing(mode) for mode in ("signal", "cancel")),
        chain("continue_as_new", ContinueWf.run, 2, memo={"m": 1}),
        chain("retry", FailWf.run, retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2)),
        whole("failure", FailWf.run),
        whole("patches", Patches.run),
        *(whole(f"local_activity_{mode}", LocalWf.run, mode) for mode in ("ok", "retry")),
        whole("memo", Memo.run, memo={"given": True}),
        whole("run_timeout", SignalWf.run, run_timeout=timedelta(seconds=4)),
        whole("execution_timeout", SignalWf.run, execution_timeout=timedelta(seconds=4)),
        whole("start_delay", OneLine.run, start_delay=timedelta(milliseconds=500)),
        ("reuse", closed_and_gone),
        ("cron", cron),
        ("reset", reset),
        ("schedule", schedule),
        ("search_attributes", search_attributes),
        ("workflow_task_fails_once", task_fails_once),
    ]
)
