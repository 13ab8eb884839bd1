"""Fakes of what scoring needs from outside."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.cold_start.conversion_rate import OutcomeCounts
from scoring.experiments.experiment import Split
from scoring.explanation.conversion_tables import ConversionTables
from scoring.explanation.grades import GradeBand, GradeScale
from scoring.explanation.reasons import Reasons
from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import LeadRecord
from scoring.models.interval_table import IntervalTable
from scoring.registry.rule_set_version import RuleSetVersion
from scoring.registry.served_model import ServedModel, name_in_model_server
from scoring.rules.rule_set import RuleSet
from scoring.scores.score import Score, ScoreMakers, ScoreOverride, StoredLead
from server.runtime.errors import ModelNotFound, RuleSetNotFound
from server.runtime.identifiers import format_name, new_id
from tfserving.errors import ModelServerError, ModelServerUnavailable, ServableFailed, ServableNotFound
from tfserving.prediction import Explained, Predicted

READ_TIME = datetime(2026, 3, 1, tzinfo=UTC)
BASE_LOG_ODDS = -1.0

FEATURE_SET = FeatureSet(
    [
        Feature("visits", "visits", FeatureKind.NUMBER),
        Feature("source", "source", FeatureKind.CATEGORY, ("Google", "Referral")),
    ]
)

GRADE_BANDS = (GradeBand("B", 0.5, 0.7, 0.6, 0.8, 100), GradeBand("C", 0.0, 0.2, 0.1, 0.3, 100))
CONVERSION_TABLES = {
    "overall_rate": 0.3,
    "tables": [
        {"edges": [3.0], "typical": [1.0, 5.0], "rates": [0.1, 0.6], "missing_rate": None},
        {"edges": [], "typical": [0.0, 1.0, 2.0], "rates": [0.2, 0.58, None], "missing_rate": None},
    ],
}


def make_record(visits: float, source: str = "Google", lead_id: UUID | None = None) -> LeadRecord:
    """Makes a lead that FEATURE_SET has both features of."""
    return LeadRecord(
        lead_id=lead_id,
        received_time=datetime(2026, 1, 1, tzinfo=UTC),
        fields={"visits": {"number": visits}, "source": {"category": source}},
        counters={},
    )


def make_model(model_id: UUID | None = None, version: int = 1) -> ServedModel:
    """Makes a model with FEATURE_SET."""
    conversion = ConversionTables.from_json(CONVERSION_TABLES, len(FEATURE_SET))
    return ServedModel(
        model_id or new_id(),
        "tenant-x",
        version,
        FEATURE_SET,
        GradeScale(GRADE_BANDS),
        Reasons(FEATURE_SET, conversion),
        IntervalTable([0.0], [0.5]),
        evidence_count=100,
    )


class FakePredictor:
    """A model server that adds up each row's values, so that they are their own attributions.

    Attributes:
        batch_sizes: How many rows each call had.
        failure: Raised by each call, unless None.
        refused_visits: A value in whose presence a call fails like one that meets a defect.
    """

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []
        self.failure: ModelServerError | None = None
        self.refused_visits: float | None = None

    async def explain(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Explained:
        predicted = await self.predict(model_name, version, X)
        return Explained(predicted.log_odds, predicted.base_log_odds, X.astype(float).tolist())

    async def predict(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Predicted:
        assert model_name
        assert version
        if self.failure is not None:
            raise self.failure
        if self.refused_visits is not None and np.any(self.refused_visits == X):
            raise ArithmeticError("a defect")
        self.batch_sizes.append(len(X))
        await asyncio.sleep(0)
        return Predicted(
            (BASE_LOG_ODDS + X.astype(float).sum(axis=1)).tolist(), np.full(len(X), BASE_LOG_ODDS).tolist()
        )


class FakeLeads:
    """Leads in memory.

    Attributes:
        champion: The champion of each tenant that has one.
        rule_set: The active rules of each tenant that has some.
        split: The canary or split that each tenant runs, if one does.
        reads: How many leads each read asked for.
        outcomes: The outcomes of each tenant that has some.
        counted: How often outcomes were counted.
    """

    def __init__(self) -> None:
        self.champion: dict[UUID, UUID] = {}
        self.rule_set: dict[UUID, UUID] = {}
        self.split: dict[UUID, Split] = {}
        self.reads: list[int] = []
        self.outcomes: dict[UUID, OutcomeCounts] = {}
        self.counted = 0
        self._leads: dict[UUID, dict[UUID, StoredLead]] = {}

    def add(
        self, tenant_id: UUID, record: LeadRecord, *, is_open: bool = True, override: ScoreOverride | None = None
    ) -> UUID:
        """Keeps a lead and gives its id."""
        lead_id = new_id()
        self._leads.setdefault(tenant_id, {})[lead_id] = StoredLead(
            lead_id, replace(record, lead_id=lead_id), is_open, None, READ_TIME, override=override
        )
        return lead_id

    async def leads(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> list[StoredLead]:
        self.reads.append(len(lead_ids))
        await asyncio.sleep(0)
        kept = self._leads.get(tenant_id, {})
        champion_id, rule_set_id = await self.makers(tenant_id)
        split = self.split.get(tenant_id)
        return [
            replace(
                kept[lead_id],
                champion_id=champion_id if split is None else split.model_id(lead_id, champion_id),
                rule_set_id=rule_set_id,
            )
            for lead_id in sorted(lead_ids)
            if lead_id in kept
        ]

    async def champion_id(self, tenant_id: UUID) -> UUID | None:
        return self.champion.get(tenant_id)

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        return ScoreMakers(self.champion.get(tenant_id), self.rule_set.get(tenant_id))

    async def outcome_counts(self, tenant_id: UUID) -> OutcomeCounts:
        self.counted += 1
        await asyncio.sleep(0)
        return self.outcomes.get(tenant_id, OutcomeCounts(0, 0))

    async def open_count(self, tenant_id: UUID) -> int:
        return len(self._open(tenant_id))

    async def open_leads(self, tenant_id: UUID, after: UUID, limit: int) -> list[StoredLead]:
        lead_ids = [lead_id for lead_id in self._open(tenant_id) if lead_id > after]
        return await self.leads(tenant_id, lead_ids[:limit])

    def _open(self, tenant_id: UUID) -> list[UUID]:
        return sorted(lead_id for lead_id, lead in self._leads.get(tenant_id, {}).items() if lead.is_open)


class FakeModelSource:
    """Models in memory, of one tenant.

    Attributes:
        loads: The models that were loaded, in their order.
    """

    def __init__(self, tenant_id: UUID, *models: ServedModel) -> None:
        self.loads: list[UUID] = []
        self._tenant_id = tenant_id
        self._models = {model.model_id: replace(model, name=name_in_model_server(tenant_id)) for model in models}

    async def load(self, tenant_id: UUID, model_id: UUID) -> ServedModel:
        self.loads.append(model_id)
        if tenant_id != self._tenant_id or model_id not in self._models:
            raise ModelNotFound(format_name("models", model_id))
        return self._models[model_id]


class FakeRuleSetSource:
    """Rules in memory.

    Attributes:
        rule_sets: The versions by their ids.
    """

    def __init__(self) -> None:
        self.rule_sets: dict[UUID, RuleSet] = {}

    async def get(self, tenant_id: UUID, rule_set_id: UUID) -> RuleSetVersion:
        assert tenant_id
        if rule_set_id not in self.rule_sets:
            raise RuleSetNotFound(format_name("ruleSets", rule_set_id))
        return RuleSetVersion(
            rule_set_id,
            1,
            "",
            self.rule_sets[rule_set_id],
            active=True,
            revision=1,
            create_time=READ_TIME,
            activate_time=READ_TIME,
        )


class FakeScoreStore:
    """Scores in memory; counts as new what differs from the score before.

    Attributes:
        scores: The latest score of each lead.
        batch_sizes: How many scores each call stored.
    """

    def __init__(self) -> None:
        self.scores: dict[UUID, Score] = {}
        self.batch_sizes: list[int] = []

    async def store(self, tenant_id: UUID, scores: Sequence[Score]) -> int:
        assert tenant_id
        self.batch_sizes.append(len(scores))
        changed = 0
        for score in scores:
            lead_id = score.record.lead_id
            assert lead_id is not None
            before = self.scores.get(lead_id)
            changed += before is None or before.log_odds != score.log_odds
            self.scores[lead_id] = score
        return changed


class FakeModelServerControl:
    """A model server that loads what it is told, except what can't be loaded.

    Attributes:
        served: The versions of each model that it was told to serve.
        broken: Versions that can't be loaded.
        unreachable: Whether nobody is there.
        reloads: How often it was told something.
    """

    def __init__(self) -> None:
        self.served: dict[str, frozenset[int]] = {}
        self.broken: set[int] = set()
        self.unreachable = False
        self.reloads = 0

    async def listed(self, model_name: str) -> frozenset[int]:
        """Gives what it was told to serve."""
        return self.served.get(model_name, frozenset())

    async def serve(self, model_name: str, versions: Collection[int]) -> None:
        """Takes what it shall serve."""
        if self.unreachable:
            raise ModelServerUnavailable("nobody is there")
        self.reloads += 1
        self.served[model_name] = frozenset(versions)

    async def wait_available(self, model_name: str, version: int, *, timeout_seconds: float) -> None:
        """Returns if it was told to serve the version and can load it."""
        if self.unreachable:
            raise ModelServerUnavailable("nobody is there")
        if version in self.broken:
            raise ServableFailed("the files are broken")
        if version not in self.served.get(model_name, frozenset()):
            raise ServableNotFound(f"not served after {timeout_seconds} s")
