"""`leadline login`, `logout`, `users` and `api-keys`: who may use Leadline."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from leadline.v1.identity_pb2 import CredentialState, UserState
from leadline.v1.permission_pb2 import scope
from rich.text import Text

from clients.cli.connection import USER_AGENT, find_address, session_file
from clients.cli.context import GlobalOptions, JsonOption, connection_of
from clients.cli.errors import CommandError
from clients.cli.output import as_dict, console, error_console, short_time, show_json, table
from clients.cli.sessions import session_of
from leadline_sdk import Client, Permission, TokenSet, Unauthenticated

api_keys_app = typer.Typer(help="Make, list and revoke the keys of programs.")

MOST_SHOWN = 50

CountOption = Annotated[int, typer.Option(min=1, help="The most to show.")]


def log_in(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Option(help="Your e-mail address; asked for if it is not given.")] = "",
    organization: Annotated[
        str, typer.Option(help="organizations/..., if you have accounts with one password in several.")
    ] = "",
) -> None:
    """Log in by a password, which is asked for; the commands that follow work as you until `leadline logout`."""
    options: GlobalOptions = context.obj
    address, tls = find_address(options.address, tls=options.tls, profile=options.profile)
    email = email or typer.prompt("E-mail", err=True)
    password = typer.prompt("Password", hide_input=True, err=True)
    with Client(address, tls=tls, timeout=30.0, user_agent=USER_AGENT) as client:
        tokens = _log_in(client, email, password, organization)
    session_file().keep(options.profile, session_of(address, tokens, tls=tls))
    console.print(Text(f"logged in to {tokens.organization.display_name} as {tokens.user.email}"))


def _log_in(client: Client, email: str, password: str, organization: str) -> TokenSet:
    answer = client.log_in(email, password, organization=organization)
    if answer.HasField("tokens"):
        return answer.tokens
    code = typer.prompt("Code of your authenticator app, or a recovery code", err=True)
    return client.verify_second_factor(answer.second_factor_required.challenge, code.strip())


def log_out(context: typer.Context) -> None:
    """Log out: end the session at Leadline too, and forget its tokens."""
    options: GlobalOptions = context.obj
    sessions = session_file()
    session = sessions.find(options.profile)
    if session is None:
        raise CommandError("you are not logged in")
    try:
        token = sessions.access_token(options.profile)
        with Client(session.address, token=token, tls=session.tls, timeout=30.0, user_agent=USER_AGENT) as client:
            client.log_out()
    except (Unauthenticated, CommandError):
        error_console.print("the session had ended already")
    sessions.keep(options.profile, None)
    console.print("logged out")


def users(context: typer.Context, *, count: CountOption = MOST_SHOWN, as_json: JsonOption = False) -> None:
    """List the users of your organization, the newest first."""
    with connection_of(context).client() as client:
        found = list(islice(client.list_users(page_size=min(count, 1_000)), count))
    if as_json:
        show_json([as_dict(user) for user in found])
        return
    shown = table("Users", ["e-mail", "name", "role", "state", "second factor", "last log-in (UTC)"])
    for user in found:
        shown.add_row(
            Text(user.email),
            Text(user.display_name),
            user.role.removeprefix("roles/"),
            UserState.Name(user.state).removeprefix("USER_STATE_").lower(),
            "yes" if user.second_factor_enabled else "no",
            short_time(user.last_log_in_time),
        )
    console.print(shown)


@api_keys_app.callback(invoke_without_command=True)
def api_keys(context: typer.Context) -> None:
    """Make, list and revoke the keys of programs. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_api_keys(context)


@api_keys_app.command("list")
def list_api_keys(context: typer.Context, *, count: CountOption = MOST_SHOWN, as_json: JsonOption = False) -> None:
    """List API keys, the newest first."""
    with connection_of(context).client() as client:
        found = list(islice(client.list_api_keys(page_size=min(count, 1_000)), count))
    if as_json:
        show_json([as_dict(api_key) for api_key in found])
        return
    if not found:
        console.print("There are no API keys.")
        return
    shown = table("API keys", ["name", "for", "begins with", "may", "state", "until (UTC)", "last used (UTC)"])
    for api_key in found:
        shown.add_row(
            api_key.name,
            Text(api_key.display_name),
            api_key.prefix,
            ", ".join(sorted(text for text, value in _permissions().items() if value in api_key.permissions)),
            CredentialState.Name(api_key.state).removeprefix("CREDENTIAL_STATE_").lower(),
            short_time(api_key.expire_time) or "no end",
            short_time(api_key.last_used_time) or "never",
        )
    console.print(shown)


@api_keys_app.command("create")
def create_api_key(
    context: typer.Context,
    display_name: Annotated[str, typer.Argument(metavar="FOR", help="What the key is for, such as 'CRM import'.")],
    *,
    may: Annotated[list[str], typer.Option(help="What its bearer may do, such as leads.read (repeatable).")],
    days: Annotated[
        int | None, typer.Option(min=1, help="How long it may be used; without an end if not given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key and write its secret to standard output, this once."""
    known = _permissions()
    for text in may:
        if text not in known:
            raise CommandError(f"there is no permission {text!r}", advice=f"there are: {', '.join(sorted(known))}")
    expire_time = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    with connection_of(context).client() as client:
        made = client.create_api_key(
            display_name, [known[text] for text in dict.fromkeys(may)], expire_time=expire_time
        )
    if as_json:
        show_json(as_dict(made))
        return
    error_console.print(f"{made.name} is made; keep its secret, which is not shown again:")
    typer.echo(made.secret)


@api_keys_app.command("revoke")
def revoke_api_key(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="API_KEY", help="Its name, apiKeys/...")]
) -> None:
    """End an API key; tokens that were got by it are refused within seconds."""
    with connection_of(context).client() as client:
        client.revoke_api_key(name)
    console.print(f"{name} is revoked")


def _permissions() -> dict[str, Permission.ValueType]:
    """Give the permissions by the texts that stand for them in tokens."""
    return {
        value.GetOptions().Extensions[scope]: Permission.Value(value.name)
        for value in Permission.DESCRIPTOR.values
        if value.number
    }
