"""`leadline history`: the scores that a lead had, and the events that moved each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.lead_names import find_lead, label
from clients.cli.output import RIGHT, as_dict, console, percent, short_time, show_json, table
from clients.cli.suggested_changes import grade_letter
from leadline_sdk import RecordedEvent, Score

MOST_EVENTS = 10_000
LARGEST_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """A score that a lead came to.

    Attributes:
        score: the score.
        points: by how much its value differs from the one before; None for the first.
        events: what was recorded since the one before, the latest first: that is what moved it.
    """

    score: Score
    points: int | None
    events: Sequence[RecordedEvent]


def moves(scores: Sequence[Score], events: Iterable[RecordedEvent]) -> Iterator[Move]:
    """Give what moved each score.

    Args:
        scores: the scores of a lead, the latest first.
        events: its events, the latest first.
    """
    recorded = [(event.record_time.ToNanoseconds(), event) for event in events]
    for score, before in pairwise(scores):
        since, until = before.compute_time.ToNanoseconds(), score.compute_time.ToNanoseconds()
        yield Move(score, score.value - before.value, [event for at, event in recorded if since < at <= until])
    if scores:
        yield Move(scores[-1], None, ())


def history(
    context: typer.Context,
    *,
    lead: Annotated[str, typer.Argument(help="Your id of the lead, or leads/...")],
    limit: Annotated[int, typer.Option(min=1, help="The most scores to show.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the scores that a lead had, the latest first, and the events that moved each."""
    connection = connection_of(context)
    with connection.client() as client:
        found = find_lead(client, lead)
        # One more tells what moved the earliest that is shown.
        scores = list(islice(client.list_lead_scores(found.name, page_size=min(limit + 1, LARGEST_PAGE)), limit + 1))
        events = (
            list(islice(client.list_lead_events(found.name, page_size=LARGEST_PAGE), MOST_EVENTS)) if scores else []
        )
    shown = list(islice(moves(scores, events), limit))
    if as_json:
        show_json([_as_dict(move) for move in shown])
        return
    if not shown:
        console.print("The lead has no score yet.")
        return
    rows = table(
        f"Scores of {label(found)}",
        ["time (UTC)", ("score", RIGHT), ("change", RIGHT), ("grade", RIGHT), ("probability", RIGHT), "what moved it"],
    )
    for move in shown:
        rows.add_row(
            short_time(move.score.compute_time),
            str(move.score.value),
            Text("first") if move.points is None else _change(move.points),
            grade_letter(move.score),
            percent(move.score.probability),
            Text(_in_words(move.events)),
        )
    console.print(rows)


def _as_dict(move: Move) -> dict[str, object]:
    return {"score": as_dict(move.score), "points": move.points, "events": [as_dict(event) for event in move.events]}


def _change(points: int) -> Text:
    return Text(f"{points:+d}", style="green" if points > 0 else "red" if points < 0 else "dim")


def _in_words(events: Iterable[RecordedEvent]) -> str:
    """Give events in words, such as `page view (3), email opened`."""
    counts = Counter(event.event.type for event in events)
    return ", ".join(
        event_type.replace("_", " ") + (f" ({count})" if count > 1 else "")
        for event_type, count in counts.most_common()
    )
