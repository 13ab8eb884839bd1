"""The part of the worker that lets workflows look at changes and sends their webhooks."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from server.encryption_composition import tenant_keys
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.server_settings import DataSettings
from server.store.waiting_tenants import WaitingTenants
from server.store.webhook_deliveries import PostgresDeliveryStore
from server.store.workflow_runs import PostgresRunStore
from server.webhooks.addresses import TargetRules
from server.webhooks.deliver import DeliverWebhooks
from server.webhooks.retrying import RetryPolicy
from server.webhooks.secrets import WebhookSigner
from server.webhooks.sender import Resolver, WebhookSender
from server.workflows.run_workflows import RunWorkflows

# Changes of several tenants are looked at at the same time, so that one tenant's bulk holds up nobody.
TENANTS_AT_A_TIME: Final = 4
# A signal that is missed costs this much.
LONGEST_WAIT_SECONDS: Final = 0.5
# What is committed meanwhile is looked for together: asking after each of hundreds of commits a second costs more than
# what it would find.
SHORTEST_PAUSE_SECONDS: Final = 0.02
DELIVERY_PAUSE_SECONDS: Final = 0.1
RETRY_PAUSE_SECONDS: Final = 0.5

_log = structlog.get_logger()


async def serve_workflows(
    settings: DataSettings,
    database: Database,
    relay_database: Database,
    committed: asyncio.Event,
    *,
    policy: RetryPolicy | None = None,
) -> None:
    """Runs workflows and sends webhooks until it is cancelled. What is cut off is done by the next worker.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
        relay_database: The database in the role of the relay, which tells whose work waits.
        committed: Set by each commit with a message.
        policy: When webhooks are tried again; None for the usual one.
    """
    waiting = WaitingTenants(relay_database)
    run_workflows = RunWorkflows(PostgresRunStore(database, tenant_keys(settings, database)), _now)
    signer = WebhookSigner(settings.signing_secret.get_secret_value())
    rules = TargetRules(allow_loopback=settings.webhook_allow_loopback)
    async with WebhookSender(rules, Resolver()) as sender:
        deliver = DeliverWebhooks(PostgresDeliveryStore(database), sender, signer, policy or RetryPolicy(), _now)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_forever(waiting.with_changes, run_workflows, committed, LONGEST_WAIT_SECONDS))
                tasks.create_task(_forever(waiting.with_due_deliveries, deliver.start, None, DELIVERY_PAUSE_SECONDS))
        finally:
            await deliver.cancel()


async def _forever(
    tenants: Callable[[], Awaitable[Sequence[UUID]]],
    work: Callable[[UUID], Awaitable[int]],
    wake: asyncio.Event | None,
    pause_seconds: float,
) -> None:
    """Does the work of each tenant that has any, over and over; while PostgreSQL is away, waits for it."""
    places = asyncio.Semaphore(TENANTS_AT_A_TIME)

    async def work_in_turn(tenant_id: UUID) -> int:
        async with places:
            return await work(tenant_id)

    away = False
    while True:
        if wake is not None:
            wake.clear()
        try:
            done = sum(await asyncio.gather(*map(work_in_turn, await tenants())))
        except DependencyUnavailable as error:
            if not away:
                _log.warning("workflows wait", dependency=error.dependency, cause=repr(error.__cause__))
            away = True
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            continue
        away = False
        if done:
            continue
        if wake is None:
            await asyncio.sleep(pause_seconds)
        else:
            await asyncio.sleep(SHORTEST_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await wake.wait()


def _now() -> datetime:
    return datetime.now(UTC)
