"""No stream outlives its token, whichever way it streams: generated from the contract."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from leadline.v1 import (
    authentication_service_pb2,
    authentication_service_pb2_grpc,
    identity_pb2,
    identity_service_pb2,
    identity_service_pb2_grpc,
    permission_pb2,
)

from deploy.local.development_token import DevelopmentKey
from gateway.contract import grpc_path, is_stream
from server.runtime.identifiers import new_id
from tests.attack.calls import METHODS, read_error
from tests.attack.conftest import Doors, SignUp
from tests.attack.valid_requests import valid_request
from tests.grpc_errors import ReadError, read_status
from tests.integration.identity.people import Bearer, bearer, key

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The one that ends by itself, with what it has to give.
EXPORTS = {"ExportAuditRecords"}
STREAMS = [method for method in METHODS if is_stream(method) and method.name not in EXPORTS]
BEGUN_SECONDS = 1.0
ENDED_SECONDS = 6.0


async def end_of(doors: Doors, method: Any, metadata: Bearer) -> tuple[ReadError, list[Any]]:
    """Calls a stream, keeps it open, and gives how it ended and the messages that it sent."""

    async def requests() -> AsyncIterator[bytes]:
        yield valid_request(method, lambda collection: f"{collection}/{new_id()}").SerializeToString()
        if method.client_streaming:
            await asyncio.Event().wait()

    multicallable: Any = doors.of(method).stream_stream(grpc_path(method))
    call = multicallable(requests(), metadata=metadata, timeout=60.0)
    responses = []
    try:
        while True:
            content = await call.read()
            assert content is not grpc.aio.EOF, f"{method.full_name} ended by itself"
            responses.append(GetMessageClass(method.output_type).FromString(content))
    except grpc.aio.AioRpcError as failed:
        return read_error(failed), responses


async def ends(doors: Doors, metadata: Bearer) -> Any:
    """Calls every stream of the contract, and gives how they end once they do."""
    assert len(STREAMS) >= 5
    task = asyncio.ensure_future(asyncio.gather(*(end_of(doors, method, metadata) for method in STREAMS)))
    await asyncio.sleep(BEGUN_SECONDS)
    assert not task.done()
    return task


async def assert_ended(task: Any, reason: str) -> None:
    for method, (error, responses) in zip(STREAMS, await asyncio.wait_for(task, ENDED_SECONDS), strict=True):
        assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason), method.full_name
        if "status" in method.output_type.fields_by_name:
            last = read_status(responses[-1].status, error.code)
            assert last.reason == reason, method.full_name


async def test_streams_end_when_their_session_does(doors: Doors, sign_up: SignUp) -> None:
    person = await sign_up()
    task = await ends(doors, person.owner)
    stub: Any = authentication_service_pb2_grpc.AuthenticationServiceStub(doors.server)
    await stub.LogOut(authentication_service_pb2.LogOutRequest(idempotency_key=key()), metadata=person.owner)
    await assert_ended(task, "TOKEN_REVOKED")


async def test_streams_end_when_their_api_key_is_revoked(doors: Doors, sign_up: SignUp) -> None:
    person = await sign_up()
    identity: Any = identity_service_pb2_grpc.IdentityServiceStub(doors.server)
    every = [value.number for value in permission_pb2.Permission.DESCRIPTOR.values][1:]
    programs: Any = [number for number in every if number != permission_pb2.PERMISSION_ACCOUNT_MANAGE]
    made = await identity.CreateApiKey(
        identity_service_pb2.CreateApiKeyRequest(
            api_key=identity_pb2.ApiKey(display_name="CRM", permissions=programs), idempotency_key=key()
        ),
        metadata=person.owner,
    )
    stub: Any = authentication_service_pb2_grpc.AuthenticationServiceStub(doors.server)
    exchanged = await stub.ExchangeApiKey(authentication_service_pb2.ExchangeApiKeyRequest(api_key=made.secret))
    task = await ends(doors, bearer(exchanged.access_token))
    await identity.RevokeApiKey(
        identity_service_pb2.RevokeApiKeyRequest(name=made.name, idempotency_key=key()), metadata=person.owner
    )
    await assert_ended(task, "TOKEN_REVOKED")


async def test_streams_end_when_their_token_expires(doors: Doors, development_key: DevelopmentKey) -> None:
    # Times in tokens are whole seconds.
    await asyncio.sleep(1.0 - time.time() % 1.0)
    task = await ends(doors, bearer(development_key.mint(new_id(), lifetime=2.0)))
    await assert_ended(task, "TOKEN_EXPIRED")
