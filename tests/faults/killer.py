"""Kills the processes of a stack, in an order that chance decides."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter

from deploy.local.process import ChildProcess
from deploy.local.stack import Stack

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 3.0
# Less than it takes to start most of them: others are killed meanwhile.
LOOK_AGAIN_SECONDS = 0.1
VICTIMS = (
    "PostgreSQL", "Valkey", "model server", "server", "scorer", "relay worker", "scoring worker", "WebSocket bridge",
    "edge",
)  # fmt: skip


class Killer:
    """Kills one process after another; the stack's supervisor starts each again.

    Args:
        stack: The stack.
        rng: Chooses who is killed, and when.
    """

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self._stack = stack
        self._rng = rng
        self.kills: Counter[str] = Counter()

    async def kill(self, times: int) -> None:
        """Kills that often: all in turn, each time in another order, so that none is spared."""
        victims: list[str] = []
        for _ in range(times):
            victims = victims or self._rng.sample(VICTIMS, len(VICTIMS))
            await self._kill_one(victims)
            await asyncio.sleep(self._rng.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))

    async def _kill_one(self, victims: list[str]) -> None:
        """Kills the first of them that runs, and takes it off the list."""
        while True:
            for name in victims:
                if _killed(self._stack.process(name)):
                    victims.remove(name)
                    self.kills[name] += 1
                    return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _killed(process: ChildProcess) -> bool:
    pid = process.pid
    if pid is None:
        return False
    # Not through `ChildProcess.kill`, which waits: the supervisor is to find it dead.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return True
