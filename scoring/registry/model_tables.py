"""The tables by which models score many leads without the model server, as far as this process can see their files."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

import structlog

from scoring.registry.model_files import ModelFiles
from tfserving.errors import ServableFailed
from tfserving.row_tables import RowTables, read_tables

# Tables take some megabytes each, and bulk scoring turns to few models at a time.
CAPACITY = 8

_log = structlog.get_logger(__name__)


class ModelTables:
    """The tables used last. A version's files never change, so what is held is never stale.

    Args:
        files: The files of models.
        capacity: How many tables are held, 1 or more.
        kept_seconds: How long tables that were used are held at least, 0 or more. While all that are held were used
            since, no others are read: who turns to many models in a short time gains nothing by reading them.
    """

    def __init__(self, files: ModelFiles, capacity: int = CAPACITY, *, kept_seconds: float = 0.0) -> None:
        self._files = files
        self._capacity = capacity
        self._kept_seconds = kept_seconds
        self._held: OrderedDict[tuple[UUID, int], _Held] = OrderedDict()

    async def tables(self, tenant_id: UUID, version: int) -> RowTables | None:
        """Gives the tables of a version of the tenant's models; None if there are none that can be read here."""
        key = tenant_id, version
        now = time.monotonic()
        held = self._held.get(key)
        if held is None:
            if not self._has_room(now):
                return None
            held = self._held[key] = _Held(await self._read(tenant_id, version))
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        held.used_time = now
        self._held.move_to_end(key)
        return held.tables

    def _has_room(self, now: float) -> bool:
        if len(self._held) < self._capacity:
            return True
        return now - next(iter(self._held.values())).used_time >= self._kept_seconds

    async def _read(self, tenant_id: UUID, version: int) -> RowTables | None:
        try:
            return await asyncio.to_thread(read_tables, self._files.version(tenant_id, version))
        except ServableFailed as error:
            _log.warning("tables can't be read", tenant=str(tenant_id), version=version, cause=str(error))
            return None


@dataclass(slots=True)
class _Held:
    """The tables of a version, or that it has none, and when that was asked for last."""

    tables: RowTables | None
    used_time: float = 0.0
