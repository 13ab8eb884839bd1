"""`leadline dead-letters`: what came in and could not be used."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.document_files import read_message
from clients.cli.output import RIGHT, as_dict, console, short_time, show_json, table
from leadline_sdk import DeadLetter, DeadLetterKind, Event

app = typer.Typer(help="See, correct and replay what came in and could not be used.")

MOST_SHOWN = 20

NameArgument = Annotated[str, typer.Argument(metavar="DEAD_LETTER", help="Its name, deadLetters/...")]


@app.callback(invoke_without_command=True)
def dead_letters(context: typer.Context) -> None:
    """See, correct and replay what came in and could not be used. Without a command: list it."""
    if context.invoked_subcommand is None:
        list_dead_letters(context)


@app.command("list")
def list_dead_letters(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the newest first."""
    with connection_of(context).client() as client:
        found = list(islice(client.list_dead_letters(page_size=min(count, 1_000)), count))
    if as_json:
        show_json([as_dict(dead_letter) for dead_letter in found])
        return
    if not found:
        console.print("There are no dead letters.")
        return
    shown = table("Dead letters", ["name", "what", "why", ("times", RIGHT), "last (UTC)"])
    for dead_letter in found:
        shown.add_row(
            dead_letter.name,
            Text(_what(dead_letter)),
            Text(dead_letter.status.message),
            str(dead_letter.attempt_count),
            short_time(dead_letter.update_time),
        )
    console.print(shown)


@app.command("show")
def show(context: typer.Context, name: NameArgument) -> None:
    """Show a dead letter as JSON; what stands under `event` is what `replay --event` takes."""
    with connection_of(context).client() as client:
        show_json(as_dict(client.get_dead_letter(name)))


@app.command("replay")
def replay(
    context: typer.Context,
    name: NameArgument,
    *,
    event: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The event as it should have been: TOML, or JSON (.json).")
    ] = None,
) -> None:
    """Try a dead letter once more; where that succeeds, it is gone."""
    corrected = read_message(event, Event(), "an event: `event_id`, `lead`, `type`, `occurred_time`") if event else None
    with connection_of(context).client() as client:
        duplicate = client.replay_dead_letter(name, corrected)
    console.print("the event was recorded meanwhile; nothing was left to do" if duplicate else "done; it is gone")


@app.command("delete")
def delete(context: typer.Context, name: NameArgument) -> None:
    """Delete a dead letter."""
    with connection_of(context).client() as client:
        client.delete_dead_letter(name)
    console.print(f"{name} is deleted")


def _what(dead_letter: DeadLetter) -> str:
    if dead_letter.kind == DeadLetterKind.DEAD_LETTER_KIND_EVENT:
        return f"event {dead_letter.event.event_id}: {dead_letter.event.type}"
    return f"changes of {len(dead_letter.leads):,} leads"
