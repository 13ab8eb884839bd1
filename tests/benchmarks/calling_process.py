"""Sends calls as a process of its own, at a rate of its own, whatever becomes of them, and tells how they ended.

python -m tests.benchmarks.calling_process ADDRESS TOKEN CALLS_PER_SECOND CALLERS SECONDS

With a rate of 0, so many callers call one call after the other instead, and wait as refusals tell them. The last line
is a JSON object: `answered` and `refused` calls a second, `failed` ones by their gRPC code, and the latencies of the
answered ones in milliseconds.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

import grpc
import numpy as np
import uvloop
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from leadline.v1 import lead_service_pb2, lead_service_pb2_grpc

DEADLINE_SECONDS = 2.0
WARM_UP_SECONDS = 2.0
REQUEST = lead_service_pb2.ListLeadsRequest(page_size=50, order_by="score desc")


class Caller:
    """Calls ListLeads and counts.

    Args:
        stub: The service.
        token: Of the tenant.
    """

    def __init__(self, stub: Any, token: str) -> None:
        self._stub = stub
        self._metadata = (("authorization", f"Bearer {token}"),)
        self.begin_time = 0.0
        self.latencies: list[float] = []
        self.codes: Counter[str] = Counter()

    async def call(self) -> float:
        """Call once, and give how many seconds to wait; what began before `begin_time` is not counted."""
        retry_seconds = 0.0
        began, code = time.perf_counter(), "OK"
        try:
            await self._stub.ListLeads(REQUEST, metadata=self._metadata, timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            retry_seconds = _retry_seconds(error)
        if began >= self.begin_time:
            self.codes[code] += 1
            if code == "OK":
                self.latencies.append(time.perf_counter() - began)
        return retry_seconds

    async def closed(self, end: float) -> None:
        """Call again and again, one call after the other, and wait as refusals tell."""
        wait_seconds = 0.0
        while time.perf_counter() + wait_seconds < end:
            await asyncio.sleep(wait_seconds)
            wait_seconds = await self.call()

    async def open(self, rate: float, end: float) -> None:
        """Begin calls at random times, so many a second, whether earlier ones have been answered or not."""
        due = time.perf_counter()
        running: set[asyncio.Task[float]] = set()
        while due < end:
            due += random.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self.call())
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


def _retry_seconds(error: Any) -> float:
    """Give how long a refusal tells to wait; 0 if it tells nothing."""
    status, retry = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    if status is not None and any(detail.Unpack(retry) for detail in status.details):
        return float(retry.retry_delay.ToNanoseconds()) / 1e9
    return 0.0


async def measure(address: str, token: str, rate: float, callers: int, seconds: float) -> dict[str, Any]:
    """Send the calls and give what became of them."""
    async with grpc.aio.insecure_channel(address) as channel:
        caller = Caller(lead_service_pb2_grpc.LeadServiceStub(channel), token)
        caller.begin_time = time.perf_counter() + WARM_UP_SECONDS
        end = caller.begin_time + seconds
        if rate:
            await caller.open(rate, end)
        else:
            await asyncio.gather(*(caller.closed(end) for _ in range(callers)))
    latencies = np.array(caller.latencies or [0.0]) * 1000
    refused = caller.codes.pop("RESOURCE_EXHAUSTED", 0)
    return {
        "answered": caller.codes.pop("OK", 0) / seconds,
        "refused": refused / seconds,
        "failed": dict(caller.codes),
        "p50_ms": float(np.percentile(latencies, 50)),
        "p99_ms": float(np.percentile(latencies, 99)),
    }


def main(arguments: list[str]) -> None:
    """Run it from the command line."""
    address, token, rate, callers, seconds = arguments
    found = uvloop.run(measure(address, token, float(rate), int(callers), float(seconds)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
