"""The worker of the server: sends the outbox, runs workflows, seals audit records, rotates keys, forgets what is old.

python -m server.worker
"""

import asyncio
import contextlib
import signal

import structlog
import uvloop

from server.key_rotation_worker import serve_key_rotations
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.logging import configure_logging
from server.runtime.outbox_signals import OutboxSignals
from server.runtime.redis import connect_redis
from server.server_settings import DataSettings
from server.store.audit_sealing import AuditSealer
from server.store.expired_keys import (
    delete_expired_dead_letters,
    delete_expired_keys,
    delete_expired_runs,
    delete_expired_visits,
    destroy_retired_keys,
)
from server.store.outbox_relay import OutboxRelay, is_full
from server.workflow_worker import serve_workflows

# What is committed meanwhile goes together.
GATHERING_SECONDS = 0.003
# A signal that is missed costs this much.
LONGEST_WAIT_SECONDS = 0.5
STANDBY_SECONDS = 0.25
RETRY_PAUSE_SECONDS = 0.5
SEALING_PAUSE_SECONDS = 0.5
EXPIRY_PAUSE_SECONDS = 600.0

_log = structlog.get_logger()


async def relay_forever(relay: OutboxRelay, committed: asyncio.Event) -> None:
    """Sends messages as they come; while PostgreSQL or Redis is away, waits for it.

    Args:
        relay: Sends one batch.
        committed: Set by each commit with a message.
    """
    away = False
    while True:
        committed.clear()
        try:
            sent = await relay.send_batch()
        except DependencyUnavailable as error:
            if not away:
                _log.warning("relay waits", dependency=error.dependency, cause=repr(error.__cause__))
            away = True
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            continue
        if away:
            _log.info("relay goes on")
            away = False
        if sent is None:
            await asyncio.sleep(STANDBY_SECONDS)
        elif not is_full(sent):
            await asyncio.sleep(GATHERING_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                    await committed.wait()


async def seal_forever(sealer: AuditSealer) -> None:
    """Seals audit records as they come; while PostgreSQL is away, waits for it.

    Args:
        sealer: Seals one batch.
    """
    while True:
        try:
            has_more = await sealer.seal_batch()
        except DependencyUnavailable as error:
            _log.warning("audit records stay unsealed for now", dependency=error.dependency)
            has_more = False
        if not has_more:
            await asyncio.sleep(SEALING_PAUSE_SECONDS)


async def forget_forever(database: Database) -> None:
    """Deletes idempotency keys, dead letters, what workflows did and retired keys whose time is over, now and then.

    Args:
        database: The database in the role of the relay.
    """
    while True:
        try:
            keys = await delete_expired_keys(database)
            dead_letters = await delete_expired_dead_letters(database)
            runs = await delete_expired_runs(database)
            visits = await delete_expired_visits(database)
            retired_keys = await destroy_retired_keys(database)
        except DependencyUnavailable as error:
            _log.warning("what has expired stays for now", dependency=error.dependency)
        else:
            _log.info(
                "deleted what has expired",
                idempotency_keys=keys,
                dead_letters=dead_letters,
                workflow_rows=runs,
                visits=visits,
                retired_keys=retired_keys,
            )
        await asyncio.sleep(EXPIRY_PAUSE_SECONDS)


async def run(settings: DataSettings) -> None:
    """Runs until SIGTERM or SIGINT. A batch that is cut off is sent again by the next worker.

    Args:
        settings: How to reach PostgreSQL and Redis.
    """
    database = await Database.connect(settings.relay_database_url)
    application_database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url, response_seconds=5.0)
    stop, committed, changed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def wake() -> None:
        committed.set()
        changed.set()

    signals = OutboxSignals(settings.relay_database_url, on_signal=lambda _signal: wake(), on_gap=wake)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(signals.run()),
            tasks.create_task(relay_forever(OutboxRelay(database, redis), committed)),
            tasks.create_task(serve_workflows(settings, application_database, database, changed)),
            tasks.create_task(serve_key_rotations(settings, application_database, database)),
            tasks.create_task(seal_forever(AuditSealer(database))),
            tasks.create_task(forget_forever(database)),
        ]
        _log.info("relay runs")
        # A failed task cancels this wait, and with it the process, which its supervisor starts again.
        await stop.wait()
        for task in work:
            task.cancel()
    with contextlib.suppress(DependencyUnavailable):
        await redis.aclose()
    await application_database.close()
    await database.close()
    _log.info("stopped")


def main() -> None:
    """Reads the settings and runs the worker."""
    settings = DataSettings.load()
    configure_logging(settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
