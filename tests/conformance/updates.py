"""Updates and queries: what a worker may answer, and what callers hear when it doesn't."""

import asyncio
from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import QueryRejectCondition
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue
from temporalio.api.update.v1 import Acceptance, Input, Meta, Outcome, Rejection, Request, Response, UpdateRef, WaitPolicy
import temporalio.api.workflowservice.v1 as api
from temporalio.service import RPCError

from calls import answer, called
from hand import LIMIT, complete, ordered, said, scenario, timer

ADMITTED, ACCEPTED, COMPLETED = 1, 2, 3
NO = Failure(message="no", application_failure_info=ApplicationFailureInfo(type="No"))


def packed(update_id, kind, body):
    any_body = Any()
    any_body.Pack(body)
    return Message(id=f"{update_id}/{kind}", protocol_instance_id=update_id, body=any_body)


def accepted(message):
    """Without the request: a server has it still."""
    acceptance = Acceptance(
        accepted_request_message_id=message.id, accepted_request_sequencing_event_id=message.event_id
    )
    return packed(message.protocol_instance_id, "accept", acceptance)


def rejected(message):
    rejection = Rejection(
        rejected_request_message_id=message.id, rejected_request_sequencing_event_id=message.event_id, failure=NO
    )
    return packed(message.protocol_instance_id, "reject", rejection)


def completed(message, **outcome):
    response = Response(
        meta=Meta(update_id=message.protocol_instance_id), outcome=Outcome(**(outcome or {"success": said("done")}))
    )
    return packed(message.protocol_instance_id, "complete", response)


class Asked:
    """An update under way."""

    def __init__(self, hand, update_id, stage=COMPLETED):
        self.hand, self.update_id = hand, update_id
        self.task = asyncio.create_task(self.ask(stage))

    async def ask(self, stage):
        name, request = called(
            "update_workflow_execution", workflow_execution=self.hand.execution,
            wait_policy=WaitPolicy(lifecycle_stage=stage),
            request=Request(meta=Meta(update_id=self.update_id, identity="hand"), input=Input(name="up", args=said("x"))),
        )  # fmt: skip
        return await answer(self.hand.stage.client, name, request, seconds=25)

    async def heard(self, what=""):
        self.hand.note(f"update {self.update_id}{what}", await self.task)


def poll(hand, update_id, stage):
    ref = UpdateRef(workflow_execution=hand.execution, update_id=update_id)
    return {"update_ref": ref, "wait_policy": WaitPolicy(lifecycle_stage=stage)}


def shown(task):
    message = task.messages[0] if task.messages else Message()
    return {
        "events": len(task.history.events), "started": task.started_event_id, "previous": task.previous_started_event_id,
        "messages": len(task.messages), "sequencing": message.event_id, "message": message.id,
    }  # fmt: skip


@scenario
async def update_by_hand(hand):
    """Accepted first, completed later, asked for again: also when the workflow is over."""
    await hand.start()
    await hand.answer(await hand.poll())
    await hand.call("poll of an unknown one", "poll_workflow_execution_update", **poll(hand, "none", 0))
    first = Asked(hand, "one", ACCEPTED)
    task = await hand.poll()
    hand.note("task", shown(task))
    message = task.messages[0]
    await hand.answer(task, timer("1", 1), messages=[accepted(message)])
    await first.heard()
    await hand.call("poll", "poll_workflow_execution_update", **poll(hand, "one", 0))
    await hand.answer(await hand.poll(), messages=[completed(message)])
    await hand.call("poll for the outcome", "poll_workflow_execution_update", **poll(hand, "one", COMPLETED))
    await Asked(hand, "one").heard(", once more")
    await hand.signal("end")
    await hand.close()
    await hand.call("poll of a closed run", "poll_workflow_execution_update", **poll(hand, "one", COMPLETED))
    await Asked(hand, "one").heard(", when all is over")
    await Asked(hand, "two").heard()


@scenario
async def update_waiting_for_admission(hand):
    await hand.start()
    await Asked(hand, "a", ADMITTED).heard()
    await hand.close()


@scenario
async def update_rejected(hand):
    """It leaves no trace, and the worker goes back to where it was."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "no")
    task = await hand.poll()
    response = await hand.answer(task, messages=[rejected(task.messages[0])])
    hand.note("reset to", {"event": response.reset_history_event_id})
    await asked.heard()
    await hand.signal("end")
    await hand.close()


@scenario
async def update_ignored(hand):
    """A worker that says nothing of it: the server refuses it."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "ignored")
    await hand.answer(await hand.poll())
    await asked.heard()
    await hand.signal("end")
    await hand.close()


@scenario
async def update_with_commands(hand):
    """Commands say where between the others it is accepted and completed."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "placed")
    task = await hand.poll()
    messages = [accepted(task.messages[0]), completed(task.messages[0], failure=NO)]
    await hand.answer(
        task, timer("1", 60), ordered("message", message_id="placed/accept"), timer("2", 60),
        ordered("message", message_id="placed/complete"), complete(), messages=messages,
    )  # fmt: skip
    await asked.heard()
    await hand.show()


@scenario
async def update_meets_a_signal(hand):
    """A task that was for an update alone becomes one like others."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "meets")
    # A query that is answered comes after the update, which has then been admitted.
    while True:
        state = await answer(hand.stage.client, *called("poll_workflow_execution_update", **poll(hand, "meets", 0)))
        if "answer" in state:
            break
        await asyncio.sleep(0.05)
    await hand.signal("now")
    task = await hand.poll()
    hand.note("task", shown(task))
    message = task.messages[0]
    await hand.answer(task, messages=[accepted(message), completed(message)])
    await asked.heard()
    await hand.signal("end")
    await hand.close()


@scenario
async def update_that_nobody_takes(hand):
    """The task for it waits five seconds, then it is in the history."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "waits")
    await asyncio.sleep(7)
    task = await hand.poll()
    hand.note("task", shown(task))
    message = task.messages[0]
    await hand.answer(task, complete(), messages=[accepted(message), completed(message)])
    await asked.heard()
    await hand.show()


@scenario
async def update_left_behind(hand):
    """What was accepted fails with its workflow, what was not is refused."""
    await hand.start()
    await hand.answer(await hand.poll())
    first = Asked(hand, "accepted")
    task = await hand.poll()
    await hand.answer(task, messages=[accepted(task.messages[0])])
    second = Asked(hand, "waiting")
    task = await hand.poll()
    await hand.call("terminate", "terminate_workflow_execution", reason="enough")
    await first.heard()
    await second.heard()
    await hand.show()


@scenario
async def update_when_the_task_fails(hand):
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "fails")
    await hand.fail(await hand.poll())
    task = await hand.poll()
    hand.note("task", shown(task))
    await hand.answer(task, messages=[made(message) for message in task.messages for made in (accepted, completed)])
    await asked.heard()
    await hand.signal("end")
    task = await hand.poll()
    asked = Asked(hand, "fails too")
    await asyncio.sleep(0.3)
    await hand.fail(task)
    task = await hand.poll()
    hand.note("another task", shown(task))
    await hand.fail(task)
    task = await hand.poll()
    hand.note("a third task", shown(task))
    await hand.answer(task, messages=[made(message) for message in task.messages for made in (accepted, completed)])
    await asked.heard()
    await hand.signal("really")
    await hand.close()


@scenario
async def update_when_a_command_is_bad(hand):
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "bad")
    await hand.answer(await hand.poll(), timer("", 1))
    task = await hand.poll()
    hand.note("task", shown(task))
    await hand.answer(task, messages=[made(message) for message in task.messages for made in (accepted, completed)])
    await asked.heard()
    await hand.signal("end")
    await hand.close()


async def take_admitted(hand, what):
    """Does the updates that events of the next task admit, and ends the workflow."""
    task = await hand.poll()
    hand.note(what, shown(task))
    admitted = [
        Message(id=f"{meta.update_id}/request", protocol_instance_id=meta.update_id, event_id=event.event_id)
        for event in task.history.events
        if event.HasField("workflow_execution_update_admitted_event_attributes")
        for meta in [event.workflow_execution_update_admitted_event_attributes.request.meta]
    ]
    messages = [made(message) for message in admitted for made in (accepted, completed)]
    placed = [ordered("message", message_id=message.id) for message in messages]
    await hand.answer(task, *placed, complete(), messages=messages)


@scenario
async def update_and_reset(hand):
    """What came from outside after the point comes again, unless it is left out."""
    await hand.start()
    await hand.answer(await hand.poll())
    asked = Asked(hand, "again")
    task = await hand.poll()
    await hand.answer(task, messages=[accepted(task.messages[0]), completed(task.messages[0])])
    await asked.heard()
    await hand.signal("again")
    await hand.answer(await hand.poll())
    reset = {"reason": "once more", "workflow_task_finish_event_id": 4}
    for what, event_id in (("at the start", 1), ("between", 3), ("after the end", 99)):
        await hand.call(what, "reset_workflow_execution", **{**reset, "workflow_task_finish_event_id": event_id}, request_id=what)
    await hand.call("reset without a request id", "reset_workflow_execution", **reset)
    await hand.call("reset", "reset_workflow_execution", **reset, request_id="one")
    await hand.call("poll", "poll_workflow_execution_update", **poll(hand, "again", 0))
    await take_admitted(hand, "task")
    await hand.show()
    for what, excluded in (("signals", [1]), ("all", [1, 2])):
        await hand.call(
            f"reset without {what}", "reset_workflow_execution", **reset, request_id=what, reset_reapply_exclude_types=excluded
        )
        await take_admitted(hand, f"task without {what}")
        await hand.stage.show(f"{hand.name}, without {what}", hand.workflow_id)


async def ask(hand, what, reject=0, seconds=10):
    request = called(
        "query_workflow", execution=hand.execution, query=WorkflowQuery(query_type="q"), query_reject_condition=reject
    )
    hand.note(what, await answer(hand.stage.client, *request, seconds=seconds))


async def tell(hand, task, **result):
    request = api.RespondQueryTaskCompletedRequest(namespace="default", task_token=task.task_token, **result)
    await hand.service.respond_query_task_completed(request)


@scenario
async def query_by_hand(hand):
    """A task of its own, while nothing else is due; with a sticky queue it carries no history."""
    await hand.start()
    sticky = TaskQueue(name=hand.queue.name + "-sticky", kind=2, normal_name=hand.queue.name)
    within = StickyExecutionAttributes(worker_task_queue=sticky, schedule_to_start_timeout=Duration(seconds=20))
    await hand.answer(await hand.poll())
    asked = asyncio.create_task(ask(hand, "answered"))
    task = await hand.poll()
    hand.note("task", {**shown(task), "is a query": task.HasField("query"), "queries": len(task.queries)})
    await tell(hand, task, completed_type=1, query_result=said("answer"))
    await asked
    asked = asyncio.create_task(ask(hand, "failed"))
    await tell(hand, await hand.poll(), completed_type=2, error_message="no such thing", failure=NO)
    await asked
    await hand.signal("now sticky")
    polled = asyncio.ensure_future(hand.poll(sticky))
    await hand.answer(await hand.poll(), sticky_attributes=within)
    asked = asyncio.create_task(ask(hand, "answered by the sticky one"))
    task = await polled
    hand.note("sticky task", {**shown(task), "is a query": task.HasField("query")})
    await tell(hand, task, completed_type=1, query_result=said("answer"))
    await asked
    polled = asyncio.ensure_future(hand.poll(sticky))
    await hand.signal("end")
    await hand.answer(await polled, complete())
    for what, condition in (("unless open", 2), ("unless clean", 3)):
        asked = asyncio.create_task(ask(hand, what, condition))
        if what == "unless clean":
            task = await hand.poll()
            hand.note("task of a closed run", {**shown(task), "is a query": task.HasField("query")})
            await tell(hand, task, completed_type=1, query_result=said("answer"))
        await asked
    await hand.show()


@scenario
async def query_of_what_never_ran(hand):
    await hand.start(workflow_start_delay=Duration(seconds=3600))
    await ask(hand, "while it waits", seconds=3)
    await hand.call("terminate", "terminate_workflow_execution", reason="enough")
    await ask(hand, "when it is over")
    await ask(hand, "unless clean", 3)
    await hand.show()


@scenario
async def query_of_what_never_got_far(hand):
    await hand.start()
    await hand.poll()
    await hand.call("terminate", "terminate_workflow_execution", reason="enough")
    await ask(hand, "query")
    await hand.show()


@scenario
async def query_of_a_run_that_fails(hand):
    """A workflow whose tasks fail again and again is told to be so at once."""
    await hand.start()
    for _ in range(3):
        await hand.fail(await hand.poll())
    await ask(hand, "query")
    await Asked(hand, "u").heard()
    await hand.close()


@scenario
async def query_that_comes_late(hand):
    """One that arrives while a task is out is asked when that is done."""
    await hand.start()
    task = await hand.poll()
    asked = asyncio.create_task(ask(hand, "answered"))
    await asyncio.sleep(0.5)
    await hand.answer(task)
    task = await hand.poll()
    hand.note("task", {**shown(task), "is a query": task.HasField("query"), "queries": len(task.queries)})
    await tell(hand, task, completed_type=1, query_result=said("answer"))
    await asked
    await hand.signal("end")
    await hand.close()


UPDATES = dict([
    update_by_hand, update_waiting_for_admission, update_rejected, update_ignored, update_with_commands,
    update_meets_a_signal, update_that_nobody_takes, update_left_behind, update_when_the_task_fails,
    update_when_a_command_is_bad, update_and_reset,
    query_by_hand, query_of_what_never_ran, query_of_what_never_got_far, query_of_a_run_that_fails, query_that_comes_late,
])  # fmt: skip
