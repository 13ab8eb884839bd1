"""The interceptors of every process that offers Leadline's services, in their order."""

from collections.abc import Collection, Sequence

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from server.interceptors.audit import AuditInterceptor
from server.interceptors.authentication import AuthenticationInterceptor
from server.interceptors.deadline import DeadlineInterceptor
from server.interceptors.errors import ErrorsInterceptor
from server.interceptors.idempotency import AnswerSealing, IdempotencyInterceptor
from server.interceptors.page_origins import PageOriginsInterceptor, TenantOrigins
from server.interceptors.permissions import PermissionsInterceptor
from server.interceptors.personal_data import PersonalDataInterceptor
from server.interceptors.telemetry import TelemetryInterceptor
from server.interceptors.tokens import TokenVerifier
from server.interceptors.validation import ValidationInterceptor
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database


def standard_interceptors(
    *,
    services: Sequence[ServiceDescriptor],
    verifier: TokenVerifier,
    database: Database,
    secret: str,
    trail: AuditTrail | None = None,
    allowed_origins: Collection[str] = (),
    sealing: AnswerSealing | None = None,
) -> list[grpc.aio.ServerInterceptor]:
    """Gives the interceptors, the outermost first.

    Args:
        services: The services that the process offers.
        verifier: Verifies the callers' tokens.
        database: The database in which mutations and their answers are stored.
        secret: The process's secret, which keys the digests of requests with secrets in them.
        trail: Where audit records go that no transaction carries; None for one that nobody closes.
        allowed_origins: Whose web pages may call for every tenant; a tenant's own ones are in the database.
        sealing: Encrypts stored answers with personal data; None for a process that gives none.

    Raises:
        ValueError: An rpc of the services names no permission and is not public either.
    """
    return [
        ErrorsInterceptor(),
        TelemetryInterceptor(),
        DeadlineInterceptor(),
        AuditInterceptor(trail or AuditTrail(database)),
        AuthenticationInterceptor(verifier),
        PageOriginsInterceptor(allowed_origins, TenantOrigins(database)),
        PermissionsInterceptor(services),
        ValidationInterceptor(services),
        PersonalDataInterceptor(),
        IdempotencyInterceptor(database, secret, sealing),
    ]
