"""How long calls wait before the process takes them on, found out by calls of its own that wait as all others do."""

import asyncio
import secrets
import shutil
import statistics
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import grpc

from server.runtime.admission import LONGEST_DELAY_SECONDS, AdmissionControl

PROBE_SECONDS: Final = 0.02
CONCLUSION_SECONDS: Final = 0.1
# A call of the probe costs as much as a small call of anybody else: while nothing waits, they are fewer.
PROBES_IN_THE_TIME_OF_A_CALM_ONE: Final = 12
LONGEST_CALL_SECONDS: Final = 10.0
# Linux tells here for how many nanoseconds the thread that reads it has run and has waited for a core.
SCHEDULER_FIGURES: Final = Path("/proc/thread-self/schedstat")
# So long after the last call the process stops asking itself.
IDLE_SECONDS: Final = 1.0


class Probe:
    """Calls the process it is in, as long as somebody else does, and tells the control how long that waited.

    It calls often only while calls wait, or one of its own has: from a single one that was late nothing is concluded.

    gRPC for asyncio takes calls on one by one between the steps of those that run, the oldest first. Nothing inside the
    process tells how many wait for that, or how long; a call does that waits among them. Its door is a socket in a
    folder that only this user can look into, and its path is a secret of the process.

    Attributes:
        path: Of the calls.
        is_running: Whether it calls.

    Args:
        control: Concludes from what is seen.
        longest_wait: Gives the longest wait for a connection to PostgreSQL since it was asked last, in seconds.
    """

    def __init__(self, control: AdmissionControl, longest_wait: Callable[[], float]) -> None:
        self.path = f"/leadline.probe/{secrets.token_hex(16)}"
        self.is_running = True
        self._control = control
        self._longest_wait = longest_wait
        self._sent_time = 0.0
        self._waits = False
        self._delays: list[float] = []
        self._last_delay = 0.0
        self._task: asyncio.Task[None] | None = None

    def add_door(self, server: grpc.aio.Server) -> None:
        """Lets the probe in; to be called before the server starts."""
        folder = tempfile.mkdtemp(prefix="leadline-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._address = f"unix:{folder}/probe"
        server.add_insecure_port(self._address)
        self.is_running = False

    def start(self) -> None:
        """Begins to call."""
        self.is_running = True
        self._task = asyncio.create_task(self._run())

    def note_arrival(self) -> None:
        """Takes note that a call of the probe was taken on."""
        self._last_delay = time.monotonic() - self._sent_time
        self._delays.append(self._last_delay)
        self._waits = False

    async def _run(self) -> None:
        busy_time = time.monotonic()
        async with grpc.aio.insecure_channel(self._address) as channel:
            calls = asyncio.create_task(self._call_on(channel.unary_unary(self.path)))
            while time.monotonic() - busy_time < IDLE_SECONDS:
                began, worked = time.monotonic(), _work_seconds()
                await asyncio.sleep(CONCLUSION_SECONDS)
                now = time.monotonic()
                if not self._control.is_idle:
                    busy_time = now
                self._control.conclude(
                    delay=self._take_delay(now),
                    pool_delay=self._longest_wait(),
                    busy=(_work_seconds() - worked) / (now - began),
                    seconds=now - began,
                )
            calls.cancel()
        self.is_running = False

    async def _call_on(self, call: Any) -> None:
        while True:
            self._sent_time, self._waits = time.monotonic(), True
            # It is always refused, once it is taken on.
            with suppress(grpc.aio.AioRpcError):
                await call(b"", timeout=LONGEST_CALL_SECONDS)
            for _ in range(PROBES_IN_THE_TIME_OF_A_CALM_ONE):
                await asyncio.sleep(PROBE_SECONDS)
                if not self._is_calm():
                    break

    def _is_calm(self) -> bool:
        """Tells whether no call has had to wait, the probe's last one neither, unless nothing followed from that."""
        is_short = self._last_delay <= LONGEST_DELAY_SECONDS or self._control.is_at_its_lowest
        return is_short and not self._control.is_full

    def _take_delay(self, now: float) -> float:
        """Gives how long calls have waited since this told it last; what waits still counts by what it has waited.

        A single call tells nothing yet, unless it waits for very long: then it counts with the next.
        """
        waited = now - self._sent_time if self._waits else 0.0
        if len(self._delays) + self._waits < 2 and waited < CONCLUSION_SECONDS:  # noqa: PLR2004 - more than one
            return 0.0
        delay = max(waited, statistics.fmean(self._delays) if self._delays else 0.0)
        self._delays.clear()
        return delay


def _work_seconds() -> float:
    """Gives how long this thread has run so far or, where the system tells, has run or waited for a core."""
    try:
        ran, waited, *_ = SCHEDULER_FIGURES.read_text().split()
    except OSError:
        return time.thread_time()
    return (int(ran) + int(waited)) / 1e9
