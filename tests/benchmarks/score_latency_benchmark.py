"""One stored lead scored with its attributions through Envoy with a token, against the same trees behind FastAPI.

The peer leaves out the share of regression that ours adds. It gets the lead's fields in the request and reads
no database, checks no tenant and validates types alone. The CPU time is that of the processes that answer: for ours the
edge, the scorer, PostgreSQL and the model server; for the peer the edge and FastAPI. The program that sends the
requests counts on neither side.
"""

import asyncio
import functools
import http.client
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from leadline.v1.scoring_service_pb2 import ScoreLeadRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from tests.benchmarks.measuring import Comparison, compare, cpu_seconds, percentile_milliseconds
from tests.benchmarks.report import Report, Target
from tests.benchmarks.scoring_stack import ScoringStack, scoring_stack

REQUESTS_A_ROUND = 400
CONCURRENCIES = (1, 8)
MOST_CPU = 0.65
LARGEST_DIFFERENCE = 1e-4
PEER_DOORS = {"peer", "lean_peer"}

Ask = Callable[[str], float]
"""Asks for the score of the lead of this name and gives its log-odds."""


@dataclass
class Door:
    """One way to ask for a score.

    Attributes:
        title: The way in words.
        open: Makes a connection and gives what asks over it.
        process_ids: The processes that answer.
        latencies: Seconds of each request, by concurrency.
    """

    title: str
    open: Callable[[], Ask]
    process_ids: Sequence[int]
    latencies: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in CONCURRENCIES})

    async def run(self, names: Sequence[str], concurrency: int) -> float:
        """Send a round of requests and give the CPU seconds of those who answered."""
        before = cpu_seconds(self.process_ids)
        await asyncio.to_thread(self._send, names, concurrency)
        return cpu_seconds(self.process_ids) - before

    def _send(self, names: Sequence[str], concurrency: int) -> None:
        share = REQUESTS_A_ROUND // concurrency
        with ThreadPoolExecutor(concurrency) as threads:
            rounds = [threads.submit(self._ask_often, names, place * share, share) for place in range(concurrency)]
            for done in rounds:
                self.latencies[concurrency] += done.result()

    def _ask_often(self, names: Sequence[str], start: int, count: int) -> list[float]:
        ask = self.open()
        latencies = []
        for name in itertools.islice(itertools.cycle(names), start, start + count):
            started = time.perf_counter()
            ask(name)
            latencies.append(time.perf_counter() - started)
        return latencies


def _over_http(system: ScoringStack, request_of: Callable[[str], tuple[str, str, bytes | None]], log_odds: str) -> Ask:
    host, port = system.stack.edge_address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    headers = {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"}

    def ask(name: str) -> float:
        method, path, body = request_of(name)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{path}: {answer.status} {content!r}")
        return float(json.loads(content)[log_odds])

    return ask


def _over_grpc(system: ScoringStack) -> Ask:
    # A channel of its own for each thread, as each would be a client of its own.
    channel = grpc.insecure_channel(system.stack.edge_address, [("grpc.use_local_subchannel_pool", 1)])
    stub, metadata = ScoringServiceStub(channel), (("authorization", f"Bearer {system.token}"),)

    def ask(name: str) -> float:
        return stub.ScoreLead(ScoreLeadRequest(name=name), metadata=metadata, timeout=30).log_odds

    return ask


def _doors(system: ScoringStack) -> dict[str, Door]:
    bodies = {name: json.dumps({"fields": fields}).encode() for name, fields in system.leads.items()}
    process = system.stack.process
    edge = process("edge").pid or 0
    ours = [edge, *(process(name).pid or 0 for name in ("scorer", "PostgreSQL", "model server"))]
    peer = [edge, system.peer.pid or 0]

    def over_peer(path: str) -> Callable[[], Ask]:
        return lambda: _over_http(system, lambda name: ("POST", path, bodies[name]), "log_odds")

    return {
        "grpc": Door("Leadline, gRPC", lambda: _over_grpc(system), ours),
        "rest": Door(
            "Leadline, REST",
            lambda: _over_http(system, lambda name: ("GET", f"/v1/{name}:score", None), "logOdds"),
            ours,
        ),
        "peer": Door("FastAPI + joblib + LightGBM", over_peer("/peer/score"), peer),
        "lean_peer": Door("the same, as lean as can be", over_peer("/peer/score-lean"), peer),
    }


def _check_equal(doors: dict[str, Door], names: Sequence[str]) -> None:
    """Make sure that all of our doors serve the same model, and all of the peer's.

    Raises:
        ValueError: if two doors disagree about a lead.
    """
    asks = {name: door.open() for name, door in doors.items()}
    for lead in names:
        answers = {name: ask(lead) for name, ask in asks.items()}
        of_peers = [answers[name] for name in PEER_DOORS]
        ours = [answers[name] for name in answers.keys() - PEER_DOORS]
        if any(max(same) - min(same) > LARGEST_DIFFERENCE for same in (of_peers, ours)):
            raise ValueError(f"{lead} has different log-odds: {answers}")


async def measure() -> Report:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with scoring_stack(Path(folder)) as system:
            names = list(system.leads)
            doors = _doors(system)
            await asyncio.to_thread(_check_equal, doors, names[:50])
            results: dict[tuple[str, str, int], Comparison] = {}
            for concurrency in CONCURRENCIES:
                for ours, peer in (("grpc", "peer"), ("rest", "peer"), ("grpc", "lean_peer")):
                    results[ours, peer, concurrency] = await compare(
                        functools.partial(doors[ours].run, names, concurrency),
                        functools.partial(doors[peer].run, names, concurrency),
                    )
    return _report(doors, results)


def _report(doors: dict[str, Door], results: dict[tuple[str, str, int], Comparison]) -> Report:
    figures: dict[str, float] = {}
    rows = []
    for concurrency in CONCURRENCIES:
        spent: dict[str, list[float]] = {name: [] for name in doors}
        for (ours, peer, number), comparison in results.items():
            if number == concurrency:
                figures[f"{ours}_to_{peer}_cpu_ratio_concurrency_{concurrency}"] = comparison.ratio
                spent[ours] += comparison.ours
                spent[peer] += comparison.peer
        for name, door in doors.items():
            microseconds = sorted(spent[name])[len(spent[name]) // 2] / REQUESTS_A_ROUND * 1e6
            p50, p99 = (percentile_milliseconds(door.latencies[concurrency], percentile) for percentile in (50, 99))
            figures[f"{name}_cpu_us_concurrency_{concurrency}"] = microseconds
            figures[f"{name}_p50_ms_concurrency_{concurrency}"] = p50
            figures[f"{name}_p99_ms_concurrency_{concurrency}"] = p99
            rows.append([door.title, str(concurrency), f"{microseconds:,.0f}", f"{p50:.2f}", f"{p99:.2f}"])
    return Report(
        name="score_latency",
        title="One lead scored with its reasons, through Envoy with a token",
        columns=["", "concurrency", "CPU us a request", "p50 ms", "p99 ms"],
        rows=rows,
        figures=figures,
        targets=[
            Target(f"{ours}_to_peer_cpu_ratio_concurrency_{concurrency}", "<=", MOST_CPU)
            for ours in ("grpc", "rest")
            for concurrency in CONCURRENCIES
        ],
    )
