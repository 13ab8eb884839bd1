"""What the use cases of webhooks need of a store and of the network."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.webhooks.delivery import Answer, Attempt, Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery whose attempt is due, and what signs it.

    Attributes:
        delivery: The delivery; the attempt to be made is counted already.
        generation: Of the workflow's present secret, 1 or more.
        previous_expire_time: Until when the secret before signs as well, UTC; None if it does not.
    """

    delivery: Delivery
    generation: int
    previous_expire_time: datetime | None


class DueDeliveries(Protocol):
    """Deliveries to be sent. Every method raises DependencyUnavailable if the store can't be reached."""

    async def claim(self, tenant_id: UUID, now: datetime, lease_end: datetime, limit: int) -> Sequence[DueDelivery]:
        """Takes due deliveries, the most overdue first; if nothing is recorded of one, it is due again at the end."""

    async def record(
        self, tenant_id: UUID, delivery_id: UUID, attempt: Attempt, state: DeliveryState, next_time: datetime | None
    ) -> None:
        """Stores what came of an attempt, unless the delivery was deleted meanwhile."""


class DeliveryTransaction(Protocol):
    """The deliveries of one tenant in one transaction."""

    async def lock(self, delivery_id: UUID) -> Delivery | None:
        """Gives a delivery, which nobody else can change until the transaction ends; None if there is none."""
        ...

    async def restart(self, delivery_id: UUID, time: datetime) -> None:
        """Makes a delivery pending anew, due at a time, with no attempts counted."""
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...


class DeliveryStore(Protocol):
    """The deliveries of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[DeliveryTransaction]:
        """Opens a transaction that sees one tenant's deliveries."""
        ...

    async def get(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None:
        """Gives a delivery with its latest attempts, None if the tenant has none with this id."""
        ...

    async def page(
        self,
        tenant_id: UUID,
        size: int,
        before: UUID | None,
        *,
        workflow_id: UUID | None,
        state: DeliveryState | None,
    ) -> Sequence[Delivery]:
        """Gives deliveries without attempts, the newest first, from those before an id on."""
        ...


class Sender(Protocol):
    """Posts webhooks."""

    async def send(self, url: str, headers: Mapping[str, str], payload: str) -> Answer:
        """Posts once; a failure is an answer too."""
        ...
