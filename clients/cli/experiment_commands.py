"""`leadline experiments`: try a model beside the champion, see what that shows, and end it."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.model_names import model_name
from clients.cli.output import RIGHT, as_dict, console, percent, short_time, show_json, table
from leadline_sdk import Experiment, ExperimentArm, ExperimentKind, ExperimentResult, ExperimentState

app = typer.Typer(help="Try models beside the champion before they take its place.")


class Kind(StrEnum):
    """How a challenger is tried."""

    SHADOW = "shadow"
    CANARY = "canary"
    SPLIT = "split"


KINDS = {
    Kind.SHADOW: ExperimentKind.EXPERIMENT_KIND_SHADOW,
    Kind.CANARY: ExperimentKind.EXPERIMENT_KIND_CANARY,
    Kind.SPLIT: ExperimentKind.EXPERIMENT_KIND_SPLIT,
}
NameArgument = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Its name, experiments/...")]


@app.callback(invoke_without_command=True)
def experiments(context: typer.Context) -> None:
    """Try models beside the champion before they take its place. Without a command: list the experiments."""
    if context.invoked_subcommand is None:
        list_experiments(context)


@app.command("list")
def list_experiments(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the experiments, the newest first."""
    with connection_of(context).client() as client:
        found = list(client.list_experiments())
    if as_json:
        show_json([as_dict(experiment) for experiment in found])
        return
    if not found:
        console.print("There is no experiment yet: `leadline experiments start KIND MODEL` begins one.")
        return
    shown = table("Experiments", ["name", "kind", "state", "began (UTC)", "why it ended"])
    for experiment in found:
        shown.add_row(
            Text(experiment.name, no_wrap=True),
            _word(ExperimentKind.Name(experiment.kind), "EXPERIMENT_KIND_"),
            _word(ExperimentState.Name(experiment.state), "EXPERIMENT_STATE_"),
            short_time(experiment.create_time),
            Text(experiment.conclusion),
        )
    console.print(shown)


@app.command("start")
def start(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="shadow: unseen; canary: a share of leads; split: with a hold-out.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The challenger: its version or its name.")],
    *,
    share: Annotated[float, typer.Option(help="Share of the leads that it scores, for a canary or split.")] = 0.0,
    hold_out: Annotated[float, typer.Option(help="Share of the leads that no model scores, for a split.")] = 0.0,
    minimum_outcomes: Annotated[int, typer.Option(min=1, help="Leads with an outcome that each arm needs.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Try a model beside the champion."""
    with connection_of(context).client() as client:
        experiment = client.create_experiment(
            Experiment(
                kind=KINDS[kind],
                challenger=model_name(client, model),
                challenger_share=share,
                hold_out_share=hold_out,
                minimum_outcome_count=minimum_outcomes,
            )
        )
    if as_json:
        show_json(as_dict(experiment))
    else:
        console.print(f"{experiment.name} has begun", soft_wrap=True)


@app.command("show")
def show(context: typer.Context, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Show what became of the leads of each arm, and what follows."""
    with connection_of(context).client() as client:
        result = client.get_experiment_result(name)
    if as_json:
        show_json(as_dict(result))
    else:
        _show_result(result)


@app.command("stop")
def stop(context: typer.Context, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """End an experiment without a decision: the champion makes all scores again."""
    with connection_of(context).client() as client:
        _show_end(client.stop_experiment(name), as_json=as_json)


@app.command("conclude")
def conclude(
    context: typer.Context,
    name: NameArgument,
    *,
    override_verdict: Annotated[
        bool, typer.Option("--override-verdict", help="Make the challenger champion whatever the experiment shows.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """End an experiment by what it shows: a challenger that is better becomes champion, any other does not."""
    with connection_of(context).client() as client:
        _show_end(client.conclude_experiment(name, override_verdict=override_verdict), as_json=as_json)


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", "-")


def _show_end(experiment: Experiment, *, as_json: bool) -> None:
    if as_json:
        show_json(as_dict(experiment))
    else:
        console.print(f"{experiment.name} has ended: {experiment.conclusion}", soft_wrap=True, markup=False)


def _show_result(result: ExperimentResult) -> None:
    shown = table(
        "What became of the leads",
        [
            "arm",
            ("leads", RIGHT),
            ("outcomes", RIGHT),
            ("converted", RIGHT),
            ("Brier score", RIGHT),
            ("AUC", RIGHT),
        ],
    )
    for arm in result.arms:
        rate = arm.conversion_rate
        interval = f"{percent(rate.value)} ({percent(rate.low)} to {percent(rate.high)})"
        shown.add_row(
            _word(ExperimentArm.Name(arm.arm), "EXPERIMENT_ARM_"),
            f"{arm.lead_count:,}",
            f"{arm.outcome_count:,}",
            interval if arm.HasField("conversion_rate") else "",
            f"{arm.brier_score:.4f}" if arm.HasField("brier_score") else "",
            f"{arm.auc:.3f}" if arm.HasField("auc") else "",
        )
    console.print(shown)
    console.print(result.explanation, markup=False)
