"""What operators do: batches, namespaces, endpoints, queues, workers and their deployments."""

import asyncio

from google.protobuf.duration_pb2 import Duration
import temporalio.api.workflowservice.v1 as api
from temporalio.api.batch.v1 import BatchOperationSignal, BatchOperationTermination
from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.worker.v1 import WorkerHeartbeat

from calls import answer, called
from hand import LIMIT, complete, ordered, said, scenario, timer


async def until(hand, wanted, method, **fields):
    """The original does some things a little later."""
    while True:
        shown = await answer(hand.stage.client, *called(method, **fields))
        if wanted(shown):
            return shown
        await asyncio.sleep(0.05)


@scenario
async def batch(hand):
    """Of workflows that are named; what a batch was, and that it is done."""
    await hand.start()
    names = [hand.execution]
    for kind, operation in {
        "signal": {"signal_operation": BatchOperationSignal(signal="from a batch", input=said("x"))},
        "terminate": {"termination_operation": BatchOperationTermination(identity="hand")},
    }.items():
        job = {"job_id": f"{hand.workflow_id} {kind}"}
        await hand.call(f"{kind}: start", "start_batch_operation", **job, reason=kind, executions=names, **operation)
        shown = await until(hand, lambda shown: shown.get("answer", {}).get("state", "").endswith("COMPLETED"), "describe_batch_operation", **job)
        hand.note(f"{kind}: described", shown)
        await hand.call(f"{kind}: start again", "start_batch_operation", **job, reason=kind, executions=names, **operation)
    await hand.show()


@scenario
async def namespace(hand):
    name = hand.workflow_id.replace("_", "-")
    by = {"namespace": name}
    month = Duration(seconds=30 * 86400)
    await hand.call("register", "register_namespace", **by, workflow_execution_retention_period=month, description="new")
    await hand.call("register again", "register_namespace", **by, workflow_execution_retention_period=month)
    # A new one is known everywhere after a moment.
    await until(hand, lambda shown: "answer" in shown, "list_workflow_executions", **by)
    await hand.call("describe", "describe_namespace", **by)
    await hand.call("update", "update_namespace", **by, update_info=UpdateNamespaceInfo(description="newer", owner_email="a@b"))
    shown = await until(hand, lambda shown: shown["answer"]["namespaceInfo"].get("ownerEmail"), "describe_namespace", **by)
    hand.note("updated", shown)
    await hand.call("delete", "delete_namespace", **by)


@scenario
async def endpoint(hand):
    name = hand.workflow_id.replace("_", "-")
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace="default", task_queue=hand.queue.name))
    spec = EndpointSpec(name=name, target=target, description=said("what").payloads[0])
    create = await answer(hand.stage.client, *called("create_nexus_endpoint", spec=spec))
    hand.note("create", create)
    by = {"id": create["answer"]["endpoint"]["id"]}
    await hand.call("create again", "create_nexus_endpoint", spec=spec)
    await hand.call("get", "get_nexus_endpoint", **by)
    external = EndpointSpec(name=name, target=EndpointTarget(external=EndpointTarget.External(url="http://127.0.0.1:1/x")))
    other = EndpointTarget(worker=EndpointTarget.Worker(namespace="default", task_queue="conformance-nobody"))
    changed = EndpointSpec(name=name, target=other)
    await hand.call("update of an old version", "update_nexus_endpoint", **by, version=77, spec=changed)
    await hand.call("update", "update_nexus_endpoint", **by, version=1, spec=changed)
    await hand.call("list", "list_nexus_endpoints", name=name)
    await hand.call("delete of an old version", "delete_nexus_endpoint", **by, version=1)
    await hand.call("delete", "delete_nexus_endpoint", **by, version=2)
    for what, bad in {
        "a bad name": EndpointSpec(name="no name", target=target),
        "no target": EndpointSpec(name=name),
        "no queue": EndpointSpec(name=name, target=EndpointTarget(worker=EndpointTarget.Worker(namespace="default"))),
        "no namespace": EndpointSpec(name=name, target=EndpointTarget(worker=EndpointTarget.Worker(namespace="conformance-unknown", task_queue="q"))),
        "an external target": external,
    }.items():
        await hand.call(what, "create_nexus_endpoint", spec=bad)


@scenario
async def queue(hand):
    """Who polls it, and what waits there."""
    await hand.start()
    described = await until(hand, lambda shown: "answer" in shown, "describe_task_queue", task_queue=hand.queue, task_queue_type=1)
    hand.note("nobody", {"pollers": len(described["answer"].get("pollers", []))})
    await hand.answer(await hand.poll())
    described = await until(hand, lambda shown: shown["answer"].get("pollers"), "describe_task_queue", task_queue=hand.queue, task_queue_type=1)
    hand.note("somebody", [sorted(poller) for poller in described["answer"]["pollers"]])
    await hand.signal("end")
    await hand.close()


@scenario
async def queue_config(hand):
    """Rates and weights, as operators give them and as they are described."""
    Rate = api.UpdateTaskQueueConfigRequest.RateLimitUpdate
    rate = lambda per_second: Rate(rate_limit=RateLimit(requests_per_second=per_second), reason="why")  # noqa: E731
    name = {"task_queue": hand.queue.name, "identity": "hand"}
    for what, change in {
        "nothing": {},
        "a rate": {"update_queue_rate_limit": rate(7)},
        "a rate of keys": {"update_fairness_key_rate_limit_default": rate(3)},
        "weights": {"set_fairness_weight_overrides": {"a": 2.5, "b": 1}},
        "other weights": {"set_fairness_weight_overrides": {"c": 100_000}, "unset_fairness_weight_overrides": ["a", "z"]},
        "both set and taken back": {"set_fairness_weight_overrides": {"c": 5}, "unset_fairness_weight_overrides": ["c"]},
        "a weight of nothing": {"set_fairness_weight_overrides": {"c": 0}},
        "a long key": {"set_fairness_weight_overrides": {"x" * 65: 1}},
        "no key": {"set_fairness_weight_overrides": {"": 1}},
        "many keys": {"set_fairness_weight_overrides": {str(number): 1 for number in range(1001)}},
        "a bad rate": {"update_queue_rate_limit": rate(-1)},
        "a bad rate of keys": {"update_fairness_key_rate_limit_default": rate(-1)},
        "no rates": {"update_queue_rate_limit": Rate(), "update_fairness_key_rate_limit_default": Rate()},
    }.items():
        await hand.call(what, "update_task_queue_config", **name, task_queue_type=2, **change)
        shown = await answer(hand.stage.client, *called("describe_task_queue", task_queue=hand.queue, task_queue_type=2, report_config=True))
        hand.note(f"{what}: described", {key: shown["answer"].get(key) for key in ("config", "effectiveRateLimit")})
    for what, change in {
        "a rate": {"update_queue_rate_limit": rate(7)},
        "a rate of keys": {"update_fairness_key_rate_limit_default": rate(3)},
        "weights": {"set_fairness_weight_overrides": {"a": 2.5}},
    }.items():
        await hand.call(f"{what} of workflows", "update_task_queue_config", **name, task_queue_type=1, **change)


@scenario
async def worker_that_beats(hand):
    """Its last word is kept."""
    key = hand.workflow_id
    beat = WorkerHeartbeat(worker_instance_key=key, worker_identity="hand", task_queue=hand.queue.name, status=1)
    await hand.call("heartbeat", "record_worker_heartbeat", identity="hand", worker_heartbeat=[beat])
    shown = await until(hand, lambda shown: "answer" in shown, "describe_worker", worker_instance_key=key)
    hand.note("described", shown)
    query = f"WorkerInstanceKey = '{key}'"
    await hand.call("count", "count_workers", query=query)


@scenario
async def deployment(hand):
    """A version comes with its first poller; the current one gets what is new, and its workflows say so."""
    name = hand.workflow_id
    options = WorkerDeploymentOptions(deployment_name=name, build_id="1", worker_versioning_mode=2)

    async def poll():
        request = api.PollWorkflowTaskQueueRequest(
            namespace="default", task_queue=hand.queue, identity="hand", deployment_options=options
        )
        while True:
            task = await hand.service.poll_workflow_task_queue(request, timeout=LIMIT)
            if task.task_token:
                return task

    polled = asyncio.ensure_future(poll())
    version = {"deployment_version": WorkerDeploymentVersion(deployment_name=name, build_id="1")}
    await until(hand, lambda shown: "answer" in shown, "describe_worker_deployment_version", **version)
    current = {"deployment_name": name, "build_id": "1", "identity": "hand"}
    await until(hand, lambda shown: "answer" in shown, "set_worker_deployment_current_version", **current)
    await hand.call("current again", "set_worker_deployment_current_version", **current)
    await hand.call("a ramp of the current one", "set_worker_deployment_ramping_version", **current, percentage=10)
    await hand.call("metadata", "update_worker_deployment_version_metadata", **version, upsert_entries={"a": said("b").payloads[0]})
    await hand.call("delete what is in use", "delete_worker_deployment_version", **version)
    await hand.call("delete what has versions", "delete_worker_deployment", deployment_name=name)
    await hand.start()
    task = await polled
    await hand.answer(task, timer("1", 60), deployment_options=options, versioning_behavior=1)
    await hand.call("describe", "describe_workflow_execution")
    polled = asyncio.ensure_future(poll())
    await hand.signal("go")
    again = ordered("again", workflow_type={"name": "Raw"}, task_queue=hand.queue)
    await hand.answer(await polled, again, deployment_options=options, versioning_behavior=1)
    await hand.stage.show(f"{hand.name}, the first", hand.workflow_id, task.workflow_execution.run_id)
    polled = asyncio.ensure_future(poll())
    await hand.answer(await polled, complete(), deployment_options=options, versioning_behavior=2)
    await hand.show()


@scenario
async def deployment_ramp(hand):
    """A continuation may begin on the ramping version, whatever its share is; then it goes where others go."""
    name, polled = hand.workflow_id, asyncio.Queue()

    def options(build_id):
        return WorkerDeploymentOptions(deployment_name=name, build_id=build_id, worker_versioning_mode=2)

    async def poll(build_id):
        request = api.PollWorkflowTaskQueueRequest(
            namespace="default", task_queue=hand.queue, identity="hand", deployment_options=options(build_id)
        )
        while True:
            task = await hand.service.poll_workflow_task_queue(request, timeout=LIMIT)
            if task.task_token:
                await polled.put((build_id, task))

    pollers = [asyncio.ensure_future(poll(build_id)) for build_id in ("1", "2")]
    for build_id in ("1", "2"):
        version = {"deployment_version": WorkerDeploymentVersion(deployment_name=name, build_id=build_id)}
        await until(hand, lambda shown: "answer" in shown, "describe_worker_deployment_version", **version)
    routed = {"deployment_name": name, "identity": "hand"}
    await until(hand, lambda shown: "answer" in shown, "set_worker_deployment_current_version", **routed, build_id="1")
    await until(hand, lambda shown: "answer" in shown, "set_worker_deployment_ramping_version", **routed, build_id="2", percentage=0)
    await hand.start()
    takers = []
    again = ordered("again", workflow_type={"name": "Raw"}, task_queue=hand.queue, initial_versioning_behavior=2)
    for commands in ([again], [timer("1", 60)], [complete()]):
        build_id, task = await polled.get()
        takers.append(build_id)
        await hand.answer(task, *commands, deployment_options=options(build_id), versioning_behavior=2)
        if len(takers) == 2:
            await hand.signal("go")
    hand.note("takers", takers)
    for poller in pollers:
        poller.cancel()
    await hand.show()


@scenario
async def deployment_without_workers(hand):
    """Its routing may be set before anybody polls, if the caller says so."""
    for kind, build_id in (("ramp", "1"), ("ramp to nobody", ""), ("current", "1"), ("current nobody", "")):
        name = f"{hand.workflow_id}-{kind}"
        routed = {"deployment_name": name, "identity": "hand", "build_id": build_id}
        method, more = "set_worker_deployment_current_version", {}
        if "ramp" in kind:
            method, more = "set_worker_deployment_ramping_version", {"percentage": 10}
        await hand.call(f"{kind}: not there", method, **routed, **more)
        await hand.call(f"{kind}: made", method, **routed, **more, allow_no_pollers=True)
        shown = await answer(hand.stage.client, *called("describe_worker_deployment", deployment_name=name))
        info = shown["answer"]["workerDeploymentInfo"]
        hand.note(f"{kind}: described", {key: info.get(key) for key in ("routingConfig", "lastModifierIdentity")})
        hand.note(f"{kind}: versions", [of.get("status") for of in info.get("versionSummaries", [])])
    changed = {"deployment_name": f"{hand.workflow_id}-ramp", "identity": "hand", "build_id": "2", "allow_no_pollers": True}
    await hand.call("another state", "set_worker_deployment_ramping_version", **changed, percentage=5, conflict_token=b"x")
    await hand.call("another ramp", "set_worker_deployment_ramping_version", **changed, percentage=5)


ADMINISTRATION = dict([
    batch, namespace, endpoint, queue, queue_config, worker_that_beats, deployment, deployment_ramp, deployment_without_workers,
])  # fmt: skip
