"""`leadline workflows`: what is done when a score, a grade or a condition changes."""

from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.document_files import read_message
from clients.cli.lead_names import find_lead
from clients.cli.output import RIGHT, as_dict, console, short_time, show_json, table
from clients.cli.webhook_commands import app as webhook_app
from clients.cli.workflow_names import find_workflow
from leadline_sdk import DryRunWorkflowResponse, Workflow, WorkflowRunState

app = typer.Typer(help="Act when a score, a grade or a condition changes: once for each crossing.")
app.add_typer(webhook_app, name="webhooks")

DRY_RUN_SECONDS = 120.0
MOST_SHOWN = 20
# What only Leadline tells of a workflow.
OUTPUT_ONLY = frozenset({"name", "create_time", "update_time", "etag"})

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The workflow: TOML, or JSON if it ends with .json.")
]
WorkflowArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="What you call it, or its name, workflows/...")
]


@app.callback(invoke_without_command=True)
def workflows(context: typer.Context) -> None:
    """Act when a score, a grade or a condition changes. Without a command: list the workflows."""
    if context.invoked_subcommand is None:
        list_workflows(context)


@app.command("list")
def list_workflows(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the workflows, the newest first."""
    with connection_of(context).client() as client:
        found = list(client.list_workflows())
    if as_json:
        show_json([as_dict(workflow) for workflow in found])
        return
    if not found:
        console.print("There are no workflows yet: `leadline workflows create FILE` makes the first one.")
        return
    shown = table("Workflows", ["name", "", "trigger", "actions", "changed (UTC)"])
    for workflow in found:
        shown.add_row(
            Text(workflow.display_name),
            Text("runs", "green") if workflow.enabled else Text("stopped", "dim"),
            _words(workflow.trigger.WhichOneof("kind")),
            ", ".join(_words(action.WhichOneof("kind")) for action in workflow.actions),
            short_time(workflow.update_time),
        )
    console.print(shown)


@app.command("show")
def show(context: typer.Context, workflow: WorkflowArgument) -> None:
    """Show a workflow as JSON, in the form in which `create` takes it."""
    with connection_of(context).client() as client:
        show_json(as_dict(find_workflow(client, workflow)))


@app.command("create")
def create(
    context: typer.Context,
    file: FileArgument,
    *,
    enable: Annotated[bool, typer.Option("--enable", help="Let it run at once, whatever the file says.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Create a workflow from a file."""
    told = _read(file)
    told.enabled = told.enabled or enable
    with connection_of(context).client() as client:
        created = client.create_workflow(told)
    if as_json:
        show_json(as_dict(created))
        return
    state = "runs" if created.enabled else "is kept; `leadline workflows enable` lets it run"
    console.print(Text(f"{created.display_name} ({created.name}) {state}"))
    if any(action.HasField("webhook") for action in created.actions):
        console.print("Its webhooks wait until you make their secret: `leadline workflows webhooks secret`.")


@app.command("try")
def try_workflow(
    context: typer.Context,
    file: FileArgument,
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How far back.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Tell what a workflow would have acted on, from the stored scores. Nothing is done."""
    told = _read(file)
    with connection_of(context).client() as client:
        found = client.dry_run_workflow(told, lookback=timedelta(days=days), timeout=DRY_RUN_SECONDS)
    if as_json:
        show_json(as_dict(found))
    else:
        _show_dry_run(found)


@app.command("enable")
def enable_workflow(context: typer.Context, workflow: WorkflowArgument) -> None:
    """Let a workflow run, from what happens now on."""
    with connection_of(context).client() as client:
        changed = client.enable_workflow(find_workflow(client, workflow).name)
    console.print(Text(f"{changed.display_name} runs"))


@app.command("disable")
def disable_workflow(context: typer.Context, workflow: WorkflowArgument) -> None:
    """Stop a workflow."""
    with connection_of(context).client() as client:
        changed = client.disable_workflow(find_workflow(client, workflow).name)
    console.print(Text(f"{changed.display_name} is stopped"))


@app.command("delete")
def delete(context: typer.Context, workflow: WorkflowArgument) -> None:
    """Delete a workflow."""
    with connection_of(context).client() as client:
        found = find_workflow(client, workflow)
        client.delete_workflow(found.name)
    console.print(Text(f"{found.display_name} is deleted"))


@app.command("runs")
def runs(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="[WORKFLOW]", help="Only this workflow's.")] = "",
    *,
    lead: Annotated[str, typer.Option(help="Only those of this lead.")] = "",
    count: Annotated[int, typer.Option(min=1, help="The most to show.")] = MOST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List what workflows did and why, the newest first."""
    with connection_of(context).client() as client:
        of_workflow = find_workflow(client, workflow).name if workflow else ""
        of_lead = find_lead(client, lead).name if lead else ""
        listed = client.list_workflow_runs(workflow=of_workflow, lead=of_lead, page_size=min(count, 1_000))
        found = list(islice(listed, count))
    if as_json:
        show_json([as_dict(run) for run in found])
        return
    shown = table("Runs", ["when (UTC)", "lead", "why", "state", "actions"])
    for run in found:
        results = [
            f"{_words(result.action)}: {result.detail or 'done'}{'' if result.done else ' (failed)'}"
            for result in run.action_results
        ]
        state = WorkflowRunState.Name(run.state).removeprefix("WORKFLOW_RUN_STATE_")
        shown.add_row(short_time(run.create_time), run.lead, Text(run.reason), _words(state), Text("\n".join(results)))
    console.print(shown)


def _read(file: Path) -> Workflow:
    return read_message(file, Workflow(), "a workflow: `display_name`, `trigger` and `actions`", OUTPUT_ONLY)


def _words(name: str | None) -> str:
    return (name or "").lower().replace("_", " ")


def _show_dry_run(found: DryRunWorkflowResponse) -> None:
    console.print(
        f"{found.crossing_count:,} crossings in {found.score_count:,} scores of {found.lead_count:,} leads"
        f" since {short_time(found.begin_time)} UTC; {found.cooling_down_count:,} more during a cool-down"
    )
    if not found.crossings:
        return
    shown = table("The newest", [("when (UTC)", RIGHT), "lead", "why"])
    for crossing in found.crossings[:MOST_SHOWN]:
        shown.add_row(short_time(crossing.cross_time), crossing.lead, Text(crossing.reason))
    console.print(shown)
