# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about experiments, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from leadline.v1.experiment_pb2 import Experiment, ExperimentResult
from leadline.v1.experiment_service_pb2 import (
    ConcludeExperimentRequest,
    CreateExperimentRequest,
    GetExperimentRequest,
    GetExperimentResultRequest,
    ListExperimentsRequest,
    StopExperimentRequest,
)
from leadline.v1.experiment_service_pb2_grpc import ExperimentServiceStub

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection


class ExperimentCalls(Caller):
    """What `Client` does with experiments; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._experiments = ExperimentServiceStub(self._channel)

    def create_experiment(
        self, experiment: Experiment, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Experiment:
        """Try a model beside the champion, until it is stopped or concluded, or the champion changes.

        Args:
            experiment: its kind, its challenger, and the shares of leads that the challenger and no model score.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such challenger.
            FailedPrecondition: there is no champion, the challenger can't be loaded or is in use, or another experiment
                is in the way.
            InvalidRequest: the shares don't suit the kind.
        """
        key = idempotency_key or new_idempotency_key()
        request = CreateExperimentRequest(experiment=experiment, idempotency_key=key)
        return self._call(self._experiments.CreateExperiment, request, timeout)

    def get_experiment(self, name: str, *, timeout: float | None = None) -> Experiment:
        """Give an experiment.

        Raises:
            NotFound: there is no such experiment.
        """
        return self._call(self._experiments.GetExperiment, GetExperimentRequest(name=name), timeout)

    def list_experiments(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Experiment]:
        """Go through the experiments, the newest first."""
        request = ListExperimentsRequest(page_size=page_size)
        for page in self._pages(self._experiments.ListExperiments, request, timeout):
            yield from page.experiments

    def get_experiment_result(self, name: str, *, timeout: float | None = None) -> ExperimentResult:
        """Tell what an experiment shows by the outcomes that are known now.

        Raises:
            NotFound: there is no such experiment.
        """
        return self._call(self._experiments.GetExperimentResult, GetExperimentResultRequest(name=name), timeout)

    def stop_experiment(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Experiment:
        """End an experiment without a decision: the champion makes all scores again.

        Raises:
            NotFound: there is no such experiment.
            FailedPrecondition: it has ended.
        """
        request = StopExperimentRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._experiments.StopExperiment, request, timeout)

    def conclude_experiment(
        self,
        name: str,
        *,
        override_verdict: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Experiment:
        """End an experiment by what it shows: a challenger that is better becomes champion, any other does not.

        Args:
            name: `experiments/{experiment}`.
            override_verdict: True to make the challenger champion whatever it shows.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such experiment.
            FailedPrecondition: it has ended, shows too little yet, or its challenger can't be loaded.
        """
        key = idempotency_key or new_idempotency_key()
        request = ConcludeExperimentRequest(name=name, idempotency_key=key, override_verdict=override_verdict)
        return self._call(self._experiments.ConcludeExperiment, request, timeout)


class AsyncExperimentCalls(AsyncCaller):
    """What `AsyncClient` does with experiments: the methods of `ExperimentCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._experiments = ExperimentServiceStub(self._channel)

    async def create_experiment(
        self, experiment: Experiment, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Experiment:
        """Try a model beside the champion; see `Client.create_experiment`."""
        key = idempotency_key or new_idempotency_key()
        request = CreateExperimentRequest(experiment=experiment, idempotency_key=key)
        return await self._call(self._experiments.CreateExperiment, request, timeout)

    async def get_experiment(self, name: str, *, timeout: float | None = None) -> Experiment:
        """Give an experiment; see `Client.get_experiment`."""
        return await self._call(self._experiments.GetExperiment, GetExperimentRequest(name=name), timeout)

    async def list_experiments(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Experiment]:
        """Go through the experiments, the newest first."""
        request = ListExperimentsRequest(page_size=page_size)
        async for page in self._pages(self._experiments.ListExperiments, request, timeout):
            for experiment in page.experiments:
                yield experiment

    async def get_experiment_result(self, name: str, *, timeout: float | None = None) -> ExperimentResult:
        """Tell what an experiment shows; see `Client.get_experiment_result`."""
        return await self._call(self._experiments.GetExperimentResult, GetExperimentResultRequest(name=name), timeout)

    async def stop_experiment(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Experiment:
        """End an experiment without a decision; see `Client.stop_experiment`."""
        request = StopExperimentRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._experiments.StopExperiment, request, timeout)

    async def conclude_experiment(
        self,
        name: str,
        *,
        override_verdict: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Experiment:
        """End an experiment by what it shows; see `Client.conclude_experiment`."""
        key = idempotency_key or new_idempotency_key()
        request = ConcludeExperimentRequest(name=name, idempotency_key=key, override_verdict=override_verdict)
        return await self._call(self._experiments.ConcludeExperiment, request, timeout)
