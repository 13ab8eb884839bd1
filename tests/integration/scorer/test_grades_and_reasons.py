"""Grades, worded reasons and suggestions, as callers of the scoring service see them."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

import grpc.aio
import pytest
from leadline.v1 import lead_pb2, score_pb2, scoring_service_pb2, scoring_service_pb2_grpc

from scoring.explanation.grades import Grade
from scoring.registry.model import Model
from scoring.scores.score import Score
from scoring.store.models import Models
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from tests.fakes.scoring import (
    CONVERSION_TABLES,
    GRADE_BANDS,
    READ_TIME,
    make_record,
)
from tests.grpc_errors import error_of
from tests.integration.scorer.conftest import add_champion, add_lead, make_champion, make_description

Bearer = tuple[tuple[str, str], ...]


@pytest.fixture
async def stub(address: str) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(address) as channel:
        yield scoring_service_pb2_grpc.ScoringServiceStub(channel)


@pytest.fixture
async def graded_champion(database: Database, tenant_id: UUID) -> Model:
    """A champion with grades B (from 0.5 on) and C."""
    description = make_description()
    graded = type(description)(
        **asdict(description)
        | {"grade_bands": [asdict(band) for band in GRADE_BANDS], "conversion_tables": CONVERSION_TABLES}
    )
    model = await Models(database).add_candidate(tenant_id, new_id(), graded)
    return await make_champion(database, tenant_id, model.model_id)


async def test_a_score_has_its_grade_and_reasons_in_words(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, graded_champion: Model
) -> None:
    lead_id = await add_lead(database, tenant_id, visits=2.5, source="Referral")
    name = format_name("leads", lead_id)

    score = await stub.ScoreLead(scoring_service_pb2.ScoreLeadRequest(name=name), metadata=bearer)

    assert score.model == format_name("models", graded_champion.model_id)
    assert score.grade == score_pb2.GRADE_B
    assert [(part.reason, part.group) for part in score.attributions] == [
        ("visits is 2.5: 10 % convert, 30 % overall", score_pb2.ATTRIBUTION_GROUP_FIT),
        ("source is Referral: 58 % convert, 30 % overall", score_pb2.ATTRIBUTION_GROUP_FIT),
    ]
    assert [part.conversion_rate for part in score.attributions] == [0.1, 0.58]
    batch = await stub.BatchScoreLeads(
        scoring_service_pb2.BatchScoreLeadsRequest(names=[name], omit_attributions=True), metadata=bearer
    )
    assert batch.results[0].score.grade == score_pb2.GRADE_B


async def test_a_rare_answer_has_no_conversion_rate(stub: Any, bearer: Bearer, graded_champion: Model) -> None:
    assert graded_champion
    lead = lead_pb2.Lead()
    lead.fields["source"].category = "never seen"

    score = await stub.ScoreInlineLead(scoring_service_pb2.ScoreInlineLeadRequest(lead=lead), metadata=bearer)

    reasons = {part.feature: part for part in score.attributions}
    assert reasons["source"].reason == "source is never seen"
    assert not reasons["source"].HasField("conversion_rate")


async def test_a_model_from_before_there_were_grades_still_scores(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id, visits=2.5, source="Referral")

    score = await stub.ScoreLead(
        scoring_service_pb2.ScoreLeadRequest(name=format_name("leads", lead_id)), metadata=bearer
    )

    assert score.grade == score_pb2.GRADE_UNSPECIFIED
    assert [part.reason for part in score.attributions] == ["visits is 2.5", "source is Referral"]


async def test_a_model_tells_its_grades(stub: Any, bearer: Bearer, graded_champion: Model) -> None:
    model = await stub.GetModel(
        scoring_service_pb2.GetModelRequest(name=format_name("models", graded_champion.model_id)), metadata=bearer
    )

    assert [(band.grade, band.lowest_probability, band.count) for band in model.grade_bands] == [
        ("B", 0.5, 100),
        ("C", 0.0, 100),
    ]


async def test_a_stored_score_keeps_its_grade(database: Database, tenant_id: UUID, graded_champion: Model) -> None:
    lead_id = await add_lead(database, tenant_id)
    model = await Models(database).load(tenant_id, graded_champion.model_id)
    record = make_record(1.0, lead_id=lead_id)
    row = model.feature_set.encode([record], READ_TIME)[0]

    await Scores(database).store(tenant_id, [Score(model, record, 0.75, 1.1, -0.5, None, READ_TIME, row)])

    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT score_grade FROM leads") == Grade.B


async def test_suggestions_are_verified_changes_of_what_can_be_changed(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, graded_champion: Model
) -> None:
    assert graded_champion
    lead_id = await add_lead(database, tenant_id, visits=0.0, source="Google")
    name = format_name("leads", lead_id)

    def request(*fields: str) -> scoring_service_pb2.SuggestChangesRequest:
        return scoring_service_pb2.SuggestChangesRequest(name=name, actionable_fields=fields)

    response = await stub.SuggestChanges(request("visits", "source"), metadata=bearer)

    assert (response.current.value, response.current.grade) == (27, score_pb2.GRADE_C)
    assert len(response.current.attributions) == 2
    changes = [
        [(change.field, change.observed, change.proposed) for change in suggestion.changes]
        for suggestion in response.suggestions
    ]
    assert changes == [[("visits", "0", "5")], [("source", "Google", "Referral")]]
    # The model server of the tests adds up a lead's numbers, and the base is -1.
    assert [suggestion.score.log_odds for suggestion in response.suggestions] == [4.0, 0.0]
    assert {suggestion.score.grade for suggestion in response.suggestions} == {score_pb2.GRADE_B}
    assert not response.suggestions[0].score.attributions
    assert not (await stub.SuggestChanges(request(), metadata=bearer)).suggestions


async def test_suggestions_for_no_lead_and_without_a_model(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    lead_id = await add_lead(database, tenant_id)
    for asked, reason in ((lead_id, "NO_MODEL"), (new_id(), "LEAD_NOT_FOUND")):
        request = scoring_service_pb2.SuggestChangesRequest(name=format_name("leads", asked))
        assert (await error_of(stub.SuggestChanges(request, metadata=bearer))).reason == reason
