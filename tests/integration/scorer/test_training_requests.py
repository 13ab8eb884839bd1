"""Training on request, up to the last open lead's score."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import mlflow
import numpy as np
import orjson
import psutil
import pytest

from deploy.local.postgres import EmbeddedPostgres
from scoring.bulk.open_lead_rescoring import OpenLeadRescoring
from scoring.cluster import page_rescoring
from scoring.registry.model import Model, ModelState
from scoring.registry.model_files import ModelFiles
from scoring.registry.publication import ModelPublisher
from scoring.registry.serving import ModelLoader
from scoring.store.model_changes import ModelChanges
from scoring.store.models import Models
from scoring.store.operations import Operations
from scoring.stream.consumer import StreamEntry
from scoring.stream.operation_rescoring import OperationRescoring
from scoring.stream.training_requests import TrainingRequests
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from tests.eventually import eventually
from tests.fakes.model_server import END, FakeModelServer
from tests.integration.scorer.conftest import RECEIVED_TIME, add_champion, add_lead, make_description
from tfserving.client import PredictionClient
from tfserving.server_control import ModelServerControl

pytestmark = pytest.mark.timeout(300)


class Worker:
    """What a worker does with training requests, on the session's PostgreSQL and a model server of the test."""

    def __init__(
        self,
        database: Database,
        database_url: str,
        client: PredictionClient,
        repository: Path,
        tracking_uri: str | None = None,
    ) -> None:
        self.database = database
        self.operations = Operations(database)
        self.models = Models(database)
        self.repository = repository
        self.publisher = ModelPublisher(
            ModelFiles(repository),
            self.models,
            ModelChanges(database),
            ModelLoader(ModelServerControl(client, repository)),
        )
        rescoring = OpenLeadRescoring(page_rescoring(database, client, repository))
        self.tracking = repository.parent / "tracking"
        uri = f"sqlite:///{self.tracking / 'mlflow.db'}" if tracking_uri is None else tracking_uri
        self.requests = TrainingRequests(
            self.operations, self.publisher, OperationRescoring(self.operations, rescoring), database_url, uri
        )

    async def ask(self, tenant_id: UUID, excluded_fields: Sequence[str] = ()) -> tuple[UUID, StreamEntry]:
        """Asks for a training, and gives its operation and the entry that the relay would send."""
        operation = await self.operations.request_training(tenant_id, excluded_fields)
        payload = orjson.dumps({"operation_id": str(operation.operation_id)})
        fields = {b"tenant_id": str(tenant_id).encode(), b"payload": payload}
        return operation.operation_id, StreamEntry("1-0", fields, 0)

    async def train(self, tenant_id: UUID, excluded_fields: Sequence[str] = ()) -> Model:
        """Trains a model."""
        operation_id, entry = await self.ask(tenant_id, excluded_fields)
        await self.requests.handle([entry])
        return await self.models.get(tenant_id, operation_id)

    async def operation(self, tenant_id: UUID) -> dict[str, Any]:
        """Gives the tenant's only operation."""
        async with self.database.transaction(tenant_id) as connection:
            row = await connection.fetchrow("SELECT * FROM operations")
        assert row is not None
        return dict(row)

    def put_files(self, tenant_id: UUID, version: int) -> None:
        """Puts a version's folder where the model server reads."""
        (self.repository / f"tenant-{tenant_id}" / str(version)).mkdir(parents=True)


@pytest.fixture
def worker(
    database: Database, postgres: EmbeddedPostgres, prediction_client: PredictionClient, tmp_path: Path
) -> Worker:
    return Worker(database, postgres.url("leadline_app"), prediction_client, tmp_path / "models")


async def test_a_training_ends_with_a_champion_and_scores(worker: Worker, database: Database, tenant_id: UUID) -> None:
    for number in range(120):
        visits = float(number * 7 % 10)
        await add_lead(
            database,
            tenant_id,
            visits=visits,
            source="Google" if number % 3 else "Referral",
            status=2 if visits + number % 4 > 6 else 3,
            received_time=RECEIVED_TIME + timedelta(hours=number),
        )
    open_ids = [await add_lead(database, tenant_id, visits=float(visits)) for visits in range(5)]
    operation_id, entry = await worker.ask(tenant_id)

    await worker.requests.handle([entry])

    operation = await worker.operation(tenant_id)
    assert (operation["state"], operation["stage"], operation["error"]) == (3, "done", None)
    result = orjson.loads(operation["result"])
    assert result["@type"] == "type.googleapis.com/leadline.v1.Model"
    assert result["name"] == f"models/{operation_id}"
    assert result["state"] == "MODEL_STATE_CHAMPION"
    model = await worker.models.get(tenant_id, operation_id)
    assert (model.version, model.state) == (1, ModelState.CHAMPION)
    assert (worker.repository / f"tenant-{tenant_id}" / "1" / "saved_model.pb").is_file()
    assert f"tenant-{tenant_id}" in (worker.repository / "models.config").read_text()
    assert not worker.publisher.staging_folder(operation_id).exists()
    async with database.transaction(tenant_id) as connection:
        scored = await connection.fetch("SELECT id, score_model_id FROM leads WHERE score_value IS NOT NULL")
    assert {row["id"] for row in scored} == set(open_ids)
    assert {row["score_model_id"] for row in scored} == {operation_id}


async def add_outcomes(database: Database, tenant_id: UUID, count: int, first: int = 0) -> None:
    """Stores leads of which visits tell something of the outcome, and the source nothing."""
    random = np.random.default_rng(first)
    for number in range(first, first + count):
        visits = float(random.integers(10))
        await add_lead(
            database,
            tenant_id,
            visits=visits,
            source=str(random.choice(["Google", "Referral"])),
            status=2 if visits + random.normal(0.0, 4.5) > 5 else 3,
            received_time=RECEIVED_TIME + timedelta(hours=number),
        )


async def test_a_model_that_is_worse_stays_a_candidate(worker: Worker, database: Database, tenant_id: UUID) -> None:
    await add_outcomes(database, tenant_id, 300)
    first = await worker.train(tenant_id)
    again = await worker.train(tenant_id)
    await add_outcomes(database, tenant_id, 100, first=300)

    worse = await worker.train(tenant_id, ["visits"])

    assert first.description.promotion_gate == {"passed": True, "reason": "the first model"}
    assert again.description.promotion_gate["passed"]
    # Both newest fifths are the same 60 leads, of which each kind said something before it had seen them.
    assert "on 60 leads" in again.description.promotion_gate["reason"]
    assert worse.state is ModelState.CANDIDATE, worse.description.promotion_gate
    assert not worse.description.promotion_gate["passed"]
    # All 80 leads of the newest fifth are new to the champion, which is asked itself.
    assert "on 80 leads" in worse.description.promotion_gate["reason"]
    assert (await worker.models.get(tenant_id, again.model_id)).state is ModelState.CHAMPION
    assert (await worker.models.get(tenant_id, first.model_id)).state is ModelState.RETIRED


# MLflow's own use of what SQLAlchemy deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_training_leaves_its_pictures_and_its_run(worker: Worker, database: Database, tenant_id: UUID) -> None:
    await add_outcomes(database, tenant_id, 120)

    model = await worker.train(tenant_id)

    assert set(ModelFiles(worker.repository).plots(tenant_id, 1)) == {
        "attributions",
        "confusion_matrix",
        "lift",
        "precision_recall",
        "reliability",
        "roc",
    }
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{worker.tracking / 'mlflow.db'}")
    run = client.get_run(model.description.tracking_run)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["auc"] == model.description.evaluation["auc"]
    assert run.data.params["training_leads"] == str(model.description.evaluation["training_count"])
    assert run.data.tags["model"] == str(model.model_id)
    assert len(run.data.tags["data_digest"]) == len(run.data.tags["model_digest"]) == 64
    assert len(list(worker.tracking.glob("artifacts/*/artifacts/plots/*.png"))) == 6


async def test_without_the_tracker_a_training_succeeds(
    database: Database, postgres: EmbeddedPostgres, prediction_client: PredictionClient, tenant_id: UUID, tmp_path: Path
) -> None:
    worker = Worker(
        database, postgres.url("leadline_app"), prediction_client, tmp_path / "models", "http://127.0.0.1:9"
    )
    await add_outcomes(database, tenant_id, 120)

    model = await worker.train(tenant_id)

    assert model.state is ModelState.CHAMPION
    assert model.description.tracking_run == ""


async def test_a_training_whose_process_is_killed_leaves_nothing_behind(
    worker: Worker, database: Database, tenant_id: UUID
) -> None:
    await add_outcomes(database, tenant_id, 120)
    operation_id, entry = await worker.ask(tenant_id)
    handling = asyncio.create_task(worker.requests.handle([entry]))

    async def is_training() -> bool:
        return bool((await worker.operation(tenant_id))["progress_percent"] > 0)

    await eventually(is_training)
    # Of a child that has ended and was not waited for nothing is told.
    children = psutil.Process().children()
    trainers = [child for child in children if "scoring.trainer" in (child.as_dict(["cmdline"])["cmdline"] or ())]
    for trainer in trainers:
        trainer.kill()
    await handling

    assert len(trainers) == 1
    assert orjson.loads((await worker.operation(tenant_id))["error"])["reason"] == "INTERNAL"
    assert await worker.models.newest(tenant_id, 1) == []
    assert not worker.publisher.staging_folder(operation_id).exists()
    assert not (worker.repository / f"tenant-{tenant_id}").exists()


async def test_where_there_is_nothing_to_learn_the_reason_is_told(
    worker: Worker, database: Database, tenant_id: UUID
) -> None:
    champion = await add_champion(database, tenant_id)
    await add_lead(database, tenant_id, status=2)
    _, entry = await worker.ask(tenant_id)

    await worker.requests.handle([entry])

    operation = await worker.operation(tenant_id)
    assert (operation["state"], operation["stage"]) == (3, "failed")
    error = orjson.loads(operation["error"])
    assert (error["code"], error["reason"]) == (9, "NOT_ENOUGH_OUTCOMES")
    assert error["metadata"] == {"converted": "1", "lost": "0", "needed_of_each": "10"}
    assert (await worker.models.get(tenant_id, champion.model_id)).state is ModelState.CHAMPION


async def test_a_training_that_is_cancelled_ends_soon(worker: Worker, database: Database, tenant_id: UUID) -> None:
    _, entry = await worker.ask(tenant_id)
    handling = asyncio.create_task(worker.requests.handle([entry]))
    async with database.transaction(tenant_id) as connection:
        await connection.execute("UPDATE operations SET cancel_requested = true")

    async with asyncio.timeout(30.0):
        await handling

    operation = await worker.operation(tenant_id)
    assert operation["stage"] == "cancelled"
    assert orjson.loads(operation["error"])["reason"] == "OPERATION_CANCELLED"
    assert await worker.models.newest(tenant_id, 1) == []


async def test_a_publication_that_was_interrupted_goes_on(worker: Worker, database: Database, tenant_id: UUID) -> None:
    lead_id = await add_lead(database, tenant_id)
    operation_id, entry = await worker.ask(tenant_id)
    await worker.models.add_candidate(tenant_id, operation_id, make_description())
    worker.put_files(tenant_id, 1)

    await worker.requests.handle([entry])
    await worker.requests.handle([entry])

    assert (await worker.operation(tenant_id))["stage"] == "done"
    async with database.transaction(tenant_id) as connection:
        history = await connection.fetch("SELECT lead_id, model_id FROM scores")
    assert [tuple(row) for row in history] == [(lead_id, operation_id)]


async def test_a_model_that_can_not_be_loaded_leaves_the_champion_of_before(
    worker: Worker, model_server: FakeModelServer, database: Database, tenant_id: UUID
) -> None:
    champion = await add_champion(database, tenant_id)
    operation_id, entry = await worker.ask(tenant_id)
    await worker.models.add_candidate(tenant_id, operation_id, make_description())
    worker.put_files(tenant_id, 2)
    model_server.status[f"tenant-{tenant_id}", 2] = (END, "the file is broken")

    await worker.requests.handle([entry])

    operation = await worker.operation(tenant_id)
    assert orjson.loads(operation["error"])["reason"] == "INTERNAL"
    assert "broken" not in operation["error"]
    assert (await worker.models.get(tenant_id, champion.model_id)).state is ModelState.CHAMPION


async def test_without_the_model_server_the_operation_waits(
    database: Database, postgres: EmbeddedPostgres, tenant_id: UUID, tmp_path: Path
) -> None:
    async with PredictionClient(f"unix:{tmp_path}/nobody.sock") as client:
        worker = Worker(database, postgres.url("leadline_app"), client, tmp_path / "models")
        operation_id, entry = await worker.ask(tenant_id)
        await worker.models.add_candidate(tenant_id, operation_id, make_description())
        worker.put_files(tenant_id, 1)

        with pytest.raises(DependencyUnavailable) as failure:
            await worker.requests.handle([entry])

    assert failure.value.dependency == "model_server"
    operation = await worker.operation(tenant_id)
    assert (operation["state"], operation["stage"]) == (2, "publishing the model")


async def test_a_request_that_is_put_aside_fails_its_operation(worker: Worker, tenant_id: UUID) -> None:
    _, entry = await worker.ask(tenant_id)

    await worker.requests.give_up(entry)
    await worker.requests.give_up(StreamEntry("1-0", {b"payload": b"{"}, 5))

    operation = await worker.operation(tenant_id)
    assert orjson.loads(operation["error"])["reason"] == "INTERNAL"


async def test_progress_is_told_meanwhile(worker: Worker, database: Database, tenant_id: UUID) -> None:
    await add_lead(database, tenant_id, status=2)
    _, entry = await worker.ask(tenant_id)
    handling = asyncio.create_task(worker.requests.handle([entry]))

    async def is_running() -> bool:
        operation = await worker.operation(tenant_id)
        return bool(operation["state"] == 2 and operation["stage"] == "starting")

    await eventually(is_running)
    await handling
