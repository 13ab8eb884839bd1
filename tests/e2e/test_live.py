"""An event changes a score, and the new score reaches whoever watches."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from queue import Queue
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from deploy.local.demo.live import EVENT_TYPE, watch_one_change
from leadline_sdk import Cancelled, Client, Event, InvalidRequest, ScoreUpdate, to_timestamp
from tests.e2e.conftest import TrainedTenant
from tests.e2e.test_identity import reason_of

SUBSCRIBED_SECONDS = 60.0
WEBSOCKET_UNAUTHENTICATED = 4016


def webinar(lead: str, event_id: str) -> Event:
    return Event(event_id=event_id, lead=lead, type=EVENT_TYPE, occurred_time=to_timestamp(datetime.now(UTC)))


def watched(client: Client, names: list[str], token: str = "") -> "Queue[ScoreUpdate]":
    """Collects the updates of a watch in the background, once it is subscribed."""
    updates: Queue[ScoreUpdate] = Queue()

    def collect(watch: Iterator[ScoreUpdate]) -> None:
        with suppress(Cancelled, ValueError):  # the client was closed, during a call or between two
            for update in watch:
                updates.put(update)

    watch = client.watch_scores(names, resume_token=token, snapshot=not token)
    threading.Thread(target=collect, args=(watch,), daemon=True).start()
    if not token:
        # The scores as they are come first, and after them each change.
        assert {updates.get(timeout=SUBSCRIBED_SECONDS).score.lead for _ in names} == set(names)
    return updates


def test_an_event_changes_the_score_and_is_pushed(trained: TrainedTenant) -> None:
    lead = trained.quiet_leads[len(trained.quiet_leads) // 3]

    change = watch_one_change(trained.client, lead)

    assert change.before == pytest.approx(lead.score.probability)
    assert change.after != change.before
    stored = trained.client.get_lead(lead.name)
    assert stored.score.probability == pytest.approx(change.after)
    assert trained.client.score_lead(lead.name).probability == pytest.approx(change.after, abs=1e-5)


def test_an_event_sent_twice_counts_once(trained: TrainedTenant) -> None:
    lead = trained.quiet_leads[10].name
    event = webinar(lead, "twice")

    first, second = trained.client.record_events([event]), trained.client.record_events([event])

    assert (first.recorded_count, first.duplicate_count) == (1, 0)
    assert (second.recorded_count, second.duplicate_count) == (0, 1)


def test_a_watch_resumes_after_what_it_handled(trained: TrainedTenant) -> None:
    first, second = trained.quiet_leads[20].name, trained.quiet_leads[21].name
    updates = watched(trained.client, [first, second])
    trained.client.record_events([webinar(first, "resume-1")])
    handled = updates.get(timeout=20)
    assert handled.score.lead == first

    trained.client.record_events([webinar(second, "resume-2")])
    assert updates.get(timeout=20).score.lead == second

    resumed = watched(trained.client, [first, second], handled.resume_token)
    assert resumed.get(timeout=20).score.lead == second


def test_a_foreign_resume_token_is_refused(trained: TrainedTenant) -> None:
    with pytest.raises(InvalidRequest) as failure:
        next(trained.client.watch_scores(resume_token="made up"))  # noqa: S106 - a resume token

    assert failure.value.reason == "INVALID_RESUME_TOKEN"


def test_a_watch_of_one_lead_tells_of_no_other(trained: TrainedTenant) -> None:
    watched_lead, other = trained.quiet_leads[30].name, trained.quiet_leads[31].name
    updates = watched(trained.client, [watched_lead])

    trained.client.record_events([webinar(other, "other")])
    trained.client.record_events([webinar(watched_lead, "watched")])

    assert updates.get(timeout=20).score.lead == watched_lead


def test_rest_streams_new_scores_as_lines_of_json(trained: TrainedTenant) -> None:
    lead = trained.quiet_leads[40].name
    received: Queue[dict[str, Any]] = Queue()
    is_subscribed = threading.Event()

    def read() -> None:
        with trained.rest() as rest, rest.stream("GET", "/v1/scores:watch", params={"names": lead}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line)
                # The first message is a heartbeat.
                is_subscribed.set()
                if "scoreChange" in message:
                    received.put(message)
                    return

    threading.Thread(target=read, daemon=True).start()
    assert is_subscribed.wait(SUBSCRIBED_SECONDS)
    trained.client.record_events([webinar(lead, "rest")])

    change = received.get(timeout=20)["scoreChange"]
    assert change["score"]["lead"] == lead
    assert 0.0 < change["previousProbability"] < 1.0


def test_a_websocket_hears_of_new_scores(trained: TrainedTenant) -> None:
    lead = trained.quiet_leads[50].name
    url = f"ws://{trained.stack.edge_address}/ws/leadline.v1.ScoringService/WatchScores"

    with connect(url, subprotocols=["leadline.v1", f"bearer.{trained.token}"], open_timeout=10) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"names": [lead]}))
        # The first message is a heartbeat.
        socket.recv(timeout=SUBSCRIBED_SECONDS)
        trained.client.record_events([webinar(lead, "websocket")])
        message = json.loads(socket.recv(timeout=20))

    assert message["scoreChange"]["score"]["lead"] == lead
    assert message["resumeToken"]


def test_a_websocket_ends_with_its_token(trained: TrainedTenant) -> None:
    url = f"ws://{trained.stack.edge_address}/ws/leadline.v1.ScoringService/WatchScores"
    token = trained.mint(lifetime=3.0)

    with connect(url, subprotocols=["leadline.v1", f"bearer.{token}"], open_timeout=10) as socket:  # type: ignore[list-item]
        socket.send("{}")
        received: list[str | bytes] = []
        with pytest.raises(ConnectionClosedError) as closed:
            received.extend(socket)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == WEBSOCKET_UNAUTHENTICATED
    assert reason_of(json.loads(received[-1])) == "TOKEN_EXPIRED"
