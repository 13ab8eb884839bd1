"""`leadline notifications`: what workflows tell you."""

from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.output import as_dict, console, error_console, short_time, show_json, table
from leadline_sdk import Notification

app = typer.Typer(help="See what workflows tell you.")

MOST_SHOWN = 20


@app.callback(invoke_without_command=True)
def notifications(context: typer.Context) -> None:
    """See what workflows tell you. Without a command: list what is unread."""
    if context.invoked_subcommand is None:
        list_notifications(context)


@app.command("list")
def list_notifications(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those too that you have read.")] = False,
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List notifications, the newest first."""
    with connection_of(context).client() as client:
        listed = client.list_notifications(unread_only=not everything, page_size=min(count, 1_000))
        found = list(islice(listed, count))
    if as_json:
        show_json([as_dict(notification) for notification in found])
        return
    if not found:
        console.print("There is nothing new.")
        return
    shown = table("Notifications", ["when (UTC)", "what", "why", "lead"])
    for told in found:
        style = "dim" if told.HasField("read_time") else ""
        shown.add_row(short_time(told.create_time), Text(told.text), Text(told.reason), told.lead, style=style)
    console.print(shown)


@app.command("read")
def read(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NOTIFICATION]...", help="notifications/...; all, if none is given.")
    ] = None,
) -> None:
    """Mark notifications as read."""
    with connection_of(context).client() as client:
        marked = client.mark_notifications_read(names or ())
    console.print(f"{marked:,} marked as read")


@app.command("watch")
def watch(
    context: typer.Context,
    *,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many notifications.")] = None,
    resume: Annotated[str, typer.Option(help="Resume token (from --json) of the last that you have seen.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show each new notification as it comes, until Ctrl-C. Goes on by itself after a lost connection."""
    with connection_of(context).client() as client:
        error_console.print("watching; Ctrl-C ends it", style="dim")
        try:
            for update in islice(client.watch_notifications(resume_token=resume), count):
                if as_json:
                    show_json({"notification": as_dict(update.notification), "resume_token": update.resume_token})
                else:
                    console.print(_line(update.notification))
        except KeyboardInterrupt:
            error_console.print("ended", style="dim")


def _line(told: Notification) -> Text:
    return Text.assemble((short_time(told.create_time), "dim"), f"  {told.text}", (f"  {told.reason}", "dim"))
