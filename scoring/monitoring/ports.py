"""What the watch over models needs from outside; stores implement it, tests have fakes of it."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.features.distribution import Distributions
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import LeadRecord
from scoring.monitoring.alarm import Alarm, Finding
from scoring.monitoring.drift_report import DriftReport
from scoring.monitoring.policy import MonitoringPolicy
from scoring.registry.model import Model
from server.runtime.operations import RunningOperation
from server.runtime.system_changes import SystemChange


@dataclass(frozen=True, slots=True)
class WatchedModel:
    """A champion as far as it is needed to check it.

    Attributes:
        model_id: Its id.
        champion_time: When it became champion, UTC.
        feature_set: Its features.
        distributions: How the leads of its training spread; empty if that is not known.
        evaluation_auc: AUC of its evaluation, 0 to 1.
    """

    model_id: UUID
    champion_time: datetime
    feature_set: FeatureSet
    distributions: Distributions
    evaluation_auc: float


@dataclass(frozen=True, slots=True)
class ScoredOutcomes:
    """Outcomes that came lately, and the probabilities that the leads' scores had before.

    Attributes:
        outcomes: What became of each lead.
        probabilities: What its score said, strictly between 0 and 1.
    """

    outcomes: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.float64]


class MonitoredLeads(Protocol):
    """Where leads are read to check a model; every method raises DependencyUnavailable where that can't be reached."""

    async def champion(self, tenant_id: UUID) -> WatchedModel | None:
        """Gives the champion; None if there is none."""

    async def received(self, tenant_id: UUID, since: datetime, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads received since a time, the newest first, whatever became of them."""

    async def decided(self, tenant_id: UUID, since: datetime, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads whose outcome came since a time, as of just before it, the newest first."""

    async def scored_outcomes(self, tenant_id: UUID, model_id: UUID, since: datetime, limit: int) -> ScoredOutcomes:
        """Gives up to `limit` outcomes that came since a time, of leads that a model had scored before."""


class MonitoringChange(Protocol):
    """What follows from a check, in one transaction; nobody else changes the tenant's models until it is over."""

    async def models(self) -> Sequence[Model]:
        """Gives the tenant's models, the newest first."""

    async def standing(self, model_id: UUID) -> Sequence[Alarm]:
        """Gives the alarms of a model that stand."""

    async def breached_models(self) -> Collection[UUID]:
        """Gives the models that ever raised an alarm about calibration or AUC."""

    async def save(self, report: DriftReport, policy: MonitoringPolicy) -> None:
        """Keeps a report in place of the model's former one, and says when the next check is due."""

    async def raise_alarm(
        self, model_id: UUID, finding: Finding, rolled_back_to: UUID | None, training_id: UUID | None
    ) -> None:
        """Keeps an alarm, with the message to whoever acts on it."""

    async def end_alarms(self, alarm_ids: Sequence[UUID]) -> None:
        """Says that alarms were found gone."""

    async def end_alarms_of_others(self, model_id: UUID) -> None:
        """Says that the alarms of all models but one stand no more."""

    async def claim_training(self) -> bool:
        """Takes the training that is due by the policy's interval, and says when the next one is; False if none is."""

    async def training_runs(self) -> bool:
        """Tells whether a training waits or runs."""

    async def record(self, change: SystemChange) -> None:
        """Records in the audit log what no rpc has asked for."""

    async def commit(self) -> None:
        """Makes all take effect, with what other use cases did within it. The last thing that is done."""


class MonitoringStore(Protocol):
    """Where the watch over models is kept; every method raises DependencyUnavailable where that can't be reached."""

    async def claim_check(self, tenant_id: UUID) -> MonitoringPolicy | None:
        """Takes a check that is due, so that no other worker makes it, and gives the policy; None if none is due."""

    def begin(self, tenant_id: UUID) -> AbstractAsyncContextManager[MonitoringChange]:
        """Begins a change that other use cases join; without a commit it does not take effect."""


class RollBack(Protocol):
    """Goes back to an earlier champion."""

    async def roll_back(self, tenant_id: UUID, model_id: UUID | None) -> Model:
        """Makes a model champion again.

        Raises:
            ModelNotFound: It is gone.
            ModelBroken: The model server can't load it.
            DependencyUnavailable: PostgreSQL or the model server can't be reached.
        """


class LongWork(Protocol):
    """Where trainings and rescorings are asked for."""

    async def request_training(self, tenant_id: UUID, excluded_fields: Sequence[str]) -> RunningOperation:
        """Has a model trained, without some fields."""

    async def request_rescoring(self, tenant_id: UUID) -> RunningOperation:
        """Has every open lead scored anew."""
