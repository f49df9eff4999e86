"""The workflows and activities of the scenarios: one behaviour each, nothing that depends on the time it takes."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

LIMIT = timedelta(seconds=20)
TEAM = SearchAttributeKey.for_keyword("ConformanceTeam")
QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=3)


def short(seconds):
    return timedelta(seconds=seconds)


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
async def fatal() -> None:
    raise ApplicationError("no more", {"detail": 1}, type="Fatal", non_retryable=True)


@activity.defn
async def hang() -> None:
    await asyncio.Future()


@activity.defn
async def until_cancelled() -> None:
    while True:
        activity.heartbeat("alive")
        await asyncio.sleep(0.05)


@activity.defn
async def outside() -> str:
    activity.raise_complete_async()


ACTIVITIES = [greet, flaky, fatal, hang, until_cancelled, outside]


@workflow.defn
class OneActivity:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(
            greet, name, start_to_close_timeout=LIMIT, summary="greeting", activity_id="greet-1"
        )


@workflow.defn
class Retry:
    @workflow.run
    async def run(self, mode: str) -> str:
        try:
            if mode == "fatal":
                await workflow.execute_activity(fatal, start_to_close_timeout=LIMIT, retry_policy=QUICK)
            policy = RetryPolicy(non_retryable_error_types=["Flaky"]) if mode == "type" else QUICK
            failures = 2 if mode == "ok" else 9
            done = await workflow.execute_activity(flaky, failures, start_to_close_timeout=LIMIT, retry_policy=policy)
            return f"attempt {done}"
        except ActivityError as error:
            return f"{error.retry_state!r} {error.cause!r}"


@workflow.defn
class Timeout:
    @workflow.run
    async def run(self, kind: str) -> str:
        options = {
            "start_to_close": {"start_to_close_timeout": short(0.3), "retry_policy": RetryPolicy(maximum_attempts=1)},
            "start_to_close_twice": {
                "start_to_close_timeout": short(0.3),
                "retry_policy": RetryPolicy(initial_interval=short(0.05), maximum_attempts=2),
            },
            "heartbeat": {
                "start_to_close_timeout": LIMIT,
                "heartbeat_timeout": short(0.3),
                "retry_policy": RetryPolicy(maximum_attempts=1),
            },
            "schedule_to_start": {
                "schedule_to_start_timeout": short(0.3),
                "start_to_close_timeout": short(1),
                "task_queue": "conformance-nobody",
            },
            "schedule_to_close": {"schedule_to_close_timeout": short(0.5)},
        }[kind]
        try:
            await workflow.execute_activity(hang, **options)
        except ActivityError as error:
            return f"{error.retry_state!r} {getattr(error.cause, 'type', None)!r}"
        return "it should have timed out"


@workflow.defn
class Timers:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(0.1, summary="nap")
        long = asyncio.create_task(asyncio.sleep(100))
        await asyncio.sleep(0.1)
        long.cancel()


@workflow.defn
class Messages:
    def __init__(self) -> None:
        self.got: list[str] = []
        self.is_done = False

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.is_done)
        return self.got

    @workflow.signal
    def add(self, text: str) -> None:
        self.got.append(text)

    @workflow.signal
    def finish(self) -> None:
        self.is_done = True

    @workflow.query
    def items(self) -> list[str]:
        return self.got

    @workflow.update
    async def push(self, text: str) -> int:
        self.got.append(text)
        return len(self.got)

    @push.validator
    def check(self, text: str) -> None:
        if text == "bad":
            raise ApplicationError("bad value", type="Invalid")

    @workflow.update
    async def slow(self, text: str) -> str:
        return await workflow.execute_activity(greet, text, start_to_close_timeout=LIMIT)

    @workflow.update
    async def failing(self) -> None:
        raise ApplicationError("update failed", type="UpdateFailed")


@workflow.defn
class Child:
    @workflow.run
    async def run(self, mode: str) -> str:
        if mode in ("ok", "fail"):
            await workflow.sleep(0.5)  # by then the parent has heard of its start
        if mode == "fail":
            raise ApplicationError("child failed", type="ChildFailed")
        if mode == "hang":
            await asyncio.Future()
        if mode == "linger":
            try:
                await asyncio.Future()
            except asyncio.CancelledError:
                await workflow.sleep(0.5)  # by then the parent has heard that this was asked for
                raise
        return "child " + mode


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, mode: str) -> str:
        child = workflow.info().workflow_id + "-child"
        if mode in ("terminate", "abandon", "request_cancel"):
            policy = getattr(ParentClosePolicy, mode.upper())
            await workflow.start_child_workflow(Child.run, "hang", id=child, parent_close_policy=policy)
            await workflow.sleep(0.5)  # by then the child's first task is done
            return "closed"
        try:
            if mode in ("ok", "fail"):
                return await workflow.execute_child_workflow(Child.run, mode, id=child, static_summary="kid")
            if mode == "cancel":
                handle = await workflow.start_child_workflow(Child.run, "linger", id=child)
                await workflow.sleep(0.5)  # by then the child's first task is done
                handle.cancel()
                await handle
            await workflow.start_child_workflow(Child.run, "hang", id=child)
            await workflow.start_child_workflow(Child.run, "hang", id=child)
        except ChildWorkflowError as error:
            return repr(error.cause)
        except Exception as error:  # what the SDK raises for an id in use is its own
            return type(error).__name__
        return "it should have failed"


@workflow.defn
class Cancelled:
    @workflow.run
    async def run(self, how: str) -> None:
        kind = getattr(ActivityCancellationType, how)
        try:
            await workflow.execute_activity(
                until_cancelled, start_to_close_timeout=LIMIT, heartbeat_timeout=LIMIT / 4, cancellation_type=kind
            )
        finally:
            await asyncio.shield(workflow.execute_activity(greet, "after", start_to_close_timeout=LIMIT))

    @workflow.query
    def is_there(self) -> bool:
        return True


@workflow.defn
class Again:
    @workflow.run
    async def run(self, left: int) -> int:
        if left > 0:
            workflow.continue_as_new(left - 1)
        return 42


@workflow.defn
class Patches:
    @workflow.run
    async def run(self) -> str:
        first = workflow.patched("first")
        await asyncio.sleep(0.05)
        second = workflow.patched("second")
        workflow.deprecate_patch("third")
        return f"{first}{second}"


@workflow.defn
class Local:
    @workflow.run
    async def run(self, failures: int) -> int:
        return await workflow.execute_local_activity(
            flaky, failures, start_to_close_timeout=LIMIT, retry_policy=QUICK
        )


@workflow.defn
class External:
    @workflow.run
    async def run(self, target: str, mode: str) -> str:
        handle = workflow.get_external_workflow_handle(target)
        try:
            await (handle.cancel() if mode == "cancel" else handle.signal("add", "from outside"))
        except Exception as error:  # an SDK's own text
            return type(error).__name__
        return "ok"


@workflow.defn
class Memo:
    @workflow.run
    async def run(self) -> None:
        workflow.upsert_memo({"kept": "v", "gone": 1})
        await asyncio.sleep(0.05)
        workflow.upsert_memo({"gone": None})


@workflow.defn
class Failing:
    @workflow.run
    async def run(self) -> None:
        raise ApplicationError(f"attempt {workflow.info().attempt}", type="Failed")


@workflow.defn
class Outside:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(outside, schedule_to_close_timeout=LIMIT, activity_id="outside")

    @workflow.query
    def is_there(self) -> bool:
        return True


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> str:
        return "done"


@workflow.defn
class Attributes:
    @workflow.run
    async def run(self) -> None:
        workflow.upsert_search_attributes([TEAM.value_set("blue")])
        await asyncio.sleep(0.05)
        workflow.upsert_search_attributes([TEAM.value_unset()])


FAILED: set[str] = set()


@workflow.defn
class FailsOnce:
    """Its first task fails, and no other."""

    @workflow.run
    async def run(self, _: str) -> str:
        if workflow.info().run_id not in FAILED:
            FAILED.add(workflow.info().run_id)
            raise RuntimeError("the task fails")
        return "done"


WORKFLOWS = [
    OneActivity, Retry, Timeout, Timers, Messages, Child, Parent, Cancelled, Again, Patches, Local, External, Memo,
    Failing, Outside, Nothing, Attributes, FailsOnce,
]  # fmt: skip
