"""The `temporal` command line on schedules, batches, activities, task queues, namespaces, search attributes and endpoints."""

import time

from checks import LIMIT_SECONDS, Unexpected, expect, fresh, temporal


def eventually(look, wanted, what):
    """The real server needs a moment for some things."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            got = look()
        except Unexpected as error:
            got = error
        if got == wanted or time.monotonic() > end:
            return expect(got, wanted, what)
        time.sleep(0.2)


def schedules(address, queue):
    chosen = fresh("schedule")

    def call(verb, *more, **options):
        return temporal(address, "schedule", verb, "--schedule-id", chosen, *more, **options)

    def described():
        return call("describe")

    action = ["--workflow-id", chosen, "--type", "Conversation", "--task-queue", queue, "--input", '"Ada"']
    call("create", *action, "--cron", "30 12 * * MON-FRI", "--time-zone", "Europe/Berlin", "--paused", json_output=False)
    calendar = described()["schedule"]["spec"]["structuredCalendar"][0]
    expect((calendar["hour"], calendar["dayOfWeek"]), ([{"start": 12, "end": 12, "step": 1}], [{"start": 1, "end": 5, "step": 1}]), "schedule create")
    expect(len(described()["info"]["futureActionTimes"]), 10, "schedule describe")
    call("trigger", json_output=False)
    eventually(lambda: int(described()["info"].get("actionCount", 0)), 1, "schedule trigger")
    backfill = ["--start-time", "2026-01-05T00:00:00Z", "--end-time", "2026-01-07T00:00:00Z", "--overlap-policy", "AllowAll"]
    call("backfill", *backfill, json_output=False)
    eventually(lambda: int(described()["info"].get("actionCount", 0)), 3, "schedule backfill")
    started = f"{chosen}-2026-01-05T11:30:00Z"
    eventually(lambda: temporal(address, "workflow", "describe", "--workflow-id", started)["workflowExecutionInfo"]["status"], "WORKFLOW_EXECUTION_STATUS_RUNNING", "workflow of the schedule")
    call("toggle", "--unpause", "--reason", "go", json_output=False)
    eventually(lambda: described()["schedule"]["state"], {"notes": "go"}, "schedule toggle")
    call("update", *action, "--interval", "2h", json_output=False)
    eventually(lambda: [every["interval"] for every in described()["schedule"]["spec"].get("interval", [])], ["7200s"], "schedule update")
    eventually(lambda: chosen in [entry["scheduleId"] for entry in temporal(address, "schedule", "list", "--query", f"ScheduleId = '{chosen}'")], True, "schedule list")
    call("delete", json_output=False)
    eventually(lambda: temporal(address, "schedule", "list", "--query", f"ScheduleId = '{chosen}'") or [], [], "schedule delete")
    return chosen


def batches(address, schedule):
    """On the workflows that a schedule started."""
    query = f"TemporalScheduledById = '{schedule}' AND ExecutionStatus = 'Running'"

    def running():
        return int(temporal(address, "workflow", "count", "--query", query).get("count", 0))

    eventually(running, 3, "workflow count")
    for verb, more in [("signal", ["--name", "say", "--input", '"hm"', "--input", "1"]), ("terminate", [])]:
        arguments = ["--query", query, "--reason", f"a batch of {verb}s", "--yes", *more]
        temporal(address, "workflow", verb, *arguments, json_output=False)

        def latest():
            jobs = [batch["jobId"] for batch in temporal(address, "batch", "list", "--limit", "1")]
            job = temporal(address, "batch", "describe", "--job-id", jobs[0])
            return job["operationType"], job["state"], job.get("completeOperationCount")

        eventually(latest, (f"BATCH_OPERATION_TYPE_{verb.upper()}_WORKFLOW", "BATCH_OPERATION_STATE_COMPLETED", "3"), f"workflow {verb} --query")
    eventually(running, 0, "workflow count")


def operators(address, queue):
    described = temporal(address, "task-queue", "describe", "--task-queue", queue)
    expect(len(described["pollers"]) > 0, True, "task-queue describe")

    name = fresh("namespace")
    temporal(address, "operator", "namespace", "create", "--namespace", name, "--retention", "48h", json_output=False)

    def namespace():
        return temporal(address, "operator", "namespace", "describe", "--namespace", name)

    eventually(lambda: namespace()["namespaceInfo"]["name"], name, "operator namespace create")
    temporal(address, "operator", "namespace", "update", "--namespace", name, "--description", "new", json_output=False)
    eventually(lambda: namespace()["namespaceInfo"]["description"], "new", "operator namespace update")
    listed = [entry["namespaceInfo"]["name"] for entry in temporal(address, "operator", "namespace", "list")]
    expect(name in listed, True, "operator namespace list")

    attribute = ["--namespace", name, "--name", "Team"]
    temporal(address, "operator", "search-attribute", "create", *attribute, "--type", "Keyword", json_output=False)

    def attributes():
        return temporal(address, "operator", "search-attribute", "list", "--namespace", name).get("customAttributes", {})

    eventually(lambda: attributes().get("Team"), "INDEXED_VALUE_TYPE_KEYWORD", "operator search-attribute create")
    temporal(address, "operator", "search-attribute", "remove", *attribute, "--yes", json_output=False)
    eventually(lambda: "Team" in attributes(), False, "operator search-attribute remove")

    temporal(address, "operator", "namespace", "delete", "--namespace", name, "--yes", json_output=False)

    def names():
        return [entry["namespaceInfo"]["name"] for entry in temporal(address, "operator", "namespace", "list")]

    eventually(lambda: name in names(), False, "operator namespace delete")
    health = temporal(address, "operator", "cluster", "health", json_output=False)
    expect("SERVING" in health, True, "operator cluster health")
    expect("serverVersion" in temporal(address, "operator", "cluster", "describe"), True, "operator cluster describe")


def activities(address):
    """Each verb, on activities without a workflow that no worker takes."""
    queue = fresh("queue")

    def start():
        chosen = fresh("activity")
        kind = ["--type", "act", "--task-queue", queue, "--start-to-close-timeout", "20s", "--input", '"x"']
        started = temporal(address, "activity", "start", "--activity-id", chosen, *kind)
        expect(started["activityId"], chosen, "activity start")
        return chosen

    def call(verb, chosen, *more, **options):
        return temporal(address, "activity", verb, "--activity-id", chosen, *more, **options)

    def state(chosen):
        return call("describe", chosen)["info"]["runState"]

    first = start()
    expect(state(first), "PENDING_ACTIVITY_STATE_SCHEDULED", "activity describe")
    query = ["--query", f"ActivityId = '{first}'"]
    eventually(lambda: [it["activityId"] for it in temporal(address, "activity", "list", *query)], [first], "activity list")
    expect(temporal(address, "activity", "count", *query)["count"], "1", "activity count")
    call("pause", first, "--reason", "why", json_output=False)
    expect(state(first), "PENDING_ACTIVITY_STATE_PAUSED", "activity pause")
    call("unpause", first, json_output=False)
    expect(state(first), "PENDING_ACTIVITY_STATE_SCHEDULED", "activity unpause")
    changed = call("update-options", first, "--start-to-close-timeout", "9s")
    expect(changed["StartToCloseTimeout"], 9_000_000_000, "activity update-options")
    call("reset", first, json_output=False)
    call("complete", first, "--result", '"done"', json_output=False)
    expect(call("result", first)["result"], "done", "activity complete, result")
    second, third = start(), start()
    call("terminate", second, "--reason", "enough", json_output=False)
    expect(call("describe", second)["info"]["status"], "ACTIVITY_EXECUTION_STATUS_TERMINATED", "activity terminate")
    call("cancel", third, "--reason", "enough", json_output=False)
    expect(call("describe", third)["info"]["status"], "ACTIVITY_EXECUTION_STATUS_CANCELED", "activity cancel")


def endpoints(address, queue):
    name = fresh("endpoint")

    def call(verb, *more, **options):
        return temporal(address, "operator", "nexus", "endpoint", verb, "--name", name, *more, **options)

    target = ["--target-namespace", "default", "--target-task-queue"]
    call("create", *target, queue, "--description", "what", json_output=False)
    expect(call("get")["spec"]["target"]["worker"]["taskQueue"], queue, "operator nexus endpoint create, get")
    call("update", *target, "other", json_output=False)
    expect(call("get")["spec"]["target"]["worker"]["taskQueue"], "other", "operator nexus endpoint update")
    listed = [it["spec"]["name"] for it in temporal(address, "operator", "nexus", "endpoint", "list")]
    expect(name in listed, True, "operator nexus endpoint list")
    call("delete", json_output=False)
    listed = [it["spec"]["name"] for it in temporal(address, "operator", "nexus", "endpoint", "list") or []]
    expect(name in listed, False, "operator nexus endpoint delete")


def queues(address, queue):
    kind = ["--task-queue", queue, "--task-queue-type", "activity"]
    limits = ["--queue-rps-limit", "500", "--queue-rps-limit-reason", "calm"]
    temporal(address, "task-queue", "config", "set", *kind, *limits)
    limit = temporal(address, "task-queue", "config", "get", *kind)["queueRateLimit"]
    expect((limit["rateLimit"]["requestsPerSecond"], limit["metadata"]["reason"]), (500, "calm"), "task-queue config")
    partitions = temporal(address, "task-queue", "list-partition", "--task-queue", queue)
    expect(partitions["activityTaskQueuePartitions"][0]["key"], queue, "task-queue list-partition")


def histories(address, queue):
    """Verbs about a run's history, and those that start and speak in one."""
    chosen = fresh("cli")
    kind = ["--workflow-id", chosen, "--type", "Conversation", "--task-queue", queue, "--input", '"Ada"']

    def call(verb, *more, **options):
        return temporal(address, "workflow", verb, "--workflow-id", chosen, *more, **options)

    temporal(address, "workflow", "signal-with-start", *kind, "--signal-name", "say", "--signal-input", '"hm"', "--signal-input", "1", json_output=False)
    expect("hm" in str(call("query", "--type", "lines_said")), True, "workflow signal-with-start")
    call("reset", "--type", "FirstWorkflowTask", "--reason", "again")
    query = f"WorkflowId = '{chosen}'"
    eventually(lambda: int(temporal(address, "workflow", "count", "--query", query).get("count", 0)), 2, "workflow reset, count")
    listed = temporal(address, "workflow", "list", "--query", query + " AND ExecutionStatus = 'Running'")
    expect([it["execution"]["workflowId"] for it in listed], [chosen], "workflow list")
    call("delete", "--yes", json_output=False)
    eventually(lambda: temporal(address, "workflow", "list", "--query", query + " AND ExecutionStatus = 'Running'") or [], [], "workflow delete")


def administer(address, queue):
    batches(address, schedules(address, queue))
    activities(address)
    endpoints(address, queue)
    queues(address, queue)
    histories(address, queue)
    operators(address, queue)
