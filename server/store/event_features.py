"""Makes what is counted of events anew from their log, and tells where it was not the same.

    python -m server.store.event_features TENANT_ID...

It takes the variables of the server, and may run while events are recorded. Leads whose counters were wrong are scored
anew.
"""

import argparse
import asyncio
import sys
from typing import Final
from uuid import UUID

from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.settings import ProcessSettings

PAGE_SIZE: Final = 500
_BEFORE_ALL: Final = UUID(int=0)

# As `scoring.features.event_log` counts them for a training.
_LOG: Final = """
SELECT lead_id, type, count(*) AS count, min(occurred_time) AS first_time, last_time,
    count(DISTINCT (occurred_time AT TIME ZONE 'UTC')::date) AS active_days,
    sum(decay(last_time - occurred_time, 1)) AS decayed_1_day,
    sum(decay(last_time - occurred_time, 7)) AS decayed_7_days,
    sum(decay(last_time - occurred_time, 30)) AS decayed_30_days
FROM (
    SELECT lead_id, type, LEAST(occurred_time, record_time) AS occurred_time,
        max(LEAST(occurred_time, record_time)) OVER (PARTITION BY lead_id, type) AS last_time
    FROM events WHERE tenant_id = $1 AND lead_id {leads}
) AS events
GROUP BY lead_id, type, last_time
"""

# Sums that were added up in another order differ by rounding.
_COMPARE: Final = f"""
WITH page AS (SELECT id FROM leads WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3),
log AS ({_LOG.format(leads="IN (SELECT id FROM page)")}),
days AS (
    SELECT lead_id, type, count(*) AS count FROM lead_event_days
    WHERE tenant_id = $1 AND lead_id IN (SELECT id FROM page) GROUP BY lead_id, type
),
counters AS (
    SELECT * FROM lead_event_counters WHERE tenant_id = $1 AND lead_id IN (SELECT id FROM page)
),
wrong AS (
    SELECT lead_id
    FROM log FULL JOIN counters USING (lead_id, type) FULL JOIN days USING (lead_id, type)
    WHERE (
        log.count = counters.count AND log.first_time = counters.first_time AND log.last_time = counters.last_time
        AND log.active_days = counters.active_days AND log.active_days = days.count
        AND abs(log.decayed_1_day - counters.decayed_1_day) <= 1e-9 * log.decayed_1_day
        AND abs(log.decayed_7_days - counters.decayed_7_days) <= 1e-9 * log.decayed_7_days
        AND abs(log.decayed_30_days - counters.decayed_30_days) <= 1e-9 * log.decayed_30_days
    ) IS NOT TRUE
)
SELECT id, id IN (SELECT lead_id FROM wrong) AS is_wrong FROM page ORDER BY id
"""  # noqa: S608 - constants

# Waits for those who record events of the lead, and holds up further ones.
_HOLD: Final = "SELECT FROM leads WHERE tenant_id = $1 AND id = $2 FOR UPDATE"

_FORGET: Final = (
    "DELETE FROM lead_event_counters WHERE tenant_id = $1 AND lead_id = $2",
    "DELETE FROM lead_event_days WHERE tenant_id = $1 AND lead_id = $2",
)

_COUNT: Final = (
    f"""
INSERT INTO lead_event_counters (tenant_id, lead_id, type, count, first_time, last_time, active_days,
    decayed_1_day, decayed_7_days, decayed_30_days)
SELECT $1, log.* FROM ({_LOG.format(leads="= $2")}) AS log
""",  # noqa: S608 - constants
    """
INSERT INTO lead_event_days (tenant_id, lead_id, type, day)
SELECT DISTINCT tenant_id, lead_id, type, (LEAST(occurred_time, record_time) AT TIME ZONE 'UTC')::date
FROM events WHERE tenant_id = $1 AND lead_id = $2
""",
)


class EventFeatures:
    """What is counted of each lead's events. Every method raises DependencyUnavailable if PostgreSQL is away.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rebuild(self, tenant_id: UUID) -> int:
        """Compares the counters of all leads of a tenant with the log, and makes the wrong ones anew.

        Returns:
            Of how many leads they were wrong.
        """
        rebuilt, after = 0, _BEFORE_ALL
        while True:
            async with self._database.transaction(tenant_id) as connection:
                page = await connection.fetch(_COMPARE, tenant_id, after, PAGE_SIZE)
            for row in page:
                if row["is_wrong"]:
                    await self.rebuild_lead(tenant_id, row["id"])
                    rebuilt += 1
            if len(page) < PAGE_SIZE:
                return rebuilt
            after = page[-1]["id"]

    async def rebuild_lead(self, tenant_id: UUID, lead_id: UUID) -> None:
        """Makes the counters of one lead anew, and has it scored."""
        # One lead in a transaction: who held several might wait in a circle with who records events of several.
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_HOLD, tenant_id, lead_id)
            for statement in (*_FORGET, *_COUNT):
                await connection.execute(statement, tenant_id, lead_id)
            await outbox.append(connection, tenant_id, "lead.changed", {"lead_ids": [str(lead_id)]})


async def _rebuild(url: str, tenant_ids: list[UUID]) -> None:
    database = await Database.connect(url)
    try:
        for tenant_id in tenant_ids:
            rebuilt = await EventFeatures(database).rebuild(tenant_id)
            sys.stdout.write(f"{tenant_id}: the counters of {rebuilt:,} leads were wrong and are made anew.\n")
    finally:
        await database.close()


def main() -> None:
    """Rebuilds what the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m server.store.event_features",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tenant_ids", metavar="TENANT_ID", nargs="+", type=UUID, help="a tenant")
    arguments = parser.parse_args()
    asyncio.run(_rebuild(ProcessSettings.load().database_url, arguments.tenant_ids))


if __name__ == "__main__":
    main()
