"""The scorer's PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from deploy.local.postgres import EmbeddedPostgres
from scoring.cold_start.conversion_rate import OutcomeCounts
from scoring.features.event_log import counters_before
from scoring.registry.model import ModelState
from scoring.registry.served_model import ServedModel
from scoring.scores.score import Score
from scoring.store.leads import Leads
from scoring.store.models import Models
from scoring.store.operations import Operations
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.errors import ModelNotFound, ScoreNotFound
from server.runtime.identifiers import new_id
from tests.fakes.scoring import FEATURE_SET, make_model, make_record
from tests.integration.scorer.conftest import (
    RECEIVED_TIME,
    add_champion,
    add_event,
    add_lead,
    days,
    make_champion,
    make_description,
    outbox,
)

COMPUTE_TIME = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def relay_database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database in the relay's role."""
    database = await Database.connect(postgres.url("leadline_relay"))
    yield database
    await database.close()


class TestLeads:
    async def test_a_lead_comes_with_its_events_and_the_champion(self, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id, visits=3.0, source="Referral")
        for day in (2, 5):
            await add_event(database, tenant_id, lead_id, RECEIVED_TIME + days(day))
        champion = await add_champion(database, tenant_id)
        leads = Leads(database)

        (lead,) = await leads.leads(tenant_id, [lead_id, new_id()])

        assert lead.lead_id == lead.record.lead_id == lead_id
        assert lead.is_open
        assert lead.champion_id == champion.model_id == await leads.champion_id(tenant_id)
        assert lead.record.received_time == RECEIVED_TIME
        assert lead.record.fields == {"visits": {"number": 3.0}, "source": {"category": "Referral"}}
        assert lead.record.counters == counters_before(
            None, {"page_view": [RECEIVED_TIME + days(2), RECEIVED_TIME + days(5)]}
        )
        assert abs(lead.read_time - datetime.now(UTC)) < days(0.01)

    async def test_a_lead_without_events_in_a_tenant_without_model(self, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id, status=2)
        leads = Leads(database)

        (lead,) = await leads.leads(tenant_id, [lead_id])

        assert not lead.is_open
        assert lead.record.counters == {}
        assert lead.champion_id is None
        assert await leads.champion_id(tenant_id) is None

    async def test_another_tenants_lead_does_not_exist(self, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id)
        leads = Leads(database)

        assert await leads.leads(new_id(), [lead_id]) == []
        assert len(await leads.leads(tenant_id, [lead_id])) == 1

    async def test_the_tenant_of_one_read_is_not_the_next_ones(self, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id)
        await Leads(database).leads(tenant_id, [lead_id])

        async with database.session() as connection:
            assert await connection.fetchval("SELECT count(*) FROM leads") == 0

    async def test_open_leads_come_in_pages(self, database: Database, tenant_id: UUID) -> None:
        open_ids = [await add_lead(database, tenant_id) for _ in range(5)]
        await add_lead(database, tenant_id, status=3)
        leads = Leads(database)

        champion = await add_champion(database, tenant_id)

        first = await leads.open_leads(tenant_id, UUID(int=0), 3)
        second = await leads.open_leads(tenant_id, first[-1].lead_id, 3)

        assert [lead.lead_id for lead in [*first, *second]] == sorted(open_ids)
        assert {lead.champion_id for lead in first} == {champion.model_id}
        assert await leads.open_count(tenant_id) == 5

    async def test_outcomes_are_counted_for_each_tenant_alone(self, database: Database, tenant_id: UUID) -> None:
        for tenant, status in [(tenant_id, 1), (tenant_id, 2), (tenant_id, 3), (tenant_id, 3), (new_id(), 2)]:
            await add_lead(database, tenant, status=status)
        leads = Leads(database)

        assert await leads.outcome_counts(tenant_id) == OutcomeCounts(1, 2)
        assert await leads.outcome_counts(new_id()) == OutcomeCounts(0, 0)

    async def test_leads_with_outcome_are_told_as_they_were_then(self, database: Database, tenant_id: UUID) -> None:
        outcome_time = RECEIVED_TIME + days(10)
        converted = await add_lead(database, tenant_id, status=2, outcome_time=outcome_time)
        for day in (1, 9, 11):
            await add_event(database, tenant_id, converted, RECEIVED_TIME + days(day))
        lost = await add_lead(database, tenant_id, status=3, received_time=RECEIVED_TIME - days(1))
        await add_event(database, tenant_id, lost, RECEIVED_TIME + days(11))
        await add_lead(database, tenant_id)

        records = [record async for record in Leads(database).with_outcome(tenant_id)]

        assert [(record.lead_id, record.outcome, record.outcome_time) for record in records] == [
            (lost, False, None),
            (converted, True, outcome_time),
        ]
        assert records[0].counters == counters_before(None, {"page_view": [RECEIVED_TIME + days(11)]})
        assert records[1].counters == counters_before(
            None, {"page_view": [RECEIVED_TIME + days(1), RECEIVED_TIME + days(9)]}
        )


def make_score(
    lead_id: UUID, model: ServedModel, probability: float = 0.25, compute_time: datetime = COMPUTE_TIME
) -> Score:
    """Makes a score of a stored lead."""
    record = make_record(1.0, lead_id=lead_id)
    features = model.feature_set.encode([record], compute_time)[0]
    return Score(model, record, probability, -1.1, -0.5, None, compute_time, features)


class TestScores:
    async def test_a_score_is_stored_kept_and_told(
        self, database: Database, relay_database: Database, tenant_id: UUID
    ) -> None:
        model = make_model()
        lead_ids = [await add_lead(database, tenant_id) for _ in range(3)]

        assert await Scores(database).store(tenant_id, [make_score(lead_id, model) for lead_id in lead_ids]) == 3

        async with database.transaction(tenant_id) as connection:
            leads = await connection.fetch("SELECT * FROM leads ORDER BY id")
            history = await connection.fetch("SELECT * FROM scores ORDER BY lead_id")
        for lead in leads:
            assert (lead["score_probability"], lead["score_value"], lead["score_log_odds"]) == (0.25, 25, -1.1)
            assert (lead["score_base_log_odds"], lead["score_model_id"]) == (-0.5, model.model_id)
            assert lead["score_time"] == COMPUTE_TIME
            assert (lead["score_probability_low"], lead["score_probability_high"]) == model.intervals.interval(-1.1)
            assert lead["score_evidence_count"] == 100
            assert lead["revision"] == 1
        assert [row["lead_id"] for row in history] == sorted(lead_ids)
        assert [row["id"] for row in history] == [lead["score_id"] for lead in leads]
        ((topic, payload),) = await outbox(relay_database, tenant_id)
        assert topic == "score.changed"
        assert min(payload["scores"], key=lambda change: UUID(change["lead_id"])) == {
            "score_id": str(history[0]["id"]),
            "lead_id": str(min(lead_ids)),
            "probability": 0.25,
            "log_odds": -1.1,
            "base_log_odds": -0.5,
            "value": 25,
            "grade": 3,
            "probability_low": pytest.approx(0.12759, abs=1e-5),
            "probability_high": pytest.approx(0.43105, abs=1e-5),
            "evidence_count": 100,
            "model_id": str(model.model_id),
            "compute_time": "2026-03-01T00:00:00+00:00",
            "previous_probability": None,
            "previous_value": None,
            "previous_grade": None,
            "next_grade": None,
            "next_grade_time": None,
            "override_principal": None,
            "override_time": None,
            "override_value": None,
            "owner": "",
            "rule_set_id": None,
        }

    async def test_the_same_score_again_has_no_effect(
        self, database: Database, relay_database: Database, tenant_id: UUID
    ) -> None:
        model, scores = make_model(), Scores(database)
        lead_id = await add_lead(database, tenant_id)
        await scores.store(tenant_id, [make_score(lead_id, model)])

        again = make_score(lead_id, model, probability=0.25 + 1e-8, compute_time=COMPUTE_TIME + days(1))
        assert await scores.store(tenant_id, [again]) == 0
        assert len(await outbox(relay_database, tenant_id)) == 1

    async def test_a_new_score_tells_the_one_before(
        self, database: Database, relay_database: Database, tenant_id: UUID
    ) -> None:
        model, scores = make_model(), Scores(database)
        lead_id = await add_lead(database, tenant_id)
        await scores.store(tenant_id, [make_score(lead_id, model)])

        newer = make_score(lead_id, model, probability=0.75, compute_time=COMPUTE_TIME + days(1))
        assert await scores.store(tenant_id, [newer]) == 1
        _, (_, payload) = await outbox(relay_database, tenant_id)
        assert payload["scores"][0]["previous_probability"] == 0.25

    async def test_an_older_score_does_not_replace_a_newer_one(self, database: Database, tenant_id: UUID) -> None:
        model, scores = make_model(), Scores(database)
        lead_id = await add_lead(database, tenant_id)
        await scores.store(tenant_id, [make_score(lead_id, model)])

        older = make_score(lead_id, model, probability=0.75, compute_time=COMPUTE_TIME - days(1))
        assert await scores.store(tenant_id, [older]) == 0

    async def test_a_stored_score_is_found_with_what_it_was_made_from(
        self, database: Database, tenant_id: UUID
    ) -> None:
        score = make_score(await add_lead(database, tenant_id), make_model())
        score.features[1] = np.nan
        await Scores(database).store(tenant_id, [score])
        async with database.transaction(tenant_id) as connection:
            score_id = await connection.fetchval("SELECT score_id FROM leads")

        kept = await Scores(database).find(tenant_id, score_id)

        assert (kept.lead_id, kept.model_id) == (score.record.lead_id, score.model.model_id)
        assert (kept.log_odds, kept.compute_time) == (-1.1, COMPUTE_TIME)
        assert kept.features.tobytes() == score.features.tobytes()
        with pytest.raises(ScoreNotFound):
            await Scores(database).find(new_id(), score_id)

    async def test_a_lead_deleted_meanwhile_is_passed_over(self, database: Database, tenant_id: UUID) -> None:
        model = make_model()
        lead_id = await add_lead(database, tenant_id)

        assert await Scores(database).store(tenant_id, [make_score(new_id(), model), make_score(lead_id, model)]) == 1

    async def test_batches_in_opposite_orders_do_not_wait_for_each_other(
        self, database: Database, tenant_id: UUID
    ) -> None:
        model, scores = make_model(), Scores(database)
        lead_ids = [await add_lead(database, tenant_id) for _ in range(50)]

        async def store(order: list[UUID], probability: float) -> None:
            for step in range(5):
                batch = [
                    make_score(lead_id, model, probability + step / 100, COMPUTE_TIME + days(step)) for lead_id in order
                ]
                await scores.store(tenant_id, batch)

        await asyncio.gather(store(lead_ids, 0.1), store(lead_ids[::-1], 0.5))


class TestModels:
    async def test_versions_count_up_also_for_those_who_meet(self, database: Database, tenant_id: UUID) -> None:
        models = Models(database)

        added = await asyncio.gather(*(models.add_candidate(tenant_id, new_id(), make_description()) for _ in range(4)))

        assert sorted(model.version for model in added) == [1, 2, 3, 4]
        assert {model.state for model in added} == {ModelState.CANDIDATE}

    async def test_a_model_that_is_kept_again_keeps_its_version(self, database: Database, tenant_id: UUID) -> None:
        models, model_id = Models(database), new_id()
        await models.add_candidate(tenant_id, model_id, make_description())
        await models.add_candidate(tenant_id, new_id(), make_description())

        again = await models.add_candidate(tenant_id, model_id, replace(make_description(), algorithm=2))

        assert (again.version, again.description.algorithm) == (1, 2)
        assert [model.version for model in await models.newest(tenant_id, 10)] == [2, 1]

    async def test_there_is_one_champion(self, database: Database, tenant_id: UUID) -> None:
        models = Models(database)
        first = await add_champion(database, tenant_id)
        second = await add_champion(database, tenant_id)

        assert (await models.get(tenant_id, first.model_id)).state is ModelState.RETIRED
        assert (await models.get(tenant_id, second.model_id)).state is ModelState.CHAMPION
        again = await make_champion(database, tenant_id, second.model_id)
        assert again.state is ModelState.CHAMPION

    async def test_what_was_kept_can_be_scored_with(self, database: Database, tenant_id: UUID) -> None:
        champion = await add_champion(database, tenant_id)

        served = await Models(database).load(tenant_id, champion.model_id)

        assert (served.model_id, served.name, served.version) == (champion.model_id, f"tenant-{tenant_id}", 1)
        assert served.feature_set == FEATURE_SET

    async def test_another_tenants_model_does_not_exist(self, database: Database, tenant_id: UUID) -> None:
        champion = await add_champion(database, tenant_id)
        models = Models(database)

        other = new_id()
        for call in (models.get(other, champion.model_id), make_champion(database, other, champion.model_id)):
            with pytest.raises(ModelNotFound):
                await call
        assert await models.find(new_id(), champion.model_id) is None

    async def test_pages_go_on_below_a_version(self, database: Database, tenant_id: UUID) -> None:
        models = Models(database)
        for _ in range(3):
            await models.add_candidate(tenant_id, new_id(), make_description())

        assert [model.version for model in await models.newest(tenant_id, 2)] == [3, 2]
        assert [model.version for model in await models.newest(tenant_id, 2, below_version=2)] == [1]


class TestOperations:
    async def test_a_request_is_kept_with_its_message(
        self, database: Database, relay_database: Database, tenant_id: UUID
    ) -> None:
        operation = await Operations(database).request_training(tenant_id, ["note"], ["Tags"])

        assert operation.request == {"excluded_fields": ["note"], "kept_fields": ["Tags"]}
        assert operation.method == "TrainModel"
        assert not operation.cancel_requested
        assert await outbox(relay_database, tenant_id) == [
            ("training.requested", {"operation_id": str(operation.operation_id)})
        ]

    async def test_an_operation_runs_and_ends_once(self, database: Database, tenant_id: UUID) -> None:
        operations = Operations(database)
        operation_id = (await operations.request_training(tenant_id, [])).operation_id

        assert await operations.begin(tenant_id, operation_id) is not None
        assert await operations.report(tenant_id, operation_id, "trying", 40)
        await operations.succeed(tenant_id, operation_id, {"@type": "x"})
        await operations.fail(tenant_id, operation_id, {"reason": "INTERNAL"})

        assert await operations.begin(tenant_id, operation_id) is None
        assert not await operations.report(tenant_id, operation_id, "late", 50)
        async with database.transaction(tenant_id) as connection:
            row = await connection.fetchrow("SELECT state, stage, progress_percent, error FROM operations")
        assert row is not None
        assert tuple(row) == (3, "done", 100, None)

    async def test_a_cancellation_is_seen_at_the_next_report(self, database: Database, tenant_id: UUID) -> None:
        operations = Operations(database)
        operation_id = (await operations.request_training(tenant_id, [])).operation_id
        async with database.transaction(tenant_id) as connection:
            await connection.execute("UPDATE operations SET cancel_requested = true")

        assert not await operations.report(tenant_id, operation_id, "trying", 40)
        await operations.fail(tenant_id, operation_id, {"reason": "OPERATION_CANCELLED"})

        async with database.transaction(tenant_id) as connection:
            row = await connection.fetchrow("SELECT state, stage, progress_percent FROM operations")
        assert row is not None
        assert tuple(row) == (3, "cancelled", 40)

    async def test_an_unknown_operation_does_not_begin(self, database: Database, tenant_id: UUID) -> None:
        assert await Operations(database).begin(tenant_id, new_id()) is None
