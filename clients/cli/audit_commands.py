"""`leadline audit`: who changed what, who read personal data, who was let in or kept out."""

import re
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.output import RIGHT, as_dict, console, short_time, show_json, table
from leadline_sdk import AuditAnchor, AuditRecord, BrokenAuditRecord, VerifyAuditLogResponse

app = typer.Typer(no_args_is_help=True, help="Read, export and verify the audit log.")

MOST_SHOWN = 20
SHOWN_RESOURCES = 2
# Names are told as a whole, over several lines where they must be.
WHOLE = {"overflow": "fold"}

FilterOption = Annotated[
    str, typer.Option("--filter", help="Which records, such as 'kind = READ AND resource = \"leads/...\"'.")
]
_FAULTS = {
    BrokenAuditRecord.FAULT_MISSING: "is gone",
    BrokenAuditRecord.FAULT_ALTERED: "was altered",
    BrokenAuditRecord.FAULT_NOT_THE_ANCHOR: "is not the one that the anchor names",
}


@app.command("list")
def list_records(
    context: typer.Context,
    *,
    conditions: FilterOption = "",
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List records, the newest first."""
    with connection_of(context).client() as client:
        listed = client.list_audit_records(filter=conditions, page_size=min(count, 1_000))
        found = list(islice(listed, count))
    if as_json:
        show_json([as_dict(record) for record in found])
        return
    if not found:
        console.print("There are no such records.")
        return
    shown = table(
        "Audit log", [("no.", RIGHT), "when (UTC)", ("who", WHOLE), ("what", WHOLE), ("about", WHOLE), "result"]
    )
    for record in found:
        shown.add_row(
            f"{record.sequence_number:,}",
            short_time(record.create_time),
            Text(f"{record.principal or 'nobody known'} {record.client_address}"),
            record.method.removeprefix("leadline.v1.").replace("/", " "),
            Text(_about(record)),
            record.reason or record.code,
        )
    console.print(shown)


@app.command("export")
def export(
    context: typer.Context,
    *,
    conditions: FilterOption = "",
    after: Annotated[int, typer.Option(min=0, help="Go on after the record of this number.")] = 0,
) -> None:
    """Write all records to standard output, the oldest first: one line of JSON each."""
    with connection_of(context).client() as client:
        for record in client.export_audit_records(filter=conditions, after_sequence_number=after):
            show_json(as_dict(record))


@app.command("verify")
def verify(
    context: typer.Context,
    *,
    anchor: Annotated[
        str, typer.Option(metavar="NUMBER:DIGEST", help="What an earlier verification has shown as its anchor.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Verify that no record was changed, taken out or put in between; exits with 1 if one was.

    Keep the anchor that is shown outside of Leadline: with it, even a log that was written anew as a whole is found.
    """
    kept = _read_anchor(anchor) if anchor else None
    with connection_of(context).client() as client:
        found = client.verify_audit_log()
        if kept is not None and not found.HasField("broken_record"):
            since = client.verify_audit_log(after=kept)
            found = since if since.HasField("broken_record") else found
    if as_json:
        show_json(as_dict(found))
    else:
        _show(found)
    if found.HasField("broken_record"):
        raise typer.Exit(1)


def _about(record: AuditRecord) -> str:
    """Gives what a record is about in short: resources, or else fields, or else counts."""
    if record.resources:
        more = len(record.resources) - SHOWN_RESOURCES
        return ", ".join(record.resources[:SHOWN_RESOURCES]) + (f" and {more:,} more" if more > 0 else "")
    return ", ".join(f"{name.removesuffix('_count')} {number:,}" for name, number in sorted(record.counts.items()))


def _read_anchor(text: str) -> AuditAnchor:
    found = re.fullmatch(r"([1-9]\d{0,17}):([0-9a-f]{64})", text)
    if found is None:
        raise CommandError(f"{text!r} is no anchor", advice="give NUMBER:DIGEST as `leadline audit verify` shows it")
    return AuditAnchor(sequence_number=int(found[1]), digest=bytes.fromhex(found[2]))


def _show(found: VerifyAuditLogResponse) -> None:
    if found.HasField("broken_record"):
        broken = found.broken_record
        console.print(f"[bold red]record {broken.sequence_number:,} {_FAULTS[broken.fault]}[/] {broken.name}")
    else:
        console.print(f"all {found.verified_count:,} records are as they were written")
    if found.unsealed_count:
        console.print(f"{found.unsealed_count:,} wait to be sealed")
    if found.HasField("head"):
        console.print(f"anchor: {found.head.sequence_number}:{found.head.digest.hex()}", soft_wrap=True)
