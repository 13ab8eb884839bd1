"""Keeps what was rejected, and lets it be looked at, replayed and deleted."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from server.integrations.dead_letter import LARGEST_CONTENT_BYTES, DeadLetter, DeadLetterKind, RejectedEvent
from server.integrations.event import Event
from server.integrations.ports import EventTransaction
from server.runtime.errors import DeadLetterNotFound, LeadNotFound
from server.runtime.identifiers import format_name
from server.runtime.pages import Pages
from server.runtime.signed_tokens import TokenSigner


class DeadLetterTransaction(EventTransaction, Protocol):
    """The dead letters and events of one tenant in one transaction."""

    async def keep(self, rejected: Sequence[RejectedEvent]) -> Sequence[UUID]:
        """Keeps events, and gives the id of each; one that is kept already counts once more."""

    async def take(self, dead_letter_id: UUID) -> DeadLetter | None:
        """Removes a dead letter and gives it; None if there is none."""


class DeadLetterStore(Protocol):
    """The dead letters of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[DeadLetterTransaction]:
        """Opens a transaction that sees one tenant's dead letters and events, or joins the one of the rpc."""

    async def get(self, tenant_id: UUID, dead_letter_id: UUID) -> DeadLetter | None:
        """Gives a dead letter, None if the tenant has none with this id."""

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[DeadLetter]:
        """Gives up to `size` dead letters, the newest first, of those before an id if one is given."""


class RejectEvents:
    """Keeps events that are refused.

    Args:
        store: Where dead letters are kept.
    """

    def __init__(self, store: DeadLetterStore) -> None:
        self._store = store

    async def __call__(self, tenant_id: UUID, rejected: Sequence[RejectedEvent]) -> list[UUID | None]:
        """Keeps the events.

        Args:
            tenant_id: Whose events.
            rejected: The events, any number.

        Returns:
            The id of the dead letter of each; None for an event that is too large to be kept.
        """
        small = [event for event in rejected if len(event.content) <= LARGEST_CONTENT_BYTES]
        if not small:
            return [None] * len(rejected)
        async with self._store.transaction(tenant_id) as transaction:
            ids = iter(await transaction.keep(small))
            await transaction.commit()
        return [next(ids) if len(event.content) <= LARGEST_CONTENT_BYTES else None for event in rejected]


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page of dead letters.

    Attributes:
        dead_letters: The newest first.
        next_page_token: Asks for the page after; empty on the last one.
    """

    dead_letters: Sequence[DeadLetter]
    next_page_token: str


class ReadDeadLetters:
    """Gives dead letters, one or page by page.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
    """

    def __init__(self, store: DeadLetterStore, tokens: TokenSigner) -> None:
        self._store = store
        self._pages = Pages(tokens)

    async def get(self, tenant_id: UUID, dead_letter_id: UUID) -> DeadLetter:
        """Gives one.

        Raises:
            DeadLetterNotFound: The tenant has no such dead letter.
        """
        dead_letter = await self._store.get(tenant_id, dead_letter_id)
        if dead_letter is None:
            raise _not_found(dead_letter_id)
        return dead_letter

    async def page(self, tenant_id: UUID, *, page_size: int, page_token: str) -> DeadLetterPage:
        """Gives one page, the newest first.

        Args:
            tenant_id: Whose dead letters.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant, or not ours.
        """
        position = self._pages.position(tenant_id, "", page_size, page_token)
        # One more than the page tells whether there is a next one.
        found = await self._store.page(tenant_id, position.size + 1, position.before)
        return DeadLetterPage(*self._pages.cut(position, found, lambda dead_letter: dead_letter.dead_letter_id))


class SettleDeadLetters:
    """Replays dead letters, or deletes them.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: DeadLetterStore) -> None:
        self._store = store

    async def replay(self, tenant_id: UUID, dead_letter_id: UUID, event: Event | None) -> bool:
        """Tries once more what is kept; where it succeeds, the dead letter is gone, else it stays.

        Args:
            tenant_id: Whose dead letter.
            dead_letter_id: Which one.
            event: The event to record, corrected or as it is kept; None for kinds that hold none.

        Returns:
            Whether nothing was left to do, since an event of this id was recorded meanwhile.

        Raises:
            DeadLetterNotFound: The tenant has no such dead letter.
            LeadNotFound: The event's lead does not exist.
        """
        async with self._store.transaction(tenant_id) as transaction:
            dead_letter = await transaction.take(dead_letter_id)
            if dead_letter is None:
                raise _not_found(dead_letter_id)
            lead_ids, duplicate = dead_letter.lead_ids, False
            if dead_letter.kind is DeadLetterKind.EVENT and event is not None:
                stored = await transaction.record([event])
                if stored.unknown_lead:
                    raise LeadNotFound(format_name("leads", event.lead_id) if event.lead_id else event.lead_external_id)
                lead_ids, duplicate = stored.lead_ids, bool(stored.duplicate)
            if lead_ids:
                await transaction.announce(lead_ids)
            await transaction.commit()
        return duplicate

    async def delete(self, tenant_id: UUID, dead_letter_id: UUID) -> None:
        """Deletes a dead letter.

        Raises:
            DeadLetterNotFound: The tenant has no such dead letter.
        """
        async with self._store.transaction(tenant_id) as transaction:
            if await transaction.take(dead_letter_id) is None:
                raise _not_found(dead_letter_id)
            await transaction.commit()


def _not_found(dead_letter_id: UUID) -> DeadLetterNotFound:
    return DeadLetterNotFound(format_name("deadLetters", dead_letter_id))
