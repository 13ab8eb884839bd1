"""Checks champions when that is due, and does what the tenant's policy says."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from scoring.features.lead_record import LeadRecord
from scoring.monitoring.alarm import BREACHES, Finding, findings
from scoring.monitoring.drift_report import DriftReport, compare_features
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.ports import (
    LongWork,
    MonitoredLeads,
    MonitoringChange,
    MonitoringStore,
    RollBack,
    ScoredOutcomes,
    WatchedModel,
)
from scoring.monitoring.score_quality import measure
from scoring.registry.model import Model, ModelState
from server.runtime.errors import ModelBroken, ModelNotFound
from server.runtime.identifiers import format_name
from server.runtime.system_changes import SystemChange

# Enough that chance hardly moves an index, and few enough to be read and compared within seconds.
MOST_LEADS = 5_000
MOST_OUTCOMES = 20_000
_POLICY_NAME = "monitoring/policy"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a check looks at."""

    model: WatchedModel
    start_time: datetime
    received: Sequence[LeadRecord]
    decided: Sequence[LeadRecord]
    scored: ScoredOutcomes


class WatchModels:
    """Makes the checks and the trainings that are due.

    Several workers may do this at once: a check or a training that is due is taken by one of them. What follows from a
    check is one transaction, and an alarm that stands is not raised again, so that a check that is made twice changes
    nothing more.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached.

    Args:
        leads: Where leads are read.
        store: Where the watch over models is kept.
        life_cycle: Goes back to an earlier champion.
        work: Where trainings and rescorings are asked for.
    """

    def __init__(self, leads: MonitoredLeads, store: MonitoringStore, life_cycle: RollBack, work: LongWork) -> None:
        self._leads = leads
        self._store = store
        self._life_cycle = life_cycle
        self._work = work

    async def watch(self, tenant_id: UUID) -> None:
        """Does what is due for a tenant."""
        await self._train_on_schedule(tenant_id)
        policy = await self._store.claim_check(tenant_id)
        if policy is None:
            return
        read = await self._read(tenant_id, policy)
        if read is None:
            return
        report = await asyncio.to_thread(_report, read, policy)
        await self._act(tenant_id, report, policy)

    async def _train_on_schedule(self, tenant_id: UUID) -> None:
        async with self._store.begin(tenant_id) as change:
            if not await change.claim_training():
                return
            # A training that runs already learns from the same leads.
            if not await change.training_runs():
                operation = await self._work.request_training(tenant_id, ())
                _log.info("training due", tenant=str(tenant_id), operation=str(operation.operation_id))
            await change.commit()

    async def _read(self, tenant_id: UUID, policy: MonitoringPolicy) -> _Read | None:
        model = await self._leads.champion(tenant_id)
        if model is None:
            return None
        since = datetime.now(UTC) - policy.window
        return _Read(
            model,
            since,
            await self._leads.received(tenant_id, since, MOST_LEADS),
            await self._leads.decided(tenant_id, since, MOST_LEADS),
            await self._leads.scored_outcomes(
                tenant_id, model.model_id, max(since, model.champion_time), MOST_OUTCOMES
            ),
        )

    async def _act(self, tenant_id: UUID, report: DriftReport, policy: MonitoringPolicy) -> None:
        """Keeps a report, and does what follows from it."""
        found = list(findings(report, policy))
        log = _log.bind(tenant=str(tenant_id), model=str(report.model_id))
        async with self._store.begin(tenant_id) as change:
            models = await change.models()
            if not any(model.model_id == report.model_id and model.state is ModelState.CHAMPION for model in models):
                log.info("model is no longer champion, its check is dropped")
                return
            await change.end_alarms_of_others(report.model_id)
            standing = {
                (alarm.finding.kind, alarm.finding.feature): alarm for alarm in await change.standing(report.model_id)
            }
            still = {(finding.kind, finding.feature) for finding in found}
            await change.end_alarms([alarm.alarm_id for key, alarm in standing.items() if key not in still])
            new = [finding for finding in found if (finding.kind, finding.feature) not in standing]
            await change.save(report, policy)
            await self._raise(change, tenant_id, report.model_id, policy, new)
            await change.commit()
        log.info("model checked", alarms=len(found), new_alarms=[finding.message for finding in new])

    async def _raise(
        self,
        change: MonitoringChange,
        tenant_id: UUID,
        model_id: UUID,
        policy: MonitoringPolicy,
        new: Sequence[Finding],
    ) -> None:
        breaches = [finding for finding in new if finding.kind in BREACHES]
        rolled_back_to = None
        if breaches and policy.roll_back_on_breach:
            rolled_back_to = await self._roll_back(change, tenant_id)
        training_id = None
        if new and policy.retrain_on_drift and not await change.training_runs():
            training_id = (await self._work.request_training(tenant_id, ())).operation_id
        for finding in new:
            back = rolled_back_to if finding.kind in BREACHES else None
            await change.raise_alarm(model_id, finding, back, training_id)

    async def _roll_back(self, change: MonitoringChange, tenant_id: UUID) -> UUID | None:
        """Goes back to the champion before, unless its own scores were found wrong once; gives it."""
        breached = await change.breached_models()
        target = _champion_before([model for model in await change.models() if model.model_id not in breached])
        if target is None:
            return None
        try:
            await self._life_cycle.roll_back(tenant_id, target.model_id)
        except (ModelBroken, ModelNotFound):
            _log.exception("roll-back failed", tenant=str(tenant_id), model=str(target.model_id))
            return None
        await change.record(
            SystemChange(
                principal=_POLICY_NAME,
                method="monitoring/roll_back_model",
                resources=[format_name("models", target.model_id)],
            )
        )
        await self._work.request_rescoring(tenant_id)
        return target.model_id


def _champion_before(models: Sequence[Model]) -> Model | None:
    retired = [
        (model.champion_time, model.version, model)
        for model in models
        if model.state is ModelState.RETIRED and model.champion_time is not None
    ]
    return max(retired, key=lambda entry: entry[:2])[2] if retired else None


def _report(read: _Read, policy: MonitoringPolicy) -> DriftReport:
    model = read.model
    encode = model.feature_set.encode
    return DriftReport(
        model_id=model.model_id,
        compute_time=datetime.now(UTC),
        start_time=read.start_time,
        features=compare_features(
            model.feature_set, model.distributions, encode(read.received), encode(read.decided), policy
        ),
        score_quality=measure(
            read.scored.outcomes, read.scored.probabilities, model.evaluation_auc, policy.minimum_outcome_count
        ),
    )
