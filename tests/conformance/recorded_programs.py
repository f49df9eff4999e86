"""The workflows and activities whose histories are in `proto/tests/histories`: names, arguments and numbers are part of those.

The scenarios of two servers use them too. `workflows.py` has what only those do, and children that take their time: the
recorded ones take none.
"""

import asyncio
from datetime import timedelta

import nexusrpc
from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

TAG = SearchAttributeKey.for_keyword("CustomKw")
QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=3)
TIMEOUTS = ("start_to_close", "start_to_close_retry", "heartbeat", "schedule_to_start", "schedule_to_close_run")


def seconds(number):
    return timedelta(seconds=number)


@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn
async def flaky(failures: int) -> int:
    attempt = activity.info().attempt
    if attempt <= failures:
        raise ApplicationError(f"attempt {attempt} fails", type="Flaky")
    return attempt


@activity.defn
async def non_retryable() -> None:
    raise ApplicationError("no more", {"detail": 1}, type="Fatal", non_retryable=True)


@activity.defn
async def next_delay() -> int:
    if activity.info().attempt == 1:
        raise ApplicationError("wait a bit", next_retry_delay=timedelta(milliseconds=300))
    return activity.info().attempt


@activity.defn
async def sleeper(for_seconds: float) -> str:
    await asyncio.sleep(for_seconds)
    return "slept"


@activity.defn
async def until_cancelled() -> str:
    while True:
        activity.heartbeat("alive")
        await asyncio.sleep(0.05)


@activity.defn
async def cleanup() -> str:
    return "cleaned"


@activity.defn
async def async_one() -> str:
    activity.raise_complete_async()


@workflow.defn
class Simple:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(
            greet, name, start_to_close_timeout=seconds(5), summary="greeting", activity_id="greet-1"
        )


@workflow.defn
class Retry:
    @workflow.run
    async def run(self, mode: str) -> str:
        called, arguments, policy = {
            "ok": (flaky, [2], QUICK),
            "exhaust": (flaky, [9], QUICK),
            "fatal": (non_retryable, [], QUICK),
            "type": (flaky, [9], RetryPolicy(non_retryable_error_types=["Flaky"])),
            "delay": (next_delay, [], QUICK),
        }[mode]
        try:
            attempts = await workflow.execute_activity(
                called, args=arguments, start_to_close_timeout=seconds(5), retry_policy=policy
            )
        except ActivityError as error:
            return f"{error.retry_state!r} {error.cause!r}"
        return f"attempts {attempts}" if mode == "ok" else str(attempts)


@workflow.defn
class TimeoutWf:
    @workflow.run
    async def run(self, kind: str) -> str:
        once = RetryPolicy(maximum_attempts=1)
        twice = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2)
        options = {
            "start_to_close": {"start_to_close_timeout": seconds(0.5), "retry_policy": once},
            "start_to_close_retry": {"start_to_close_timeout": seconds(0.4), "retry_policy": twice},
            "heartbeat": {
                "start_to_close_timeout": seconds(10), "heartbeat_timeout": seconds(0.5), "retry_policy": once,
            },
            "schedule_to_start": {
                "schedule_to_start_timeout": seconds(0.5), "start_to_close_timeout": seconds(1), "task_queue": "nobody",
            },
            "schedule_to_close_run": {"schedule_to_close_timeout": seconds(1)},
        }[kind]  # fmt: skip
        try:
            return await workflow.execute_activity(sleeper, 5.0, **options)
        except ActivityError as error:
            kind_of_timeout = getattr(error.cause, "type", None)
            return f"{error.retry_state!r} {error.cause!r} {kind_of_timeout!r} / {error.cause.__cause__!r}"


@workflow.defn
class Timer:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(0.2, summary="nap")
        long = asyncio.create_task(asyncio.sleep(100))
        await asyncio.sleep(0.1)
        long.cancel()
        await asyncio.wait([long])


@workflow.defn
class SignalWf:
    def __init__(self) -> None:
        self.got: list[str] = []
        self.done = False

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.done)
        return self.got

    @workflow.signal
    def add(self, item: str) -> None:
        self.got.append(item)

    @workflow.signal
    def finish(self) -> None:
        self.done = True

    @workflow.query
    def items(self) -> list[str]:
        return self.got

    @workflow.update
    async def push(self, item: str) -> int:
        self.got.append(item)
        return len(self.got)

    @push.validator
    def check(self, item: str) -> None:
        if item == "bad":
            raise ApplicationError("bad value", type="Invalid")

    @workflow.update
    async def slow(self, item: str) -> str:
        self.got.append(await workflow.execute_activity(greet, item, start_to_close_timeout=seconds(5)))
        return self.got[-1]

    @workflow.update
    async def failing(self) -> None:
        raise ApplicationError("update failed", type="UpdFail")


async def child(mode: str) -> str:
    """What a child does."""
    if mode == "fail":
        raise ApplicationError("child failed", type="ChildFail")
    if mode == "hang":
        await asyncio.Future()
    return "child " + mode


async def parent(child_type, mode: str, settle=None) -> str:
    """What the parent of such a child does. `settle` is awaited once the child has been started, if something has to come of that."""
    child_id = workflow.info().workflow_id + "-child"
    if mode in ("terminate", "abandon", "request_cancel"):
        policy = workflow.ParentClosePolicy[mode.upper()]
        await workflow.start_child_workflow(child_type.run, "hang", id=child_id, parent_close_policy=policy)
        if settle:
            await settle()
        return "closed"
    try:
        if mode == "ok":
            return await workflow.execute_child_workflow(child_type.run, "ok", id=child_id, static_summary="kid")
        handle = await workflow.start_child_workflow(child_type.run, "fail" if mode == "fail" else "hang", id=child_id)
        if mode == "cancel":
            if settle:
                await settle()
            handle.cancel()
        if mode == "dup":
            await workflow.start_child_workflow(child_type.run, "hang", id=child_id)
        return await handle
    except ChildWorkflowError as error:
        return repr(error.cause)
    except Exception as error:  # what the SDK raises for an id in use
        return repr(error)


@workflow.defn
class ChildWf:
    @workflow.run
    async def run(self, mode: str) -> str:
        return await child(mode)


@workflow.defn
class ParentWf:
    @workflow.run
    async def run(self, mode: str) -> str:
        return await parent(ChildWf, mode)


@workflow.defn
class CancelWf:
    @workflow.run
    async def run(self, how: str) -> str:
        try:
            return await workflow.execute_activity(
                until_cancelled, start_to_close_timeout=seconds(60), heartbeat_timeout=seconds(5),
                cancellation_type=workflow.ActivityCancellationType[how],
            )  # fmt: skip
        finally:
            await asyncio.shield(workflow.execute_activity(cleanup, start_to_close_timeout=seconds(5)))


@workflow.defn
class SwallowCancel:
    @workflow.run
    async def run(self) -> str:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            return "swallowed"
        return "no"


@workflow.defn
class ContinueWf:
    @workflow.run
    async def run(self, more: int) -> int:
        if more > 0:
            await asyncio.sleep(0.05)
            workflow.continue_as_new(more - 1)
        return 42


@workflow.defn
class LocalWf:
    @workflow.run
    async def run(self, mode: str) -> str:
        if mode == "ok":
            return await workflow.execute_local_activity(greet, "local", start_to_close_timeout=seconds(5))
        return str(
            await workflow.execute_local_activity(flaky, 2, start_to_close_timeout=seconds(5), retry_policy=QUICK)
        )


@workflow.defn
class SideEffecty:
    @workflow.run
    async def run(self) -> str:
        shown = f"{workflow.uuid4()} {workflow.random().randint(0, 1000)}"
        began = workflow.now()
        await asyncio.sleep(0.01)
        return f"{shown} {workflow.now() > began}"


@workflow.defn
class ExternalWf:
    @workflow.run
    async def run(self, target: str, mode: str) -> str:
        handle = workflow.get_external_workflow_handle(target)
        try:
            await (handle.signal("add", "from external") if mode == "signal" else handle.cancel())
        except Exception as error:
            return repr(error)
        return "ok"


@workflow.defn
class FailWf:
    @workflow.run
    async def run(self) -> None:
        raise ApplicationError(f"wf attempt {workflow.info().attempt}", type="WfFail")


@workflow.defn
class AsyncAct:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            async_one, schedule_to_close_timeout=seconds(30), activity_id="the-async"
        )


@workflow.defn
class CronWf:
    @workflow.run
    async def run(self) -> str:
        return str(workflow.info().cron_schedule)


@workflow.defn
class OneLine:
    @workflow.run
    async def run(self) -> str:
        return "done"


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self, for_seconds: float) -> str:
        await asyncio.sleep(for_seconds)
        return "woke"


@workflow.defn
class SkipParent:
    @workflow.run
    async def run(self) -> str:
        began = workflow.now()
        await asyncio.sleep(3600)
        await workflow.execute_child_workflow(Sleeper.run, 7200.0, id=workflow.info().workflow_id + "-c")
        return str(workflow.now() - began)


@nexusrpc.service
class Svc:
    sync_op: nexusrpc.Operation[str, str]
    bad_op: nexusrpc.Operation[str, str]


@nexusrpc.handler.service_handler(service=Svc)
class Handler:
    @nexusrpc.handler.sync_operation
    async def sync_op(self, context: nexusrpc.handler.StartOperationContext, given: str) -> str:
        return "sync " + given

    @nexusrpc.handler.sync_operation
    async def bad_op(self, context: nexusrpc.handler.StartOperationContext, given: str) -> str:
        raise nexusrpc.OperationError("op failed", state=nexusrpc.OperationErrorState.FAILED)


@workflow.defn
class NexusCaller:
    @workflow.run
    async def run(self, mode: str) -> str:
        # The endpoint is named after the task queue: the recorded arguments don't have it.
        client = workflow.create_nexus_client(service=Svc, endpoint=f"{workflow.info().task_queue}-endpoint")
        try:
            return await client.execute_operation(getattr(Svc, mode), "x", schedule_to_close_timeout=seconds(20))
        except Exception as error:
            return repr(error) + repr(error.__cause__)


ACTIVITIES = [greet, flaky, non_retryable, next_delay, sleeper, until_cancelled, cleanup, async_one]
WORKFLOWS = [
    Simple, Retry, TimeoutWf, Timer, SignalWf, ChildWf, ParentWf, CancelWf, SwallowCancel, ContinueWf, LocalWf, SideEffecty,
    ExternalWf, FailWf, AsyncAct, CronWf, OneLine, Sleeper, SkipParent, NexusCaller,
]  # fmt: skip
