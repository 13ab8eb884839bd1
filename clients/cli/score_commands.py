"""`leadline score` and `leadline explain`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from google.protobuf.json_format import ParseError
from rich.text import Text

from clients.cli.attributions import chart, main_reasons
from clients.cli.context import JsonOption, connection_of
from clients.cli.document_files import fields_of
from clients.cli.errors import CommandError
from clients.cli.evidence import evidence, interval
from clients.cli.lead_names import find_lead, label
from clients.cli.output import (
    RIGHT,
    as_dict,
    console,
    error_as_dict,
    error_console,
    progress_bar,
    show_json,
    table,
)
from clients.cli.rule_points import next_grade, points_table
from clients.cli.suggested_changes import grade_letter, suggestions_table
from leadline_sdk import Client, Lead, LeadlineError, Score, ScoredLead, Suggestion

LeadsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[LEAD]...", help="Your ids of the leads, or leads/...")
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help='JSON file with a lead that is not stored, or a list of them: {"Lead Source": "Google", "Visits": 4}',
    ),
]


def score(
    context: typer.Context,
    *,
    leads: LeadsArgument = None,
    all_open: Annotated[bool, typer.Option("--all-open", help="All open leads, the best first.")] = False,
    file: FileOption = None,
    top: Annotated[int, typer.Option(min=1, help="Leads to show of --all-open; JSON has all.")] = 20,
    reasons: Annotated[int, typer.Option(min=0, help="Reasons to show for each lead.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Score leads as they now are, with the main reasons.

    Give one of: leads, --all-open, or --file for leads that are not stored.
    """
    if sum((bool(leads), all_open, file is not None)) != 1:
        raise CommandError(
            "which leads?", advice="give their ids, or --all-open, or --file with leads that are not stored"
        )
    connection = connection_of(context)
    with connection.client() as client:
        if file is not None:
            scored = [(name, client.score_inline_lead(fields)) for name, fields in _inline_leads(file)]
            _show([(name, ScoredLead(name, found, None)) for name, found in scored], reasons, "Scores", as_json=as_json)
        elif leads:
            found = [find_lead(client, told) for told in leads]
            _show(_scored(client, found), reasons, "Scores", as_json=as_json)
        else:
            results = list(_scored_open(client, omit_attributions=not as_json))
            results.sort(key=_place)
            if as_json:
                _show(results, reasons, "", as_json=True)
                return
            if not results:
                console.print("There is no open lead to score: `leadline import FILE` stores leads.")
                return
            best = [(name, result) for name, result in results[:top] if result.score is not None]
            explained = client.batch_score_leads(result.name for _, result in best)
            title = f"The best {len(best)} of {len(results):,} open leads"
            _show(zip((name for name, _ in best), explained, strict=True), reasons, title, as_json=False)


def explain(
    context: typer.Context,
    *,
    lead: Annotated[str | None, typer.Argument(metavar="[LEAD]", help="Your id of the lead, or leads/...")] = None,
    file: FileOption = None,
    features: Annotated[int, typer.Option(min=1, help="Features to show one by one.")] = 15,
    can_change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            help="Field that can be changed, or events.TYPE.count. Repeatable. "
            "Without it: events that could happen, and answers that are missing.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a lead has its score, and what would raise it.

    Draws what each feature adds to or takes from the score of an average lead. The parts are exact Shapley values:
    they add up to the lead's log-odds. What would raise the score of a stored lead is verified by scoring it.
    """
    if (lead is None) == (file is None):
        raise CommandError("which lead?", advice="give its id, or --file with a lead that is not stored")
    connection = connection_of(context)
    suggestions: list[Suggestion] | None = None
    with connection.client() as client:
        if file is not None:
            inline = list(_inline_leads(file))
            if len(inline) != 1:
                raise CommandError(
                    f"{file} has {len(inline)} leads; explain takes one", advice="`leadline score --file` takes several"
                )
            name, fields = inline[0]
            found = client.score_inline_lead(fields)
        else:
            stored = find_lead(client, lead or "")
            name, found = label(stored), client.score_lead(stored.name)
            if found.model:
                suggestions = list(client.suggest_changes(stored.name, can_change or []).suggestions)
    if as_json:
        told = as_dict(found)
        if suggestions is not None:
            told["suggestions"] = [as_dict(suggestion) for suggestion in suggestions]
        show_json(told)
        return
    console.print(Text.assemble((name, "bold"), "  ", _verdict(found)))
    if found.attributions:
        console.print(chart(found, features))
    if found.rule_set:
        console.print(points_table(found))
        console.print(Text(next_grade(found)))
    if found.model:
        _show_suggestions(suggestions)
        console.print(Text(f"model {found.model}", "dim"))


def _show_suggestions(suggestions: list[Suggestion] | None) -> None:
    if suggestions:
        console.print(suggestions_table(suggestions))
    elif suggestions is not None:
        console.print("No change of up to three of these fields raises the score to the next grade, or by 10.")


def _place(result: tuple[str, ScoredLead]) -> tuple[int, float]:
    """Give where a lead stands among others: the highest score first, those without one last."""
    score = result[1].score
    return (-score.value, -score.probability) if score else (1, 0.0)


def _verdict(found: Score) -> Text:
    grade = f"grade {grade_letter(found)}, " if found.grade else ""
    between = f"{found.model_value} by the model and {found.rule_points:+d} by rules" if found.rule_set else ""
    return Text.assemble(
        grade, "score ", (str(found.value), "bold cyan"), f" of 100 ({between or interval(found)}), {evidence(found)}"
    )


def _inline_leads(file: Path) -> Iterator[tuple[str, Lead]]:
    """Give the leads of a JSON file, each with its place as a name.

    A field's value is a number, text, true or false, or has its kind told as the contract does: `{"date": "..."}`.

    Raises:
        CommandError: the file is not a JSON object or a list of them, or a value can't be held by a field.
    """
    try:
        document = orjson.loads(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{file} is not JSON: {error}") from error
    leads = document if isinstance(document, list) else [document]
    if not leads or not all(isinstance(fields, dict) for fields in leads):
        raise CommandError(f"{file} must hold the fields of a lead as a JSON object, or a list of such objects")
    for place, fields in enumerate(leads, start=1):
        name = f"lead {place} of {file.name}"
        try:
            yield name, Lead(fields=fields_of(fields))
        except (ValueError, TypeError, ParseError) as error:
            raise CommandError(f"{name}: {error}") from error


def _scored(client: Client, leads: list[Lead]) -> Iterator[tuple[str, ScoredLead]]:
    results = client.batch_score_leads(lead.name for lead in leads)
    for lead, result in zip(leads, results, strict=True):
        yield label(lead), result


def _scored_open(client: Client, *, omit_attributions: bool) -> Iterator[tuple[str, ScoredLead]]:
    with error_console.status("listing open leads"):
        labels = {lead.name: label(lead) for lead in client.list_leads(filter="status = OPEN", page_size=1_000)}
    with progress_bar("leads") as bar:
        for result in bar.track(
            client.batch_score_leads(labels, omit_attributions=omit_attributions),
            total=len(labels),
            description="scoring",
        ):
            yield labels[result.name], result


def _show(results: Iterable[tuple[str, ScoredLead]], reasons: int, title: str, *, as_json: bool) -> None:
    if as_json:
        show_json([_result_as_dict(name, result) for name, result in results])
        return
    shown = table(title, ["lead", ("grade", RIGHT), ("score", RIGHT), ("from-to", RIGHT), "main reasons"])
    failures, rests_on = 0, dict[str, None]()
    for name, result in results:
        if result.score is not None:
            shown.add_row(
                Text(name),
                grade_letter(result.score),
                str(result.score.value),
                interval(result.score),
                main_reasons(result.score, reasons),
            )
            rests_on[evidence(result.score)] = None
        else:
            failures += 1
            shown.add_row(Text(name), "-", "-", "-", Text(_message(result.error), "red"))
    console.print(shown)
    for words in rests_on:
        console.print(Text(f"with 90 % confidence, {words}", "dim"))
    if failures:
        raise CommandError(f"{failures} of these leads could not be scored")


def _message(error: LeadlineError | None) -> str:
    return error.message if error else "no answer"


def _result_as_dict(name: str, result: ScoredLead) -> dict[str, Any]:
    document: dict[str, Any] = {"lead": result.name, "label": name}
    if result.score is not None:
        document["score"] = as_dict(result.score)
    if result.error is not None:
        document["error"] = error_as_dict(result.error)
    return document
