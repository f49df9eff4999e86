"""What may differ between two servers without anything being wrong, and the comparison of the rest.

- times are `<time>`, in whatever field; fractions of seconds that a clock has given are `<duration>`,
- payloads are decoded,
- run ids and other UUIDs are `<id 1>`, `<id 2>` .. in the order in which they first appear, so that equal ones stay equal,
- a worker's sticky queue is `<sticky>`; the SDK's flags, of which it writes a set, are in order,
- the part of names that makes them unique is `<unique>`,
- the fields of `DROPPED` are left out, each for the reason given there.
"""

import base64
import re

# Fields that say who, when or how large, never what happened.
DROPPED = {
    "taskId",  # the server's own numbering of its work
    "identity",  # process id and host name
    "historySizeBytes",  # differs with the length of names
    "stateTransitionCount",  # a cluster's own count
    "principal",  # who is authenticated
    "stackTrace",  # paths and line numbers
    "stateSizeBytes",  # of a server's own form
    "conflictToken",  # a server's own
    "longPollToken",  # a server's own
    "tasksAddRate",  # measured by the clock
    "tasksDispatchRate",
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?")
STICKY = re.compile(r"^\d+@[\w.-]*?-?[0-9a-f]{32}$")
DELETED = re.compile(r"-deleted-[0-9a-f]{5}$")
CLOCK = re.compile(r'{"seconds":\d+,"nanos":\d+}')
MEASURED = re.compile(r"^\d+\.\d{6,9}s$")


def normal(value, unique):
    ids = {}

    def text(found):
        found = TIME.sub("<time>", DELETED.sub("-deleted-<id>", found.replace(unique, "<unique>")))
        found = UUID.sub(lambda match: ids.setdefault(match[0], f"<id {len(ids) + 1}>"), found)
        return STICKY.sub("<sticky>", MEASURED.sub("<duration>", CLOCK.sub("<time>", found)))

    def walk(found, name=""):
        if isinstance(found, dict):
            # Of a poll, or of the answer with which the task came: whichever was first.
            whose = {"requestId"} if name == "workflowTaskStartedEventAttributes" else set()
            kept = {text(key): walk(inner, key) for key, inner in found.items() if key not in DROPPED | whose}
            if name == "workflowExecutionStartedEventAttributes" and "continuedExecutionRunId" in kept:
                kept["firstWorkflowTaskBackoff"] = "<pause>"  # what is left of a second since the run before began
            return kept
        if isinstance(found, list):
            listed = [walk(inner) for inner in found]
            return sorted(listed) if name == "coreUsedFlags" else listed
        if name == "data" and isinstance(found, str):
            found = base64.b64decode(found).decode("latin-1")
        return text(found) if isinstance(found, str) else found

    return walk(value)


def differences(real, ours, path=""):
    """A list of (where, what the real server says, what ours says)."""
    if real == ours:
        return []
    if isinstance(real, dict) and isinstance(ours, dict):
        keys = sorted({*real, *ours})
        return [one for key in keys for one in differences(real.get(key), ours.get(key), f"{path}.{key}".lstrip("."))]
    if isinstance(real, list) and isinstance(ours, list) and path.endswith("events"):
        kinds = [[event["eventType"].removeprefix("EVENT_TYPE_") for event in events] for events in (real, ours)]
        if kinds[0] != kinds[1]:
            return [("events", " ".join(kinds[0]), " ".join(kinds[1]))]
    if isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        pairs = enumerate(zip(real, ours), start=1)
        return [one for number, (left, right) in pairs for one in differences(left, right, f"{path}[{number}]")]
    return [(path, "nothing" if real is None else real, "nothing" if ours is None else ours)]
