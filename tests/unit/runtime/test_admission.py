"""How many calls run at once, and whose."""

import asyncio
import math
from uuid import UUID

import pytest

from server.runtime.admission import (
    DECREASE,
    FAR_TOO_LONG,
    FIRST_LIMIT,
    INCREASE,
    LONGEST_DELAY_SECONDS,
    LOWEST_LIMIT,
    MOST_BUSY,
    SHORTEST_QUEUE,
    AdmissionControl,
)
from server.runtime.errors import Overloaded
from server.runtime.identifiers import new_id

LIMIT = int(FIRST_LIMIT)
LOUD, QUIET = new_id(), new_id()


def full_control(tenant: UUID | None = LOUD) -> AdmissionControl:
    """Gives a control in which a tenant runs as many calls as can."""
    control = AdmissionControl()
    assert all(control.try_enter(tenant) for _ in range(LIMIT))
    return control


async def started(control: AdmissionControl, tenant: UUID | None, patience: float = 60.0) -> "asyncio.Task[None]":
    """Begins a call and lets it come as far as it can."""
    task = asyncio.create_task(control.enter(tenant, patience))
    await asyncio.sleep(0)
    return task


def told(control: AdmissionControl, delay: float, *, busy: float = 0.0) -> float:
    """Tells a control how long calls waited, and gives its limit."""
    control.conclude(delay=delay, pool_delay=0.0, busy=busy, seconds=0.1)
    return control.limit


async def test_calls_up_to_the_limit_run_and_the_next_waits_for_one_to_end() -> None:
    control = full_control()
    waiting = await started(control, LOUD)
    assert not waiting.done()
    control.leave(LOUD)
    await asyncio.wait_for(waiting, 1.0)
    assert not control.try_enter(LOUD)


async def test_a_tenant_below_its_share_runs_at_once() -> None:
    control = full_control()
    await started(control, LOUD)
    assert control.try_enter(QUIET)
    ran = 1 + sum(control.try_enter(QUIET) for _ in range(LIMIT))
    assert ran == LIMIT // 2


async def test_many_tenants_below_their_share_go_beyond_the_limit_only_so_far() -> None:
    control = full_control()
    assert sum(control.try_enter(new_id()) for _ in range(10 * LIMIT)) <= LIMIT


async def test_calls_that_stay_while_the_limit_falls_keep_no_other_tenant_out() -> None:
    control = full_control()
    for _ in range(100):
        told(control, 2 * LONGEST_DELAY_SECONDS)
    assert control.limit == LOWEST_LIMIT
    assert not control.try_enter(LOUD)
    for _ in range(3):
        assert control.try_enter(QUIET)
        control.leave(QUIET)


async def test_those_without_a_good_token_are_one_tenant_together() -> None:
    control = full_control(None)
    assert not control.try_enter(None)
    assert control.try_enter(QUIET)


async def test_tenants_that_wait_are_served_in_turn() -> None:
    control = full_control()
    order: list[str] = []

    async def call(tenant: UUID, name: str) -> None:
        await control.enter(tenant, 60.0)
        order.append(name)

    many = [asyncio.create_task(call(LOUD, "loud")) for _ in range(6)]
    await asyncio.sleep(0)
    # What it may run beyond the limit at once is taken; the rest of the other tenant waits, too.
    while control.try_enter(QUIET):
        pass
    few = [asyncio.create_task(call(QUIET, "quiet")) for _ in range(2)]
    await asyncio.sleep(0)
    for _ in range(LIMIT // 2 + 4):
        control.leave(LOUD)
        await asyncio.sleep(0)
    assert order[:4] == ["loud", "quiet", "loud", "quiet"]
    for task in (*many, *few):
        task.cancel()


async def test_a_queue_that_is_too_long_is_refused_with_a_delay() -> None:
    control = full_control()
    waiting = [await started(control, LOUD) for _ in range(SHORTEST_QUEUE)]
    assert control.refuses(LOUD)
    assert not control.refuses(QUIET)
    with pytest.raises(Overloaded) as refused:
        await control.enter(LOUD)
    assert 0.0 < refused.value.retry_after_seconds < 5.0
    patient = await started(control, LOUD, math.inf)
    assert not patient.done()
    for task in (*waiting, patient):
        task.cancel()


async def test_a_call_that_has_waited_for_too_long_is_refused() -> None:
    control = full_control()
    late, waiting = await started(control, LOUD, -1.0), await started(control, LOUD)
    control.leave(LOUD)
    with pytest.raises(Overloaded):
        await late
    await asyncio.wait_for(waiting, 1.0)


async def test_a_call_is_refused_in_time_although_nothing_ends() -> None:
    control = full_control()
    late, patient = await started(control, LOUD, -1.0), await started(control, LOUD, math.inf)
    told(control, 2 * LONGEST_DELAY_SECONDS)
    with pytest.raises(Overloaded):
        await late
    assert not patient.done()
    patient.cancel()


async def test_a_call_that_is_given_up_takes_no_place() -> None:
    control = full_control()
    given_up, served_too_late = await started(control, LOUD), await started(control, LOUD)
    given_up.cancel()
    await asyncio.sleep(0)
    control.leave(LOUD)
    served_too_late.cancel()
    await asyncio.gather(given_up, served_too_late, return_exceptions=True)
    assert control.try_enter(LOUD)
    assert not control.try_enter(LOUD)


async def test_a_tenant_that_has_begun_little_goes_before_one_that_has_begun_much() -> None:
    control = AdmissionControl()
    for _ in range(100):
        told(control, 2 * LONGEST_DELAY_SECONDS)
    told(control, 0.0)
    for _ in range(10):
        assert control.try_enter(LOUD)
        control.leave(LOUD)
    assert control.try_enter(QUIET)
    # Of two that run nothing, only the one that has begun less goes beyond the limit of one.
    assert not control.try_enter(LOUD)
    assert control.try_enter(new_id())


async def test_what_a_tenant_has_begun_is_forgotten() -> None:
    control = AdmissionControl()
    for _ in range(10):
        assert control.try_enter(LOUD)
        control.leave(LOUD)
    for _ in range(100):
        told(control, 2 * LONGEST_DELAY_SECONDS)
    assert control.try_enter(QUIET)
    control.leave(QUIET)
    assert control.try_enter(QUIET)
    assert control.try_enter(LOUD)


async def test_the_process_pauses_between_calls_where_one_at_a_time_is_too_much() -> None:
    control = AdmissionControl()
    for _ in range(100):
        told(control, 1.0)
    # Neither has begun less than the other.
    for tenant in (LOUD, QUIET):
        assert control.try_enter(tenant)
    for tenant in (LOUD, QUIET):
        control.leave(tenant)
    assert control.is_idle
    assert not control.try_enter(LOUD)
    newcomer = new_id()
    assert control.try_enter(newcomer)
    control.leave(newcomer)
    await control.enter(LOUD, 60.0)


async def test_the_process_does_not_pause_while_calls_are_taken_on_in_time() -> None:
    control = AdmissionControl()
    for _ in range(100):
        told(control, 1.0)
    told(control, 0.0)
    assert control.try_enter(LOUD)
    waiting = await started(control, LOUD)
    control.leave(LOUD)
    await asyncio.wait_for(waiting, 10.0)
    assert not control.try_enter(LOUD)


async def test_the_limit_falls_by_a_part_and_grows_by_steps_where_it_is_used() -> None:
    control = AdmissionControl()
    assert told(control, 0.0) == FIRST_LIMIT
    fallen = told(control, 2 * LONGEST_DELAY_SECONDS)
    assert fallen == FIRST_LIMIT * DECREASE
    for _ in range(100):
        told(control, 2 * LONGEST_DELAY_SECONDS)
    assert control.limit == LOWEST_LIMIT
    while control.try_enter(LOUD):
        pass
    assert told(control, 0.0) == LOWEST_LIMIT + INCREASE


async def test_the_limit_falls_no_lower_than_a_process_says_and_calls_go_on_without_pauses() -> None:
    control = AdmissionControl(lowest_limit=LIMIT / 2)
    for _ in range(100):
        told(control, 1.0)
    assert control.limit == LIMIT / 2
    assert control.is_at_its_lowest
    for _ in range(LIMIT):
        assert all(control.try_enter(LOUD) for _ in range(LIMIT // 2))
        for _ in range(LIMIT // 2):
            control.leave(LOUD)


async def test_a_limit_of_one_call_is_not_the_lowest_of_all_since_pauses_follow() -> None:
    control = AdmissionControl()
    for _ in range(100):
        told(control, 1.0)
    assert control.limit == LOWEST_LIMIT
    assert not control.is_at_its_lowest


async def test_the_limit_falls_faster_where_calls_wait_far_too_long() -> None:
    assert told(AdmissionControl(), 2 * FAR_TOO_LONG * LONGEST_DELAY_SECONDS) == pytest.approx(
        FIRST_LIMIT * DECREASE**3
    )


async def test_the_limit_does_not_grow_in_a_process_that_has_no_time_left() -> None:
    control = full_control()
    assert not control.try_enter(LOUD)
    assert told(control, 0.0, busy=MOST_BUSY) == FIRST_LIMIT


async def test_a_wait_for_the_database_counts_too() -> None:
    control = AdmissionControl()
    control.conclude(delay=0.0, pool_delay=1.0, busy=0.0, seconds=0.1)
    assert control.limit == FIRST_LIMIT * DECREASE
