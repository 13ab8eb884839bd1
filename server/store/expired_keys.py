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
    async with database.session() as connection:
        status = await connection.execute(_DELETE)
    return int(status.removeprefix("DELETE "))


async def delete_expired_dead_letters(database: Database) -> int:
    """Deletes the dead letters of all tenants that came last more than 30 days ago.

    Args:
        database: The database in the role of the relay.

    Returns:
        How many were deleted.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    async with database.session() as connection:
        status = await connection.execute(_DELETE_DEAD_LETTERS)
    return int(status.removeprefix("DELETE "))
