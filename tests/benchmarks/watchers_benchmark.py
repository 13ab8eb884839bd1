"""A thousand watchers on one scorer, each of a lead of its own: what each receives, and what it takes in memory."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import grpc.aio
from leadline.v1.event_pb2 import Event
from leadline.v1.scoring_service_pb2 import WatchScoresRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from deploy.local.ports import LOOPBACK
from deploy.local.stack import TENANT_ID
from server.runtime.database import Database
from tests.benchmarks.live_load import event_of, publish_all, until
from tests.benchmarks.measuring import proportional_memory
from tests.benchmarks.report import Report, Target
from tests.benchmarks.trained_stack import TrainedStack, trained_stack

WATCHERS = 1_000
WATCHERS_A_CHANNEL = 50
ROUNDS = 5
QUIET_SECONDS = 3.0
KIBIBYTE = 1024


class _Watchers:
    """Watchers of one lead each, and the scores that each has received."""

    def __init__(self, address: str, token: str, leads: list[str]) -> None:
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._leads = leads
        self._begun = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._channels: list[grpc.aio.Channel] = []
        self.received: dict[str, list[str]] = {lead: [] for lead in leads}

    async def begin(self) -> None:
        for start in range(0, len(self._leads), WATCHERS_A_CHANNEL):
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = grpc.aio.insecure_channel(self._address, options)
            self._channels.append(channel)
            stub: Any = ScoringServiceStub(channel)
            for lead in self._leads[start : start + WATCHERS_A_CHANNEL]:
                self._tasks.append(asyncio.create_task(self._watch(stub, lead)))
        await until(self._have_begun)

    async def _have_begun(self) -> bool:
        for task in self._tasks:
            if task.done():
                await task  # a watch has no end of its own: this raises what ended it
        return self._begun == len(self._leads)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in self._channels:
            await channel.close()

    async def _watch(self, stub: Any, lead: str) -> None:
        is_first = True
        async for message in stub.WatchScores(WatchScoresRequest(names=[lead]), metadata=self._metadata):
            self._begun += is_first
            is_first = False
            if message.WhichOneof("event") == "score_change":
                self.received[lead].append(message.score_change.score.name)


async def _stored(database: Database) -> dict[str, list[str]]:
    async with database.transaction(TENANT_ID) as connection:
        rows = await connection.fetch("SELECT id, lead_id FROM scores ORDER BY id")
    stored: dict[str, list[str]] = {}
    for row in rows:
        stored.setdefault(f"leads/{row['lead_id']}", []).append(f"scores/{row['id']}")
    return stored


async def _quiet(system: TrainedStack) -> None:
    await until(system.has_handled_all)
    await asyncio.sleep(QUIET_SECONDS)


async def measure() -> Report:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with trained_stack(Path(folder), WATCHERS) as system:
            database = await Database.connect(system.stack.postgres.url("leadline_app"))
            scorer = [system.stack.process("scorer").pid or 0]
            await _quiet(system)
            before, known = proportional_memory(scorer), await _stored(database)
            watchers = _Watchers(f"{LOOPBACK}:{system.stack.ports.scorer}", system.token, system.leads)
            await watchers.begin()
            for _ in range(ROUNDS):
                events: list[Event] = [event_of(lead) for lead in system.leads]
                await publish_all(system.stack.edge_address, system.token, events, batch_size=100, streams=1)
                await _quiet(system)
            after, stored = proportional_memory(scorer), await _stored(database)
            await watchers.end()
            await database.close()
    expected = {lead: set(stored.get(lead, ())) - set(known.get(lead, ())) for lead in system.leads}
    missed = sum(len(expected[lead] - set(watchers.received[lead])) for lead in system.leads)
    foreign = sum(len(set(watchers.received[lead]) - expected[lead]) for lead in system.leads)
    changes = sum(map(len, expected.values()))
    kibibytes = (after - before) / WATCHERS / KIBIBYTE
    return Report(
        name="watchers",
        title=f"{WATCHERS:,} watchers on one scorer",
        columns=["", ""],
        rows=[
            ["score changes of their leads", f"{changes:,}"],
            ["of them not received", f"{missed:,}"],
            ["received and not theirs", f"{foreign:,}"],
            ["memory of the scorer, a watcher", f"{kibibytes:.1f} KiB"],
        ],
        figures={"changes": changes, "missed": missed, "foreign": foreign, "kib_per_watcher": kibibytes},
        targets=[
            Target("changes", ">=", float(WATCHERS)),
            Target("missed", "<=", 0.0),
            Target("foreign", "<=", 0.0),
            Target("kib_per_watcher", "<=", 100.0),
        ],
    )
