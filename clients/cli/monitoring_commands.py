"""`leadline drift` and `leadline alarms`: how the champion does on the leads of now."""

from typing import Annotated

import typer
from leadline.v1.monitoring_pb2 import ScoreQuality
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.model_names import model_name
from clients.cli.output import RIGHT, as_dict, console, percent, short_time, show_json, table
from leadline_sdk import AlarmKind, DriftReport

CHAMPION = "models/champion"
KINDS = {
    AlarmKind.ALARM_KIND_FEATURE_DRIFT: "feature drift",
    AlarmKind.ALARM_KIND_CALIBRATION: "calibration",
    AlarmKind.ALARM_KIND_AUC: "AUC",
}


def drift(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Its version or name; the champion, if not given.")
    ] = CHAMPION,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show how far the leads of now differ from those of the training, and how right scores were."""
    with connection_of(context).client() as client:
        report = client.get_drift_report(model_name(client, model))
    if as_json:
        show_json(as_dict(report))
    else:
        _show_report(report)


def alarms(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that stand no more.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what is not as it should be about the champion, the newest first."""
    with connection_of(context).client() as client:
        found = list(client.list_alarms(standing_only=not every))
    if as_json:
        show_json([as_dict(alarm) for alarm in found])
        return
    if not found:
        console.print("There is no alarm.")
        return
    shown = table("Alarms", ["raised (UTC)", "about", "what", "gone (UTC)"])
    for alarm in found:
        shown.add_row(
            short_time(alarm.create_time), KINDS.get(alarm.kind, "?"), Text(alarm.message), short_time(alarm.end_time)
        )
    console.print(shown)


def _show_report(report: DriftReport) -> None:
    console.print(f"Checked at {short_time(report.compute_time)}, from {short_time(report.start_time)} on (UTC).")
    shown = table("Features", ["feature", ("stability index", RIGHT), ("by chance up to", RIGHT), ("leads", RIGHT), ""])
    for feature in report.features:
        shown.add_row(
            Text(feature.feature),
            f"{feature.stability_index:.3f}" if feature.HasField("stability_index") else "too few leads",
            f"{feature.chance_limit:.3f}",
            f"{feature.lead_count:,}",
            Text("moved", "bold red") if feature.drifted else "",
        )
    console.print(shown)
    console.print(_in_words(report.score_quality))


def _in_words(quality: ScoreQuality) -> str:
    if not quality.HasField("calibration_error"):
        return f"{quality.outcome_count:,} leads have an outcome: too few to tell how right their scores were."
    error = quality.calibration_error
    told = (
        f"Of {quality.outcome_count:,} leads {percent(quality.observed_rate)} converted, "
        f"{percent(quality.expected_rate)} were expected; calibration error {error.value:.3f} "
        f"({error.low:.3f} to {error.high:.3f}, by chance up to {quality.calibration_chance_limit:.3f})"
    )
    if not quality.HasField("auc"):
        return f"{told}."
    return f"{told}; AUC {quality.auc.value:.3f}, {quality.evaluation_auc:.3f} when it was evaluated."
