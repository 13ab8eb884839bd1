"""Scoring without reasons in bulk, against FastAPI + joblib and MLServer with 1,000 rows a call.

The peers have the same trees, without the share of regression that ours adds.

What is held to the target is the same work on both sides, from the very same bytes to probabilities.
FastAPI is sent leads as JSON, which ours parses, encodes and scores as the worker does that scores all leads, by the
model's tables. MLServer is sent encoded rows as JSON, the form that its protocol has, which ours parses and scores by
the same tables. Of the peers, too, only the processes that answer count: who asks them and the edge come free. What the
peers do besides is to speak HTTP; ours has no need to, since its leads are where it works.

Told beside it, held to nothing: MLServer's rows, sent to the model server as a tensor, where it is that process that
counts, which scoring all leads does without; the same work from columns and from a matrix that are in memory already;
and what the peers don't do, which is to read the leads from PostgreSQL, whose processes then count as ours, and the
whole `RescoreLeads`, in which new scores are also stored on the leads and in their history and told to whoever watches,
and all processes of the stack count. That one grows from 10,000 to 1,000,000 leads, in flat memory.
"""

import asyncio
import http.client
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from rich.console import Console

from deploy.local.ports import LOOPBACK
from deploy.local.stack import TENANT_ID
from leadline_sdk import Client
from scoring.bulk.open_leads import BEFORE_ALL, LAST_OF_ALL, OpenLeadPage
from scoring.bulk.page_rescoring import PAGE_SIZE
from scoring.features.feature_set import Matrix
from scoring.features.lead_columns import FieldColumn, LeadColumns, columns_needed, encode_columns
from scoring.registry.model_files import ModelFiles
from scoring.registry.served_model import ServedModel
from scoring.scores.lead_scorer import probabilities_of
from scoring.store.models import Models
from scoring.store.open_leads import OpenLeads
from server.runtime.database import Database
from tests.benchmarks.measuring import cpu_seconds, proportional_memory
from tests.benchmarks.mlserver_peer import ask, inference_request, mlserver
from tests.benchmarks.report import Report, Target
from tests.benchmarks.scoring_stack import ScoringStack, scoring_stack
from tests.benchmarks.simulated_leads import CATEGORIES, NUMBERS, fields_and_log_odds
from tfserving.client import PredictionClient
from tfserving.row_tables import RowTables, read_tables

SIZES = (10_000, 1_000_000)
ROWS_A_CALL = 1_000
CALLS = 20
ROUNDS = 7
LEAST_RATIO = 5.0
MOST_MEMORY_GROWTH = 1.1
SAMPLE_SECONDS = 0.2
ROWS_A_STATEMENT = 50_000
MIB = 1 << 20

Batch = TypeVar("Batch")

_FIELDS = ", ".join(
    [
        f"'Number {place}', jsonb_build_object('number', round((random_normal())::numeric, 3))"
        for place in range(NUMBERS)
    ]
    + [f"'Category {place}', jsonb_build_object('category', 'answer ' || random(0, 7))" for place in range(CATEGORIES)]
)
_ADD = f"""
INSERT INTO leads (tenant_id, id, status, received_time, fields)
SELECT $1, uuidv7(), 1, '2025-06-01', jsonb_build_object({_FIELDS}) FROM generate_series(1, $2)
"""  # noqa: S608 - made of constants


async def _add_open_leads(database: Database, count: int) -> None:
    for start in range(0, count, ROWS_A_STATEMENT):
        async with database.transaction(TENANT_ID) as connection:
            await connection.execute(_ADD, TENANT_ID, min(ROWS_A_STATEMENT, count - start))


def _rescore(system: ScoringStack) -> int:
    with Client(system.stack.edge_address, token=system.token, tls=False) as client:
        return client.rescore_leads().wait(timeout=3600).scored_count


async def _rescored(system: ScoringStack) -> tuple[float, float, int]:
    """Score all open leads; give the whole stack's CPU seconds a lead, the leads a second, and the worker's peak."""
    processes = [process.pid for process in system.stack.processes if process.pid]
    worker = system.stack.process("scoring worker").pid or 0
    before, started = cpu_seconds(processes), time.perf_counter()
    rescoring = asyncio.create_task(asyncio.to_thread(_rescore, system))
    peak = 0
    while not rescoring.done():
        peak = max(peak, proportional_memory([worker]))
        await asyncio.wait([rescoring], timeout=SAMPLE_SECONDS)
    count = rescoring.result()
    return (cpu_seconds(processes) - before) / count, count / (time.perf_counter() - started), peak


def _ask_fastapi(system: ScoringStack, bodies: Sequence[bytes]) -> None:
    host, port = system.stack.edge_address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"}
    for body in bodies:
        connection.request("POST", "/peer/score-batch", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{answer.status} {content!r}")


def _peer_round(process_id: int | None, ask_all: Callable[[], None]) -> float:
    """Give the CPU seconds a row of a peer's process alone."""
    before = cpu_seconds([process_id or 0])
    ask_all()
    return (cpu_seconds([process_id or 0]) - before) / (CALLS * ROWS_A_CALL)


def _our_round(batches: Sequence[Batch], batch_size: int, work: Callable[[Batch], object]) -> float:
    """Give the CPU seconds a row of this process."""
    before = time.process_time()
    for batch in batches:
        work(batch)
    return (time.process_time() - before) / (batch_size * len(batches))


def _probabilities(model: ServedModel, tables: RowTables, leads: LeadColumns, as_of: datetime) -> list[float]:
    X = encode_columns(model.feature_set, leads, as_of)
    return probabilities_of(tables.log_odds(X))


def _answered(model: ServedModel, tables: RowTables, body: bytes, as_of: datetime) -> bytes:
    """Give the probabilities of leads that come as the peer takes them, in the form in which it answers."""
    leads = orjson.loads(body)["leads"]
    columns = {(field, kind): [lead.get(field) for lead in leads] for field, kind in _columns(model)}
    return orjson.dumps(_probabilities(model, tables, LeadColumns([as_of] * len(leads), columns, {}), as_of))


def _predicted(tables: RowTables, body: bytes) -> bytes:
    """Give the probabilities of encoded rows that come as MLServer takes them, in the form in which it answers."""
    tensor = orjson.loads(body)["inputs"][0]
    rows = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
    probabilities = probabilities_of(tables.log_odds(rows))
    answer = {"name": "predict", "shape": [len(rows), 1], "datatype": "FP64", "data": probabilities}
    return orjson.dumps({"outputs": [answer]})


def _columns(model: ServedModel) -> tuple[FieldColumn, ...]:
    return columns_needed(model.feature_set).fields


async def _pages(leads: OpenLeads, model: ServedModel, row_count: int) -> list[OpenLeadPage]:
    pages: list[OpenLeadPage] = []
    after = BEFORE_ALL
    for _ in range(-(-row_count // PAGE_SIZE)):
        pages.append(await leads.open_page(TENANT_ID, after, LAST_OF_ALL, PAGE_SIZE, columns_needed(model.feature_set)))
        after = pages[-1].lead_ids[-1]
    return pages


async def _read_and_scored(system: ScoringStack, leads: OpenLeads, model: ServedModel, tables: RowTables) -> float:
    """Give the CPU seconds a row of this process and of PostgreSQL: read, encoded, predicted, nothing stored."""
    postgres = [system.stack.postgres.process.pid or 0]
    before = cpu_seconds(postgres) + time.process_time()
    count, after = 0, BEFORE_ALL
    while count < CALLS * ROWS_A_CALL and (
        page := await leads.open_page(TENANT_ID, after, LAST_OF_ALL, PAGE_SIZE, columns_needed(model.feature_set))
    ):
        _probabilities(model, tables, page.leads, page.read_time)
        count, after = count + len(page), page.lead_ids[-1]
    return (cpu_seconds(postgres) + time.process_time() - before) / count


async def _asked(system: ScoringStack, client: PredictionClient, model: ServedModel, rows: Matrix) -> float:
    """Give the CPU seconds a row of the model server, which is sent encoded rows."""
    server = [system.stack.process("model server").pid or 0]
    before = cpu_seconds(server)
    for _ in range(CALLS):
        await client.predict(model.name, model.version, rows)
    return (cpu_seconds(server) - before) / (CALLS * len(rows))


async def _scoring_alone(system: ScoringStack, database: Database, folder: Path) -> dict[str, list[float]]:
    """Give the CPU seconds a row of each way to score, one a round; the ways take turns."""
    leads = OpenLeads(database)
    champion_id = await leads.champion_id(TENANT_ID)
    if champion_id is None:
        raise LookupError("the stack has no champion")
    model = await Models(database).load(TENANT_ID, champion_id)
    tables = read_tables(ModelFiles(system.stack.folder.models).version(TENANT_ID, model.version))
    if tables is None:
        raise LookupError("the champion has no tables")
    pages = await _pages(leads, model, CALLS * ROWS_A_CALL)
    encoded = [encode_columns(model.feature_set, page.leads, page.read_time) for page in pages]
    random = np.random.default_rng(17)
    calls = [[fields_and_log_odds(random)[0] for _ in range(ROWS_A_CALL)] for _ in range(CALLS)]
    bodies = [json.dumps({"leads": call}).encode() for call in calls]
    rows = np.ascontiguousarray(np.concatenate(encoded)[:ROWS_A_CALL])
    mlserver_bodies = [inference_request(rows)] * CALLS
    peer, as_of = system.peer.pid, pages[0].read_time
    spent: dict[str, list[float]] = {}

    def add(name: str, seconds: float) -> None:
        spent.setdefault(name, []).append(seconds)

    address = f"{LOOPBACK}:{system.stack.ports.model_server}"
    async with PredictionClient(address, timeout_seconds=60.0) as client:
        with mlserver(system.peer_model, folder / "mlserver") as (process, port):
            for turn in range(ROUNDS + 1):
                add("leads", _our_round(bodies, ROWS_A_CALL, lambda body: _answered(model, tables, body, as_of)))
                add("fastapi", await asyncio.to_thread(_peer_round, peer, lambda: _ask_fastapi(system, bodies)))
                add("tensor", await _asked(system, client, model, rows))
                add("rows", _our_round(mlserver_bodies, ROWS_A_CALL, lambda body: _predicted(tables, body)))
                add("mlserver", await asyncio.to_thread(_peer_round, process.pid, lambda: ask(port, mlserver_bodies)))
                add(
                    "columns",
                    _our_round(
                        pages, PAGE_SIZE, lambda page: _probabilities(model, tables, page.leads, page.read_time)
                    ),
                )
                add("matrix", _our_round(encoded, PAGE_SIZE, tables.log_odds))
                add("read", await _read_and_scored(system, leads, model, tables))
                if turn == 0:
                    # What each does first does not count.
                    spent.clear()
    return spent


async def measure() -> Report:
    """Run the benchmark."""
    console = Console(stderr=True)
    first: list[float] = []
    peaks: list[int] = []
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with scoring_stack(Path(folder)) as system:
            database = await Database.connect(system.stack.postgres.url("leadline_app"))
            stored = 0
            for size in SIZES:
                console.print(f"{size:,} leads")
                await _add_open_leads(database, size - stored)
                stored = size
                spent, pace, peak = await _rescored(system)
                first.append(spent)
                peaks.append(peak)
            fresh, _, _ = await _rescored(system)
            console.print("scoring alone")
            alone = await _scoring_alone(system, database, Path(folder))
            await database.close()
    return _report(alone, first=first[-1], fresh=fresh, pace=pace, peaks=peaks)


def _report(alone: dict[str, list[float]], *, first: float, fresh: float, pace: float, peaks: Sequence[int]) -> Report:
    median = {name: float(np.median(rounds)) for name, rounds in alone.items()}

    def ratio(peer: str, ours: str) -> float:
        return float(np.median(np.array(alone[peer]) / np.array(alone[ours])))

    ways = (
        ("leads as JSON, to probabilities: Leadline", median["leads"]),
        ("leads as JSON, to probabilities: FastAPI + joblib", median["fastapi"]),
        ("encoded rows as JSON, to probabilities: Leadline", median["rows"]),
        ("encoded rows as JSON, to probabilities: MLServer", median["mlserver"]),
        ("Leadline's model server, encoded rows as a tensor, to log-odds", median["tensor"]),
        ("Leadline, from columns in memory", median["columns"]),
        ("Leadline, from a matrix in memory", median["matrix"]),
        ("Leadline, read from PostgreSQL, its processes included", median["read"]),
        ("Leadline, RescoreLeads, all scores fresh", fresh),
        ("Leadline, RescoreLeads, all scores new, stored and told", first),
    )
    return Report(
        name="bulk",
        title="Scoring without reasons in bulk",
        columns=["", "rows a CPU second", "CPU us a row"],
        rows=[[title, f"{1 / spent:,.0f}", f"{spent * 1e6:.1f}"] for title, spent in ways],
        figures={
            "leads_ratio_to_fastapi": ratio("fastapi", "leads"),
            "rows_ratio_to_mlserver": ratio("mlserver", "rows"),
            "tensor_ratio_to_mlserver": ratio("mlserver", "tensor"),
            "columns_ratio_to_fastapi": ratio("fastapi", "columns"),
            "matrix_ratio_to_mlserver": ratio("mlserver", "matrix"),
            "read_ratio_to_fastapi": ratio("fastapi", "read"),
            "fresh_ratio_to_fastapi": median["fastapi"] / fresh,
            "stored_ratio_to_fastapi": median["fastapi"] / first,
            **{f"{name}_cpu_us_per_row": seconds * 1e6 for name, seconds in median.items()},
            "fresh_cpu_us_per_row": fresh * 1e6,
            "stored_cpu_us_per_row": first * 1e6,
            "stored_leads_per_second": pace,
            "worker_peak_memory_mib": peaks[-1] / MIB,
            "worker_memory_growth": peaks[-1] / peaks[0],
        },
        targets=[
            Target("leads_ratio_to_fastapi", ">=", LEAST_RATIO),
            Target("rows_ratio_to_mlserver", ">=", LEAST_RATIO),
            Target("worker_memory_growth", "<=", MOST_MEMORY_GROWTH),
        ],
    )
