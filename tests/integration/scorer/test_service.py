"""The scoring service with its interceptors, as its callers see it."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import orjson
import pytest
from google.longrunning import operations_pb2
from leadline.v1 import (
    lead_pb2,
    model_pb2,
    operation_pb2,
    score_pb2,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
    value_pb2,
)
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import free_port
from scoring.main import build_server
from scoring.scores.lead_scorer import probability_of
from scoring.scores.replay import KeptScore
from scoring.scores.score import Score
from scoring.store.models import Models
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from server.runtime.settings import ProcessSettings
from server.runtime.streams import score_changes_of
from tests.eventually import eventually
from tests.fakes.scoring import FakeModelServerControl, FakePredictor, make_record
from tests.grpc_errors import ReadError, error_of, read_status
from tests.integration.scorer.conftest import add_champion, add_lead, no_reader
from tfserving.errors import ModelServerUnavailable, ServableNotFound

NOW = datetime(2026, 3, 1, tzinfo=UTC)

Bearer = tuple[tuple[str, str], ...]


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def settings(development_key: DevelopmentKey, tmp_path: Path) -> ProcessSettings:
    return ProcessSettings(
        jwks_file=development_key.jwks_file,
        model_repository=tmp_path / "models",
        signing_secret=SecretStr("a secret for the tests"),
    )


@pytest.fixture
async def channel(
    settings: ProcessSettings, database: Database, redis: Redis, predictor: FakePredictor, tmp_path: Path
) -> AsyncIterator[grpc.aio.Channel]:
    server = build_server(settings, database, redis, predictor, FakeModelServerControl())
    address = f"unix:{tmp_path}/s"
    server.add_insecure_port(address)
    await server.start()
    async with grpc.aio.insecure_channel(address) as opened:
        yield opened
    await server.stop(None)
    await eventually(no_reader)


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    return scoring_service_pb2_grpc.ScoringServiceStub(channel)


def lead_name(lead_id: UUID) -> str:
    """Gives a lead's resource name."""
    return format_name("leads", lead_id)


def log_odds(probability: float) -> float:
    """Gives a probability in log-odds."""
    return math.log(probability / (1 - probability))


class TestScores:
    async def test_a_stored_lead(self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id, visits=2.5, source="Referral")
        model = await add_champion(database, tenant_id)

        score = await stub.ScoreLead(scoring_service_pb2.ScoreLeadRequest(name=lead_name(lead_id)), metadata=bearer)

        assert score.lead == lead_name(lead_id)
        assert score.model == format_name("models", model.model_id)
        assert [(entry.feature, entry.observed, entry.log_odds) for entry in score.attributions] == [
            ("visits", "2.5", 2.5),
            ("source", "Referral", 1.0),
        ]
        assert score.base_log_odds + sum(entry.log_odds for entry in score.attributions) == score.log_odds == 2.5
        assert score.value == 92
        assert 0 < score.probability < 1
        assert (score.basis, score.evidence_count) == (score_pb2.SCORE_BASIS_MODEL, 100)
        low, high = (log_odds(end) for end in (score.probability_low, score.probability_high))
        assert (low, high) == pytest.approx((2.5 - 1.644854 * 0.5, 2.5 + 1.644854 * 0.5))
        assert score.HasField("compute_time")

    async def test_an_inline_lead_without_reasons(
        self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
    ) -> None:
        await add_champion(database, tenant_id)
        lead = lead_pb2.Lead(fields={"visits": value_pb2.FieldValue(number=1.0)})
        lead.fields["source"].category = "never seen"

        score = await stub.ScoreInlineLead(
            scoring_service_pb2.ScoreInlineLeadRequest(lead=lead, omit_attributions=True), metadata=bearer
        )

        assert score.lead == ""
        assert not score.attributions
        assert score.log_odds == 2.0

    async def test_a_batch_tells_of_each_name(
        self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
    ) -> None:
        await add_champion(database, tenant_id)
        lead_id, other_id = await add_lead(database, tenant_id), await add_lead(database, new_id())

        response = await stub.BatchScoreLeads(
            scoring_service_pb2.BatchScoreLeadsRequest(names=[lead_name(other_id), lead_name(lead_id)]),
            metadata=bearer,
        )

        missing, found = response.results
        error = read_status(missing.status, grpc.StatusCode.NOT_FOUND)
        assert (error.reason, error.metadata) == ("LEAD_NOT_FOUND", {"name": lead_name(other_id)})
        assert found.score.lead == lead_name(lead_id)
        assert len(found.score.attributions) == 2

    async def test_another_tenants_lead_does_not_exist(
        self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
    ) -> None:
        await add_champion(database, tenant_id)
        lead_id = await add_lead(database, new_id())

        error = await error_of(
            stub.ScoreLead(scoring_service_pb2.ScoreLeadRequest(name=lead_name(lead_id)), metadata=bearer)
        )
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "LEAD_NOT_FOUND")

    async def test_without_a_model(self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID) -> None:
        lead_id = await add_lead(database, tenant_id)
        request = scoring_service_pb2.ScoreLeadRequest(name=lead_name(lead_id))

        score: score_pb2.Score = await stub.ScoreLead(request, metadata=bearer)

        assert (score.lead, score.model, score.value) == (lead_name(lead_id), "", 20)
        assert (score.basis, score.evidence_count) == (score_pb2.SCORE_BASIS_PRIOR, 0)
        assert (score.probability_low, score.probability_high) == pytest.approx((0.0127, 0.5271), abs=1e-4)
        assert score.log_odds == score.base_log_odds
        assert not score.attributions
        assert score.grade == score_pb2.GRADE_UNSPECIFIED
        assert score.HasField("compute_time")

    async def test_with_few_outcomes(self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID) -> None:
        for status in (2, 2, 3, 1):
            lead_id = await add_lead(database, tenant_id, status=status)
        await add_lead(database, new_id(), status=2)
        request = scoring_service_pb2.BatchScoreLeadsRequest(names=[lead_name(lead_id)])

        in_batch = (await stub.BatchScoreLeads(request, metadata=bearer)).results[0].score
        inline = scoring_service_pb2.ScoreInlineLeadRequest(lead=lead_pb2.Lead())
        for score in (in_batch, await stub.ScoreInlineLead(inline, metadata=bearer)):
            assert (score.basis, score.evidence_count) == (score_pb2.SCORE_BASIS_SHRUNKEN, 3)
            assert score.probability == pytest.approx(3 / 8)
            assert 0.1 < score.probability_low < 3 / 8 < score.probability_high < 0.7
            (reason,) = score.attributions
            assert (reason.feature, reason.observed) == ("conversion rate", "2 of 3")
            assert reason.reason == "2 of the 3 leads with an outcome converted"
            assert score.base_log_odds + reason.log_odds == pytest.approx(score.log_odds)

    async def test_without_the_model_server(
        self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, predictor: FakePredictor
    ) -> None:
        await add_champion(database, tenant_id)
        lead_id = await add_lead(database, tenant_id)
        predictor.failure = ModelServerUnavailable("gone")
        request = scoring_service_pb2.ScoreLeadRequest(name=lead_name(lead_id))

        error = await error_of(stub.ScoreLead(request, metadata=bearer, timeout=5.0))
        assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
        assert error.metadata == {"dependency": "model_server"}
        assert error.retry_seconds

        predictor.failure = None
        assert (await stub.ScoreLead(request, metadata=bearer)).lead == lead_name(lead_id)


class TestReplay:
    @pytest.fixture
    async def stored(self, database: Database, tenant_id: UUID) -> KeptScore:
        """A score in the history, whose model answers 2.5."""
        champion = await add_champion(database, tenant_id)
        model = await Models(database).load(tenant_id, champion.model_id)
        record = make_record(2.5, "Referral", await add_lead(database, tenant_id))
        score = Score(
            model, record, probability_of(2.5), 2.5, -1.0, None, NOW, model.feature_set.encode([record], NOW)[0]
        )
        await Scores(database).store(tenant_id, [score])
        async with database.transaction(tenant_id) as connection:
            score_id = await connection.fetchval("SELECT id FROM scores")
        return await Scores(database).find(tenant_id, score_id)

    async def test_a_stored_score_comes_again(self, stub: Any, bearer: Bearer, stored: KeptScore) -> None:
        name = format_name("scores", stored.score_id)

        replay = await stub.ReplayScore(scoring_service_pb2.ReplayScoreRequest(name=name), metadata=bearer)

        assert replay.identical
        assert replay.stored.log_odds == replay.replayed.log_odds == 2.5
        assert replay.stored.name == replay.replayed.name == name
        assert replay.stored.lead == lead_name(stored.lead_id)
        assert replay.replayed.compute_time.ToDatetime(UTC) == NOW

    async def test_a_score_that_comes_out_otherwise_is_told(
        self, stub: Any, bearer: Bearer, stored: KeptScore, database: Database, tenant_id: UUID
    ) -> None:
        """As if the model's files had been changed behind its back."""
        async with database.transaction(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO scores SELECT tenant_id, $2, lead_id, model_id, probability, 2.5000001, base_log_odds, "
                "compute_time, features FROM scores WHERE id = $1",
                stored.score_id,
                changed_id := new_id(),
            )

        request = scoring_service_pb2.ReplayScoreRequest(name=format_name("scores", changed_id))
        replay = await stub.ReplayScore(request, metadata=bearer)

        assert not replay.identical
        assert (replay.stored.log_odds, replay.replayed.log_odds) == (2.5000001, 2.5)

    async def test_a_model_that_is_not_served_any_more(
        self, stub: Any, bearer: Bearer, stored: KeptScore, predictor: FakePredictor
    ) -> None:
        predictor.failure = ServableNotFound("unloaded")
        request = scoring_service_pb2.ReplayScoreRequest(name=format_name("scores", stored.score_id))

        error = await error_of(stub.ReplayScore(request, metadata=bearer))

        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
        assert error.metadata == {"name": format_name("models", stored.model_id)}

    async def test_another_tenants_score_does_not_exist(
        self, stub: Any, stored: KeptScore, development_key: DevelopmentKey
    ) -> None:
        request = scoring_service_pb2.ReplayScoreRequest(name=format_name("scores", stored.score_id))
        stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)

        error = await error_of(stub.ReplayScore(request, metadata=stranger))

        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "SCORE_NOT_FOUND")


async def test_without_postgresql(
    settings: ProcessSettings, bearer: Bearer, redis: Redis, predictor: FakePredictor, tmp_path: Path
) -> None:
    nowhere = await Database.connect(f"postgresql://leadline_app@127.0.0.1:{free_port()}/leadline")
    server = build_server(settings, nowhere, redis, predictor, FakeModelServerControl())
    server.add_insecure_port(f"unix:{tmp_path}/alone")
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/alone") as channel:
        stub: Any = scoring_service_pb2_grpc.ScoringServiceStub(channel)
        for call in (
            stub.ScoreLead(scoring_service_pb2.ScoreLeadRequest(name=lead_name(new_id())), metadata=bearer),
            stub.ScoreInlineLead(scoring_service_pb2.ScoreInlineLeadRequest(lead=lead_pb2.Lead()), metadata=bearer),
            stub.BatchScoreLeads(
                scoring_service_pb2.BatchScoreLeadsRequest(names=[lead_name(new_id())]), metadata=bearer
            ),
            stub.ListModels(scoring_service_pb2.ListModelsRequest(), metadata=bearer),
            stub.TrainModel(scoring_service_pb2.TrainModelRequest(idempotency_key="x"), metadata=bearer),
        ):
            error = await error_of(call)
            assert (error.code, error.metadata) == (grpc.StatusCode.UNAVAILABLE, {"dependency": "postgresql"})
            assert error.retry_seconds
    await server.stop(None)
    await nowhere.close()


class TestModels:
    async def test_a_training_is_started_once_for_its_key(self, stub: Any, bearer: Bearer, database: Database) -> None:
        request = scoring_service_pb2.TrainModelRequest(excluded_fields=["note"], idempotency_key="once")

        first: operations_pb2.Operation = await stub.TrainModel(request, metadata=bearer)
        second = await stub.TrainModel(request, metadata=bearer)

        assert first == second
        assert not first.done
        metadata = operation_pb2.OperationMetadata()
        assert first.metadata.Unpack(metadata)
        assert metadata.method == "TrainModel"
        assert metadata.stage == "waiting for a worker"
        error = await error_of(
            stub.TrainModel(scoring_service_pb2.TrainModelRequest(idempotency_key="once"), metadata=bearer)
        )
        assert error.reason == "IDEMPOTENCY_KEY_REUSED"
        assert await database.is_reachable()

    async def test_a_model_is_shown_whole(self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID) -> None:
        kept = await add_champion(database, tenant_id)
        name = format_name("models", kept.model_id)

        model: model_pb2.Model = await stub.GetModel(scoring_service_pb2.GetModelRequest(name=name), metadata=bearer)

        assert (model.name, model.version, model.state) == (name, 1, model_pb2.MODEL_STATE_CHAMPION)
        assert model.algorithm == model_pb2.ALGORITHM_LOGISTIC_REGRESSION
        assert model.evaluation.auc == 0.75
        assert model.evaluation.candidates[0].algorithm == model_pb2.ALGORITHM_LOGISTIC_REGRESSION
        assert model.evaluation.reliability_bins[0].count == 20
        assert model.feature_importances[0].feature == "visits"
        assert model.excluded_fields[0].reason == "empty"
        assert model.HasField("create_time")

    async def test_an_unknown_model(self, stub: Any, bearer: Bearer) -> None:
        name = format_name("models", new_id())
        error = await error_of(stub.GetModel(scoring_service_pb2.GetModelRequest(name=name), metadata=bearer))
        assert (error.code, error.reason, error.metadata) == (
            grpc.StatusCode.NOT_FOUND,
            "MODEL_NOT_FOUND",
            {"name": name},
        )

    async def test_models_come_page_by_page(
        self, stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
    ) -> None:
        for _ in range(3):
            await add_champion(database, tenant_id)

        first = await stub.ListModels(scoring_service_pb2.ListModelsRequest(page_size=2), metadata=bearer)
        second = await stub.ListModels(
            scoring_service_pb2.ListModelsRequest(page_size=2, page_token=first.next_page_token), metadata=bearer
        )

        assert [model.version for model in [*first.models, *second.models]] == [3, 2, 1]
        assert second.next_page_token == ""
        error = await error_of(
            stub.ListModels(scoring_service_pb2.ListModelsRequest(page_token="x"), metadata=bearer)  # noqa: S106
        )
        assert error.reason == "INVALID_PAGE_TOKEN"


async def tell(redis: Redis, tenant_id: UUID, *lead_ids: UUID, previous: float | None = None) -> None:
    """Sends a message of new scores, as the relay does."""
    changes = [
        {
            "lead_id": str(lead_id),
            "probability": 0.75,
            "log_odds": 1.1,
            "base_log_odds": -1.0,
            "value": 75,
            "model_id": str(lead_id),
            "compute_time": "2026-03-01T00:00:00.5+00:00",
            "previous_probability": previous,
        }
        for lead_id in lead_ids
    ]
    await redis.xadd(
        score_changes_of(tenant_id), {"tenant_id": str(tenant_id), "payload": orjson.dumps({"scores": changes})}
    )


class TestWatch:
    async def test_changes_are_told_and_a_watch_goes_on(
        self, stub: Any, bearer: Bearer, redis: Redis, tenant_id: UUID
    ) -> None:
        one, two = new_id(), new_id()
        call = stub.WatchScores(scoring_service_pb2.WatchScoresRequest(), metadata=bearer)
        assert (await call.read()).WhichOneof("event") == "heartbeat"
        await tell(redis, tenant_id, one)
        first = await call.read()
        call.cancel()
        await tell(redis, tenant_id, two, previous=0.5)
        request = scoring_service_pb2.WatchScoresRequest(resume_token=first.resume_token)
        second = await stub.WatchScores(request, metadata=bearer).read()

        assert first.score_change.score.lead == lead_name(one)
        assert first.score_change.score.value == 75
        # Told by a worker from before there were intervals.
        assert (first.score_change.score.probability_low, first.score_change.score.probability_high) == (0.0, 1.0)
        assert first.score_change.score.compute_time.nanos == 500_000_000
        assert not first.score_change.HasField("previous_probability")
        assert second.score_change.score.lead == lead_name(two)
        assert second.score_change.previous_probability == 0.5

    async def test_a_token_of_another_watch_is_refused_also_in_band(
        self, stub: Any, bearer: Bearer, development_key: DevelopmentKey
    ) -> None:
        lead = lead_name(new_id())
        token = (await first_of(stub, [], bearer)).resume_token
        other = (("authorization", f"Bearer {development_key.mint(new_id())}"),)

        for names, metadata in (([lead], bearer), ([], other)):
            request = scoring_service_pb2.WatchScoresRequest(names=names, resume_token=token)
            call = stub.WatchScores(request, metadata=metadata)
            in_band = read_status((await call.read()).status, grpc.StatusCode.INVALID_ARGUMENT)
            error = await read_end(call)
            assert error.code is grpc.StatusCode.INVALID_ARGUMENT
            assert error.reason == in_band.reason == "INVALID_RESUME_TOKEN"

    async def test_a_watch_can_begin_with_the_scores_as_they_are(
        self, stub: Any, bearer: Bearer, database: Database, redis: Redis, tenant_id: UUID
    ) -> None:
        await add_champion(database, tenant_id)
        high, low = [await add_lead(database, tenant_id) for _ in range(2)]
        await add_lead(database, tenant_id)
        async with database.transaction(tenant_id) as connection:
            for lead_id, value in ((high, 80), (low, 20)):
                await connection.execute(
                    "UPDATE leads SET score_probability = $3::float8 / 100, score_log_odds = 0, "
                    "score_base_log_odds = 0, score_value = $3::int, score_model_id = $2, score_id = $2, "
                    "score_time = now() WHERE id = $1",
                    lead_id,
                    new_id(),
                    value,
                )
        request = scoring_service_pb2.WatchScoresRequest(filter="score >= 50", snapshot=True)
        call = stub.WatchScores(request, metadata=bearer)
        first, end = await call.read(), await call.read()
        await tell(redis, tenant_id, low)
        change = await call.read()
        call.cancel()

        assert (first.snapshot_score.lead, first.snapshot_score.value) == (lead_name(high), 80)
        assert end.snapshot_end.score_count == 1
        assert end.earliest_token
        assert change.score_change.score.lead == lead_name(low)
        again = scoring_service_pb2.WatchScoresRequest(filter="score >= 50", resume_token=end.resume_token)
        assert (await stub.WatchScores(again, metadata=bearer).read()).score_change.score.lead == lead_name(low)

    async def test_a_filter_that_can_not_be_read_is_refused(self, stub: Any, bearer: Bearer) -> None:
        call = stub.WatchScores(scoring_service_pb2.WatchScoresRequest(filter="status = OPEN"), metadata=bearer)
        assert read_status((await call.read()).status, grpc.StatusCode.INVALID_ARGUMENT).reason == "INVALID_FILTER"


async def first_of(stub: Any, names: Sequence[str], metadata: Bearer) -> scoring_service_pb2.WatchScoresResponse:
    """Gives the first message of a watch."""
    call = stub.WatchScores(scoring_service_pb2.WatchScoresRequest(names=names), metadata=metadata)
    response: scoring_service_pb2.WatchScoresResponse = await call.read()
    call.cancel()
    return response


async def read_end(call: Any) -> ReadError:
    """Gives the error that ends a stream."""

    async def to_the_end() -> None:
        async with asyncio.timeout(10.0):
            while await call.read() is not grpc.aio.EOF:
                pass

    return await error_of(to_the_end())
