"""What it takes to build a hello world, and what comes of it."""

import os
import resource
import shutil
import subprocess

from .table import number, table

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SDK = os.path.join(os.path.dirname(HERE), "sdk")
TOKIO = 'tokio = { version = "1", features = ["rt-multi-thread", "macros"] }'
OFFICIAL = "\n".join([
    *(f'temporalio-{name} = "=1.1.1"' for name in ("common", "macros", "sdk", "workflow")),
    'temporalio-client = { version = "=1.1.1", features = ["vendored-protox"] }',
    'futures = "0.3"',
])
CLIENT = 'default-features = false, features = ["client"]'
# (title, program, dependencies)
PROGRAMS = (
    ("peer", "official", OFFICIAL),
    ("ours", "steadfast", f'steadfast = {{ path = "{SDK}" }}'),
    ("ours, without the embedded server", "steadfast", f'steadfast = {{ path = "{SDK}", {CLIENT} }}'),
    ("ours, with TLS", "steadfast", f'steadfast = {{ path = "{SDK}", features = ["tls"] }}'),
)


def cargo(project, *words):
    """CPU seconds and output of a cargo command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "CARGO_TARGET_DIR": os.path.join(project, "target")}
    done = subprocess.run(["cargo", *words], cwd=project, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"cargo {' '.join(words)}: {done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def measure(project, program, dependencies):
    """Crates, CPU seconds of a clean build, of a build after a change, and megabytes of the stripped program."""
    os.makedirs(os.path.join(project, "src"))
    main = os.path.join(project, "src", "main.rs")
    shutil.copy(os.path.join(HERE, "hello", f"{program}.rs"), main)
    shutil.copy(os.path.join(HERE, "Cargo.lock"), project)
    with open(os.path.join(project, "Cargo.toml"), "w") as manifest:
        manifest.write(f"""[package]
name = "hello"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
serde = {{ version = "1", features = ["derive"] }}
{dependencies}
{TOKIO}
""")
    cargo(project, "fetch", "--quiet")
    _, tree = cargo(project, "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}")
    # What was listed before is listed again with a mark.
    crates = len({line.removesuffix(" (*)") for line in tree.split("\n")} - {""}) - 1
    clean, _ = cargo(project, "build", "--release", "--quiet")
    with open(main) as source:
        text = source.read()
    with open(main, "w") as source:
        source.write(text.replace("Hello, {name}", "Good evening, {name}"))
    again, _ = cargo(project, "build", "--release", "--quiet")
    built = os.path.join(project, "target", "release", "hello")
    subprocess.run(["strip", "-o", built + ".stripped", built], check=True)
    return crates, clean, again, os.path.getsize(built + ".stripped") / 1e6


def run(tools, arguments, report):
    """The table of builds."""
    rows = []
    for title, program, dependencies in PROGRAMS:
        if arguments.quick and title != "ours":
            continue
        project = os.path.join(tools.directory, f"hello-{len(rows)}")
        crates, *rest = measure(project, program, dependencies)
        report(f"build of {title}")
        shutil.rmtree(project)
        rows.append([title, str(crates), *(number(value) for value in rest)])
    head = ["hello world", "crates besides it", "clean release build, CPU-s", "after a change, CPU-s", "stripped, MB"]
    yield "build", table(head, rows)
