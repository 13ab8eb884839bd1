"""Long-running operations in PostgreSQL, for those who follow or cancel them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, column, select, table, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from server.operations.operation import Operation, OperationFailure
from server.operations.ports import OperationTransaction
from server.runtime.database import Database
from server.runtime.operations import DONE
from server.runtime.unit_of_work import UnitOfWork, unit_of_work

_OPERATIONS: Final = table(
    "operations",
    *map(column, ("tenant_id", "id", "method", "state", "stage", "progress_percent", "cancel_requested")),
    *map(column, ("create_time", "update_time")),
    column("result", JSONB(none_as_null=True)),
    column("error", JSONB(none_as_null=True)),
)


class PostgresOperationTransaction:
    """The operations of one tenant in one transaction. See the port `OperationTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock(self, operation_id: UUID) -> Operation | None:
        """Gives an operation, which nobody else can change until the transaction ends."""
        query = _of(self._work.tenant_id).where(_OPERATIONS.c.id == operation_id).with_for_update()
        return await _one(self._work.connection, query)

    async def request_cancellation(self, operation_id: UUID) -> Operation:
        """Marks an operation that is locked as to be cancelled, and gives it as it then is."""
        tenant_id = self._work.tenant_id
        await self._work.connection.execute(
            update(_OPERATIONS)
            .where(_OPERATIONS.c.tenant_id == tenant_id, _OPERATIONS.c.id == operation_id)
            .values(cancel_requested=True)
        )
        operation = await _one(self._work.connection, _of(tenant_id).where(_OPERATIONS.c.id == operation_id))
        if operation is None:
            raise RuntimeError("an operation that is not locked can't be cancelled")
        return operation

    async def commit(self) -> None:
        """Makes the changes last."""
        await self._work.commit()


class PostgresOperationStore:
    """The operations of all tenants. See the port `OperationStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[OperationTransaction]:
        """Opens a transaction that sees one tenant's operations, or joins the one of the rpc."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresOperationTransaction(work)

    async def get(self, tenant_id: UUID, operation_id: UUID) -> Operation | None:
        """Gives an operation, None if the tenant has none with this id."""
        async with unit_of_work(self._database, tenant_id) as work:
            return await _one(work.connection, _of(tenant_id).where(_OPERATIONS.c.id == operation_id))

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[Operation]:
        """Gives operations, the newest first: their ids grow with time."""
        query = _of(tenant_id).order_by(_OPERATIONS.c.id.desc()).limit(size)
        if before is not None:
            query = query.where(_OPERATIONS.c.id < before)
        async with unit_of_work(self._database, tenant_id) as work:
            return [_operation(row) for row in await work.connection.execute(query)]


def _of(tenant_id: UUID) -> Select[Any]:
    return select(_OPERATIONS).where(_OPERATIONS.c.tenant_id == tenant_id)


async def _one(connection: AsyncConnection, query: Select[Any]) -> Operation | None:
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _operation(row)


def _operation(row: Row[Any]) -> Operation:
    return Operation(
        operation_id=row.id,
        method=row.method,
        stage=row.stage,
        progress_percent=row.progress_percent,
        done=row.state == DONE,
        result=row.result,
        failure=None if row.error is None else OperationFailure(**row.error),
        cancel_requested=row.cancel_requested,
        create_time=row.create_time,
        update_time=row.update_time,
    )
