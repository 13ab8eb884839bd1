"""`leadline publish`: events as they happen, each acknowledged."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.json_events import events_of
from clients.cli.output import console, error_as_dict, error_console, show_json
from clients.cli.refusals import Refusal, refusal_reason
from leadline_sdk import EventOutcome, PublishedEvent

OUTCOMES = {
    EventOutcome.EVENT_OUTCOME_RECORDED: ("recorded", "green"),
    EventOutcome.EVENT_OUTCOME_DUPLICATE: ("known already", "dim"),
    EventOutcome.EVENT_OUTCOME_REFUSED: ("refused", "red"),
}


def publish(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Argument(help="Events, one JSON object a line; - reads them from standard input as they come.")
    ] = Path("-"),
    as_json: JsonOption = False,
) -> None:
    """Record events as they happen, and show what became of each as soon as Leadline tells.

    A line is an event: `{"lead": "crm-7", "type": "call", "occurred_time": "2026-01-02T03:04:05Z", "properties":
    {"minutes": 4}}`. `lead` is your own id of the lead or its name, leads/...; without `occurred_time` it happens now;
    `event_id` is your id of the event, under which it counts once. What a lost connection cut off is sent again.
    Exits with 1 if a line can't be used.
    """
    connection = connection_of(context)
    unread: list[int] = []

    def refuse(refusal: Refusal) -> None:
        unread.append(refusal.line_number)
        error_console.print(Text(f"line {refusal.line_number}: {refusal.reason}", "red"), soft_wrap=True)

    refused_count = 0
    try:
        opened = nullcontext(sys.stdin.buffer) if file == Path("-") else file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}") from error
    with opened as lines, connection.client() as client:
        try:
            for published in client.publish_events(events_of(lines, refuse)):
                refused_count += published.outcome == EventOutcome.EVENT_OUTCOME_REFUSED
                if as_json:
                    show_json(_as_dict(published))
                else:
                    console.print(_line(published), soft_wrap=True)
        except KeyboardInterrupt:
            error_console.print("ended", style="dim")
    refused_count += len(unread)
    if refused_count:
        raise CommandError(
            "1 event was not taken" if refused_count == 1 else f"{refused_count:,} events were not taken"
        )


def _as_dict(published: PublishedEvent) -> dict[str, Any]:
    return {
        "event_id": published.event_id,
        "outcome": EventOutcome.Name(published.outcome).removeprefix("EVENT_OUTCOME_"),
        "error": error_as_dict(published.error) if published.error else None,
        "dead_letter": published.dead_letter,
    }


def _line(published: PublishedEvent) -> Text:
    outcome, style = OUTCOMES.get(published.outcome, ("unknown", "red"))
    line = Text.assemble(f"{published.event_id}  ", (outcome, style))
    if published.error is not None:
        line.append(f": {refusal_reason(published.error)}")
    if published.dead_letter:
        line.append(f" ({published.dead_letter})", "dim")
    return line
