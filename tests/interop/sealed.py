"""Codecs as in `examples/examples/encryption.rs`, for the Python SDK: the same bytes, the same keys."""

import os
import zlib
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec
from temporalio import workflow

from checks import Unexpected, expect, fresh

KEY_ID, KEY = b"house", bytes([7]) * 32


class Zlib(PayloadCodec):
    async def encode(self, payloads):
        return [self.smaller(payload) for payload in payloads]

    async def decode(self, payloads):
        return [
            Payload.FromString(zlib.decompress(payload.data))
            if payload.metadata.get("encoding") == b"binary/zlib"
            else payload
            for payload in payloads
        ]

    @staticmethod
    def smaller(payload):
        data = zlib.compress(payload.SerializeToString())
        compressed = Payload(metadata={"encoding": b"binary/zlib"}, data=data)
        return compressed if compressed.ByteSize() < payload.ByteSize() else payload


class Encryption(PayloadCodec):
    """Compresses first."""

    inner = Zlib()

    async def encode(self, payloads):
        return [self.seal(payload) for payload in await self.inner.encode(payloads)]

    async def decode(self, payloads):
        opened = []
        for payload in payloads:
            if payload.metadata.get("encoding") == b"binary/encrypted":
                expect_key = payload.metadata["encryption-key-id"]
                if expect_key != KEY_ID:
                    raise ValueError(f"another key: {expect_key}")
                payload = Payload.FromString(AESGCM(KEY).decrypt(payload.data[:12], payload.data[12:], None))
            opened.append(payload)
        return await self.inner.decode(opened)

    @staticmethod
    def seal(payload):
        nonce = os.urandom(12)
        data = nonce + AESGCM(KEY).encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": KEY_ID}, data=data)


async def connect(address):
    """A client with the codecs that hides what failures say."""
    converter = replace(
        DataConverter.default,
        payload_codec=Encryption(),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
    return await Client.connect(address, data_converter=converter)


# The sandbox would import this module anew, which the module of ciphers does not take.
@workflow.defn(sandboxed=False)
class Copies:
    """Of a protobuf message."""

    @workflow.run
    async def run(self, execution: WorkflowExecution) -> WorkflowExecution:
        return execution


async def drive_copies(client, queue):
    """Our worker answers with the bytes of what it got as JSON."""
    execution = WorkflowExecution(workflow_id="order-1", run_id="1")
    got = await client.execute_workflow(Copies.run, execution, id=fresh("copies"), task_queue=queue)
    expect((got.workflow_id, got.run_id), ("order-1", "1"), "protobuf, as JSON and as bytes")


async def assert_sealed(plain, workflow_id):
    """Without the codecs, nothing of a history can be read."""
    history = await plain.get_workflow_handle(workflow_id).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    expect([payload.metadata["encoding"] for payload in started.input.payloads], [b"binary/encrypted"], "input")
    last = history.events[-1]
    if last.HasField("workflow_execution_failed_event_attributes"):
        failure = last.workflow_execution_failed_event_attributes.failure
        expect((failure.message, failure.encoded_attributes.metadata["encoding"]), ("Encoded failure", b"binary/encrypted"), "failure")
    else:
        result = last.workflow_execution_completed_event_attributes.result
        expect([payload.metadata["encoding"] for payload in result.payloads], [b"binary/encrypted"], "result")


async def assert_failure_is_read(plain, client, queue, kind):
    chosen = fresh("sealed")
    handle = await client.start_workflow(kind.run, "R2D2", id=chosen, task_queue=queue)
    await handle.signal(kind.close)
    try:
        await handle.result()
        raise Unexpected("the workflow should have failed")
    except WorkflowFailureError as error:
        expect((error.cause.message, error.cause.details[0]), ("no such name", "R2D2"), "failure")
    await assert_sealed(plain, chosen)
