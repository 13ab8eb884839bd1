"""`leadline watch`: each new score as it is stored."""

from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.lead_names import find_lead
from clients.cli.output import as_dict, console, error_console, percent, short_time, show_json
from leadline_sdk import ScoreUpdate


def watch(
    context: typer.Context,
    *,
    leads: Annotated[
        list[str] | None, typer.Argument(metavar="[LEAD]...", help="Only these leads: your ids, or leads/...")
    ] = None,
    filter_text: Annotated[
        str, typer.Option("--filter", help="Only scores that pass it, such as: grade = A AND owner = kim.")
    ] = "",
    snapshot: Annotated[bool, typer.Option("--snapshot", help="Show the stored scores first, as they are.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many scores.")] = None,
    resume: Annotated[str, typer.Option(help="Resume token (from --json) of the last score that you have seen.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show each new score as it is stored, until Ctrl-C. Goes on by itself after a lost connection."""
    connection = connection_of(context)
    with connection.client() as client:
        names = [find_lead(client, told).name for told in leads or ()]
        error_console.print(f"watching {f'{len(names)} leads' if names else 'all leads'}; Ctrl-C ends it", style="dim")
        try:
            for update in islice(
                client.watch_scores(names, filter=filter_text, snapshot=snapshot, resume_token=resume), count
            ):
                if as_json:
                    show_json(_as_dict(update))
                else:
                    console.print(_line(update))
        except KeyboardInterrupt:
            error_console.print("ended", style="dim")


def _as_dict(update: ScoreUpdate) -> dict[str, object]:
    return {
        "score": as_dict(update.score),
        "previous_probability": update.previous_probability,
        "resume_token": update.resume_token,
    }


def _line(update: ScoreUpdate) -> Text:
    score = update.score
    line = Text.assemble(
        (short_time(score.compute_time), "dim"), f"  {score.lead}  ", (f"{score.value:>3}", "bold cyan")
    )
    if update.previous_probability is None:
        line.append(f"  {percent(score.probability)} (first score)")
    else:
        rises = score.probability > update.previous_probability
        line.append(f"  {percent(update.previous_probability)} → ")
        line.append(percent(score.probability), "green" if rises else "red")
    return line
