"""Operations of endpoints with an address, whose handler is played here, over HTTP.

The real server says where callbacks are taken only if it is told so: `component.nexusoperations.callback.endpoint.template`.
"""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

from google.protobuf.duration_pb2 import Duration
import temporalio.api.nexus.v1 as nexus

from administration import until
from calls import answer, called
from hand import ordered, said, scenario
from nexus import HEARD_SECONDS

JSON = {"content-type": "application/json"}
# What an operation of that name is answered: the status, headers, the body.
ANSWERS = {
    "done": (200, JSON, '"done"'),
    "plain": (200, {"content-type": "text/plain"}, "text"),
    "empty": (200, {}, ""),
    "failed": (424, {**JSON, "nexus-operation-state": "failed"}, '{"message":"oh","metadata":{"k":"v"},"details":{"d":1}}'),
    "canceled": (424, {**JSON, "nexus-operation-state": "canceled"}, '{"message":"oh"}'),
    "refused": (404, JSON, '{"message":"no such operation"}'),
    "never": (500, {**JSON, "nexus-request-retryable": "false"}, '{"message":"never"}'),
    "begun": (201, JSON, '{"token":"token","state":"running"}'),
    "stopped": (201, JSON, '{"token":"token","state":"running"}'),
    "cancel": (202, {}, ""),
}
# Of HTTP itself: who is asked, how long the body is, in which way it may be packed.
TRANSPORT = {"host", "content-length", "accept-encoding"}


async def message(reader):
    """The first line, the headers and the body of a request or an answer."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines if line)}
    return first, headers, await reader.readexactly(int(headers.get("content-length", 0)))


class Handler:
    """A port, and the requests that came there."""

    def __init__(self):
        self.requests = asyncio.Queue()

    async def open(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        first, headers, body = await message(reader)
        target = urlsplit(first.split(" ")[1])
        status, answered, text = ANSWERS[target.path.rsplit("/", 1)[1]]
        lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(text)}", *(f"{key}: {value}" for key, value in answered.items())]
        writer.write(("\r\n".join([*lines, "connection: close", "", ""]) + text).encode())
        await writer.drain()
        writer.close()
        await self.requests.put((target, headers, body.decode()))


async def call_back(request, state, body):
    """A callback for that request; the answer's status and what it says."""
    target, headers, _ = request
    url = urlsplit(parse_qs(target.query)["callback"][0])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    token = headers["nexus-callback-temporal-callback-token"]
    lines = [
        f"POST {url.path} HTTP/1.1", f"host: {url.netloc}", f"content-length: {len(body)}", "content-type: application/json",
        f"nexus-operation-state: {state}", "nexus-operation-token: token", f"temporal-callback-token: {token}",
    ]  # fmt: skip
    writer.write(("\r\n".join([*lines, "", ""]) + body).encode())
    first, _, text = await message(reader)
    writer.close()
    return {"status": first.split(" ")[1], "body": json.loads(text) if text else None}


@scenario
async def nexus_elsewhere(hand):
    handler = Handler()
    url = f"http://127.0.0.1:{await handler.open()}/base"
    name = hand.workflow_id.replace("_", "-")
    spec = nexus.EndpointSpec(name=name, target=nexus.EndpointTarget(external=nexus.EndpointTarget.External(url=url)))
    made = await answer(hand.stage.client, *called("create_nexus_endpoint", spec=spec))
    await asyncio.sleep(HEARD_SECONDS)

    def operation(kind):
        return ordered(
            "operation", endpoint=name, service="my service", operation=kind, input=said("in").payloads[0],
            nexus_header={"Mine": "value"}, schedule_to_close_timeout=Duration(seconds=20),
        )  # fmt: skip

    async def seen(what):
        target, headers, body = request = await handler.requests.get()
        shown = {"path": target.path, "headers": sorted(headers.keys() - TRANSPORT), "body": body}
        hand.note(what, {**shown, "mine": headers.get("mine"), "type": headers.get("content-type")})
        return request

    await hand.start()
    for kind in ("done", "plain", "empty", "failed", "canceled", "refused", "never"):
        await hand.answer(await hand.poll(), operation(kind))
        await seen(kind)
    await hand.answer(await hand.poll(), operation("begun"))
    request = await seen("begun")
    await hand.answer(await hand.poll())
    hand.note("odd callback", await call_back(request, "odd", "1"))
    hand.note("callback", await call_back(request, "succeeded", '"late"'))
    hand.note("callback again", (await call_back(request, "succeeded", '"late"'))["status"])
    await hand.answer(await hand.poll(), operation("stopped"))
    request = await seen("stopped")
    task = await hand.poll()
    scheduled = max(event.event_id for event in task.history.events if event.HasField("nexus_operation_scheduled_event_attributes"))
    await hand.answer(task, ordered("cancel_operation", scheduled_event_id=scheduled))
    await seen("cancellation")
    await hand.answer(await hand.poll())
    hand.note("callback of a failure", await call_back(request, "canceled", '{"message":"as asked"}'))
    await hand.close()
    await answer(hand.stage.client, *called("delete_nexus_endpoint", id=made["answer"]["endpoint"]["id"], version=1))
    handler.server.close()


@scenario
async def nexus_out_of_reach(hand):
    """Who can't be reached again and again is left alone for a while."""
    name = hand.workflow_id.replace("_", "-")
    target = nexus.EndpointTarget(external=nexus.EndpointTarget.External(url="http://127.0.0.1:1/nobody"))
    made = await answer(hand.stage.client, *called("create_nexus_endpoint", spec=nexus.EndpointSpec(name=name, target=target)))
    await asyncio.sleep(HEARD_SECONDS)
    await hand.start()
    operations = [ordered("operation", endpoint=name, service="my service", operation=str(at)) for at in range(8)]
    await hand.answer(await hand.poll(), *operations)

    def pending(shown):
        return shown["answer"].get("pendingNexusOperations", [])

    def are_blocked(shown):
        return {operation["state"] for operation in pending(shown)} == {"PENDING_NEXUS_OPERATION_STATE_BLOCKED"}

    shown = await until(hand, are_blocked, "describe_workflow_execution", execution=hand.execution)
    told = sorted(pending(shown), key=lambda operation: operation["operation"])
    for operation in told:
        # Each says in its own words that nobody is there.
        operation["lastAttemptFailure"].pop("message")
    hand.note("blocked", told)
    await hand.call("terminate", "terminate_workflow_execution")
    await answer(hand.stage.client, *called("delete_nexus_endpoint", id=made["answer"]["endpoint"]["id"], version=1))


ELSEWHERE = dict([nexus_elsewhere, nexus_out_of_reach])
