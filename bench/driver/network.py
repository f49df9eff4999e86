"""Worker, load and server as three processes: what a worker costs."""

import statistics
import time
from dataclasses import dataclass

from .process import Failed, phases
from .table import number, ratio, table

SIDES = ("official", "steadfast")
TASK_QUEUE = "bench"
SERVERS = {
    "dev": "the dev server (`temporal server start-dev`)",
    "test": "the time-skipping test server (Java)",
    "steadfast": "`steadfast-server`",
}
# How many times more of the same the servers do in the same time.
SPEED = {"dev": 1, "test": 1, "steadfast": 4}


@dataclass(frozen=True)
class Scenario:
    """What is measured, on either side."""

    name: str
    unit: str
    count: int
    # More than this is refused by servers, in one workflow.
    most: int = 100_000
    # One thing at a time: all three processes get one CPU, or waking each other across CPUs would be most of it.
    pinned: bool = False
    worker: tuple = ()
    label: str = ""

    def count_on(self, server, quick):
        count = min(self.count * SPEED[server], self.most)
        return max(20, count // 5) if quick else count

    @property
    def title(self):
        return self.label or self.name


ONE_THREAD = ("--threads", "1")
TUNED = ("--mode", "tuned")
SCENARIOS = (
    Scenario("hello", "workflow", 1_000),
    Scenario("hello", "workflow", 1_000, worker=TUNED, label="hello, tuned"),
    Scenario("hello", "workflow", 1_000, worker=ONE_THREAD, label="hello, one thread"),
    Scenario("seq", "activity", 500, most=2_000, pinned=True),
    Scenario("fanout", "activity", 800, most=1_500),
    Scenario("fanout", "activity", 800, most=1_500, worker=TUNED, label="fan-out, tuned"),
    Scenario("signals", "signal", 1_000, most=5_000),
    Scenario("updates", "update", 500, most=1_800, pinned=True),
    Scenario("timers", "timer", 500, most=1_500),
    Scenario("local", "local activity", 2_000, most=8_000, pinned=True),
)
# What servers are compared by, all with the same worker.
COMPARED = (
    Scenario("hello", "workflow", 4_000),
    Scenario("signals", "signal", 4_000),
    Scenario("updates", "update", 1_500, pinned=True),
)
# What the calls alone cost: a worker that knows its workflows by heart.
FLOOR = (
    Scenario("hello", "workflow", 1_000),
    Scenario("hello", "workflow", 1_000, worker=ONE_THREAD, label="hello, one thread"),
    Scenario("fanout", "activity", 800, most=1_500),
    Scenario("fanout", "activity", 800, most=1_500, worker=ONE_THREAD, label="fan-out, one thread"),
)
CACHED = {"dev": (1_000,), "test": (), "steadfast": (1_000, 10_000, 100_000)}


def measure(tools, server_kind, sdk, scenario, count, cached=0):
    """One measurement, on a fresh server with a fresh worker."""
    cpus = {0} if scenario.pinned else None
    options = ["--tq", TASK_QUEUE, *scenario.worker]
    if cached:
        options += ["--cache", str(cached + 100)]
    server, url = tools.start_server(server_kind, cpus)
    with server, tools.start_worker(sdk, url, options, cpus) as worker:
        time.sleep(0.5)
        words = ["load", scenario.name, "--url", url, "--tq", TASK_QUEUE, "--n", str(count)]
        with tools.start_load("steadfast" if sdk == "floor" else sdk, words, cpus) as load:
            watched = {"worker": worker, "server": server, "load": load}

            def idle(phase):
                """A worker with a full cache, left alone."""
                if phase != "fill":
                    return {}
                time.sleep(2)
                before = worker.cpu()
                time.sleep(3)
                return {"idle_cpu_percent": (worker.cpu() - before) / 3 * 100}

            return phases(load, watched, idle if cached else None)


def alternate(repetitions, once, report, sides=SIDES):
    """A B A B: what each side's repetitions gave. What disturbs the machine disturbs both."""
    results = {sdk: [] for sdk in sides}
    for repetition in range(repetitions):
        for sdk in sides:
            result = once(sdk)
            results[sdk].append(result)
            report(f"{sdk} {repetition + 1}/{repetitions}")
    return results


def scenarios(tools, server, arguments, report):
    """The table of a server."""
    rows = []
    for scenario in SCENARIOS:
        if arguments.only_scenario and scenario.name not in arguments.only_scenario:
            continue
        count = scenario.count_on(server, arguments.quick)
        results = alternate(
            arguments.repetitions,
            lambda sdk: measure(tools, server, sdk, scenario, count)[0],
            lambda what: report(f"{server}: {scenario.title} {what}"),
        )
        worker_us = cpu_us(results, "worker")
        client_us = cpu_us(results, "load")
        p50 = {sdk: [result["p50_us"] for result in results[sdk]] for sdk in SIDES}
        peak = {sdk: [result["worker_peak_kb"] / 1024 for result in results[sdk]] for sdk in SIDES}
        rate = {sdk: [result["units"] / result["wall_s"] for result in results[sdk]] for sdk in SIDES}
        has_latency = p50["official"][0] is not None
        rows.append([
            scenario.title + (" \\*" if scenario.pinned else ""),
            f"{count:,} × {scenario.unit}",
            *pair(worker_us), ratio(worker_us),
            *pair(client_us),
            *(pair(p50) if has_latency else ("", "")), ratio(p50) if has_latency else "",
            *pair(rate),
            *pair(peak),
        ])
    head = ["scenario", "what", "worker CPU µs, peer", "ours", "ratio", "client CPU µs, peer", "ours", "p50 µs, peer", "ours", "ratio",
            "per s, peer", "ours", "worker peak MB, peer", "ours"]
    return table(head, rows)


def cpu_us(results, process):
    """CPU microseconds of a process for one unit, in each repetition."""
    return {
        sdk: [result[f"{process}_cpu_s"] * 1e6 / result["units"] for result in results[sdk]] for sdk in results
    }


def pair(values):
    return [number(statistics.median(values[sdk])) for sdk in SIDES]


def floor(tools, server, arguments, report):
    """The table of workers beside one that does nothing but call."""
    rows = []
    for scenario in FLOOR:
        count = scenario.count_on(server, arguments.quick)
        results = alternate(
            arguments.repetitions,
            lambda sdk: measure(tools, server, sdk, scenario, count)[0],
            lambda what: report(f"{server}: {scenario.title}, floor: {what}"),
            (*SIDES, "floor"),
        )
        cpu = cpu_us(results, "worker")
        rows.append([
            scenario.title,
            f"{count:,} × {scenario.unit}",
            *pair(cpu),
            number(statistics.median(cpu["floor"])),
            ratio(cpu),
            ratio({"official": cpu["official"], "steadfast": cpu["floor"]}),
        ])
    head = ["scenario", "what", "worker CPU µs, peer", "ours", "calls alone", "ours to peer", "calls to peer"]
    return table(head, rows)


def cached(tools, server, arguments, report):
    """The table of workflows that wait in the cache."""
    rows = []
    scenario = Scenario("cached", "workflow", 0)
    for count in CACHED[server]:
        if arguments.quick and count > 10_000:
            continue
        repetitions = 1 if count > 10_000 else min(arguments.repetitions, 2)
        results = alternate(
            repetitions,
            lambda sdk: measure(tools, server, sdk, scenario, count, cached=count),
            lambda what: report(f"{server}: {count:,} cached {what}"),
        )
        fill, drain = ({sdk: [result[at] for result in results[sdk]] for sdk in SIDES} for at in (0, 1))
        size = {
            sdk: [(one["worker_rss_kb"] - one["worker_rss_before_kb"]) / count for one in fill[sdk]] for sdk in SIDES
        }
        idle = {sdk: [one["idle_cpu_percent"] for one in fill[sdk]] for sdk in SIDES}
        filling, draining = cpu_us(fill, "worker"), cpu_us(drain, "worker")
        rows.append([
            f"{count:,}",
            *pair(size), ratio(size),
            *pair(filling), ratio(filling),
            *pair(idle),
            *pair(draining), ratio(draining),
        ])
    head = ["waiting", "KB each, peer", "ours", "ratio", "fill: worker CPU µs, peer", "ours", "ratio", "idle CPU %, peer", "ours",
            "drain: worker CPU µs, peer", "ours", "ratio"]
    return table(head, rows)


def run(tools, arguments, report):
    """A table for each server, by the name of its place in the document."""
    for server in arguments.servers:
        if server not in SERVERS:
            raise Failed(f"there is no server {server!r}, there are {', '.join(SERVERS)}")
        yield f"worker-{server}", scenarios(tools, server, arguments, report)


def run_floor(tools, arguments, report):
    """As `run`, for what calls cost."""
    for server in arguments.servers:
        if server == "dev":
            yield f"floor-{server}", floor(tools, server, arguments, report)


def run_cached(tools, arguments, report):
    """As `run`, for the cache."""
    for server in arguments.servers:
        if CACHED[server]:
            yield f"cached-{server}", cached(tools, server, arguments, report)


def run_servers(tools, arguments, report):
    """Servers, alternately, with the same worker and client: ours."""
    servers = [server for server in ("dev", "steadfast") if server in arguments.servers]
    rows = []
    for scenario in COMPARED:
        count = max(20, scenario.count // 5) if arguments.quick else scenario.count
        results = {server: [] for server in servers}
        for repetition in range(arguments.repetitions):
            for server in servers:
                results[server].append(measure(tools, server, "steadfast", scenario, count)[0])
                report(f"servers: {scenario.name}, {server} {repetition + 1}/{arguments.repetitions}")
        for server in servers:
            found = results[server]
            middle = lambda value: number(statistics.median(value(one) for one in found))
            rows.append([
                scenario.title + (" \\*" if scenario.pinned else ""),
                f"{count:,} × {scenario.unit}",
                SERVERS[server],
                middle(lambda one: one["units"] / one["wall_s"]),
                middle(lambda one: one["p50_us"]),
                middle(lambda one: one["server_cpu_s"] * 1e6 / one["units"]),
                middle(lambda one: one["server_peak_kb"] / 1024),
            ])
    head = ["scenario", "what", "server", "per s", "p50 µs", "server CPU µs", "server peak MB"]
    yield "servers", table(head, rows)
