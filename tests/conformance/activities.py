"""Activities by hand: what a worker is told and may answer, and what operators do to them."""

import asyncio

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
import temporalio.api.workflowservice.v1 as api
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import ActivityType, Priority, RetryPolicy
from temporalio.api.failure.v1 import ApplicationFailureInfo, CanceledFailureInfo, Failure

from calls import answer, called
from hand import activity, cancel_activity, complete, said, scenario

OH = Failure(message="oh", application_failure_info=ApplicationFailureInfo(type="Oh"))
SHORT = RetryPolicy(initial_interval=Duration(nanos=100_000_000), backoff_coefficient=1, maximum_attempts=2)


def seen(task):
    """A task as its worker sees it, without what names this call."""
    shown = MessageToDict(task)
    shown.pop("taskToken", None)
    shown.pop("pollerGroupInfos", None)
    shown.pop("pollerScalingDecision", None)  # goes by how busy the queue is
    return shown


async def fail(hand, task, failure=OH, **more):
    await hand.service.respond_activity_task_failed(
        api.RespondActivityTaskFailedRequest(namespace="default", task_token=task.task_token, failure=failure, identity="hand", **more)
    )


async def pending(hand, what):
    """The activities of the run, as a description has them."""
    described = await answer(hand.stage.client, *called("describe_workflow_execution", execution=hand.execution))
    hand.note(what, {"pending": described["answer"].get("pendingActivities", [])})


@scenario
async def activity_attempts(hand):
    """Attempts are no events; what an attempt said of itself is there on the next."""
    await hand.start(priority=Priority(priority_key=2, fairness_key="f"))
    await hand.answer(
        await hand.poll(),
        activity("1", hand.queue, retry_policy=SHORT, heartbeat_timeout=Duration(seconds=10), input=said("in"), priority=Priority(priority_key=4)),
        activity("2", type(hand.queue)(name="conformance-nobody")),
    )  # fmt: skip
    await pending(hand, "before")
    task = await hand.poll_activity()
    hand.note("first", seen(task))
    beat = {"task_token": task.task_token, "details": said("half")}
    await hand.call("heartbeat", "record_activity_task_heartbeat", **beat)
    await pending(hand, "running")
    failure = Failure(message="later", application_failure_info=ApplicationFailureInfo(type="Later", next_retry_delay=Duration(seconds=1)))
    await fail(hand, task, failure)
    await hand.call("answer of an old attempt", "respond_activity_task_completed", task_token=task.task_token)
    task = await hand.poll_activity()
    hand.note("second", seen(task))
    await fail(hand, task)
    await hand.call("answer of what is over", "respond_activity_task_completed", task_token=task.task_token)
    await hand.close()
    await hand.call("answer when all is over", "respond_activity_task_completed", task_token=task.task_token)


@scenario
async def activity_cancelled_by_worker(hand):
    """Only when somebody asked for it."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue, heartbeat_timeout=Duration(seconds=10)))
    task = await hand.poll_activity()
    token = {"task_token": task.task_token, "identity": "hand"}
    await hand.call("not asked for", "respond_activity_task_canceled", **token)
    await hand.signal("cancel")
    await hand.answer(await hand.poll(), cancel_activity(5))
    await hand.call("heartbeat", "record_activity_task_heartbeat", **token)
    await pending(hand, "asked")
    await hand.call("asked for", "respond_activity_task_canceled", **token, details=said("bye"))
    await hand.close()


@scenario
async def activity_by_name(hand):
    await hand.start()
    await hand.answer(await hand.poll(), *(activity(str(n), hand.queue, heartbeat_timeout=Duration(seconds=10)) for n in range(3)))
    for _ in range(3):
        await hand.poll_activity()
    by = {"workflow_id": hand.workflow_id, "identity": "hand"}
    await hand.call("heartbeat", "record_activity_task_heartbeat_by_id", **by, activity_id="0", details=said("d"))
    await hand.call("complete", "respond_activity_task_completed_by_id", **by, activity_id="0", result=said("r"))
    await hand.answer(await hand.poll())
    await hand.call("fail", "respond_activity_task_failed_by_id", **by, activity_id="1", failure=Failure(message="no", application_failure_info=ApplicationFailureInfo(type="No", non_retryable=True)))
    await hand.answer(await hand.poll(), cancel_activity(7))
    await hand.call("cancel", "respond_activity_task_canceled_by_id", **by, activity_id="2")
    await hand.call("unknown", "respond_activity_task_completed_by_id", **by, activity_id="9")
    await hand.close()


@scenario
async def activity_eager(hand):
    """It comes with the answer to the task that scheduled it."""
    await hand.start()
    eager = activity("1", hand.queue, request_eager_execution=True)
    response = await hand.answer(await hand.poll(), eager)
    hand.note("task", seen(response.activity_tasks[0]))
    await hand.complete_activity(response.activity_tasks[0])
    await hand.close()


@scenario
async def activity_defaults(hand):
    """What was left out is filled in, and no time-out is longer than that of the whole."""
    await hand.start(workflow_run_timeout=Duration(seconds=100))
    queue = hand.queue
    await hand.answer(
        await hand.poll(),
        activity("1", queue, start_to_close_timeout=None, schedule_to_close_timeout=Duration(seconds=50)),
        activity("2", queue, start_to_close_timeout=Duration(seconds=500), heartbeat_timeout=Duration(seconds=900)),
        activity("3", queue, start_to_close_timeout=Duration(seconds=30), schedule_to_start_timeout=Duration(seconds=90), schedule_to_close_timeout=Duration(seconds=60)),
        complete(),
    )  # fmt: skip
    await hand.show()


@scenario
async def activity_out_of_time(hand):
    """A failure that leaves no time for another attempt, a time-out that does so, and one in between."""
    await hand.start()
    await hand.answer(
        await hand.poll(),
        activity("fails", hand.queue, schedule_to_close_timeout=Duration(seconds=3), retry_policy=RetryPolicy(initial_interval=Duration(seconds=60))),
    )
    await fail(hand, await hand.poll_activity())
    task = await hand.poll()
    await hand.answer(
        task,
        activity("times out", hand.queue, schedule_to_close_timeout=Duration(seconds=3), start_to_close_timeout=Duration(seconds=1), retry_policy=RetryPolicy(initial_interval=Duration(seconds=60))),
    )
    await hand.poll_activity()
    await hand.close()


@scenario
async def activity_operations(hand):
    """Paused, changed, reset and let go on; none of that is an event."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue, heartbeat_timeout=Duration(seconds=10)))
    task = await hand.poll_activity()
    await hand.call("pause", "pause_activity", id="1", identity="hand", reason="why")
    await hand.call("pause of another", "pause_activity", id="9")
    await hand.call("heartbeat", "record_activity_task_heartbeat", task_token=task.task_token)
    await pending(hand, "paused while it runs")
    await fail(hand, task)
    await pending(hand, "paused")
    options = ActivityOptions(start_to_close_timeout=Duration(seconds=7), priority=Priority(priority_key=5))
    mask = FieldMask(paths=["start_to_close_timeout", "priority.priority_key"])
    await hand.call("options", "update_activity_options", id="1", activity_options=options, update_mask=mask)
    await hand.call("unknown option", "update_activity_options", id="1", activity_options=options, update_mask=FieldMask(paths=["header"]))
    await hand.call("unpause", "unpause_activity", id="1", reset_attempts=True)
    task = await hand.poll_activity()
    hand.note("task", seen(task))
    await hand.call("reset", "reset_activity", id="1")
    await hand.call("heartbeat after the reset", "record_activity_task_heartbeat", task_token=task.task_token)
    await hand.call("options restored", "update_activity_options", id="1", restore_original=True)
    await hand.complete_activity(task)
    await hand.close()


@scenario
async def activity_reset_with_its_heartbeat(hand):
    """What heartbeats said is shown until the next attempt, also while it stays paused."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue, heartbeat_timeout=Duration(seconds=10)))
    task = await hand.poll_activity()
    beat = {"task_token": task.task_token, "details": said("half")}
    await hand.call("heartbeat", "record_activity_task_heartbeat", **beat)
    await hand.call("pause", "pause_activity", id="1", identity="hand", reason="why")
    await fail(hand, task)
    await hand.call("reset", "reset_activity", id="1", keep_paused=True, reset_heartbeat=True)
    await pending(hand, "reset")
    await hand.call("unpause", "unpause_activity", id="1")
    task = await hand.poll_activity()
    hand.note("task", {**seen(task), "heartbeat": bool(task.heartbeat_details.payloads)})
    await hand.complete_activity(task)
    await hand.close()


@scenario
async def activity_reset_while_it_runs(hand):
    """It is the first attempt from now on, and the token names another one; the activity's name is good still."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue, heartbeat_timeout=Duration(seconds=10), retry_policy=SHORT))
    task = await hand.poll_activity()
    await fail(hand, task)
    task = await hand.poll_activity()
    token = {"task_token": task.task_token}
    await hand.call("reset", "reset_activity", id="1")
    await pending(hand, "reset")
    await hand.call("heartbeat", "record_activity_task_heartbeat", **token)
    await hand.call("completion", "respond_activity_task_completed", **token)
    by = {"workflow_id": hand.workflow_id, "identity": "hand", "activity_id": "1"}
    await hand.call("heartbeat by its name", "record_activity_task_heartbeat_by_id", **by)
    await hand.call("failure by its name", "respond_activity_task_failed_by_id", **by, failure=OH)
    task = await hand.poll_activity()
    hand.note("next", seen(task))
    await hand.call("heartbeat of the next", "record_activity_task_heartbeat", task_token=task.task_token)
    await hand.call("pause", "pause_activity", id="1")
    await hand.call("unpause", "unpause_activity", id="1", reset_attempts=True)
    await pending(hand, "unpaused")
    await hand.call("heartbeat after that", "record_activity_task_heartbeat", task_token=task.task_token)
    await hand.call("completion by its name", "respond_activity_task_completed_by_id", **by)
    await hand.close()


@scenario
async def activity_reset_in_its_first_attempt(hand):
    """The token names the attempt that it has been; the one after is the second. Unpausing forgets the failure."""
    await hand.start()
    await hand.answer(await hand.poll(), activity("1", hand.queue, retry_policy=RetryPolicy(initial_interval=Duration(nanos=100_000_000))))
    task = await hand.poll_activity()
    await hand.call("reset", "reset_activity", id="1")
    await hand.call("heartbeat", "record_activity_task_heartbeat", task_token=task.task_token)
    await fail(hand, task)
    task = await hand.poll_activity()
    hand.note("next", seen(task))
    await hand.call("pause", "pause_activity", id="1")
    await fail(hand, task)
    await hand.call("unpause", "unpause_activity", id="1")
    await pending(hand, "unpaused")
    await hand.complete_activity(await hand.poll_activity())
    await hand.close()


@scenario
async def activity_alone(hand):
    """Without a workflow."""
    started = {
        "activity_id": hand.workflow_id, "activity_type": ActivityType(name="act"), "task_queue": hand.queue,
        "start_to_close_timeout": Duration(seconds=20), "input": said("in"), "retry_policy": SHORT,
        "heartbeat_timeout": Duration(seconds=10),
    }  # fmt: skip
    await hand.call("start", "start_activity_execution", **started, request_id="one")
    await hand.call("start again", "start_activity_execution", **started, request_id="one")
    await hand.call("start another", "start_activity_execution", **started, request_id="two")
    by = {"activity_id": hand.workflow_id}
    await hand.call("describe", "describe_activity_execution", **by, include_input=True)
    task = await hand.poll_activity()
    hand.note("task", seen(task))
    await hand.call("heartbeat", "record_activity_task_heartbeat", task_token=task.task_token, details=said("half"))
    await hand.call("pause", "pause_activity_execution", **by, identity="hand", reason="why")
    await hand.call("unpause", "unpause_activity_execution", **by)
    await hand.call("options", "update_activity_execution_options", **by, activity_options=ActivityOptions(start_to_close_timeout=Duration(seconds=9)), update_mask=FieldMask(paths=["start_to_close_timeout"]))
    await hand.call("reset", "reset_activity_execution", **by)
    await hand.call("cancel", "request_cancel_activity_execution", **by, request_id="c", reason="enough")
    await hand.call("describe while it is cancelled", "describe_activity_execution", **by)
    await hand.call("canceled", "respond_activity_task_canceled", task_token=task.task_token, details=said("bye"))
    await hand.call("poll", "poll_activity_execution", **by)
    await hand.call("describe when it is over", "describe_activity_execution", **by, include_outcome=True)
    await hand.call("terminate", "terminate_activity_execution", **by, request_id="t")
    await hand.call("start after the end", "start_activity_execution", **started, request_id="three", id_reuse_policy=3)
    await hand.call("delete", "delete_activity_execution", **by)


@scenario
async def activity_alone_terminated(hand):
    by = {"activity_id": hand.workflow_id}
    await hand.call(
        "start", "start_activity_execution", **by, activity_type=ActivityType(name="act"), task_queue=hand.queue,
        schedule_to_close_timeout=Duration(seconds=60),
    )  # fmt: skip
    await hand.call("terminate", "terminate_activity_execution", **by, reason="enough", identity="hand")
    await hand.call("poll", "poll_activity_execution", **by)


ACTIVITIES_BY_HAND = dict([
    activity_attempts, activity_cancelled_by_worker, activity_by_name, activity_eager, activity_defaults,
    activity_out_of_time, activity_operations, activity_reset_with_its_heartbeat,
    activity_reset_while_it_runs, activity_reset_in_its_first_attempt, activity_alone, activity_alone_terminated,
])  # fmt: skip
