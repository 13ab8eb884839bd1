"""Pages of leads by score at 10,000, 100,000 and 1,000,000 leads: what PostgreSQL reads for one, at any depth.

Buffers are what EXPLAIN (ANALYZE, BUFFERS) counts for the statement that the server sends, in the application's role,
with row-level security on: they depend on the plan alone and not on what else the machine does. Rows are made by the
database itself.
"""

import statistics
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psutil

from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from server.leads.filter import parse_filter
from server.leads.lead_query import Cursor, LeadOrder, LeadQuery
from server.runtime.database import Database, begin
from server.runtime.identifiers import new_id
from server.store.lead_pages import fetch_page
from server.store.lead_rows import SELECT_LEADS
from tests.benchmarks.report import Report, Target
from tests.conftest import migrate

SIZES = (10_000, 100_000, 1_000_000)
PAGE_SIZE = 50
DEPTHS = (0.0, 0.5, 0.98)
FILTER = "status = OPEN"
# Without a filter by e-mail or phone, nothing is to be enciphered.
NO_CIPHER: Any = SimpleNamespace(email_index=None, phone_index=None)
POINT_READS = 10_000
ROUNDS = 5

_FILL = """
INSERT INTO leads (tenant_id, id, external_id, status, fields, score_value, score_probability, score_log_odds,
    score_base_log_odds, create_time)
SELECT $1, gen_random_uuid(), n::text, 1 + n % 2, jsonb_build_object('Size', jsonb_build_object('number', n % 500)),
    n * 7919::bigint % 101, 0.5, 0, 0, now() - n * interval '1 second'
FROM generate_series(1, $2::int) n
"""
_PLACE = """
SELECT score_value, id FROM leads WHERE tenant_id = $1 AND status = 1
ORDER BY score_value DESC NULLS LAST, id DESC OFFSET $2 LIMIT 1
"""
_BY_OFFSET = f"""
{SELECT_LEADS} WHERE tenant_id = $1 AND status = 1 ORDER BY score_value DESC NULLS LAST, id DESC OFFSET $2 LIMIT $3
"""
_POINT_READ = f"{SELECT_LEADS} WHERE tenant_id = $1 AND id = $2"


class _Explained:
    """A connection that counts the buffers that statements read.

    Args:
        connection: In a transaction of the tenant.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.buffers = 0

    async def fetch(self, statement: str, *arguments: object) -> Any:
        """Count the buffers of a statement, in memory or on disk, and run it."""
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        plan = orjson.loads(await self._connection.fetchval(explain, *arguments))[0]["Plan"]
        self.buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return await self._connection.fetch(statement, *arguments)


async def _buffers(database: Database, tenant_id: UUID, count: int) -> dict[str, int]:
    """Give the buffers of a page at each depth of the list, and of the deepest one by OFFSET."""
    found: dict[str, int] = {}
    conditions, open_count = parse_filter(FILTER), count // 2
    async with database.transaction(tenant_id) as connection:
        for depth in DEPTHS:
            place = await connection.fetchrow(_PLACE, tenant_id, int(depth * open_count))
            after = Cursor(place["score_value"], place["id"]) if place and depth else None
            query, explained = (
                LeadQuery(conditions, LeadOrder.SCORE_DESCENDING, PAGE_SIZE + 1, after),
                _Explained(connection),
            )
            rows = await fetch_page(explained, tenant_id, query, NO_CIPHER)  # type: ignore[arg-type]
            if len(rows) != PAGE_SIZE + 1:
                raise RuntimeError(f"the page has {len(rows)} leads")
            found[f"{depth:.0%}"] = explained.buffers
        explained = _Explained(connection)
        await explained.fetch(_BY_OFFSET, tenant_id, int(DEPTHS[-1] * open_count), PAGE_SIZE + 1)
        found["by OFFSET"] = explained.buffers
    return found


async def _point_read_seconds(connection: Any, tenant_id: UUID, lead_id: UUID) -> float:
    """Give the CPU time of PostgreSQL's backend for some point reads."""
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    statement = await connection.prepare(_POINT_READ)
    before = sum(backend.cpu_times()[:2])
    for _ in range(POINT_READS):
        await statement.fetchrow(tenant_id, lead_id)
    return float(sum(backend.cpu_times()[:2]) - before)


async def _row_level_security_share(postgres: EmbeddedPostgres, tenant_id: UUID) -> float:
    """Give what row-level security adds to a point read, as a share of the read without it."""
    bound, free = [await asyncpg.connect(postgres.url(role)) for role in ("leadline_app", "postgres")]
    await begin(bound, tenant_id)
    lead_id = await bound.fetchval("SELECT id FROM leads WHERE tenant_id = $1 LIMIT 1", tenant_id)
    ratios = []
    for _ in range(ROUNDS):
        with_it = await _point_read_seconds(bound, tenant_id, lead_id)
        ratios.append(with_it / await _point_read_seconds(free, tenant_id, lead_id))
    for connection in (bound, free):
        await connection.close()
    return statistics.median(ratios) - 1.0


async def measure() -> Report:
    """Run the benchmark."""
    found: dict[int, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "data", free_port(), durable=False)
        postgres.start()
        try:
            migrate(postgres)
            database = await Database.connect(postgres.url("leadline_app"))
            administrator = await asyncpg.connect(postgres.url("postgres"))
            for size in SIZES:
                tenant_id = new_id()
                await administrator.execute(_FILL, tenant_id, size, timeout=1_800.0)
                await administrator.execute("VACUUM ANALYZE leads", timeout=1_800.0)
                found[size] = await _buffers(database, tenant_id, size)
            share = await _row_level_security_share(postgres, tenant_id)
            await administrator.close()
            await database.close()
        finally:
            postgres.stop()
    depths = [name for name in found[SIZES[0]] if name != "by OFFSET"]
    pages = [buffers[depth] for buffers in found.values() for depth in depths]
    growth = max(found[SIZES[-1]][depth] / found[SIZES[0]][depth] for depth in depths) - 1.0
    return Report(
        name="list_at_scale",
        title=f"Buffers of a page of {PAGE_SIZE} leads, filtered and by score",
        columns=["leads", *(f"at {depth}" for depth in depths), "by OFFSET"],
        rows=[[f"{size:,}", *(f"{count:,}" for count in buffers.values())] for size, buffers in found.items()],
        figures={
            "largest_page_buffers": max(pages),
            "growth": growth,
            "offset_buffers": found[SIZES[-1]]["by OFFSET"],
            "row_level_security_share": share,
        },
        targets=[
            Target("largest_page_buffers", "<=", 80.0),
            Target("growth", "<=", 0.1),
            Target("row_level_security_share", "<=", 0.1),
        ],
    )
