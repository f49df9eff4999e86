"""What the programs here have in common: expectations, fresh names, calls of the command line."""

import asyncio
import json
import os
import subprocess
import sys
import uuid

LIMIT_SECONDS = 60


class Unexpected(Exception):
    """Something behaved otherwise than on the real server."""


def expect(got, wanted, what):
    if got != wanted:
        raise Unexpected(f"{what}: expected {wanted!r}, got {got!r}")
    print(f"  {what}: {json.dumps(got, default=str)}", flush=True)


def run_and_leave(checks):
    """Runs the checks, then leaves at once: threads of the SDK's native part that outlive the interpreter abort it at times."""
    status = 0
    try:
        asyncio.run(asyncio.wait_for(checks, LIMIT_SECONDS * 5))
    except (Unexpected, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def fresh(kind):
    return f"interop-{kind}-{uuid.uuid4().hex[:12]}"


def temporal(address, *arguments, json_output=True):
    """One call of the command line; its standard output, read as JSON where that was asked for."""
    command = ["temporal", *arguments, "--address", address]
    if json_output:
        command += ["--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise Unexpected(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) if json_output and done.stdout.strip() else done.stdout
