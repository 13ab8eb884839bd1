"""`leadline workflows webhooks`: secrets and deliveries of webhooks."""

from itertools import islice
from typing import Annotated

import typer
from leadline.v1.workflow_pb2 import WebhookDeliveryState
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.output import RIGHT, as_dict, console, short_time, show_json, table
from clients.cli.workflow_names import find_workflow

app = typer.Typer(help="Make secrets, list deliveries and send them anew.", no_args_is_help=True)

STATES = {
    WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_PENDING: "pending",
    WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_DELIVERED: "delivered",
    WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_DEAD: "dead",
}
MOST_SHOWN = 20


@app.command("secret")
def secret(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="What you call it, or workflows/...")],
) -> None:
    """Make a new secret for the webhooks of a workflow, and show it this once."""
    with connection_of(context).client() as client:
        typer.echo(client.rotate_webhook_secret(find_workflow(client, workflow).name).secret)


@app.command("list")
def list_deliveries(
    context: typer.Context,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, the newest first."""
    state = (
        WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_DEAD
        if dead
        else WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_UNSPECIFIED
    )
    with connection_of(context).client() as client:
        listed = client.list_webhook_deliveries(state=state, page_size=min(count, 1_000))
        found = list(islice(listed, count))
    if as_json:
        show_json([as_dict(delivery) for delivery in found])
        return
    shown = table("Deliveries", ["delivery", "state", ("attempts", RIGHT), "next attempt (UTC)", "to"])
    for delivery in found:
        shown.add_row(
            delivery.name,
            STATES.get(delivery.state, "?"),
            str(delivery.attempt_count),
            short_time(delivery.next_attempt_time),
            Text(delivery.url),
        )
    console.print(shown)


@app.command("replay")
def replay(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Its name, webhookDeliveries/...")],
) -> None:
    """Send a delivery anew, under the same webhook-id."""
    with connection_of(context).client() as client:
        replayed = client.replay_webhook_delivery(delivery)
    console.print(f"{replayed.name} is {STATES.get(replayed.state, '?')}")
