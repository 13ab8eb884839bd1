"""Tracking between the contract and the domain."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from leadline.v1 import tracking_pb2, tracking_service_pb2

from server.integrations.tracking import TrackedEvent, Visit, VisitorIdentity
from server.integrations.tracking_keys import TrackingKey, write_key
from server.interceptors.method_interceptor import Context, metadata_of
from server.runtime.identifiers import format_name
from server.services.conversions.times import time_to_proto


def visit_from_proto(
    request: tracking_service_pb2.TrackRequest, context: Context, now: Callable[[], datetime]
) -> Visit:
    """Gives what a page sends as the domain has it.

    Args:
        request: The request.
        context: Of the call, whose metadata has the page's origin and the visitor's program.
        now: Gives the time, UTC.
    """
    headers = {key: value for key, value in metadata_of(context) if isinstance(value, str)}
    time = now()
    return Visit(
        write_key=request.write_key,
        origin=headers.get("origin", ""),
        user_agent=headers.get("user-agent", ""),
        visitor_id=UUID(request.visitor_id),
        events=[
            TrackedEvent(
                event.event_id,
                event.type,
                time - timedelta(milliseconds=event.age_milliseconds),
                dict(event.properties),
            )
            for event in request.events
        ],
        identity=_identity(request.identity) if request.HasField("identity") else None,
    )


def tracking_key_to_proto(tenant_id: UUID, key: TrackingKey) -> tracking_pb2.TrackingKey:
    """Gives a key as the contract has it."""
    return tracking_pb2.TrackingKey(
        name=format_name("trackingKeys", key.key_id),
        display_name=key.display_name,
        allowed_origins=key.allowed_origins,
        write_key=write_key(tenant_id, key.key_id),
        creator=key.creator,
        create_time=time_to_proto(key.create_time),
    )


def _identity(message: tracking_pb2.VisitorIdentity) -> VisitorIdentity:
    return VisitorIdentity(
        email=message.email,
        display_name=message.display_name,
        company=message.company,
        phone=message.phone,
        fields=dict(message.fields),
    )
