"""Scores of tenants that have no model yet."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from scoring.cold_start.conversion_rate import OutcomeCounts, RateEstimate, estimate_rate
from scoring.explanation.grades import GradeScale
from scoring.features.lead_record import LeadRecord
from scoring.rules.compiled_rule_set import CompiledRuleSet, RuleResult
from scoring.scores.coalescing import Coalescer
from scoring.scores.ports import OutcomeReader
from scoring.scores.score import ScoreOverride, override_points, overruled, score_value

# An outcome moves the scores of a tenant with few outcomes this late at most.
HOLD_SECONDS = 1.0
# Beyond so many outcomes they are held longer in proportion: counting takes longer, and one more tells less.
QUICKLY_COUNTED = 10_000
TENANTS_HELD = 4_096
LARGEST_BATCH = 256

# Without a model there is nothing by which leads could be told apart.
_WITHHELD = GradeScale()


@dataclass(frozen=True, slots=True)
class ColdScore:
    """How probable it is that a lead of a tenant without a model converts: as probable as for any of its leads.

    Attributes:
        record: The lead as it was.
        estimate: What the tenant's outcomes tell.
        explained: Whether the score shall be attributed.
        compute_time: When it was computed, UTC.
        rules: What the tenant's rules make of it; None if none are active.
        override: What a person set in its place; None if nobody did.
    """

    record: LeadRecord
    estimate: RateEstimate
    explained: bool
    compute_time: datetime
    rules: RuleResult | None = None
    override: ScoreOverride | None = None

    def with_rules(self, rules: CompiledRuleSet | None) -> Self:
        """Gives the score with what rules make of it; without rules, itself."""
        if rules is None:
            return self
        findings = rules.findings(self.record, self.probability, None)
        result = rules.result(findings, self.probability, self.model_value, _WITHHELD, self.compute_time)
        return replace(self, rules=result)

    def with_override(self, override: ScoreOverride | None) -> Self:
        """Gives the score with a person's value in place of what rules make of it; without one, itself."""
        return self if override is None else replace(self, rules=overruled(self.rules), override=override)

    @property
    def probability(self) -> float:
        """That the lead converts, strictly between 0 and 1."""
        return self.estimate.probability

    @property
    def log_odds(self) -> float:
        """The probability as natural log-odds."""
        return self.estimate.log_odds

    @property
    def base_log_odds(self) -> float:
        """The log-odds where nothing is known of the tenant: where the attributions start from."""
        return self.estimate.base_log_odds

    @property
    def attributions(self) -> Sequence[float] | None:
        """What the tenant's outcomes add, nothing if there are none; None if it was not asked for."""
        if not self.explained:
            return None
        return [self.log_odds - self.base_log_odds] if self.estimate.counts.total else []

    @property
    def model_value(self) -> int:
        """The probability as 0 to 100, rounded to the nearest integer."""
        return score_value(self.probability)

    @property
    def rule_points(self) -> int:
        """What the rules add to it."""
        return 0 if self.rules is None else self.rules.points

    @property
    def override_points(self) -> int:
        """What a person's value adds to it."""
        return override_points(self.override, self.model_value)

    @property
    def value(self) -> int:
        """What people look at, 0 to 100: the probability, what the rules add, and what a person's value adds."""
        return self.model_value + self.rule_points + self.override_points


class ColdStart:
    """Scores leads by nothing but how many leads of their tenant converted so far.

    The numbers are held for a second or longer, so that a tenant's leads are counted once a second at most.

    Args:
        outcomes: Where leads with an outcome are counted.
    """

    def __init__(self, outcomes: OutcomeReader) -> None:
        self._outcomes = outcomes
        self._held: OrderedDict[UUID, tuple[float, OutcomeCounts]] = OrderedDict()
        self._counting: Coalescer[UUID, None, OutcomeCounts] = Coalescer(self._count, largest_batch=LARGEST_BATCH)

    async def score(self, tenant_id: UUID, records: Sequence[LeadRecord], *, explained: bool) -> list[ColdScore]:
        """Scores leads.

        Args:
            tenant_id: Their tenant.
            records: The leads, any number.
            explained: Whether to attribute the scores.

        Returns:
            One score for each record, in their order.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        estimate = estimate_rate(await self._counts(tenant_id))
        now = datetime.now(UTC)
        return [ColdScore(record, estimate, explained, now) for record in records]

    async def _counts(self, tenant_id: UUID) -> OutcomeCounts:
        until, counts = self._held.get(tenant_id, (0.0, OutcomeCounts(0, 0)))
        return counts if until > asyncio.get_running_loop().time() else await self._counting.submit(tenant_id, None)

    async def _count(self, tenant_id: UUID, waiting: Sequence[None]) -> list[OutcomeCounts]:
        counts = await self._outcomes.outcome_counts(tenant_id)
        hold_seconds = HOLD_SECONDS * max(1.0, counts.total / QUICKLY_COUNTED)
        self._held[tenant_id] = asyncio.get_running_loop().time() + hold_seconds, counts
        self._held.move_to_end(tenant_id)
        while len(self._held) > TENANTS_HELD:
            self._held.popitem(last=False)
        return [counts] * len(waiting)
