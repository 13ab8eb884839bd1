"""PostgreSQL: connections that row-level security binds to one tenant, and that come back by themselves.

Two ways lead to the same database. `Database.transaction` gives a plain asyncpg connection, for paths where each
microsecond counts. `Database.engine` gives SQLAlchemy Core for everything else, mostly through a unit of work.
Both hold jsonb as JSON text on the asyncpg level; SQLAlchemy's JSONB columns take and give Python objects.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from server.runtime.connection_pool import SESSION_SETTINGS, ConnectionPool, Driver
from server.runtime.errors import DependencyUnavailable, FieldViolation, InvalidRequest

# A lost server must be told to the caller well within usual deadlines.
CONNECT_SECONDS = 2.0
STATEMENT_SECONDS = 30.0
POOL_SIZE = 10

_UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down or starting
    asyncpg.InsufficientResourcesError,  # among them: no connection slot is free
    asyncpg.InternalClientError,
    PoolTimeoutError,
)
_UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


class Database:
    """Pools of connections to one PostgreSQL database in one role.

    Nothing is opened before it is needed, so a process starts whether the server is there or not, and each
    connection lost is replaced at its next use.
    """

    def __init__(self, url: str, pool: ConnectionPool, engine: AsyncEngine) -> None:
        self._url = url
        self._pool = pool
        self._probe: Driver | None = None
        self.engine = engine

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Makes the pools.

        Args:
            url: `postgresql://role[:password]@host:port/database`.
        """
        pool = ConnectionPool(url, size=POOL_SIZE, connect_seconds=CONNECT_SECONDS, statement_seconds=STATEMENT_SECONDS)
        engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            # Units of work send BEGIN themselves, together with the tenant.
            isolation_level="AUTOCOMMIT",
            poolclass=_MeasuredPool,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": STATEMENT_SECONDS,
                "server_settings": SESSION_SETTINGS,
            },
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        event.listen(engine.sync_engine, "checkout", _refuse_unusable)
        return cls(url, pool, engine)

    def take_longest_wait(self) -> float:
        """Gives how long somebody had to wait at most for a free connection since this was asked last, in seconds."""
        pool = self.engine.pool
        of_engine = pool.take_longest_wait() if isinstance(pool, _MeasuredPool) else 0.0
        return max(self._pool.take_longest_wait(), of_engine)

    @property
    def url(self) -> str:
        """Where it connects to, for a connection that listens."""
        return self._url

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[Driver]:
        """Opens a transaction that sees one tenant's rows.

        It commits when the block ends and rolls back if the block raises.

        Args:
            tenant_id: The tenant.

        Yields:
            An asyncpg connection in the transaction.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached or was lost on the way.
        """
        with driver_errors_translated():
            async with self._pool.lend() as connection:
                await begin(connection, tenant_id)
                try:
                    yield connection
                except BaseException:
                    await roll_back(connection)
                    raise
                await connection.execute("COMMIT")

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Driver]:
        """Lends an asyncpg connection without a tenant: it sees no tenant's rows, and each statement commits itself.

        Yields:
            An asyncpg connection.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached or was lost on the way.
        """
        with driver_errors_translated():
            async with self._pool.lend() as connection:
                yield connection

    async def is_reachable(self) -> bool:
        """Asks whether PostgreSQL answers now, over a connection kept for that: a pool in full use is not an outage.

        One that refuses the role, or has no such database yet, does not answer.
        """
        try:
            with driver_errors_translated():
                if self._probe is None or self._probe.is_closed():
                    self._probe = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
                await self._probe.execute("SELECT 1", timeout=CONNECT_SECONDS)
        except (DependencyUnavailable, asyncpg.PostgresError):
            self._end_probe()
            return False
        return True

    async def close(self) -> None:
        """Closes all connections at once; what still runs on them is rolled back."""
        self._end_probe()
        self._pool.terminate()
        await self.engine.dispose()

    def _end_probe(self) -> None:
        if self._probe is not None:
            self._probe.terminate()
            self._probe = None


class _MeasuredPool(AsyncAdaptedQueuePool):
    """A pool that remembers how long somebody had to wait for a connection that was in use."""

    _longest_wait = 0.0

    def take_longest_wait(self) -> float:
        """Gives the longest wait since this was asked last, in seconds."""
        longest, self._longest_wait = self._longest_wait, 0.0
        return longest

    def _do_get(self) -> ConnectionPoolEntry:
        if self.checkedout() < self.size():
            return super()._do_get()
        begin = time.monotonic()
        try:
            return super()._do_get()
        finally:
            self._longest_wait = max(self._longest_wait, time.monotonic() - begin)


async def begin(connection: Driver, tenant_id: UUID) -> None:
    """Begins a transaction and binds it to a tenant, in one round trip.

    Args:
        connection: A connection outside any transaction.
        tenant_id: The tenant whose rows it shall see.
    """
    await connection.execute(
        f"BEGIN; SELECT set_config('app.tenant_id', '{UUID(str(tenant_id))}', true)",
        timeout=CONNECT_SECONDS,
    )


async def roll_back(connection: Driver) -> None:
    """Rolls a transaction back, unless the connection is gone, which has done it already.

    Args:
        connection: A connection that may be in a transaction.
    """
    if not connection.is_closed() and connection.is_in_transaction():
        await connection.execute("ROLLBACK", timeout=CONNECT_SECONDS)


@contextmanager
def driver_errors_translated() -> Iterator[None]:
    """Turns what the drivers raise for reasons outside of the code into the domain's errors.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached or was lost on the way.
        InvalidRequest: A text has the character NUL, which PostgreSQL can't store.
    """
    try:
        yield
    except DBAPIError as error:
        driver_error = error.orig.__cause__ if error.orig else None
        if isinstance(driver_error, _UNSTORABLE):
            raise _unstorable() from error
        if error.connection_invalidated or isinstance(driver_error, (*_UNREACHABLE, OSError)):
            raise DependencyUnavailable("postgresql") from error
        raise
    except _UNSTORABLE as error:
        raise _unstorable() from error
    except asyncpg.InterfaceError as error:
        # Misuse of the driver raises it too; only the loss of the connection is the server's.
        if "closed" in str(error) or "terminated" in str(error):
            raise DependencyUnavailable("postgresql") from error
        raise
    except _UNREACHABLE as error:
        raise DependencyUnavailable("postgresql") from error
    except OSError as error:
        # Refused, reset, timed out, unless it is about a file that the block works with.
        if error.filename is None:
            raise DependencyUnavailable("postgresql") from error
        raise


def _unstorable() -> InvalidRequest:
    return InvalidRequest([FieldViolation("", "a text may not have the character NUL", "string.no_nul")])


def _refuse_unusable(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    driver: Driver = dbapi_connection.driver_connection
    if driver.is_closed() or driver.is_in_transaction():
        raise DisconnectionError
