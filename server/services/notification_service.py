"""NotificationService: tells the caller what is for them."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from leadline.v1 import notification_pb2, notification_service_pb2, notification_service_pb2_grpc

from server.interceptors.errors import status_of
from server.interceptors.method_interceptor import Context
from server.interceptors.personal_data import MASK, PERMISSION
from server.notifications.notification import Notification
from server.notifications.read_notifications import ReadNotifications
from server.notifications.watch_notifications import WatchEvent, WatchNotifications
from server.runtime.errors import InvalidResumeToken
from server.runtime.identifiers import format_name, parse_name
from server.runtime.principal import Principal, current_principal
from server.runtime.signed_tokens import TokenSigner
from server.services.conversions.times import time_to_proto


class NotificationService(notification_service_pb2_grpc.NotificationServiceServicer):
    """Converts requests, calls the use cases, converts what they give. The reader is the token's subject.

    Args:
        read_notifications: Lists, counts and marks.
        watch_notifications: Tells of new ones.
        resume_signer: Signs resume tokens.
    """

    def __init__(
        self,
        *,
        read_notifications: ReadNotifications,
        watch_notifications: WatchNotifications,
        resume_signer: TokenSigner,
    ) -> None:
        self._read = read_notifications
        self._watch = watch_notifications
        self._resume_signer = resume_signer

    async def ListNotifications(
        self, request: notification_service_pb2.ListNotificationsRequest, context: Context
    ) -> notification_service_pb2.ListNotificationsResponse:
        """Gives a page of notifications."""
        principal = current_principal()
        page = await self._read.page(
            principal.tenant_id,
            principal.subject,
            unread_only=request.unread_only,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return notification_service_pb2.ListNotificationsResponse(
            notifications=[_to_proto(notification, principal) for notification in page.notifications],
            next_page_token=page.next_page_token,
        )

    async def CountUnreadNotifications(
        self, request: notification_service_pb2.CountUnreadNotificationsRequest, context: Context
    ) -> notification_service_pb2.CountUnreadNotificationsResponse:
        """Counts what is unread."""
        principal = current_principal()
        unread = await self._read.count_unread(principal.tenant_id, principal.subject)
        return notification_service_pb2.CountUnreadNotificationsResponse(unread_count=unread)

    async def MarkNotificationsRead(
        self, request: notification_service_pb2.MarkNotificationsReadRequest, context: Context
    ) -> notification_service_pb2.MarkNotificationsReadResponse:
        """Marks notifications as read."""
        principal = current_principal()
        notification_ids = [parse_name(name, "notifications") for name in request.names]
        marked = await self._read.mark_read(principal.tenant_id, principal.subject, notification_ids)
        return notification_service_pb2.MarkNotificationsReadResponse(marked_count=marked)

    async def WatchNotifications(
        self, request: notification_service_pb2.WatchNotificationsRequest, context: Context
    ) -> AsyncIterator[notification_service_pb2.WatchNotificationsResponse]:
        """Tells of each new notification."""
        principal = current_principal()
        try:
            after = self._position(request.resume_token, principal)
            # The watch ends with the rpc, and not when its remains are collected some day.
            async with aclosing(self._watch.watch(principal.tenant_id, principal.subject, after)) as events:
                async for event in events:
                    yield self._response(event, principal)
        except Exception as error:
            # Over HTTP/1.1 a status after the first message is invisible, so it also comes as a message.
            yield notification_service_pb2.WatchNotificationsResponse(status=status_of(error))
            raise

    def _position(self, token: str, principal: Principal) -> int | None:
        if not token:
            return None
        try:
            position: int = self._resume_signer.read(token, principal.tenant_id, principal.subject)
        except ValueError as error:
            raise InvalidResumeToken from error
        return position

    def _response(self, event: WatchEvent, principal: Principal) -> notification_service_pb2.WatchNotificationsResponse:
        token = self._resume_signer.sign(principal.tenant_id, principal.subject, event.position)
        response = notification_service_pb2.WatchNotificationsResponse(resume_token=token)
        if event.notification is None:
            response.heartbeat.SetInParent()
        else:
            response.notification.CopyFrom(_to_proto(event.notification, principal))
        return response


def _to_proto(notification: Notification, reader: Principal) -> notification_pb2.Notification:
    may_see_names = PERMISSION in reader.permissions
    message = notification_pb2.Notification(
        name=format_name("notifications", notification.notification_id),
        text=notification.text.with_name(notification.text.lead_name if may_see_names else MASK),
        lead=format_name("leads", notification.lead_id),
        workflow=format_name("workflows", notification.workflow_id),
        reason=notification.reason,
        create_time=time_to_proto(notification.create_time),
    )
    if notification.read_time is not None:
        message.read_time.CopyFrom(time_to_proto(notification.read_time))
    return message
