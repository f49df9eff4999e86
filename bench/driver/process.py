"""Processes: servers, workers and loads, what they have used, and which CPUs they may use."""

import json
import os
import select
import signal
import socket
import subprocess
import time

PATIENCE_S = 900


class Failed(Exception):
    """A program of the bench did not do what it is for."""


def cpu_seconds(pid):
    """CPU time of all threads of a process so far. The kernel's own clock of the process: what /proc/PID/stat shows in
    steps of 10 ms, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_kb(pid, field):
    """A line of /proc/PID/status: VmRSS now, VmHWM at most."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise Failed(f"process {pid} has no {field}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child process, with its output in a file that is shown if it fails."""

    def __init__(self, command, directory, name, cpus=None, pipes=False):
        self.name = name
        self.log = os.path.join(directory, f"{name}.log")
        log = open(self.log, "w")
        pipe = subprocess.PIPE if pipes else None
        self.child = subprocess.Popen(
            command,
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or log,
            stderr=log,
            preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None,
        )
        log.close()
        self.pid = self.child.pid

    def fail(self, what):
        with open(self.log) as log:
            raise Failed(f"{self.name}: {what}\n{log.read()[-2000:]}")

    def line(self):
        """The next line that it says; nothing if it ended well."""
        ready, _, _ = select.select([self.child.stdout], [], [], PATIENCE_S)
        if not ready:
            self.fail(f"said nothing for {PATIENCE_S} s")
        line = self.child.stdout.readline()
        if not line and self.child.wait() != 0:
            self.fail(f"ended with {self.child.returncode}")
        return line.decode().strip()

    def go_on(self):
        self.child.stdin.write(b"\n")
        self.child.stdin.flush()

    def cpu(self):
        return cpu_seconds(self.pid)

    def rss(self):
        return memory_kb(self.pid, "VmRSS")

    def peak(self):
        return memory_kb(self.pid, "VmHWM")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Tools:
    """Where the programs are."""

    def __init__(self, arguments, directory):
        self.directory = directory
        self.sdk = {"steadfast": arguments.steadfast, "official": arguments.official, "fast": arguments.fast}
        self.worker = {sdk: [program, "worker"] for sdk, program in self.sdk.items()}
        self.worker["floor"] = [arguments.steadfast, "floor"]
        self.server = {"dev": arguments.temporal, "test": arguments.test_server, "steadfast": arguments.server}

    def server_command(self, kind, port):
        program = self.server[kind]
        if kind == "dev":
            options = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]
            return [program, *options, "--port", str(port)]
        if kind == "test":
            return [program, str(port)]
        return [program, "--ip", "127.0.0.1", "--port", str(port)]

    def start_server(self, kind, cpus=None):
        """A fresh server that answers, and its URL."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        server = Process(self.server_command(kind, port), self.directory, "server", cpus)
        self.await_server(server, url)
        # The dev server still sets itself up behind its first answer.
        time.sleep(1.5 if kind == "dev" else 0.2)
        return server, url

    def await_server(self, server, url):
        try:
            subprocess.run([self.sdk["steadfast"], "ping", "--url", url], timeout=60, check=True)
        except subprocess.SubprocessError as error:
            server.stop()
            server.fail(error)

    def start_worker(self, sdk, url, options, cpus=None):
        command = [*self.worker[sdk], "--url", url, *options]
        worker = Process(command, self.directory, f"{sdk} worker", cpus, pipes=True)
        if not worker.line().startswith("READY"):
            worker.fail("is not ready")
        return worker

    def start_load(self, sdk, words, cpus=None):
        return Process([self.sdk[sdk], *words], self.directory, f"{sdk} {words[0]}", cpus, pipes=True)


def phases(load, watched, between=None):
    """Lets a load go through its phases. Gives for each what it said itself, with the CPU seconds and memory of the
    watched processes; `between` is called with the phase's name when it is over, and may add to it."""
    results = []
    while True:
        line = load.line()
        if not line:
            return results
        if not line.startswith("PHASE "):
            load.fail(f"said {line!r}")
        before = {name: process.cpu() for name, process in watched.items()}
        rss = {name: process.rss() for name, process in watched.items()}
        load.go_on()
        result = json.loads(load.line())
        for name, process in watched.items():
            result[f"{name}_cpu_s"] = process.cpu() - before[name]
            result[f"{name}_rss_before_kb"] = rss[name]
            result[f"{name}_peak_kb"] = process.peak()
        if between:
            result.update(between(result["phase"]))
        for name, process in watched.items():
            result[f"{name}_rss_kb"] = process.rss()
        results.append(result)
        load.go_on()
