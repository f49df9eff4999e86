"""One process at a time: replays, everything in one process, servers that start."""

import statistics
import subprocess
import time

from .network import SERVERS, SIDES, alternate, pair
from .process import Process, free_port, phases
from .table import number, ratio, table

HISTORIES = (1_000, 10_000, 50_000)
# Events in all, of each history.
REPLAYED = {"official": 60_000, "steadfast": 2_000_000}
# (scenario, what, how many, how many at the same time)
IN_PROCESS = (
    ("hello", "workflow", 20_000, 100),
    ("hello", "workflow", 20_000, 1),
    ("seq", "activity", 8_000, 1),
    ("fanout", "activity", 1_500, 1),
    ("signals", "signal", 8_000, 1),
    ("updates", "update", 1_900, 1),
    ("timers", "timer", 1_500, 1),
    ("local", "local activity", 8_000, 1),
)
IN_PROCESS_HEAD = ["scenario", "what", "one thread: per s", "µs each", "CPU µs", "two threads: per s", "µs each", "CPU µs"]

# In virtual time: (scenario, what, how many, how many of the unit are a second, unit)
VIRTUAL = (
    ("month", "a timer of 30 days, in a workflow of its own", 1_000, 1e3, "ms each"),
    ("year", "a year of an hourly schedule, an activity each", 1, 1, "s"),
)
WAITING = 10_000


def run_replay(tools, arguments, report):
    """Both replayers, from the bytes of the same histories."""
    rows = []
    for events in HISTORIES:
        file = f"{tools.directory}/history-{events}.binpb"
        command = [tools.sdk["steadfast"], "record", "--threads", "1", "--events", str(events), "--out", file]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        exact = int(said)

        def once(sdk):
            times = max(1, REPLAYED[sdk] // (5 if arguments.quick else 1) // exact)
            words = ["replay", "--threads", "1", "--file", file, "--n", str(times)]
            with tools.start_load(sdk, words, {0}) as load:
                return phases(load, {"load": load})[0]

        results = alternate(arguments.repetitions, once, lambda what: report(f"replay of {events:,} {what}"))
        per_event = {sdk: [one["load_cpu_s"] * 1e6 / one["units"] for one in results[sdk]] for sdk in SIDES}
        rate = {sdk: [one["units"] / one["load_cpu_s"] for one in results[sdk]] for sdk in SIDES}
        peak = {sdk: [one["load_peak_kb"] / 1024 for one in results[sdk]] for sdk in SIDES}
        rows.append([f"{exact:,}", *pair(per_event), ratio(per_event), *pair(rate), *pair(peak)])
    head = ["events", "CPU µs an event, peer", "ours", "ratio", "events per CPU-s, peer", "ours", "peak MB, peer", "ours"]
    yield "replay", table(head, rows)


def run_in_process(tools, arguments, report):
    """Server, worker and client in one process: ours alone, the official SDK has no server of its own."""
    yield "in-process", table(IN_PROCESS_HEAD, in_process("steadfast", tools, arguments, report))
    yield "in-process-fast", table(IN_PROCESS_HEAD, in_process("fast", tools, arguments, report))
    yield "virtual", table(["what", "", "one thread", "two threads"], [*virtual(tools, arguments, report), waiting(tools)])


def in_process(program, tools, arguments, report):
    """The scenarios on a runtime of one thread and of two."""
    for name, what, count, at_once in IN_PROCESS:
        if arguments.quick:
            count //= 4
        row = [name, f"{count:,} × {what}" + (f", {at_once} at once" if name == "hello" else "")]
        for threads in (1, 2):
            words = [name, "--threads", str(threads), "--n", str(count), "--c", str(at_once)]
            best = best_in_process(program, words, tools, arguments)
            report(f"in process, {program}: {name}, {threads} threads")
            seconds = best["wall_s"] / best["units"]
            row += [number(1 / seconds), number(seconds * 1e6), number(best["load_cpu_s"] * 1e6 / best["units"])]
        yield row


def best_in_process(program, words, tools, arguments):
    """The fastest of some: there is no peer to take turns with, and whatever disturbs makes slower."""
    results = []
    for _ in range(arguments.repetitions * 3):
        with tools.start_load(program, ["in-process", *words]) as load:
            results.append(phases(load, {"load": load})[0])
    return min(results, key=lambda one: one["wall_s"])


def virtual(tools, arguments, report):
    """What takes months of virtual time."""
    for name, what, count, factor, unit in VIRTUAL:
        row = [what, unit]
        for threads in (1, 2):
            best = best_in_process("steadfast", [name, "--threads", str(threads), "--n", str(count)], tools, arguments)
            report(f"in process: {name}, {threads} threads")
            row.append(number(best["wall_s"] / count * factor))
        yield row


def waiting(tools):
    """Memory of workflows that wait, in server and worker together."""
    row = [f"{WAITING:,} workflows that wait, in server and worker", "KB each"]
    for threads in (1, 2):
        words = ["in-process", "cached", "--threads", str(threads), "--n", str(WAITING), "--cache", str(WAITING + 100)]
        with tools.start_load("steadfast", words) as load:
            filled = phases(load, {"load": load})[0]
        row.append(number((filled["load_rss_kb"] - filled["load_rss_before_kb"]) / WAITING))
    return row


def run_start(tools, arguments, report):
    """Servers, until they answer and when they have nothing to do."""
    rows = [embedded(tools, arguments)]
    for kind in arguments.servers:
        measured = [started(tools, kind) for _ in range(arguments.repetitions)]
        report(f"start of {kind}")
        rows.append([SERVERS[kind], *(number(statistics.median(values)) for values in zip(*measured))])
    head = ["server", "first answer after ms", "idle MB", "CPU ms until then", "idle CPU %"]
    yield "start", table(head, rows)


def embedded(tools, arguments):
    words = ["start", "--threads", "1", "--n", "200"]
    with tools.start_load("steadfast", words) as load:
        many = phases(load, {"load": load})[0]
    with tools.start_load("steadfast", ["start", "--threads", "1"]) as load:
        one = phases(load, {"load": load})[0]
    memory = (one["load_rss_kb"] - one["load_rss_before_kb"]) / 1024
    cpu = many["load_cpu_s"] * 1e3 / many["units"]
    return ["embedded, in a process that runs", number(many["p50_us"] / 1e3), number(memory), number(cpu), "0"]


def started(tools, kind):
    """Milliseconds to the first answer, idle memory, CPU so far and while idle; the last two 3 s later."""
    port = free_port()
    begin = time.monotonic()
    with Process(tools.server_command(kind, port), tools.directory, "server") as server:
        tools.await_server(server, f"http://127.0.0.1:{port}")
        answered = time.monotonic() - begin
        time.sleep(3)
        cpu = server.cpu()
        time.sleep(3)
        idle = (server.cpu() - cpu) / 3 * 100
        return answered * 1e3, server.rss() / 1024, cpu * 1e3, idle
