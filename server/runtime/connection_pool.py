"""Lends connections to one database, at a small part of what asyncpg's own pool costs.

That one takes 55 µs of CPU to lend a connection and take it back, twice as much as the query asked meanwhile. It resets
the session each time, which Leadline's transactions have no need of: they leave nothing behind.
"""

import asyncio
import time
from typing import Final, TypeAlias

import asyncpg

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Statements are prepared once a connection and differ only by ids. Planning each execution anew, as PostgreSQL does
# where a parameter is an array, takes a multiple of the execution's time.
SESSION_SETTINGS: Final = {"plan_cache_mode": "force_generic_plan"}
"""What each connection is opened with."""


class ConnectionPool:
    """Opens connections when they are needed and keeps them for the next borrower, the warmest first.

    A connection that was lost, or that comes back in the middle of a transaction, is not lent again.

    Args:
        url: `postgresql://role[:password]@host:port/database`.
        size: The largest number of connections.
        connect_seconds: The longest time to wait for a free connection, and for a new one.
        statement_seconds: The longest time that a statement may take.
    """

    def __init__(self, url: str, *, size: int, connect_seconds: float, statement_seconds: float) -> None:
        self._url = url
        self._connect_seconds = connect_seconds
        self._statement_seconds = statement_seconds
        self._places = asyncio.Semaphore(size)
        self._idle: list[Driver] = []
        self._lent: set[Driver] = set()
        self._longest_wait = 0.0

    def take_longest_wait(self) -> float:
        """Gives how long a borrower had to wait at most for a free connection since this was asked last, in seconds."""
        longest, self._longest_wait = self._longest_wait, 0.0
        return longest

    def lend(self) -> "Loan":
        """Lends a connection for the time of an `async with` block.

        Entering the block gives an open connection outside any transaction, and raises

        - TimeoutError: all are lent and none came back in time, or the server did not answer in time;
        - OSError: the server can't be reached;
        - asyncpg.PostgresError: the server refuses the connection.
        """
        return Loan(self)

    async def take(self) -> Driver:
        """Gives a connection that is the caller's until it is given back; raises as `lend` does."""
        if self._places.locked():
            begin = time.monotonic()
            try:
                async with asyncio.timeout(self._connect_seconds):
                    await self._places.acquire()
            finally:
                self._longest_wait = max(self._longest_wait, time.monotonic() - begin)
        else:
            await self._places.acquire()
        try:
            connection = self._warmest() or await self._open()
        except BaseException:
            self._places.release()
            raise
        self._lent.add(connection)
        return connection

    def give_back(self, connection: Driver) -> None:
        """Takes a connection back."""
        self._lent.discard(connection)
        self._places.release()
        if connection.is_closed():
            return
        if connection.is_in_transaction():
            connection.terminate()
            return
        self._idle.append(connection)

    def terminate(self) -> None:
        """Closes all connections at once; what still runs on them is rolled back."""
        for connection in (*self._idle, *self._lent):
            connection.terminate()
        self._idle.clear()

    def _warmest(self) -> "Driver | None":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _open(self) -> Driver:
        return await asyncpg.connect(
            self._url,
            timeout=self._connect_seconds,
            command_timeout=self._statement_seconds,
            server_settings=SESSION_SETTINGS,
        )


class Loan:
    """A connection lent for the time of a block; a class, since a generator would cost as much as a small query.

    Args:
        pool: Where the connection comes from.
    """

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._connection: Driver | None = None

    async def __aenter__(self) -> Driver:
        """Gives the connection."""
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        """Gives it back."""
        if self._connection is not None:
            self._pool.give_back(self._connection)
