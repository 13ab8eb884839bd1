# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about the tracking of websites and e-mails, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from leadline.v1.tracking_pb2 import TrackingKey
from leadline.v1.tracking_service_pb2 import (
    CreateTrackingKeyRequest,
    DeleteTrackingKeyRequest,
    ListTrackingKeysRequest,
    SignOpenPixelRequest,
)
from leadline.v1.tracking_service_pb2_grpc import TrackingServiceStub

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection


class TrackingCalls(Caller):
    """What `Client` does for the tracking of websites and e-mails; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._tracking = TrackingServiceStub(self._channel)

    def create_tracking_key(
        self,
        display_name: str,
        allowed_origins: Iterable[str],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> TrackingKey:
        """Make a key for the pages of a website.

        Args:
            display_name: which website it is for.
            allowed_origins: the origins of its pages, such as `https://www.example.com`.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: an origin has a path, a wildcard or another form that browsers don't send.
        """
        request = _create(display_name, allowed_origins, idempotency_key)
        return self._call(self._tracking.CreateTrackingKey, request, timeout)

    def list_tracking_keys(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[TrackingKey]:
        """Go through the keys of websites, the newest first."""
        request = ListTrackingKeysRequest(page_size=page_size)
        for page in self._pages(self._tracking.ListTrackingKeys, request, timeout):
            yield from page.tracking_keys

    def delete_tracking_key(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a key; what pages send by it is refused from then on.

        Raises:
            NotFound: there is no such key.
        """
        self._call(self._tracking.DeleteTrackingKey, _delete(name, idempotency_key), timeout)

    def sign_open_pixel(self, lead: str, message: str = "", *, timeout: float | None = None) -> str:
        """Give the path of an image that tells that an e-mail was opened: put the edge's address before it.

        Args:
            lead: to whom the e-mail goes, `leads/{lead}`.
            message: your name of the e-mail, kept with the event.
            timeout: see the class.

        Raises:
            NotFound: there is no such lead.
        """
        request = SignOpenPixelRequest(lead=lead, message=message)
        return self._call(self._tracking.SignOpenPixel, request, timeout).path


class AsyncTrackingCalls(AsyncCaller):
    """What `AsyncClient` does for tracking: the methods of `TrackingCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._tracking = TrackingServiceStub(self._channel)

    async def create_tracking_key(
        self,
        display_name: str,
        allowed_origins: Iterable[str],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> TrackingKey:
        """Make a key for the pages of a website; see `Client.create_tracking_key`."""
        request = _create(display_name, allowed_origins, idempotency_key)
        return await self._call(self._tracking.CreateTrackingKey, request, timeout)

    async def list_tracking_keys(
        self, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[TrackingKey]:
        """Go through the keys of websites, the newest first."""
        request = ListTrackingKeysRequest(page_size=page_size)
        async for page in self._pages(self._tracking.ListTrackingKeys, request, timeout):
            for key in page.tracking_keys:
                yield key

    async def delete_tracking_key(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a key; see `Client.delete_tracking_key`."""
        await self._call(self._tracking.DeleteTrackingKey, _delete(name, idempotency_key), timeout)

    async def sign_open_pixel(self, lead: str, message: str = "", *, timeout: float | None = None) -> str:
        """Give the path of an image for an e-mail; see `Client.sign_open_pixel`."""
        request = SignOpenPixelRequest(lead=lead, message=message)
        return (await self._call(self._tracking.SignOpenPixel, request, timeout)).path


def _create(display_name: str, allowed_origins: Iterable[str], idempotency_key: str | None) -> CreateTrackingKeyRequest:
    key = TrackingKey(display_name=display_name, allowed_origins=allowed_origins)
    return CreateTrackingKeyRequest(tracking_key=key, idempotency_key=idempotency_key or new_idempotency_key())


def _delete(name: str, idempotency_key: str | None) -> DeleteTrackingKeyRequest:
    return DeleteTrackingKeyRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
