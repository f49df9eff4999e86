"""Schedules: how what they are told is understood, when they act, and what they tell of it."""

import asyncio

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
import temporalio.api.schedule.v1 as schedule
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo

from calls import answer, called
from hand import said, scenario

JANUARY = 1767225600  # 2026-01-01T00:00:00Z
DAY = 86400


def at(seconds):
    return Timestamp(seconds=seconds)


def ranged(start, end=0, step=0):
    return schedule.Range(start=start, end=end, step=step)


# Each with the days of which the coming times are compared.
SPECS = {
    "a calendar in words": (schedule.ScheduleSpec(calendar=[schedule.CalendarSpec(minute="*/15", hour="9-17/4", day_of_week="MON-FRI", comment="work")]), 3),
    "a structured calendar": (schedule.ScheduleSpec(structured_calendar=[schedule.StructuredCalendarSpec(hour=[ranged(3, 9, 3)], day_of_month=[ranged(1, 5)], year=[ranged(2026)])]), 10),
    "cron": (schedule.ScheduleSpec(cron_string=["30 12 * * MON-FRI # lunch", "@every 2h/5m"]), 2),
    "cron with seconds": (schedule.ScheduleSpec(cron_string=["15 30 6 * * * *", "0 0 1 1 * 2027"]), 3),
    "names of cron": (schedule.ScheduleSpec(cron_string=["@daily", "@weekly", "@monthly", "@yearly"]), 32),
    "a zone in cron": (schedule.ScheduleSpec(cron_string=["CRON_TZ=Europe/Berlin 30 2 * * *"]), 3),
    "intervals": (schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=5400), phase=Duration(seconds=300))]), 1),
    "exclusions": (schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=21600))], exclude_structured_calendar=[schedule.StructuredCalendarSpec(hour=[ranged(6)], day_of_month=[ranged(1, 31)], month=[ranged(1, 12)], day_of_week=[ranged(0, 6)])]), 2),
    "bounds": (schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=3600))], start_time=at(JANUARY + 7200), end_time=at(JANUARY + 18000)), 2),
    "a zone": (schedule.ScheduleSpec(calendar=[schedule.CalendarSpec(hour="1,2", minute="30")], timezone_name="America/New_York"), 3),
    "each half hour of a zone": (schedule.ScheduleSpec(cron_string=["CRON_TZ=Europe/Berlin */30 * * * *"]), 3),
    "each half hour of another zone": (schedule.ScheduleSpec(cron_string=["CRON_TZ=America/New_York */30 * * * *"]), 3),
}  # fmt: skip
# Around the changes of the clocks: in Berlin on 2026-03-29 and 2026-10-25, in New York on 2026-03-08 and 2026-11-01.
CHANGES = [1774742400, 1792886400, 1772949600, 1793509200]
BAD = {
    "no such zone": schedule.ScheduleSpec(timezone_name="Mars/Olympus"),
    "two zones": schedule.ScheduleSpec(cron_string=["CRON_TZ=Europe/Berlin 0 0 * * *"], timezone_name="Asia/Tokyo"),
    "no cron": schedule.ScheduleSpec(cron_string=["every day"]),
    "no interval": schedule.ScheduleSpec(interval=[schedule.IntervalSpec()]),
    "a phase beyond its interval": schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=60), phase=Duration(seconds=90))]),
    "hour 25": schedule.ScheduleSpec(structured_calendar=[schedule.StructuredCalendarSpec(hour=[ranged(25)])]),
    "no such day": schedule.ScheduleSpec(calendar=[schedule.CalendarSpec(day_of_week="SOMEDAY")]),
}  # fmt: skip


def made(hand, spec, **state):
    action = NewWorkflowExecutionInfo(workflow_id=hand.workflow_id, workflow_type=WorkflowType(name="Raw"), task_queue=hand.queue)
    return schedule.Schedule(
        spec=spec, action=schedule.ScheduleAction(start_workflow=action), state=schedule.ScheduleState(**state)
    )


def key(hand, name):
    return {"schedule_id": f"{hand.workflow_id} {name}"}


async def until(hand, wanted, **by):
    """The original does what it was told a little later."""
    while True:
        shown = (await answer(hand.stage.client, *called("describe_schedule", **by))).get("answer")
        if shown and wanted(shown):
            return shown
        await asyncio.sleep(0.05)


@scenario
async def schedule_specs(hand):
    """How each is written back, and when it acts."""
    for name, (spec, days) in SPECS.items():
        by = key(hand, name)
        await hand.call(f"{name}: create", "create_schedule", **by, request_id=name, schedule=made(hand, spec, paused=True, notes="resting"))
        shown = await until(hand, lambda _: True, **by)
        hand.note(f"{name}: as it is kept", shown["schedule"])
        spans = [(JANUARY, JANUARY + days * DAY)]
        if "zone" in name:
            spans = [(start, start + DAY // 4) for start in CHANGES]
        times = []
        for start, end in spans:
            said = await answer(hand.stage.client, *called("list_schedule_matching_times", **by, start_time=at(start), end_time=at(end)))
            times += said["answer"].get("startTime", [])
        # As numbers: what looks like a time is left out of comparisons.
        hand.note(f"{name}: times", {"at": [time.replace(":", ".") .replace("T", " ").replace("-", ".") for time in times]})
        await hand.call(f"{name}: delete", "delete_schedule", **by)


@scenario
async def schedule_refusals(hand):
    for name, spec in BAD.items():
        await hand.call(name, "create_schedule", **key(hand, name), request_id=name, schedule=made(hand, spec))
    cron = made(hand, schedule.ScheduleSpec())
    cron.action.start_workflow.cron_schedule = "@every 1h"
    await hand.call("an action with a cron schedule", "create_schedule", **key(hand, "c"), request_id="c", schedule=cron)
    reuse = made(hand, schedule.ScheduleSpec())
    reuse.action.start_workflow.workflow_id_reuse_policy = 3
    await hand.call("an action with a policy", "create_schedule", **key(hand, "r"), request_id="r", schedule=reuse)


@scenario
async def schedule_life(hand):
    """Created, triggered, back-filled, paused, changed, deleted."""
    by = key(hand, "life")
    hourly = made(hand, schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=3600))]), paused=True)
    create = {**by, "request_id": "one", "schedule": hourly}
    await hand.call("create", "create_schedule", **create)
    await hand.call("create again", "create_schedule", **create)
    await hand.call("create another", "create_schedule", **{**create, "request_id": "two"})
    shown = await until(hand, lambda _: True, **by)
    hand.note("described", {**shown, "coming": len(shown["info"].pop("futureActionTimes")), "conflictToken": ""})
    patch = schedule.SchedulePatch(trigger_immediately=schedule.TriggerImmediatelyRequest(overlap_policy=6))
    await hand.call("trigger", "patch_schedule", **by, request_id="t", patch=patch)
    await until(hand, lambda shown: shown["info"].get("actionCount") == "1", **by)
    first = await hand.poll()
    hand.note("the workflow of the trigger", {"id": first.workflow_execution.workflow_id})
    request = schedule.BackfillRequest(start_time=at(JANUARY), end_time=at(JANUARY + 7200), overlap_policy=6)
    await hand.call("backfill", "patch_schedule", **by, request_id="b", patch=schedule.SchedulePatch(backfill_request=[request]))
    shown = await until(hand, lambda shown: int(shown["info"].get("actionCount", 0)) >= 4, **by)
    recent = [it["startWorkflowResult"]["workflowId"][-20:].replace(":", ".").replace("T", " ") for it in shown["info"]["recentActions"][1:]]
    hand.note("actions of the backfill", {"ids": sorted(recent), "count": shown["info"]["actionCount"]})
    await hand.call("unpause", "patch_schedule", **by, request_id="u", patch=schedule.SchedulePatch(unpause="go"))
    shown = await until(hand, lambda shown: shown["schedule"]["state"].get("notes") == "go", **by)
    hand.note("unpaused", shown["schedule"]["state"])
    changed = made(hand, schedule.ScheduleSpec(interval=[schedule.IntervalSpec(interval=Duration(seconds=7200))]), limited_actions=True, remaining_actions=0)
    await hand.call("update of another state", "update_schedule", **by, request_id="w", schedule=hourly, conflict_token=b"wrong")
    await hand.call("update", "update_schedule", **by, request_id="c", schedule=changed)
    shown = await until(hand, lambda shown: shown["schedule"]["spec"]["interval"][0]["interval"] == "7200s", **by)
    hand.note("updated", {"schedule": shown["schedule"], "coming": len(shown["info"].get("futureActionTimes", []))})
    await hand.call("delete", "delete_schedule", **by)
    while "answer" in await answer(hand.stage.client, *called("describe_schedule", **by)):
        await asyncio.sleep(0.05)
    for _ in range(3):
        await hand.poll()


SCHEDULES = dict([schedule_specs, schedule_refusals, schedule_life])
