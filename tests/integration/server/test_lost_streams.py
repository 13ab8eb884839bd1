"""A Redis that was emptied, or came back with an older state, is noticed, and what it lost is made good."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from deploy.local.postgres import EmbeddedPostgres
from server.runtime import outbox, streams
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from server.store import outbox_relay
from server.store.outbox_relay import OutboxRelay

Administrator = asyncpg.Connection


@pytest.fixture
async def administrator(postgres: EmbeddedPostgres) -> AsyncIterator[Administrator]:
    """A connection that row-level security does not bind, to a database in which nothing waits."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute("TRUNCATE outbox, operations, experiments CASCADE")
    yield connection
    await connection.close()


@pytest.fixture
async def redis(redis: Redis) -> Redis:
    """A Redis to which seven batches were handed over."""
    await redis.flushall()
    await redis.set(streams.RELAYED_BATCHES, 7)
    return redis


@pytest.fixture
async def relay(postgres: EmbeddedPostgres, administrator: Administrator, redis: Redis) -> AsyncIterator[OutboxRelay]:
    await administrator.execute("UPDATE relay_progress SET batch_count = 7")
    connected = await Database.connect(postgres.url("leadline_relay"))
    yield OutboxRelay(connected, redis)
    await connected.close()


async def put(database: Database, tenant_id: UUID, topic: outbox.Topic = "lead.changed") -> None:
    async with database.transaction(tenant_id) as connection:
        await outbox.append(connection, tenant_id, topic, {"lead_ids": [], "scores": []})


async def payloads(redis: Redis, stream: str) -> list[object]:
    entries: Any = await redis.xrange(stream)
    return [orjson.loads(fields[b"payload"]) for _, fields in entries]


async def test_without_a_loss_the_epoch_stays(
    relay: OutboxRelay, database: Database, redis: Redis, tenant_id: UUID
) -> None:
    assert await relay.send_batch() == 0
    await put(database, tenant_id)
    assert await relay.send_batch() == 1
    assert await relay.send_batch() == 0

    assert await redis.get(streams.RELAYED_BATCHES) == b"8"
    assert await redis.get(streams.EPOCH) is None


async def test_a_batch_that_is_sent_again_after_a_crash_is_no_loss(
    relay: OutboxRelay, database: Database, redis: Redis, tenant_id: UUID
) -> None:
    # Redis had the eighth batch, and the transaction failed after that.
    await redis.set(streams.RELAYED_BATCHES, 8)
    assert await relay.send_batch() == 0
    await put(database, tenant_id)
    assert await relay.send_batch() == 1

    assert await redis.get(streams.RELAYED_BATCHES) == b"8"
    assert await redis.get(streams.EPOCH) is None


@pytest.mark.parametrize("left", [None, 5, 12])
async def test_a_loss_begins_a_new_epoch_once(relay: OutboxRelay, redis: Redis, left: int | None) -> None:
    await redis.flushall()
    if left is not None:
        await redis.set(streams.RELAYED_BATCHES, left)

    assert await relay.send_batch() == 0
    epoch = await redis.get(streams.EPOCH)
    assert await relay.send_batch() == 0

    assert epoch is not None
    assert await redis.get(streams.EPOCH) == epoch
    assert await redis.get(streams.RELAYED_BATCHES) == b"7"


async def test_what_is_sent_when_a_loss_is_noticed_arrives(
    relay: OutboxRelay, database: Database, redis: Redis, tenant_id: UUID
) -> None:
    await redis.flushall()
    await put(database, tenant_id, "score.changed")

    assert await relay.send_batch() == 1

    assert await redis.get(streams.EPOCH) is not None
    assert await redis.get(streams.RELAYED_BATCHES) == b"8"
    assert len(await payloads(redis, streams.score_changes_of(tenant_id))) == 1


async def test_watchers_can_t_go_on_behind_a_gap(relay: OutboxRelay, redis: Redis, tenant_id: UUID) -> None:
    older = streams.score_changes_of(tenant_id)
    await redis.xadd(older, {"payload": b'{"scores": []}'})
    await redis.set(streams.RELAYED_BATCHES, 5)

    await relay.send_batch()

    assert not await redis.exists(older)


async def test_requests_that_are_not_done_are_sent_again(
    relay: OutboxRelay, administrator: Administrator, redis: Redis, tenant_id: UUID
) -> None:
    waiting, silent, at_work, over, experiment = (new_id() for _ in range(5))
    insert = (
        "INSERT INTO operations (tenant_id, id, method, state, update_time, result) "
        "VALUES ($1, $2, $3, $4, now() - $5::interval, CASE WHEN $4 = 3::smallint THEN '{}'::jsonb END)"
    )
    for operation, method, state, age in (
        (waiting, "TrainModel", 1, 0), (silent, "RescoreLeads", 2, 60), (at_work, "TrainModel", 2, 1),
        (over, "TrainModel", 3, 60),
    ):  # fmt: skip
        await administrator.execute(insert, tenant_id, operation, method, state, timedelta(seconds=age))
    await administrator.execute(
        "INSERT INTO experiments (tenant_id, id, kind, state, challenger_id, control_id, challenger_share, "
        "hold_out_share, minimum_outcome_count) VALUES ($1, $2, 2, 1, $1, $1, 0.1, 0, 100)",
        tenant_id, experiment,
    )  # fmt: skip
    await redis.flushall()

    await relay.send_batch()

    assert await payloads(redis, streams.TRAINING_REQUESTS) == [{"operation_id": str(waiting)}]
    assert await payloads(redis, streams.RESCORING_REQUESTS) == [{"operation_id": str(silent)}]
    assert await payloads(redis, streams.EXPERIMENT_STARTS) == [{"experiment_id": str(experiment)}]


@pytest.mark.parametrize("with_message", [False, True])
async def test_making_good_that_is_cut_off_begins_anew(
    relay: OutboxRelay,
    database: Database,
    redis: Redis,
    tenant_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    *,
    with_message: bool,
) -> None:
    async def cut_off(*_: object) -> None:
        raise DependencyUnavailable("redis")

    if with_message:
        await put(database, tenant_id)
    await redis.flushall()
    with monkeypatch.context() as cutting:
        cutting.setattr(outbox_relay, "restore_streams", cut_off)
        with pytest.raises(DependencyUnavailable):
            await relay.send_batch()

    assert await relay.send_batch() == int(with_message)
    assert await redis.get(streams.EPOCH) is not None
