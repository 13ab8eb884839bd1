"""Long-running operations in PostgreSQL, as the process that does their work starts, follows and ends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.unit_of_work import UnitOfWork

RUNNING, DONE = 2, 3

# Text, since the connections of a unit of work would parse JSON by themselves.
_COLUMNS = (
    "id, method, request::text AS request, stage, progress_percent, cancel_requested, create_time, update_time, "
    "position::text AS position"
)

_ADD = f"""
INSERT INTO operations (tenant_id, id, method, request, stage) VALUES ($1, $2, $3, $4, 'waiting for a worker')
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_BEGIN = f"""
UPDATE operations SET state = {RUNNING}, update_time = now()
WHERE tenant_id = $1 AND id = $2 AND state <> {DONE}
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_REPORT = f"""
UPDATE operations SET stage = $3, progress_percent = $4, position = coalesce($5::jsonb, position),
    update_time = now()
WHERE tenant_id = $1 AND id = $2 AND state <> {DONE}
RETURNING cancel_requested
"""  # noqa: S608 - constants

_END = f"""
UPDATE operations SET state = {DONE}, stage = $3, progress_percent = CASE WHEN $5::jsonb IS NULL THEN 100
    ELSE progress_percent END, result = $4, error = $5, update_time = now()
WHERE tenant_id = $1 AND id = $2 AND state <> {DONE}
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class RunningOperation:
    """A long-running operation that is not over.

    Attributes:
        operation_id: Its id.
        method: The rpc that started it.
        request: What was asked for, as JSON values.
        stage: Where it stands, in words.
        progress_percent: How much is done, 0 to 100.
        cancel_requested: Whether somebody asked for its cancellation.
        create_time: When it was asked for, UTC.
        update_time: When it last reported, UTC.
        position: Where a worker that takes it over goes on, as JSON values; None at the beginning.
    """

    operation_id: UUID
    method: str
    request: Mapping[str, Any]
    stage: str
    progress_percent: int
    cancel_requested: bool
    create_time: datetime
    update_time: datetime
    position: Mapping[str, Any] | None = None


class RunningOperations:
    """The operations in PostgreSQL. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, tenant_id: UUID, operation_id: UUID) -> RunningOperation | None:
        """Marks an operation as running and gives it; None if it is over or the tenant has no such operation."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_BEGIN, tenant_id, operation_id)
        return None if row is None else _operation(row)

    async def report(
        self,
        tenant_id: UUID,
        operation_id: UUID,
        stage: str,
        progress_percent: int,
        position: Mapping[str, Any] | None = None,
    ) -> bool:
        """Tells where a running operation stands.

        Args:
            tenant_id: The tenant.
            operation_id: The operation.
            stage: In words that can be shown to a person.
            progress_percent: How much is done, 0 to 100.
            position: Where a worker that takes it over shall go on, as JSON values; None leaves it as it was.

        Returns:
            Whether it shall go on: False if somebody asked for its cancellation, or it is over.
        """
        async with self._database.transaction(tenant_id) as connection:
            cancel_requested = await connection.fetchval(
                _REPORT, tenant_id, operation_id, stage, progress_percent, None if position is None else _json(position)
            )
        return cancel_requested is False

    async def succeed(self, tenant_id: UUID, operation_id: UUID, result: Mapping[str, Any]) -> None:
        """Ends an operation with its response, as the JSON form of `google.protobuf.Any`; no effect if it is over."""
        await self._end(tenant_id, operation_id, "done", _json(result), None)

    async def fail(self, tenant_id: UUID, operation_id: UUID, error: Mapping[str, Any]) -> None:
        """Ends an operation with an error; no effect if it is over.

        Args:
            tenant_id: The tenant.
            operation_id: The operation.
            error: `code` (of google.rpc.Code), `reason` (of ErrorInfo), `message` and `metadata`.
        """
        stage = "cancelled" if error["reason"] == "OPERATION_CANCELLED" else "failed"
        await self._end(tenant_id, operation_id, stage, None, _json(error))

    async def _end(
        self, tenant_id: UUID, operation_id: UUID, stage: str, result: str | None, error: str | None
    ) -> None:
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_END, tenant_id, operation_id, stage, result, error)


async def add_operation(
    work: UnitOfWork, tenant_id: UUID, method: str, request: Mapping[str, Any], topic: outbox.Topic | None = None
) -> RunningOperation:
    """Writes down in a unit of work that something long shall be done.

    Args:
        work: The unit of work, which its owner commits.
        tenant_id: Its tenant.
        method: The rpc that asks for it, such as `TrainModel`.
        request: What it is done with, as JSON values.
        topic: The topic of the message to the worker that will do it; None if that looks for it by itself.
    """
    operation_id = new_id()
    row = await work.driver.fetchrow(_ADD, tenant_id, operation_id, method, _json(request))
    if row is None:
        raise RuntimeError("an insert gave no row")
    if topic is not None:
        await outbox.append(work.driver, tenant_id, topic, {"operation_id": str(operation_id)})
    return _operation(row)


def _operation(row: asyncpg.Record) -> RunningOperation:
    return RunningOperation(
        operation_id=row["id"],
        method=row["method"],
        request=orjson.loads(row["request"]),
        stage=row["stage"],
        progress_percent=row["progress_percent"],
        cancel_requested=row["cancel_requested"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        position=None if row["position"] is None else orjson.loads(row["position"]),
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
