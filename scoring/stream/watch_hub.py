"""Tells many watchers of new scores from one reader a tenant."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from scoring.scores.score_filter import EVERY_SCORE, ScoreFilter
from scoring.scores.watching import SNAPSHOT, START, Position, StoredScores, WatchEvent
from scoring.stream.consumer import end_if_cancelled, entries_of
from server.runtime.errors import LeadlineError, ResumeTokenExpired, SlowConsumer
from server.runtime.redis import redis_errors_as_unavailable
from server.runtime.streams import score_changes_of

HEARTBEAT_SECONDS = 15.0
# Changes that wait for one watcher. A training can change a hundred thousand scores at once; who can't follow
# goes on later from where it stood, at its own pace.
LARGEST_BACKLOG = 10_000
ENTRIES_A_READ = 100
BLOCK_MILLISECONDS = 5_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """One message of the stream: its place, and the changes that it tells."""

    position: Position
    changes: Sequence[Mapping[str, Any]]

    @property
    def end(self) -> Position:
        return self.position._replace(told=len(self.changes))


class _Watcher:
    """What waits to be taken by one watcher."""

    def __init__(self, largest_backlog: int) -> None:
        self._entries: asyncio.Queue[_Entry | LeadlineError] = asyncio.Queue()
        self._waiting = 0
        self._largest_backlog = largest_backlog

    def put(self, entry: _Entry) -> bool:
        """Adds an entry; False if too much waits already, and the watcher is dropped."""
        self._waiting += len(entry.changes)
        if self._waiting > self._largest_backlog:
            self.fail(SlowConsumer())
            return False
        self._entries.put_nowait(entry)
        return True

    def fail(self, error: LeadlineError) -> None:
        """Ends the watch with an error; what still waits is not told, it comes again after a resume."""
        while not self._entries.empty():
            self._entries.get_nowait()
        self._entries.put_nowait(error)

    async def take(self) -> _Entry:
        """Gives the next entry, or raises what ended the watch."""
        entry = await self._entries.get()
        if isinstance(entry, LeadlineError):
            raise entry
        self._waiting -= len(entry.changes)
        return entry


class _Feed:
    """Reads one tenant's stream for all of its watchers."""

    def __init__(self, redis: Redis, stream: str) -> None:
        self._redis = redis
        self._stream = stream
        self._watchers: set[_Watcher] = set()
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._position = START

    @property
    def is_idle(self) -> bool:
        """Whether nobody watches."""
        return not self._watchers

    async def attach(self, watcher: _Watcher) -> Position:
        """Gives a watcher all entries from now on, and tells where that is."""
        self._watchers.add(watcher)
        async with self._starting:
            if self._reader is None or self._reader.done():
                with redis_errors_as_unavailable():
                    newest = await self._redis.xrevrange(self._stream, count=1)
                self._position = _entry(newest[0]).end if newest else START
                self._reader = asyncio.create_task(self._read())
        return self._position

    def detach(self, watcher: _Watcher) -> None:
        """Gives a watcher nothing more; the last one ends the reading."""
        self._watchers.discard(watcher)
        if not self._watchers and self._reader is not None:
            self._reader.cancel()

    async def _read(self) -> None:
        try:
            while True:
                with redis_errors_as_unavailable():
                    answer = await self._redis.xread(
                        {self._stream: self._position.entry_id}, count=ENTRIES_A_READ, block=BLOCK_MILLISECONDS
                    )
                end_if_cancelled()
                for raw in entries_of(answer):
                    entry = _entry(raw)
                    self._position = entry.end
                    self._watchers -= {watcher for watcher in self._watchers if not watcher.put(entry)}
        except LeadlineError as error:
            for watcher in self._watchers:
                watcher.fail(error)
            self._watchers.clear()


class WatchHub:
    """The watches of this process.

    Args:
        redis: The client; its blocking reads need answers later than `BLOCK_MILLISECONDS`.
        stored_scores: Where snapshots are read.
        heartbeat_seconds: After how long without a change a sign of life is given, above 0.
        largest_backlog: How many changes may wait for one watcher before it is dropped, 1 or more.
    """

    def __init__(
        self,
        redis: Redis,
        stored_scores: StoredScores,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        largest_backlog: int = LARGEST_BACKLOG,
    ) -> None:
        self._redis = redis
        self._stored_scores = stored_scores
        self._heartbeat_seconds = heartbeat_seconds
        self._largest_backlog = largest_backlog
        self._feeds: dict[UUID, _Feed] = {}

    async def watch(
        self,
        tenant_id: UUID,
        lead_ids: frozenset[str] | None,
        after: Position | None,
        score_filter: ScoreFilter = EVERY_SCORE,
        *,
        snapshot: bool = False,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Tells of each new score of a tenant, without end: see `ScoreWatch.watch`."""
        wanted = _Wanted(lead_ids, score_filter)
        position = await self._start(tenant_id, after, snapshot=snapshot)
        snapshot = position is None and (snapshot or after == SNAPSHOT)
        if position is not None:
            # Before the reader's entries are taken, so that a long way to catch up fills no queue.
            async for event in self._catch_up(tenant_id, wanted, position):
                position = event.position
                yield event
        feed = self._feeds.setdefault(tenant_id, _Feed(self._redis, score_changes_of(tenant_id)))
        watcher = _Watcher(self._largest_backlog)
        try:
            now = await feed.attach(watcher)
            if position is not None:
                async for event in self._catch_up(tenant_id, wanted, position):
                    position = event.position
                    yield event
            position = now if position is None else max(position, now)
            if snapshot:
                # What changes meanwhile waits, and is told after the snapshot, which may show it already.
                async for event in self._snapshot(tenant_id, wanted, position):
                    yield event
            else:
                yield WatchEvent(position, earliest=await self._earliest(tenant_id))
            async for event in self._follow(tenant_id, watcher, wanted, position):
                yield event
        finally:
            feed.detach(watcher)
            if feed.is_idle and self._feeds.get(tenant_id) is feed:
                del self._feeds[tenant_id]

    async def _start(self, tenant_id: UUID, after: Position | None, *, snapshot: bool) -> Position | None:
        """Gives the place from which a watch goes on; None if it begins now."""
        if after is None or after == SNAPSHOT:
            return None
        if await self._is_kept(tenant_id, after):
            return after
        if snapshot:
            return None
        raise ResumeTokenExpired

    async def _snapshot(
        self, tenant_id: UUID, wanted: "_Wanted", position: Position
    ) -> AsyncGenerator[WatchEvent, None]:
        count = 0
        async with aclosing(
            self._stored_scores.stored(tenant_id, wanted.lead_ids, wanted.score_filter)
        ) as stored_scores:
            async for stored in stored_scores:
                count += 1
                yield WatchEvent(SNAPSHOT, stored=stored)
        yield WatchEvent(position, snapshot_count=count, earliest=await self._earliest(tenant_id))

    async def _follow(
        self, tenant_id: UUID, watcher: _Watcher, wanted: "_Wanted", position: Position
    ) -> AsyncGenerator[WatchEvent, None]:
        """Tells what the reader brings, from a position on."""
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    entry = await watcher.take()
            except TimeoutError:
                yield WatchEvent(position, earliest=await self._earliest(tenant_id))
                continue
            for event in _events(entry, wanted, position):
                position = event.position
                yield event
            position = max(position, entry.end)

    async def _catch_up(
        self, tenant_id: UUID, wanted: "_Wanted", position: Position
    ) -> AsyncGenerator[WatchEvent, None]:
        """Tells what the stream holds after a position, page by page, as fast as it is taken."""
        while True:
            with redis_errors_as_unavailable():
                page = (
                    await self._redis.xrange(score_changes_of(tenant_id), min=position.entry_id, count=ENTRIES_A_READ)
                    or ()
                )
            for raw in page:
                entry = _entry(raw)
                for event in _events(entry, wanted, position):
                    yield event
                position = max(position, entry.end)
            if len(page) < ENTRIES_A_READ:
                return

    async def _earliest(self, tenant_id: UUID) -> Position:
        with redis_errors_as_unavailable():
            oldest = await self._redis.xrange(score_changes_of(tenant_id), count=1)
        return _entry(oldest[0]).position if oldest else START

    async def _is_kept(self, tenant_id: UUID, position: Position) -> bool:
        """Tells whether every change after the position is still kept: better to refuse than to skip some silently."""
        with redis_errors_as_unavailable():
            try:
                stream = await self._redis.xinfo_stream(score_changes_of(tenant_id))
            except ResponseError:  # there is no such stream
                return position == START
        first = stream["first-entry"]
        was_trimmed = stream["entries-added"] > stream["length"]
        if first is None:
            return not was_trimmed
        # An entry that the position names and that is not there was trimmed, or lost with all of Redis.
        return position >= _entry(first).position or (position == START and not was_trimmed)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a watch is about."""

    lead_ids: frozenset[str] | None
    score_filter: ScoreFilter

    def has(self, change: Mapping[str, Any]) -> bool:
        return (self.lead_ids is None or change["lead_id"] in self.lead_ids) and self.score_filter.tells_of(change)


def _events(entry: _Entry, wanted: _Wanted, position: Position) -> list[WatchEvent]:
    """The changes of an entry that come after a position and are asked for."""
    return [
        WatchEvent(place, change)
        for told, change in enumerate(entry.changes, start=1)
        if (place := entry.position._replace(told=told)) > position and wanted.has(change)
    ]


def _entry(raw: Any) -> _Entry:
    entry_id, fields = raw
    return _Entry(Position.before_entry(entry_id.decode()), orjson.loads(fields[b"payload"])["scores"])
