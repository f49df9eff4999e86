"""Nexus: workflows call operations that workers handle, each of them in Python or in Rust, on whichever server."""

import uuid
from datetime import timedelta

import nexusrpc
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from temporalio import nexus, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, NexusOperationError, TimeoutError
from temporalio.worker import Worker


@nexusrpc.service
class Greetings:
    say: nexusrpc.Operation[str, str]
    compose: nexusrpc.Operation[str, str]
    refuse: nexusrpc.Operation[str, str]
    stumble: nexusrpc.Operation[str, str]


@workflow.defn
class Composition:
    """What `compose` starts: it ends by itself, fails, or waits to be cancelled, as its topic says."""

    @workflow.run
    async def run(self, topic: str) -> str:
        if topic == "nothing":
            raise ApplicationError("no topic", type="NoTopic")
        if topic == "for ever":
            await workflow.wait_condition(lambda: False)
        return f"about {topic}"


@service_handler(service=Greetings)
class GreetingsHandler:
    def __init__(self):
        self.stumbles = 0

    @sync_operation
    async def say(self, context: StartOperationContext, name: str) -> str:
        return f"Hello, {name}!"

    @nexus.workflow_run_operation
    async def compose(self, context: nexus.WorkflowRunOperationContext, topic: str) -> nexus.WorkflowHandle[str]:
        return await context.start_workflow(Composition.run, topic, id=f"composition-{uuid.uuid4()}")

    @sync_operation
    async def refuse(self, context: StartOperationContext, name: str) -> str:
        raise nexusrpc.OperationError(f"not {name}", state=nexusrpc.OperationErrorState.FAILED)

    @sync_operation
    async def stumble(self, context: StartOperationContext, name: str) -> str:
        self.stumbles += 1
        if self.stumbles == 1:
            raise nexusrpc.HandlerError("not yet", type=nexusrpc.HandlerErrorType.UNAVAILABLE)
        return f"at last, {name}"


@workflow.defn
class Caller:
    @workflow.run
    async def run(self, endpoint: str, operation: str, argument: str, cancels: bool) -> str:
        client = workflow.create_nexus_client(service=Greetings, endpoint=endpoint)
        handle = await client.start_operation(
            getattr(Greetings, operation), argument, schedule_to_close_timeout=timedelta(seconds=20)
        )
        if cancels:
            handle.cancel()
        return await handle


async def kinds(handle):
    """The Nexus events of a run, in short."""
    prefix = "EVENT_TYPE_NEXUS_OPERATION_"
    names = []
    async for event in handle.fetch_history_events():
        name = type(event).DESCRIPTOR.fields_by_name["event_type"].enum_type.values_by_number[event.event_type].name
        if name.startswith(prefix):
            names.append(name.removeprefix(prefix).lower())
    return names


async def make_endpoint(client: Client, queue: str):
    from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
    from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest

    endpoint = f"greetings-{uuid.uuid4().hex[:12]}"
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace=client.namespace, task_queue=queue))
    spec = EndpointSpec(name=endpoint, target=target)
    await client.operator_service.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))
    return endpoint


async def cause_of(handle):
    try:
        return await handle.result()
    except WorkflowFailureError as error:
        assert isinstance(error.cause, NexusOperationError), error.cause
        return error.cause.cause


async def call_operations(client: Client, callers: str, handlers: str, expect):
    """Workers serve `Caller` on the queue `callers`, `Greetings` and `Composition` on the queue `handlers`."""
    endpoint = await make_endpoint(client, handlers)

    async def call(operation, argument, cancels=False):
        return await client.start_workflow(
            "Caller", args=[endpoint, operation, argument, cancels], id=f"caller-{uuid.uuid4()}", task_queue=callers
        )

    run = await call("say", "Ada")
    expect(await run.result(), "Hello, Ada!", "an operation that answers at once")
    expect(await kinds(run), ["scheduled", "completed"], "its events")
    run = await call("compose", "trains")
    expect(await run.result(), "about trains", "an operation that is a workflow")
    expect(await kinds(run), ["scheduled", "started", "completed"], "its events")
    run = await call("compose", "nothing")
    cause = await cause_of(run)
    expect((type(cause), cause.type), (ApplicationError, "NoTopic"), "an operation whose workflow fails")
    expect(await kinds(run), ["scheduled", "started", "failed"], "its events")
    run = await call("compose", "for ever", cancels=True)
    expect(type(await cause_of(run)), CancelledError, "an operation that is cancelled")
    # The workflow may have ended before its handler says that it has asked for that; nothing is written of it then.
    events = [kind for kind in await kinds(run) if kind != "cancel_request_completed"]
    expect(events, ["scheduled", "started", "cancel_requested", "canceled"], "its events")
    run = await call("refuse", "Ada")
    expect("not Ada" in str(await cause_of(run)), True, "an operation that is refused")
    run = await call("stumble", "Ada")
    expect(await run.result(), "at last, Ada", "an operation that is tried again")
    expect(await kinds(run), ["scheduled", "completed"], "its events")


async def call_nobody(client: Client, queue: str, expect):
    """The caller's own tasks have a worker, the endpoint's queue has none."""
    endpoint = await make_endpoint(client, f"{queue}-silent")
    async with Worker(client, task_queue=queue, workflows=[Impatient]):
        run = await client.start_workflow(Impatient.run, endpoint, id=f"caller-{uuid.uuid4()}", task_queue=queue)
        expect(type(await cause_of(run)), TimeoutError, "an operation that nobody handles")
        expect(await kinds(run), ["scheduled", "timed_out"], "its events")


def python_worker(client: Client, queue: str):
    workflows = [Caller, Composition]
    return Worker(client, task_queue=queue, workflows=workflows, nexus_service_handlers=[GreetingsHandler()])


@workflow.defn
class Impatient:
    @workflow.run
    async def run(self, endpoint: str) -> str:
        client = workflow.create_nexus_client(service=Greetings, endpoint=endpoint)
        return await client.execute_operation(Greetings.say, "Ada", schedule_to_close_timeout=timedelta(seconds=1))
