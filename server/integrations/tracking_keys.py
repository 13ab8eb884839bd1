"""The keys by which websites tell what their visitors do."""

import base64
import binascii
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from server.runtime.errors import TrackingKeyNotFound
from server.runtime.identifiers import format_name, new_id
from server.runtime.pages import Pages
from server.runtime.signed_tokens import TokenSigner

WRITE_KEY_PREFIX: Final = "leadline_track_"


@dataclass(frozen=True, slots=True)
class TrackingKey:
    """What the pages of a website may send events by.

    Attributes:
        key_id: Its id.
        display_name: Which website it is for.
        allowed_origins: The origins of the website's pages, such as `https://www.example.com`.
        creator: The principal who has made it.
        create_time: When it was made, UTC.
    """

    key_id: UUID
    display_name: str
    allowed_origins: Sequence[str]
    creator: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class TrackingKeyPage:
    """A page of keys.

    Attributes:
        keys: The newest first.
        next_page_token: Asks for the page after; empty on the last one.
    """

    keys: Sequence[TrackingKey]
    next_page_token: str


class TrackingKeyTransaction(Protocol):
    """The keys of one tenant in one transaction."""

    async def add(self, key: TrackingKey) -> None:
        """Keeps a key."""

    async def remove(self, key_id: UUID) -> bool:
        """Removes a key; False if there is none."""

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""


class TrackingKeyStore(Protocol):
    """The keys of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[TrackingKeyTransaction]:
        """Opens a transaction, or joins the one of the rpc."""

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[TrackingKey]:
        """Gives up to `size` keys, the newest first, of those before an id if one is given."""


class KeepTrackingKeys:
    """Makes, gives and deletes keys.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
        now: Gives the time, UTC.
    """

    def __init__(self, store: TrackingKeyStore, tokens: TokenSigner, now: Callable[[], datetime]) -> None:
        self._store = store
        self._pages = Pages(tokens)
        self._now = now

    async def create(
        self, tenant_id: UUID, creator: str, display_name: str, allowed_origins: Sequence[str]
    ) -> TrackingKey:
        """Makes a key.

        Args:
            tenant_id: Whose website it is.
            creator: The principal who makes it.
            display_name: Which website it is for.
            allowed_origins: The origins of its pages.
        """
        key = TrackingKey(new_id(), display_name, tuple(allowed_origins), creator, self._now())
        async with self._store.transaction(tenant_id) as transaction:
            await transaction.add(key)
            await transaction.commit()
        return key

    async def page(self, tenant_id: UUID, *, page_size: int, page_token: str) -> TrackingKeyPage:
        """Gives one page, the newest first.

        Args:
            tenant_id: Whose keys.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant, or not ours.
        """
        position = self._pages.position(tenant_id, "", page_size, page_token)
        # One more than the page tells whether there is a next one.
        found = await self._store.page(tenant_id, position.size + 1, position.before)
        return TrackingKeyPage(*self._pages.cut(position, found, lambda key: key.key_id))

    async def delete(self, tenant_id: UUID, key_id: UUID) -> None:
        """Deletes a key.

        Raises:
            TrackingKeyNotFound: The tenant has no such key.
        """
        async with self._store.transaction(tenant_id) as transaction:
            if not await transaction.remove(key_id):
                raise TrackingKeyNotFound(format_name("trackingKeys", key_id))
            await transaction.commit()


def write_key(tenant_id: UUID, key_id: UUID) -> str:
    """Gives what pages send: a name, not a secret, of letters, digits, minus and underscore."""
    return WRITE_KEY_PREFIX + base64.urlsafe_b64encode(tenant_id.bytes + key_id.bytes).decode().rstrip("=")


def read_write_key(text: str) -> tuple[UUID, UUID]:
    """Reads what `write_key` gives: the tenant and the key.

    Raises:
        ValueError: The text is not of that form.
    """
    encoded = text.removeprefix(WRITE_KEY_PREFIX)
    if encoded == text:
        raise ValueError("another prefix")
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:])
