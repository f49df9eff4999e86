"""What only the scenarios have: one behaviour each, nothing that depends on the time it takes."""

import asyncio

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from recorded_programs import (
    AsyncAct, CancelWf, ContinueWf, ExternalWf, FailWf, LocalWf, OneLine, Retry, SignalWf, Simple, TimeoutWf, Timer, child, parent,
)  # fmt: skip

TEAM = SearchAttributeKey.for_keyword("ConformanceTeam")


async def settle():
    """By then parent and child have heard of each other."""
    await workflow.sleep(0.5)


@workflow.defn
class Child:
    @workflow.run
    async def run(self, mode: str) -> str:
        if mode != "hang":
            await settle()
        try:
            return await child(mode)
        except asyncio.CancelledError:
            await settle()
            raise


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, mode: str) -> str:
        return await parent(Child, mode, settle)


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
class Memo:
    @workflow.run
    async def run(self) -> None:
        workflow.upsert_memo({"kept": "v", "gone": 1})
        await asyncio.sleep(0.05)
        workflow.upsert_memo({"gone": None})


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
    AsyncAct, CancelWf, ContinueWf, ExternalWf, FailWf, LocalWf, OneLine, Retry, SignalWf, Simple, TimeoutWf, Timer,
    Attributes, Child, FailsOnce, Memo, Parent, Patches,
]  # fmt: skip
