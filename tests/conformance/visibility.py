"""Lists and counts: every kind of comparison of the filter grammar, over the same few runs."""

import asyncio
import uuid

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
import temporalio.api.operatorservice.v1 as operator

from calls import answer, called
from hand import Hand, complete, said, scenario

TYPES = {"ConfText": 1, "ConfWord": 2, "ConfInt": 3, "ConfDouble": 4, "ConfBool": 5, "ConfTime": 6, "ConfWords": 7}
VALUES = {
    "ConfText": '"the quick fox"', "ConfWord": '"red-1"', "ConfInt": "7", "ConfDouble": "2.5", "ConfBool": "true",
    "ConfTime": '"2026-01-02T03:04:05Z"', "ConfWords": '["a","b"]',
}  # fmt: skip
# What of them finds what.
FILTERS = [
    "ConfInt = 7", "ConfInt != 7", "ConfInt > 6", "ConfInt >= 8", "ConfInt < 8 AND ConfInt <= 7", "ConfInt IN (6, 7)",
    "ConfInt NOT IN (6)", "ConfInt BETWEEN 1 AND 7", "ConfInt NOT BETWEEN 1 AND 6", "ConfInt IS NULL", "ConfInt IS NOT NULL",
    "ConfDouble = 2.5", "ConfDouble > 2", "ConfBool = true", "ConfBool != true", "ConfBool = 'true'",
    "ConfWord = 'red-1'", 'ConfWord = "red-1"', "`ConfWord` = 'red-1'", "ConfWord STARTS_WITH 'red'",
    "ConfWord NOT STARTS_WITH 'red'", "ConfWord > 'blue'", "ConfWord = 'RED-1'", "ConfWord IN ('x', 'red-1')",
    "ConfText = 'quick'", "ConfText = 'QUICK'", "ConfText = 'slow fox'", "ConfText != 'fox'",
    "ConfText STARTS_WITH 'the'", "ConfWords = 'b'", "ConfWords != 'b'", "ConfWords IN ('c', 'a')", "ConfWords NOT IN ('a')",
    "ConfTime = '2026-01-02T03:04:05Z'", "ConfTime > '2026-01-01T00:00:00+01:00'", "ConfTime = 1767323045000000000",
    "ConfTime BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-03T00:00:00Z'",
    "ExecutionStatus = 'Running'", "ExecutionStatus != 'Running'", "ExecutionStatus IN ('Completed', 'Failed')",
    "ExecutionStatus = 1", "CloseTime IS NULL", "CloseTime IS NOT NULL", "HistoryLength >= 2", "ExecutionDuration < '1h'",
    "ExecutionDuration >= '00:00:00'", "WorkflowType = 'Raw'", "WorkflowType STARTS_WITH 'R'",
    "StartTime > '2020-01-01T00:00:00Z'", "NOT ConfInt = 7", "NOT (ConfInt = 7 OR ConfBool = true)",
    "(ConfInt = 7) and not (ConfWord = 'x') or ConfBool = false", "ParentWorkflowId IS NULL", "RootWorkflowId IS NOT NULL",
    "TaskQueue IS NOT NULL", "TemporalNamespaceDivision IS NULL", "BuildIds IS NULL", "TemporalChangeVersion IS NULL",
]  # fmt: skip
# What is refused, and in which words.
BAD = [
    "ConfInt = 'seven'", "ConfInt = 7.5", "ConfBool = 3", "ConfTime = '2026-01-01'", "ConfTime = 'soon'",
    "ExecutionStatus = 'Walking'", "ConfInt LIKE '7'", "WorkflowId = 'x' ORDER BY StartTime", "WorkflowId = 'x' LIMIT 1",
    "WorkflowId = 'x' GROUP BY WorkflowType", "workflowid = 'x'", "ConfNone = 1", "ConfInt = ", "(ConfInt = 7", "ConfInt 7",
    "ConfText > 'a'", "ConfInt STARTS_WITH '7'", "ConfInt = NULL", "1 = 1", "ExecutionDuration = 'long'",
]  # fmt: skip


def one(text, **metadata):
    return Payload(metadata={"encoding": b"json/plain", **metadata}, data=text.encode())


async def register(hand):
    request = operator.AddSearchAttributesRequest(namespace="default", search_attributes=TYPES)
    await hand.stage.client.operator_service.add_search_attributes(request)
    while True:
        known = await answer(hand.stage.client, *called("list_search_attributes"))
        if TYPES.keys() <= known["answer"]["customAttributes"].keys():
            return
        await asyncio.sleep(0.05)


@scenario
async def visibility(hand):
    """An open run with values and a closed one without, each filter's findings, and the words of refusals."""
    await register(hand)
    closed = Hand(hand.stage, "visibility_closed")
    values = SearchAttributes(indexed_fields={name: one(text) for name, text in VALUES.items()})
    await hand.start(search_attributes=values, memo=Memo(fields={"m": one('"memo"')}))
    await closed.start()
    await closed.answer(await closed.poll(), complete())
    ours = f"WorkflowId IN ('{hand.workflow_id}', '{closed.workflow_id}')"

    async def counted(query):
        said = await answer(hand.stage.client, *called("count_workflow_executions", query=query))
        return int(said["answer"].get("count", 0)) if "answer" in said else said

    # The original needs a moment.
    while await counted(f"{ours} AND ExecutionStatus = 'Running'") != 1 or await counted(ours) != 2:
        await asyncio.sleep(0.1)
    for query in FILTERS:
        said = await answer(
            hand.stage.client, *called("list_workflow_executions", query=f"{ours} AND ({query})")
        )
        ids = [it["execution"]["workflowId"] for it in said.get("answer", {}).get("executions", [])]
        hand.note(f"filter: {query}", {"found": ids, "count": await counted(f"{ours} AND ({query})"), **({} if "answer" in said else said)})
    for query in BAD:
        await hand.call(f"refused: {query}", "list_workflow_executions", query=query)
    await hand.call("all of both", "list_workflow_executions", query=ours)
    await hand.call("a page", "scan_workflow_executions", query=ours, page_size=5)
    await hand.call("groups", "count_workflow_executions", query=f"{ours} GROUP BY ExecutionStatus")
    await hand.call("other groups", "count_workflow_executions", query=f"{ours} GROUP BY WorkflowType")
    first = await answer(hand.stage.client, *called("list_workflow_executions", query=ours, page_size=1))
    hand.note("first page", {"executions": len(first["answer"]["executions"]), "more": "nextPageToken" in first["answer"]})
    await hand.call("a foreign token", "list_workflow_executions", query=ours, page_size=1, next_page_token=b"foreign")
    await hand.call("attributes of old", "get_search_attributes")
    await hand.answer(await hand.poll(), complete())
    while await counted(f"{ours} AND ExecutionStatus = 'Running'"):
        await asyncio.sleep(0.1)


@scenario
async def visibility_values(hand):
    """Values of the wrong type are refused at the start."""
    await register(hand)
    for name, text in {"ConfInt": '"x"', "ConfBool": "3", "ConfTime": '"soon"', "ConfWord": "3", "WorkflowId": '"x"', "ConfNone": "1", "ConfWords": "[1]"}.items():
        await hand.call(
            f"{name} = {text}", "start_workflow_execution", workflow_id=hand.workflow_id, workflow_type={"name": "Raw"},
            task_queue=hand.queue, request_id=uuid.uuid4().hex,
            search_attributes=SearchAttributes(indexed_fields={name: one(text)}),
        )  # fmt: skip


VISIBILITY = dict([visibility, visibility_values])
