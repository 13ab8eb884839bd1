"""A score that is held, asked of the scorer directly, against a bare grpc.aio server that answers the same bytes.

The CPU time is that of the process that answers. What the scorer does beyond: it verifies the token and the request,
looks for the answer, and writes a line of the log.
"""

import asyncio
import functools
import sys
import tempfile
from pathlib import Path
from typing import Any

import grpc.aio
from leadline.v1 import score_pb2
from leadline.v1.scoring_service_pb2 import ScoreLeadRequest

from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.process import ChildProcess
from deploy.local.processes import GRPC_EXPERIMENTS
from tests.benchmarks.echo_server import SERVICE
from tests.benchmarks.measuring import Comparison, compare, cpu_seconds
from tests.benchmarks.report import Report, Target
from tests.benchmarks.trained_stack import trained_stack

OPEN_LEADS = 200
REQUESTS_A_ROUND = 4_000
CONCURRENCIES = (1, 8)
MOST_CPU = 1.3

_SCORE_LEAD = "/leadline.v1.ScoringService/ScoreLead"


async def _spend(
    process_id: int, address: str, method: str, *, names: list[str], token: str, concurrency: int
) -> float:
    """Ask for scores, and give the CPU seconds of the process that answers."""
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_unary(
            method,
            request_serializer=ScoreLeadRequest.SerializeToString,
            response_deserializer=score_pb2.Score.FromString,
        )
        requests = [ScoreLeadRequest(name=name) for name in names]

        async def ask(count: int) -> None:
            for number in range(count):
                await call(requests[number % len(requests)], metadata=metadata)

        # Each lead is asked for once before, so that all answers are held.
        await ask(len(requests))
        before = cpu_seconds([process_id])
        await asyncio.gather(*(ask(REQUESTS_A_ROUND // concurrency) for _ in range(concurrency)))
        return cpu_seconds([process_id]) - before


async def measure() -> Report:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with trained_stack(Path(folder) / "stack", OPEN_LEADS) as system:
            scorer = system.stack.process("scorer")
            scorer_address = f"{LOOPBACK}:{system.stack.ports.scorer}"
            async with grpc.aio.insecure_channel(scorer_address) as channel:
                call: Any = channel.unary_unary(_SCORE_LEAD, request_serializer=ScoreLeadRequest.SerializeToString)
                metadata = (("authorization", f"Bearer {system.token}"),)
                answer: bytes = await call(ScoreLeadRequest(name=system.leads[0]), metadata=metadata)
            file = Path(folder) / "answer"
            await asyncio.to_thread(file.write_bytes, answer)
            port = free_port()
            echo = ChildProcess(
                "echo",
                [sys.executable, "-m", "tests.benchmarks.echo_server", f"{LOOPBACK}:{port}", str(file)],
                log=Path(folder) / "echo.log",
                is_ready=lambda: accepts_connections(port),
                # As the scorer has it.
                environment={"GRPC_EXPERIMENTS": GRPC_EXPERIMENTS},
            )
            echo.start()
            try:
                await asyncio.to_thread(echo.wait_until_ready)
                results = {
                    concurrency: await compare(
                        functools.partial(
                            _spend,
                            scorer.pid or 0,
                            scorer_address,
                            _SCORE_LEAD,
                            names=system.leads,
                            token=system.token,
                            concurrency=concurrency,
                        ),
                        functools.partial(
                            _spend,
                            echo.pid or 0,
                            f"{LOOPBACK}:{port}",
                            f"/{SERVICE}/Echo",
                            names=system.leads,
                            token=system.token,
                            concurrency=concurrency,
                        ),
                    )
                    for concurrency in CONCURRENCIES
                }
            finally:
                echo.stop()
    return _report(results, len(answer))


def _report(results: dict[int, Comparison], answer_bytes: int) -> Report:
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    for concurrency, comparison in results.items():
        ours, peer = (
            sorted(side)[len(side) // 2] / REQUESTS_A_ROUND * 1e6 for side in (comparison.ours, comparison.peer)
        )
        figures |= {
            f"cpu_ratio_concurrency_{concurrency}": comparison.ratio,
            f"cached_cpu_us_concurrency_{concurrency}": ours,
            f"echo_cpu_us_concurrency_{concurrency}": peer,
        }
        rows.append([str(concurrency), f"{ours:,.0f}", f"{peer:,.0f}", f"{comparison.ratio:.2f}"])
    return Report(
        name="cache",
        title=f"A held score of {answer_bytes:,} bytes with its reasons, CPU us a request",
        columns=["concurrency", "scorer", "bare grpc.aio echo", "ratio"],
        rows=rows,
        figures=figures,
        targets=[Target(f"cpu_ratio_concurrency_{concurrency}", "<=", MOST_CPU) for concurrency in CONCURRENCIES],
    )
