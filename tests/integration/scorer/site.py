"""The scorer with its services and its worker's work, as tests of scores that are stored see it."""

from typing import Any
from uuid import UUID

import grpc.aio
from leadline.v1 import (
    rule_service_pb2,
    rule_service_pb2_grpc,
    rule_set_pb2,
    score_pb2,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)

from scoring.bulk.page_rescoring import PageRescoring
from scoring.bulk.row_scoring import RowScoring
from scoring.registry.model_cache import ModelCache
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.store.leads import Leads
from scoring.store.models import Models
from scoring.store.open_leads import OpenLeads
from scoring.store.rule_sets import RuleSets
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from tests.fakes.open_leads import FakeTableSource
from tests.fakes.scoring import FakePredictor

Bearer = tuple[tuple[str, str], ...]


class Site:
    """The scorer with its services, and what a worker does with the tenant's leads.

    The model adds visits and source (0 or 1) to -1, in log-odds.
    """

    def __init__(self, database: Database, channel: grpc.aio.Channel, bearer: Bearer, tenant_id: UUID) -> None:
        self.database = database
        self.tenant_id = tenant_id
        self.bearer = bearer
        self.rules: Any = rule_service_pb2_grpc.RuleServiceStub(channel)
        self.scoring: Any = scoring_service_pb2_grpc.ScoringServiceStub(channel)
        models = ModelCache(Models(database))
        predictor = FakePredictor()
        rule_sets = RuleSetCache(RuleSets(database))
        scorer = LeadScorer(predictor, rule_sets)
        self.rescoring = Rescoring(Leads(database), models, scorer, Scores(database))
        self.pages = PageRescoring(
            OpenLeads(database),
            models,
            rule_sets,
            RowScoring(FakeTableSource(), predictor),  # type: ignore[arg-type] # gives none
            Scores(database),
        )

    async def create(self, *rules: rule_set_pb2.Rule, newest_etag: str = "", **others: Any) -> rule_set_pb2.RuleSet:
        request = rule_service_pb2.CreateRuleSetRequest(
            rule_set=rule_set_pb2.RuleSet(rules=rules, **others), newest_etag=newest_etag, idempotency_key=str(new_id())
        )
        created: rule_set_pb2.RuleSet = await self.rules.CreateRuleSet(request, metadata=self.bearer)
        return created

    async def activate(self, name: str, etag: str = "") -> rule_service_pb2.ActivateRuleSetResponse:
        request = rule_service_pb2.ActivateRuleSetRequest(name=name, etag=etag, idempotency_key=str(new_id()))
        response: rule_service_pb2.ActivateRuleSetResponse = await self.rules.ActivateRuleSet(
            request, metadata=self.bearer
        )
        return response

    async def deactivate(self, name: str) -> rule_service_pb2.DeactivateRuleSetResponse:
        request = rule_service_pb2.DeactivateRuleSetRequest(name=name, idempotency_key=str(new_id()))
        response: rule_service_pb2.DeactivateRuleSetResponse = await self.rules.DeactivateRuleSet(
            request, metadata=self.bearer
        )
        return response

    async def score(self, lead_id: UUID, *, omit_attributions: bool = False) -> score_pb2.Score:
        request = scoring_service_pb2.ScoreLeadRequest(
            name=format_name("leads", lead_id), omit_attributions=omit_attributions
        )
        score: score_pb2.Score = await self.scoring.ScoreLead(request, metadata=self.bearer)
        return score

    async def rescore_pages(self) -> int:
        model = await self.pages.model(self.tenant_id)
        assert model is not None
        page = await self.pages.read(self.tenant_id, model, UUID(int=0))
        return await self.pages.score_and_store(self.tenant_id, model, page)

    async def stored(self, lead_id: UUID) -> Any:
        async with self.database.transaction(self.tenant_id) as connection:
            return await connection.fetchrow("SELECT * FROM leads WHERE id = $1", lead_id)


def is_sum(score: score_pb2.Score) -> bool:
    """Tells whether the parts of a score add up to it."""
    points = sum(contribution.applied_points for contribution in score.rule_contributions)
    log_odds = score.base_log_odds + sum(part.log_odds for part in score.attributions)
    return (
        score.value == score.model_value + score.rule_points + score.override_points
        and score.rule_points == points
        and abs(log_odds - score.log_odds) < 1e-4
    )
