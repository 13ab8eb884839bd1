"""Signing keys in PostgreSQL."""

from collections.abc import Callable, Sequence

import orjson

from server.identity.signing_keys import SigningKey
from server.runtime.connection_pool import Driver
from server.runtime.database import Database

_CURRENT = "SELECT * FROM signing_keys WHERE sign_until_time IS NULL OR sign_until_time > now() ORDER BY sign_from_time"
# Any number that nothing else locks.
_LOCK = 5_100_127


class PostgresSigningKeyStore:
    """The signing keys of all tenants. See the port `SigningKeyStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self) -> Sequence[SigningKey]:
        """Gives the keys that sign or will sign."""
        async with self._database.session() as connection:
            return await _read(connection)

    async def change(self, decide: Callable[[Sequence[SigningKey]], SigningKey | None]) -> None:
        """Adds the key that `decide` gives, while nobody else does."""
        async with self._database.session() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            added = decide(await _read(connection))
            if added is None:
                return
            await connection.execute(
                "UPDATE signing_keys SET sign_until_time = $1 WHERE sign_until_time IS NULL", added.sign_from_time
            )
            await connection.execute(
                "INSERT INTO signing_keys (id, public_key, sealed_private_key, sign_from_time) VALUES ($1, $2, $3, $4)",
                added.key_id,
                orjson.dumps(added.public_key).decode(),
                added.sealed_private_key,
                added.sign_from_time,
            )


async def _read(connection: Driver) -> list[SigningKey]:
    return [
        SigningKey(
            key_id=row["id"],
            public_key=orjson.loads(row["public_key"]),
            sealed_private_key=row["sealed_private_key"],
            sign_from_time=row["sign_from_time"],
            sign_until_time=row["sign_until_time"],
        )
        for row in await connection.fetch(_CURRENT)
    ]
