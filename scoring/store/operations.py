"""The scorer's long-running operations in PostgreSQL."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from scoring.registry.operation import RESCORE_LEADS, TRAIN_MODEL
from server.runtime.errors import NoModel
from server.runtime.operations import RunningOperation, RunningOperations, add_operation
from server.runtime.unit_of_work import unit_of_work

_CHAMPION: Final = "SELECT id FROM models WHERE tenant_id = $1 AND state = 2"


class Operations(RunningOperations):
    """The operations in PostgreSQL, with those that the scorer is asked for."""

    async def request_training(
        self, tenant_id: UUID, excluded_fields: Sequence[str], kept_fields: Sequence[str] = ()
    ) -> RunningOperation:
        """Writes down that a model shall be trained, together with the message to the worker that will do it.

        Joins the rpc's unit of work, so that both are kept with the answer to its idempotency key or not at all.

        Args:
            tenant_id: The tenant.
            excluded_fields: Custom fields that the model must not use.
            kept_fields: Custom fields that it may use though they look as if they were filled in after the outcome.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            request = {"excluded_fields": list(excluded_fields), "kept_fields": list(kept_fields)}
            operation = await add_operation(work, tenant_id, TRAIN_MODEL, request, "training.requested")
            await work.commit()
        return operation

    async def request_rescoring(self, tenant_id: UUID) -> RunningOperation:
        """Writes down that every open lead shall be scored anew, together with the message to the worker.

        Joins the rpc's unit of work, as `request_training` does.

        Args:
            tenant_id: The tenant.

        Raises:
            NoModel: The tenant has no model yet.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            if await work.driver.fetchval(_CHAMPION, tenant_id) is None:
                raise NoModel
            operation = await add_operation(work, tenant_id, RESCORE_LEADS, {}, "rescoring.requested")
            await work.commit()
        return operation
