#!/usr/bin/env python3
"""The programs whose histories a real server wrote into `proto/tests/histories`, run again: the same histories must come out.

    recorded.py ADDRESS

ADDRESS is of the server to be judged; it has to skip the time of single workflows and to pause workflows. Histories are compared
event by event, after what `normal.py` does and with names of workflows, queues and endpoints numbered as they appear.
Those of `NOT_BY_PROGRAMS` have no program of an SDK. Needs the PyPI package `temporalio`; exits with 1 if one differs or is
missing.
"""

import asyncio
import json
import logging
import os
import re
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import temporalio.api.nexus.v1 as nexus
import temporalio.api.operatorservice.v1 as operator
import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleIntervalSpec, ScheduleSpec
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RetryPolicy, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.converter import DataConverter, PayloadCodec, WithSerializationContext, WorkflowSerializationContext
from temporalio.testing._timeskipping import TimeSkipper, TimeSkippingConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from normal import differences, normal
from recorded_programs import (
    ACTIVITIES, AsyncAct, CancelWf, ContinueWf, CronWf, ExternalWf, FailWf, Handler, LocalWf, NexusCaller, OneLine,
    ParentWf, Retry, SideEffecty, SignalWf, Simple, SkipParent, Sleeper, SwallowCancel, TAG, TIMEOUTS, Timer,
    TimeoutWf, WORKFLOWS, seconds,
)  # fmt: skip
from stage import Stage, activity_runs, add_search_attribute, ended

FOLDER = Path(__file__).parents[2] / "proto/tests/histories"
# Documents of the command line and of the HTTP API, and histories of a client by hand: what those do is played in `raw.py`,
# `activities.py` and `updates.py`, on two servers.
NOT_BY_PROGRAMS = {
    "command_line", "http_api", "eager_activity_cancel", "oversize_activity_result", "oversize_result", "query",
    "self_signal_cancel", "unhandled_sticky_transient", "update_protocol", "update_with_start",
}  # fmt: skip
LIMIT_SECONDS = 60
AT_ONCE = 8
# What a run of the same program has otherwise each time: a number seeded by the run's id, how long tasks took, the schedule's id.
EACH_TIME = {
    "side_effecty": re.compile(r"\d+ (?=True)"),
    "time_skipping_child": re.compile(r"(?<=1:00:0)\d\.\d+|^(3600s|<duration>)$"),
    "schedule_started": re.compile(r"(?<=h-sched-)[0-9a-f]+"),
}


class AfterItsChild(PayloadCodec, WithSerializationContext):
    """Changes nothing; a parent that closes waits here until its child's first task has been answered, as when it was recorded."""

    def __init__(self, client, workflow_id=None):
        self.client = client
        self.workflow_id = workflow_id

    def with_context(self, context):
        is_of_workflow = isinstance(context, WorkflowSerializationContext)
        return AfterItsChild(self.client, context.workflow_id if is_of_workflow else None)

    async def encode(self, payloads):
        if self.workflow_id and any(payload.data == b'"closed"' for payload in payloads):
            child = self.client.get_workflow_handle(f"{self.workflow_id}-child")
            while len((await child.fetch_history()).events) < 4:
                await asyncio.sleep(0.02)
        return list(payloads)

    async def decode(self, payloads):
        return list(payloads)


def whole(name, workflow, *arguments, **options):
    return lambda stage: stage.whole(name, workflow, *arguments, **options)


async def signal(stage):
    handle = await stage.begun("signal", SignalWf.run)
    for item in ("a", "b"):
        await handle.signal(SignalWf.add, item)
        await handle.query(SignalWf.items)
    await handle.signal(SignalWf.finish)
    await stage.show("signal", handle.id)


async def signal_with_start(stage):
    handle = await stage.begun("sws", SignalWf.run, start_signal="add", start_signal_args=["first"])
    await handle.signal(SignalWf.finish)
    await stage.show("signal_with_start", handle.id)


async def update(stage):
    handle = await stage.begun("update", SignalWf.run)

    async def refused(name, *arguments):
        try:
            await handle.execute_update(name, *arguments)
        except WorkflowUpdateFailedError:
            pass

    await handle.execute_update(SignalWf.push, "good")
    await refused(SignalWf.push, "bad")
    await handle.execute_update(SignalWf.slow, "slow", id="my-upd")
    await refused(SignalWf.failing)
    await handle.execute_update(SignalWf.slow, "slow", id="my-upd")
    await handle.signal(SignalWf.finish)
    await stage.show("update", handle.id)


def cancelled(how):
    async def play(stage):
        handle = await stage.start(f"cancel-{how}", CancelWf.run, how.upper())
        await activity_runs(handle)
        await handle.cancel()
        await stage.show(f"cancel_cleanup_{how}", handle.id)

    return play


async def cancel_swallowed(stage):
    handle = await stage.begun("swallow", SwallowCancel.run)
    await handle.cancel()
    await stage.show("cancel_swallowed", handle.id)


def child(mode):
    async def play(stage):
        handle = await stage.start(f"child-{mode}", ParentWf.run, mode)
        await ended(handle)
        await stage.show(f"child_{mode}", handle.id)
        of = stage.client.get_workflow_handle(f"{handle.id}-child")
        if mode == "abandon":
            await of.query("__stack_trace")
        await stage.show(f"child_{mode}_of", of.id, closed=mode != "abandon")
        if mode == "abandon":
            await of.terminate("seen enough")

    return play


async def external(stage):
    target = await stage.begun("target", SignalWf.run)
    await stage.whole("external_signal", ExternalWf.run, target.id, "signal")
    await target.query(SignalWf.items)
    await ended(await stage.start("external_cancel", ExternalWf.run, target.id, "cancel"))
    await stage.show("external_target", target.id)


def missing(mode):
    return whole(f"external_{mode}_missing", ExternalWf.run, "does-not-exist", mode)


async def async_completion(stage):
    handle = await stage.start("async", AsyncAct.run)
    await activity_runs(handle)
    outside = stage.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="the-async")
    await outside.heartbeat("prog")
    await outside.complete("outside")
    await stage.show("async_completion", handle.id)


async def terminate(stage):
    handle = await stage.begun("terminate", Sleeper.run, 100.0)
    await handle.terminate("because", reason="a reason")
    await stage.show("terminate", handle.id)


async def continue_as_new(stage):
    tag = TypedSearchAttributes([SearchAttributePair(TAG, "can")])
    await stage.whole("continue_as_new_first", ContinueWf.run, 2, memo={"m": 1}, search_attributes=tag)


async def workflow_retry(stage):
    policy = RetryPolicy(initial_interval=timedelta(milliseconds=300), maximum_attempts=2)
    await stage.whole("workflow_retry_first", FailWf.run, retry_policy=policy)


async def cron(stage):
    handle = await stage.start("cron", CronWf.run, cron_schedule="@every 1s")
    await stage.show("cron_first", handle.id, handle.result_run_id)
    await stage.client.get_workflow_handle(handle.id).terminate()


async def conflict(stage):
    """The first run is terminated while its task is in somebody's hands."""
    queue = f"{stage.queue}-held"
    first = await stage.start("conflict", SignalWf.run, task_queue=queue)
    poll = api.PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue))
    while not (await stage.client.workflow_service.poll_workflow_task_queue(poll)).task_token:
        pass
    policy = WorkflowIDConflictPolicy.TERMINATE_EXISTING
    second = await stage.start("conflict", SignalWf.run, task_queue=queue, id_conflict_policy=policy)
    await stage.show("conflict_terminated", first.id, first.result_run_id)
    await second.terminate()


async def schedule(stage):
    action = ScheduleActionStartWorkflow(OneLine.run, id="h-sched-wf", task_queue=stage.queue)
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
    created = await stage.client.create_schedule(
        f"h-sched-{stage.queue.removeprefix('rec-')}", Schedule(action=action, spec=spec), trigger_immediately=True
    )
    while not (actions := (await created.describe()).info.recent_actions):
        await asyncio.sleep(0.05)
    started = actions[0].action
    await stage.show("schedule_started", started.workflow_id, started.first_execution_run_id)
    await created.delete()


async def reset(stage):
    handle = await stage.start("reset", Retry.run, "ok")
    await ended(handle)
    request = api.ResetWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=handle.result_run_id),
        workflow_task_finish_event_id=4,
        request_id="again",
        reason="again",
    )
    await stage.client.workflow_service.reset_workflow_execution(request)
    await stage.show("reset_base", handle.id, handle.result_run_id)


async def pause(stage):
    handle = await stage.begun("pause", SignalWf.run)
    service, named = stage.client.workflow_service, {"namespace": "default", "workflow_id": handle.id, "identity": "op"}
    await service.pause_workflow_execution(
        api.PauseWorkflowExecutionRequest(**named, reason="hold", request_id="1")
    )
    await handle.signal(SignalWf.add, "while paused")
    await service.unpause_workflow_execution(
        api.UnpauseWorkflowExecutionRequest(**named, reason="go", request_id="2")
    )
    await handle.query(SignalWf.items)
    await handle.signal(SignalWf.finish)
    await stage.show("workflow_pause", handle.id)


async def nexus_operations(stage):
    worker = nexus.EndpointTarget.Worker(namespace="default", task_queue=stage.queue)
    spec = nexus.EndpointSpec(name=f"{stage.queue}-endpoint", target=nexus.EndpointTarget(worker=worker))
    made = await stage.client.operator_service.create_nexus_endpoint(operator.CreateNexusEndpointRequest(spec=spec))
    for mode in ("sync_op", "bad_op"):
        await stage.whole(f"nexus_{mode}", NexusCaller.run, mode)
    await stage.client.operator_service.delete_nexus_endpoint(
        operator.DeleteNexusEndpointRequest(id=made.endpoint.id, version=made.endpoint.version)
    )


async def time_skipping(stage):
    skipper = TimeSkipper(stage.client, config=TimeSkippingConfig())
    for name, workflow, *arguments in (
        ("timer_1day", Sleeper.run, 86400.0), ("retry", Retry.run, "ok"), ("child", SkipParent.run),
    ):  # fmt: skip
        await stage.whole(f"time_skipping_{name}", workflow, *arguments, client=skipper.client)
    await stage.whole(
        "time_skipping_run_timeout", Sleeper.run, 1000.0, client=skipper.client, run_timeout=timedelta(seconds=500)
    )
    handle = await stage.start("fast_forward", Sleeper.run, 5000.0, start_delay=timedelta(hours=1))
    await skipper.fast_forward(handle, 4000)
    await stage.show("time_skipping_fast_forward", handle.id, closed=False)
    await skipper.fast_forward(handle)
    await stage.show("time_skipping_fast_forward_done", handle.id)


PROGRAMS = [
    whole("simple_activity", Simple.run, "bob", static_summary="a summary", static_details="details"),
    *(whole(f"activity_retry_{mode}", Retry.run, mode) for mode in ("ok", "exhaust", "fatal", "type", "delay")),
    *(whole(f"activity_timeout_{kind}", TimeoutWf.run, kind) for kind in TIMEOUTS),
    *(whole(f"local_activity_{mode}", LocalWf.run, mode) for mode in ("ok", "retry")),
    whole("timer", Timer.run),
    whole("side_effecty", SideEffecty.run),
    whole("workflow_fail", FailWf.run),
    whole("workflow_run_timeout", Sleeper.run, 100.0, run_timeout=seconds(1)),
    whole("start_delay", OneLine.run, start_delay=seconds(1)),
    *(cancelled(how) for how in ("try_cancel", "abandon")),
    *(child(mode) for mode in ("ok", "fail", "cancel", "terminate", "abandon", "request_cancel", "dup")),
    *(missing(mode) for mode in ("signal", "cancel")),
    signal, signal_with_start, update, cancel_swallowed, external, async_completion, terminate, continue_as_new,
    workflow_retry, cron, conflict, schedule, reset, pause, nexus_operations, time_skipping,
]  # fmt: skip


def names(found, keys=("workflowId", "endpoint")):
    """What was chosen by who ran the program: ids of workflows, names of queues and endpoints, as they appear."""
    if isinstance(found, list):
        return [name for inner in found for name in names(inner)]
    if not isinstance(found, dict):
        return []
    own = [found[key] for key in keys if isinstance(found.get(key), str)]
    queue = [found["taskQueue"]["name"]] if "name" in found.get("taskQueue", {}) else []
    return own + queue + [name for inner in found.values() for name in names(inner)]


def comparable(name, history):
    """As `normal.py` says, without who the worker was, and with the names numbered."""
    chosen = dict.fromkeys(names(history))
    numbered = {chosen_name: f"<name {number}>" for number, chosen_name in enumerate(chosen, start=1)}
    longest_first = sorted(numbered, key=len, reverse=True)

    def walk(found):
        if isinstance(found, dict):
            return {key: walk(inner) for key, inner in found.items() if key not in ("workerVersion", "prevAutoResetPoints")}
        if isinstance(found, list):
            return [walk(inner) for inner in found]
        if isinstance(found, str):
            for known in longest_first:
                found = found.replace(known, numbered[known])
            return EACH_TIME[name].sub("<each time>", found) if name in EACH_TIME else found
        return found

    return walk(normal(history, "<none>"))


async def play(stage, slots, program):
    async with slots:
        await asyncio.wait_for(program(stage), LIMIT_SECONDS)


async def main():
    plain = await Client.connect(sys.argv[1])
    converter = replace(DataConverter.default, payload_codec=AfterItsChild(plain))
    client = await Client.connect(sys.argv[1], data_converter=converter)
    await add_search_attribute(client, TAG)
    stage, slots = Stage(client, f"rec-{uuid.uuid4().hex[:12]}"), asyncio.Semaphore(AT_ONCE)
    async with Worker(
        client, task_queue=stage.queue, workflows=WORKFLOWS, activities=ACTIVITIES, nexus_service_handlers=[Handler()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):  # fmt: skip
        ended = await asyncio.gather(*(play(stage, slots, program) for program in PROGRAMS), return_exceptions=True)
    failed = [error for error in ended if error is not None]
    equal = 0
    for file in sorted(FOLDER.glob("*.json")):
        name = file.stem
        if name in NOT_BY_PROGRAMS:
            continue
        recorded = comparable(name, json.loads(file.read_text()))
        found = differences(recorded, comparable(name, stage.histories[name])) if name in stage.histories else ["not shown"]
        equal += not found
        failed += [(name, *difference) for difference in found]
    for failure in failed:
        print(repr(failure), file=sys.stderr)
    print(f"{equal} histories as recorded, {len(failed)} differences")
    sys.stdout.flush()
    # At once, as in `run.py`.
    os._exit(bool(failed))


if __name__ == "__main__":
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(main())
