"""The `leadline` command."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from clients.cli import (
    account_commands,
    audit_commands,
    dead_letter_commands,
    event_commands,
    experiment_commands,
    export_command,
    history_command,
    import_command,
    key_commands,
    lead_commands,
    model_commands,
    monitoring_commands,
    notification_commands,
    publish_command,
    registry_commands,
    rule_commands,
    score_commands,
    stored_score_commands,
    tracking_commands,
    watch_command,
    workflow_commands,
)
from clients.cli.connection import DEFAULT_PROFILE
from clients.cli.context import GlobalOptions
from clients.cli.errors import CommandError
from clients.cli.output import show_failure
from leadline_sdk import LeadlineError

HELP = """
Score leads: how probable it is that each converts, and why.

The usual way, from a file of leads to explained scores:

```
leadline import leads.csv --target converted --id lead_id
leadline train
leadline score --all-open
leadline explain LEAD
```

and `leadline watch` shows each score as it changes. LEAD is your own id of the lead or its name, leads/...

Where Leadline is, and your token, come from --address and --token, else from LEADLINE_ADDRESS and LEADLINE_TOKEN,
else from `leadline login`, else from a profile: ~/.config/leadline/profiles.toml, or the file that
LEADLINE_PROFILE_FILE names.

`leadline COMMAND --help` tells more about each command.
"""


class FailuresInWords(TyperGroup):
    """Ends a command that fails with words and exit status 1, never with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: with status 1, if it failed for a reason that can be told.
        """
        try:
            return super().invoke(ctx)
        except (CommandError, LeadlineError) as error:
            show_failure(error)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=FailuresInWords,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    address: Annotated[str, typer.Option(envvar="LEADLINE_ADDRESS", help="host:port of Leadline.")] = "",
    token: Annotated[str, typer.Option(envvar="LEADLINE_TOKEN", help="Your bearer token.")] = "",
    tls: Annotated[
        bool | None,
        typer.Option("--tls/--plain-text", help="Encrypt the connection; without either: not to this machine."),
    ] = None,
    profile: Annotated[
        str, typer.Option(envvar="LEADLINE_PROFILE", help="Which profile to take what is not given from.")
    ] = DEFAULT_PROFILE,
) -> None:
    """Keep the options that stand before the command."""
    context.obj = GlobalOptions(address, token, tls, profile)


app.command("login")(account_commands.log_in)
app.command("logout")(account_commands.log_out)
app.command("users")(account_commands.users)
app.command("import")(import_command.import_leads)
app.command("export")(export_command.export_leads)
app.command("train")(model_commands.train)
app.command("score")(score_commands.score)
app.command("explain")(score_commands.explain)
app.command("rescore")(stored_score_commands.rescore)
app.command("replay")(stored_score_commands.replay)
app.command("override")(stored_score_commands.override)
app.command("history")(history_command.history)
app.command("publish")(publish_command.publish)
app.command("drift")(monitoring_commands.drift)
app.command("alarms")(monitoring_commands.alarms)
app.command("watch")(watch_command.watch)
app.add_typer(lead_commands.app, name="leads")
app.add_typer(event_commands.app, name="events")
app.add_typer(registry_commands.app, name="models")
app.add_typer(experiment_commands.app, name="experiments")
app.add_typer(rule_commands.app, name="rules")
app.add_typer(workflow_commands.app, name="workflows")
app.add_typer(notification_commands.app, name="notifications")
app.add_typer(dead_letter_commands.app, name="dead-letters")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(account_commands.api_keys_app, name="api-keys")
app.add_typer(tracking_commands.app, name="tracking-keys")
app.add_typer(key_commands.app, name="keys")

if __name__ == "__main__":
    app()
