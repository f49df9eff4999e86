#!/usr/bin/env python3
"""The test environments of the Python SDK, started on our server program: it takes the place of the dev server and of the
time-skipping test server.

    environments.py SERVER

SERVER is the built binary `steadfast-server`. Needs the PyPI package `temporalio`.
"""

import asyncio
import logging
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleIntervalSpec, ScheduleSpec
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from checks import LIMIT_SECONDS, expect, run_and_leave

TEAM = SearchAttributeKey.for_keyword("Team")


@activity.defn
async def flaky() -> int:
    attempt = activity.info().attempt
    if attempt < 4:
        raise RuntimeError("again")
    return attempt


@workflow.defn(sandboxed=False)
class Patient:
    """Waits for days, then for an activity that fails for minutes."""

    @workflow.run
    async def run(self) -> int:
        await asyncio.sleep(timedelta(days=30).total_seconds())
        return await workflow.execute_activity(flaky, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn(sandboxed=False)
class Quick:
    @workflow.run
    async def run(self) -> str:
        return "done"


async def dev_server(server):
    print("the dev server of WorkflowEnvironment.start_local", flush=True)
    environment = await WorkflowEnvironment.start_local(
        namespace="other",
        search_attributes=[TEAM],
        dev_server_existing_path=server,
        dev_server_extra_args=["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=100"],
    )
    async with environment:
        client, queue = environment.client, "queue"
        expect(client.namespace, "other", "namespace")
        async with Worker(client, task_queue=queue, workflows=[Quick]):
            attributes = TypedSearchAttributes([SearchAttributePair(TEAM, "red")])
            done = await client.execute_workflow(
                Quick.run, id="quick", task_queue=queue, search_attributes=attributes
            )
            expect(done, "done", "result")
            counted = await client.count_workflows("Team = 'red'")
            expect(counted.count, 1, "count by a search attribute")


async def test_server(server):
    print("the test server of WorkflowEnvironment.start_time_skipping", flush=True)
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=server) as environment:
        client, queue = environment.client, "queue"
        expect(environment.supports_time_skipping, True, "supports time skipping")
        async with Worker(client, task_queue=queue, workflows=[Patient, Quick], activities=[flaky]):
            began, before = time.monotonic(), await environment.get_current_time()
            attempts = await client.execute_workflow(Patient.run, id=str(uuid.uuid4()), task_queue=queue)
            expect(attempts, 4, "attempts of an activity")
            passed = await environment.get_current_time() - before
            expect(timedelta(days=30) <= passed < timedelta(days=31), True, "a month passes")
            schedule = Schedule(
                action=ScheduleActionStartWorkflow(Quick.run, id="scheduled", task_queue=queue),
                spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))]),
            )
            handle = await client.create_schedule("schedule", schedule)
            await environment.sleep(timedelta(hours=24))
            expect((await handle.describe()).info.num_actions, 24, "actions of a schedule in a day")
            with environment.auto_time_skipping_disabled():
                await client.execute_workflow(Quick.run, id=str(uuid.uuid4()), task_queue=queue)
            expect(time.monotonic() - began < LIMIT_SECONDS, True, "in no time")


async def time_skipping_of_workflows(server):
    print("the dev server of WorkflowEnvironment.start_time_skipping_v2", flush=True)
    began = time.monotonic()
    async with await WorkflowEnvironment.start_time_skipping_v2(dev_server_existing_path=server) as environment:
        client, queue = environment.client, "queue"
        async with Worker(client, task_queue=queue, workflows=[Patient, Quick], activities=[flaky]):
            attempts = await client.execute_workflow(Patient.run, id="patient", task_queue=queue)
            expect(attempts, 4, "attempts of an activity")
            with environment.with_time_skipping_disabled():
                handle = await client.start_workflow(
                    Quick.run, id="later", task_queue=queue, start_delay=timedelta(days=2)
                )
            expect(await environment.fast_forward(handle, timedelta(days=1)), True, "fast-forward by a day")
            ahead = await environment.get_current_time(handle) - datetime.now(timezone.utc)
            expect(timedelta(hours=23) < ahead < timedelta(hours=25), True, "the workflow is a day ahead")
            expect(await environment.fast_forward(handle, timedelta(days=2)), False, "the workflow ends before")
            expect(await handle.result(), "done", "result")
    expect(time.monotonic() - began < LIMIT_SECONDS, True, "in no time")


async def main(server):
    await dev_server(server)
    await test_server(server)
    await time_skipping_of_workflows(server)


if len(sys.argv) != 2:
    sys.exit(__doc__)
logging.getLogger("temporalio").setLevel(logging.ERROR)
run_and_leave(main(str(Path(sys.argv[1]).resolve())))
