"""The workflow of `src/bin/interop.rs`, written with the Python SDK: same names, same payloads."""

from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError


@dataclass
class Summary:
    name: str
    lines: list[str] = field(default_factory=list)


@activity.defn
async def greet(name: str, times: int) -> str:
    if activity.info().attempt == 1:
        raise ApplicationError("not awake yet", type="Asleep")
    return " ".join(["Hello"] * times) + f", {name}!"


@workflow.defn
class Conversation:
    @workflow.init
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self.closed = False

    @workflow.run
    async def run(self, name: str) -> Summary:
        greeting = await workflow.execute_activity(
            greet, args=[name, 2], start_to_close_timeout=timedelta(seconds=10)
        )
        self.lines.insert(0, greeting)
        await workflow.wait_condition(lambda: self.closed)
        await workflow.sleep(0.05)
        if not self.name.isalpha():
            raise ApplicationError("no such name", self.name, type="BadName")
        return Summary(self.name, self.lines)

    @workflow.signal
    def say(self, line: str, times: int) -> None:
        self.lines += [line] * times

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.query
    def lines_said(self) -> list[str]:
        return self.lines

    @workflow.update
    async def rename(self, name: str) -> str:
        await workflow.sleep(0.01)
        old, self.name = self.name, name
        return old

    @rename.validator
    def check_rename(self, name: str) -> None:
        if not name:
            raise ApplicationError("a name is needed", type="Rejected")
