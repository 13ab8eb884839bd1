"""What the edge adds to a unary call: its CPU time, and the time that the caller waits longer than without it.

The same call is sent to the edge and to the server itself, in turn. The edge verifies the token, counts for the tenant,
writes a line of its log and balances; over REST it turns JSON into gRPC and back besides.
"""

import asyncio
import http.client
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from leadline.v1.operation_service_pb2 import ListOperationsRequest
from leadline.v1.operation_service_pb2_grpc import OperationServiceStub
from rich.console import Console

from deploy.local.ports import LOOPBACK
from deploy.local.stack import TENANT_ID, Stack
from tests.benchmarks.measuring import ROUNDS, cpu_seconds, percentile_milliseconds
from tests.benchmarks.report import Report, Target

REQUESTS_A_ROUND = 600
CONCURRENCIES = (1, 8)
MOST_CPU_MICROSECONDS = 300.0
MOST_ADDED_MILLISECONDS = 1.5

Ask = Callable[[], object]
"""Sends one request and waits for its answer."""


@dataclass
class Door:
    """One way to the server.

    Attributes:
        title: The way in words.
        open: Makes a connection and gives what asks over it.
        edge_cpu: The edge's CPU seconds a request, one figure a round.
        p50: The median of a round's waiting times in milliseconds, one figure a round.
        p99: The 99th percentile, likewise.
    """

    title: str
    open: Callable[[], Ask]
    edge_cpu: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in CONCURRENCIES})
    p50: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in CONCURRENCIES})
    p99: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in CONCURRENCIES})

    def run(self, edge: int, concurrency: int) -> None:
        """Send a round of requests, after a few that do not count, and note what it took."""
        asks = [self.open() for _ in range(concurrency)]
        with ThreadPoolExecutor(concurrency) as threads:
            list(threads.map(lambda ask: _ask_often(ask, 20), asks))
            before = cpu_seconds([edge])
            rounds = list(threads.map(lambda ask: _ask_often(ask, REQUESTS_A_ROUND // concurrency), asks))
            spent = cpu_seconds([edge]) - before
        waited = [seconds for latencies in rounds for seconds in latencies]
        self.edge_cpu[concurrency].append(spent / len(waited))
        self.p50[concurrency].append(percentile_milliseconds(waited, 50))
        self.p99[concurrency].append(percentile_milliseconds(waited, 99))


def _ask_often(ask: Ask, count: int) -> list[float]:
    latencies = []
    for _ in range(count):
        started = time.perf_counter()
        ask()
        latencies.append(time.perf_counter() - started)
    return latencies


def _grpc(address: str, token: str) -> Ask:
    # A channel of its own for each caller, as each would be a client of its own.
    stub = OperationServiceStub(grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]))
    request, metadata = ListOperationsRequest(), (("authorization", f"Bearer {token}"),)
    return lambda: stub.ListOperations(request, metadata=metadata, timeout=30)


def _rest(address: str, token: str) -> Ask:
    host, port = address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    headers = {"Authorization": f"Bearer {token}"}

    def ask() -> bytes:
        connection.request("GET", "/v1/operations", headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{answer.status} {content!r}")
        return content

    return ask


async def measure() -> Report:
    """Run the benchmark."""
    with (
        tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder,
        Stack(Path(folder), Console(stderr=True).print, usual_ports=False) as stack,
    ):
        # No limit of the plan shall count here, but that it is looked at does.
        token = stack.key.mint(TENANT_ID, plan="enterprise", lifetime=14_400.0)
        edge = stack.process("edge").pid or 0
        server = f"{LOOPBACK}:{stack.ports.server}"
        doors = {
            "direct": Door("the server itself, gRPC", lambda: _grpc(server, token)),
            "grpc": Door("through the edge, gRPC", lambda: _grpc(stack.edge_address, token)),
            "rest": Door("through the edge, REST", lambda: _rest(stack.edge_address, token)),
        }
        for concurrency in CONCURRENCIES:
            for _ in range(ROUNDS):
                for door in doors.values():
                    await asyncio.to_thread(door.run, edge, concurrency)
        return _report(doors)


def _report(doors: dict[str, Door]) -> Report:
    figures: dict[str, float] = {}
    rows = []
    for concurrency in CONCURRENCIES:
        for name, door in doors.items():
            cpu = statistics.median(door.edge_cpu[concurrency]) * 1e6
            p50, p99 = statistics.median(door.p50[concurrency]), statistics.median(door.p99[concurrency])
            added = statistics.median(
                through - directly
                for through, directly in zip(door.p50[concurrency], doors["direct"].p50[concurrency], strict=True)
            )
            figures[f"{name}_p50_ms_concurrency_{concurrency}"] = p50
            if name != "direct":
                figures[f"{name}_edge_cpu_us_concurrency_{concurrency}"] = cpu
                figures[f"{name}_added_p50_ms_concurrency_{concurrency}"] = added
            shown = ("", "") if name == "direct" else (f"{cpu:,.0f}", f"{added:.2f}")
            rows.append([door.title, str(concurrency), shown[0], f"{p50:.2f}", f"{p99:.2f}", shown[1]])
    return Report(
        name="edge_overhead",
        title="A unary call through the edge and without it",
        columns=["door", "concurrency", "edge's CPU us a request", "p50 ms", "p99 ms", "p50 added ms"],
        rows=rows,
        figures=figures,
        targets=[
            *(
                Target(f"grpc_edge_cpu_us_concurrency_{concurrency}", "<=", MOST_CPU_MICROSECONDS)
                for concurrency in CONCURRENCIES
            ),
            Target("grpc_added_p50_ms_concurrency_1", "<=", MOST_ADDED_MILLISECONDS),
        ],
    )
