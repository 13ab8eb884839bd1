"""Calls any rpc of the contract, and reads whatever it answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status

from gateway.contract import contract_services, grpc_path
from tests.grpc_errors import ReadError, read_status
from tests.integration.identity.people import Bearer

# A stream that tells nothing for so long has nothing to tell at once.
SILENCE_SECONDS = 0.3
CALL_SECONDS = 20.0
ENOUGH_MESSAGES = 50

METHODS: list[MethodDescriptor] = [method for service in contract_services() for method in service.methods]
"""Every rpc of the contract."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an rpc answered.

    Attributes:
        responses: Its messages.
        error: Its error, which is typed; None if it succeeded, or went on without an end.
    """

    responses: Sequence[Message]
    error: ReadError | None

    @property
    def code(self) -> grpc.StatusCode:
        """The gRPC code."""
        return grpc.StatusCode.OK if self.error is None else self.error.code

    @property
    def reason(self) -> str:
        """The reason of the error; empty without one."""
        return "" if self.error is None else self.error.reason


async def call(
    channel: grpc.aio.Channel,
    method: MethodDescriptor,
    requests: Sequence[Message | bytes],
    metadata: Bearer = (),
    *,
    seconds: float = CALL_SECONDS,
) -> Answer:
    """Calls an rpc with messages, or with bytes that need not be messages.

    Args:
        channel: To the process that answers it.
        method: The rpc.
        requests: What to send.
        metadata: What to send along.
        seconds: The deadline.

    Raises:
        AssertionError: It failed without a typed status.
    """
    contents = [request if isinstance(request, bytes) else request.SerializeToString() for request in requests]
    # On the wire every rpc is a stream in both directions, so one kind of call serves all four.
    multicallable: Any = channel.stream_stream(grpc_path(method))
    started = multicallable(iter(contents), metadata=metadata, timeout=seconds)
    read = GetMessageClass(method.output_type).FromString
    responses: list[Message] = []
    try:
        while len(responses) < ENOUGH_MESSAGES:
            limit = SILENCE_SECONDS if method.server_streaming else None
            content = await asyncio.wait_for(started.read(), limit)
            if content is grpc.aio.EOF:
                break
            responses.append(read(content))
    except TimeoutError:
        pass
    except grpc.aio.AioRpcError as failed:
        return Answer(responses, read_error(failed))
    finally:
        started.cancel()
    return Answer(responses, None)


def read_error(failed: Any) -> ReadError:
    """Reads how a call failed; it must tell that with a typed status."""
    status = rpc_status.from_call(failed)
    assert status is not None, f"a failure without a typed status: {failed!r}"
    return read_status(status, failed.code())
