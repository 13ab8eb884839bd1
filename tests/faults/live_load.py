"""What goes on while processes are killed: events and changes, sent until they are acknowledged, and watches."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import grpc
from google.protobuf.json_format import ParseDict
from leadline.v1.scoring_service_pb2 import WatchScoresResponse
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from leadline_sdk import AsyncClient, Event, Lead, LeadlineError, ScoreUpdate, to_fields, to_timestamp
from server.runtime.identifiers import format_name, new_id

EVENT_TYPES = ("page_view", "email_opened", "email_unsubscribed")
MOST_EVENTS_A_CALL = 6
LONGEST_PAUSE_SECONDS = 0.4
# How much of what is sent are changes of fields; the rest are events.
CHANGE_SHARE = 0.6
CALL_SECONDS = 4.0
RETRY_SECONDS = 0.3
# How long one stream of a watch lasts before another process would go on with its token.
HAND_OVER_SECONDS = 7.0
COLD = to_fields(
    {"Purchase Timeframe": "Just looking", "Lead Source": "Cold Outreach", "Job Title": "Student",
     "Demo Requested": False, "Yearly Budget": 500.0}
)  # fmt: skip
HOT = to_fields(
    {"Purchase Timeframe": "This quarter", "Lead Source": "Referral", "Job Title": "Head of HR",
     "Demo Requested": True, "Yearly Budget": 50_000.0}
)  # fmt: skip
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
PASSING_CODES = {code.value[0] for code in PASSING}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event that was acknowledged."""

    event_id: str
    lead: str
    type: str
    occurred_time: datetime


def is_passing(error: LeadlineError) -> bool:
    """Whether a caller has nothing to correct and tries again: Leadline, or the way to it, is away."""
    if error.code is grpc.StatusCode.INTERNAL:
        # Without a reason the connection broke on the way.
        return not error.reason
    return error.code in PASSING


@dataclass
class Sender:
    """Sends events of its own leads, and changes them, until it is told that it is enough.

    Attributes:
        client: Sends.
        leads: Its leads, which nobody else changes.
        rng: Decides what is sent, and when.
        sent: The events that were acknowledged.
        temperatures: By lead, whether it was left with what speaks for a conversion.
        repetitions: How often something was sent again.
    """

    client: AsyncClient
    leads: Sequence[Lead]
    rng: random.Random
    sent: list[SentEvent] = field(default_factory=list)
    temperatures: dict[str, bool] = field(default_factory=dict)
    repetitions: int = 0

    async def run(self, enough: asyncio.Event) -> None:
        """Sends until it is enough, and leaves each lead with another score than before."""
        while not enough.is_set():
            if self.rng.random() < CHANGE_SHARE:
                await self._change(self.rng.choice(self.leads))
            else:
                await self._record(self.rng.choices(self.leads, k=self.rng.randint(1, MOST_EVENTS_A_CALL)))
            await asyncio.sleep(self.rng.uniform(0.0, LONGEST_PAUSE_SECONDS))
        for lead in self.leads:
            await self._change(lead)
            await self._record([lead])

    async def _change(self, lead: Lead) -> None:
        is_hot = self.temperatures[lead.name] = not self.temperatures.get(lead.name, False)
        changed = Lead(name=lead.name, fields={**lead.fields, **(HOT if is_hot else COLD)})
        key = str(new_id())
        await self._until_acknowledged(lambda: self.client.update_lead(changed, ["fields"], idempotency_key=key))

    async def _record(self, leads: Sequence[Lead]) -> None:
        events = [SentEvent(str(new_id()), lead.name, self.rng.choice(EVENT_TYPES), self._moment()) for lead in leads]
        messages = [
            Event(
                event_id=sent.event_id, lead=sent.lead, type=sent.type, occurred_time=to_timestamp(sent.occurred_time)
            )
            for sent in events
        ]
        # Some senders repeat a call under its key; others know their events' ids alone.
        key = str(new_id()) if self.rng.random() < 0.5 else None
        result = await self._until_acknowledged(lambda: self.client.record_events(messages, idempotency_key=key))
        assert not result.refused_events
        self.sent += events

    def _moment(self) -> datetime:
        """Events come late and in any order."""
        return datetime.now(UTC) - timedelta(days=self.rng.choice((0.0, self.rng.uniform(0.0, 60.0))))

    async def _until_acknowledged(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        while True:
            try:
                return await call()
            except LeadlineError as error:
                if not is_passing(error):
                    raise
                self.repetitions += 1
            await asyncio.sleep(RETRY_SECONDS)


@dataclass
class Watcher:
    """What one watcher knows.

    Attributes:
        seen: By lead, the latest score it was told of.
        resumptions: How often it went on with its token.
    """

    seen: dict[str, Any] = field(default_factory=dict)
    resumptions: int = 0

    def take(self, update: ScoreUpdate) -> None:
        """Notes a score."""
        self.seen[update.score.lead] = update.score

    def probabilities(self, lead_ids: Collection[UUID]) -> dict[UUID, float]:
        """Gives the latest probabilities that it was told of these leads."""
        names = {format_name("leads", lead_id): lead_id for lead_id in lead_ids}
        return {names[name]: score.probability for name, score in self.seen.items() if name in names}

    async def watch(self, address: str, token: str) -> None:
        """Watches by the SDK, which resumes by itself, until it is cancelled."""
        async with AsyncClient(address, token=token, tls=False) as client:
            async for update in client.watch_scores(snapshot=True, most_failures=1_000_000):
                self.take(update)

    async def watch_in_turns(self, address: str, token: str) -> None:
        """Watches by one client after another, as processes do that pass a token on, until it is cancelled."""
        resume_token = ""
        while True:
            async with AsyncClient(address, token=token, tls=False) as client:
                with suppress(TimeoutError):
                    async with asyncio.timeout(HAND_OVER_SECONDS):
                        updates = client.watch_scores(
                            snapshot=not resume_token, resume_token=resume_token, most_failures=1_000_000
                        )
                        async for update in updates:
                            self.take(update)
                            resume_token = update.resume_token
            self.resumptions += 1

    async def watch_by_websocket(self, address: str, token: str) -> None:
        """Watches through the WebSocket bridge until it is cancelled."""
        url = f"ws://{address}/ws/leadline.v1.ScoringService/WatchScores"
        protocols: Any = ["leadline.v1", f"bearer.{token}"]
        resume_token = ""
        while True:
            with suppress(OSError, TimeoutError, InvalidHandshake, WebSocketException):
                async with connect(url, subprotocols=protocols, open_timeout=CALL_SECONDS) as socket:
                    await socket.send(json.dumps({"snapshot": not resume_token, "resumeToken": resume_token}))
                    async for text in socket:
                        resume_token = self._take_frame(json.loads(text)) or resume_token
            self.resumptions += 1
            await asyncio.sleep(RETRY_SECONDS)

    def _take_frame(self, frame: dict[str, Any]) -> str:
        """Notes the score in a frame, if there is one; gives the resume token."""
        # The last frame of a call that failed. Leadline may be away; that it refuses the token would be a loss.
        status = frame if "code" in frame else frame.get("status")
        if status is not None:
            assert status["code"] in PASSING_CODES, status
            return ""
        message = ParseDict(frame, WatchScoresResponse())
        match message.WhichOneof("event"):
            case "score_change":
                self.seen[message.score_change.score.lead] = message.score_change.score
            case "snapshot_score":
                self.seen[message.snapshot_score.lead] = message.snapshot_score
        return message.resume_token
