"""What the scorer's tests share: a model server that answers as told, clients of the stores, and rows of leads."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio
import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from scoring.features.feature_set import FeatureSet
from scoring.main import build_server
from scoring.registry.model import Model, ModelDescription
from scoring.store.model_changes import ModelChanges
from scoring.store.models import Models
from server.integrations.event import Event
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.redis import connect_redis
from server.runtime.settings import ProcessSettings
from server.store.events import PostgresEventStore
from tests.fakes.model_server import FakeModelServer, serve
from tests.fakes.scoring import FEATURE_SET, GRADE_BANDS, FakeModelServerControl, FakePredictor
from tests.integration.scorer.site import Bearer, Site
from tfserving.client import PredictionClient

RECEIVED_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def model_server() -> FakeModelServer:
    return FakeModelServer()


@pytest.fixture
async def prediction_client(model_server: FakeModelServer, tmp_path: Path) -> AsyncIterator[PredictionClient]:
    """A client of the model server, which runs."""
    address = f"unix:{tmp_path}/model-server.sock"
    server = await serve(model_server, address)
    async with PredictionClient(address) as client:
        yield client
    await server.stop(None)


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """A client of an empty Valkey."""
    client = await connect_redis(valkey.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def environment(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey, development_key: DevelopmentKey, tmp_path: Path
) -> dict[str, str]:
    return os.environ | {
        "LEADLINE_LISTEN_ADDRESS": f"unix:{tmp_path}/scorer.sock",
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_REDIS_URL": valkey.url,
        "LEADLINE_MODEL_SERVER_ADDRESS": f"127.0.0.1:{free_port()}",
        "LEADLINE_MODEL_REPOSITORY": str(tmp_path / "models"),
        "LEADLINE_JWKS_FILE": str(development_key.jwks_file),
        "LEADLINE_SIGNING_SECRET": "a secret for the tests",
        "LEADLINE_SHUTDOWN_DELAY_SECONDS": "0",
    }


@contextmanager
def running(module: str, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process for the time of the block."""
    with subprocess.Popen([sys.executable, "-m", module], env=variables) as process:
        try:
            yield process
        finally:
            process.kill()


async def add_lead(
    database: Database,
    tenant_id: UUID,
    *,
    visits: float = 1.0,
    source: str = "Google",
    status: int = 1,
    received_time: datetime = RECEIVED_TIME,
    outcome_time: datetime | None = None,
) -> UUID:
    """Stores a lead and gives its id."""
    lead_id = new_id()
    fields = {"visits": {"number": visits}, "source": {"category": source}}
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO leads (tenant_id, id, status, received_time, outcome_time, fields) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            tenant_id,
            lead_id,
            status,
            received_time,
            outcome_time,
            orjson.dumps(fields).decode(),
        )
    return lead_id


async def add_event(database: Database, tenant_id: UUID, lead_id: UUID, occurred_time: datetime) -> None:
    """Stores a page view of a lead, and counts it."""
    async with PostgresEventStore(database).transaction(tenant_id) as transaction:
        await transaction.record([Event(str(new_id()), lead_id, "", "page_view", occurred_time, {})])
        await transaction.commit()


def make_description(feature_set: FeatureSet = FEATURE_SET) -> ModelDescription:
    """Makes what a training could have found."""
    return ModelDescription(
        algorithm=1,
        feature_set=feature_set.to_json(),
        evaluation={
            "training_count": 80,
            "holdout_count": 20,
            "holdout_conversion_rate": 0.4,
            "auc": 0.75,
            "brier_score": 0.2,
            "candidates": [{"algorithm": 1, "auc": 0.75, "log_loss": 0.5, "calibration_error": 0.1}],
            "reliability_bins": [{"mean_predicted": 0.25, "observed_rate": 0.5, "count": 20}],
        },
        feature_importances=[{"feature": "visits", "mean_absolute_log_odds": 0.5}],
        score_intervals={"log_odds": [0.0], "standard_errors": [0.5]},
        excluded_fields=[{"field": "note", "reason": "empty"}],
    )


async def add_champion(database: Database, tenant_id: UUID) -> Model:
    """Stores a model and makes it champion."""
    model = await Models(database).add_candidate(tenant_id, new_id(), make_description())
    return await make_champion(database, tenant_id, model.model_id)


async def make_champion(database: Database, tenant_id: UUID, model_id: UUID) -> Model:
    """Makes a stored model champion."""
    async with ModelChanges(database).begin(tenant_id) as change:
        champion = await change.make_champion(model_id)
        await change.commit()
    return champion


async def outbox(postgres_owner: Database, tenant_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Gives topic and payload of what waits in a tenant's outbox, as the relay would read it."""
    async with postgres_owner.session() as connection:
        rows = await connection.fetch("SELECT topic, payload FROM outbox WHERE tenant_id = $1 ORDER BY id", tenant_id)
    return [(row["topic"], orjson.loads(row["payload"])) for row in rows]


async def recorded(postgres_owner: Database, tenant_id: UUID) -> list[tuple[str, str, list[str]]]:
    """Gives principal, method and resources of the changes that wait to be sealed in a tenant's audit log."""
    query = "SELECT content FROM unsealed_audit_records WHERE tenant_id = $1 ORDER BY position"
    async with postgres_owner.session() as connection:
        records = [orjson.loads(row["content"]) for row in await connection.fetch(query, tenant_id)]
    return [(record["principal"], record["method"], record["resources"]) for record in records]


def days(count: float) -> timedelta:
    """Gives a number of days."""
    return timedelta(days=count)


async def readers() -> int:
    """Counts the streams of score changes that are being read."""
    return sum(task.get_coro().__qualname__ == "_Feed._read" for task in asyncio.all_tasks())  # type: ignore[union-attr]


async def no_reader() -> bool:
    """Tells whether no stream of score changes is being read."""
    return await readers() == 0


@pytest.fixture
def bearer(development_key: DevelopmentKey, tenant_id: UUID) -> Bearer:
    return (("authorization", f"Bearer {development_key.mint(tenant_id)}"),)


@pytest.fixture
async def address(
    development_key: DevelopmentKey, database: Database, redis: Redis, tmp_path: Path
) -> AsyncIterator[str]:
    """Where the scorer is, with a model server that answers by a formula."""
    settings = ProcessSettings(
        jwks_file=development_key.jwks_file,
        model_repository=tmp_path / "models",
        signing_secret=SecretStr("a secret for the tests"),
    )
    server = build_server(settings, database, redis, FakePredictor(), FakeModelServerControl())
    address = f"unix:{tmp_path}/s"
    server.add_insecure_port(address)
    await server.start()
    yield address
    await server.stop(None)


@pytest.fixture
async def site(address: str, database: Database, bearer: Bearer, tenant_id: UUID) -> AsyncIterator[Site]:
    async with grpc.aio.insecure_channel(address) as channel:
        yield Site(database, channel, bearer, tenant_id)


@pytest.fixture
async def champion(database: Database, tenant_id: UUID) -> Model:
    """A champion with grades B (from 0.5 on) and C."""
    description = make_description()
    graded = type(description)(**asdict(description) | {"grade_bands": [asdict(band) for band in GRADE_BANDS]})
    model = await Models(database).add_candidate(tenant_id, new_id(), graded)
    return await make_champion(database, tenant_id, model.model_id)


@pytest.fixture
async def relay(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database in the role that reads the outbox."""
    connected = await Database.connect(postgres.url("leadline_relay"))
    yield connected
    await connected.close()
