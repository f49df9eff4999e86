"""One server, on which programs are run and their histories are kept."""

import asyncio

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest


class Stage:
    """One server, a queue of its own, and what the scenario under way has shown."""

    def __init__(self, client, queue):
        self.client = client
        self.queue = queue
        self.histories = {}
        self.answers = {}

    def id(self, name):
        return f"{self.queue}-{name}"

    async def start(self, name, workflow, *arguments, client=None, **options):
        options = {"task_queue": self.queue, **options}
        return await (client or self.client).start_workflow(workflow, args=arguments, id=self.id(name), **options)

    async def begun(self, name, workflow, *arguments, **options):
        """Started, and past its first workflow task: only then is a query answered."""
        handle = await self.start(name, workflow, *arguments, **options)
        await handle.query("__stack_trace")
        return handle

    async def show(self, name, workflow_id, run_id=None, closed=True):
        """Keeps the run's history, once the run has closed."""
        handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
        if closed:
            await ended(handle, follow_runs=False)
        self.histories[name] = (await handle.fetch_history()).to_json_dict()

    async def whole(self, name, workflow, *arguments, **options):
        handle = await self.start(name, workflow, *arguments, **options)
        await self.show(name, handle.id, handle.result_run_id)


async def ended(handle, **options):
    try:
        await handle.result(**options)
    except Exception:  # how it ended is in its history
        pass


async def activity_runs(handle):
    """Until the run's activity is in somebody's hands."""
    while True:
        pending = (await handle.describe()).raw_description.pending_activities
        if pending and pending[0].state == 2:
            return
        await asyncio.sleep(0.02)


async def add_search_attribute(client, key):
    """A keyword, which takes a moment to be there."""
    request = AddSearchAttributesRequest(namespace="default", search_attributes={key.name: 2})
    await client.operator_service.add_search_attributes(request)
    listing = ListSearchAttributesRequest(namespace="default")
    while key.name not in (await client.operator_service.list_search_attributes(listing)).custom_attributes:
        await asyncio.sleep(0.05)
