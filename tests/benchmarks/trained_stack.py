"""The embedded stack with a trained model and open leads, without any peer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from leadline.v1.event_pb2 import Event
from leadline.v1.lead_pb2 import LEAD_STATUS_CONVERTED, LEAD_STATUS_LOST, LEAD_STATUS_OPEN, Lead
from rich.console import Console

from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import Client
from server.runtime.redis import connect_redis
from server.runtime.streams import LEAD_CHANGES
from tests.benchmarks.live_load import EVENT_TYPE
from tests.benchmarks.simulated_leads import fields_and_log_odds

DECIDED_LEADS = 3_000
MOST_EVENTS = 8
FOLLOWED_DAYS = 20.0
LOG_ODDS_AN_EVENT = 0.35
TRAINING_SECONDS = 300.0


@dataclass(frozen=True)
class TrainedStack:
    """What a benchmark works with.

    Attributes:
        stack: The running stack, with a trained model.
        token: A bearer token.
        leads: Resource names of open leads, each with a stored score.
    """

    stack: Stack
    token: str
    leads: list[str]

    async def has_handled_all(self) -> bool:
        """Tell whether no message of changed leads waits."""
        return await self.waiting_changes() == 0

    async def waiting_changes(self) -> int:
        """Count the messages of changed leads that workers have yet to handle."""
        redis = await connect_redis(self.stack.valkey.url)
        lengths = [await redis.xlen(stream) for stream in LEAD_CHANGES]
        await redis.aclose()
        return sum(lengths)


def made_leads(random: np.random.Generator, first: int, count: int, *, decided: bool) -> list[Lead]:
    """Make leads.

    Args:
        random: Where chance comes from.
        first: The first one's external id; the others follow.
        count: How many.
        decided: Whether they have an outcome.
    """
    leads = []
    for number in range(first, first + count):
        fields, log_odds = fields_and_log_odds(random)
        lead = Lead(external_id=str(number), status=LEAD_STATUS_OPEN)
        if decided:
            converted = random.random() < 1 / (1 + np.exp(-log_odds))
            lead.status = LEAD_STATUS_CONVERTED if converted else LEAD_STATUS_LOST
        lead.received_time.FromDatetime(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number % 500_000))
        for name, value in fields.items():
            if isinstance(value, str):
                lead.fields[name].category = value
            else:
                lead.fields[name].number = value
        leads.append(lead)
    return leads


def _prepare(stack: Stack, token: str, open_leads: int) -> list[str]:
    random = np.random.default_rng(7)
    decided = made_leads(random, 0, DECIDED_LEADS, decided=True)
    undecided = made_leads(random, DECIDED_LEADS, open_leads, decided=False)
    # Events that only decided leads have would be taken for ones that come with the outcome, and not be learned from.
    events = [event for lead in decided for event in _past_events(random, lead)]
    events += [event for lead in undecided for event in _past_events(random, lead)]
    with Client(stack.edge_address, token=token, tls=False) as client:
        client.import_leads([*decided, *undecided])
        client.record_events(events)
        client.train_model().wait(timeout=TRAINING_SECONDS)
        _refuse_unmoved_scores(client)
        return [lead.name for lead in client.list_leads(filter="status = OPEN")]


def _past_events(random: np.random.Generator, lead: Lead) -> list[Event]:
    """Give what a lead did; of the decided ones, let the busy ones convert more, so that each event moves a score."""
    count = int(random.integers(0, MOST_EVENTS + 1))
    received = lead.received_time.ToDatetime(tzinfo=UTC)
    if lead.status != LEAD_STATUS_OPEN:
        converted = random.random() < 1 / (1 + np.exp(LOG_ODDS_AN_EVENT * (MOST_EVENTS / 2 - count)))
        lead.status = LEAD_STATUS_CONVERTED if converted else LEAD_STATUS_LOST
        lead.outcome_time.FromDatetime(received + timedelta(days=FOLLOWED_DAYS))
    events = []
    for number in range(count):
        event = Event(event_id=f"{lead.external_id}-{number}", lead_external_id=lead.external_id, type=EVENT_TYPE)
        event.occurred_time.FromDatetime(received + timedelta(days=float(random.uniform(0, FOLLOWED_DAYS))))
        events.append(event)
    return events


def _refuse_unmoved_scores(client: Client) -> None:
    """Raise RuntimeError if the model leaves events out, so that none of them would move a score."""
    model = next(iter(client.list_models()))
    if not any(importance.feature.startswith(f"events.{EVENT_TYPE}") for importance in model.feature_importances):
        raise RuntimeError(f"the model does not use {EVENT_TYPE} events: {model.excluded_fields}")


@asynccontextmanager
async def trained_stack(folder: Path, open_leads: int) -> AsyncIterator[TrainedStack]:
    """Run the stack with a trained model and open leads.

    Args:
        folder: An empty folder for its data.
        open_leads: How many, 1 or more.
    """
    with Stack(folder, Console(stderr=True).print, usual_ports=False) as stack:
        token = stack.key.mint(TENANT_ID, lifetime=14_400.0)
        yield TrainedStack(stack, token, await asyncio.to_thread(_prepare, stack, token, open_leads))
