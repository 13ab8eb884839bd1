"""Consuming a stream at least once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from scoring.stream.consumer import (
    DEAD_LETTERS,
    GROUP,
    LARGEST_TRIES,
    ConsumerSettings,
    StreamConsumer,
    StreamEntry,
)
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from tests.eventually import eventually

STREAM = "leadline:test"
SETTINGS = ConsumerSettings(STREAM, largest_batch=100, idle_seconds=0.2, block_seconds=0.05, pause_seconds=0.05)


MANY = 1_000


class Recorder:
    """Records what it handled, by the text in each entry's payload.

    Attributes:
        handled: The texts, call by call.
        given_up: The texts of entries that were put aside.
        failures: Raised in turn, one a call, before anything is handled.
        may_end: Handling waits for it.
    """

    def __init__(self) -> None:
        self.handled: list[list[str]] = []
        self.given_up: list[str] = []
        self.failures: list[Exception] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def handle(self, entries: Sequence[StreamEntry]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        texts = [entry.payload["text"] for entry in entries]
        if "bad" in texts:
            raise ValueError("bad")
        await self.may_end.wait()
        self.handled.append(texts)

    async def give_up(self, entry: StreamEntry) -> bool:
        self.given_up.append(entry.payload["text"] if entry.fields[b"payload"].endswith(b"}") else "")
        return False

    def texts(self) -> list[str]:
        """Gives all texts that were handled."""
        return [text for texts in self.handled for text in texts]


@asynccontextmanager
async def consuming(redis: Redis, handler: Recorder, settings: ConsumerSettings = SETTINGS) -> AsyncIterator[None]:
    """Runs a consumer meanwhile."""
    task = asyncio.create_task(StreamConsumer(redis, handler, settings).run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def send(redis: Redis, *texts: str) -> None:
    """Sends one entry for each text."""
    for text in texts:
        await redis.xadd(STREAM, {"tenant_id": str(new_id()), "payload": orjson.dumps({"text": text})})


async def pending_count(redis: Redis) -> int:
    """Counts entries that a consumer has and has not acknowledged."""
    if not await redis.exists(STREAM) or not await redis.xinfo_groups(STREAM):
        return 0
    pending: dict[str, int] = await redis.xpending(STREAM, GROUP)
    return pending["pending"]


async def test_entries_that_wait_are_handled_together_and_are_gone(redis: Redis) -> None:
    recorder = Recorder()
    await send(redis, "a", "b", "c")

    async with consuming(redis, recorder):
        await eventually(lambda: _holds(recorder.handled == [["a", "b", "c"]]))
        await eventually(lambda: _is_empty(redis))
        await send(redis, "d")
        await eventually(lambda: _holds(recorder.texts() == ["a", "b", "c", "d"]))
    assert await pending_count(redis) == 0


async def test_a_bad_entry_holds_up_nobody_and_is_put_aside_after_five_tries(redis: Redis) -> None:
    recorder = Recorder()
    await send(redis, "a", "bad", "b")

    async with consuming(redis, recorder):
        await eventually(lambda: _holds(recorder.texts() == ["a", "b"]), seconds=5.0)
        await send(redis, "c")
        await eventually(lambda: _holds("c" in recorder.texts()), seconds=5.0)
        await eventually(lambda: _is_empty(redis))

    assert recorder.given_up == ["bad"]
    put_aside: Any = await redis.xrange(DEAD_LETTERS)
    ((_, fields),) = put_aside
    assert fields[b"stream"] == STREAM.encode()
    assert orjson.loads(fields[b"payload"]) == {"text": "bad"}


async def test_an_entry_that_can_not_be_read_is_put_aside(redis: Redis) -> None:
    recorder = Recorder()
    await redis.xadd(STREAM, {"payload": b"{"})
    await send(redis, "a")

    async with consuming(redis, recorder):
        await eventually(lambda: _is_empty(redis))

    assert recorder.texts() == ["a"]
    assert recorder.given_up == [""]
    assert await redis.xlen(DEAD_LETTERS) == 1


async def test_a_dependency_that_is_away_is_waited_for(redis: Redis) -> None:
    recorder = Recorder()
    recorder.failures = [DependencyUnavailable("model_server") for _ in range(8)]
    await send(redis, "a")

    async with consuming(redis, recorder):
        await eventually(lambda: _holds(recorder.texts() == ["a"]))

    assert await redis.xlen(DEAD_LETTERS) == 0


async def test_consumers_that_end_while_they_wait_count_for_no_try(redis: Redis) -> None:
    await send(redis, "a", "b")
    for _ in range(LARGEST_TRIES + 2):
        waiting = Recorder()
        waiting.failures = [DependencyUnavailable("model_server") for _ in range(MANY)]
        async with consuming(redis, waiting):
            await eventually(partial(_has_failed, waiting))

    heir = Recorder()
    async with consuming(redis, heir):
        await eventually(lambda: _holds(sorted(heir.texts()) == ["a", "b"]))
    assert await redis.xlen(DEAD_LETTERS) == 0


async def test_the_entries_of_a_dead_consumer_are_taken_over(redis: Redis) -> None:
    await send(redis, "a", "b")
    dying = Recorder()
    dying.may_end.clear()
    async with consuming(redis, dying):
        await eventually(lambda: _has_pending(redis, 2))

    heir = Recorder()
    async with consuming(redis, heir):
        await eventually(lambda: _holds(sorted(heir.texts()) == ["a", "b"]))


async def test_entries_that_take_long_are_not_taken_over(redis: Redis) -> None:
    await send(redis, "a")
    slow, idle = Recorder(), Recorder()
    slow.may_end.clear()
    async with consuming(redis, slow):
        await eventually(lambda: _has_pending(redis, 1))
        async with consuming(redis, idle):
            await asyncio.sleep(SETTINGS.idle_seconds * 4)
        slow.may_end.set()
        await eventually(lambda: _is_empty(redis))

    assert idle.texts() == []
    assert slow.texts() == ["a"]


async def test_a_stream_that_was_lost_is_begun_anew(redis: Redis) -> None:
    recorder = Recorder()
    async with consuming(redis, recorder):
        await send(redis, "a")
        await eventually(lambda: _holds(recorder.texts() == ["a"]))
        await redis.delete(STREAM)
        await send(redis, "b")
        await eventually(lambda: _holds(recorder.texts() == ["a", "b"]))


async def _holds(condition: bool) -> bool:  # noqa: FBT001
    return condition


async def _has_failed(recorder: Recorder) -> bool:
    return len(recorder.failures) < MANY - 1


async def _is_empty(redis: Redis) -> bool:
    return await redis.xlen(STREAM) == 0


async def _has_pending(redis: Redis, count: int) -> bool:
    return await pending_count(redis) == count
