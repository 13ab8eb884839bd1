"""The command, run against a Leadline that keeps all in memory, or against the processes that are deployed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from clients.cli.main import app
from deploy.local.development_token import DevelopmentKey
from leadline_sdk import Client
from tests.integration.sdk.fake_leadline_service import FakeLeadline
from tests.server_processes import ServerProcesses

Run = Callable[..., "Outcome"]


class Outcome:
    """What a command did.

    Attributes:
        exit_status: 0 if it did what it should.
        shown: standard output and standard error, without line breaks and runs of spaces.
        output: standard output alone, as written.
    """

    def __init__(self, exit_status: int, output: str, errors: str) -> None:
        self.exit_status = exit_status
        self.output = output
        self.shown = " ".join(f"{output} {errors}".split())


@pytest.fixture
def leadline() -> Iterator[FakeLeadline]:
    with FakeLeadline() as running:
        yield running


@pytest.fixture
def run(leadline: FakeLeadline, tmp_path: Path) -> Run:
    profile = tmp_path / "profiles.toml"
    profile.write_text(f'[default]\naddress = "{leadline.address}"\ntoken = "secret"\ntls = false\n')

    def run_command(*arguments: str, stdin: str = "", **environment: str) -> Outcome:
        settings = {"LEADLINE_PROFILE_FILE": str(profile), "COLUMNS": "160"} | environment
        result = CliRunner().invoke(app, list(arguments), input=stdin, env=settings)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def processes(processes: ServerProcesses) -> Iterator[ServerProcesses]:
    """The server and its worker, running."""
    with processes.server(), processes.worker():
        yield processes


@pytest.fixture
def token(development_key: DevelopmentKey, tenant_id: UUID) -> str:
    return development_key.mint(tenant_id)


@pytest.fixture
def live_run(processes: ServerProcesses, token: str) -> Run:
    """Runs the command with the tenant's token, against the processes."""

    def run_command(*arguments: str) -> Outcome:
        environment = {"LEADLINE_ADDRESS": processes.address, "LEADLINE_TOKEN": token, "COLUMNS": "300"}
        result = CliRunner().invoke(app, ["--plain-text", *arguments], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def client(processes: ServerProcesses, token: str) -> Iterator[Client]:
    with Client(processes.address, token=token, tls=False) as connected:
        yield connected
