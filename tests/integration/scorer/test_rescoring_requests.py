"""Scoring every open lead on request: progress, cancellation, and going on after a worker died."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from scoring.bulk.open_lead_rescoring import PAGES_AT_A_TIME, OpenLeadRescoring
from scoring.bulk.page_rescoring import PageRescoring
from scoring.bulk.row_scoring import RowScoring
from scoring.registry.model_cache import ModelCache
from scoring.registry.model_files import ModelFiles
from scoring.registry.model_tables import ModelTables
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.store.models import Models
from scoring.store.open_leads import OpenLeads
from scoring.store.operations import Operations
from scoring.store.rule_sets import RuleSets
from scoring.store.scores import Scores
from scoring.stream import operation_rescoring
from scoring.stream.consumer import StreamEntry
from scoring.stream.operation_rescoring import OperationRescoring
from scoring.stream.rescoring_requests import RescoringRequests
from server.runtime.database import Database
from server.runtime.errors import NoModel
from server.runtime.identifiers import new_id
from server.runtime.operations import RunningOperation
from tests.eventually import eventually
from tests.fakes.model_server import FakeModelServer
from tests.integration.scorer.conftest import add_champion, add_lead
from tfserving.client import PredictionClient

PAGE_SIZE = 256
SCORED = "SELECT count(*) FROM leads WHERE score_value IS NOT NULL"


class Worker:
    """What a worker does with rescoring requests, on the session's PostgreSQL and a model server of the test."""

    def __init__(self, database: Database, client: PredictionClient, repository: Path) -> None:
        self.database = database
        self.operations = Operations(database)
        pages = PageRescoring(
            OpenLeads(database),
            ModelCache(Models(database)),
            RuleSetCache(RuleSets(database)),
            RowScoring(ModelTables(ModelFiles(repository)), client),
            Scores(database),
            page_size=PAGE_SIZE,
        )
        rescoring = OperationRescoring(self.operations, OpenLeadRescoring(pages))
        self.requests = RescoringRequests(self.operations, rescoring)

    async def ask(self, tenant_id: UUID) -> tuple[RunningOperation, StreamEntry]:
        """Asks for a rescoring, and gives its operation and the entry that the relay would send."""
        operation = await self.operations.request_rescoring(tenant_id)
        payload = orjson.dumps({"operation_id": str(operation.operation_id)})
        return operation, StreamEntry("1-0", {b"tenant_id": str(tenant_id).encode(), b"payload": payload}, 0)

    async def operation(self, tenant_id: UUID) -> dict[str, Any]:
        """Gives the tenant's only operation."""
        async with self.database.transaction(tenant_id) as connection:
            row = await connection.fetchrow("SELECT * FROM operations")
        assert row is not None
        return dict(row)

    async def scored(self, tenant_id: UUID) -> int:
        """Counts the leads that have a score."""
        async with self.database.transaction(tenant_id) as connection:
            count: int = await connection.fetchval(SCORED)
        return count


@pytest.fixture
def worker(database: Database, prediction_client: PredictionClient, tmp_path: Path) -> Worker:
    return Worker(database, prediction_client, tmp_path / "models")


async def add_leads(database: Database, tenant_id: UUID, count: int) -> None:
    """Stores open leads."""
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO leads (tenant_id, id, status, received_time, fields) "
            """SELECT $1, unnest($2::uuid[]), 1, now(), '{"visits": {"number": 2}}'""",
            tenant_id,
            [new_id() for _ in range(count)],
        )


async def test_every_open_lead_gets_a_score(worker: Worker, database: Database, tenant_id: UUID) -> None:
    await add_champion(database, tenant_id)
    await add_leads(database, tenant_id, PAGE_SIZE + 10)
    await add_lead(database, tenant_id, status=2)
    asked, entry = await worker.ask(tenant_id)

    await worker.requests.handle([entry])

    operation = await worker.operation(tenant_id)
    assert (operation["method"], operation["state"], operation["stage"]) == ("RescoreLeads", 3, "done")
    assert operation["id"] == asked.operation_id
    assert orjson.loads(operation["result"]) == {
        "@type": "type.googleapis.com/leadline.v1.RescoreLeadsResponse",
        "scoredCount": str(PAGE_SIZE + 10),
    }
    assert await worker.scored(tenant_id) == PAGE_SIZE + 10


async def test_without_a_model_it_is_refused(worker: Worker, tenant_id: UUID) -> None:
    with pytest.raises(NoModel):
        await worker.ask(tenant_id)


async def test_a_worker_that_takes_over_goes_on_where_the_one_before_stood(
    worker: Worker,
    model_server: FakeModelServer,
    database: Database,
    tenant_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operation_rescoring, "REPORT_SECONDS", 0.0)
    await add_champion(database, tenant_id)
    pages = PAGES_AT_A_TIME + 2
    await add_leads(database, tenant_id, PAGE_SIZE * pages)
    _, entry = await worker.ask(tenant_id)
    first = asyncio.create_task(worker.requests.handle([entry]))

    async def has_a_position() -> bool:
        return bool((await worker.operation(tenant_id))["position"])

    await eventually(has_a_position)
    model_server.may_answer.clear()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    position = orjson.loads((await worker.operation(tenant_id))["position"])
    assert position["scored_count"] >= PAGE_SIZE
    assert position["total_count"] == PAGE_SIZE * pages
    model_server.may_answer.set()
    model_server.requests.clear()

    await worker.requests.handle([entry])

    assert len(model_server.requests) == pages - position["scored_count"] // PAGE_SIZE
    assert await worker.scored(tenant_id) == PAGE_SIZE * pages
    assert orjson.loads((await worker.operation(tenant_id))["result"])["scoredCount"] == str(PAGE_SIZE * pages)


async def test_cancelled_it_ends_and_the_scores_so_far_stay(
    worker: Worker, database: Database, tenant_id: UUID
) -> None:
    await add_champion(database, tenant_id)
    await add_leads(database, tenant_id, 5)
    _, entry = await worker.ask(tenant_id)
    async with database.transaction(tenant_id) as connection:
        await connection.execute("UPDATE operations SET cancel_requested = true")

    await worker.requests.handle([entry])

    operation = await worker.operation(tenant_id)
    assert orjson.loads(operation["error"])["reason"] == "OPERATION_CANCELLED"


async def test_a_request_that_is_put_aside_fails_its_operation(
    worker: Worker, database: Database, tenant_id: UUID
) -> None:
    await add_champion(database, tenant_id)
    _, entry = await worker.ask(tenant_id)

    await worker.requests.give_up(entry)
    await worker.requests.give_up(StreamEntry("1-0", {b"payload": b"{"}, 5))

    operation = await worker.operation(tenant_id)
    assert orjson.loads(operation["error"])["reason"] == "INTERNAL"
