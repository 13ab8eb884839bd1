"""A call through the Python client, synchronous and asynchronous, against the same call by the bare stub.

The CPU time is that of the process that calls, all its threads; a bare grpc.aio server in another process answers. The
bare stub makes the request too, and sends a token and a deadline, as every call to Leadline has to. What the client
does beyond: it makes arguments a request, asks for the token, types errors, and lets gRPC repeat what fails.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
from leadline.v1.score_pb2 import Attribution, Score
from leadline.v1.scoring_service_pb2 import ScoreLeadRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.process import ChildProcess
from leadline_sdk import AsyncClient, Client
from tests.benchmarks.measuring import Comparison, compare
from tests.benchmarks.report import Report, Target

CALLS_A_ROUND = 1_500
ROUNDS = 15
MOST_CPU = 1.15
LEAD = "leads/00000000-0000-7000-8000-000000000001"
TOKEN = "a" * 600  # as long as an access token
METADATA = (("authorization", f"Bearer {TOKEN}"),)
SECONDS = 10.0
ANSWER = Score(
    lead=LEAD,
    probability=0.7,
    value=70,
    attributions=[Attribution(feature=f"Field {number}", observed="yes", log_odds=0.1) for number in range(10)],
)


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """Serve one answer from another process; give its address."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        file = Path(folder) / "answer"
        await asyncio.to_thread(file.write_bytes, ANSWER.SerializeToString())
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        echo = ChildProcess(
            "echo",
            [sys.executable, "-m", "tests.benchmarks.echo_server", address, str(file)],
            log=Path(folder) / "echo.log",
            is_ready=lambda: accepts_connections(port),
        )
        try:
            await asyncio.to_thread(echo.start)
            yield address
        finally:
            await asyncio.to_thread(echo.stop)


def _often(call: Callable[[], Score]) -> Callable[[], Awaitable[float]]:
    """Give a round of synchronous calls, which gives its CPU seconds."""

    def spend() -> float:
        before = time.process_time()
        for _ in range(CALLS_A_ROUND):
            call()
        return time.process_time() - before

    async def run() -> float:
        return await asyncio.to_thread(spend)

    return run


def _often_async(call: Callable[[], Awaitable[Score]]) -> Callable[[], Awaitable[float]]:
    """Give a round of asynchronous calls, which gives its CPU seconds."""

    async def run() -> float:
        before = time.process_time()
        for _ in range(CALLS_A_ROUND):
            await call()
        return time.process_time() - before

    return run


async def _synchronous(address: str) -> Comparison:
    with Client(address, token=TOKEN, tls=False) as client, grpc.insecure_channel(address) as channel:
        stub = ScoringServiceStub(channel)
        return await compare(
            _often(lambda: client.score_lead(LEAD)),
            _often(lambda: stub.ScoreLead(ScoreLeadRequest(name=LEAD), timeout=SECONDS, metadata=METADATA)),
            rounds=ROUNDS,
        )


async def _asynchronous(address: str) -> Comparison:
    async with AsyncClient(address, token=TOKEN, tls=False) as client, grpc.aio.insecure_channel(address) as channel:
        stub = ScoringServiceStub(channel)
        return await compare(
            _often_async(lambda: client.score_lead(LEAD)),
            _often_async(lambda: stub.ScoreLead(ScoreLeadRequest(name=LEAD), timeout=SECONDS, metadata=METADATA)),
            rounds=ROUNDS,
        )


async def measure() -> Report:
    """Run the benchmark."""
    async with _server() as address:
        results = {"synchronous": await _synchronous(address), "asynchronous": await _asynchronous(address)}
    return Report(
        name="sdk_overhead",
        title=f"One call through the Python client; median of {ROUNDS} rounds of {CALLS_A_ROUND:,}, in turn",
        columns=["client", "µs of CPU", "bare stub", "ratio"],
        rows=[
            [
                name,
                f"{min(result.ours) / CALLS_A_ROUND * 1e6:.0f}",
                f"{min(result.peer) / CALLS_A_ROUND * 1e6:.0f}",
                f"{result.ratio:.3f}",
            ]
            for name, result in results.items()
        ],
        figures={f"{name}_cpu_ratio": result.ratio for name, result in results.items()},
        targets=[Target(f"{name}_cpu_ratio", "<=", MOST_CPU) for name in results],
    )
