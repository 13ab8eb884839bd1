"""The whole stack, started once for the session, and tenants to use it with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from leadline.v1.model_pb2 import Model

from deploy.local.demo.live import EVENT_TYPE
from deploy.local.demo.loading import event_messages, lead_messages
from deploy.local.development_token import EVERY_SCOPE
from deploy.local.sample.company import SampleCompany, simulate
from deploy.local.stack import Stack
from leadline_sdk import Client, Lead
from server.runtime.identifiers import new_id

SAMPLE_LEADS = 3_000
TRAINING_SECONDS = 240.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test here: each needs the stack."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make up` starts, on ports that nobody uses."""
    reports: list[str] = []
    folder = tmp_path_factory.mktemp("stack") / "data"
    with Stack(folder, reports.append, usual_ports=False, durable=False, tls=True) as running:
        yield running


@dataclass(frozen=True)
class Tenant:
    """A tenant of the stack, as its own developer sees it."""

    stack: Stack
    id: UUID
    client: Client
    token: str

    def mint(self, *scope: str, lifetime: float = 3_600.0) -> str:
        """Gives a token of the tenant with these permissions, or all."""
        return self.stack.key.mint(self.id, "tester", scope or EVERY_SCOPE, lifetime=lifetime)

    def connect(self, token: str) -> Client:
        """Gives a client with another token."""
        return Client(self.stack.edge_address, token=token, tls=False)

    def rest(self, token: str | None = None) -> httpx.Client:
        """Gives an HTTP client with the tenant's token, or another; an empty one means none."""
        used = self.token if token is None else token
        headers = {"Authorization": f"Bearer {used}"} if used else {}
        return httpx.Client(base_url=f"http://{self.stack.edge_address}", headers=headers, timeout=20.0)


def make_tenant(stack: Stack) -> Tenant:
    """Makes a tenant that nobody else uses."""
    tenant_id = new_id()
    stack.add_tenant(tenant_id, "Tests")
    token = stack.key.mint(tenant_id, "tester")
    return Tenant(stack, tenant_id, Client(stack.edge_address, token=token, tls=False), token)


@pytest.fixture
def tenant(stack: Stack) -> Iterator[Tenant]:
    """A tenant without leads, for one test."""
    made = make_tenant(stack)
    yield made
    made.client.close()


@dataclass(frozen=True)
class TrainedTenant(Tenant):
    """A tenant with the sample's leads, events and a model; tests may add to it, not take away."""

    company: SampleCompany
    model: Model
    open_leads: list[Lead]
    """The open leads as they were after the training, the highest score first."""

    @property
    def quiet_leads(self) -> list[Lead]:
        """Those of the open leads with which no `EVENT_TYPE` has happened: the first one changes their score."""
        attended = self.company.external_ids_with(EVENT_TYPE)
        return [lead for lead in self.open_leads if lead.external_id not in attended]


@pytest.fixture(scope="session")
def trained(stack: Stack) -> Iterator[TrainedTenant]:
    """A tenant with a model, shared by the session's tests."""
    made = make_tenant(stack)
    company = simulate(datetime.now(UTC).replace(minute=0, second=0, microsecond=0), lead_count=SAMPLE_LEADS)
    result = made.client.import_leads(lead_messages(company))
    assert result.created_count == SAMPLE_LEADS, result.refused_rows
    assert made.client.record_events(event_messages(company)).recorded_count == len(company.events)
    model = made.client.train_model().wait(TRAINING_SECONDS)
    open_leads = list(made.client.list_leads(filter="status = OPEN", order_by="score desc", page_size=1_000))
    yield TrainedTenant(stack, made.id, made.client, made.token, company, model, open_leads)
    made.client.close()
