"""The server: leads, events and operations over gRPC. The only place that builds its parts.

python -m server.main
"""

import contextlib
from datetime import UTC, datetime

import grpc
import uvloop
from leadline.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    authentication_service_pb2,
    dead_letter_service_pb2,
    dead_letter_service_pb2_grpc,
    encryption_key_service_pb2,
    identity_service_pb2,
    integration_service_pb2,
    integration_service_pb2_grpc,
    lead_history_service_pb2,
    lead_history_service_pb2_grpc,
    lead_service_pb2,
    lead_service_pb2_grpc,
    operation_service_pb2,
    operation_service_pb2_grpc,
    tracking_service_pb2,
)
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.audit.read_audit_log import ReadAuditLog
from server.audit.verify_audit_log import VerifyAuditLog
from server.encryption.tenant_keys import TenantKeys
from server.encryption_composition import add_encryption_key_service, followed_tenant_keys, tenant_keys
from server.identity_composition import add_identity_services, publish_signing_key
from server.integrations.dead_letters import ReadDeadLetters, RejectEvents, SettleDeadLetters
from server.integrations.record_events import RecordEvents
from server.interceptors.admission import AdmissionInterceptor
from server.interceptors.standard import standard_interceptors
from server.interceptors.token_updates import updated_verifier
from server.interceptors.tokens import TokenVerifier
from server.leads.change_leads import DeleteLead, UpdateLead
from server.leads.create_leads import CreateLeads
from server.leads.history import ReadLeadHistory
from server.leads.import_leads import ImportLeads
from server.leads.read_leads import GetLead, ListLeads
from server.operations.cancel_operation import CancelOperation
from server.operations.follow_operations import GetOperation, ListOperations, WaitOperation
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.grpc_server import create_server, serve
from server.runtime.logging import configure_logging
from server.runtime.redis import connect_redis
from server.runtime.signed_tokens import TokenSigner
from server.runtime.transport_security import server_credentials
from server.server_settings import ServerSettings
from server.services.audit_service import AuditService
from server.services.dead_letter_service import DeadLetterService
from server.services.integration_service import IntegrationService
from server.services.lead_history_service import LeadHistoryService
from server.services.lead_service import LeadService
from server.services.operation_service import OperationService
from server.store.audit_records import PostgresAuditStore
from server.store.dead_letters import PostgresDeadLetterStore
from server.store.events import PostgresEventStore
from server.store.lead_history import PostgresLeadHistoryStore
from server.store.leads import PostgresLeadStore
from server.store.operations import PostgresOperationStore
from server.tracking_composition import add_tracking_service
from server.workflow_services import WORKFLOW_SERVICES, add_workflow_services

SERVICES = (
    lead_service_pb2.DESCRIPTOR.services_by_name["LeadService"],
    lead_history_service_pb2.DESCRIPTOR.services_by_name["LeadHistoryService"],
    integration_service_pb2.DESCRIPTOR.services_by_name["IntegrationService"],
    dead_letter_service_pb2.DESCRIPTOR.services_by_name["DeadLetterService"],
    operation_service_pb2.DESCRIPTOR.services_by_name["OperationService"],
    authentication_service_pb2.DESCRIPTOR.services_by_name["AuthenticationService"],
    identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
    audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"],
    tracking_service_pb2.DESCRIPTOR.services_by_name["TrackingService"],
    encryption_key_service_pb2.DESCRIPTOR.services_by_name["EncryptionKeyService"],
    *WORKFLOW_SERVICES,
)
# Nobody waits longer for a session.
REDIS_SECONDS = 2.0


def build_server(
    settings: ServerSettings,
    database: Database,
    redis: Redis,
    verifier: TokenVerifier | None = None,
    trail: AuditTrail | None = None,
    *,
    keys: TenantKeys | None = None,
) -> grpc.aio.Server:
    """Builds the server with its services; the caller gives it an address.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
        redis: Where sessions are kept.
        verifier: Verifies tokens; None verifies by the keys in the file alone.
        trail: Where audit records go that no transaction carries; None for one that nobody closes.
        keys: The tenants' keys; None for ones that hear of new versions by what they encrypt alone.
    """
    secret = settings.signing_secret.get_secret_value()
    keys = keys or tenant_keys(settings, database)
    verifier = verifier or TokenVerifier(settings.jwks_file, settings.token_issuer, settings.token_audience)
    interceptors = standard_interceptors(
        services=SERVICES,
        verifier=verifier,
        database=database,
        secret=secret,
        allowed_origins=settings.allowed_origins,
        trail=trail,
        sealing=keys,
    )
    admission = AdmissionInterceptor(verifier, database.take_longest_wait)
    server = create_server([admission, *interceptors])
    admission.watch(server)
    add_identity_services(server, settings, database, redis)
    lead_service_pb2_grpc.add_LeadServiceServicer_to_server(_lead_service(database, keys, secret), server)
    lead_history_service_pb2_grpc.add_LeadHistoryServiceServicer_to_server(
        LeadHistoryService(
            read_lead_history=ReadLeadHistory(
                PostgresLeadHistoryStore(database), TokenSigner(secret, "lead_history.page")
            )
        ),
        server,
    )
    dead_letters = PostgresDeadLetterStore(database)
    integration_service_pb2_grpc.add_IntegrationServiceServicer_to_server(
        IntegrationService(
            record_events=RecordEvents(PostgresEventStore(database)), reject_events=RejectEvents(dead_letters)
        ),
        server,
    )
    dead_letter_service_pb2_grpc.add_DeadLetterServiceServicer_to_server(
        DeadLetterService(
            read_dead_letters=ReadDeadLetters(dead_letters, TokenSigner(secret, "dead_letters.page")),
            settle_dead_letters=SettleDeadLetters(dead_letters),
        ),
        server,
    )
    operation_service_pb2_grpc.add_OperationServiceServicer_to_server(_operation_service(database, secret), server)
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(_audit_service(database, secret), server)
    add_encryption_key_service(server, settings, database)
    add_tracking_service(server, settings, database, redis, PostgresLeadStore(database, keys))
    add_workflow_services(server, settings, database, keys)
    return server


async def run(settings: ServerSettings) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: Of the process.
    """
    database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url, response_seconds=REDIS_SECONDS)
    await publish_signing_key(settings, database)
    trail = AuditTrail(database)
    async with (
        updated_verifier(settings, database, redis) as verifier,
        followed_tenant_keys(settings, database) as keys,
    ):
        await serve(
            build_server(settings, database, redis, verifier, trail, keys=keys),
            listen_address=settings.listen_address,
            service_names=[service.full_name for service in SERVICES],
            is_ready=database.is_reachable,
            reflect=settings.reflection,
            credentials=server_credentials(settings),
            shutdown_delay_seconds=settings.shutdown_delay_seconds,
        )
    await trail.close()
    with contextlib.suppress(ConnectionError, RedisError):
        await redis.aclose()
    await database.close()


def main() -> None:
    """Reads the settings and runs the server."""
    settings = ServerSettings.load()
    configure_logging(settings.log_level)
    uvloop.run(run(settings))


def _lead_service(database: Database, keys: TenantKeys, secret: str) -> LeadService:
    store = PostgresLeadStore(database, keys)
    return LeadService(
        create_leads=CreateLeads(store, _now),
        get_lead=GetLead(store),
        list_leads=ListLeads(store, TokenSigner(secret, "leads.page")),
        update_lead=UpdateLead(store, _now),
        delete_lead=DeleteLead(store),
        import_leads=ImportLeads(store, _now),
    )


def _operation_service(database: Database, secret: str) -> OperationService:
    store = PostgresOperationStore(database)
    get_operation = GetOperation(store)
    return OperationService(
        get_operation=get_operation,
        list_operations=ListOperations(store, TokenSigner(secret, "operations.page")),
        wait_operation=WaitOperation(get_operation),
        cancel_operation=CancelOperation(store),
    )


def _audit_service(database: Database, secret: str) -> AuditService:
    store = PostgresAuditStore(database)
    return AuditService(
        read_audit_log=ReadAuditLog(store, TokenSigner(secret, "audit.page")), verify_audit_log=VerifyAuditLog(store)
    )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
