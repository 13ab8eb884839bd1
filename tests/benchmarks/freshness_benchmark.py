"""From an event that is sent to the edge until a watcher has the new score, all processes and the load on one machine.

One event at a time first, then 300 a second for two minutes, then a backlog that waits while no worker runs. The same
with a million leads stored beside. Only events that move a score are told to watchers, so only these are timed.
"""

import asyncio
import itertools
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg

from deploy.local.stack import TENANT_ID
from tests.benchmarks.live_load import Freshness, event_of, publish_all, until
from tests.benchmarks.measuring import percentile_milliseconds
from tests.benchmarks.report import Report, Target
from tests.benchmarks.trained_stack import TrainedStack, trained_stack

OPEN_LEADS = 10_000
STORED_LEADS = 1_000_000
RATE = 300.0
LOAD_SECONDS = 120.0
UNLOADED_RATE = 10.0
UNLOADED_SECONDS = 20.0
BACKLOG_EVENTS = 100_000
LAST_SCORE_SECONDS = 5.0

_MORE_LEADS = """
INSERT INTO leads (tenant_id, id, external_id, company, status, received_time, fields)
SELECT $1, gen_random_uuid(), 'stored-' || number, 'Stored', 3, now(), '{}'
FROM generate_series(1, $2) AS number
"""


class Timed(NamedTuple):
    """Seconds from sending to receiving."""

    unloaded: list[float]
    loaded: list[float]
    growth: float
    acknowledged: int


async def _timed(system: TrainedStack) -> Timed:
    address, token = system.stack.edge_address, system.token
    freshness, ready = Freshness(), asyncio.Event()
    watching = asyncio.create_task(freshness.watch(address, token, ready))
    await ready.wait()
    # What is used for the first time is not what is measured.
    await freshness.send(address, token, system.leads, UNLOADED_RATE, 3.0)
    await asyncio.sleep(1.0)
    freshness.delays.clear()
    freshness.sent.clear()
    await freshness.send(address, token, system.leads, UNLOADED_RATE, UNLOADED_SECONDS)
    await asyncio.sleep(1.0)
    unloaded = [delay for _, delay in freshness.delays]
    freshness.delays.clear()
    freshness.sent.clear()
    acknowledged = await freshness.send(address, token, system.leads, RATE, LOAD_SECONDS)
    await asyncio.sleep(LAST_SCORE_SECONDS)
    watching.cancel()
    delays = [delay for _, delay in sorted(freshness.delays)]
    quarter = len(delays) // 4
    growth = percentile_milliseconds(delays[-quarter:], 50) / percentile_milliseconds(delays[:quarter], 50)
    return Timed(unloaded, delays, growth, acknowledged)


async def _drained(system: TrainedStack, administrator: "asyncpg.Connection[asyncpg.Record]") -> float:
    """Let events gather while the worker stands still, and give how many a second it then handles."""
    worker = system.stack.process("scoring worker").pid or 0
    events = [event_of(lead) for lead in itertools.islice(itertools.cycle(system.leads), BACKLOG_EVENTS)]
    os.kill(worker, signal.SIGSTOP)
    try:
        await publish_all(system.stack.edge_address, system.token, events, batch_size=100, streams=2)
    finally:
        os.kill(worker, signal.SIGCONT)
    begin = time.perf_counter()
    await until(lambda: _is_drained(system, administrator))
    return BACKLOG_EVENTS / (time.perf_counter() - begin)


async def _is_drained(system: TrainedStack, administrator: "asyncpg.Connection[asyncpg.Record]") -> bool:
    waiting = await administrator.fetchval("SELECT count(*) FROM outbox")
    return waiting == 0 and await system.waiting_changes() == 0


async def measure() -> Report:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with trained_stack(Path(folder), OPEN_LEADS) as system:
            administrator = await asyncpg.connect(system.stack.postgres.url("postgres"))
            few = await _timed(system)
            drained = await _drained(system, administrator)
            await administrator.execute("SET statement_timeout = 0")
            await administrator.execute(_MORE_LEADS, TENANT_ID, STORED_LEADS - OPEN_LEADS)
            await administrator.execute("VACUUM ANALYZE leads")
            many = await _timed(system)
            await administrator.close()
    return _report(few, many, drained)


def _row(title: str, delays: Sequence[float]) -> list[str]:
    p50, p99 = (percentile_milliseconds(delays, percentile) for percentile in (50, 99))
    return [title, f"{len(delays):,}", f"{p50:.1f}", f"{p99:.1f}"]


def _report(few: Timed, many: Timed, drained: float) -> Report:
    p50, p99 = (percentile_milliseconds(few.loaded, percentile) for percentile in (50, 99))
    figures = {
        "p50_ms": p50,
        "p99_ms": p99,
        "unloaded_p50_ms": percentile_milliseconds(few.unloaded, 50),
        "unloaded_p99_ms": percentile_milliseconds(few.unloaded, 99),
        "p99_to_unloaded_p99_ratio": p99 / percentile_milliseconds(few.unloaded, 99),
        "lag_growth_ratio": few.growth,
        "million_leads_p50_ratio": percentile_milliseconds(many.loaded, 50) / p50,
        "million_leads_p99_ms": percentile_milliseconds(many.loaded, 99),
        "scores_per_event": len(few.loaded) / few.acknowledged,
        "backlog_to_arrival_rate_ratio": drained / RATE,
    }
    return Report(
        name="freshness",
        title=f"From event to score, {RATE:.0f} events a second for {LOAD_SECONDS:.0f} s",
        columns=["", "scores", "p50 ms", "p99 ms"],
        rows=[
            _row(f"{OPEN_LEADS:,} leads, one event at a time", few.unloaded),
            _row(f"{OPEN_LEADS:,} leads, loaded", few.loaded),
            _row(f"{STORED_LEADS:,} leads, one event at a time", many.unloaded),
            _row(f"{STORED_LEADS:,} leads, loaded", many.loaded),
            [f"backlog of {BACKLOG_EVENTS:,} events", f"{drained:,.0f} events/s", "", ""],
        ],
        figures=figures,
        targets=[
            Target("p50_ms", "<=", 25.0),
            Target("p99_ms", "<=", 150.0),
            Target("p99_to_unloaded_p99_ratio", "<=", 10.0),
            Target("lag_growth_ratio", "<=", 1.25),
            Target("million_leads_p50_ratio", "<=", 1.25),
            Target("backlog_to_arrival_rate_ratio", ">=", 2.0),
        ],
    )
