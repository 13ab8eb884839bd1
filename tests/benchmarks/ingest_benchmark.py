"""Events in batches of 100 through Envoy, each acknowledged, against a raw COPY of what they become.

The CPU time of the client counts on both sides, with that of the edge, the server, the workers and the stores on ours,
and of PostgreSQL on the peer's. The peer copies the same rows into tables with the same indexes, one of the log, one of
the counters and one of the days; it checks nothing and knows no event twice.
"""

import asyncio
import io
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from leadline.v1.event_pb2 import Event
from leadline.v1.lead_pb2 import Lead
from rich.console import Console

from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import Client
from tests.benchmarks.live_load import publish_all
from tests.benchmarks.measuring import compare, cpu_seconds
from tests.benchmarks.report import Report, Target

LEADS = 5_000
EVENTS = 50_000
BATCH_SIZE = 100
STREAMS = 2
TABLES = ("events", "lead_event_counters", "lead_event_days")
TYPES = ("page_view", "email_opened", "form_submitted", "call")


def event(number: int) -> Event:
    """Give an event with two properties; each number gives another one."""
    made = Event(event_id=f"event-{number}", lead_external_id=f"crm-{number * 7919 % LEADS}", type=TYPES[number % 4])
    made.occurred_time.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=30 * number))
    made.properties["page"].category = f"/pricing/{number % 50}"
    made.properties["seconds"].number = number % 300
    return made


async def _empty(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    raw = ", ".join(f"raw_{table}" for table in TABLES)
    await connection.execute(f"TRUNCATE events, lead_event_counters, lead_event_days, outbox, {raw}")
    await connection.execute("CHECKPOINT")


async def measure() -> Report:
    """Run the benchmark.

    Raises:
        RuntimeError: if not every event was acknowledged.
    """
    events = [event(number) for number in range(EVENTS)]
    with (
        tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder,
        Stack(Path(folder), Console(stderr=True).print, usual_ports=False) as stack,
    ):
        administrator = await asyncpg.connect(stack.postgres.url("postgres"))
        for table in TABLES:
            await administrator.execute(f"CREATE TABLE raw_{table} (LIKE {table} INCLUDING ALL)")
        token = stack.key.mint(TENANT_ID, lifetime=7200.0)
        leads = [Lead(external_id=f"crm-{number}") for number in range(LEADS)]
        with Client(stack.edge_address, token=token, tls=False) as client:
            await asyncio.to_thread(client.import_leads, leads)
        own = [process.pid for process in stack.processes if process.pid and process.name != "model server"]
        database = [stack.postgres.process.pid or 0]
        wall: dict[str, list[float]] = {"ours": [], "peer": []}

        async def ours() -> float:
            await _empty(administrator)
            before, started = cpu_seconds(own) + time.process_time(), time.perf_counter()
            acknowledged = await publish_all(stack.edge_address, token, events, batch_size=BATCH_SIZE, streams=STREAMS)
            wall["ours"].append(time.perf_counter() - started)
            if acknowledged != EVENTS:
                raise RuntimeError(f"{acknowledged} of {EVENTS} events were acknowledged")
            return cpu_seconds(own) + time.process_time() - before

        async def peer() -> float:
            await _empty(administrator)
            before, started = cpu_seconds(database) + time.process_time(), time.perf_counter()
            for table, content in rows.items():
                await administrator.copy_to_table(f"raw_{table}", source=io.BytesIO(content))
            wall["peer"].append(time.perf_counter() - started)
            return cpu_seconds(database) + time.process_time() - before

        await ours()
        rows: dict[str, bytes] = {}
        for table in TABLES:
            written = io.BytesIO()
            await administrator.copy_from_table(table, output=written)
            rows[table] = written.getvalue()
        result = await compare(ours, peer)
        await administrator.close()
    ours_seconds, peer_seconds = (sorted(side)[len(side) // 2] for side in (result.ours, result.peer))
    rates = {name: EVENTS / min(seconds) for name, seconds in wall.items()}
    return Report(
        name="ingest",
        title=f"{EVENTS:,} events in batches of {BATCH_SIZE}",
        columns=["", "CPU us an event", "events/s"],
        rows=[
            ["Leadline through Envoy", f"{ours_seconds / EVENTS * 1e6:.1f}", f"{rates['ours']:,.0f}"],
            ["raw COPY", f"{peer_seconds / EVENTS * 1e6:.1f}", f"{rates['peer']:,.0f}"],
        ],
        figures={
            "events_per_second": rates["ours"],
            "cpu_ratio": result.ratio,
            "ours_cpu_us_per_event": ours_seconds / EVENTS * 1e6,
            "peer_cpu_us_per_event": peer_seconds / EVENTS * 1e6,
        },
        targets=[Target("events_per_second", ">=", 3000.0), Target("cpu_ratio", "<=", 6.0)],
    )
