"""One trace through both SDKs: the header of the one is read by the other."""

import asyncio
from datetime import timedelta

from checks import expect, fresh
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import Worker


@activity.defn
async def trace_id() -> str:
    return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)


@workflow.defn
class Traced:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(trace_id, start_to_close_timeout=timedelta(seconds=10))


async def trace_python_to_rust(address, queue):
    tracer = TracerProvider().get_tracer("interop")
    client = await Client.connect(address, interceptors=[TracingInterceptor(tracer)])
    with tracer.start_as_current_span("test") as span:
        found = await client.execute_workflow("Traced", id=fresh("traced"), task_queue=queue, result_type=str)
    expect(found, trace.format_trace_id(span.get_span_context().trace_id), "trace")


async def trace_rust_to_python(address, interop):
    tracer = TracerProvider().get_tracer("interop")
    client = await Client.connect(address, interceptors=[TracingInterceptor(tracer)])
    queue = fresh("queue")
    async with Worker(client, task_queue=queue, workflows=[Traced], activities=[trace_id]):
        driver = await asyncio.create_subprocess_exec(interop, "trace", address, queue)
        expect(await driver.wait(), 0, "our client's exit code")
