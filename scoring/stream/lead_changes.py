"""Rescores leads that have changed."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from scoring.scores.rescoring import Rescoring
from scoring.stream.consumer import StreamEntry
from server.runtime.errors import DependencyUnavailable

# Entries whose bad leads are remembered until they are put aside.
LARGEST_MEMORY = 1_000

_log = structlog.get_logger(__name__)


class UnscorableLeads(Exception):
    """Some leads can't be scored, and it is not a dependency's fault."""


class DeadLetters(Protocol):
    """Where leads are kept that could not be scored."""

    async def keep(self, tenant_id: UUID, entry_id: str, lead_ids: Sequence[UUID]) -> None:
        """Keeps the leads of an entry, once.

        Raises:
            DependencyUnavailable: They can't be kept at present.
        """


class LeadChanges:
    """Handles `lead.changed` messages. A lead that changed several times meanwhile is scored once.

    Of a tenant without a model nothing is done: its leads are scored and planned when it gets one.

    Args:
        rescoring: Scores and stores.
        dead_letters: Where leads are kept that could not be scored.
        beside: What else is done with the changed leads of a tenant, while they are scored; it must bear repetition.
    """

    def __init__(
        self,
        rescoring: Rescoring,
        dead_letters: DeadLetters,
        beside: Sequence[Callable[[UUID, Sequence[UUID]], Awaitable[object]]] = (),
    ) -> None:
        self._rescoring = rescoring
        self._steps = (rescoring.rescore, *beside)
        self._dead_letters = dead_letters
        self._unscorable: OrderedDict[str, list[UUID]] = OrderedDict()

    async def handle(self, entries: Sequence[StreamEntry]) -> None:
        """Rescores the leads that the entries name.

        Raises:
            UnscorableLeads: Leads of an entry that is handled alone can't be scored; its others are.
            DependencyUnavailable: PostgreSQL or the model server can't be reached.
        """
        changed: dict[UUID, dict[UUID, None]] = {}
        for entry in entries:
            changed.setdefault(entry.tenant_id, {}).update(dict.fromkeys(_lead_ids(entry)))
        if len(entries) == 1:
            await self._rescore_entry(entries[0])
            return
        for tenant_id, lead_ids in changed.items():
            await self._do(tenant_id, list(lead_ids))

    async def give_up(self, entry: StreamEntry) -> bool:
        """Keeps the leads as a dead letter, from where they can be tried again; the others are scored."""
        try:
            tenant_id, lead_ids = entry.tenant_id, _lead_ids(entry)
        except (KeyError, ValueError):
            _log.warning("a change of leads can't be read", entry_id=entry.entry_id)
            return False
        await self._dead_letters.keep(tenant_id, entry.entry_id, self._unscorable.pop(entry.entry_id, lead_ids))
        return True

    async def _do(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> None:
        if not await self._rescoring.has_model(tenant_id):
            return
        ends = await asyncio.gather(*(step(tenant_id, lead_ids) for step in self._steps), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _rescore_entry(self, entry: StreamEntry) -> None:
        """Rescores the leads of one entry; if that fails, one by one, so that a bad one holds up no other."""
        tenant_id, lead_ids = entry.tenant_id, list(dict.fromkeys(_lead_ids(entry)))
        try:
            await self._do(tenant_id, lead_ids)
        except DependencyUnavailable:
            raise
        except Exception as error:
            bad = [lead_id for lead_id in lead_ids if not await self._can_be_scored(tenant_id, lead_id)]
            if bad:
                self._unscorable[entry.entry_id] = bad
                while len(self._unscorable) > LARGEST_MEMORY:
                    self._unscorable.popitem(last=False)
                raise UnscorableLeads(", ".join(map(str, bad))) from error

    async def _can_be_scored(self, tenant_id: UUID, lead_id: UUID) -> bool:
        try:
            await self._do(tenant_id, [lead_id])
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 (logged; the lead becomes a dead letter if it stays so)
            _log.exception("lead can't be scored", lead_id=str(lead_id))
            return False
        return True


def _lead_ids(entry: StreamEntry) -> list[UUID]:
    return [UUID(lead_id) for lead_id in entry.payload["lead_ids"]]
