"""TrackingService: what visitors of websites do, and the keys by which websites tell it."""

from collections.abc import Callable
from datetime import datetime

from google.protobuf import empty_pb2
from leadline.v1 import tracking_pb2, tracking_service_pb2, tracking_service_pb2_grpc

from server.integrations.open_pixels import OpenPixels
from server.integrations.tracking import Track
from server.integrations.tracking_keys import KeepTrackingKeys
from server.interceptors.method_interceptor import Context
from server.leads.read_leads import GetLead
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.tracking import tracking_key_to_proto, visit_from_proto

PIXEL_PATH = "/v1/track/pixel.gif"


class TrackingService(tracking_service_pb2_grpc.TrackingServiceServicer):
    """Converts requests, calls the use cases, converts what they give.

    Args:
        track: Takes what pages send.
        tracking_keys: Makes, gives and deletes keys.
        open_pixels: Signs images for e-mails.
        get_lead: Gives a lead.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        *,
        track: Track,
        tracking_keys: KeepTrackingKeys,
        open_pixels: OpenPixels,
        get_lead: GetLead,
        now: Callable[[], datetime],
    ) -> None:
        self._track = track
        self._tracking_keys = tracking_keys
        self._open_pixels = open_pixels
        self._get_lead = get_lead
        self._now = now

    async def Track(
        self, request: tracking_service_pb2.TrackRequest, context: Context
    ) -> tracking_service_pb2.TrackResponse:
        """Takes events of one visitor."""
        await self._track(visit_from_proto(request, context, self._now))
        return tracking_service_pb2.TrackResponse()

    async def SignOpenPixel(
        self, request: tracking_service_pb2.SignOpenPixelRequest, context: Context
    ) -> tracking_service_pb2.SignOpenPixelResponse:
        """Gives the address of an image for an e-mail."""
        tenant_id, lead_id = current_principal().tenant_id, parse_name(request.lead, "leads")
        await self._get_lead(tenant_id, lead_id)
        token = self._open_pixels.sign(tenant_id, lead_id, request.message)
        return tracking_service_pb2.SignOpenPixelResponse(path=f"{PIXEL_PATH}?token={token}")

    async def CreateTrackingKey(
        self, request: tracking_service_pb2.CreateTrackingKeyRequest, context: Context
    ) -> tracking_pb2.TrackingKey:
        """Makes a key."""
        caller, told = current_principal(), request.tracking_key
        key = await self._tracking_keys.create(
            caller.tenant_id, caller.subject, told.display_name, told.allowed_origins
        )
        return tracking_key_to_proto(caller.tenant_id, key)

    async def ListTrackingKeys(
        self, request: tracking_service_pb2.ListTrackingKeysRequest, context: Context
    ) -> tracking_service_pb2.ListTrackingKeysResponse:
        """Gives a page of keys."""
        tenant_id = current_principal().tenant_id
        page = await self._tracking_keys.page(tenant_id, page_size=request.page_size, page_token=request.page_token)
        return tracking_service_pb2.ListTrackingKeysResponse(
            tracking_keys=[tracking_key_to_proto(tenant_id, key) for key in page.keys],
            next_page_token=page.next_page_token,
        )

    async def DeleteTrackingKey(
        self, request: tracking_service_pb2.DeleteTrackingKeyRequest, context: Context
    ) -> empty_pb2.Empty:
        """Deletes a key."""
        await self._tracking_keys.delete(current_principal().tenant_id, parse_name(request.name, "trackingKeys"))
        return empty_pb2.Empty()
