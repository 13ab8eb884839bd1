"""A whole stack that keeps what it has acknowledged, with a tenant that has a model."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from deploy.local.demo.loading import event_messages, lead_messages
from deploy.local.sample.company import simulate
from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import Client, Lead

SAMPLE_LEADS = 1_500
TRAINING_SECONDS = 240.0


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make up` starts. What is killed is started again at once."""
    # Durable: what PostgreSQL has acknowledged must be there after it is killed.
    data = tmp_path_factory.mktemp("stack") / "data"
    with Stack(data, lambda _: None, usual_ports=False, longest_restart_seconds=0.5) as running:
        yield running


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    """A token that outlives the tests."""
    return stack.key.mint(TENANT_ID, "tester", lifetime=7 * 86_400.0)


@pytest.fixture(scope="session")
def open_leads(stack: Stack, token: str) -> list[Lead]:
    """The open leads as they were after the training, the highest score first."""
    company = simulate(datetime.now(UTC).replace(minute=0, second=0, microsecond=0), lead_count=SAMPLE_LEADS)
    with Client(stack.edge_address, token=token, tls=False, timeout=30.0) as client:
        client.import_leads(lead_messages(company))
        client.record_events(event_messages(company))
        client.train_model().wait(TRAINING_SECONDS)
        return list(client.list_leads(filter="status = OPEN", order_by="score desc", page_size=1_000))
