"""Watching scores."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest
from redis.asyncio import Redis

from deploy.local.ports import free_port
from deploy.local.valkey import EmbeddedValkey
from scoring.scores.score_filter import ScoreFilter, parse_score_filter
from scoring.scores.watching import SNAPSHOT, START, Position, WatchEvent
from scoring.stream.watch_hub import WatchHub
from server.runtime.errors import DependencyUnavailable, ResumeTokenExpired, SlowConsumer
from server.runtime.identifiers import new_id
from server.runtime.redis import connect_redis
from server.runtime.streams import score_changes_of
from tests.eventually import eventually
from tests.integration.scorer.conftest import no_reader, readers


async def tell(redis: Redis, tenant_id: UUID, *lead_ids: str) -> None:
    """Sends one entry that tells of these leads."""
    await tell_changes(redis, tenant_id, *({"lead_id": lead_id, "value": 50} for lead_id in lead_ids))


async def tell_changes(redis: Redis, tenant_id: UUID, *changes: dict[str, Any]) -> None:
    """Sends one entry with these changes."""
    await redis.xadd(
        score_changes_of(tenant_id), {"tenant_id": str(tenant_id), "payload": orjson.dumps({"scores": changes})}
    )


class Stored:
    """Stored scores for a snapshot."""

    def __init__(self, *scores: dict[str, Any]) -> None:
        self._scores = scores

    async def stored(
        self, tenant_id: UUID, lead_ids: frozenset[str] | None, score_filter: ScoreFilter
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        del tenant_id, lead_ids
        for score in self._scores:
            if score_filter.passes(score["value"], score.get("grade"), score.get("owner", "")):
                yield score


NOTHING_STORED = Stored()


class Watch:
    """A watch that is under way."""

    def __init__(
        self,
        hub: WatchHub,
        tenant_id: UUID,
        lead_ids: Sequence[str] | None = None,
        after: Position | None = None,
        score_filter: str = "",
        *,
        snapshot: bool = False,
    ) -> None:
        wanted = None if lead_ids is None else frozenset(lead_ids)
        self._events = hub.watch(tenant_id, wanted, after, parse_score_filter(score_filter), snapshot=snapshot)

    async def next(self) -> WatchEvent:
        """Gives the next event."""
        async with asyncio.timeout(10.0):
            return await anext(self._events)

    async def begin(self) -> Position:
        """Waits for the first sign of life and gives its position."""
        event = await self.next()
        assert event.change is None
        return event.position

    async def leads(self, count: int) -> list[str]:
        """Gives the leads of the next changes."""
        leads: list[str] = []
        while len(leads) < count:
            event = await self.next()
            if event.change is not None:
                leads.append(event.change["lead_id"])
        return leads

    async def end(self) -> None:
        """Ends the watch."""
        await self._events.aclose()


async def test_changes_come_in_their_order_to_everybody(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED)
    await tell(redis, tenant_id, "before")
    watches = [Watch(hub, tenant_id) for _ in range(3)]
    for watch in watches:
        await watch.begin()

    await tell(redis, tenant_id, "a", "b")
    await tell(redis, tenant_id, "c")
    await tell(redis, new_id(), "another tenant's")
    await tell(redis, tenant_id, "d")

    for watch in watches:
        assert await watch.leads(4) == ["a", "b", "c", "d"]
        await watch.end()


async def test_one_reader_serves_a_tenant_and_ends_with_its_last_watch(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED)
    one, two = Watch(hub, tenant_id), Watch(hub, tenant_id)
    await one.begin()
    await two.begin()
    assert await readers() == 1

    await one.end()
    assert await readers() == 1
    await two.end()
    await eventually(no_reader)

    await tell(redis, tenant_id, "while nobody watches")
    again = Watch(hub, tenant_id)
    await again.begin()
    await tell(redis, tenant_id, "a")
    assert await again.leads(1) == ["a"]
    await again.end()


async def test_only_the_leads_that_were_asked_for(redis: Redis, tenant_id: UUID) -> None:
    watch = Watch(WatchHub(redis, NOTHING_STORED), tenant_id, ["b", "d"])
    await watch.begin()
    await tell(redis, tenant_id, "a", "b", "c")
    await tell(redis, tenant_id, "d")

    assert await watch.leads(2) == ["b", "d"]
    await watch.end()


async def test_a_watch_goes_on_right_after_each_of_its_positions(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED)
    watch = Watch(hub, tenant_id)
    positions = [await watch.begin()]
    await tell(redis, tenant_id, "a", "b")
    await tell(redis, tenant_id, "c")
    positions += [(await watch.next()).position for _ in range(3)]
    await watch.end()

    await tell(redis, tenant_id, "d")
    for passed, position in enumerate(positions):
        resumed = Watch(hub, tenant_id, after=position)
        assert await resumed.leads(4 - passed) == ["a", "b", "c", "d"][passed:]
        await tell(redis, tenant_id, "live")
        assert await resumed.leads(1) == ["live"]
        await resumed.end()
        await _forget_last(redis, tenant_id)


async def test_a_long_way_to_catch_up_is_not_too_slow(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED, largest_backlog=10)
    leads = [str(number) for number in range(250)]
    for lead in leads:
        await tell(redis, tenant_id, lead)

    watch = Watch(hub, tenant_id, after=START)
    assert await watch.leads(250) == leads
    await watch.end()


async def test_what_is_not_kept_any_more_is_told(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED)
    await tell(redis, tenant_id, "a")
    watch = Watch(hub, tenant_id, after=START)
    position = (await watch.next()).position
    await watch.end()
    for lead in "bcd":
        await tell(redis, tenant_id, lead)
    await redis.xtrim(score_changes_of(tenant_id), maxlen=1, approximate=False)

    with pytest.raises(ResumeTokenExpired):
        await Watch(hub, tenant_id, after=position).next()
    await redis.delete(score_changes_of(tenant_id))
    with pytest.raises(ResumeTokenExpired):
        await Watch(hub, tenant_id, after=position).next()


async def test_scores_that_pass_or_passed_the_filter_are_told(redis: Redis, tenant_id: UUID) -> None:
    watch = Watch(
        WatchHub(redis, NOTHING_STORED), tenant_id, score_filter='grade = A AND owner = "kim" AND score >= 70'
    )
    await watch.begin()
    alike = {"value": 80, "grade": 1, "owner": "kim"}

    await tell_changes(
        redis,
        tenant_id,
        {"lead_id": "came", **alike, "previous_value": 20, "previous_grade": 3},
        {"lead_id": "went", "value": 20, "grade": 3, "owner": "kim", "previous_value": 80, "previous_grade": 1},
        {"lead_id": "another's", **alike, "owner": "lee"},
        {"lead_id": "another grade", **alike, "grade": 2, "previous_value": 60, "previous_grade": 1},
        {"lead_id": "first", **alike, "previous_value": None},
    )

    assert await watch.leads(3) == ["came", "went", "first"]
    await watch.end()


async def test_a_snapshot_comes_first_and_then_what_changes(redis: Redis, tenant_id: UUID) -> None:
    await tell(redis, tenant_id, "old")
    stored = Stored({"lead_id": "a", "value": 90}, {"lead_id": "b", "value": 10}, {"lead_id": "c", "value": 70})
    watch = Watch(WatchHub(redis, stored), tenant_id, score_filter="score >= 70", snapshot=True)

    first, second = await watch.next(), await watch.next()
    await tell(redis, tenant_id, "ignored")
    await tell_changes(redis, tenant_id, {"lead_id": "new", "value": 70})
    end = await watch.next()

    assert [event.stored and event.stored["lead_id"] for event in (first, second)] == ["a", "c"]
    assert {first.position, second.position} == {SNAPSHOT}
    assert end.snapshot_count == 2
    assert end.earliest is not None
    assert end.earliest < end.position
    assert await watch.leads(1) == ["new"]
    await watch.end()


async def test_a_snapshot_that_was_cut_off_begins_anew(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, Stored({"lead_id": "a", "value": 90}))
    watch = Watch(hub, tenant_id, snapshot=True)
    position = (await watch.next()).position
    await watch.end()

    again = Watch(hub, tenant_id, after=position, snapshot=True)
    assert (await again.next()).stored == {"lead_id": "a", "value": 90}
    assert (await again.next()).snapshot_count == 1
    await again.end()


async def test_a_token_that_has_expired_falls_back_to_a_snapshot(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, Stored({"lead_id": "a", "value": 90}))
    await tell(redis, tenant_id, "a")
    position = (await _first(hub, tenant_id)).position
    kept = Watch(hub, tenant_id, after=position, snapshot=True)
    assert (await kept.next()).snapshot_count is None
    await kept.end()

    await tell(redis, tenant_id, "b")
    await tell(redis, tenant_id, "c")
    await redis.xtrim(score_changes_of(tenant_id), maxlen=1, approximate=False)
    expired = Watch(hub, tenant_id, after=position, snapshot=True)

    assert (await expired.next()).stored == {"lead_id": "a", "value": 90}
    assert (await expired.next()).snapshot_count == 1
    await expired.end()


async def test_all_that_is_kept_comes_again_from_the_earliest_token(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED)
    for lead in "abcd":
        await tell(redis, tenant_id, lead)
    await redis.xtrim(score_changes_of(tenant_id), maxlen=2, approximate=False)
    begin = Watch(hub, tenant_id)
    earliest = (await begin.next()).earliest
    await begin.end()

    watch = Watch(hub, tenant_id, after=earliest)
    assert await watch.leads(2) == ["c", "d"]
    await watch.end()


async def _first(hub: WatchHub, tenant_id: UUID) -> WatchEvent:
    watch = Watch(hub, tenant_id, after=START)
    event = await watch.next()
    await watch.end()
    return event


async def test_who_is_too_slow_is_dropped_and_can_go_on(redis: Redis, tenant_id: UUID) -> None:
    hub = WatchHub(redis, NOTHING_STORED, largest_backlog=10)
    slow, quick = Watch(hub, tenant_id), Watch(hub, tenant_id)
    position = await slow.begin()
    await quick.begin()
    for number in range(11):
        await tell(redis, tenant_id, str(number))
        assert await quick.leads(1) == [str(number)]

    with pytest.raises(SlowConsumer):
        await slow.next()
    resumed = Watch(hub, tenant_id, after=position)
    assert await resumed.leads(11) == [str(number) for number in range(11)]
    await quick.end()
    await resumed.end()


async def test_without_a_change_there_are_signs_of_life(redis: Redis, tenant_id: UUID) -> None:
    watch = Watch(WatchHub(redis, NOTHING_STORED, heartbeat_seconds=0.05), tenant_id, ["b"])
    begin = await watch.begin()
    await tell(redis, tenant_id, "a")

    async def moved_on() -> bool:
        event = await watch.next()
        assert event.change is None
        return event.position > begin

    await eventually(moved_on)
    await watch.end()


async def test_without_redis_watches_end_and_can_begin_again(
    tmp_path_factory: pytest.TempPathFactory, tenant_id: UUID
) -> None:
    valkey = EmbeddedValkey(tmp_path_factory.mktemp("valkey") / "data", free_port())
    valkey.start()
    try:
        redis = await connect_redis(valkey.url)
        hub = WatchHub(redis, NOTHING_STORED)
        watch = Watch(hub, tenant_id)
        position = await watch.begin()
        valkey.stop()
        with pytest.raises(DependencyUnavailable):
            await watch.next()
        with pytest.raises(DependencyUnavailable):
            await Watch(hub, tenant_id).next()
        valkey.start()
        await tell(redis, tenant_id, "a")
        resumed = Watch(hub, tenant_id, after=position)
        assert await resumed.leads(1) == ["a"]
        await resumed.end()
        await redis.aclose()
    finally:
        valkey.stop()


async def _forget_last(redis: Redis, tenant_id: UUID) -> None:
    newest: Any = await redis.xrevrange(score_changes_of(tenant_id), count=1)
    ((entry_id, _),) = newest
    await redis.xdel(score_changes_of(tenant_id), entry_id)
