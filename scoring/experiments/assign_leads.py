"""Assigns open leads to the arms of experiments, with what the arm's model says of each. Off the hot path."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from scoring.experiments.experiment import Arm, Experiment, ExperimentKind, ExperimentState
from scoring.experiments.ports import Assignment, AssignmentStore, OpenLeadReader
from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.ports import LeadReader
from scoring.scores.score import StoredLead

_BEFORE_ALL = UUID(int=0)


class AssignLeads:
    """Assigns leads to the arms of the experiments that run. Doing it twice changes nothing more.

    A lead belongs to an experiment if it was open while that ran. What its arm's model said of it last before its
    outcome is what the model is judged by.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached.

    Args:
        leads: Where leads are read.
        models: The models at hand.
        scorer: What computes scores.
        store: Where assignments are kept.
    """

    def __init__(self, leads: OpenLeadReader, models: ModelCache, scorer: LeadScorer, store: AssignmentStore) -> None:
        self._leads = leads
        self._models = models
        self._scorer = scorer
        self._store = store

    async def assign(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> int:
        """Assigns those of the leads that are open.

        Args:
            tenant_id: The tenant.
            lead_ids: Any number of leads, each once; they need not exist any more.

        Returns:
            How many assignments were made; 0 if no experiment runs, for which a single row is read.
        """
        experiments = await self._store.running(tenant_id)
        if not experiments:
            return 0
        made = 0
        for start in range(0, len(lead_ids), LARGEST_BATCH):
            found = await _read(self._leads, tenant_id, lead_ids[start : start + LARGEST_BATCH])
            for experiment in experiments:
                made += await self._record(tenant_id, experiment, found)
        return made

    async def assign_open_leads(
        self,
        tenant_id: UUID,
        experiment_id: UUID,
        rescore: Callable[[UUID, Sequence[UUID]], Awaitable[object]],
    ) -> int:
        """Assigns every open lead of a tenant to the arms of one experiment, as long as it runs.

        Args:
            tenant_id: The tenant.
            experiment_id: The experiment.
            rescore: Scores leads of the tenant with whatever model they have now: told those of the challenger's arm.

        Returns:
            How many assignments were made.
        """
        made, after = 0, _BEFORE_ALL
        while leads := await self._leads.open_leads(tenant_id, after, LARGEST_BATCH):
            experiments = await self._store.running(tenant_id)
            experiment = next((one for one in experiments if one.experiment_id == experiment_id), None)
            if experiment is None or experiment.state is not ExperimentState.RUNNING:
                break
            made += await self._record(tenant_id, experiment, leads)
            if experiment.plan.kind is not ExperimentKind.SHADOW:
                members = [lead.lead_id for lead in leads if experiment.split.arm(lead.lead_id) is Arm.CHALLENGER]
                await rescore(tenant_id, members)
            after = leads[-1].lead_id
        return made

    async def _record(self, tenant_id: UUID, experiment: Experiment, leads: Sequence[StoredLead]) -> int:
        in_arms: dict[Arm, list[StoredLead]] = {}
        for lead in leads:
            for arm in _arms(experiment, lead.lead_id):
                in_arms.setdefault(arm, []).append(lead)
        assignments: list[Assignment] = []
        for arm, members in in_arms.items():
            assignments += await self._assignments(tenant_id, experiment, arm, members)
        if assignments:
            await self._store.record(tenant_id, experiment.experiment_id, assignments)
        return len(assignments)

    async def _assignments(
        self, tenant_id: UUID, experiment: Experiment, arm: Arm, leads: Sequence[StoredLead]
    ) -> list[Assignment]:
        if arm is Arm.HOLD_OUT:
            return [Assignment(lead.lead_id, arm, None) for lead in leads]
        model_id = experiment.control_id if arm is Arm.CONTROL else experiment.plan.challenger_id
        model = await self._models.model(tenant_id, model_id)
        records = [lead.record for lead in leads]
        scores = await self._scorer.score(model, records, leads[0].read_time, explained=False)
        return [Assignment(lead.lead_id, arm, score.probability) for lead, score in zip(leads, scores, strict=True)]


async def _read(leads: LeadReader, tenant_id: UUID, lead_ids: Sequence[UUID]) -> list[StoredLead]:
    return [lead for lead in await leads.leads(tenant_id, lead_ids) if lead.is_open]


def _arms(experiment: Experiment, lead_id: UUID) -> tuple[Arm, ...]:
    if experiment.plan.kind is ExperimentKind.SHADOW:
        return Arm.CONTROL, Arm.CHALLENGER
    return (experiment.split.arm(lead_id),)
