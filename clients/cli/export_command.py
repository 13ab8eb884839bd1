"""`leadline export`: from stored leads to a file."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer
from leadline.v1.lead_pb2 import LeadStatus

from clients.cli.context import connection_of
from clients.cli.errors import CommandError
from clients.cli.output import as_dict, error_console, progress_bar
from clients.cli.suggested_changes import grade_letter
from leadline_sdk import Lead, from_field_value

PAGE_SIZE = 1_000
ATTRIBUTES = ("external_id", "email", "display_name", "company", "phone", "owner")
OUTCOMES = {LeadStatus.LEAD_STATUS_CONVERTED: "converted", LeadStatus.LEAD_STATUS_LOST: "lost"}
COLUMNS = ("name", *ATTRIBUTES, "outcome", "received_time", "outcome_time", "score", "grade", "probability")

# A spreadsheet computes what begins with one of these (OWASP, CSV Injection).
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What an exported file is."""

    CSV = "csv"
    JSONL = "jsonl"


def export_leads(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="The file to write; - for standard output.")],
    condition: Annotated[
        str, typer.Option("--filter", help="Conditions joined by AND, such as: status = OPEN AND grade = A")
    ] = "",
    file_format: Annotated[
        Format, typer.Option("--format", help="csv: a column for each field; jsonl: a lead as JSON in each line.")
    ] = Format.CSV,
    for_spreadsheets: Annotated[
        bool,
        typer.Option(
            "--for-spreadsheets", help="Put an apostrophe before texts that a spreadsheet would take for formulas."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Export leads with their fields and their latest scores.

    The file appears when it is whole.
    """
    if str(file) != "-" and file.exists() and not force:
        raise CommandError(f"{file} is there already", advice="give another name, or --force to replace it")
    with connection_of(context).client() as client, _whole(file) as output:
        leads = _counted(client.list_leads(filter=condition, order_by="create_time", page_size=PAGE_SIZE))
        if file_format is Format.JSONL:
            count = _write_lines(leads, output)
        else:
            count = _write_csv(leads, output, for_spreadsheets=for_spreadsheets)
    error_console.print(f"{count:,} leads are exported.")


@contextmanager
def _whole(file: Path) -> Iterator[IO[str]]:
    """Give what to write to; the file is there when the block has ended well, and not before.

    Raises:
        CommandError: it can't be written.
    """
    if str(file) == "-":
        yield typer.get_text_stream("stdout")
        return
    partial = file.with_name(f".{file.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as output:
            yield output
        partial.replace(file)
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _counted(leads: Iterable[Lead]) -> Iterator[Lead]:
    with progress_bar("leads") as bar:
        task = bar.add_task("exporting", total=None)
        for lead in leads:
            yield lead
            bar.advance(task)


def _write_lines(leads: Iterable[Lead], output: IO[str]) -> int:
    count = 0
    for count, lead in enumerate(leads, 1):  # noqa: B007 - the last one is the number of leads
        output.write(orjson.dumps(as_dict(lead)).decode() + "\n")
    return count


def _write_csv(leads: Iterable[Lead], output: IO[str], *, for_spreadsheets: bool) -> int:
    """Write a column for each field that any lead has, which is known when all have been read."""
    fields: dict[str, None] = {}
    count = 0
    with tempfile.TemporaryFile() as read:
        for count, lead in enumerate(leads, 1):  # noqa: B007 - as above
            values = {name: from_field_value(value) for name, value in lead.fields.items()}
            fields.update(dict.fromkeys(values))
            read.write(orjson.dumps([_row(lead), values], default=str) + b"\n")
        read.seek(0)
        # A field may have the name of a column.
        header = [*COLUMNS, *(f"fields.{name}" if name in COLUMNS else name for name in fields)]
        writer = csv.writer(output)
        writer.writerow([_cell(name, for_spreadsheets=for_spreadsheets) for name in header])
        for line in read:
            row, values = orjson.loads(line)
            cells = [*row, *(values.get(name) for name in fields)]
            writer.writerow([_cell(cell, for_spreadsheets=for_spreadsheets) for cell in cells])
    return count


def _row(lead: Lead) -> list[str | int | float | None]:
    scored = lead.HasField("score")
    return [
        lead.name,
        *(getattr(lead, attribute) for attribute in ATTRIBUTES),
        OUTCOMES.get(lead.status, ""),
        lead.received_time.ToJsonString(),
        lead.outcome_time.ToJsonString() if lead.HasField("outcome_time") else "",
        lead.score.value if scored else None,
        grade_letter(lead.score) if scored else None,
        lead.score.probability if scored else None,
    ]


def _cell(value: object, *, for_spreadsheets: bool) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if for_spreadsheets and isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS):
        return f"'{value}"
    return value
