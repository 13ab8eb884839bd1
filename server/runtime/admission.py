"""How many calls a process works on at once, and whose: so that under any load it does what it can, for everybody.

A process that takes on every call that comes gets slower until callers give up, and then works for nobody. Here the
number of calls that run at once follows what the process can do, as TCP's window follows a network: as long as calls
wait too long, it falls by a part; while the process has time left, it grows by a step (additive increase,
multiplicative decrease: Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance in
computer networks", 1989). What is measured is the time that calls wait before they are taken on and not how long they
take, which tells more of what they ask for than of the load: Zhou et al., "Overload control for scaling WeChat
microservices", 2018.

What has not been taken on yet waits in one queue of gRPC, whoever it is of, so that queue has to stay short. gRPC for
asyncio takes one call on in the time of several turns of the event loop, and each turn takes as long as what runs has
to do in it: with too much running, calls would not be taken on faster than they are answered. Where even one call at a
time is too much, the process pauses for a moment before the next, and takes on what has come.

What has been taken on and does not run waits a short time in its tenant's queue, and the queues are served in turn. A
tenant that has begun and runs less than its share of the calls does not wait at all, so that nobody notices how much
another one sends. Calls that would wait for too long are refused at once, at a small part of what it costs to answer
them.
"""

import asyncio
import math
import random
from collections import OrderedDict, deque
from typing import Final, TypeAlias
from uuid import UUID

from server.runtime.errors import Overloaded

FIRST_LIMIT: Final = 8.0
LOWEST_LIMIT: Final = 1.0
HIGHEST_LIMIT: Final = 128.0
DECREASE: Final = 0.8
INCREASE: Final = 0.5
# Of the time, what the process's thread works or waits for a core. Beyond this, more calls at once would only wait.
MOST_BUSY: Final = 0.6

# A call that waits longer before the process takes it on, whoever it is of, waits too long.
LONGEST_DELAY_SECONDS: Final = 0.003
# If it is so much longer than that, the limit falls as it would three times.
FAR_TOO_LONG: Final = 5.0
# And so does one that waits so long for a connection to PostgreSQL.
LONGEST_POOL_DELAY_SECONDS: Final = 0.05

# A burst of calls is worked off within this time, or the rest of it is refused.
PATIENCE_SECONDS: Final = 1.0
SHORTEST_QUEUE: Final = 64
# All but the tenant that runs most may go beyond the limit by as many calls again together, or by so many. What that
# one runs does not count: calls that wait for a lock, say, stay while the limit falls, and shall keep nobody out.
SMALLEST_EXCESS: Final = 2.0

# The pause between calls is this part of the time by which they wait too long, and on average no longer than that.
PAUSE_SHARE: Final = 0.15
LONGEST_PAUSE_SECONDS: Final = 0.002
# The event loop's timers know no shorter time.
TIMER_SECONDS: Final = 0.001
# What counts of a tenant's past calls is this part of them a conclusion later, and nothing once it is hardly one call.
MEMORY: Final = 0.9
FORGOTTEN: Final = 0.5

Tenant: TypeAlias = UUID | None
"""Whose call it is; those that show no good token count as one tenant together."""


class AdmissionControl:
    """Decides which calls run.

    Attributes:
        limit: How many run at once.

    Args:
        lowest_limit: How many run at once even if calls wait too long, 1 or more.
    """

    def __init__(self, lowest_limit: float = LOWEST_LIMIT) -> None:
        self.limit = max(FIRST_LIMIT, lowest_limit)
        self._lowest_limit = lowest_limit
        self._running: dict[Tenant, int] = {}
        self._total = 0
        self._past: dict[Tenant, float] = {}
        self._past_total = 0.0
        self._queues: OrderedDict[Tenant, deque[_Waiter]] = OrderedDict()
        self._longest_queue = SHORTEST_QUEUE
        self._started = 0
        self._was_full = False
        self._pause_seconds = 0.0
        self._owed_pause_seconds = 0.0
        self._pause: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return self._total == 0

    @property
    def is_full(self) -> bool:
        """Whether calls wait."""
        return bool(self._queues)

    @property
    def is_at_its_lowest(self) -> bool:
        """Whether nothing changes however long calls wait: the limit can't fall, and there are no pauses."""
        return self.limit == self._lowest_limit > LOWEST_LIMIT

    def refuses(self, tenant: Tenant) -> bool:
        """Tells whether a call would wait for too long in its tenant's queue, and so is to be refused at once."""
        queue = self._queues.get(tenant)
        return queue is not None and len(queue) >= self._longest_queue

    def try_enter(self, tenant: Tenant) -> bool:
        """Lets a call run if it needs not wait. What has entered has to leave."""
        if tenant in self._queues:
            return False
        if not self._has_room() and not self._is_below_share(tenant):
            self._was_full = True
            return False
        self._start(tenant)
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
        if self._pause_seconds and self._pause is None:
            self._begin_pause()
        if self._queues:
            self._serve()

    def _has_room(self) -> bool:
        return self._total + 1 <= self.limit and self._pause is None

    def _is_below_share(self, tenant: Tenant) -> bool:
        """Tells whether a tenant has begun and runs fewer calls than if all who want to had the same number of them."""
        others_of_loudest = self._total - max(self._running.values(), default=0)
        if others_of_loudest >= max(SMALLEST_EXCESS, self.limit):
            return False
        running = self._running.get(tenant, 0)
        part = self._past.get(tenant, 0.0) + running
        tenants = max(len(self._past), len(self._running), len(self._queues)) + (part == 0.0)
        return part * tenants < self._past_total + self._total and running < max(1.0, self.limit / tenants)

    def _start(self, tenant: Tenant) -> None:
        self._running[tenant] = self._running.get(tenant, 0) + 1
        self._total += 1
        self._started += 1
        self._past[tenant] = self._past.get(tenant, 0.0) + 1.0
        self._past_total += 1.0

    def _begin_pause(self) -> None:
        """Pauses, if the pauses that were too short for a timer have become long enough together."""
        self._owed_pause_seconds += self._pause_seconds
        if self._owed_pause_seconds >= TIMER_SECONDS:
            self._owed_pause_seconds -= TIMER_SECONDS
            self._pause = asyncio.get_running_loop().call_later(TIMER_SECONDS, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._serve()

    def _serve(self) -> None:
        """Lets calls run that wait, of one tenant after the other."""
        now = asyncio.get_running_loop().time()
        while self._queues and self._has_room():
            tenant, queue = next(iter(self._queues.items()))
            waiter = _next(queue, now)
            if not queue:
                del self._queues[tenant]
            else:
                self._queues.move_to_end(tenant)
            if waiter is not None:
                self._start(tenant)
                waiter.turn.set_result(None)

    def conclude(self, *, delay: float, pool_delay: float, busy: float, seconds: float) -> None:
        """Fits the limit and the pauses to what was seen.

        Args:
            delay: How long calls have waited before they were taken on, in seconds.
            pool_delay: How long one has waited at most for a connection to PostgreSQL, in seconds.
            busy: Of the time, what the process's thread worked or waited for a core: 0 to 1.
            seconds: Since when.
        """
        late = delay - LONGEST_DELAY_SECONDS
        if late > 0.0 or pool_delay > LONGEST_POOL_DELAY_SECONDS:
            steps = 3 if delay > FAR_TOO_LONG * LONGEST_DELAY_SECONDS else 1
            self.limit = max(self._lowest_limit, self.limit * DECREASE**steps)
        elif self._was_full and busy < MOST_BUSY:
            self.limit = min(HIGHEST_LIMIT, self.limit + INCREASE)
        pause = late * PAUSE_SHARE if self.limit == LOWEST_LIMIT else 0.0
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, max(0.0, pause))
        burst = self._started / seconds * PATIENCE_SECONDS
        self._longest_queue = max(SHORTEST_QUEUE, round(burst / max(1, len(self._queues))))
        self._started, self._was_full = 0, bool(self._queues)
        self._past = {tenant: left for tenant, past in self._past.items() if (left := past * MEMORY) > FORGOTTEN}
        self._past_total = sum(self._past.values())
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
