"""Nexus by hand: operations that end at once, later, badly or never, and what a handler is told."""

import asyncio

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
import temporalio.api.nexus.v1 as nexus
import temporalio.api.workflowservice.v1 as api

from calls import answer, called
from hand import LIMIT, ordered, said, scenario

# The original's other services hear of a new endpoint a little later.
HEARD_SECONDS = 2


class Handler:
    """An endpoint, and who handles what is asked there."""

    def __init__(self, hand):
        self.hand = hand
        self.name = hand.workflow_id.replace("_", "-")
        self.queue = type(hand.queue)(name=hand.queue.name + "-nexus")

    async def open(self):
        target = nexus.EndpointTarget(worker=nexus.EndpointTarget.Worker(namespace="default", task_queue=self.queue.name))
        spec = nexus.EndpointSpec(name=self.name, target=target)
        made = await answer(self.hand.stage.client, *called("create_nexus_endpoint", spec=spec))
        self.id = made["answer"]["endpoint"]["id"]
        await asyncio.sleep(HEARD_SECONDS)

    async def close(self):
        await answer(self.hand.stage.client, *called("delete_nexus_endpoint", id=self.id, version=1))

    def operation(self, **changed):
        fields = {"endpoint": self.name, "service": "service", "operation": "operation", "input": said("in").payloads[0]}
        return ordered("operation", **{**fields, **changed})

    async def poll(self):
        request = api.PollNexusTaskQueueRequest(namespace="default", task_queue=self.queue, identity="handler")
        while True:
            task = await self.hand.service.poll_nexus_task_queue(request, timeout=LIMIT)
            if task.task_token:
                return task

    async def answer(self, task, response):
        request = api.RespondNexusTaskCompletedRequest(
            namespace="default", task_token=task.task_token, response=response, identity="handler"
        )
        await self.hand.service.respond_nexus_task_completed(request)

    async def started(self, task, **kind):
        await self.answer(task, nexus.Response(start_operation=nexus.StartOperationResponse(**kind)))


def seen(task):
    """What a handler is told, without what names this call."""
    shown = MessageToDict(task.request)
    start = shown.get("startOperation", {})
    start["callback"] = bool(start.get("callback"))
    start["callbackHeader"] = sorted(start.get("callbackHeader", {}))
    shown["header"] = sorted(shown.get("header", {}))
    return shown


@scenario
async def nexus_at_once(hand):
    handler = Handler(hand)
    await handler.open()
    await hand.start()
    await hand.answer(await hand.poll(), handler.operation(nexus_header={"a": "b"}))
    task = await handler.poll()
    hand.note("task", seen(task))
    await handler.started(task, sync_success=nexus.StartOperationResponse.Sync(payload=said("out").payloads[0]))
    await hand.call("answered twice", "respond_nexus_task_completed", task_token=task.task_token, response=nexus.Response())
    await hand.close()
    await handler.close()


@scenario
async def nexus_that_fails(hand):
    """Once it says itself that it failed; once its handler has no such operation."""
    handler = Handler(hand)
    await handler.open()
    await hand.start()
    await hand.answer(await hand.poll(), handler.operation())
    failed = nexus.UnsuccessfulOperationError(operation_state="failed", failure=nexus.Failure(message="no"))
    await handler.started(await handler.poll(), operation_error=failed)
    await hand.answer(await hand.poll(), handler.operation())
    error = nexus.HandlerError(error_type="NOT_FOUND", failure=nexus.Failure(message="no such operation"))
    task = await handler.poll()
    await hand.service.respond_nexus_task_failed(
        api.RespondNexusTaskFailedRequest(namespace="default", task_token=task.task_token, error=error, identity="handler")
    )
    await hand.close()
    await handler.close()


@scenario
async def nexus_that_starts(hand):
    """It goes on elsewhere, and is cancelled by a request to its handler; nobody completes it."""
    handler = Handler(hand)
    await handler.open()
    await hand.start()
    await hand.answer(await hand.poll(), handler.operation(schedule_to_close_timeout=Duration(seconds=6)))
    token = nexus.StartOperationResponse.Async(operation_token="token")
    await handler.started(await handler.poll(), async_success=token)
    await hand.answer(await hand.poll(), ordered("cancel_operation", scheduled_event_id=5))
    task = await handler.poll()
    hand.note("cancellation", seen(task))
    await handler.answer(task, nexus.Response(cancel_operation=nexus.CancelOperationResponse()))
    await hand.answer(await hand.poll())
    await hand.close()
    await handler.close()


@scenario
async def nexus_that_nobody_handles(hand):
    handler = Handler(hand)
    await handler.open()
    await hand.start()
    await hand.answer(await hand.poll(), handler.operation(schedule_to_close_timeout=Duration(seconds=1)))
    await hand.close()
    await handler.close()


NEXUS = dict([nexus_at_once, nexus_that_fails, nexus_that_starts, nexus_that_nobody_handles])
