"""How task queues are described: what waits there, who polls, and which versions get what comes.

The original keeps what it has counted for a few seconds, so each question about counts has a queue of its own or comes once.
"""

import asyncio

import temporalio.api.workflowservice.v1 as api
from temporalio.api.common.v1 import Priority
from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueVersionSelection as Selection
from temporalio.api.workflow.v1 import VersioningOverride

from administration import until
from calls import answer, called
from hand import LIMIT, scenario

STICKY = {"kind": 2, "normal_name": "conformance-nobody"}
PINNED = VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
# Of the older form.
ENHANCED = {"api_mode": 1}
EVERYTHING = {**ENHANCED, "report_stats": True, "report_pollers": True, "report_task_reachability": True}


async def described(hand, what, queue, **fields):
    """One description, its pollers in order."""
    shown = await answer(hand.stage.client, *called("describe_task_queue", task_queue=queue, **fields))
    hand.note(what, in_order(shown))


def in_order(shown):
    if isinstance(shown, dict):
        order = {"pollers": "identity", "versionTaskQueues": "type", "taskQueueInfos": "type"}
        return {
            key: sorted(inner, key=lambda one: one[order[key]]) if key in order else in_order(inner)
            for key, inner in shown.items()
        }
    return shown


def five_wait(shown):
    """Whether all are counted. The age of one that has just come isn't known at once."""
    ages = [stats["approximateBacklogAge"] for stats in shown["answer"].get("statsByPriorityKey", {}).values()]
    return shown["answer"]["stats"].get("approximateBacklogCount") == "5" and "0s" not in ages


@scenario
async def queue_never_seen(hand):
    selections = {
        "build ids": Selection(build_ids=["a", "b", "a"]),
        "build ids and no version": Selection(build_ids=["a", ""], unversioned=True),
        "a version": Selection(build_ids=["nothing:1", "nothing.1"]),
        "all that is active": Selection(all_active=True),
        "nothing": Selection(),
    }
    for number, (what, fields) in enumerate(
        {
            "plain": {},
            "of no type": {"task_queue_type": 0, "report_stats": True},
            "of another type": {"task_queue_type": 7, "report_stats": True},
            **{f"of type {kind}": {"task_queue_type": kind, "report_stats": True} for kind in (1, 2, 3)},
            "enhanced": ENHANCED,
            "enhanced, everything": EVERYTHING,
            "enhanced, all types": {**EVERYTHING, "task_queue_types": [1, 2, 3, 3]},
            "enhanced, strange types": {**EVERYTHING, "task_queue_types": [0, 7]},
            **{f"enhanced, {what}": {**EVERYTHING, "versions": versions} for what, versions in selections.items()},
            "enhanced, many build ids": {**EVERYTHING, "versions": Selection(build_ids=[str(at) for at in range(6)])},
            "another mode": {"api_mode": 2, "report_stats": True},
        }.items()
    ):
        await described(hand, what, TaskQueue(name=f"{hand.queue.name}-{number}"), **fields)


@scenario
async def queue_of_a_bad_name(hand):
    name = hand.queue.name
    for what, queue, fields in (
        ("nothing", None, {}),
        ("nothing, enhanced", None, ENHANCED),
        ("no name", TaskQueue(), {}),
        ("no name, enhanced", TaskQueue(), ENHANCED),
        ("a long name", TaskQueue(name="x" * 1001), {}),
        ("a long name, enhanced", TaskQueue(name="x" * 1001), ENHANCED),
        ("a sticky one", TaskQueue(name=name, **STICKY), {}),
        ("stats of a sticky one", TaskQueue(name=name, **STICKY), {"report_stats": True}),
        ("a sticky one, enhanced", TaskQueue(name=name, **STICKY), ENHANCED),
        ("another namespace", TaskQueue(name=name), {"namespace": "conformance-unknown"}),
    ):
        await described(hand, what, queue, **fields)


@scenario
async def queue_backlog(hand):
    """Of several priorities."""
    for number, priority in enumerate((0, 3, 0, 1, 5)):
        await hand.start(
            workflow_id=f"{hand.workflow_id}-{number}", request_id=f"{number}", priority=Priority(priority_key=priority)
        )
    name = {"task_queue": hand.queue, "task_queue_type": 1}
    hand.note("workflows", await until(hand, five_wait, "describe_task_queue", **name, report_stats=True))
    await described(hand, "activities", hand.queue, task_queue_type=2, report_stats=True)
    await described(hand, "enhanced", hand.queue, **EVERYTHING)


class Workers:
    """Of several versions, who wait for workflow tasks."""

    def __init__(self, hand):
        self.hand = hand
        self.polls = []

    def poll(self, identity, build_id="", mode=0, of="workflow"):
        options = WorkerDeploymentOptions(
            deployment_name=self.hand.workflow_id, build_id=build_id, worker_versioning_mode=mode
        )
        request = getattr(api, f"Poll{of.capitalize()}TaskQueueRequest")(
            namespace="default", task_queue=self.hand.queue, identity=identity, deployment_options=options if mode else None
        )
        poll = getattr(self.hand.service, f"poll_{of}_task_queue")
        self.polls.append(asyncio.ensure_future(poll(request, timeout=LIMIT)))

    async def are_seen(self, count):
        name = {"task_queue": self.hand.queue, "task_queue_type": 1}
        seen = lambda shown: len(shown["answer"].get("pollers", [])) == count  # noqa: E731
        await until(self.hand, seen, "describe_task_queue", **name)

    async def go(self):
        for poll in self.polls:
            poll.cancel()
        await asyncio.gather(*self.polls, return_exceptions=True)


@scenario
async def queue_of_versions(hand):
    """Workers of two versions and of none; then the versions get what waits."""
    workers, name = Workers(hand), hand.workflow_id
    workers.poll("of no version")
    workers.poll("unversioned", "3", 1)
    workers.poll("one", "1", 2)
    workers.poll("two", "2", 2)
    workers.poll("acts", "1", 2, "activity")
    await workers.are_seen(4)
    versions = {id: WorkerDeploymentVersion(deployment_name=name, build_id=id) for id in "12"}
    for version in versions.values():
        await until(hand, lambda shown: "answer" in shown, "describe_worker_deployment_version", deployment_version=version)
    await described(hand, "polled", hand.queue, task_queue_type=1)
    await described(hand, "polled by activities", hand.queue, task_queue_type=2)
    await described(hand, "polled by nobody", hand.queue, task_queue_type=3)
    await workers.go()

    async def routed(what, method, wanted, **fields):
        routing = {"deployment_name": name, "identity": "hand", **fields}
        await until(hand, lambda shown: "answer" in shown, f"set_worker_deployment_{method}_version", **routing)
        of = lambda shown: shown["answer"]["versioningInfo"]  # noqa: E731
        known = lambda shown: wanted(of(shown))  # noqa: E731
        shown = await until(hand, known, "describe_task_queue", task_queue=hand.queue, task_queue_type=1)
        hand.note(what, in_order(shown))
        shown = await answer(hand.stage.client, *called("describe_task_queue", task_queue=hand.queue, task_queue_type=2))
        hand.note(f"{what}: activities", of(shown))

    await routed("current", "current", lambda of: "currentDeploymentVersion" in of, build_id="1")
    await routed("ramp", "ramping", lambda of: of.get("rampingVersionPercentage") == 100, build_id="2", percentage=100)
    for number in range(5):
        pinned = VersioningOverride.PinnedOverride(behavior=PINNED, version=versions["1"])
        changed = {"versioning_override": VersioningOverride(pinned=pinned)} if number > 2 else {}
        await hand.start(workflow_id=f"{name}-{number}", request_id=f"{number}", **changed)
    shown = await until(hand, five_wait, "describe_task_queue", task_queue=hand.queue, task_queue_type=1, report_stats=True)
    hand.note("backlog", in_order(shown))
    asked = Selection(build_ids=["other", f"{name}:1", f"{name}.2"], unversioned=True)
    await described(hand, "enhanced", hand.queue, **EVERYTHING, versions=asked)
    for build_id, version in versions.items():
        shown = await answer(
            hand.stage.client,
            *called("describe_worker_deployment_version", deployment_version=version, report_task_queue_stats=True),
        )
        hand.note(f"version {build_id}", in_order({"answer": {"versionTaskQueues": shown["answer"]["versionTaskQueues"]}}))
    is_ramp_gone = lambda of: of.get("rampingVersion") == "__unversioned__"  # noqa: E731
    await routed("ramp to nobody", "ramping", is_ramp_gone, build_id="", percentage=30)
    await routed("ramp taken back", "ramping", lambda of: "rampingVersion" not in of, build_id="", percentage=0)
    nobody = {"build_id": "", "ignore_missing_task_queues": True}
    await routed("current nobody", "current", lambda of: "currentDeploymentVersion" not in of, **nobody)


@scenario
async def queue_scaling(hand):
    """Whether polls ask for more of their kind, or for fewer."""

    def note(what, task):
        hand.note(what, {"delta": task.poller_scaling_decision.poll_request_delta_suggestion})

    async def start(number):
        await hand.start(workflow_id=f"{hand.workflow_id}-{number}", request_id=f"{number}")

    waiting = asyncio.ensure_future(hand.poll())
    await asyncio.sleep(1.5)
    await start(0)
    note("waited long", await waiting)
    waiting = asyncio.ensure_future(hand.poll())
    await asyncio.sleep(0.3)
    await start(1)
    note("waited a little", await waiting)
    for number in range(2, 12):
        await start(number)
    await asyncio.sleep(1)
    note("a backlog", await hand.poll())


QUEUES = dict([queue_never_seen, queue_of_a_bad_name, queue_backlog, queue_of_versions, queue_scaling])
