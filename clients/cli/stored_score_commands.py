"""`leadline replay`, `leadline rescore` and `leadline override`: the scores that Leadline has stored."""

from typing import Annotated

import typer

from clients.cli.context import JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.lead_names import find_lead, label
from clients.cli.operations import show_started, wait_for
from clients.cli.output import RIGHT, as_dict, console, percent, short_time, show_json, table

SCORES = "scores/"


def replay(
    context: typer.Context,
    *,
    score: Annotated[
        str, typer.Argument(metavar="SCORE", help="scores/..., or a lead by your id or leads/... for its latest score.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Compute a stored score once more, to show that it can be trusted.

    With each score Leadline keeps the model, what the model was given and the time, so that the same score comes
    again bit for bit.
    """
    with connection_of(context).client() as client:
        name = score
        if not score.startswith(SCORES):
            lead = find_lead(client, score)
            name = lead.score.name
            if not name:
                raise CommandError(f"{label(lead)} has no stored score", advice="`leadline rescore` scores open leads")
        replayed = client.replay_score(name)
    if as_json:
        show_json(as_dict(replayed))
        return
    shown = table(name, ["", ("score", RIGHT), ("probability", RIGHT), ("log-odds", RIGHT), "as of (UTC)", "model"])
    for title, found in (("stored", replayed.stored), ("replayed", replayed.replayed)):
        shown.add_row(
            title,
            str(found.value),
            percent(found.probability),
            repr(found.log_odds),
            short_time(found.compute_time),
            found.model,
        )
    console.print(shown)
    if not replayed.identical:
        raise CommandError("the score came out otherwise than it was stored")
    console.print("[green]The same score, bit for bit.[/]")


def override(
    context: typer.Context,
    *,
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="Your id of the lead, or leads/...")],
    value: Annotated[
        int | None, typer.Argument(min=0, max=100, help="The score that shall stand; without it, the computed one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set a lead's score by hand, or leave it to be computed again.

    What is set stands in every list, filter, watch and workflow, whatever events, rules and models say.
    """
    with connection_of(context).client() as client:
        found = find_lead(client, lead)
        score = client.clear_score_override(found.name) if value is None else client.override_score(found.name, value)
    if as_json:
        show_json(as_dict(score))
    elif value is None:
        console.print(f"{label(found)} has the computed score again: [bold]{score.value}[/].")
    else:
        console.print(
            f"{label(found)} has the score [bold]{score.value}[/] until it is cleared; "
            f"the model says {score.model_value}."
        )


def rescore(
    context: typer.Context,
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the scores, or only start.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Score every open lead anew and store the scores.

    Leadline does so by itself for each lead that changes; this makes all of them as of now.
    """
    with connection_of(context).client() as client:
        operation = client.rescore_leads()
        if not wait:
            show_started(operation, as_json=as_json)
            return
        response = wait_for(operation, "scoring")
    if as_json:
        show_json(as_dict(response))
    else:
        console.print(f"{response.scored_count:,} open leads are scored anew.")
