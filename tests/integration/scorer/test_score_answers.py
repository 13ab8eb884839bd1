"""Answers of ScoreLead that are given again: from the process, from Redis, and not a moment too long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from leadline.v1 import score_pb2, scoring_service_pb2, scoring_service_pb2_grpc
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from scoring.main import build_server
from scoring.services.score_answers import ScoreAnswersInterceptor, held_answers
from scoring.store.shared_answers import SharedAnswers
from server.integrations.event import Event
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from server.runtime.settings import ProcessSettings
from server.store.events import PostgresEventStore
from tests.eventually import eventually
from tests.fakes.model_server import FakeModelServer
from tests.integration.scorer.conftest import add_champion, add_lead
from tfserving.client import PredictionClient
from tfserving.server_control import ModelServerControl

Bearer = tuple[tuple[str, str], ...]


class Scorer:
    """A scorer that holds answers.

    Attributes:
        stub: A client of it.
        answers: What holds the answers.
    """

    def __init__(self, stub: Any, answers: ScoreAnswersInterceptor) -> None:
        self.stub = stub
        self.answers = answers

    async def is_live(self) -> bool:
        """Tells whether answers are given again."""
        return self.answers.answers._is_live()


@pytest.fixture
async def scorers(
    *,
    postgres: EmbeddedPostgres,
    database: Database,
    redis: Redis,
    prediction_client: PredictionClient,
    development_key: DevelopmentKey,
    tmp_path: Path,
) -> AsyncIterator[list[Scorer]]:
    """Two scorers, each with answers of its own and both with the same Redis."""
    settings = ProcessSettings(
        jwks_file=development_key.jwks_file,
        signing_secret=SecretStr("a secret for the tests"),
        model_repository=tmp_path,
    )
    made: list[Scorer] = []
    shared = SharedAnswers(database, redis)
    url = postgres.url("leadline_app")
    async with held_answers(url, shared, 60.0) as first, held_answers(url, shared, 60.0) as second:
        servers = []
        for number, answers in enumerate((first, second)):
            assert answers is not None
            control = ModelServerControl(prediction_client, tmp_path)
            server = build_server(settings, database, redis, prediction_client, control, score_answers=answers)
            address = f"unix:{tmp_path}/scorer-{number}"
            server.add_insecure_port(address)
            await server.start()
            channel = grpc.aio.insecure_channel(address)
            made.append(Scorer(scoring_service_pb2_grpc.ScoringServiceStub(channel), answers))
            servers.append((server, channel))
        for scorer in made:
            await eventually(scorer.is_live)
        yield made
        for server, channel in servers:
            await channel.close()
            await server.stop(None)


async def score(scorer: Scorer, lead_id: UUID, bearer: Bearer) -> score_pb2.Score:
    request = scoring_service_pb2.ScoreLeadRequest(name=format_name("leads", lead_id))
    answer: score_pb2.Score = await scorer.stub.ScoreLead(request, metadata=bearer)
    return answer


async def is_newer(scorer: Scorer, lead_id: UUID, bearer: Bearer, old: score_pb2.Score) -> bool:
    """Tells whether a scorer answers with a score that was computed after another."""
    answer = await score(scorer, lead_id, bearer)
    return answer.compute_time.ToNanoseconds() > old.compute_time.ToNanoseconds()


async def record(database: Database, tenant_id: UUID, lead_id: UUID) -> None:
    """Records an event as the server does."""
    event = Event(str(new_id()), lead_id, "", "page_view", datetime.now(UTC), {})
    async with PostgresEventStore(database).transaction(tenant_id) as transaction:
        await transaction.record([event])
        await transaction.announce([lead_id])
        await transaction.commit()


async def test_an_answer_is_given_again_by_this_process_and_by_others(
    scorers: list[Scorer], database: Database, model_server: FakeModelServer, tenant_id: UUID, bearer: Bearer
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)

    async def is_given_again() -> bool:
        first = await score(scorers[0], lead_id, bearer)
        asked = len(model_server.requests)
        again = await score(scorers[0], lead_id, bearer)
        elsewhere = await score(scorers[1], lead_id, bearer)
        return first == again == elsewhere and len(model_server.requests) == asked

    # Until the news of the model and of the lead have passed, answers are made anew.
    await eventually(is_given_again)


async def test_an_acknowledged_event_counts_in_the_next_answer(
    scorers: list[Scorer], database: Database, model_server: FakeModelServer, tenant_id: UUID, bearer: Bearer
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)

    for _ in range(5):
        before = [await score(scorer, lead_id, bearer) for scorer in scorers]
        asked = len(model_server.requests)
        await record(database, tenant_id, lead_id)
        for scorer, old in zip(scorers, before, strict=True):
            await eventually(partial(is_newer, scorer, lead_id, bearer, old))
        assert len(model_server.requests) > asked


async def test_a_new_champion_scores_anew(
    scorers: list[Scorer], database: Database, tenant_id: UUID, bearer: Bearer
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)
    old = await score(scorers[0], lead_id, bearer)

    champion = await add_champion(database, tenant_id)

    for scorer in scorers:
        await eventually(partial(is_newer, scorer, lead_id, bearer, old))
        assert (await score(scorer, lead_id, bearer)).model == format_name("models", champion.model_id) != old.model


async def test_a_lost_redis_costs_no_score(
    scorers: list[Scorer], database: Database, redis: Redis, tenant_id: UUID, bearer: Bearer
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)

    async def is_given_again_without_redis() -> bool:
        first = await score(scorers[0], lead_id, bearer)
        await redis.flushall()
        again = await score(scorers[0], lead_id, bearer)
        assert (await score(scorers[1], lead_id, bearer)).probability == first.probability
        return again == first

    await eventually(is_given_again_without_redis)


async def test_scores_without_a_model_are_not_held(
    scorers: list[Scorer], database: Database, tenant_id: UUID, bearer: Bearer
) -> None:
    lead_id = await add_lead(database, tenant_id)
    before = await score(scorers[0], lead_id, bearer)
    await add_lead(database, tenant_id, status=2)

    after = await score(scorers[0], lead_id, bearer)

    assert before.basis == score_pb2.SCORE_BASIS_PRIOR
    assert after.compute_time.ToNanoseconds() > before.compute_time.ToNanoseconds()


async def test_others_tenants_get_nothing(
    scorers: list[Scorer], database: Database, development_key: DevelopmentKey, tenant_id: UUID, bearer: Bearer
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)
    await score(scorers[0], lead_id, bearer)

    stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await score(scorers[0], lead_id, stranger)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
