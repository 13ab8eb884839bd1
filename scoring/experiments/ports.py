"""What experiments need from outside; stores implement it, tests have fakes of it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from scoring.experiments.experiment import Arm, Experiment, ExperimentPlan, ExperimentState
from scoring.experiments.result import ArmLeads
from scoring.registry.model import ModelState
from scoring.registry.ports import ModelChange
from scoring.scores.ports import LeadReader
from scoring.scores.score import StoredLead


class ExperimentStore(Protocol):
    """Where experiments are read; every method raises DependencyUnavailable where that can't be reached."""

    async def find(self, tenant_id: UUID, experiment_id: UUID) -> Experiment | None:
        """Gives an experiment; None if the tenant has no such experiment."""

    async def newest(self, tenant_id: UUID, limit: int, before: UUID | None = None) -> Sequence[Experiment]:
        """Gives up to `limit` experiments, the newest first, of those before one if it is given."""

    async def arm_leads(self, tenant_id: UUID, experiment: Experiment) -> Mapping[Arm, ArmLeads]:
        """Gives the leads of each arm that the experiment has, with the outcomes that are known now."""


class ExperimentChange(ModelChange, Protocol):
    """A change of a tenant's experiments and of what its models are used for; nobody else changes them until then."""

    async def running(self) -> Sequence[Experiment]:
        """Gives the experiments that run."""

    async def find(self, experiment_id: UUID) -> Experiment | None:
        """Gives an experiment; None if the tenant has no such experiment."""

    async def start(self, plan: ExperimentPlan, control_id: UUID, challenger_state: ModelState) -> Experiment:
        """Starts an experiment, with the message to the workers that assign the open leads to its arms."""

    async def end(self, experiment: Experiment, state: ExperimentState, conclusion: str) -> Experiment:
        """Ends an experiment, gives its challenger its former state, and has leads scored that were held out."""


class ExperimentChanges(Protocol):
    """Where changes begin."""

    def begin(self, tenant_id: UUID) -> AbstractAsyncContextManager[ExperimentChange]:
        """Begins a change as soon as no other is under way; without a commit it does not take effect.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """A lead's arm, and what the arm's model says of it now.

    Attributes:
        lead_id: The lead.
        arm: Its arm; in a shadow a lead has two.
        probability: That it converts, strictly between 0 and 1; None in the hold-out.
    """

    lead_id: UUID
    arm: Arm
    probability: float | None


class AssignmentStore(Protocol):
    """Where assignments are kept; every method raises DependencyUnavailable where that can't be reached."""

    async def running(self, tenant_id: UUID) -> Sequence[Experiment]:
        """Gives the experiments that run."""

    async def record(self, tenant_id: UUID, experiment_id: UUID, assignments: Sequence[Assignment]) -> None:
        """Keeps the latest assignments of leads that are open still, and takes held-out leads their stored score."""


class OpenLeadReader(LeadReader, Protocol):
    """Where open leads are read; every method raises DependencyUnavailable where that can't be reached."""

    async def open_leads(self, tenant_id: UUID, after: UUID, limit: int) -> Sequence[StoredLead]:
        """Gives up to `limit` open leads whose id comes after `after`, in the order of their ids."""
