"""How many calls a process works on at once, and whose: so that under any load it does what it can, for everybody.

A process that takes on every call that comes gets slower until callers give up, and then works for nobody. Here the
number of calls that run at once follows what the process can do, as TCP's window follows a network: as long as calls
wait too long, it falls by a part; while there is room, it grows by one (additive increase, multiplicative decrease:
Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance in computer networks", 1989).
What is measured is the time that calls wait before they are worked on and not how long they take, which tells more of
what they ask for than of the load: Zhou et al., "Overload control for scaling WeChat microservices", 2018.

What does not run waits a short time in its tenant's queue, and the queues are served in turn. A tenant that runs less
than its share of the calls does not wait at all, so that nobody notices how much another one sends. Calls that would
wait for too long are refused at once, at a small part of what it costs to answer them.
"""

import asyncio
import math
import random
from collections import OrderedDict, deque
from typing import Final, TypeAlias
from uuid import UUID

from server.runtime.errors import Overloaded

FIRST_LIMIT: Final = 16.0
LOWEST_LIMIT: Final = 2.0
HIGHEST_LIMIT: Final = 128.0
DECREASE: Final = 0.85
INCREASE: Final = 0.5

# A call that waits longer before the process takes it on, whoever it is of, waits too long.
LONGEST_DELAY_SECONDS: Final = 0.004
# And so does one that waits so long for a connection to PostgreSQL.
LONGEST_POOL_DELAY_SECONDS: Final = 0.05

# A burst of calls is worked off within this time, or the rest of it is refused.
PATIENCE_SECONDS: Final = 1.0
SHORTEST_QUEUE: Final = 64
# By how much those who run less than their share may go beyond the limit together.
LARGEST_EXCESS: Final = 2.0

Tenant: TypeAlias = UUID | None
"""Whose call it is; those that show no good token count as one tenant together."""


class AdmissionControl:
    """Decides which calls run.

    Attributes:
        limit: How many run at once.
    """

    def __init__(self) -> None:
        self.limit = FIRST_LIMIT
        self._running: dict[Tenant, int] = {}
        self._total = 0
        self._queues: OrderedDict[Tenant, deque[_Waiter]] = OrderedDict()
        self._longest_queue = SHORTEST_QUEUE
        self._started = 0
        self._was_full = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return self._total == 0

    @property
    def is_full(self) -> bool:
        """Whether calls wait."""
        return bool(self._queues)

    def refuses(self, tenant: Tenant) -> bool:
        """Tells whether a call would wait for too long in its tenant's queue, and so is to be refused at once."""
        queue = self._queues.get(tenant)
        return queue is not None and len(queue) >= self._longest_queue

    def try_enter(self, tenant: Tenant) -> bool:
        """Lets a call run if it needs not wait. What has entered has to leave."""
        running = self._running.get(tenant, 0)
        if self._total >= self.limit and not self._is_below_share(running):
            self._was_full = True
            return False
        if tenant in self._queues:
            return False
        self._running[tenant] = running + 1
        self._total += 1
        self._started += 1
        return True

    async def enter(self, tenant: Tenant, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Lets a call run as soon as it can. What has entered has to leave.

        Raises:
            Overloaded: Its tenant's queue is too long, or it has waited for too long; not if its patience is infinite.
        """
        if self.try_enter(tenant):
            return
        if patience_seconds != math.inf and self.refuses(tenant):
            raise overloaded()
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), loop.time() + patience_seconds)
        self._queues.setdefault(tenant, deque()).append(waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self.leave(tenant)
            raise

    def leave(self, tenant: Tenant) -> None:
        """Takes note that a call has ended, and lets the next one run."""
        running = self._running[tenant] - 1
        if running:
            self._running[tenant] = running
        else:
            del self._running[tenant]
        self._total -= 1
        if self._queues:
            self._serve()

    def _is_below_share(self, running: int) -> bool:
        """Tells whether a tenant runs less than it would if all who want to had the same number of calls."""
        if self._total >= self.limit * LARGEST_EXCESS:
            return False
        tenants = max(len(self._running), len(self._queues)) + (running == 0)
        return running < self.limit / tenants

    def _serve(self) -> None:
        """Lets calls run that wait, of one tenant after the other."""
        now = asyncio.get_running_loop().time()
        while self._queues and self._total < self.limit:
            tenant, queue = next(iter(self._queues.items()))
            waiter = _next(queue, now)
            if not queue:
                del self._queues[tenant]
            else:
                self._queues.move_to_end(tenant)
            if waiter is not None:
                self._running[tenant] = self._running.get(tenant, 0) + 1
                self._total += 1
                self._started += 1
                waiter.turn.set_result(None)

    def conclude(self, *, delay: float, pool_delay: float, seconds: float) -> None:
        """Fits the limit to what was seen.

        Args:
            delay: How long calls have waited before they were taken on, in seconds.
            pool_delay: How long one has waited at most for a connection to PostgreSQL, in seconds.
            seconds: Since when.
        """
        if delay > LONGEST_DELAY_SECONDS or pool_delay > LONGEST_POOL_DELAY_SECONDS:
            self.limit = max(LOWEST_LIMIT, self.limit * DECREASE)
        elif self._was_full:
            self.limit = min(HIGHEST_LIMIT, self.limit + INCREASE)
        burst = self._started / seconds * PATIENCE_SECONDS
        self._longest_queue = max(SHORTEST_QUEUE, round(burst / max(1, len(self._queues))))
        self._started, self._was_full = 0, bool(self._queues)
        self._refuse_late()
        self._serve()

    def _refuse_late(self) -> None:
        """Refuses what has waited for too long, also where nothing that runs comes to its end."""
        now = asyncio.get_running_loop().time()
        for tenant, queue in list(self._queues.items()):
            while queue and (queue[0].turn.done() or queue[0].end < now):
                _refuse(queue.popleft())
            if not queue:
                del self._queues[tenant]


class _Waiter:
    """A call in a queue: told when it is its turn, and refused when that comes too late."""

    __slots__ = ("end", "turn")

    def __init__(self, turn: "asyncio.Future[None]", end: float) -> None:
        self.turn = turn
        self.end = end


def _next(queue: "deque[_Waiter]", now: float) -> _Waiter | None:
    """Takes the next call that still waits from a queue; those that have waited for too long are refused."""
    while queue:
        waiter = queue.popleft()
        if waiter.turn.done():
            continue
        if waiter.end >= now:
            return waiter
        _refuse(waiter)
    return None


def _refuse(waiter: _Waiter) -> None:
    if not waiter.turn.done():
        waiter.turn.set_exception(overloaded())


def overloaded() -> Overloaded:
    """Makes the refusal of a call. Callers come back at different times, so that they don't all come at once again."""
    return Overloaded(PATIENCE_SECONDS * (0.5 + random.random()))  # noqa: S311 - nobody gains from guessing it
