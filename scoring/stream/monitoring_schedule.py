"""Watches models by the clock."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog

from scoring.monitoring.watch_models import WatchModels
from scoring.stream.consumer import end_if_cancelled
from server.runtime.errors import DependencyUnavailable

PAUSE_SECONDS = 5.0
TENANTS_AT_A_TIME = 100

_log = structlog.get_logger(__name__)


class DueTenants(Protocol):
    """Where tenants are found for which something is due."""

    async def due(self, limit: int) -> Sequence[UUID]:
        """Gives up to `limit` tenants, the one that has waited longest first.

        Raises:
            DependencyUnavailable: They can't be found at present.
        """


class MonitoringSchedule:
    """Does what is due, again and again. Several workers may: each check and each training is taken by one of them.

    Args:
        due_tenants: Where tenants are found.
        watch_models: Does what is due for a tenant.
        pause_seconds: How long to wait before looking again.
    """

    def __init__(
        self, due_tenants: DueTenants, watch_models: WatchModels, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._due_tenants = due_tenants
        self._watch_models = watch_models
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            end_if_cancelled()
            try:
                for tenant_id in await self._due_tenants.due(TENANTS_AT_A_TIME):
                    await self._watch(tenant_id)
            except DependencyUnavailable as error:
                _log.warning("models are not watched", dependency=error.dependency, cause=repr(error.__cause__))
            await asyncio.sleep(self._pause_seconds)

    async def _watch(self, tenant_id: UUID) -> None:
        """Watches one tenant's models; what fails there must not keep the others waiting, and comes again when due."""
        try:
            await self._watch_models.watch(tenant_id)
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 (logged; the check was taken, and is made again minutes later)
            _log.exception("models of a tenant can't be watched", tenant=str(tenant_id))
