"""What a person does with experiments: starts one, looks at what it shows, and ends it."""

from uuid import UUID

from scoring.experiments.experiment import Experiment, ExperimentKind, ExperimentPlan, ExperimentState
from scoring.experiments.ports import ExperimentChange, ExperimentChanges, ExperimentStore
from scoring.experiments.result import ExperimentResult, Verdict, judge
from scoring.registry.model import Model, ModelState
from scoring.registry.serving import ModelLoader
from server.runtime.errors import (
    ExperimentConflict,
    ExperimentInconclusive,
    ExperimentNotFound,
    ExperimentOver,
    FieldViolation,
    InvalidRequest,
    ModelBroken,
    ModelNotFound,
    NoModel,
)
from server.runtime.identifiers import format_name
from tfserving.errors import ServableFailed

DEFAULT_MINIMUM_OUTCOME_COUNT = 100

STOPPED = "stopped on request"


class RunExperiments:
    """Starts and ends experiments. Every change is one transaction: every score is of before or of after.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached; then nothing has
    changed.

    Args:
        experiments: Where experiments are read.
        changes: Where changes begin.
        loader: Has the model server hold what it shall.
    """

    def __init__(self, experiments: ExperimentStore, changes: ExperimentChanges, loader: ModelLoader) -> None:
        self._experiments = experiments
        self._changes = changes
        self._loader = loader

    async def create(self, tenant_id: UUID, plan: ExperimentPlan) -> Experiment:
        """Starts an experiment.

        Args:
            tenant_id: The tenant.
            plan: What it shall be.

        Raises:
            InvalidRequest: The shares do not fit the kind.
            NoModel: There is no champion to compare with.
            ModelNotFound: The tenant has no such challenger.
            ExperimentConflict: The challenger is champion or in an experiment, or one that scores leads runs already.
            ModelBroken: The model server can't load the challenger.
        """
        _check_shares(plan)
        async with self._changes.begin(tenant_id) as change:
            models = await change.models()
            champion = next((model for model in models if model.state is ModelState.CHAMPION), None)
            if champion is None:
                raise NoModel
            challenger = next((model for model in models if model.model_id == plan.challenger_id), None)
            if challenger is None:
                raise ModelNotFound(format_name("models", plan.challenger_id))
            _check_free(challenger)
            await _check_beside(change, plan)
            try:
                await self._loader.load(tenant_id, models, challenger.version)
            except ServableFailed as error:
                raise ModelBroken(format_name("models", challenger.model_id)) from error
            state = ModelState.SHADOW if plan.kind is ExperimentKind.SHADOW else ModelState.CANARY
            experiment = await change.start(plan, champion.model_id, state)
            await change.commit()
        return experiment

    async def get(self, tenant_id: UUID, experiment_id: UUID) -> Experiment:
        """Gives an experiment.

        Raises:
            ExperimentNotFound: The tenant has no such experiment.
        """
        experiment = await self._experiments.find(tenant_id, experiment_id)
        if experiment is None:
            raise ExperimentNotFound(format_name("experiments", experiment_id))
        return experiment

    async def result(self, tenant_id: UUID, experiment_id: UUID) -> tuple[Experiment, ExperimentResult]:
        """Gives an experiment, and what it shows by the outcomes that are known now.

        Raises:
            ExperimentNotFound: The tenant has no such experiment.
        """
        experiment = await self.get(tenant_id, experiment_id)
        return experiment, judge(experiment.plan, await self._experiments.arm_leads(tenant_id, experiment))

    async def stop(self, tenant_id: UUID, experiment_id: UUID) -> Experiment:
        """Ends an experiment without a decision.

        Raises:
            ExperimentNotFound: The tenant has no such experiment.
            ExperimentOver: It has ended.
        """
        async with self._changes.begin(tenant_id) as change:
            experiment = await change.end(await _running(change, experiment_id), ExperimentState.STOPPED, STOPPED)
            await change.commit()
        return experiment

    async def conclude(self, tenant_id: UUID, experiment_id: UUID, *, override_verdict: bool) -> Experiment:
        """Ends an experiment by what it shows: the challenger becomes champion if it is better.

        Args:
            tenant_id: The tenant.
            experiment_id: The experiment.
            override_verdict: Whether the challenger becomes champion whatever the experiment shows.

        Raises:
            ExperimentNotFound: The tenant has no such experiment.
            ExperimentOver: It has ended.
            ExperimentInconclusive: Too few outcomes are known.
            ModelBroken: The model server can't load the challenger.
        """
        async with self._changes.begin(tenant_id) as change:
            experiment = await _running(change, experiment_id)
            result = judge(experiment.plan, await self._experiments.arm_leads(tenant_id, experiment))
            if result.verdict is Verdict.TOO_FEW_OUTCOMES and not override_verdict:
                raise ExperimentInconclusive(format_name("experiments", experiment_id), result.explanation)
            promoted = override_verdict or result.verdict is Verdict.CHALLENGER_BETTER
            decision = "the challenger became champion" if promoted else "the champion stayed"
            because = (
                "on request, though " if override_verdict and result.verdict is not Verdict.CHALLENGER_BETTER else ""
            )
            ended = await change.end(
                experiment, ExperimentState.CONCLUDED, f"{decision}: {because}{result.explanation}"
            )
            if promoted:
                await self._promote(change, tenant_id, experiment.plan.challenger_id)
            await change.commit()
        return ended

    async def _promote(self, change: ExperimentChange, tenant_id: UUID, model_id: UUID) -> None:
        models = await change.models()
        version = next(model.version for model in models if model.model_id == model_id)
        try:
            await self._loader.load(tenant_id, models, version)
        except ServableFailed as error:
            raise ModelBroken(format_name("models", model_id)) from error
        await change.make_champion(model_id)


async def _running(change: ExperimentChange, experiment_id: UUID) -> Experiment:
    experiment = await change.find(experiment_id)
    if experiment is None:
        raise ExperimentNotFound(format_name("experiments", experiment_id))
    if experiment.state is not ExperimentState.RUNNING:
        raise ExperimentOver(format_name("experiments", experiment_id))
    return experiment


def _check_free(challenger: Model) -> None:
    if challenger.state is ModelState.CHAMPION:
        raise ExperimentConflict(format_name("models", challenger.model_id), "the challenger is champion already")
    if challenger.state in {ModelState.SHADOW, ModelState.CANARY}:
        raise ExperimentConflict(format_name("models", challenger.model_id), "the challenger is in another experiment")


async def _check_beside(change: ExperimentChange, plan: ExperimentPlan) -> None:
    is_shadow = plan.kind is ExperimentKind.SHADOW
    for other in await change.running():
        if (other.plan.kind is ExperimentKind.SHADOW) is is_shadow:
            what = "a shadow" if is_shadow else "an experiment that scores leads"
            raise ExperimentConflict(format_name("experiments", other.experiment_id), f"{what} runs already")


def _check_shares(plan: ExperimentPlan) -> None:
    violations = []
    if plan.kind is ExperimentKind.SHADOW and plan.challenger_share > 0.0:
        violations.append(("challenger_share", "a shadow scores no lead: must be 0"))
    if plan.kind is not ExperimentKind.SHADOW and plan.challenger_share == 0.0:
        violations.append(("challenger_share", "must be above 0 for a canary and a split"))
    if plan.kind is not ExperimentKind.SPLIT and plan.hold_out_share > 0.0:
        violations.append(("hold_out_share", "only a split has a hold-out: must be 0"))
    if plan.challenger_share + plan.hold_out_share >= 1.0:
        violations.append(("hold_out_share", "both shares together must leave something to the champion"))
    if violations:
        raise InvalidRequest(
            [FieldViolation(f"experiment.{field}", words, "experiment.shares") for field, words in violations]
        )
