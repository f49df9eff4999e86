"""Whether every method of tiers 1 and 2 and every rule is seen somewhere, and a table of where."""

import re
from pathlib import Path

from temporalio.service import OperatorService, WorkflowService

from calls import SEEN
from rules import BY_SDK, ELSEWHERE, RULES, TIER_3

TESTS = Path(__file__).parents[2] / "server/tests/server"
INTEROP = Path(__file__).parents[1] / "interop"
# Of each method so many places are shown.
SHOWN = 3


def methods():
    """All of both services."""
    kinds = [kind for service in (WorkflowService, OperatorService) for kind in service.__mro__]
    names = {name for kind in kinds for name, it in vars(kind).items() if callable(it) and not name.startswith("_")}
    return sorted(names)


def places_of(method):
    places = [*sorted(SEEN.get(method, [])), BY_SDK.get(method), ELSEWHERE.get(method)]
    return list(dict.fromkeys(place for place in places if place))


def exists(place, rows):
    kind, _, name = place.partition(": ")
    if kind == "server":
        file, _, test = name.partition("::")
        path = TESTS / f"{file}.rs"
        return path.exists() and re.search(rf"fn {test}\(", path.read_text()) is not None
    if kind == "interop":
        return (INTEROP / name).exists()
    return any(row.startswith(place[:-1]) for row in rows) if place.endswith("*") else place in rows


def gaps(rows):
    """What no row sees, and places that are none."""
    uncovered = [f"method {method}: seen nowhere" for method in methods() if method not in TIER_3 and not places_of(method)]
    named = [(f"{section}: {rule}", place) for section, rule, places in RULES for place in places]
    named += [(method, place) for method, place in [*BY_SDK.items(), *ELSEWHERE.items()]]
    return uncovered + [f"{what}: there is no {place}" for what, place in named if not exists(place, rows)]


def table():
    """Both tables of the page."""
    lines = ["## Where each rule is seen", "", "| | rule | seen in |", "|---|---|---|"]
    lines += [f"| {section} | {rule} | {', '.join(places)} |" for section, rule, places in RULES]
    lines += ["", "## Where each method is seen", "", "| method | seen in |", "|---|---|"]
    for method in methods():
        places = places_of(method)
        more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        where = ", ".join(places[:SHOWN]) + more if places else "a server need not have it; the server's tests say whether it is built"
        lines.append(f"| {method} | {where} |")
    return [*lines, ""]
