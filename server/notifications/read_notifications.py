"""Lists, counts and marks notifications, for the reader that asks."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.notifications.notification import Notification
from server.notifications.ports import NotificationStore
from server.runtime.errors import InvalidPageToken
from server.runtime.signed_tokens import TokenSigner

DEFAULT_PAGE_SIZE = 50
LARGEST_COUNT = 1000


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page of notifications, the newest first, and what asks for the next one; empty on the last."""

    notifications: Sequence[Notification]
    next_page_token: str


class ReadNotifications:
    """Gives a reader their notifications.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: NotificationStore, tokens: TokenSigner, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def page(
        self, tenant_id: UUID, subject: str, *, unread_only: bool, page_size: int, page_token: str
    ) -> NotificationPage:
        """Gives one page.

        Args:
            tenant_id: The reader's tenant.
            subject: The reader.
            unread_only: Whether only those are given that the reader has not read.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another reader or query, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"{unread_only}/{subject}"
        try:
            before = int(self._tokens.read(page_token, tenant_id, query)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        found = await self._store.page(tenant_id, subject, size + 1, before, unread_only=unread_only)
        notifications = found[:size]
        more = len(found) > size
        token = self._tokens.sign(tenant_id, query, notifications[-1].sequence) if more else ""
        return NotificationPage(notifications, token)

    async def count_unread(self, tenant_id: UUID, subject: str) -> int:
        """Counts the reader's unread notifications, up to 1,000."""
        return await self._store.count_unread(tenant_id, subject, LARGEST_COUNT)

    async def mark_read(self, tenant_id: UUID, subject: str, notification_ids: Collection[UUID]) -> int:
        """Marks notifications as read.

        Args:
            tenant_id: The reader's tenant.
            subject: The reader.
            notification_ids: Which; none means all that the reader has.

        Returns:
            How many were unread before.
        """
        async with self._store.transaction(tenant_id) as transaction:
            marked = await transaction.mark_read(subject, notification_ids or None, self._clock())
            await transaction.commit()
        return marked
