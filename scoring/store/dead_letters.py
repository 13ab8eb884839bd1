"""Leads that could not be scored, kept in PostgreSQL until somebody replays or deletes them."""

import hashlib
from collections.abc import Callable, Sequence
from uuid import UUID

from server.runtime.database import Database
from server.runtime.identifiers import new_id

LEAD_CHANGE = 2

# The same entry is put aside twice if a worker dies in between.
_KEEP = f"""
INSERT INTO dead_letters AS kept (tenant_id, id, kind, digest, lead_ids, status)
SELECT $1, $2, {LEAD_CHANGE}, $3, array_agg(id), $5 FROM leads WHERE tenant_id = $1 AND id = ANY ($4)
HAVING count(*) > 0
ON CONFLICT (tenant_id, digest) DO UPDATE SET attempt_count = kept.attempt_count + 1, update_time = now()
"""


class DeadLetters:
    """The dead letters of leads.

    Args:
        database: The database in the role of the application.
        status: Gives the bytes of the `google.rpc.Status` that tells why, for the id of an entry.
    """

    def __init__(self, database: Database, status: Callable[[str], bytes]) -> None:
        self._database = database
        self._status = status

    async def keep(self, tenant_id: UUID, entry_id: str, lead_ids: Sequence[UUID]) -> None:
        """Keeps the leads of an entry, once; leads that do not exist any more are passed over.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        digest = hashlib.sha256(",".join(sorted(map(str, lead_ids))).encode()).digest()
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_KEEP, tenant_id, new_id(), digest, lead_ids, self._status(entry_id))
