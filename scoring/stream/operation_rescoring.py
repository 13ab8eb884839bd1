"""Scores every open lead as an operation, or as the last stage of one: with progress, cancellation and resumption."""

import asyncio
from uuid import UUID

from scoring.bulk.open_lead_rescoring import OpenLeadRescorer
from scoring.bulk.open_leads import RescoringPosition
from scoring.stream.operation_store import OperationStore
from server.runtime.errors import OperationCancelled
from server.runtime.operations import RunningOperation

STAGE = "scoring open leads"
REPORT_SECONDS = 1.0


class OperationRescoring:
    """Scores every open lead and keeps in the operation how far it has come.

    Args:
        operations: Where operations are kept.
        rescoring: Scores open leads.
    """

    def __init__(self, operations: OperationStore, rescoring: OpenLeadRescorer) -> None:
        self._operations = operations
        self._rescoring = rescoring

    async def run(self, tenant_id: UUID, operation: RunningOperation, first_percent: int = 0) -> int:
        """Scores the leads, from where the operation stands.

        Args:
            tenant_id: The tenant.
            operation: The operation, as it was when it was begun or taken over.
            first_percent: How much of the operation was done before this stage, 0 to 99.

        Returns:
            How many leads were scored, those before a resumption among them.

        Raises:
            OperationCancelled: Somebody asked for it.
            DependencyUnavailable: PostgreSQL or the model server can't be reached; the operation can be taken up again.
        """
        start = None if operation.position is None else RescoringPosition.from_json(operation.position)
        loop = asyncio.get_running_loop()
        next_report = loop.time()

        async def report(position: RescoringPosition) -> None:
            nonlocal next_report
            if loop.time() < next_report:
                return
            done, total = position.scored_count, position.total_count
            if not await self._operations.report(
                tenant_id,
                operation.operation_id,
                f"{STAGE}: {done:,} of {total:,}",
                min(first_percent + (100 - first_percent) * done // max(total, 1), 99),
                position.to_json(),
            ):
                raise OperationCancelled
            next_report = loop.time() + REPORT_SECONDS

        if not await self._operations.report(tenant_id, operation.operation_id, STAGE, first_percent):
            raise OperationCancelled
        return (await self._rescoring.rescore(tenant_id, start, report)).scored_count
