"""`leadline train`, and what models look like."""

from typing import Annotated

import typer
from leadline.v1.model_pb2 import Algorithm, ExcludedField, ExclusionKind, ModelState
from rich.table import Table
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.operations import show_started, wait_for
from clients.cli.output import RIGHT, as_dict, console, percent, show_json, table
from leadline_sdk import Model

MOST_SHOWN = 10
ALGORITHMS = {
    Algorithm.ALGORITHM_LOGISTIC_REGRESSION: "logistic regression",
    Algorithm.ALGORITHM_GRADIENT_BOOSTED_TREES: "gradient-boosted trees",
}
STATES = {
    ModelState.MODEL_STATE_CANDIDATE: "candidate",
    ModelState.MODEL_STATE_CHAMPION: "champion",
    ModelState.MODEL_STATE_RETIRED: "retired",
    ModelState.MODEL_STATE_SHADOW: "shadow",
    ModelState.MODEL_STATE_CANARY: "canary",
}


def train(
    context: typer.Context,
    *,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Field that the model must not use. Repeatable."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            help="Field that the model may use though it looks as if it were filled in after the outcome. Repeatable.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the model, or only start.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Train a model on the leads whose outcome is known, and make it score the open ones.

    The newest fifth of the leads is held out to measure how good the model is.
    """
    connection = connection_of(context)
    with connection.client() as client:
        operation = client.train_model(excluded_fields=exclude or [], kept_fields=keep or [])
        if not wait:
            show_started(operation, as_json=as_json)
            return
        model = wait_for(operation, "training")
    if as_json:
        show_json(as_dict(model))
    else:
        show_model(model)


def _looks_honest(field: ExcludedField) -> bool:
    return field.kind != ExclusionKind.EXCLUSION_KIND_LEAKAGE


def _grades(model: Model) -> Table:
    shown = table("Grades", ["grade", ("from a probability of", RIGHT), ("leads", RIGHT), ("converted", RIGHT)])
    for band in model.grade_bands:
        interval = f"({percent(band.conversion_rate_low)} to {percent(band.conversion_rate_high)})"
        shown.add_row(
            band.grade,
            percent(band.lowest_probability),
            f"{band.count:,}",
            f"{percent(band.conversion_rate)} {interval}",
        )
    return shown


def show_model(model: Model) -> None:
    """Show how good a model is and what it uses."""
    evaluation = model.evaluation
    console.print(
        f"[bold]Model {model.version}[/] is trained on {evaluation.training_count:,} leads and measured on the newest "
        f"{evaluation.holdout_count:,}, of which {percent(evaluation.holdout_conversion_rate)} converted."
    )
    candidates = table("How good", ["", ("AUC", RIGHT), ("log loss", RIGHT), ("calibration error", RIGHT)])
    for place, candidate in enumerate(evaluation.candidates):
        name = ALGORITHMS.get(candidate.algorithm, "?")
        candidates.add_row(
            f"{name} (chosen)" if place == 0 else name,
            f"{candidate.auc:.3f}",
            f"{candidate.log_loss:.4f}",
            f"{candidate.calibration_error:.3f}",
        )
    console.print(candidates)
    if model.grade_bands:
        console.print(_grades(model))
    features = table("What counts most", ["feature", ("mean effect in log-odds", RIGHT)])
    for importance in model.feature_importances[:MOST_SHOWN]:
        features.add_row(Text(importance.feature), f"{importance.mean_absolute_log_odds:.3f}")
    console.print(features)
    if model.excluded_fields:
        excluded = table("Not used", ["field", "why"])
        for field in sorted(model.excluded_fields, key=_looks_honest):
            style = "" if _looks_honest(field) else "bold red"
            excluded.add_row(Text(field.field, style), Text(field.reason))
        console.print(excluded)
        if not all(map(_looks_honest, model.excluded_fields)):
            console.print("If a field in red is known before the outcome, train again with `--keep FIELD`.")
    if model.promotion_gate.reason:
        console.print(f"[bold]{STATES.get(model.state, '?').capitalize()}[/]: {model.promotion_gate.reason}")
    if model.state == ModelState.MODEL_STATE_CANDIDATE:
        console.print(f"It scores nobody until you promote it: `leadline models promote {model.version}`.")
