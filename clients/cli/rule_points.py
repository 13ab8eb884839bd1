"""Shows what scoring rules added to a score."""

from rich.table import Table
from rich.text import Text

from clients.cli.evidence import interval
from clients.cli.output import RIGHT, short_time, table
from leadline_sdk import Grade, RuleContribution, Score


def points_table(score: Score) -> Table:
    """Give the way from what the model says to the score: each rule with its points and what of them counts.

    Args:
        score: a score that a version of the rules has a part in.
    """
    shown = table(
        f"From what the model says, {score.model_value} ({interval(score)}), to the score",
        ["rule", ("points", RIGHT), ("count", RIGHT), "fades since (UTC)"],
    )
    for contribution in score.rule_contributions:
        shown.add_row(
            _named(contribution),
            f"{contribution.points:+d}" if contribution.points else "0",
            f"{contribution.applied_points:+d}" if contribution.applied_points else "0",
            short_time(contribution.decay_anchor_time),
        )
    shown.add_row(Text("score", "bold"), "", Text(str(score.value), "bold"), "")
    return shown


def next_grade(score: Score) -> str:
    """Tell when points that fade will change the grade; empty if they never will."""
    if not score.HasField("next_grade_time"):
        return ""
    letter = Grade.Name(score.next_grade).removeprefix("GRADE_")
    return f"As points fade, the grade will be {letter} from {short_time(score.next_grade_time)} UTC on."


def _named(contribution: RuleContribution) -> Text:
    name = contribution.display_name or contribution.rule
    if contribution.error:
        return Text.assemble(name, (f"  {contribution.error}", "red"))
    return Text(name)
