"""Scores that people set by hand, as callers see them, on real PostgreSQL."""

from uuid import UUID

import pytest
from leadline.v1 import rule_set_pb2, score_pb2, scoring_service_pb2

from deploy.local.development_token import DevelopmentKey
from scoring.registry.model import Model
from scoring.scores.score_filter import parse_score_filter
from scoring.store.score_snapshot import ScoreSnapshot
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from tests.grpc_errors import error_of
from tests.integration.scorer.conftest import RECEIVED_TIME, add_event, add_lead, days, outbox
from tests.integration.scorer.site import Site, is_sum

# The model's -1 + 0.9 in log-odds are a probability of 0.475.
COMPUTED = 48
EVERYBODYS_POINTS = rule_set_pb2.Rule(id="everybody", expression="true", points=20)


async def override(site: Site, lead_id: UUID, value: int, *, key: str = "") -> score_pb2.Score:
    request = scoring_service_pb2.OverrideScoreRequest(
        name=format_name("leads", lead_id), value=value, idempotency_key=key or str(new_id())
    )
    score: score_pb2.Score = await site.scoring.OverrideScore(request, metadata=site.bearer)
    return score


async def clear(site: Site, lead_id: UUID) -> score_pb2.Score:
    request = scoring_service_pb2.ClearScoreOverrideRequest(
        name=format_name("leads", lead_id), idempotency_key=str(new_id())
    )
    score: score_pb2.Score = await site.scoring.ClearScoreOverride(request, metadata=site.bearer)
    return score


@pytest.fixture
async def lead_id(champion: Model, database: Database, tenant_id: UUID) -> UUID:
    assert champion
    return await add_lead(database, tenant_id, visits=0.9)


class TestOverride:
    async def test_it_is_the_answer_at_once_and_stays_it(self, site: Site, lead_id: UUID) -> None:
        answer = await override(site, lead_id, 90)

        for score in (answer, await site.score(lead_id)):
            assert (score.value, score.model_value, score.override_points) == (90, COMPUTED, 90 - COMPUTED)
            assert (score.override.value, score.grade) == (90, score_pb2.GRADE_B)
            assert score.override.principal
            assert is_sum(score)
        batch = await site.scoring.BatchScoreLeads(
            scoring_service_pb2.BatchScoreLeadsRequest(names=[format_name("leads", lead_id)]), metadata=site.bearer
        )
        assert batch.results[0].score.value == 90

    @pytest.mark.parametrize("value", [0, 100])
    async def test_the_bounds_can_be_set(self, site: Site, lead_id: UUID, value: int) -> None:
        assert (await override(site, lead_id, value)).value == value
        assert (await site.score(lead_id)).value == value

    async def test_the_stored_score_follows_and_watchers_are_told(
        self, site: Site, lead_id: UUID, database: Database, relay: Database, tenant_id: UUID
    ) -> None:
        await site.rescoring.rescore(tenant_id, [lead_id])
        await override(site, lead_id, 7)
        [*_, asked] = [payload for topic, payload in await outbox(relay, tenant_id) if topic == "lead.changed"]
        assert asked == {"lead_ids": [str(lead_id)]}

        assert await site.rescoring.rescore(tenant_id, [lead_id]) == 1
        assert await site.rescoring.rescore(tenant_id, [lead_id]) == 0

        stored = await site.stored(lead_id)
        assert (stored["score_value"], stored["score_is_overridden"]) == (7, True)
        [*_, (topic, told)] = await outbox(relay, tenant_id)
        assert topic == "score.changed"
        [change] = told["scores"]
        assert (change["value"], change["previous_value"], change["override_value"]) == (7, COMPUTED, 7)
        snapshot = ScoreSnapshot(database).stored(tenant_id, None, parse_score_filter("score < 10"))
        assert [score["override_value"] async for score in snapshot] == [7]

    async def test_a_value_like_the_computed_one_is_told_too(self, site: Site, lead_id: UUID, tenant_id: UUID) -> None:
        await site.rescoring.rescore(tenant_id, [lead_id])
        await override(site, lead_id, COMPUTED)
        assert await site.rescoring.rescore(tenant_id, [lead_id]) == 1
        await clear(site, lead_id)
        assert await site.rescoring.rescore(tenant_id, [lead_id]) == 1

    async def test_events_fields_and_rules_do_not_move_it_but_what_the_model_says(
        self, site: Site, lead_id: UUID, database: Database, tenant_id: UUID
    ) -> None:
        await override(site, lead_id, 7)
        await site.rescoring.rescore(tenant_id, [lead_id])

        await add_event(database, tenant_id, lead_id, RECEIVED_TIME + days(1))
        async with database.transaction(tenant_id) as connection:
            await connection.execute(
                "UPDATE leads SET fields = jsonb_set(fields, '{visits,number}', '2.9') WHERE id = $1", lead_id
            )
        await site.activate((await site.create(EVERYBODYS_POINTS)).name)
        await site.rescoring.rescore(tenant_id, [lead_id])

        stored = await site.stored(lead_id)
        assert stored["score_value"] == 7
        assert stored["score_probability"] == pytest.approx(1 / (1 + 2.718281828**-1.9))
        score = await site.score(lead_id)
        assert (score.value, score.model_value, score.rule_points, score.override_points) == (7, 87, 0, 7 - 87)
        assert is_sum(score)

    async def test_scoring_all_leads_in_bulk_leaves_it(
        self, site: Site, lead_id: UUID, database: Database, tenant_id: UUID
    ) -> None:
        other_id = await add_lead(database, tenant_id, visits=0.9)
        await override(site, lead_id, 7)
        assert await site.rescore_pages() == 2
        assert [(await site.stored(lead))["score_value"] for lead in (lead_id, other_id)] == [7, COMPUTED]
        assert (await site.stored(lead_id))["score_is_overridden"]

    async def test_it_is_replayed_as_it_was(self, site: Site, lead_id: UUID, tenant_id: UUID) -> None:
        await override(site, lead_id, 7)
        await site.rescoring.rescore(tenant_id, [lead_id])
        name = format_name("scores", (await site.stored(lead_id))["score_id"])
        await clear(site, lead_id)

        replay = await site.scoring.ReplayScore(scoring_service_pb2.ReplayScoreRequest(name=name), metadata=site.bearer)

        assert replay.identical
        assert (replay.replayed.value, replay.replayed.override.value) == (7, 7)
        assert replay.replayed.override_points == 7 - COMPUTED

    async def test_a_tenant_without_a_model_has_it_too(self, site: Site, database: Database, tenant_id: UUID) -> None:
        cold_id = await add_lead(database, tenant_id, visits=0.9)
        assert (await override(site, cold_id, 61)).value == 61
        score = await site.score(cold_id)
        assert (score.value, score.basis) == (61, score_pb2.SCORE_BASIS_PRIOR)
        assert is_sum(score)
        assert (await clear(site, cold_id)).value == score.model_value


class TestClear:
    async def test_the_computed_score_comes_back(self, site: Site, lead_id: UUID, tenant_id: UUID) -> None:
        await override(site, lead_id, 7)
        await site.rescoring.rescore(tenant_id, [lead_id])

        answer = await clear(site, lead_id)
        await site.rescoring.rescore(tenant_id, [lead_id])

        for score in (answer, await site.score(lead_id)):
            assert (score.value, score.override_points, score.HasField("override")) == (COMPUTED, 0, False)
        stored = await site.stored(lead_id)
        assert (stored["score_value"], stored["score_is_overridden"]) == (COMPUTED, False)

    async def test_clearing_nothing_changes_nothing(self, site: Site, lead_id: UUID) -> None:
        assert (await clear(site, lead_id)).value == COMPUTED


class TestRefusals:
    @pytest.mark.parametrize("value", [-1, 101, None])
    async def test_a_value_outside_its_range_or_none(self, site: Site, lead_id: UUID, value: int | None) -> None:
        request = scoring_service_pb2.OverrideScoreRequest(
            name=format_name("leads", lead_id), value=value, idempotency_key=str(new_id())
        )
        error = await error_of(site.scoring.OverrideScore(request, metadata=site.bearer))
        assert error.reason == "INVALID_REQUEST"
        assert [field for field, _ in error.violations] == ["value"]

    async def test_a_lead_that_is_not_there(self, site: Site, champion: Model) -> None:
        assert champion
        for call in (override(site, new_id(), 7), clear(site, new_id())):
            assert (await error_of(call)).reason == "LEAD_NOT_FOUND"

    async def test_another_tenants_lead(self, site: Site, lead_id: UUID, development_key: DevelopmentKey) -> None:
        foreign = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
        request = scoring_service_pb2.OverrideScoreRequest(
            name=format_name("leads", lead_id), value=7, idempotency_key=str(new_id())
        )
        error = await error_of(site.scoring.OverrideScore(request, metadata=foreign))
        assert error.reason == "LEAD_NOT_FOUND"
        assert (await site.score(lead_id)).value == COMPUTED

    async def test_a_repeated_call_sets_it_once(self, site: Site, lead_id: UUID) -> None:
        first = await override(site, lead_id, 7, key="one")
        await override(site, lead_id, 8)
        assert await override(site, lead_id, 7, key="one") == first
        assert (await site.score(lead_id)).value == 8
