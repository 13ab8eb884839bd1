"""`leadline login`, `logout`, `users` and `api-keys`."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.cli.main import app
from clients.cli.sessions import SessionFile
from tests.integration.cli.conftest import Outcome, Run
from tests.integration.sdk.fake_identity_service import CODE, EMAIL, PASSWORD
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name


def log_in(run: Run, tmp_path: Path, *typed: str) -> Outcome:
    """Log in, with these lines typed."""
    assert run("leads", "list").exit_status == 0, "the profile is there"
    settings = {"LEADLINE_PROFILE_FILE": str(tmp_path / "profiles.toml"), "COLUMNS": "160"}
    result = CliRunner().invoke(app, ["login"], input="\n".join(typed) + "\n", env=settings)
    return Outcome(result.exit_code, result.stdout, result.stderr)


def token_of_a_call(leadline: FakeLeadline, run: Run) -> str:
    """Give the token that a command's call carries."""
    assert run("leads", "list").exit_status == 0
    return str(leadline.metadata["ListLeads"]["authorization"])


def test_commands_work_as_the_user_until_log_out(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    assert token_of_a_call(leadline, run) == "Bearer secret"
    outcome = log_in(run, tmp_path, EMAIL, PASSWORD)
    assert outcome.exit_status == 0, outcome.shown
    assert f"logged in to Harbour Glass as {EMAIL}" in outcome.shown
    assert PASSWORD not in outcome.shown
    assert token_of_a_call(leadline, run) == "Bearer session-1"
    kept = tmp_path / "sessions.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in kept.read_text()
    assert run("logout").exit_status == 0
    assert leadline.authentication.logged_out[0]["authorization"] == "Bearer session-1"
    assert "session-1" not in kept.read_text()
    assert token_of_a_call(leadline, run) == "Bearer secret"
    assert "not logged in" in run("logout").shown


def test_a_second_factor_is_asked_for(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    leadline.authentication.second_factor = True
    assert "refused" in log_in(run, tmp_path, EMAIL, PASSWORD, "000000").shown
    assert not (tmp_path / "sessions.json").exists()
    outcome = log_in(run, tmp_path, EMAIL, PASSWORD, CODE)
    assert "authenticator app" in outcome.shown
    assert token_of_a_call(leadline, run) == "Bearer session-1"


def test_a_wrong_password_is_told(run: Run, tmp_path: Path) -> None:
    outcome = log_in(run, tmp_path, EMAIL, "wrong")
    assert outcome.exit_status == 1
    assert "error:" in outcome.shown


def test_a_log_in_is_renewed_once_by_commands_at_the_same_time(
    leadline: FakeLeadline, run: Run, tmp_path: Path
) -> None:
    leadline.authentication.lifetime = timedelta(seconds=20)
    log_in(run, tmp_path, EMAIL, PASSWORD)
    leadline.authentication.lifetime = timedelta(minutes=10)
    sessions = SessionFile(tmp_path / "sessions.json")
    with ThreadPoolExecutor(4) as threads:
        tokens = set(threads.map(sessions.access_token, ["default"] * 4))
    assert tokens == {"session-2"}
    assert leadline.authentication.refresh_tokens == {"refresh-2"}
    assert token_of_a_call(leadline, run) == "Bearer session-2"


def test_a_log_in_that_has_ended_is_told(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    leadline.authentication.lifetime = timedelta(seconds=20)
    log_in(run, tmp_path, EMAIL, PASSWORD)
    leadline.authentication.refresh_tokens.clear()
    outcome = run("score", lead_name(0))
    assert outcome.exit_status == 1
    assert "your log-in has ended" in outcome.shown
    assert run("logout").exit_status == 0
    assert token_of_a_call(leadline, run) == "Bearer secret"


def test_a_log_in_goes_to_its_own_address_alone(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    log_in(run, tmp_path, EMAIL, PASSWORD)
    assert "there is no token for 127.0.0.1:1" in run("--address", "127.0.0.1:1", "leads", "list").shown
    run("--token", "mine", "leads", "list")
    assert leadline.metadata["ListLeads"]["authorization"] == "Bearer mine"


def test_users_are_listed(run: Run) -> None:
    assert EMAIL in run("users").shown
    assert json.loads(run("users", "--json").output)[0]["role"] == "roles/owner"


def test_api_keys_are_made_listed_and_revoked(leadline: FakeLeadline, run: Run) -> None:
    assert "There are no API keys." in run("api-keys").shown
    made = run("api-keys", "create", "CRM import", "--may", "leads.read", "--may", "leads.write", "--days", "30")
    assert made.output.strip() in leadline.authentication.keys
    (listed,) = json.loads(run("api-keys", "list", "--json").output)
    assert listed["permissions"] == ["PERMISSION_LEADS_READ", "PERMISSION_LEADS_WRITE"]
    assert listed["expire_time"]
    assert "leads.read, leads.write" in run("api-keys").shown
    assert "is revoked" in run("api-keys", "revoke", listed["name"]).shown
    assert json.loads(run("api-keys", "list", "--json").output)[0]["state"] == "CREDENTIAL_STATE_REVOKED"
    assert "there is no permission 'everything'" in run("api-keys", "create", "x", "--may", "everything").shown


@pytest.mark.parametrize("content", ["not json", "[]", '{"default": {"address": 1}}'])
def test_log_ins_that_can_not_be_read_are_told(run: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "sessions.json").write_text(content)
    outcome = run("leads", "list")
    assert outcome.exit_status == 1
    assert "can't be read" in outcome.shown
