"""The public keys by which tokens are verified: from a file, from the database, or from both."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable

# A new key is published long before it signs; only the very first one signs at once.
POLL_SECONDS = 2.0
# A key whose last token has long expired is published no more.
_QUERY = (
    "SELECT public_key FROM signing_keys WHERE sign_until_time IS NULL OR sign_until_time > now() - interval '1 hour'"
)

_log = structlog.get_logger()


class PublishedKeys:
    """The issuer's public keys.

    The file is read again when it has changed and a token is not yet known, the database every two seconds. While
    either can't be read, the keys that are known hold.

    Args:
        file: A JSON Web Key Set; None where all keys are in the database.
        database: Where signing keys are kept; None where all keys are in the file.

    Raises:
        OSError: The file can't be read.
        ValueError: The file is not a JSON Web Key Set with a key that can be used.
    """

    def __init__(self, file: Path | None, database: Database | None = None) -> None:
        self._file = file
        self._database = database
        self._read_time = 0.0
        self._of_file: list[ECKey] = self._read_file(file) if file is not None else []
        self._of_database: list[ECKey] = []
        self._set = KeySet(list(self._of_file))
        self._are_complete = database is None

    @property
    def are_complete(self) -> bool:
        """Whether the database was read, so that no key is missing."""
        return self._are_complete

    def current(self) -> KeySet:
        """Gives all keys as they are known now."""
        try:
            if self._file is not None and self._file.stat().st_mtime != self._read_time:
                self._of_file = self._read_file(self._file)
                self._join()
        except (OSError, ValueError) as error:
            _log.error("keys can't be read", file=str(self._file), cause=repr(error))
        return self._set

    async def poll(self) -> None:
        """Reads the keys in the database.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        if self._database is None:
            return
        async with self._database.session() as connection:
            rows = await connection.fetch(_QUERY)
        self._of_database = [ECKey.import_key(json.loads(row["public_key"])) for row in rows]
        self._join()
        self._are_complete = True

    async def follow(self) -> None:
        """Reads the keys in the database again and again, without an end."""
        away = False
        while True:
            try:
                await self.poll()
            # A database that is being set up refuses the role, or has no table yet.
            except (DependencyUnavailable, asyncpg.PostgresError) as error:
                if not away:
                    _log.warning("keys can't be read", cause=repr(error.__cause__ or error))
                away = True
            else:
                away = False
            await asyncio.sleep(POLL_SECONDS)

    def document(self) -> dict[str, Any]:
        """Gives the keys as the JSON Web Key Set to publish."""
        return {"keys": [key.as_dict(private=False) for key in self.current().keys]}

    def _join(self) -> None:
        self._set = KeySet([*self._of_file, *self._of_database])

    def _read_file(self, file: Path) -> list[ECKey]:
        read_time = file.stat().st_mtime
        document = json.loads(file.read_text(encoding="utf-8"))
        try:
            keys = KeySet.import_key_set(document)
        except (JoseError, TypeError, KeyError) as error:
            raise ValueError(f"{file} is not a JSON Web Key Set") from error
        found = [key for key in keys.keys if isinstance(key, ECKey)]
        if not found:
            raise ValueError(f"{file} has no key that can be used")
        self._read_time = read_time
        return found
