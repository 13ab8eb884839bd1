"""Forgets idempotency keys and dead letters whose time is over."""

from typing import Final

from server.runtime.database import Database

# The policy of the relay's role lets it see no younger ones.
_DELETE: Final = "DELETE FROM idempotency_keys WHERE create_time < now() - interval '24 hours'"


_DELETE_DEAD_LETTERS: Final = "DELETE FROM dead_letters WHERE update_time < now() - interval '30 days'"


async def delete_expired_keys(database: Database) -> int:
    """Deletes the keys of all tenants that are older than 24 hours.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many were deleted.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    return await _delete(database, _DELETE)


async def delete_expired_dead_letters(database: Database) -> int:
    """Deletes the dead letters of all tenants that came last more than 30 days ago.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many were deleted.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    return await _delete(database, _DELETE_DEAD_LETTERS)


# How long events wait for their visitor to be known, and how long a visitor is remembered who does not come again. The
# policies of the relay's role let it see no younger ones.
_DELETE_VISITOR_EVENTS: Final = "DELETE FROM visitor_events WHERE create_time < now() - interval '30 days'"
_DELETE_VISITORS: Final = "DELETE FROM visitors WHERE update_time < now() - interval '400 days'"


async def delete_expired_visits(database: Database) -> int:
    """Deletes the events of all tenants that have waited 30 days for their visitor to be known, and old visitors.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many rows were deleted.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    return await _delete(database, _DELETE_VISITOR_EVENTS, _DELETE_VISITORS)


# The policies of the relay's role let it see no younger ones; of deliveries it may see all, and delete the old alone.
_DELETE_RUNS: Final = tuple(
    f"DELETE FROM {table} WHERE create_time < now() - interval '90 days'"  # noqa: S608 - a constant
    for table in ("workflow_runs", "webhook_deliveries", "notifications", "crm_queue_items")
)


async def delete_expired_runs(database: Database) -> int:
    """Deletes what workflows of all tenants did more than 90 days ago.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many rows were deleted.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    return await _delete(database, *_DELETE_RUNS)


async def destroy_retired_keys(database: Database) -> int:
    """Destroys the versions of tenants' keys that were retired more than 91 days ago.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many were destroyed.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    return await _delete(database, "DELETE FROM tenant_keys WHERE retire_time < now() - interval '91 days'")


async def _delete(database: Database, *statements: str) -> int:
    """Runs statements that delete, each a transaction of its own, and gives how many rows they deleted."""
    async with database.session() as connection:
        statuses = [await connection.execute(statement) for statement in statements]
    return sum(int(status.removeprefix("DELETE ")) for status in statuses)
