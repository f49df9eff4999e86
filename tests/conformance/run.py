#!/usr/bin/env python3
"""Two servers, the same scenarios: histories compared event by event, answers and errors field by field.

    run.py REAL OURS [--write docs/conformance.md] [--only NAME]

REAL and OURS are addresses. Workers, workflows and clients are those of the Python SDK on both sides, so what differs
is the server's. What is normalised is listed in `normal.py`. Needs the PyPI package `temporalio`.
Exits with 1 if a row differs that `REASONS` (below) does not name, and if a method or a rule of `rules.py` is seen nowhere.
A scenario that differs is played once more. That excuses it only if the original alone wavered: ours has to say the same both
times, and the original, the second time, what ours says.
"""

import argparse
import asyncio
import logging
import os
import sys
import uuid
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import ACTIVITIES_BY_HAND
from administration import ADMINISTRATION
from calls import answers_about_runs, refusals
from nexus import NEXUS
from normal import differences, normal
from queues import QUEUES
from commands import COMMANDS
from coverage import gaps, table
from elsewhere import ELSEWHERE
from raw import RAW
from recorded_programs import ACTIVITIES
from scenarios import SCENARIOS
from schedules import SCHEDULES
from stage import Stage, add_search_attribute
from starts import STARTS
from updates import UPDATES
from visibility import VISIBILITY
from workflows import TEAM, WORKFLOWS

LIMIT_SECONDS = 45
# Scenarios under way on a server.
AT_ONCE = 8
TEXT = "ours says what is missing; there schedules and batches are workflows, which shows in the text"
FIRST = "each names the first mistake it finds"
UNBUILT = "ours says why it is not built"
SHOWN_TWICE = "an hour that clocks show twice comes twice; there, east of Greenwich, the first of both is left out"
BY_HTTP = "there a request to a handler has gone through HTTP, which leaves headers"
EQUAL_TIMES = "ours finds the run that has that time; there none is equal in the database of the dev server"
NEVER = "what never expires has no time; there it has the year 1"
# The row: why it differs. What begins with "open" is a bug of ours.
REASONS = {
    "answer schedule_life: update of another state": "ours refuses an update that does not know the state it changes",
    "answer visibility: attributes of old": "there are those of its database",
    "answer visibility: a foreign token": "a bad token is the caller's mistake",
    "answer visibility: filter: ConfTime = '2026-01-02T03:04:05Z'": EQUAL_TIMES,
    "answer visibility: filter: ConfTime = 1767323045000000000": EQUAL_TIMES,
    "answer schedule_specs: a zone in cron: times": SHOWN_TWICE,
    "answer schedule_specs: each half hour of a zone: times": SHOWN_TWICE,
    "answer nexus_at_once: task": BY_HTTP,
    "answer nexus_that_starts: cancellation": BY_HTTP,
    "answer delete a missing version": TEXT,
    "answer manager of a missing deployment": FIRST,
    "answer time skipping of a missing run": "there it is off unless it is asked for",
    "answer batch: signal: start again": TEXT,
    "answer batch: terminate: start again": TEXT,
    "history raw_overflow": "there a task that is taken back counts as an attempt, although the next one is like others",
    "answer activity_operations: unknown option": "ours refuses a mask that names what it cannot change",
    "answer activity_operations: task": "ours tells a worker the time-out in force; there it is the one of the event",
    "answer activity_operations: options restored": "the kind of a queue, told in some answers and in others not",
    "answer start with a bad cron schedule": "ours says what was expected",
    "answer list with a bad filter": FIRST,
    "answer start a batch without an id": FIRST,
    "answer queue_scaling: waited a little": "the original also asks for more polls when tasks come faster than they go",
    "answer create a schedule without an id": TEXT,
    "answer matching times of a missing schedule": TEXT,
    "answer stop a missing batch": TEXT,
    "answer get the system's capabilities": "ours starts no workers",
    "answer create a workflow rule": UNBUILT,
    "answer describe an older deployment": UNBUILT,
    "answer rules of build ids": UNBUILT,
    "answer sets of build ids": UNBUILT,
    "answer configuration of workers": UNBUILT,
    "history query_of_a_run_that_fails": "the original draws by chance how much longer a task that failed often may take",
    "history raw_transient": "the original draws by chance how much longer a task that failed often may take",
    "answer describe a missing schedule": TEXT,
    "answer delete a missing schedule": TEXT,
    "answer describe a missing batch": TEXT,
}
# The field's name, for whatever row.
REASONS_OF_FIELDS = {
    "runExpirationTime": NEVER,
    "createdTime": "ours still says of what was changed when it was made",
    **{
        capability: "each says what it can"
        for capability in (
            "reportedProblemsSearchAttribute", "standaloneActivityBatchOperations", "workflowPause",
            "workerPollCompleteOnShutdown",
        )
    },  # fmt: skip
}



ALL = {
    **SCENARIOS, **RAW, **STARTS, **COMMANDS, **UPDATES, **ACTIVITIES_BY_HAND, **VISIBILITY, **SCHEDULES, **ADMINISTRATION,
    **NEXUS, **ELSEWHERE, **QUEUES, "refusals": refusals, "answers about runs": answers_about_runs,
}  # fmt: skip


async def play(address, names):
    """The scenarios on one server: the histories and the answers of each, normalised."""
    client = await Client.connect(address)
    await add_search_attribute(client, TEAM)
    slots = asyncio.Semaphore(AT_ONCE)
    return dict(zip(names, await asyncio.gather(*(play_one(client, slots, name, ALL[name]) for name in names))))


async def play_both(real, ours, names):
    """For each scenario its rows on either server."""
    played = await asyncio.gather(play(real, names), play(ours, names))
    return {name: tuple(rows[name] for rows in played) for name in names}


async def play_one(client, slots, name, scenario):
    rows = {}
    unique = uuid.uuid4().hex[:12]
    stage = Stage(client, f"conformance-{unique}")
    worker = Worker(
        client, task_queue=stage.queue, workflows=WORKFLOWS, activities=ACTIVITIES,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )  # fmt: skip
    async with slots, worker:
        try:
            await asyncio.wait_for(scenario(stage), LIMIT_SECONDS)
        except Exception as error:
            rows[f"scenario {name}"] = {"failed": f"{type(error).__name__}: {error}"}
    rows |= {f"history {key}": normal(shown, unique) for key, shown in stage.histories.items()}
    rows |= {f"answer {key}": normal(shown, unique) for key, shown in stage.answers.items()}
    return rows


def reason(row, field):
    """Why the field of the row may differ, if it may."""
    return REASONS.get(row) or REASONS_OF_FIELDS.get(field.rsplit(".", 1)[-1])


def compare(real, ours):
    """For each row the list of its differences."""
    names = list(dict.fromkeys([*real, *ours]))
    found = {name: differences(real.get(name), ours.get(name)) for name in names}
    # One that fails in the same way on both servers shows nothing.
    broken = {name: [("failed", real.get(name), ours.get(name))] for name in names if name.startswith("scenario ")}
    return {**found, **broken}


def unexplained(compared):
    """The differences that have no reason."""
    return [(row, *found) for row, all_found in compared.items() for found in all_found if not reason(row, found[0])]


def judged(first, second):
    """Which of two plays counts, each the rows of both servers: the first, unless the original alone wavered."""
    is_ours_steady = not unexplained(compare(first[1], second[1]))
    return second if is_ours_steady and not unexplained(compare(*second)) else first


def report(compared):
    """The page of the documentation."""
    equal = [name for name, found in compared.items() if not found]
    lines = [
        "# Conformance",
        "",
        "The same scenarios on a real Temporal server and on `steadfast-server`, driven by the Python SDK: histories compared",
        "event by event, answers and errors field by field. Written by",
        "`tests/conformance/run.py REAL OURS --write docs/conformance.md`; what is normalised is in `tests/conformance/normal.py`.",
        "",
    ]
    for kind, title in (("history", "histories"), ("answer", "answers")):
        all_of = [name for name in compared if name.startswith(kind)]
        lines.append(f"- {title}: {sum(name in equal for name in all_of)} of {len(all_of)} equal")
    lines += ["", "## What differs", ""]
    if len(equal) == len(compared):
        lines.append("Nothing.")
    else:
        lines += ["| row | field | real | ours | why |", "|---|---|---|---|---|"]
    for name, found in compared.items():
        for field, real, ours in found:
            cells = [cell(text) for text in (name, field, real, ours, reason(name, field) or "new: not looked at yet")]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## What is equal", "", *(f"- {name}" for name in equal), ""]
    lines += table()
    return "\n".join(lines)


def cell(value):
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 200 else text[:197] + "..."


async def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("real")
    parser.add_argument("ours")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only")
    chosen = parser.parse_args()
    names = [name for name in ALL if chosen.only is None or name.startswith(chosen.only)]
    played = await play_both(chosen.real, chosen.ours, names)
    # Now and then the original hands a task to a poller that has just gone, and the task times out.
    again = [name for name, both in played.items() if unexplained(compare(*both))]
    for name in again:
        print(f"played again: {name}, for {unexplained(compare(*played[name]))[0]}", file=sys.stderr)
    second = await play_both(chosen.real, chosen.ours, again)
    played |= {name: judged(played[name], second[name]) for name in again}
    compared = {row: found for both in played.values() for row, found in compare(*both).items()}
    text = report(compared)
    if chosen.write:
        chosen.write.write_text(text)
    else:
        print(text)
    different = [name for name, found in compared.items() if found]
    print(f"{len(compared) - len(different)} rows equal, {len(different)} different", file=sys.stderr)
    for found in unexplained(compared):
        print(found, file=sys.stderr)
    uncovered = [] if chosen.only else gaps(compared)
    for gap in uncovered:
        print(gap, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: threads of the SDK's native part that outlive the interpreter abort it at times.
    os._exit(bool(unexplained(compared) or uncovered))


if __name__ == "__main__":
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(main())
