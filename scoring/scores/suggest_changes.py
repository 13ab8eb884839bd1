"""Tells what would raise a lead's score."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from scoring.explanation.changes import possible_changes
from scoring.explanation.suggestions import Suggestion, suggest
from scoring.features.lead_record import LeadRecord
from scoring.registry.model_cache import ModelCache
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.ports import LeadReader
from scoring.scores.score import Score
from scoring.scores.score_leads import PATIENCE_SECONDS
from server.runtime.errors import DependencyUnavailable, LeadNotFound, NoModel
from server.runtime.identifiers import format_name

# What counts as higher where there is no better grade to reach.
NEEDED_POINTS = 10


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What would raise a lead's score.

    Attributes:
        current: The score as it is.
        suggestions: Ways to raise it, the smallest change first; at most 5.
    """

    current: Score
    suggestions: Sequence[Suggestion[Score]]


class SuggestChanges:
    """The use case: makes possible changes in the lead's record, and asks the model what score it would then have.

    Args:
        leads: Where stored leads are read.
        models: The models at hand.
        scorer: What computes scores.
    """

    def __init__(self, leads: LeadReader, models: ModelCache, scorer: LeadScorer) -> None:
        self._leads = leads
        self._models = models
        self._scorer = scorer

    async def __call__(
        self,
        tenant_id: UUID,
        lead_id: UUID,
        actionable_fields: Collection[str],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Suggestions:
        """Searches for changes that lead to the next grade, or to 10 points more where there is no better grade.

        Args:
            tenant_id: The caller's tenant.
            lead_id: The lead.
            actionable_fields: The only fields that may be changed; none stands for events, and answers that are
                missing.
            patience_seconds: How long the caller can wait.

        Raises:
            LeadNotFound: The tenant has no such lead.
            NoModel: The tenant has no model yet.
            DependencyUnavailable: PostgreSQL or the model server can't be reached, or not in time.
        """
        end = asyncio.get_running_loop().time() + patience_seconds
        try:
            async with asyncio.timeout_at(end):
                leads = await self._leads.leads(tenant_id, [lead_id])
                if not leads:
                    raise LeadNotFound(format_name("leads", lead_id))
                if leads[0].champion_id is None:
                    raise NoModel
                model = await self._models.model(tenant_id, leads[0].champion_id)
                rules = await self._scorer.rules(tenant_id, leads[0].rule_set_id)
        except TimeoutError as error:
            raise DependencyUnavailable("postgresql") from error
        try:
            async with asyncio.timeout_at(end):
                return await self._suggest(model, rules, leads[0].record, actionable_fields)
        except TimeoutError as error:
            raise DependencyUnavailable("model_server") from error

    async def _suggest(
        self,
        model: ServedModel,
        rules: CompiledRuleSet | None,
        record: LeadRecord,
        actionable_fields: Collection[str],
    ) -> Suggestions:
        as_of = datetime.now(UTC)

        async def score(records: Sequence[LeadRecord]) -> list[Score]:
            scores = await self._scorer.score(model, records, as_of, explained=False)
            return [scored.with_rules(rules) for scored in scores]

        [explained] = await self._scorer.score(model, [record], as_of, explained=True)
        current = explained.with_rules(rules)
        possible = possible_changes(
            record, model.feature_set, model.reasons.conversion, actionable_fields=actionable_fields, as_of=as_of
        )
        return Suggestions(
            current, await suggest(record, current, possible, score=score, reaches=_is_high_enough(current))
        )


def _is_high_enough(current: Score) -> Callable[[Score], bool]:
    grade = current.grade
    lowest = None if grade is None else current.model.grades.next_better(grade)
    if lowest is not None:
        return lambda score: score.standing >= lowest
    return lambda score: score.value >= current.value + NEEDED_POINTS
