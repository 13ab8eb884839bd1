"""The rpcs that change what models are used for, with their interceptors, as callers see them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2
from leadline.v1 import model_pb2
from leadline.v1 import scoring_service_pb2 as messages
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from scoring.main import build_server
from scoring.registry.model import Model
from scoring.registry.model_files import ModelFiles, plots_folder
from scoring.store.models import Models
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from server.runtime.settings import ProcessSettings
from tests.fakes.scoring import FakeModelServerControl, FakePredictor
from tests.grpc_errors import error_of
from tests.integration.scorer.conftest import add_champion, make_description

Bearer = tuple[tuple[str, str], ...]


@pytest.fixture
def model_server() -> FakeModelServerControl:
    return FakeModelServerControl()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
async def stub(
    *,
    database: Database,
    redis: Redis,
    development_key: DevelopmentKey,
    model_server: FakeModelServerControl,
    repository: Path,
    tmp_path: Path,
) -> AsyncIterator[Any]:
    settings = ProcessSettings(
        jwks_file=development_key.jwks_file,
        model_repository=repository,
        signing_secret=SecretStr("a secret for the tests"),
    )
    server = build_server(settings, database, redis, FakePredictor(), model_server)
    server.add_insecure_port(f"unix:{tmp_path}/s")
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/s") as channel:
        yield ScoringServiceStub(channel)
    await server.stop(None)


def name_of(model: Model) -> str:
    """Gives a model's resource name."""
    return format_name("models", model.model_id)


async def add_candidate(database: Database, tenant_id: UUID, *, passed: bool) -> Model:
    """Stores a model that nobody has promoted."""
    gate = {"passed": passed, "reason": "worse than the champion"}
    return await Models(database).add_candidate(
        tenant_id, new_id(), replace(make_description(), promotion_gate=gate, tracking_run="run-1")
    )


async def test_a_promotion_happens_once_for_its_key(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, model_server: FakeModelServerControl
) -> None:
    before = await add_champion(database, tenant_id)
    candidate = await add_candidate(database, tenant_id, passed=True)
    request = messages.PromoteModelRequest(name=name_of(candidate), idempotency_key="once")

    promoted: model_pb2.Model = await stub.PromoteModel(request, metadata=bearer)
    await stub.RollBackModel(messages.RollBackModelRequest(idempotency_key="back"), metadata=bearer)
    again = await stub.PromoteModel(request, metadata=bearer)

    assert again == promoted
    assert (promoted.state, promoted.tracking_run) == (model_pb2.MODEL_STATE_CHAMPION, "run-1")
    assert promoted.promotion_gate.passed
    assert model_server.served[f"tenant-{tenant_id}"] == {1, 2}
    now = await stub.GetModel(messages.GetModelRequest(name=name_of(before)), metadata=bearer)
    assert now.state == model_pb2.MODEL_STATE_CHAMPION


async def test_a_model_that_did_not_pass_is_refused(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    candidate = await add_candidate(database, tenant_id, passed=False)
    refused = messages.PromoteModelRequest(name=name_of(candidate), idempotency_key="a")

    error = await error_of(stub.PromoteModel(refused, metadata=bearer))

    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PROMOTION_REFUSED")
    assert error.metadata == {"name": name_of(candidate)}
    insisting = messages.PromoteModelRequest(name=name_of(candidate), idempotency_key="b", override_gate=True)
    assert (await stub.PromoteModel(insisting, metadata=bearer)).state == model_pb2.MODEL_STATE_CHAMPION


async def test_the_champion_can_not_be_deleted_and_another_can(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, repository: Path
) -> None:
    retired, champion = await add_champion(database, tenant_id), await add_champion(database, tenant_id)
    folder = ModelFiles(repository).version(tenant_id, retired.version)
    folder.mkdir(parents=True)

    error = await error_of(
        stub.DeleteModel(messages.DeleteModelRequest(name=name_of(champion), idempotency_key="a"), metadata=bearer)
    )
    request = messages.DeleteModelRequest(name=name_of(retired), idempotency_key="b")
    deleted = [await stub.DeleteModel(request, metadata=bearer) for _ in range(2)]

    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_IN_USE")
    assert deleted == [empty_pb2.Empty()] * 2
    assert not folder.exists()


async def test_files_that_can_not_be_loaded_have_a_reason(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, model_server: FakeModelServerControl
) -> None:
    retired, champion = await add_champion(database, tenant_id), await add_champion(database, tenant_id)
    model_server.broken = {retired.version}

    error = await error_of(stub.RollBackModel(messages.RollBackModelRequest(idempotency_key="a"), metadata=bearer))

    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_BROKEN")
    assert error.metadata == {"name": name_of(retired)}
    assert model_server.served[f"tenant-{tenant_id}"] == {champion.version}


async def test_without_the_model_server_it_is_told(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, model_server: FakeModelServerControl
) -> None:
    candidate = await add_candidate(database, tenant_id, passed=True)
    model_server.unreachable = True

    error = await error_of(
        stub.PromoteModel(messages.PromoteModelRequest(name=name_of(candidate), idempotency_key="a"), metadata=bearer)
    )

    assert (error.code, error.metadata) == (grpc.StatusCode.UNAVAILABLE, {"dependency": "model_server"})


async def test_pictures_come_in_the_order_of_their_kinds(
    stub: Any, bearer: Bearer, database: Database, tenant_id: UUID, repository: Path
) -> None:
    model = await add_champion(database, tenant_id)
    request = messages.GetModelPlotsRequest(name=name_of(model))
    assert not (await stub.GetModelPlots(request, metadata=bearer)).plots
    folder = plots_folder(ModelFiles(repository).version(tenant_id, model.version))
    folder.mkdir(parents=True)
    for kind in ("reliability", "confusion_matrix", "roc"):
        (folder / f"{kind}.png").write_bytes(kind.encode())

    plots = (await stub.GetModelPlots(request, metadata=bearer)).plots

    assert [(plot.kind, plot.png) for plot in plots] == [
        (model_pb2.PLOT_KIND_ROC, b"roc"),
        (model_pb2.PLOT_KIND_RELIABILITY, b"reliability"),
        (model_pb2.PLOT_KIND_CONFUSION_MATRIX, b"confusion_matrix"),
    ]


async def test_another_tenants_models_do_not_exist(
    stub: Any, development_key: DevelopmentKey, database: Database, tenant_id: UUID
) -> None:
    model = await add_champion(database, tenant_id)
    stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
    for call in (
        stub.PromoteModel(messages.PromoteModelRequest(name=name_of(model), idempotency_key="a"), metadata=stranger),
        stub.RollBackModel(messages.RollBackModelRequest(model=name_of(model), idempotency_key="b"), metadata=stranger),
        stub.RollBackModel(messages.RollBackModelRequest(idempotency_key="c"), metadata=stranger),
        stub.DeleteModel(messages.DeleteModelRequest(name=name_of(model), idempotency_key="d"), metadata=stranger),
        stub.GetModelPlots(messages.GetModelPlotsRequest(name=name_of(model)), metadata=stranger),
    ):
        error = await error_of(call)
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")


async def test_changing_models_needs_its_permission(
    stub: Any, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    token = development_key.mint(tenant_id, "reader", ["models.read", "models.train"])
    error = await error_of(
        stub.RollBackModel(
            messages.RollBackModelRequest(idempotency_key="a"), metadata=(("authorization", f"Bearer {token}"),)
        )
    )
    assert (error.code, error.metadata) == (grpc.StatusCode.PERMISSION_DENIED, {"permission": "models.promote"})
