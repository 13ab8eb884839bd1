"""The tables by which models score many leads without the model server, as far as this process can see their files."""

import asyncio
from collections import OrderedDict
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
    """

    def __init__(self, files: ModelFiles, capacity: int = CAPACITY) -> None:
        self._files = files
        self._capacity = capacity
        self._held: OrderedDict[tuple[UUID, int], RowTables] = OrderedDict()

    async def tables(self, tenant_id: UUID, version: int) -> RowTables | None:
        """Gives the tables of a version of the tenant's models; None if there are none that can be read here."""
        key = tenant_id, version
        if key not in self._held:
            try:
                tables = await asyncio.to_thread(read_tables, self._files.version(tenant_id, version))
            except ServableFailed as error:
                _log.warning("tables can't be read", tenant=str(tenant_id), version=version, cause=str(error))
                return None
            if tables is None:
                return None
            self._held[key] = tables
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]
