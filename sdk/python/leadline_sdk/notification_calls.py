# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about the caller's notifications, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass

from leadline.v1.notification_pb2 import Notification
from leadline.v1.notification_service_pb2 import (
    CountUnreadNotificationsRequest,
    ListNotificationsRequest,
    WatchNotificationsRequest,
    WatchNotificationsResponse,
)
from leadline.v1.notification_service_pb2_grpc import NotificationServiceStub

from leadline_sdk import workflow_requests as requests
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection
from leadline_sdk.watching import Watch


@dataclass(frozen=True, slots=True)
class NotificationUpdate:
    """A new notification.

    Attributes:
        notification: the notification.
        resume_token: give it to `watch_notifications` to go on right after it, even in another process.
    """

    notification: Notification
    resume_token: str


class NotificationWatch(Watch[WatchNotificationsRequest, WatchNotificationsResponse, NotificationUpdate]):
    """A watch of the caller's notifications."""

    def request(self) -> WatchNotificationsRequest:
        """Give the request of the next stream."""
        return WatchNotificationsRequest(resume_token=self.resume_token)

    def _update(self, message: WatchNotificationsResponse, event: str | None) -> NotificationUpdate | None:
        if event != "notification" or self._is_repeated(message.notification.name):
            return None
        return NotificationUpdate(message.notification, self.resume_token)


class NotificationCalls(Caller):
    """What `Client` does with notifications; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._notifications = NotificationServiceStub(self._channel)

    def list_notifications(
        self, *, unread_only: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> Iterator[Notification]:
        """Go through the caller's notifications, the newest first.

        Args:
            unread_only: True for those alone that the caller has not read.
            page_size: notifications fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.
        """
        request = ListNotificationsRequest(unread_only=unread_only, page_size=page_size)
        for page in self._pages(self._notifications.ListNotifications, request, timeout):
            yield from page.notifications

    def count_unread_notifications(self, *, timeout: float | None = None) -> int:
        """Give how many notifications the caller has not read, counted up to 1,000."""
        request = CountUnreadNotificationsRequest()
        return self._call(self._notifications.CountUnreadNotifications, request, timeout).unread_count

    def mark_notifications_read(
        self, names: Collection[str] = (), *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> int:
        """Mark notifications as read by the caller, and give how many were unread before.

        Args:
            names: up to 1,000 notifications; none for all that the caller has.
            idempotency_key: see the class.
            timeout: see the class.
        """
        request = requests.mark_notifications_read(names, idempotency_key)
        return self._call(self._notifications.MarkNotificationsRead, request, timeout).marked_count

    def watch_notifications(self, *, resume_token: str = "", most_failures: int = 10) -> Iterator[NotificationUpdate]:
        """Hear of each new notification of the caller, without an end; break out of the loop to stop.

        Goes on by itself where a connection is lost, without a gap and without a repetition.

        Args:
            resume_token: of the last update that you handled, to go on after it; empty to start from now.
            most_failures: streams that may fail in a row before the error is raised.

        Raises:
            InvalidRequest: the resume token is not one of this caller.
        """
        watch = NotificationWatch(resume_token, most_failures)
        return self._watch(self._notifications.WatchNotifications, watch)


class AsyncNotificationCalls(AsyncCaller):
    """What `AsyncClient` does with notifications: the methods of `NotificationCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._notifications = NotificationServiceStub(self._channel)

    async def list_notifications(
        self, *, unread_only: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[Notification]:
        """Go through the caller's notifications, the newest first; see `Client.list_notifications`."""
        request = ListNotificationsRequest(unread_only=unread_only, page_size=page_size)
        async for page in self._pages(self._notifications.ListNotifications, request, timeout):
            for notification in page.notifications:
                yield notification

    async def count_unread_notifications(self, *, timeout: float | None = None) -> int:
        """Give how many notifications the caller has not read, counted up to 1,000."""
        request = CountUnreadNotificationsRequest()
        return (await self._call(self._notifications.CountUnreadNotifications, request, timeout)).unread_count

    async def mark_notifications_read(
        self, names: Collection[str] = (), *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> int:
        """Mark notifications as read by the caller; see `Client.mark_notifications_read`."""
        request = requests.mark_notifications_read(names, idempotency_key)
        return (await self._call(self._notifications.MarkNotificationsRead, request, timeout)).marked_count

    async def watch_notifications(
        self, *, resume_token: str = "", most_failures: int = 10
    ) -> AsyncIterator[NotificationUpdate]:
        """Hear of each new notification of the caller, without an end; see `Client.watch_notifications`."""
        watch = NotificationWatch(resume_token, most_failures)
        async for update in self._watch(self._notifications.WatchNotifications, watch):
            yield update
