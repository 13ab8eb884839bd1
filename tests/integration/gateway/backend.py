"""A small real gRPC server behind the edge under test.

It has every rpc of the contract. An answer carries as initial metadata what arrived, and these become response headers
over REST: `x-rpc` the rpc's path, `x-requests` the messages as JSON, `x-caller` the metadata of the call as JSON, and
`x-served-by` which server answered.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NoReturn
from uuid import uuid4

import grpc
import grpc.aio
import protovalidate
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_status import rpc_status
from leadline.v1 import lead_pb2, operation_pb2, score_pb2, scoring_service_pb2

from gateway.contract import SCORER_SERVICES, contract_services, grpc_path

MISSING = "leads/00000000-0000-7000-8000-000000000404"
"""The lead that the backend does not have."""
SLOW = "leads/00000000-0000-7000-8000-000000000408"
"""The lead whose answer takes longer than any deadline of the tests."""
FAILS_LATE = "fails late"
"""The resume token of a watch that ends with an error after its first message."""
ENDLESS = "endless"
"""The resume token of a watch that tells something without a pause, for as long as somebody takes it."""
ENDLESS_MESSAGE_BYTES = 64 * 1024
WATCHED_MESSAGES = 3
LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024

_SHOWN_BYTES = 4_096

_OPERATION = operations_pb2.Operation(name="operations/1")
_OPERATION.metadata.Pack(operation_pb2.OperationMetadata(stage="training"))
arrived: list[str] = []
"""The path of each rpc that was called, in the order in which they were."""
told_endlessly: list[int] = []
"""Of each endless watch, how many messages were taken from it so far; negative once it has ended."""

_RESPONSES: dict[str, Message] = {
    "google.longrunning.Operation": _OPERATION,
    "leadline.v1.Lead": lead_pb2.Lead(display_name="Ada"),
    "leadline.v1.Score": score_pb2.Score(probability=0.75),
}

Context = Any  # grpc.aio.ServicerContext is generic for type checkers alone


async def start_backend(
    *, scorer: bool, address: str = "127.0.0.1:0", interceptors: Sequence[grpc.aio.ServerInterceptor] = ()
) -> tuple[grpc.aio.Server, str]:
    """Starts a server with the services that the scorer, or the server, answers.

    Args:
        scorer: Whether it is a scorer.
        address: Where it listens; port 0 takes any free one.
        interceptors: What sees each call first.

    Returns:
        The running server and its address.
    """
    served_by = uuid4().hex
    server = grpc.aio.server(
        interceptors=interceptors, options=(("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),)
    )
    for service in contract_services():
        if (service.full_name in SCORER_SERVICES) is scorer:
            server.add_generic_rpc_handlers((_handler(service, served_by),))
    status = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    await status.set("", health_pb2.HealthCheckResponse.SERVING)
    port = server.add_insecure_port(address)
    await server.start()
    return server, f"127.0.0.1:{port}"


def _handler(service: ServiceDescriptor, served_by: str) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        service.full_name, {method.name: _method_handler(method, served_by) for method in service.methods}
    )


def _method_handler(method: MethodDescriptor, served_by: str) -> grpc.RpcMethodHandler[Any, Any]:
    async def unary_unary(request: Message, context: Context) -> Message:
        return await _answer(method, served_by, [request], context)

    async def stream_unary(requests: AsyncIterator[Message], context: Context) -> Message:
        return await _answer(method, served_by, [request async for request in requests], context)

    async def unary_stream(request: Any, context: Context) -> AsyncIterator[Message]:
        async for response in _watch(method, served_by, request, context):
            yield response

    async def stream_stream(requests: AsyncIterator[Message], context: Context) -> AsyncIterator[Message]:
        yield await _answer(method, served_by, [request async for request in requests], context)

    messages: dict[str, Any] = {
        "request_deserializer": GetMessageClass(method.input_type).FromString,
        "response_serializer": GetMessageClass(method.output_type).SerializeToString,
    }
    if method.server_streaming and method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(stream_stream, **messages)
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(unary_stream, **messages)
    if method.client_streaming:
        return grpc.stream_unary_rpc_method_handler(stream_unary, **messages)
    return grpc.unary_unary_rpc_method_handler(unary_unary, **messages)


async def _answer(method: MethodDescriptor, served_by: str, requests: list[Message], context: Context) -> Message:
    names = {getattr(request, "name", "") for request in requests}
    if SLOW in names:
        await asyncio.sleep(60)
    await _tell_what_arrived(method, served_by, requests, context)
    if MISSING in names:
        await _fail(context, code_pb2.NOT_FOUND, "LEAD_NOT_FOUND", "There is no such lead.")
    for request in requests:
        await _validate(request, context)
    return _RESPONSES.get(method.output_type.full_name) or GetMessageClass(method.output_type)()


async def _watch(
    method: MethodDescriptor, served_by: str, request: scoring_service_pb2.WatchScoresRequest, context: Context
) -> AsyncIterator[Message]:
    await _tell_what_arrived(method, served_by, [request], context)
    await _validate(request, context)
    # An export is a stream that is not resumed.
    resume_token = getattr(request, "resume_token", "")
    if resume_token == ENDLESS:
        async for message in _watch_endlessly():
            yield message
    for number in range(WATCHED_MESSAGES):
        response: Any = GetMessageClass(method.output_type)()
        if hasattr(response, "resume_token"):
            response.resume_token = str(number)
        if isinstance(response, scoring_service_pb2.WatchScoresResponse):
            response.score_change.score.probability = 0.5
        yield response
        if resume_token == FAILS_LATE:
            await _fail(context, code_pb2.RESOURCE_EXHAUSTED, "SLOW_CONSUMER", "Too slow.")
        await asyncio.sleep(0.2)


async def _watch_endlessly() -> AsyncIterator[Message]:
    watch = len(told_endlessly)
    told_endlessly.append(0)
    # Chance can't be compressed on the way.
    token = secrets.token_hex(ENDLESS_MESSAGE_BYTES // 2)
    response = scoring_service_pb2.WatchScoresResponse(resume_token=token)
    try:
        while True:
            yield response
            told_endlessly[watch] += 1
    finally:
        told_endlessly[watch] = -told_endlessly[watch]


async def _tell_what_arrived(
    method: MethodDescriptor, served_by: str, requests: list[Message], context: Context
) -> None:
    arrived.append(grpc_path(method))
    shown = [json_format.MessageToDict(request) for request in requests if request.ByteSize() <= _SHOWN_BYTES]
    caller = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    await context.send_initial_metadata(
        (
            ("x-rpc", grpc_path(method)),
            ("x-requests", json.dumps(shown)),
            ("x-caller", json.dumps(caller)),
            ("x-served-by", served_by),
        )
    )


async def _validate(request: Message, context: Context) -> None:
    """Checks the rules of the contract as the product's servers do."""
    violations = protovalidate.collect_violations(request)
    if violations:
        described = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=".".join(element.field_name for element in getattr(violation.proto.field, "elements", ())),
                    description=violation.proto.message,
                )
                for violation in violations
            ]
        )
        await _fail(context, code_pb2.INVALID_ARGUMENT, "INVALID_REQUEST", "The request is not valid.", [described])


async def _fail(context: Context, code: int, reason: str, message: str, details: Iterable[Message] = ()) -> NoReturn:
    status = status_pb2.Status(code=code, message=message)
    for detail in (error_details_pb2.ErrorInfo(reason=reason, domain="leadline.dev"), *details):
        status.details.add().Pack(detail)
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError
