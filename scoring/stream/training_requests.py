"""Trains models on request, and scores every open lead with the new champion."""

from uuid import UUID

import structlog

from scoring.conversions.models import to_model
from scoring.registry.model import Model, ModelState
from scoring.registry.publication import ModelPublisher
from scoring.stream.operation_requests import OperationRequests
from scoring.stream.operation_rescoring import OperationRescoring
from scoring.stream.operation_store import OperationStore
from scoring.stream.training_job import TrainingJob
from scoring.stream.training_runner import TrainingFailed, run_training
from server.interceptors.operation_ends import to_any_json, to_error_json
from server.runtime.errors import OperationCancelled
from server.runtime.operations import RunningOperation
from tfserving.errors import ModelServerError

STREAM = "leadline:training-requests"

# Which part of an operation is done when its training, its publication and its rescoring end.
TRAINED_PERCENT = 70
PUBLISHED_PERCENT = 80

PUBLISHING = "publishing the model"

_log = structlog.get_logger(__name__)


class TrainingRequests(OperationRequests):
    """Handles `training.requested` messages.

    A model has the id of its operation. A request that comes again after a worker died thus finds what was done, and
    goes on from there.

    Args:
        operations: Where operations are kept.
        publisher: Brings models to the model server.
        rescoring: Scores open leads.
        database_url: Where the training's process reads its leads.
        tracking_uri: The experiment tracker; empty for none.
    """

    work = "training"

    def __init__(
        self,
        operations: OperationStore,
        publisher: ModelPublisher,
        rescoring: OperationRescoring,
        database_url: str,
        tracking_uri: str = "",
    ) -> None:
        super().__init__(operations)
        self._publisher = publisher
        self._rescoring = rescoring
        self._database_url = database_url
        self._tracking_uri = tracking_uri

    def _given_up(self) -> TrainingFailed:
        return TrainingFailed(None)

    async def _run(self, tenant_id: UUID, operation: RunningOperation) -> None:
        operation_id = operation.operation_id
        log = _log.bind(tenant=str(tenant_id), operation=str(operation_id))
        try:
            model = await self._publisher.find_kept(tenant_id, operation_id)
            if model is None:
                model = await self._train(tenant_id, operation)
            await self._report(tenant_id, operation_id, PUBLISHING, TRAINED_PERCENT)
            model = await self._publisher.publish(tenant_id, model)
            log.info("model published", version=model.version, state=model.state.name)
            if model.state is ModelState.CHAMPION:
                await self._rescoring.run(tenant_id, operation, PUBLISHED_PERCENT)
        except OperationCancelled as error:
            log.info("training cancelled")
            await self._operations.fail(tenant_id, operation_id, to_error_json(error))
        except TrainingFailed as error:
            log.warning("training failed", cause=str(error))
            await self._operations.fail(tenant_id, operation_id, error.error or to_error_json(error))
        except ModelServerError as error:
            log.exception("model can't be served")
            await self._operations.fail(tenant_id, operation_id, to_error_json(error))
        else:
            await self._operations.succeed(tenant_id, operation_id, to_any_json(to_model(model)))
        finally:
            await self._publisher.discard(operation_id)

    async def _train(self, tenant_id: UUID, operation: RunningOperation) -> Model:
        operation_id = operation.operation_id
        await self._publisher.discard(operation_id)
        job = TrainingJob(
            tenant_id=tenant_id,
            excluded_fields=tuple(operation.request["excluded_fields"]),
            folder=self._publisher.staging_folder(operation_id).absolute(),
            database_url=self._database_url,
            # Requests that were written before fields could be kept don't name any.
            kept_fields=tuple(operation.request.get("kept_fields", ())),
            rivals=await self._publisher.rivals(tenant_id),
            tracking_uri=self._tracking_uri,
        )

        async def report_progress(stage: str, percent: int) -> bool:
            return await self._operations.report(tenant_id, operation_id, stage, percent * TRAINED_PERCENT // 100)

        description = await run_training(job, report_progress)
        return await self._publisher.keep(tenant_id, operation_id, description)

    async def _report(self, tenant_id: UUID, operation_id: UUID, stage: str, progress_percent: int) -> None:
        if not await self._operations.report(tenant_id, operation_id, stage, progress_percent):
            raise OperationCancelled
