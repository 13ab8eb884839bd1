"""`leadline models`: list, show, promote, roll back, delete, and the pictures of an evaluation."""

from pathlib import Path
from typing import Annotated

import typer
from leadline.v1.model_pb2 import PlotKind

from clients.cli.context import JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.model_commands import ALGORITHMS, STATES, show_model
from clients.cli.model_names import model_name
from clients.cli.output import RIGHT, as_dict, console, short_time, show_json, table
from leadline_sdk import Model

app = typer.Typer(help="See models, and say which one makes the scores.")

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Its version, such as 3, or its name, models/...")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """See models, and say which one makes the scores. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_models(context)


@app.command("list")
def list_models(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the models, the newest first. The champion makes the scores."""
    with connection_of(context).client() as client:
        found = list(client.list_models())
    if as_json:
        show_json([as_dict(model) for model in found])
        return
    if not found:
        console.print("There is no model yet: train one with `leadline train`.")
        return
    shown = table(
        "Models",
        [
            ("version", RIGHT),
            "state",
            "algorithm",
            ("leads", RIGHT),
            ("AUC", RIGHT),
            ("log loss", RIGHT),
            ("calibration error", RIGHT),
            "trained (UTC)",
        ],
    )
    for model in found:
        shown.add_row(
            str(model.version),
            STATES.get(model.state, "?"),
            ALGORITHMS.get(model.algorithm, "?"),
            f"{model.evaluation.training_count:,}",
            f"{model.evaluation.auc:.3f}",
            f"{model.evaluation.log_loss:.4f}",
            f"{model.evaluation.calibration_error:.3f}",
            short_time(model.create_time),
        )
    console.print(shown)


@app.command("show")
def show(context: typer.Context, model: ModelArgument, *, as_json: JsonOption = False) -> None:
    """Show how good a model is, what it uses, and how it compares with the champion and the best ever."""
    with connection_of(context).client() as client:
        found = client.get_model(model_name(client, model))
    if as_json:
        show_json(as_dict(found))
    else:
        show_model(found)


@app.command("promote")
def promote(
    context: typer.Context,
    model: ModelArgument,
    *,
    override_gate: Annotated[
        bool, typer.Option("--override-gate", help="Also if it is worse than the champion or the best ever.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a model champion: from now on it makes the scores."""
    with connection_of(context).client() as client:
        _show_champion(client.promote_model(model_name(client, model), override_gate=override_gate), as_json=as_json)


@app.command("roll-back")
def roll_back(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Its version or name; the champion before, if not given.")
    ] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Go back to an earlier champion, at once."""
    with connection_of(context).client() as client:
        _show_champion(client.roll_back_model(model_name(client, model) if model else ""), as_json=as_json)


@app.command("delete")
def delete(context: typer.Context, model: ModelArgument) -> None:
    """Delete a model that is not champion, with its files."""
    with connection_of(context).client() as client:
        client.delete_model(model_name(client, model))
    console.print(f"model {model} is deleted")


@app.command("plots")
def plots(
    context: typer.Context,
    model: ModelArgument,
    folder: Annotated[Path, typer.Option("--to", help="The folder to write them to; it is made.")] = Path(),
) -> None:
    """Write the pictures of a model's evaluation as PNG files."""
    with connection_of(context).client() as client:
        pictures = client.get_model_plots(model_name(client, model))
    if not pictures:
        raise CommandError(f"model {model} has no pictures: it was trained before Leadline drew them")
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        path = folder / f"{PlotKind.Name(picture.kind).removeprefix('PLOT_KIND_').lower()}.png"
        path.write_bytes(picture.png)
        console.print(str(path), soft_wrap=True)


def _show_champion(model: Model, *, as_json: bool) -> None:
    if as_json:
        show_json(as_dict(model))
    else:
        console.print(f"model {model.version} is champion: it makes the scores from now on")
