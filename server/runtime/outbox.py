"""Messages that leave with the transaction that caused them: both are kept, or neither.

Each commit with a message also rings: PostgreSQL tells whoever listens (see `server.runtime.outbox_signals`) that there
is something to send, and which leads have changed.
"""

from typing import Any, Final, Literal
from uuid import UUID

import orjson

from server.runtime.connection_pool import Driver

Topic = Literal[
    "lead.changed", "training.requested", "rescoring.requested", "score.changed", "experiment.started", "model.alarm"
]

CHANNEL: Final = "leadline_outbox"
"""Where PostgreSQL tells of messages."""

LARGEST_SIGNAL_LEADS: Final = 200
"""More leads than these don't fit into a signal; it then stands for all leads of the tenant."""

# What workflows may act on is written down for them too, where there are any that would look at it.
_APPEND: Final = f"""
WITH message AS (
    INSERT INTO outbox (tenant_id, topic, payload) VALUES ($1, $2::text, $3::jsonb)
), for_workflows AS (
    INSERT INTO workflow_changes (tenant_id, topic, payload)
    SELECT $1, $2::text, $3::jsonb
    WHERE $2::text IN ('lead.changed', 'score.changed') AND EXISTS (
        SELECT FROM workflows
        WHERE tenant_id = $1 AND enabled AND ($2::text = 'score.changed' OR trigger ->> 'kind' = 'lead_condition')
    )
)
SELECT pg_notify('{CHANNEL}', $4)
"""  # noqa: S608 - a constant


async def append(connection: Driver, tenant_id: UUID, topic: Topic, payload: dict[str, Any]) -> None:
    """Writes a message into the outbox, from where the relay sends it once the transaction is committed.

    Args:
        connection: An asyncpg connection in the transaction that causes the message; `work.driver` in a unit of work.
        tenant_id: The tenant that the message is of.
        topic: What the message tells; it names the stream.
        payload: The message; UUIDs and times are written as text.
    """
    lead_ids = payload.get("lead_ids", ()) if topic == "lead.changed" else ()
    named = ",".join(map(str, lead_ids)) if len(lead_ids) <= LARGEST_SIGNAL_LEADS else ""
    await connection.execute(
        _APPEND, tenant_id, topic, orjson.dumps(payload, default=str).decode(), f"{topic} {tenant_id} {named}"
    )
