"""Tells what rules would do before they are activated: on open leads, and on leads whose outcome is known."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import numpy as np

from scoring.features.lead_record import LeadRecord
from scoring.registry.model import Model
from scoring.registry.model_cache import ModelCache
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet
from scoring.rules.observed_conversion import Comparison, compare_grades, compare_top
from scoring.rules.rule_set import RuleSet
from scoring.scores.keep_rule_sets import check
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.score import Score, ScoreMakers
from server.runtime.errors import NoModel

SAMPLE_SIZE = 2_000
MOST_CHANGES = 100

# Rules that are only tried have no id.
_NOT_KEPT = UUID(int=0)


class LeadSamples(Protocol):
    """Where leads to try rules on are found; every method raises DependencyUnavailable where that can't be reached."""

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        """Gives the champion and the active rules."""

    async def newest_open(self, tenant_id: UUID, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` open leads, the newest ones."""

    async def newest_decided(self, tenant_id: UUID, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads with an outcome, the newest ones, each with its events just before the outcome."""


class ModelReader(Protocol):
    """Where models are read."""

    async def get(self, tenant_id: UUID, model_id: UUID) -> Model:
        """Gives a model.

        Raises:
            ModelNotFound: The tenant has no such model.
            DependencyUnavailable: It can't be read at present.
        """


@dataclass(frozen=True, slots=True)
class Tried:
    """One lead's score by the active rules and by the new ones.

    Attributes:
        before: By the active rules.
        after: By the new rules.
    """

    before: Score
    after: Score


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule did.

    Attributes:
        rule_id: The rule.
        open_matched: Open leads on which its condition held.
        decided_matched: Decided leads on which it held.
        errors: Leads on which the condition failed.
        error: The first such error; empty if there was none.
    """

    rule_id: str
    open_matched: int
    decided_matched: int
    errors: int
    error: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What rules would do.

    Attributes:
        open_count: Open leads that they were tried on.
        changed: Open leads that would have another grade, those whose score changes most first.
        decided_count: Decided leads that they were tried on.
        learnt_count: Of those, leads that had their outcome before the training of the model ended.
        grades: What was seen in each grade, by its number, from A to D; empty where grades are withheld.
        top_tenth: What was seen in the tenth with the highest scores; None without decided leads.
        rules: What each rule did, in their order.
    """

    open_count: int
    changed: Sequence[Tried]
    decided_count: int
    learnt_count: int
    grades: Sequence[tuple[int, Comparison]]
    top_tenth: Comparison | None
    rules: Sequence[RuleOutcome]


class DryRunRules:
    """The use case. It scores a bounded sample of leads with the champion, in batches, and stores nothing.

    Args:
        leads: Where leads are found.
        models: The models at hand.
        model_reader: Where it is read when a model was trained.
        scorer: What computes scores.
    """

    def __init__(
        self,
        leads: LeadSamples,
        models: ModelCache,
        model_reader: ModelReader,
        scorer: LeadScorer,
    ) -> None:
        self._leads = leads
        self._models = models
        self._model_reader = model_reader
        self._scorer = scorer

    async def __call__(self, tenant_id: UUID, rule_set: RuleSet, sample_size: int = SAMPLE_SIZE) -> DryRun:
        """Tries rules.

        Args:
            tenant_id: The caller's tenant.
            rule_set: The rules.
            sample_size: How many open leads, and how many decided ones, to try them on at most; 1 or more.

        Raises:
            RuleInvalid: A rule can't be used.
            NoModel: The tenant has no model yet.
            DependencyUnavailable: PostgreSQL or the model server can't be reached.
        """
        check(rule_set)
        new = CompiledRuleSet(_NOT_KEPT, rule_set)
        makers = await self._leads.makers(tenant_id)
        if makers.champion_id is None:
            raise NoModel
        model = await self._models.model(tenant_id, makers.champion_id)
        active = await self._scorer.rules(tenant_id, makers.rule_set_id)
        records = await self._leads.newest_open(tenant_id, sample_size)
        opened = await self._try(model, records, datetime.now(UTC), active, new)
        known = await self._leads.newest_decided(tenant_id, sample_size)
        # As it was before the outcome: conditions must not see it.
        as_open = [replace(record, outcome=None) for record in known]
        decided = await self._try(model, as_open, None, active, new)
        outcomes = np.array([bool(record.outcome) for record in known], dtype=np.bool_)
        trained = (await self._model_reader.get(tenant_id, model.model_id)).create_time
        return DryRun(
            len(opened),
            _changed(opened),
            len(decided),
            sum(record.own_moment() <= trained for record in known),
            compare_grades(
                [int(tried.before.grade or 0) for tried in decided],
                [int(tried.after.grade or 0) for tried in decided],
                outcomes,
            ),
            compare_top(
                np.array([tried.before.value for tried in decided]),
                np.array([tried.after.value for tried in decided]),
                outcomes,
            )
            if decided
            else None,
            _rule_outcomes(new, opened, decided),
        )

    async def _try(
        self,
        model: ServedModel,
        records: Sequence[LeadRecord],
        as_of: datetime | None,
        active: CompiledRuleSet | None,
        new: CompiledRuleSet,
    ) -> list[Tried]:
        """Scores leads by both rules; batch by batch, so that other callers are served in between."""
        tried: list[Tried] = []
        for start in range(0, len(records), LARGEST_BATCH):
            scores = await self._scorer.score(model, records[start : start + LARGEST_BATCH], as_of, explained=False)
            tried += [Tried(score.with_rules(active), score.with_rules(new)) for score in scores]
        return tried


def _changed(opened: Sequence[Tried]) -> list[Tried]:
    changed = [tried for tried in opened if tried.before.grade != tried.after.grade]
    return sorted(changed, key=lambda tried: -abs(tried.after.value - tried.before.value))


def _rule_outcomes(rules: CompiledRuleSet, opened: Sequence[Tried], decided: Sequence[Tried]) -> list[RuleOutcome]:
    matched: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    failed: Counter[int] = Counter()
    errors: dict[int, str] = {}
    for sample, counter in zip((opened, decided), matched, strict=True):
        for tried in sample:
            for finding in tried.after.rules.findings if tried.after.rules is not None else ():
                if finding.error:
                    failed[finding.index] += 1
                    errors.setdefault(finding.index, finding.error)
                else:
                    counter[finding.index] += 1
    return [
        RuleOutcome(rule.rule_id, matched[0][index], matched[1][index], failed[index], errors.get(index, ""))
        for index, rule in enumerate(rules.rules)
    ]
