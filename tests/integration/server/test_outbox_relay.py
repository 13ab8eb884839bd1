"""What is committed with its cause reaches the streams: in order, at least once, also after an outage."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from server.runtime.outbox_signals import OutboxSignals, Signal
from server.runtime.redis import connect_redis
from server.runtime.streams import MODEL_ALARMS, lead_changes_of
from server.store.expired_keys import delete_expired_keys
from server.store.outbox_relay import BATCH_SIZE, OutboxRelay
from server.worker import relay_forever
from tests.eventually import eventually


@pytest.fixture
async def redis(redis: Redis) -> Redis:
    await redis.flushall()
    return redis


@pytest.fixture
async def relay_database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    administrator = await asyncpg.connect(postgres.url("postgres"))
    await administrator.execute("TRUNCATE outbox; UPDATE relay_progress SET batch_count = 0")
    await administrator.close()
    connected = await Database.connect(postgres.url("leadline_relay"))
    yield connected
    await connected.close()


async def put(database: Database, tenant_id: UUID, topic: outbox.Topic, *payloads: dict[str, Any]) -> None:
    async with database.transaction(tenant_id) as connection:
        for payload in payloads:
            await outbox.append(connection, tenant_id, topic, payload)


async def entries(redis: Redis, stream: str) -> list[tuple[str, Any]]:
    found: Any = await redis.xrange(stream)
    return [(fields[b"tenant_id"].decode(), orjson.loads(fields[b"payload"])) for _, fields in found]


async def test_messages_reach_their_streams_in_order(
    database: Database, relay_database: Database, redis: Redis, tenant_id: UUID
) -> None:
    await put(database, tenant_id, "lead.changed", {"lead_ids": [tenant_id]}, {"lead_ids": []})
    await put(database, tenant_id, "training.requested", {"operation_id": "o"})
    await put(database, tenant_id, "score.changed", {"scores": []})
    relay = OutboxRelay(relay_database, redis)
    assert await relay.send_batch() == 4
    assert await relay.send_batch() == 0
    tenant = str(tenant_id)
    assert await entries(redis, lead_changes_of(tenant_id)) == [
        (tenant, {"lead_ids": [tenant]}),
        (tenant, {"lead_ids": []}),
    ]
    assert await entries(redis, "leadline:training-requests") == [(tenant, {"operation_id": "o"})]
    assert await entries(redis, f"leadline:{{{tenant}}}:score-changes") == [(tenant, {"scores": []})]


async def test_what_is_rolled_back_is_never_sent(
    database: Database, relay_database: Database, redis: Redis, tenant_id: UUID
) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with database.transaction(tenant_id) as connection:
            await outbox.append(connection, tenant_id, "lead.changed", {})
            raise ZeroDivisionError
    assert await OutboxRelay(relay_database, redis).send_batch() == 0


async def test_two_relays_keep_the_order(
    database: Database, relay_database: Database, redis: Redis, tenant_id: UUID
) -> None:
    amount = 3 * BATCH_SIZE + 7
    await put(database, tenant_id, "lead.changed", *({"n": n} for n in range(amount)))
    relays = [asyncio.create_task(relay_forever(OutboxRelay(relay_database, redis), asyncio.Event())) for _ in range(2)]
    await eventually(lambda: _has(redis, tenant_id, amount))
    for relay in relays:
        relay.cancel()
    sent = [payload["n"] for _, payload in await entries(redis, lead_changes_of(tenant_id))]
    assert sent == list(range(amount))


async def test_a_lost_redis_loses_no_message(
    database: Database, relay_database: Database, tenant_id: UUID, tmp_path: Path
) -> None:
    own_valkey = EmbeddedValkey(tmp_path / "valkey", free_port())
    own_valkey.start()
    client = await connect_redis(own_valkey.url)
    await client.ping()
    own_valkey.stop()
    await put(database, tenant_id, "lead.changed", {"n": 1})
    with pytest.raises(DependencyUnavailable, match="redis"):
        await OutboxRelay(relay_database, client).send_batch()
    running = asyncio.create_task(relay_forever(OutboxRelay(relay_database, client), asyncio.Event()))
    await asyncio.sleep(0.2)
    own_valkey.start()
    await eventually(lambda: _has(client, tenant_id, 1))
    running.cancel()
    assert await entries(client, lead_changes_of(tenant_id)) == [(str(tenant_id), {"n": 1})]
    await client.aclose()
    own_valkey.stop()


async def test_changes_of_leads_wait_in_the_outbox_while_workers_do_not_keep_up(
    database: Database, relay_database: Database, redis: Redis, tenant_id: UUID
) -> None:
    relay, stream = OutboxRelay(relay_database, redis, largest_backlog=2), lead_changes_of(tenant_id)
    await put(database, tenant_id, "lead.changed", *({"n": n} for n in range(3)))
    assert await relay.send_batch() == 3
    await put(database, tenant_id, "lead.changed", {"n": 3})
    await put(database, tenant_id, "score.changed", {"scores": []})

    assert await relay.send_batch() == 1
    assert relay.holds_back
    assert await redis.xlen(stream) == 3
    await redis.xtrim(stream, maxlen=1, approximate=False)

    assert await relay.send_batch() == 1
    assert [payload["n"] for _, payload in await entries(redis, stream)] == [2, 3]


async def test_alarms_that_nobody_reads_do_not_fill_redis(
    database: Database, relay_database: Database, redis: Redis, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.outbox_relay.LARGEST_ALARM_STREAM", 10)
    await put(database, tenant_id, "model.alarm", *({"n": n} for n in range(400)))

    assert await OutboxRelay(relay_database, redis).send_batch() == 400

    kept = [payload["n"] for _, payload in await entries(redis, MODEL_ALARMS)]
    # Redis drops whole blocks of about a hundred.
    assert 10 <= len(kept) <= 200
    assert kept[-1] == 399


async def test_a_second_relay_stands_by(relay_database: Database, redis: Redis) -> None:
    async with relay_database.session() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(4019110718)")
        assert await OutboxRelay(relay_database, redis).send_batch() is None
    assert await OutboxRelay(relay_database, redis).send_batch() == 0


async def test_each_commit_tells_which_leads_have_changed(
    postgres: EmbeddedPostgres, database: Database, tenant_id: UUID
) -> None:
    told: list[Signal] = []
    gaps: list[float] = []
    loop = asyncio.get_running_loop()
    signals = OutboxSignals(
        postgres.url("leadline_relay"), on_signal=told.append, on_gap=lambda: gaps.append(loop.time())
    )
    listening = asyncio.create_task(signals.run())
    await eventually(lambda: _is(signals.proven_time is not None))
    assert len(gaps) == 1

    few, many = [new_id(), new_id()], [new_id() for _ in range(300)]
    await put(database, tenant_id, "lead.changed", {"lead_ids": few}, {"lead_ids": many})
    await put(database, tenant_id, "score.changed", {"scores": []})
    await eventually(lambda: _is(len(told) == 3))

    assert told == [
        Signal("lead.changed", tenant_id, tuple(few)),
        Signal("lead.changed", tenant_id, None),
        Signal("score.changed", tenant_id, None),
    ]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert signals.proven_time is None
    assert len(gaps) == 2


async def _is(condition: bool) -> bool:  # noqa: FBT001
    return condition


async def _has(client: Redis, tenant_id: UUID, amount: int) -> bool:
    with contextlib.suppress(RedisError):
        return int(await client.xlen(lead_changes_of(tenant_id))) >= amount
    return False


async def test_idempotency_keys_are_kept_for_a_day(
    postgres: EmbeddedPostgres, relay_database: Database, tenant_id: UUID
) -> None:
    administrator = await asyncpg.connect(postgres.url("postgres"))
    insert = (
        "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest, create_time) "
        "VALUES ($1, 'm', $2, 'd', now() - $3::interval)"
    )
    await administrator.execute(insert, tenant_id, "old", timedelta(hours=24, minutes=1))
    await administrator.execute(insert, tenant_id, "young", timedelta(hours=23, minutes=59))
    assert await delete_expired_keys(relay_database) >= 1
    left = await administrator.fetch("SELECT key FROM idempotency_keys WHERE tenant_id = $1", tenant_id)
    assert [row["key"] for row in left] == ["young"]
    await administrator.close()
