"""A part that is down: callers are told in time, and everything recovers by itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from deploy.local.stack import Stack
from leadline_sdk import Client, Lead, LeadlineError, Unavailable
from tests.e2e.conftest import TrainedTenant
from tests.e2e.test_live import watched, webinar

DEADLINE_SECONDS = 8.0
RECOVERY_SECONDS = 30.0

Answer = TypeVar("Answer")


@contextmanager
def stopped(stack: Stack, name: str) -> Iterator[None]:
    """Stops a process of the stack, and starts it again afterwards."""
    process = stack.process(name)
    process.stop(seconds=30.0)
    try:
        yield
    finally:
        process.start()
        process.wait_until_ready()


def unavailable(call: Callable[[], object]) -> Unavailable:
    """Gives the error of a call that must fail within its deadline."""
    start = time.monotonic()
    with pytest.raises(Unavailable) as failure:
        call()
    assert time.monotonic() - start < DEADLINE_SECONDS
    return failure.value


def recovered(call: Callable[[], Answer]) -> Answer:
    """Gives the first answer after an outage."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return call()
        except LeadlineError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture
def client(trained: TrainedTenant) -> Iterator[Client]:
    """A client whose calls last no longer than the deadline."""
    with Client(trained.stack.edge_address, token=trained.token, tls=False, timeout=DEADLINE_SECONDS) as made:
        yield made


def test_without_the_model_server_only_held_scores_are_given(trained: TrainedTenant, client: Client) -> None:
    held = trained.open_leads[0].name
    expected = client.score_lead(held).probability

    with stopped(trained.stack, "model server"):
        unscored = client.create_lead(Lead(display_name="came during the outage")).name
        failure = unavailable(lambda: client.score_lead(unscored))
        assert failure.reason == "DEPENDENCY_UNAVAILABLE"
        assert failure.metadata["dependency"] == "model_server"
        assert failure.retry_after is not None
        assert client.get_lead(unscored).name == unscored
        assert client.score_lead(held).probability == expected

    assert recovered(lambda: client.score_lead(unscored)).lead == unscored
    assert client.score_lead(held).probability == pytest.approx(expected, abs=1e-5)


def test_an_event_during_an_outage_of_the_model_server_is_scored_by_the_tables(
    trained: TrainedTenant, client: Client
) -> None:
    lead = trained.quiet_leads[60].name
    updates = watched(client, [lead])

    with stopped(trained.stack, "model server"):
        assert client.record_events([webinar(lead, "during-outage")]).recorded_count == 1
        told = updates.get(timeout=60).score

    assert told.lead == lead
    assert recovered(lambda: client.score_lead(lead)).probability == pytest.approx(told.probability, abs=1e-5)


def test_without_postgresql_leads_are_unavailable(trained: TrainedTenant, client: Client) -> None:
    lead = trained.open_leads[0].name

    with stopped(trained.stack, "PostgreSQL"):
        failure = unavailable(lambda: client.get_lead(lead))
        assert failure.reason == "DEPENDENCY_UNAVAILABLE"
        assert failure.metadata["dependency"] == "postgresql"
        assert failure.retry_after is not None
        unavailable(lambda: client.create_lead(Lead(external_id="outage"), idempotency_key="outage"))

    assert recovered(lambda: client.get_lead(lead)).name == lead
    created = recovered(lambda: client.create_lead(Lead(external_id="outage"), idempotency_key="outage"))
    assert [found.name for found in client.list_leads(filter='external_id = "outage"')] == [created.name]


def test_without_valkey_leads_are_kept_and_scored_afterwards(trained: TrainedTenant, client: Client) -> None:
    lead = trained.quiet_leads[70].name

    with stopped(trained.stack, "Valkey"):
        assert recovered(lambda: client.record_events([webinar(lead, "no-valkey")])).recorded_count == 1
        assert client.score_lead(lead).lead == lead

    deadline = time.monotonic() + 60.0
    fresh = client.score_lead(lead).probability
    while client.get_lead(lead).score.probability != pytest.approx(fresh, abs=1e-5):
        assert time.monotonic() < deadline, "the event was never scored"
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("place", "name"),
    list(enumerate(["server", "scorer", "relay worker", "scoring worker", "WebSocket bridge", "edge", "model server"])),
)
def test_a_process_that_crashes_is_back_soon(trained: TrainedTenant, client: Client, place: int, name: str) -> None:
    lead = trained.quiet_leads[80 + place].name
    process = trained.stack.process(name)
    crashed = process.pid

    process.kill()
    deadline = time.monotonic() + RECOVERY_SECONDS
    while process.pid in (None, crashed):
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.1)

    assert recovered(lambda: client.score_lead(lead)).lead == lead
    updates = watched(client, [lead])
    recovered(lambda: client.record_events([webinar(lead, f"after-{name}")]))
    assert updates.get(timeout=60).score.lead == lead
