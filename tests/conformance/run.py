#!/usr/bin/env python3
"""Two servers, the same scenarios: histories compared event by event, answers and errors field by field.

    run.py REAL OURS [--write docs/conformance.md] [--only NAME]

REAL and OURS are addresses. Workers, workflows and clients are those of the Python SDK on both sides, so what differs
is the server's. What is normalised is listed in `normal.py`. Needs the PyPI package `temporalio`.
Exits with 1 if a row differs that `REASONS` (below) does not name.
"""

import argparse
import asyncio
import logging
import sys
import uuid
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from calls import answers_about_runs, refusals
from normal import differences, normal
from scenarios import SCENARIOS, Stage
from workflows import ACTIVITIES, WORKFLOWS

LIMIT_SECONDS = 45
TEXT = "ours says what is missing; there schedules and batches are workflows, which shows in the text"
NEVER = "what never expires has no time; there it has the year 1"
# The row: why it differs. What begins with "open" is a bug of ours.
REASONS = {
    "answer start with a bad cron schedule": "ours says what was expected",
    "answer list with a bad filter": "each names the first mistake it finds",
    "answer describe a missing schedule": TEXT,
    "answer delete a missing schedule": TEXT,
    "answer describe a missing batch": TEXT,
    "answer an open run: describe": NEVER,
    "answer a closed run: describe": NEVER,
}


async def play(address, only):
    """All scenarios on one server: the histories and the answers, normalised, by name."""
    client = await Client.connect(address)
    rows = {}
    chosen = {**SCENARIOS, "refusals": refusals, "answers about runs": answers_about_runs}
    for name, scenario in chosen.items():
        if only and only != name:
            continue
        unique = uuid.uuid4().hex[:12]
        stage = Stage(client, f"conformance-{unique}")
        worker = Worker(
            client, task_queue=stage.queue, workflows=WORKFLOWS, activities=ACTIVITIES,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )  # fmt: skip
        async with worker:
            try:
                await asyncio.wait_for(scenario(stage), LIMIT_SECONDS)
            except Exception as error:
                rows[f"scenario {name}"] = {"failed": f"{type(error).__name__}: {error}"}
        rows |= {f"history {key}": normal(shown, unique) for key, shown in stage.histories.items()}
        rows |= {f"answer {key}": normal(shown, unique) for key, shown in stage.answers.items()}
    return rows


def compare(real, ours):
    """For each row the list of its differences."""
    names = list(dict.fromkeys([*real, *ours]))
    return {name: differences(real.get(name), ours.get(name)) for name in names}


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
            cells = [cell(text) for text in (name, field, real, ours, REASONS.get(name, "new: not looked at yet"))]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## What is equal", "", *(f"- {name}" for name in equal), ""]
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
    compared = compare(*await asyncio.gather(play(chosen.real, chosen.only), play(chosen.ours, chosen.only)))
    text = report(compared)
    if chosen.write:
        chosen.write.write_text(text)
    else:
        print(text)
    different = [name for name, found in compared.items() if found]
    print(f"{len(compared) - len(different)} rows equal, {len(different)} different", file=sys.stderr)
    sys.exit(any(name not in REASONS for name in different))


if __name__ == "__main__":
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(main())
