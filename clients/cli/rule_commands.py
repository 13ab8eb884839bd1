"""`leadline rules`: write, try, activate and take back scoring rules."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.context import JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.operations import show_started, wait_for
from clients.cli.output import RIGHT, as_dict, console, percent, short_time, show_json, table
from clients.cli.rule_files import read_rules
from leadline_sdk import Client, Decay, DryRunRuleSetResponse, Grade, RuleSetChange

app = typer.Typer(help="Add points to scores by rules of your own.")

DRY_RUN_SECONDS = 120.0

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The rules: TOML, or JSON if it ends with .json.")]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Such as 3, or its name, ruleSets/...")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until open leads are scored, or only start.")]


@app.callback(invoke_without_command=True)
def rules(context: typer.Context) -> None:
    """Add points to scores by rules of your own. Without a command: list the versions."""
    if context.invoked_subcommand is None:
        list_rules(context)


@app.command("list")
def list_rules(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the versions of the rules, the newest first."""
    with connection_of(context).client() as client:
        found = list(client.list_rule_sets())
    if as_json:
        show_json([as_dict(rule_set) for rule_set in found])
        return
    if not found:
        console.print("There are no rules yet: `leadline rules create FILE` keeps the first version.")
        return
    shown = table("Rules", [("version", RIGHT), "", "name", ("rules", RIGHT), "made (UTC)", "last activated (UTC)"])
    for rule_set in found:
        shown.add_row(
            str(rule_set.version),
            Text("active", "green") if rule_set.active else "",
            Text(rule_set.display_name),
            str(len(rule_set.rules)),
            short_time(rule_set.create_time),
            short_time(rule_set.activate_time),
        )
    console.print(shown)


@app.command("show")
def show(
    context: typer.Context,
    version: Annotated[
        str, typer.Argument(metavar="[VERSION]", help="Such as 3; the active version, if not given.")
    ] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the rules of a version."""
    with connection_of(context).client() as client:
        found = client.get_rule_set(_name(client, version)) if version else client.get_rule_set()
    if as_json:
        show_json(as_dict(found))
        return
    shown = table(
        f"Version {found.version} {found.display_name}".rstrip(),
        ["rule", ("points", RIGHT), "fades", "group", "where"],
    )
    for rule in found.rules:
        fades = _fades(rule.decay) if rule.HasField("decay") else ""
        shown.add_row(
            Text(rule.display_name or rule.id),
            f"{rule.points:+d}",
            Text(fades),
            Text(rule.group),
            Text(rule.expression),
        )
    console.print(shown)
    for group in found.groups:
        most = f"at most {group.max_points:+d}" if group.HasField("max_points") else ""
        least = f"at least {group.min_points:+d}" if group.HasField("min_points") else ""
        console.print(Text(f"group {group.id}: {', '.join(filter(None, (most, least))) or 'no bounds'}"))


@app.command("create")
def create(
    context: typer.Context,
    file: FileArgument,
    *,
    newest_etag: Annotated[
        str, typer.Option(metavar="ETAG", help="Only if the newest version has this etag: nobody's change is lost.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Keep rules as a new version, which is not active yet."""
    rule_set = read_rules(file)
    with connection_of(context).client() as client:
        created = client.create_rule_set(rule_set, newest_etag=newest_etag)
    if as_json:
        show_json(as_dict(created))
    else:
        console.print(
            f"version {created.version} is kept; `leadline rules activate {created.version}` lets it move scores"
        )


@app.command("try")
def try_rules(
    context: typer.Context,
    file: FileArgument,
    *,
    sample: Annotated[int, typer.Option(min=1, max=10_000, help="The most leads of each kind to try them on.")] = 2_000,
    as_json: JsonOption = False,
) -> None:
    """Tell what rules would do, without keeping them.

    Shows which open leads would change grade, and the share that converted in each grade among leads whose outcome is
    known: by the rules that are active, and by these.
    """
    rule_set = read_rules(file)
    with connection_of(context).client() as client:
        found = client.dry_run_rule_set(rule_set, sample_size=sample, timeout=DRY_RUN_SECONDS)
    if as_json:
        show_json(as_dict(found))
    else:
        _show_dry_run(found)


@app.command("activate")
def activate(
    context: typer.Context, version: VersionArgument, *, wait: WaitOption = True, as_json: JsonOption = False
) -> None:
    """Let a version, new or earlier, move the scores; every open lead is scored anew."""
    with connection_of(context).client() as client:
        _show_change(client.activate_rule_set(_name(client, version)), "active", wait=wait, as_json=as_json)


@app.command("deactivate")
def deactivate(
    context: typer.Context, version: VersionArgument, *, wait: WaitOption = True, as_json: JsonOption = False
) -> None:
    """End the effect of the active version; every open lead is scored anew."""
    with connection_of(context).client() as client:
        _show_change(client.deactivate_rule_set(_name(client, version)), "not active", wait=wait, as_json=as_json)


@app.command("delete")
def delete(context: typer.Context, version: VersionArgument) -> None:
    """Delete a version that was never active."""
    with connection_of(context).client() as client:
        client.delete_rule_set(_name(client, version))
    console.print(f"version {version} is deleted")


def _name(client: Client, version: str) -> str:
    """Give the resource name of a version that was told by its number or by its name.

    Raises:
        CommandError: there is no such version.
    """
    if not version.isdecimal():
        return version
    for found in client.list_rule_sets():
        if found.version == int(version):
            return found.name
    raise CommandError(f"there is no version {version}; `leadline rules` lists them")


def _fades(decay: Decay) -> str:
    linear = decay.WhichOneof("course") == "linear_period"
    days = (decay.linear_period if linear else decay.half_life).ToTimedelta().total_seconds() / 86_400
    since = f"the last {decay.anchor_event_type}" if decay.anchor_event_type else "arrival"
    return f"{'to 0 in' if linear else 'by half each'} {days:g} days since {since}"


def _show_change(change: RuleSetChange, state: str, *, wait: bool, as_json: bool) -> None:
    if change.rescoring is not None and not wait:
        show_started(change.rescoring, as_json=as_json)
        return
    response = wait_for(change.rescoring, "scoring") if change.rescoring is not None else None
    if as_json:
        show_json(as_dict(change.rule_set))
        return
    console.print(f"version {change.rule_set.version} is {state}")
    if response is not None:
        console.print(f"{response.scored_count:,} open leads are scored anew")


def _show_dry_run(found: DryRunRuleSetResponse) -> None:
    console.print(f"{found.changed_count:,} of {found.open_count:,} open leads would change grade")
    if found.changes:
        shown = table(f"The {len(found.changes)} that change most", ["lead", "grade", ("score", RIGHT)])
        for change in found.changes:
            shown.add_row(
                change.lead,
                f"{_letter(change.grade_before)} to {_letter(change.grade_after)}",
                f"{change.value_before} to {change.value_after}",
            )
        console.print(shown)
    if found.decided_count:
        console.print(_outcomes(found))
        console.print(
            Text(
                f"The model was trained on {found.learnt_count:,} of the {found.decided_count:,} decided leads.", "dim"
            )
        )
    shown = table("Rules", ["rule", ("open leads", RIGHT), ("decided leads", RIGHT), "errors"])
    for rule in found.rules:
        error = f"{rule.error_count:,}: {rule.error}" if rule.error_count else ""
        shown.add_row(rule.rule, f"{rule.open_matched_count:,}", f"{rule.decided_matched_count:,}", Text(error, "red"))
    console.print(shown)


def _outcomes(found: DryRunRuleSetResponse) -> object:
    shown = table(
        f"What {found.decided_count:,} leads with an outcome would have shown",
        ["", ("leads now", RIGHT), ("converted", RIGHT), ("leads then", RIGHT), ("converted", RIGHT), ("lift", RIGHT)],
    )
    groups = [(f"grade {_letter(outcome.grade)}", outcome.before, outcome.after) for outcome in found.grades]
    groups.append(("best tenth", found.top_tenth.before, found.top_tenth.after))
    for name, before, after in groups:
        shown.add_row(
            name,
            f"{before.count:,}",
            percent(before.precision),
            f"{after.count:,}",
            percent(after.precision),
            f"{after.lift:.2f}",
        )
    return shown


def _letter(grade: Grade.ValueType) -> str:
    return Grade.Name(grade).removeprefix("GRADE_") if grade else "none"
