"""The experiment service: converts, calls, converts."""

from typing import Any, TypeAlias
from uuid import UUID

import grpc.aio
from leadline.v1 import experiment_pb2, experiment_service_pb2, experiment_service_pb2_grpc

from scoring.conversions.experiments import to_experiment, to_plan, to_result
from scoring.experiments.ports import ExperimentStore
from scoring.experiments.run_experiments import RunExperiments
from scoring.services.scoring_service import DEFAULT_PAGE_SIZE
from server.runtime.errors import InvalidPageToken
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.runtime.signed_tokens import TokenSigner

_QUERY = "experiments"

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ExperimentService(experiment_service_pb2_grpc.ExperimentServiceServicer):
    """Starts and ends experiments, and tells what they show.

    Args:
        run_experiments: Starts and ends them.
        experiments: Where they are read.
        signing_secret: Signs page tokens.
    """

    def __init__(self, run_experiments: RunExperiments, experiments: ExperimentStore, signing_secret: str) -> None:
        self._run_experiments = run_experiments
        self._experiments = experiments
        self._page_signer = TokenSigner(signing_secret, "experiments.page")

    async def CreateExperiment(  # noqa: N802
        self, request: experiment_service_pb2.CreateExperimentRequest, context: Context
    ) -> experiment_pb2.Experiment:
        """Starts an experiment."""
        del context
        plan = to_plan(request.experiment)
        return to_experiment(await self._run_experiments.create(current_principal().tenant_id, plan))

    async def GetExperiment(  # noqa: N802
        self, request: experiment_service_pb2.GetExperimentRequest, context: Context
    ) -> experiment_pb2.Experiment:
        """Gives one experiment."""
        del context
        experiment_id = parse_name(request.name, "experiments")
        return to_experiment(await self._run_experiments.get(current_principal().tenant_id, experiment_id))

    async def ListExperiments(  # noqa: N802
        self, request: experiment_service_pb2.ListExperimentsRequest, context: Context
    ) -> experiment_service_pb2.ListExperimentsResponse:
        """Lists experiments, the newest first."""
        del context
        tenant_id = current_principal().tenant_id
        page_size = request.page_size or DEFAULT_PAGE_SIZE
        found = await self._experiments.newest(
            tenant_id, page_size + 1, self._page_position(request.page_token, tenant_id)
        )
        response = experiment_service_pb2.ListExperimentsResponse(experiments=map(to_experiment, found[:page_size]))
        if len(found) > page_size:
            last = str(found[page_size - 1].experiment_id)
            response.next_page_token = self._page_signer.sign(tenant_id, _QUERY, last)
        return response

    async def GetExperimentResult(  # noqa: N802
        self, request: experiment_service_pb2.GetExperimentResultRequest, context: Context
    ) -> experiment_pb2.ExperimentResult:
        """Tells what an experiment shows."""
        del context
        experiment_id = parse_name(request.name, "experiments")
        return to_result(*await self._run_experiments.result(current_principal().tenant_id, experiment_id))

    async def StopExperiment(  # noqa: N802
        self, request: experiment_service_pb2.StopExperimentRequest, context: Context
    ) -> experiment_pb2.Experiment:
        """Ends an experiment without a decision."""
        del context
        experiment_id = parse_name(request.name, "experiments")
        return to_experiment(await self._run_experiments.stop(current_principal().tenant_id, experiment_id))

    async def ConcludeExperiment(  # noqa: N802
        self, request: experiment_service_pb2.ConcludeExperimentRequest, context: Context
    ) -> experiment_pb2.Experiment:
        """Ends an experiment by what it shows."""
        del context
        return to_experiment(
            await self._run_experiments.conclude(
                current_principal().tenant_id,
                parse_name(request.name, "experiments"),
                override_verdict=request.override_verdict,
            )
        )

    def _page_position(self, page_token: str, tenant_id: UUID) -> UUID | None:
        if not page_token:
            return None
        try:
            return UUID(self._page_signer.read(page_token, tenant_id, _QUERY))
        except ValueError as error:
            raise InvalidPageToken from error
