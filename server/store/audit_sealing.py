"""Moves audit records into their tenants' chains, in the order in which they were written."""

from collections import defaultdict
from typing import Final
from uuid import UUID

from server.audit.chain import START, Anchor, SealedRecord, seal
from server.runtime.connection_pool import Driver
from server.runtime.database import Database

BATCH_SIZE: Final = 1_000

# One process seals at a time: with two, both would go on from the same record. The others stand by.
_SEALING_LOCK: Final = 4_019_110_719

# As the relay takes messages: the lock is taken by the statement that reads, to save a round trip.
_TAKE: Final = f"""
WITH place AS MATERIALIZED (SELECT pg_try_advisory_xact_lock({_SEALING_LOCK}) AS is_held),
taken AS (
    DELETE FROM unsealed_audit_records USING place
    WHERE place.is_held AND (tenant_id, position) IN (
        SELECT tenant_id, position FROM unsealed_audit_records ORDER BY position LIMIT $1
    )
    RETURNING tenant_id, position, content
)
SELECT tenant_id, content FROM taken ORDER BY position
"""  # noqa: S608 - a constant

_HEADS: Final = """
SELECT tenant_id, head.sequence_number, head.digest
FROM unnest($1::uuid[]) AS sealed (tenant_id) CROSS JOIN LATERAL (
    SELECT sequence_number, digest FROM audit_records
    WHERE audit_records.tenant_id = sealed.tenant_id ORDER BY sequence_number DESC LIMIT 1
) AS head
"""

_KEEP: Final = """
INSERT INTO audit_records (tenant_id, sequence_number, previous_digest, digest, content)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::text[])
"""


class AuditSealer:
    """Seals audit records batch by batch, of all tenants.

    Args:
        database: The database in the role of the relay.
        batch_size: How many are sealed at once, 1 or more.
    """

    def __init__(self, database: Database, *, batch_size: int = BATCH_SIZE) -> None:
        self._database = database
        self._batch_size = batch_size

    async def seal_batch(self) -> bool:
        """Seals the oldest records that wait: one transaction puts them into the chain and takes them out of the wait.

        Returns:
            Whether more may wait.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached; what was not sealed waits on.
        """
        async with self._database.session() as connection, connection.transaction():
            rows = await connection.fetch(_TAKE, self._batch_size)
            contents: dict[UUID, list[str]] = defaultdict(list)
            for row in rows:
                contents[row["tenant_id"]].append(row["content"])
            if contents:
                await _keep(connection, contents)
        return len(rows) == self._batch_size


async def _keep(connection: Driver, contents: dict[UUID, list[str]]) -> None:
    heads = {
        row["tenant_id"]: Anchor(row["sequence_number"], row["digest"])
        for row in await connection.fetch(_HEADS, list(contents))
    }
    sealed: list[tuple[UUID, SealedRecord]] = [
        (tenant_id, record)
        for tenant_id, waiting in contents.items()
        for record in seal(tenant_id, heads.get(tenant_id, START), waiting)
    ]
    await connection.execute(
        _KEEP,
        [tenant_id for tenant_id, _ in sealed],
        [record.sequence_number for _, record in sealed],
        [record.previous_digest for _, record in sealed],
        [record.digest for _, record in sealed],
        [record.content for _, record in sealed],
    )
