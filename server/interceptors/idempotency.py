"""Each mutation happens once for its idempotency key, and each repetition gets the first answer."""

import hashlib
from typing import Any, Protocol
from uuid import UUID

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
from server.interceptors.personal_data import has_personal
from server.runtime.audit import audited_call
from server.runtime.database import Database
from server.runtime.idempotency import once
from server.runtime.principal import current_principal
from server.runtime.unit_of_work import held_unit_of_work


class AnswerSealing(Protocol):
    """Encrypts answers with personal data, by a key of the tenant."""

    async def seal(self, tenant_id: UUID, plain: bytes, context: bytes) -> bytes:
        """Gives an answer encrypted, to be opened with the same context alone."""
        ...

    async def open(self, tenant_id: UUID, sealed: bytes, context: bytes) -> bytes:
        """Gives a sealed answer as it was."""
        ...


class IdempotencyInterceptor(MethodInterceptor):
    """Runs unary rpcs that carry an idempotency key in one unit of work with the record of their answer.

    The messages of a client stream have keys of their own, which the use case handles with `once`. Secrets, the fields
    that the contract marks with `debug_redact`, are not stored: a repetition gets the answer without them. Answers with
    personal data are stored encrypted.

    Args:
        database: The database that the rpcs change.
        secret: Keys the digests of requests, since some have passwords or personal data in them.
        sealing: Encrypts answers with personal data; None for a process that gives none.
    """

    def __init__(self, database: Database, secret: str, sealing: AnswerSealing | None = None) -> None:
        super().__init__()
        self._database = database
        self._sealing = sealing
        self._digest_key = hashlib.sha256(secret.encode()).digest()

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Lets only unary rpcs with a key take the way through the unit of work."""
        inner = behavior_of(handler)
        if handler.request_streaming or handler.response_streaming or not _has_key(method):
            return with_behavior(handler, inner)
        return with_behavior(handler, self._behavior(method, inner), response_serializer=lambda response: response)

    def _behavior(self, method: Method, inner: Behavior) -> Behavior:
        hides = method.descriptor is not None and bool(secret_fields(method.descriptor.output_type))
        asks_secrets = method.descriptor is not None and _is_confidential(method.descriptor.input_type)
        digest = self._keyed_digest if asks_secrets else request_digest
        sealing = self._sealing_of(method)

        async def behavior(request: Any, context: Context) -> bytes:
            whole: list[bytes] = []
            tenant_id = current_principal().tenant_id
            place = f"answer {method.path} {request.idempotency_key}".encode()
            async with held_unit_of_work(self._database, tenant_id) as work:

                async def answer() -> bytes:
                    response: Message = await inner(request, context)
                    note_answer(audited_call(), response)
                    if not work.committed:
                        raise RuntimeError(f"{method.path} answered without a commit")
                    whole.append(response.SerializeToString())
                    kept = without_secrets(response).SerializeToString() if hides else whole[0]
                    return await sealing.seal(tenant_id, kept, place) if sealing else kept

                stored = await once(
                    work,
                    method=method.path,
                    key=request.idempotency_key,
                    request_digest=digest(request),
                    answer=answer,
                )
            if whole:
                return whole[0]
            return await sealing.open(tenant_id, stored, place) if sealing else stored

        return behavior

    def _sealing_of(self, method: Method) -> AnswerSealing | None:
        if method.descriptor is None or not has_personal(method.descriptor.output_type):
            return None
        if self._sealing is None:
            raise ValueError(f"{method.path} answers with personal data, which needs the tenants' keys to be stored")
        return self._sealing

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


def _is_confidential(message: Any) -> bool:
    return bool(secret_fields(message)) or has_personal(message)
