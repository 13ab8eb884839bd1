"""One transaction for one mutating rpc, committed explicitly.

A use case writes

    async with unit_of_work(database, tenant_id) as work:
        ...
        await work.commit()

and what is not committed is rolled back. Where an idempotency key came with the rpc, its interceptor has opened the
unit of work already; the use case then joins it, and its commit takes effect together with the stored answer, after the
use case. Either way a commit is the last thing that a use case does. The record of a change in the audit log is written
by its commit.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from server.runtime.audit import note_recorded, record_to_commit
from server.runtime.connection_pool import Driver
from server.runtime.database import Database, begin, driver_errors_translated, roll_back


class UnitOfWork:
    """A transaction that sees one tenant's rows.

    Attributes:
        tenant_id: The tenant.
        connection: The transaction for SQLAlchemy Core.
        driver: The same transaction as a plain asyncpg connection.
        committed: Whether a use case has asked for the commit.
        is_repetition: Whether it only gives an answer once more, so that there is nothing to record.
    """

    def __init__(self, tenant_id: UUID, connection: AsyncConnection, driver: Driver) -> None:
        self.tenant_id = tenant_id
        self.connection = connection
        self.driver = driver
        self.committed = False
        self.is_repetition = False

    async def commit(self) -> None:
        """Commits the transaction."""
        await self.end()
        self.committed = True

    async def end(self) -> None:
        """Commits the transaction with its record in the audit log, whoever has asked for it."""
        record = None if self.is_repetition else record_to_commit(self.tenant_id)
        if record is None:
            await self.driver.execute("COMMIT")
        else:
            await self.driver.execute(f"{record}; COMMIT")
            note_recorded()


class _HeldUnitOfWork(UnitOfWork):
    """A unit of work whose commit waits for whoever opened it."""

    async def commit(self) -> None:
        """Asks for the commit."""
        self.committed = True


_held: ContextVar[UnitOfWork | None] = ContextVar("held_unit_of_work", default=None)


@asynccontextmanager
async def unit_of_work(database: Database, tenant_id: UUID) -> AsyncIterator[UnitOfWork]:
    """Opens a unit of work, or joins the one that the rpc has already.

    Args:
        database: The database in the role of the application.
        tenant_id: The tenant whose rows it shall see.

    Yields:
        The unit of work. Without a commit it is rolled back.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached or was lost on the way.
        RuntimeError: The rpc's unit of work is another tenant's.
    """
    held = _held.get()
    if held is not None:
        if held.tenant_id != tenant_id:
            raise RuntimeError("a unit of work can't change its tenant")
        yield held
        return
    async with _transaction(database, tenant_id, UnitOfWork) as work:
        yield work


@asynccontextmanager
async def held_unit_of_work(database: Database, tenant_id: UUID) -> AsyncIterator[UnitOfWork]:
    """Opens a unit of work that use cases join, and commits it at the end of the block if one of them asked for it.

    Args:
        database: The database in the role of the application.
        tenant_id: The tenant whose rows it shall see.

    Yields:
        The unit of work.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached or was lost on the way.
    """
    async with _transaction(database, tenant_id, _HeldUnitOfWork) as work:
        token = _held.set(work)
        try:
            yield work
        finally:
            _held.reset(token)
        if work.committed:
            await work.end()


async def commit_held() -> None:
    """Asks for the commit of the rpc's unit of work, for an rpc whose effect is elsewhere: its answer is kept there."""
    held = _held.get()
    if held is not None:
        await held.commit()


@asynccontextmanager
async def _transaction(database: Database, tenant_id: UUID, kind: type[UnitOfWork]) -> AsyncIterator[UnitOfWork]:
    with driver_errors_translated():
        async with database.engine.connect() as connection:
            driver = await _driver_of(connection)
            try:
                await begin(driver, tenant_id)
                yield kind(tenant_id, connection, driver)
            finally:
                await _end(connection, driver)


async def _end(connection: AsyncConnection, driver: Driver) -> None:
    try:
        await roll_back(driver)
    except BaseException:
        # Nobody may find the rest of this transaction in the pool.
        await connection.invalidate()
        raise


async def _driver_of(connection: AsyncConnection) -> Driver:
    raw_connection = await connection.get_raw_connection()
    driver: Driver | None = raw_connection.driver_connection
    if driver is None:
        raise RuntimeError("the pool gave a connection without a driver")
    return driver
