"""Sends calls as a process of its own, at a rate of its own, whatever becomes of them, and tells how they ended.

python -m tests.benchmarks.calling_process ADDRESS TOKEN CALLS_PER_SECOND CALLERS SECONDS CORES NICENESS

With a rate of 0, so many callers call one call after the other instead, and wait as refusals tell them. It runs on the
cores that are named, such as `2,3`, and gives way to others by its niceness. Requests and answers stay bytes, so that
the calls cost little here. The last line is a JSON object: `sent`, `answered` and `refused` calls a second, `failed`
ones by their gRPC code, and the latencies of the answered ones in milliseconds.
"""

import asyncio
import json
import os
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
from leadline.v1 import lead_service_pb2

DEADLINE_SECONDS = 2.0
WARM_UP_SECONDS = 4.0
METHOD = "/leadline.v1.LeadService/ListLeads"
REQUEST = lead_service_pb2.ListLeadsRequest(page_size=50, order_by="score desc").SerializeToString()


class Caller:
    """Calls ListLeads and counts.

    Args:
        call: Sends one request.
        token: Of the tenant.
    """

    def __init__(self, call: Any, token: str) -> None:
        self._call = call
        self._metadata = (("authorization", f"Bearer {token}"),)
        self.begin_time = 0.0
        self.latencies: list[float] = []
        self.codes: Counter[str] = Counter()

    async def call(self) -> float:
        """Call once, and give how many seconds to wait; what began before `begin_time` is not counted.

        Raises:
            ValueError: A refusal does not tell how long to wait.
        """
        retry_seconds = 0.0
        began, code = time.perf_counter(), "OK"
        try:
            await self._call(REQUEST, metadata=self._metadata, timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
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
        async with asyncio.TaskGroup() as calls:
            while due < end:
                due += random.expovariate(rate)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                calls.create_task(self.call())


def _retry_seconds(error: Any) -> float:
    status, retry = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    if status is None or not any(detail.Unpack(retry) for detail in status.details):
        raise ValueError(f"a refusal without RetryInfo: {error.details()}")
    return float(retry.retry_delay.ToNanoseconds()) / 1e9


async def measure(address: str, token: str, rate: float, callers: int, seconds: float) -> dict[str, Any]:
    """Send the calls and give what became of them."""
    async with grpc.aio.insecure_channel(address) as channel:
        caller = Caller(channel.unary_unary(METHOD), token)
        caller.begin_time = time.perf_counter() + WARM_UP_SECONDS
        end = caller.begin_time + seconds
        if rate:
            await caller.open(rate, end)
        else:
            await asyncio.gather(*(caller.closed(end) for _ in range(callers)))
    latencies = np.array(caller.latencies or [0.0]) * 1000
    sent = caller.codes.total()
    refused = caller.codes.pop("RESOURCE_EXHAUSTED", 0)
    return {
        "sent": sent / seconds,
        "answered": caller.codes.pop("OK", 0) / seconds,
        "refused": refused / seconds,
        "failed": dict(caller.codes),
        "p50_ms": float(np.percentile(latencies, 50)),
        "p99_ms": float(np.percentile(latencies, 99)),
    }


def main(arguments: list[str]) -> None:
    """Run it from the command line."""
    address, token, rate, callers, seconds, cores, niceness = arguments
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    os.nice(int(niceness))
    found = uvloop.run(measure(address, token, float(rate), int(callers), float(seconds)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
