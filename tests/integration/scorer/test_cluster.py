"""Scoring all open leads on a Ray cluster of two nodes: the same scores as on one machine, progress, resumption."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from scoring.bulk.open_leads import RescoringPosition
from scoring.cluster import ClusterRescoring, Connections, page_rescoring
from scoring.features.lead_columns import encode_columns
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable, OperationCancelled
from server.runtime.identifiers import new_id
from tests.fakes.model_server import FakeModelServer, serve
from tests.integration.scorer.conftest import add_champion
from tfserving.client import PredictionClient

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]  # Ray's own warnings are many.

STARTS = 3
PAGE_SIZE = 50
LEADS = 420
SCORES = "SELECT id, score_log_odds FROM leads WHERE score_id IS NOT NULL ORDER BY id"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two nodes, each with one processor."""
    with started_cluster() as started:
        started.add_node(num_cpus=1)
        yield started.address


def _started_head() -> "Cluster":
    """Starts the first node: Ray gives its store 15 seconds for that, which a busy machine may need more than once."""
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return _head()
    return _head()


def _head() -> "Cluster":
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - takes a second to import

    return Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})


@contextmanager
def started_cluster() -> Iterator["Cluster"]:
    """A cluster of one node with one processor."""
    started = _started_head()
    try:
        yield started
    finally:
        started.shutdown()  # type: ignore[no-untyped-call]


class Site:
    """A tenant with a champion and open leads, and what scores them on the cluster."""

    def __init__(self, address: str, database: Database, client: PredictionClient, connections: Connections) -> None:
        self.database = database
        self.connections = connections
        pages = page_rescoring(database, client, connections.model_repository)
        pages.page_size = PAGE_SIZE
        self.rescoring = ClusterRescoring(address, pages, connections)
        self.positions: list[RescoringPosition] = []

    async def report(self, position: RescoringPosition) -> None:
        """Notes the progress."""
        self.positions.append(position)

    async def scores(self, tenant_id: UUID) -> list[tuple[UUID, float]]:
        """Gives the scores that are stored."""
        async with self.database.transaction(tenant_id) as connection:
            return [tuple(row) for row in await connection.fetch(SCORES)]


@pytest.fixture
async def site(
    cluster: str, postgres: EmbeddedPostgres, database: Database, tenant_id: UUID, tmp_path: Path
) -> AsyncIterator[Site]:
    address = f"127.0.0.1:{free_port()}"
    server = await serve(FakeModelServer(), address)
    await add_champion(database, tenant_id)
    visits = np.arange(LEADS) % 7
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO leads (tenant_id, id, status, received_time, fields) SELECT $1, id, 1, now(), "
            "jsonb_build_object('visits', jsonb_build_object('number', visits), 'source', $4::jsonb) "
            "FROM unnest($2::uuid[], $3::int[]) AS l (id, visits)",
            tenant_id,
            [new_id() for _ in range(LEADS)],
            visits.tolist(),
            '{"category": "Fair"}',
        )
    connections = Connections(postgres.url("leadline_app"), address, tmp_path / "models")
    async with PredictionClient(address) as client:
        yield Site(cluster, database, client, connections)
    await server.stop(None)


async def test_the_scores_are_those_of_one_machine(site: Site, tenant_id: UUID) -> None:
    done = await site.rescoring.rescore(tenant_id, None, site.report)

    scores = await site.scores(tenant_id)
    assert len(scores) == LEADS
    async with PredictionClient(site.connections.model_server_address) as client:
        alone = page_rescoring(site.database, client, site.connections.model_repository)
        model = await alone.model(tenant_id)
        assert model is not None
        page = await alone.read(tenant_id, model, UUID(int=0))
        X = encode_columns(model.feature_set, page.leads, page.read_time)
        log_odds, _ = await alone._rows.log_odds(tenant_id, model, X)
    assert scores == list(zip(page.lead_ids, log_odds, strict=True))
    assert (done.scored_count, done.total_count) == (LEADS, LEADS)


async def test_progress_comes_in_the_order_of_the_pages(site: Site, tenant_id: UUID) -> None:
    await site.rescoring.rescore(tenant_id, None, site.report)

    counts = [position.scored_count for position in site.positions]
    assert counts == [*range(PAGE_SIZE, LEADS, PAGE_SIZE), LEADS]


async def test_what_was_cut_off_goes_on_where_it_was(site: Site, tenant_id: UUID) -> None:
    async def cancel(position: RescoringPosition) -> None:
        site.positions.append(position)
        if len(site.positions) == 2:
            raise OperationCancelled

    with pytest.raises(OperationCancelled):
        await site.rescoring.rescore(tenant_id, None, cancel)
    start = RescoringPosition.from_json(site.positions[-1].to_json())
    site.positions.clear()
    done = await site.rescoring.rescore(tenant_id, start, site.report)

    assert len(await site.scores(tenant_id)) == LEADS
    assert done.scored_count == LEADS
    assert site.positions[0].scored_count == 3 * PAGE_SIZE


async def test_a_dependency_that_is_away_is_named(site: Site, tenant_id: UUID) -> None:
    away = Connections(site.connections.database_url, f"127.0.0.1:{free_port()}", site.connections.model_repository)
    rescoring = ClusterRescoring(site.rescoring._address, site.rescoring._pages, away)

    with pytest.raises(DependencyUnavailable) as caught:
        await asyncio.wait_for(rescoring.rescore(tenant_id, None, site.report), 60)
    assert caught.value.dependency == "model_server"


async def test_a_cluster_that_is_lost_on_the_way_costs_the_attempt_and_not_the_worker(
    site: Site, tenant_id: UUID
) -> None:
    with started_cluster() as lost:
        rescoring = ClusterRescoring(lost.address, site.rescoring._pages, site.connections)

        async def lose(position: RescoringPosition) -> None:
            site.positions.append(position)
            if len(site.positions) == 1:
                await asyncio.to_thread(lost.shutdown)

        async with site.database.transaction(tenant_id) as connection:
            # The last page can't be stored while its last lead is held.
            await connection.execute("SELECT FROM leads ORDER BY id DESC LIMIT 1 FOR UPDATE")
            with pytest.raises(DependencyUnavailable) as caught:
                await asyncio.wait_for(rescoring.rescore(tenant_id, None, lose), 120)
    assert caught.value.dependency == "ray"

    done = await site.rescoring.rescore(tenant_id, site.positions[-1], site.report)
    assert (done.scored_count, len(await site.scores(tenant_id))) == (LEADS, LEADS)
