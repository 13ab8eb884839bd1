"""Reads a Redis stream as one of a group of consumers, so that every entry is handled at least once.

An entry is acknowledged when it has been handled. Who dies before leaves it pending, and another consumer claims it
once nobody has touched it for a while; who still works on an entry therefore touches it regularly. An entry that was
tried too often is put aside into the dead-letter stream; to wait for a dependency is no try. Handlers must bear to see
an entry twice.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from server.runtime.redis import redis_errors_as_unavailable

GROUP = "scoring"
DEAD_LETTERS = "leadline:dead-letter"
LARGEST_DEAD_LETTER_COUNT = 100_000
LARGEST_TRIES = 5
# A consumer that has read nothing for so long is dead. Its name alone is forgotten, and only if nothing is pending.
FORGOTTEN_AFTER_SECONDS = 600.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """An entry as it was sent.

    Attributes:
        entry_id: Its id in the stream.
        fields: What it carries, as bytes.
        tries: How often it was given to a consumer before, 0 or more.
    """

    entry_id: str
    fields: Mapping[bytes, bytes]
    tries: int

    @property
    def tenant_id(self) -> UUID:
        """The tenant that it is of; raises KeyError or ValueError if it tells none."""
        return UUID(self.fields[b"tenant_id"].decode())

    @property
    def payload(self) -> dict[str, Any]:
        """What it tells; raises KeyError or ValueError if it can't be read."""
        payload: dict[str, Any] = orjson.loads(self.fields[b"payload"])
        return payload


class EntryHandler(Protocol):
    """Does what entries ask for."""

    async def handle(self, entries: Sequence[StreamEntry]) -> None:
        """Handles entries together; if it raises, they are handled one by one.

        Raises:
            DependencyUnavailable: It is not the entries' fault; they are tried again until it works.
        """

    async def give_up(self, entry: StreamEntry) -> bool | None:
        """Does what is left to do for an entry that is put aside.

        Returns:
            True if it is kept elsewhere, so that the dead-letter stream need not.
        """


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How a consumer reads.

    Attributes:
        stream: The stream.
        largest_batch: The most entries handled together, 1 or more.
        idle_seconds: After how long without a touch an entry is taken from its consumer; also the pause between two
            tries of an entry that fails.
        block_seconds: How long a read waits for entries.
        pause_seconds: How long to wait before the next try while a dependency is unavailable.
    """

    stream: str
    largest_batch: int
    idle_seconds: float = 10.0
    block_seconds: float = 2.0
    pause_seconds: float = 1.0


class StreamConsumer:
    """One consumer of the group `scoring`.

    Args:
        redis: The client; its blocking reads need answers later than `block_seconds`.
        handler: Does what the entries ask for.
        settings: How to read.
    """

    def __init__(self, redis: Redis, handler: EntryHandler, settings: ConsumerSettings) -> None:
        self._redis = redis
        self._handler = handler
        self._settings = settings
        self._name = f"{socket.gethostname()}-{os.getpid()}-{new_id()}"

    async def run(self) -> None:
        """Consumes until it is cancelled; what is not acknowledged by then is left to the others."""
        log = _log.bind(stream=self._settings.stream)
        next_claim = 0.0
        loop = asyncio.get_running_loop()
        while True:
            end_if_cancelled()
            try:
                with redis_errors_as_unavailable():
                    if loop.time() >= next_claim:
                        await self._ensure_group()
                        await self._process(await self._claim())
                        await self._forget_dead_consumers()
                        next_claim = loop.time() + self._settings.idle_seconds / 2
                    await self._process(await self._read())
            except DependencyUnavailable as error:
                log.warning("stream can't be read", dependency=error.dependency, cause=repr(error.__cause__))
                await asyncio.sleep(self._settings.pause_seconds)
                next_claim = 0.0

    async def _process(self, entries: Sequence[StreamEntry]) -> None:
        end_if_cancelled()
        for entry in [entry for entry in entries if entry.tries >= LARGEST_TRIES]:
            await self._put_aside(entry)
        entries = [entry for entry in entries if entry.tries < LARGEST_TRIES]
        if not entries:
            return
        async with self._touching(entries):
            if await self._try(entries):
                await self._acknowledge(entries)
                return
            if len(entries) == 1:
                return
            # One bad entry must not hold up the others.
            for entry in entries:
                if await self._try([entry]):
                    await self._acknowledge([entry])

    async def _try(self, entries: Sequence[StreamEntry]) -> bool:
        """Handles entries, waiting for dependencies as long as it takes; False if they can't be handled."""
        is_waiting = False
        while True:
            try:
                await self._handler.handle(entries)
            except DependencyUnavailable as error:
                _log.warning("waiting", stream=self._settings.stream, dependency=error.dependency)
                if not is_waiting:
                    await self._excuse(entries)
                    end_if_cancelled()
                    is_waiting = True
                await asyncio.sleep(self._settings.pause_seconds)
            except Exception:  # noqa: BLE001 (logged; the entry is tried again, and put aside if that does not help)
                _log.exception(
                    "entries failed", stream=self._settings.stream, entry_ids=[entry.entry_id for entry in entries]
                )
                return False
            else:
                return True

    async def _excuse(self, entries: Sequence[StreamEntry]) -> None:
        """Takes back that entries are tried: if this consumer ends while it waits, that speaks against none of them."""
        try:
            with redis_errors_as_unavailable():
                pipeline = self._redis.pipeline(transaction=False)
                for entry in entries:
                    pipeline.xclaim(
                        self._settings.stream,
                        GROUP,
                        self._name,
                        0,
                        [entry.entry_id],
                        retrycount=entry.tries,
                        justid=True,
                    )
                await pipeline.execute()
        except DependencyUnavailable as error:
            _log.warning("entries not excused", stream=self._settings.stream, cause=repr(error.__cause__))

    async def _ensure_group(self) -> None:
        try:
            await self._redis.xgroup_create(self._settings.stream, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _read(self) -> list[StreamEntry]:
        try:
            answer = await self._redis.xreadgroup(
                GROUP,
                self._name,
                {self._settings.stream: ">"},
                count=self._settings.largest_batch,
                block=round(self._settings.block_seconds * 1000),
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            # The stream was lost with the server's data.
            await self._ensure_group()
            return []
        return [_entry(raw, tries=0) for raw in entries_of(answer)]

    async def _claim(self) -> list[StreamEntry]:
        """Takes entries over that nobody touches any more, this consumer's failed ones among them."""
        idle_milliseconds = round(self._settings.idle_seconds * 1000)
        pending: list[dict[str, Any]] = await self._redis.xpending_range(
            self._settings.stream, GROUP, "-", "+", self._settings.largest_batch, idle=idle_milliseconds
        )
        if not pending:
            return []
        tries = {entry["message_id"]: entry["times_delivered"] for entry in pending}
        claimed = await self._redis.xclaim(self._settings.stream, GROUP, self._name, idle_milliseconds, list(tries))
        return [_entry(raw, tries=tries[raw[0]]) for raw in claimed]

    async def _forget_dead_consumers(self) -> None:
        """Deletes the names of consumers that are gone; a living one reads every few seconds."""
        consumers: list[dict[str, Any]] = await self._redis.xinfo_consumers(self._settings.stream, GROUP)
        longest_silence = max(FORGOTTEN_AFTER_SECONDS, 10 * self._settings.idle_seconds) * 1000
        for consumer in consumers:
            if consumer["pending"] == 0 and consumer["idle"] > longest_silence:
                await self._redis.xgroup_delconsumer(self._settings.stream, GROUP, consumer["name"])

    async def _acknowledge(self, entries: Sequence[StreamEntry]) -> None:
        ids = [entry.entry_id for entry in entries]
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(self._settings.stream, GROUP, *ids)
            # There is no other group, so what is acknowledged serves nobody.
            pipeline.xdel(self._settings.stream, *ids)
            await pipeline.execute()

    async def _put_aside(self, entry: StreamEntry) -> None:
        _log.error("entry put aside", stream=self._settings.stream, entry_id=entry.entry_id, tries=entry.tries)
        if not await self._handler.give_up(entry):
            fields: dict[Any, Any] = {**entry.fields, b"stream": self._settings.stream, b"entry_id": entry.entry_id}
            await self._redis.xadd(DEAD_LETTERS, fields, maxlen=LARGEST_DEAD_LETTER_COUNT, approximate=True)
        await self._acknowledge([entry])

    @asynccontextmanager
    async def _touching(self, entries: Sequence[StreamEntry]) -> AsyncIterator[None]:
        """Touches entries while they are worked on, so that nobody else claims them."""
        touching = asyncio.create_task(self._touch([entry.entry_id for entry in entries]))
        try:
            yield
        finally:
            touching.cancel()

    async def _touch(self, entry_ids: list[Any]) -> None:
        while True:
            # Else entries that failed would be touched for ever, and taken over by nobody.
            end_if_cancelled()
            await asyncio.sleep(self._settings.idle_seconds / 3)
            try:
                with redis_errors_as_unavailable():
                    # JUSTID counts no further try.
                    await self._redis.xclaim(self._settings.stream, GROUP, self._name, 0, entry_ids, justid=True)
            except DependencyUnavailable as error:
                _log.warning("entries not touched", stream=self._settings.stream, cause=repr(error.__cause__))


def end_if_cancelled() -> None:
    """Raises CancelledError if the task that runs was cancelled.

    The client's reads use `asyncio.wait_for`, which in Python 3.11 loses a cancellation that meets the result.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def entries_of(answer: Any) -> Sequence[Any]:
    """The entries in the answer to a read of one stream."""
    entries: Sequence[Any] = answer[0][1] if answer else ()
    return entries


def _entry(raw: Any, *, tries: int) -> StreamEntry:
    entry_id, fields = raw
    return StreamEntry(entry_id.decode(), fields, tries)
