"""Records that no transaction carries: gathered, written, kept while PostgreSQL is away, and none lost at a stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from server.runtime import audit_trail
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from tests.eventually import eventually


class FakeDatabase:
    """Keeps what is written, and can be away."""

    def __init__(self) -> None:
        self.written: list[tuple[UUID, list[str]]] = []
        self.is_away = False

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator["FakeDatabase"]:
        if self.is_away:
            raise DependencyUnavailable("postgresql")
        assert tenant_id
        yield self

    async def execute(self, _statement: str, tenant_id: UUID, contents: list[str]) -> None:
        self.written.append((tenant_id, contents))


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


def trail_of(database: Any, **settings: int) -> AuditTrail:
    return AuditTrail(cast("Database", database), **settings)


async def test_records_are_written_together_by_tenant(database: FakeDatabase) -> None:
    trail, one, other = trail_of(database), new_id(), new_id()
    for number, tenant_id in enumerate((one, other, one)):
        trail.add(tenant_id, str(number).encode())
    assert database.written == []

    async def all_are_written() -> bool:
        return len(database.written) == 2

    await eventually(all_are_written)
    assert database.written == [(one, ["0", "2"]), (other, ["1"])]
    await trail.close()


async def test_a_stop_writes_all_that_wait(database: FakeDatabase) -> None:
    trail, tenant_id = trail_of(database), new_id()
    for number in range(audit_trail.LARGEST_BATCH + 1):
        trail.add(tenant_id, str(number).encode())
    await trail.close()
    assert [content for _, contents in database.written for content in contents] == [
        str(number) for number in range(audit_trail.LARGEST_BATCH + 1)
    ]


async def test_records_wait_while_postgresql_is_away_and_only_so_many(
    database: FakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "RETRY_PAUSE_SECONDS", 0.01)
    trail, tenant_id = trail_of(database, largest_backlog=2), new_id()
    database.is_away = True
    trail.add(tenant_id, b"1")
    trail.add(tenant_id, b"2")
    with pytest.raises(DependencyUnavailable):
        trail.add(tenant_id, b"3")
    database.is_away = False
    await trail.close()
    assert database.written == [(tenant_id, ["1", "2"])]
    trail.add(tenant_id, b"4")
    await trail.close()
    assert database.written[1:] == [(tenant_id, ["4"])]


async def test_a_stop_does_not_wait_for_ever(database: FakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "CLOSING_SECONDS", 0.05)
    trail = trail_of(database)
    database.is_away = True
    trail.add(new_id(), b"1")
    await trail.close()
    assert database.written == []
