"""Each mutation happens once for its idempotency key, and each repetition gets the first answer."""

import hashlib
from typing import Any

from google.protobuf.message import Message

from server.interceptors.audit_facts import note_answer
from server.interceptors.method_interceptor import (
    Behavior,
    Context,
    Handler,
    Method,
    MethodInterceptor,
    behavior_of,
    with_behavior,
)
from server.runtime.audit import audited_call
from server.runtime.database import Database
from server.runtime.idempotency import once
from server.runtime.principal import current_principal
from server.runtime.unit_of_work import held_unit_of_work


class IdempotencyInterceptor(MethodInterceptor):
    """Runs unary rpcs that carry an idempotency key in one unit of work with the record of their answer.

    The messages of a client stream have keys of their own, which the use case handles with `once`. Secrets, the fields
    that the contract marks with `debug_redact`, are not stored: a repetition gets the answer without them.

    Args:
        database: The database that the rpcs change.
        secret: Keys the digests of requests, since some have passwords in them.
    """

    def __init__(self, database: Database, secret: str) -> None:
        super().__init__()
        self._database = database
        self._digest_key = hashlib.sha256(secret.encode()).digest()

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Lets only unary rpcs with a key take the way through the unit of work."""
        inner = behavior_of(handler)
        if handler.request_streaming or handler.response_streaming or not _has_key(method):
            return with_behavior(handler, inner)
        return with_behavior(handler, self._behavior(method, inner), response_serializer=lambda response: response)

    def _behavior(self, method: Method, inner: Behavior) -> Behavior:
        hides = method.descriptor is not None and bool(secret_fields(method.descriptor.output_type))
        asks_secrets = method.descriptor is not None and bool(secret_fields(method.descriptor.input_type))
        digest = self._keyed_digest if asks_secrets else request_digest

        async def behavior(request: Any, context: Context) -> bytes:
            whole: list[bytes] = []
            async with held_unit_of_work(self._database, current_principal().tenant_id) as work:

                async def answer() -> bytes:
                    response: Message = await inner(request, context)
                    note_answer(audited_call(), response)
                    if not work.committed:
                        raise RuntimeError(f"{method.path} answered without a commit")
                    whole.append(response.SerializeToString())
                    return without_secrets(response).SerializeToString() if hides else whole[0]

                stored = await once(
                    work,
                    method=method.path,
                    key=request.idempotency_key,
                    request_digest=digest(request),
                    answer=answer,
                )
            return whole[0] if whole else stored

        return behavior

    def _keyed_digest(self, request: Message) -> bytes:
        content = request.SerializeToString(deterministic=True)
        return hashlib.blake2b(content, key=self._digest_key, digest_size=32).digest()


def request_digest(request: Message) -> bytes:
    """Gives the digest by which a request is known again: SHA-256 of its deterministic bytes.

    Args:
        request: A request, or one message of a stream.
    """
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def secret_fields(message: Any) -> list[str]:
    """Gives the names of a message's fields that are secrets, by its descriptor."""
    return [field.name for field in message.fields if field.GetOptions().debug_redact]


def without_secrets(response: Message) -> Message:
    """Gives a copy of an answer with its secret fields empty."""
    copied = type(response)()
    copied.CopyFrom(response)
    for name in secret_fields(response.DESCRIPTOR):
        copied.ClearField(name)
    return copied


def _has_key(method: Method) -> bool:
    return method.descriptor is not None and "idempotency_key" in method.descriptor.input_type.fields_by_name
