"""`leadline tracking-keys`: by which keys websites tell what their visitors do."""

from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.output import as_dict, console, short_time, show_json, table

app = typer.Typer(help="Make, list and delete the keys by which websites tell what their visitors do.")

MOST_SHOWN = 50
SNIPPET = '<script src="/leadline.js" data-edge="{edge}" data-key="{key}" defer></script>'

NameArgument = Annotated[str, typer.Argument(metavar="KEY", help="Its name, trackingKeys/...")]


@app.callback(invoke_without_command=True)
def tracking_keys(context: typer.Context) -> None:
    """Make, list and delete the keys of websites. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_tracking_keys(context)


@app.command("list")
def list_tracking_keys(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List the keys of websites, the newest first."""
    with connection_of(context).client() as client:
        found = list(islice(client.list_tracking_keys(page_size=min(count, 1_000)), count))
    if as_json:
        show_json([as_dict(key) for key in found])
        return
    if not found:
        console.print("There are no tracking keys.")
        return
    shown = table("Tracking keys", ["name", "for", "pages of", "made (UTC)"])
    for key in found:
        shown.add_row(
            key.name, Text(key.display_name), Text(", ".join(key.allowed_origins)), short_time(key.create_time)
        )
    console.print(shown)


@app.command("create")
def create(
    context: typer.Context,
    origins: Annotated[
        list[str], typer.Argument(metavar="ORIGIN...", help="Origins of the website's pages: https://www.example.com")
    ],
    *,
    display_name: Annotated[str, typer.Option("--name", help="Which website it is for.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key, and print what to put into the pages."""
    connection = connection_of(context)
    with connection.client() as client:
        key = client.create_tracking_key(display_name or origins[0], origins)
    if as_json:
        show_json(as_dict(key))
        return
    edge = f"{'https' if connection.tls else 'http'}://{connection.address}"
    console.print(f"{key.name} is made. Put leadline.js on the website, and this into its pages:")
    console.print(Text(SNIPPET.format(edge=edge, key=key.write_key)), soft_wrap=True)


@app.command("delete")
def delete(context: typer.Context, name: NameArgument) -> None:
    """Delete a key; what pages send by it is refused from then on."""
    with connection_of(context).client() as client:
        client.delete_tracking_key(name)
    console.print(f"{name} is deleted")
