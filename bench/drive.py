#!/usr/bin/env python3
"""Measures Steadfast against the official Rust SDK. `bench/run` builds what this needs, and runs it."""

import argparse
import os
import subprocess
import sys
import tempfile
import time

from driver import alone, build, network
from driver.process import Failed, Tools
from driver.table import write

GROUPS = {
    "worker": network.run,
    "floor": network.run_floor,
    "cached": network.run_cached,
    "replay": alone.run_replay,
    "in-process": alone.run_in_process,
    "start": alone.run_start,
    "servers": network.run_servers,
    "build": build.run,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    listed = lambda text: text.split(",")
    parser.add_argument("--quick", action="store_true", help="less of everything: whether it works, hardly how fast")
    parser.add_argument("--only", type=listed, default=list(GROUPS), help=f"groups: {','.join(GROUPS)}")
    parser.add_argument("--scenarios", dest="only_scenario", type=listed, help="of the group worker: hello,seq,..")
    parser.add_argument("--servers", type=listed, default=list(network.SERVERS), help="dev,test,steadfast")
    parser.add_argument("--repetitions", type=int, help="3, or 1 with --quick")
    parser.add_argument("--write", metavar="FILE", help="put the tables between the markers in this document")
    for name in ("steadfast", "fast", "official", "server", "temporal", "test-server"):
        parser.add_argument(f"--{name}", required=True, help="this program's path")
    read = parser.parse_args()
    read.repetitions = read.repetitions or (1 if read.quick else 3)
    unknown = set(read.only) - set(GROUPS)
    if unknown:
        parser.error(f"there is no group {', '.join(unknown)}")
    return read


def machine(read):
    """What it was measured on."""
    first = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) / 1024 / 1024
    commit = first("git", "-C", os.path.dirname(os.path.abspath(__file__)), "rev-parse", "--short", "HEAD")
    return (
        f"{time.strftime('%-d %B %Y')}, commit {commit}: {os.cpu_count()} × {model}, {memory:.0f} GB, "
        f"Linux {os.uname().release}, {first('rustc', '--version')}, temporalio-sdk 1.1.1, "
        f"{first(read.temporal, '--version')}; {read.repetitions} repetition{'s'[:read.repetitions > 1]} of each side"
        f"{', quick' if read.quick else ''}; load of the machine before: {os.getloadavg()[0]:.2f}"
    )


def main():
    read = arguments()
    begin = time.monotonic()
    sections = {"machine": machine(read)}
    print(sections["machine"], flush=True)
    if os.getloadavg()[0] > 0.7:
        print("this machine is busy: times are off, ratios less so", file=sys.stderr)

    def report(what):
        print(f"{time.monotonic() - begin:6.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        tools = Tools(read, directory)
        for group in read.only:
            for name, content in GROUPS[group](tools, read, report):
                sections[name] = content
                print(f"\n{name}\n\n{content}", flush=True)
    if read.write:
        for name in write(read.write, sections):
            print(f"{read.write} has no place for {name}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
