"""Scores every open lead of a tenant anew, on request."""

from uuid import UUID

import structlog
from leadline.v1 import scoring_service_pb2

from scoring.stream.operation_requests import OperationRequests
from scoring.stream.operation_rescoring import OperationRescoring
from scoring.stream.operation_store import OperationStore
from server.interceptors.operation_ends import to_any_json, to_error_json
from server.runtime.errors import OperationCancelled
from server.runtime.operations import RunningOperation

STREAM = "leadline:rescoring-requests"

_log = structlog.get_logger(__name__)


class RescoringFailed(Exception):
    """A rescoring took down every worker that tried it."""


class RescoringRequests(OperationRequests):
    """Handles `rescoring.requested` messages. One that comes again after a worker died goes on where it was.

    Args:
        operations: Where operations are kept.
        rescoring: Scores open leads.
    """

    work = "rescoring"

    def __init__(self, operations: OperationStore, rescoring: OperationRescoring) -> None:
        super().__init__(operations)
        self._rescoring = rescoring

    def _given_up(self) -> RescoringFailed:
        return RescoringFailed()

    async def _run(self, tenant_id: UUID, operation: RunningOperation) -> None:
        log = _log.bind(tenant=str(tenant_id), operation=str(operation.operation_id))
        try:
            scored_count = await self._rescoring.run(tenant_id, operation)
        except OperationCancelled as error:
            log.info("rescoring cancelled")
            await self._operations.fail(tenant_id, operation.operation_id, to_error_json(error))
        else:
            log.info("open leads rescored", scored_count=scored_count)
            response = scoring_service_pb2.RescoreLeadsResponse(scored_count=scored_count)
            await self._operations.succeed(tenant_id, operation.operation_id, to_any_json(response))
