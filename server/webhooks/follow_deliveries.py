"""Tells what became of webhooks, and sends them anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.runtime.errors import InvalidPageToken, WebhookDeliveryNotFound, WebhookDeliveryPending
from server.runtime.identifiers import format_name
from server.runtime.signed_tokens import TokenSigner
from server.webhooks.delivery import Delivery, DeliveryState
from server.webhooks.ports import DeliveryStore

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A page of deliveries, the newest first, and what asks for the next one; empty on the last."""

    deliveries: Sequence[Delivery]
    next_page_token: str


class FollowDeliveries:
    """Gives deliveries, and sends them anew.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: DeliveryStore, tokens: TokenSigner, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def get(self, tenant_id: UUID, delivery_id: UUID) -> Delivery:
        """Gives one delivery with its latest attempts.

        Raises:
            WebhookDeliveryNotFound: The tenant has no such delivery.
        """
        delivery = await self._store.get(tenant_id, delivery_id)
        if delivery is None:
            raise WebhookDeliveryNotFound(format_name("webhookDeliveries", delivery_id))
        return delivery

    async def page(
        self,
        tenant_id: UUID,
        *,
        workflow_id: UUID | None,
        state: DeliveryState | None,
        page_size: int,
        page_token: str,
    ) -> DeliveryPage:
        """Gives deliveries, the newest first.

        Args:
            tenant_id: Whose deliveries.
            workflow_id: Only those of this workflow; None for all.
            state: Only those in this state; None for all.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant or query, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"{workflow_id}/{state}"
        try:
            before = UUID(self._tokens.read(page_token, tenant_id, query)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        found = await self._store.page(tenant_id, size + 1, before, workflow_id=workflow_id, state=state)
        deliveries = found[:size]
        more = len(found) > size
        token = self._tokens.sign(tenant_id, query, str(deliveries[-1].delivery_id)) if more else ""
        return DeliveryPage(deliveries, token)

    async def replay(self, tenant_id: UUID, delivery_id: UUID) -> Delivery:
        """Sends a delivery anew under its old webhook id, and gives it as it is then.

        Raises:
            WebhookDeliveryNotFound: The tenant has no such delivery.
            WebhookDeliveryPending: It is still being tried.
        """
        async with self._store.transaction(tenant_id) as transaction:
            delivery = await transaction.lock(delivery_id)
            name = format_name("webhookDeliveries", delivery_id)
            if delivery is None:
                raise WebhookDeliveryNotFound(name)
            if delivery.state is DeliveryState.PENDING:
                raise WebhookDeliveryPending(name)
            now = self._clock()
            await transaction.restart(delivery_id, now)
            await transaction.commit()
        return replace(delivery, state=DeliveryState.PENDING, attempt_count=0, next_attempt_time=now)
