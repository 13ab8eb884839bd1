"""The versions of a tenant's key as those see them who keep watch over them: never a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Protocol
from uuid import UUID

from server.runtime.errors import TenantKeyNotFound
from server.runtime.pages import Pages
from server.runtime.signed_tokens import TokenSigner

COLLECTION: Final = "tenantKeys"


class TenantKeyState(IntEnum):
    """What a version is used for; the numbers are the contract's."""

    ACTIVE = 1
    REPLACED = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True)
class TenantKeyVersion:
    """One version of a tenant's key.

    Attributes:
        version: Its number, 1 or more.
        state: What it is used for.
        lead_count: How many leads' data keys it wraps.
        create_time: When it was made, UTC.
        retire_time: When it was retired, UTC; None before.
    """

    version: int
    state: TenantKeyState
    lead_count: int
    create_time: datetime
    retire_time: datetime | None


@dataclass(frozen=True, slots=True)
class TenantKeyPage:
    """A page of versions.

    Attributes:
        versions: The newest first.
        next_page_token: Asks for the page after; empty on the last one.
    """

    versions: Sequence[TenantKeyVersion]
    next_page_token: str


class TenantKeyVersionStore(Protocol):
    """The versions of all tenants' keys. Every method raises DependencyUnavailable if the store can't be reached."""

    async def page(self, tenant_id: UUID, size: int, before: int | None) -> Sequence[TenantKeyVersion]:
        """Gives up to `size` versions, the newest first, of those before one if it is given."""

    async def request_rotation(self, tenant_id: UUID) -> UUID:
        """Writes down, in the rpc's transaction if there is one, that the tenant's key shall be rotated.

        Returns:
            The operation that does it.

        Raises:
            TenantKeyRotating: An operation does that already.
        """


class ReadTenantKeys:
    """Gives the versions of a tenant's key.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
    """

    def __init__(self, store: TenantKeyVersionStore, tokens: TokenSigner) -> None:
        self._store = store
        self._pages = Pages(tokens)

    async def get(self, tenant_id: UUID, version: int) -> TenantKeyVersion:
        """Gives one version.

        Raises:
            TenantKeyNotFound: The tenant's key has no such version.
        """
        found = await self._store.page(tenant_id, 1, version + 1)
        if not found or found[0].version != version:
            raise TenantKeyNotFound(f"{COLLECTION}/{version}")
        return found[0]

    async def page(self, tenant_id: UUID, *, page_size: int, page_token: str) -> TenantKeyPage:
        """Gives one page, the newest first.

        Args:
            tenant_id: Whose key.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant, or not ours.
        """
        position = self._pages.position(tenant_id, COLLECTION, page_size, page_token)
        before = None if position.before is None else position.before.int
        # One more than the page tells whether there is a next one.
        found = await self._store.page(tenant_id, position.size + 1, before)
        return TenantKeyPage(*self._pages.cut(position, found, lambda key: UUID(int=key.version)))
