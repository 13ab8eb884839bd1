"""How commands show things: tables and progress for people, JSON for programs, failures in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from clients.cli.errors import CommandError
from leadline_sdk import LeadlineError, Unavailable

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)

ADVICE = {
    "NO_MODEL": "train one with `leadline train`",
    "NOT_ENOUGH_OUTCOMES": "import leads whose outcome is known: `leadline import FILE --target COLUMN`",
    "NO_USABLE_FIELD": "import leads with fields that differ between them",
    "TOKEN_EXPIRED": "get a new token; `make up` writes one to its profile at each start",
    "TOKEN_MISSING": "log in with `leadline login`, give --token or set LEADLINE_TOKEN",
    "TOKEN_REVOKED": "log in again with `leadline login`",
    "TOKEN_INVALID": "the token must be one that this Leadline issued",
    "PERMISSION_MISSING": "ask for a token with this permission",
}


def show_json(document: Any) -> None:
    """Write a document as one line of JSON to standard output."""
    typer.echo(orjson.dumps(document).decode())


def as_dict(message: Message) -> dict[str, Any]:
    """Give a message as it is in JSON by protobuf's rules: with the contract's field names, 64-bit integers as text."""
    document: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return document


def error_as_dict(error: LeadlineError) -> dict[str, Any]:
    """Give an error as it is in JSON."""
    return {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "field_violations": [
            {"field": violation.field, "description": violation.description} for violation in error.field_violations
        ],
    }


def show_failure(error: CommandError | LeadlineError) -> None:
    """Tell on standard error what went wrong and what can be done."""
    if isinstance(error, Unavailable) and not error.reason:
        lines, advice = (
            [f"Leadline can't be reached: {error.message}"],
            "is it running? `make up` starts it on this machine",
        )
    elif isinstance(error, LeadlineError):
        lines, advice = [error.message or error.code.name], ADVICE.get(error.reason, "")
        lines += [f"  {violation.field}: {violation.description}" for violation in error.field_violations]
        if error.metadata.get("request_id"):
            advice = f"this is a defect of Leadline; its log has the cause under {error.metadata['request_id']}"
    else:
        lines, advice = [str(error)], getattr(error, "advice", "")
    error_console.print("[bold red]error:[/]", end=" ")
    error_console.print("\n".join(lines), markup=False, soft_wrap=True)
    if advice:
        error_console.print(advice, markup=False, soft_wrap=True, style="yellow")


def progress_bar(unit: str = "") -> Progress:
    """Give a progress bar on standard error; it shows nothing where that is not a terminal.

    Args:
        unit: what is counted; empty to show percent.
    """
    counted = [MofNCompleteColumn(), TextColumn(unit)] if unit else [TaskProgressColumn()]
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *counted,
        TimeElapsedColumn(),
        console=error_console,
        disable=not error_console.is_terminal,
        transient=True,
    )


def table(title: str, columns: Sequence[str | tuple[str, Mapping[str, Any]]]) -> Table:
    """Give an empty table.

    Args:
        title: stands above it.
        columns: the headings, each with rich's settings of its column if it has any.
    """
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        if isinstance(column, str):
            shown.add_column(column)
        else:
            shown.add_column(column[0], **column[1])
    return shown


RIGHT: Mapping[str, Any] = {"justify": "right", "no_wrap": True}


def short_time(timestamp: Timestamp) -> str:
    """Give a time for people, in UTC, to the second."""
    return f"{timestamp.ToDatetime():%Y-%m-%d %H:%M:%S}" if timestamp.seconds else ""


def percent(probability: float) -> str:
    """Give a probability in percent with one decimal."""
    return f"{probability:.1%}"
