"""`leadline keys`: the keys by which personal data is kept encrypted."""

from itertools import islice
from typing import Annotated

import typer

from clients.cli.context import JsonOption, connection_of
from clients.cli.operations import show_started, wait_for
from clients.cli.output import as_dict, console, short_time, show_json, table
from leadline_sdk import KeyServiceKind, TenantKeyState

app = typer.Typer(help="List and rotate the keys by which personal data is kept encrypted.")

MOST_SHOWN = 50


@app.callback(invoke_without_command=True)
def keys(context: typer.Context) -> None:
    """List and rotate the keys of encryption. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_keys(context)


@app.command("list")
def list_keys(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List the versions of your organization's key, the newest first: never a key itself."""
    with connection_of(context).client() as client:
        found = list(islice(client.list_tenant_keys(page_size=min(count, 1_000)), count))
    if as_json:
        show_json([as_dict(key) for key in found])
        return
    if not found:
        console.print("There is no key yet: the first lead makes it.")
        return
    shown = table("Keys", ["name", "state", "leads", "wrapped by", "made (UTC)", "retired (UTC)"])
    for key in found:
        shown.add_row(
            key.name,
            _word(TenantKeyState.Name(key.state), "TENANT_KEY_STATE_"),
            f"{key.lead_count:,}",
            _word(KeyServiceKind.Name(key.key_service), "KEY_SERVICE_KIND_"),
            short_time(key.create_time),
            short_time(key.retire_time) if key.HasField("retire_time") else "",
        )
    console.print(shown)


@app.command("rotate")
def rotate(
    context: typer.Context,
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is over, or only start.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Give your organization's key a new version, and wrap the keys of all leads by it.

    Leads can be read and written meanwhile. It takes some minutes even with few leads: the version before is retired
    when no process holds it any more.
    """
    with connection_of(context).client() as client:
        operation = client.rotate_tenant_key()
        if not wait:
            show_started(operation, as_json=as_json)
            return
        response = wait_for(operation, "rotating the key")
    if as_json:
        show_json(as_dict(response))
        return
    console.print(f"{response.tenant_key} wraps the keys of all leads; {response.rewrapped_count:,} were wrapped anew.")
    if response.broken_count:
        console.print(
            f"[red]{response.broken_count:,} leads can't be read: their keys were changed outside of Leadline:[/] "
            f"{', '.join(response.broken_leads)}"
        )


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")
