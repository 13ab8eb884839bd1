"""Sends what is due: each tenant on its own, so that no tenant's receivers hold up another's."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from server.runtime.errors import DependencyUnavailable
from server.webhooks.delivery import Attempt, DeliveryState
from server.webhooks.ports import DueDeliveries, DueDelivery, Sender
from server.webhooks.retrying import RetryPolicy
from server.webhooks.secrets import WebhookSigner

# Longer than an attempt takes. Who dies on the way leaves the delivery to the next worker after this.
LEASE: Final = timedelta(seconds=60)
AT_A_TIME: Final = 4

_log = structlog.get_logger()


class DeliverWebhooks:
    """Sends the due deliveries of tenants, a few at a time for each.

    Args:
        deliveries: Where they wait.
        sender: Posts.
        signer: Signs.
        policy: When to try again.
        clock: Gives the present time, UTC.
    """

    def __init__(
        self,
        deliveries: DueDeliveries,
        sender: Sender,
        signer: WebhookSigner,
        policy: RetryPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._signer = signer
        self._policy = policy
        self._clock = clock
        self._under_way: dict[UUID, set[asyncio.Task[None]]] = {}

    async def start(self, tenant_id: UUID) -> int:
        """Starts to send what is due of a tenant, as far as few enough of it is under way, and waits for nothing.

        Args:
            tenant_id: The tenant.

        Returns:
            How many attempts were started.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        under_way = self._under_way.setdefault(tenant_id, set())
        free = AT_A_TIME - len(under_way)
        if free <= 0:
            return 0
        now = self._clock()
        due = await self._deliveries.claim(tenant_id, now, now + LEASE, free)
        for delivery in due:
            task = asyncio.create_task(self._attempt(tenant_id, delivery))
            under_way.add(task)
            task.add_done_callback(lambda task: self._ended(tenant_id, task))
        if not under_way:
            del self._under_way[tenant_id]
        return len(due)

    async def finish(self) -> None:
        """Waits until nothing is under way."""
        while tasks := [task for under_way in self._under_way.values() for task in under_way]:
            await asyncio.wait(tasks)

    async def cancel(self) -> None:
        """Ends what is under way; it is tried again when its lease has run out."""
        tasks = [task for under_way in self._under_way.values() for task in under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, tenant_id: UUID, task: asyncio.Task[None]) -> None:
        under_way = self._under_way.get(tenant_id, set())
        under_way.discard(task)
        if not under_way:
            self._under_way.pop(tenant_id, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("delivery failed", tenant_id=str(tenant_id), exc_info=task.exception())

    async def _attempt(self, tenant_id: UUID, due: DueDelivery) -> None:
        delivery, begin = due.delivery, self._clock()
        headers = self._signer.headers(
            self._secrets(tenant_id, due, begin), str(delivery.webhook_id), begin, delivery.payload
        )
        answer = await self._sender.send(delivery.url, headers, delivery.payload)
        now = self._clock()
        attempt = Attempt(begin, answer.status_code, answer.failure, now - begin)
        state, next_time = DeliveryState.DELIVERED, None
        if answer.failure:
            delay = self._policy.delay(delivery.attempt_count, answer.status_code, answer.retry_after)
            state = DeliveryState.DEAD if delay is None else DeliveryState.PENDING
            next_time = None if delay is None else now + delay
        try:
            await self._deliveries.record(tenant_id, delivery.delivery_id, attempt, state, next_time)
        except DependencyUnavailable as error:
            # The lease runs out and it is sent again; the receiver knows it by its id.
            _log.warning("attempt is not recorded", dependency=error.dependency)

    def _secrets(self, tenant_id: UUID, due: DueDelivery, now: datetime) -> list[str]:
        generations = [due.generation]
        if due.previous_expire_time is not None and now < due.previous_expire_time:
            generations.append(due.generation - 1)
        return [self._signer.secret(tenant_id, due.delivery.workflow_id, generation) for generation in generations]
