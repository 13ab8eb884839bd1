"""Scores by a model's tables where they are at hand, by the model server elsewhere."""

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from scoring.registry.model_files import ModelFiles
from scoring.registry.model_tables import ModelTables
from scoring.registry.served_model import name_in_model_server
from scoring.scores.table_predictor import TablePredictor
from server.runtime.identifiers import new_id
from tests.fakes.scoring import BASE_LOG_ODDS, FakePredictor
from tfserving.row_tables import EXTRA, FILE, write_tables
from tfserving.servable import LinearServable

ROWS = np.array([[1.0], [2.5]], np.float32)


def identity() -> LinearServable:
    """Make a model of one quantity whose value is added to the log-odds as it is."""
    one, zero, none = np.ones(1), np.zeros(1), np.zeros(1, np.int32)
    return LinearServable(BASE_LOG_ODDS, zero, 10 * one, one, zero, zero, none, none, zero)


class Repository:
    """A model repository with a few versions, and a predictor over it."""

    def __init__(self, folder: Path, *, kept_seconds: float) -> None:
        self.files = ModelFiles(folder)
        self.model_server = FakePredictor()
        self.predictor = TablePredictor(
            ModelTables(self.files, capacity=1, kept_seconds=kept_seconds), self.model_server
        )

    def add(self, tenant_id: UUID) -> None:
        folder = self.files.version(tenant_id, 1) / EXTRA
        folder.mkdir(parents=True)
        write_tables(identity(), folder)

    async def asks_for(self, tenant_id: UUID) -> bool:
        """Score with the tenant's model, and tell whether the model server was asked."""
        before = len(self.model_server.batch_sizes)
        predicted = await self.predictor.predict(name_in_model_server(tenant_id), 1, ROWS)
        assert predicted.log_odds == pytest.approx([BASE_LOG_ODDS + 1.0, BASE_LOG_ODDS + 2.5])
        assert predicted.base_log_odds == pytest.approx([BASE_LOG_ODDS] * 2)
        return len(self.model_server.batch_sizes) > before


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, kept_seconds=0.0)


async def test_nobody_is_asked_where_there_are_tables(repository: Repository, tenant_id: UUID) -> None:
    repository.add(tenant_id)
    assert not await repository.asks_for(tenant_id)


async def test_the_model_server_says_why(repository: Repository, tenant_id: UUID) -> None:
    repository.add(tenant_id)
    explained = await repository.predictor.explain(name_in_model_server(tenant_id), 1, ROWS)
    assert explained.attributions == [[1.0], [2.5]]
    assert repository.model_server.batch_sizes == [2]


async def test_the_model_server_is_asked_without_tables(repository: Repository, tenant_id: UUID) -> None:
    assert await repository.asks_for(tenant_id)


async def test_the_model_server_is_asked_where_tables_are_broken(repository: Repository, tenant_id: UUID) -> None:
    repository.add(tenant_id)
    (repository.files.version(tenant_id, 1) / EXTRA / FILE).write_bytes(b"broken")
    assert await repository.asks_for(tenant_id)


async def test_that_there_are_no_tables_is_found_out_once(repository: Repository, tenant_id: UUID) -> None:
    assert await repository.asks_for(tenant_id)
    repository.add(tenant_id)
    assert await repository.asks_for(tenant_id)


async def test_tables_that_are_not_used_make_room(repository: Repository, tenant_id: UUID) -> None:
    other = new_id()
    for tenant in (tenant_id, other):
        repository.add(tenant)
    for tenant in (tenant_id, other, tenant_id):
        assert not await repository.asks_for(tenant)


async def test_tables_in_use_are_not_read_over_and_over(tmp_path: Path, tenant_id: UUID) -> None:
    repository, other = Repository(tmp_path, kept_seconds=3_600.0), new_id()
    for tenant in (tenant_id, other):
        repository.add(tenant)
    assert not await repository.asks_for(tenant_id)
    assert await repository.asks_for(other)
    assert not await repository.asks_for(tenant_id)
