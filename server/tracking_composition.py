"""Builds the parts of tracking, for the server and for the token endpoint beside it."""

from datetime import UTC, datetime

import grpc
from leadline.v1 import tracking_service_pb2_grpc
from redis.asyncio import Redis

from server.integrations.open_pixels import OpenPixels
from server.integrations.record_events import RecordEvents
from server.integrations.tracking import Track
from server.integrations.tracking_keys import KeepTrackingKeys
from server.leads.create_leads import CreateLeads
from server.leads.identify_lead import IdentifyLead
from server.leads.ports import LeadStore
from server.leads.read_leads import GetLead
from server.runtime.database import Database
from server.runtime.signed_tokens import TokenSigner
from server.server_settings import ServerSettings
from server.services.tracking_service import TrackingService
from server.store.events import PostgresEventStore
from server.store.tracking import PostgresTrackingKeyStore, PostgresTrackingStore
from server.store.tracking_limit import RedisTrackingLimit


def open_pixels(settings: ServerSettings, database: Database) -> OpenPixels:
    """Gives what signs images for e-mails, and records when one is loaded.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
    """
    tokens = TokenSigner(settings.signing_secret.get_secret_value(), "tracking.pixel")
    return OpenPixels(RecordEvents(PostgresEventStore(database)), tokens, _now)


def add_tracking_service(
    server: grpc.aio.Server, settings: ServerSettings, database: Database, redis: Redis, leads: LeadStore
) -> None:
    """Adds TrackingService to a server.

    Args:
        server: The server.
        settings: Of the process.
        database: The database in the role of the application.
        redis: Where the events of keys are counted.
        leads: Where leads are kept.
    """
    secret = settings.signing_secret.get_secret_value()
    identify_lead = IdentifyLead(leads, CreateLeads(leads, _now), secret)
    limit = RedisTrackingLimit(redis, settings.tracking_events_per_minute)
    tracking_service_pb2_grpc.add_TrackingServiceServicer_to_server(
        TrackingService(
            track=Track(PostgresTrackingStore(database), identify_lead, limit),
            tracking_keys=KeepTrackingKeys(
                PostgresTrackingKeyStore(database), TokenSigner(secret, "tracking_keys.page"), _now
            ),
            open_pixels=open_pixels(settings, database),
            get_lead=GetLead(leads),
            now=_now,
        ),
        server,
    )


def _now() -> datetime:
    return datetime.now(UTC)
