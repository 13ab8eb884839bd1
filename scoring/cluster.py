"""Scores all open leads of a tenant on a Ray cluster, by the same pages as one machine does.

Ray Data hands the pages' spans of ids out to actors on the cluster's nodes. Each reads, scores and stores its pages
itself; what comes back is how many leads a page had, in the order of the pages, so that progress, cancellation and
resumption are those of one machine. The nodes need Leadline with the extra `ray`, and must reach PostgreSQL and, where
they don't see the model repository at the same path, the model server.

Ray ends the process of a driver whose node goes away. The driver therefore is a process of its own: a cluster that is
lost costs the operation an attempt, and never the worker.
"""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import structlog

from scoring.bulk.open_lead_rescoring import Progress
from scoring.bulk.open_leads import LAST_OF_ALL, RescoringPosition
from scoring.bulk.page_rescoring import PageRescoring
from scoring.bulk.row_scoring import RowScoring
from scoring.registry.model_cache import ModelCache
from scoring.registry.model_files import ModelFiles
from scoring.registry.model_tables import ModelTables
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.store.models import Models
from scoring.store.open_leads import OpenLeads
from scoring.store.rule_sets import RuleSets
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from tfserving.client import PredictionClient

# Actors on the cluster at most: more would only wait for PostgreSQL.
MOST_ACTORS = 16

# A page waits for its turn behind callers who wait for an answer.
PREDICTION_TIMEOUT_SECONDS = 10.0

# How long a driver may take to leave the cluster before it is killed.
LEAVE_SECONDS = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connections:
    """What a process needs to score pages.

    Attributes:
        database_url: PostgreSQL, in the role of the application.
        model_server_address: The model server, host:port.
        model_repository: The folder from which the model server reads, whether it can be seen or not.
    """

    database_url: str
    model_server_address: str
    model_repository: Path


def page_rescoring(database: Database, prediction_client: PredictionClient, model_repository: Path) -> PageRescoring:
    """Gives what scores pages, over connections that the caller has opened."""
    return PageRescoring(
        OpenLeads(database),
        ModelCache(Models(database)),
        RuleSetCache(RuleSets(database)),
        RowScoring(ModelTables(ModelFiles(model_repository)), prediction_client),
        Scores(database),
    )


@asynccontextmanager
async def _connected(connections: Connections) -> AsyncIterator[PageRescoring]:
    database = await Database.connect(connections.database_url)
    try:
        async with PredictionClient(
            connections.model_server_address, timeout_seconds=PREDICTION_TIMEOUT_SECONDS
        ) as prediction_client:
            yield page_rescoring(database, prediction_client, connections.model_repository)
    finally:
        await database.close()


class SpanScorer:
    """What an actor does: scores and stores the open leads of spans of ids.

    Args:
        connections: What it needs.
        tenant_id: The tenant.
    """

    def __init__(self, connections: Connections, tenant_id: UUID) -> None:
        self._tenant_id = tenant_id
        # The connections belong to one loop, which therefore stays the actor's.
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._pages = self._runner.run(self._stack.enter_async_context(_connected(connections)))

    def __call__(self, span: dict[str, str]) -> dict[str, Any]:
        """Scores and stores a span.

        Args:
            span: `after` and `until`, ids as text.

        Returns:
            `until`, the `count` of leads that were scored, and the dependency that is `unavailable`; empty for none.
        """
        try:
            count = self._runner.run(self._score(UUID(span["after"]), UUID(span["until"])))
        except DependencyUnavailable as error:
            return {"until": span["until"], "count": 0, "unavailable": error.dependency}
        return {"until": span["until"], "count": count, "unavailable": ""}

    async def _score(self, after: UUID, until: UUID) -> int:
        count = 0
        while (model := await self._pages.model(self._tenant_id)) is not None and (
            page := await self._pages.read(self._tenant_id, model, after, until)
        ):
            await self._pages.score_and_store(self._tenant_id, model, page)
            count, after = count + len(page), page.lead_ids[-1]
        return count


class ClusterRescoring:
    """Scores open leads on a Ray cluster; an `OpenLeadRescorer`.

    Args:
        address: The cluster, as `ray.init` takes it.
        pages: Scores pages in this process, which only finds the pages.
        connections: What a process on the cluster needs to score them.
    """

    def __init__(self, address: str, pages: PageRescoring, connections: Connections) -> None:
        self._address = address
        self._pages = pages
        self._connections = connections

    async def rescore(self, tenant_id: UUID, start: RescoringPosition | None, progress: Progress) -> RescoringPosition:
        """See `OpenLeadRescorer`."""
        leads = self._pages.leads
        done = start or RescoringPosition(total_count=await leads.open_count(tenant_id))
        ends = await leads.open_page_ends(tenant_id, done.last_id, self._pages.page_size)
        # What comes in meanwhile is behind the last id.
        bounds = [done.last_id, *ends[:-1], LAST_OF_ALL]
        spans = [{"after": str(after), "until": str(until)} for after, until in pairwise(bounds)]
        driver, pages = self._start_driver(tenant_id, spans)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1) as thread:
            try:
                while (page := await loop.run_in_executor(thread, _next, pages)) is not None:
                    if page["unavailable"]:
                        raise DependencyUnavailable(page["unavailable"])
                    done = done.after(UUID(page["until"]), page["count"])
                    await progress(done)
            finally:
                # Whoever waits for a page sees the end of the driver, too.
                driver.terminate()
                await loop.run_in_executor(thread, _leave, driver, pages)
        return done

    def _start_driver(self, tenant_id: UUID, spans: list[dict[str, str]]) -> tuple[BaseProcess, Connection]:
        """Gives the process that has the cluster score the spans, and where it says what becomes of them."""
        # A fork would take over the threads and connections of the worker.
        context = multiprocessing.get_context("spawn")
        pages, told = context.Pipe(duplex=False)
        driver = context.Process(
            target=_drive, args=(self._address, self._connections, tenant_id, spans, told), daemon=True
        )
        driver.start()
        told.close()
        return driver, pages


def _next(pages: Connection) -> dict[str, Any] | None:
    """Waits for the next page; None after the last."""
    try:
        return cast("dict[str, Any] | None", pages.recv())
    except EOFError as error:
        raise DependencyUnavailable("ray") from error


def _leave(driver: BaseProcess, pages: Connection) -> None:
    driver.join(LEAVE_SECONDS)
    if driver.exitcode is None:
        driver.kill()
        driver.join()
    driver.close()
    pages.close()


def _drive(
    address: str, connections: Connections, tenant_id: UUID, spans: list[dict[str, str]], told: Connection
) -> None:
    """What the driver does: tells what becomes of each span, in their order, and None at the end."""
    # An extra: it is imported where a cluster was asked for.
    import ray  # noqa: PLC0415
    import ray.data  # noqa: PLC0415
    import ray.exceptions  # noqa: PLC0415

    try:
        ray.init(address, log_to_driver=False, configure_logging=False)
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        resources = cast("dict[str, float]", ray.cluster_resources())  # type: ignore[no-untyped-call]
        actors = max(1, min(MOST_ACTORS, len(spans), int(resources.get("CPU", 1))))
        dataset = ray.data.from_items(spans, override_num_blocks=len(spans)).map(
            SpanScorer,  # type: ignore[arg-type] # Ray makes an object of it in each actor
            fn_constructor_args=(connections, tenant_id),
            compute=ray.data.ActorPoolStrategy(size=actors),
            num_cpus=1,
        )
        for page in dataset.iter_rows():
            told.send(page)
    except (ConnectionError, ray.exceptions.RayError) as error:
        _log.warning("cluster failed", cause=str(error))
        told.send({"unavailable": "ray"})
        return
    told.send(None)
