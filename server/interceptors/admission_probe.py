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
from typing import Any, Final

import grpc

from server.runtime.admission import LONGEST_DELAY_SECONDS, AdmissionControl

PROBE_SECONDS: Final = 0.02
CONCLUSION_SECONDS: Final = 0.1
# A call of the probe costs as much as a small call of anybody else: while nothing waits, there is one in this time.
CALM_SECONDS: Final = 0.25
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
        self._delays: list[float] = []
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
        self._delays.append(time.monotonic() - self._sent_time)

    async def _run(self) -> None:
        busy_time = time.monotonic()
        async with grpc.aio.insecure_channel(self._address) as channel:
            call: Any = channel.unary_unary(self.path)
            while time.monotonic() - busy_time < IDLE_SECONDS:
                began = time.monotonic()
                await self._ask(call)
                if self._is_calm():
                    await asyncio.sleep(CALM_SECONDS)
                # What has begun to wait meanwhile is looked at closely, too.
                if not self._is_calm():
                    await self._ask_often(call)
                if not self._control.is_idle:
                    busy_time = began
                # What has not arrived by now waits even longer than that.
                delay = statistics.fmean(self._delays) if self._delays else CONCLUSION_SECONDS
                self._delays.clear()
                self._control.conclude(delay=delay, pool_delay=self._longest_wait(), seconds=time.monotonic() - began)
        self.is_running = False

    def _is_calm(self) -> bool:
        """Tells whether no call has had to wait, the probe's last one neither."""
        return not self._control.is_full and bool(self._delays) and self._delays[-1] <= LONGEST_DELAY_SECONDS

    async def _ask_often(self, call: Any) -> None:
        end = time.monotonic() + CONCLUSION_SECONDS
        while time.monotonic() < end:
            await asyncio.sleep(PROBE_SECONDS)
            await self._ask(call)

    async def _ask(self, call: Any) -> None:
        self._sent_time = time.monotonic()
        # It is always refused, once it is taken on.
        with suppress(grpc.aio.AioRpcError):
            await call(b"", timeout=1.0)
