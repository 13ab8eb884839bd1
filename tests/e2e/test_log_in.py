"""People and programs log in through the edge, and what they get works there until it is taken back."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from clients.cli.main import app
from deploy.local.first_owner import EMAIL
from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import ApiKeyRefused, Client, Lead, PermissionDenied, Unauthenticated
from server.runtime.identifiers import new_id
from tests.e2e.conftest import Tenant
from tests.e2e.test_identity import reason_of
from tests.forged_tokens import forgeries, good_claims, signed

PASSWORD = "brisk otter folds nine maps"  # noqa: S105 - of the tests
REVOKED_WITHIN_SECONDS = 2.0
TOTP_STEP_SECONDS = 30


@dataclass(frozen=True)
class Person:
    """A user who has signed up."""

    stack: Stack
    email: str
    tokens: dict[str, Any]

    def post(self, path: str, token: str | None = None, **body: Any) -> httpx.Response:
        """Sends a request over REST, with a token if one is given."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = f"http://{self.stack.edge_address}{path}"
        return httpx.post(url, json=body, headers=headers, timeout=20.0)

    def do(self, path: str, **body: Any) -> dict[str, Any]:
        """Sends a request that changes something, as the person, and gives the answer."""
        answer = self.post(path, self.tokens["accessToken"], idempotencyKey=str(new_id()), **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def log_in(self) -> dict[str, Any]:
        """Logs in by password."""
        answer = self.post("/v1/authentication:logIn", email=self.email, password=PASSWORD)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def person(stack: Stack) -> Person:
    """The owner of an organization that nobody else uses."""
    email = f"{new_id()}@example.com"
    signed_up = Person(stack, email, {}).post(
        "/v1/authentication:signUp",
        organizationDisplayName="Harbour Glass",
        email=email,
        displayName="Noor",
        password=PASSWORD,
    )
    assert signed_up.status_code == 200, signed_up.text
    return Person(stack, email, signed_up.json())


def client_of(stack: Stack, token: str) -> Client:
    """Gives a client with a token."""
    return Client(stack.edge_address, token=token, tls=False)


def test_the_first_owner_logs_in_with_the_password_of_the_data_folder(stack: Stack) -> None:
    owner = Person(stack, EMAIL, {})
    answer = owner.post("/v1/authentication:logIn", email=EMAIL, password=stack.owner.password())
    assert answer.status_code == 200, answer.text
    assert answer.json()["tokens"]["organization"]["name"] == f"organizations/{TENANT_ID}"
    assert stack.owner.password_file.stat().st_mode & 0o777 == 0o600


def test_a_log_in_reaches_the_leads_of_its_own_organization(person: Person, tenant: Tenant) -> None:
    tenant.client.create_lead(Lead(external_id="of another"))
    with client_of(person.stack, person.log_in()["tokens"]["accessToken"]) as client:
        client.create_lead(Lead(external_id="mine"))
        assert [lead.external_id for lead in client.list_leads()] == ["mine"]


def test_a_second_factor_is_asked_for_once_it_is_set_up(person: Person) -> None:
    secret = person.do("/v1/authentication:enrolSecondFactor", password=PASSWORD)["secret"]
    codes = pyotp.TOTP(secret)
    now = time.time()
    confirmed = person.do("/v1/authentication:confirmSecondFactor", code=codes.at(int(now)))
    assert len(confirmed["recoveryCodes"]) == 10
    challenge = person.log_in()["secondFactorRequired"]["challenge"]
    wrong = person.post("/v1/authentication:verifySecondFactor", challenge=challenge, code="000000")
    assert wrong.status_code == 401
    code = codes.at(int(now) + TOTP_STEP_SECONDS)
    right = person.post("/v1/authentication:verifySecondFactor", challenge=challenge, code=code)
    assert right.status_code == 200, right.text
    with client_of(person.stack, right.json()["accessToken"]) as client:
        assert list(client.list_leads()) == []


def test_a_refresh_token_that_comes_twice_ends_its_session(person: Person) -> None:
    first = person.tokens["refreshToken"]
    second = person.post("/v1/authentication:refreshToken", refreshToken=first).json()
    with client_of(person.stack, second["accessToken"]) as client:
        assert list(client.list_leads()) == []
        reused = person.post("/v1/authentication:refreshToken", refreshToken=first)
        assert (reused.status_code, reason_of(reused.json())) == (401, "REFRESH_TOKEN_REUSED")
        wait_until_revoked(client)
    newest = person.post("/v1/authentication:refreshToken", refreshToken=second["refreshToken"])
    assert reason_of(newest.json()) == "REFRESH_TOKEN_REFUSED"


def test_a_session_that_was_logged_out_is_refused_within_two_seconds(person: Person) -> None:
    with client_of(person.stack, person.tokens["accessToken"]) as client:
        assert list(client.list_leads()) == []
        person.do("/v1/authentication:logOut")
        wait_until_revoked(client)


def wait_until_revoked(client: Client) -> None:
    """Waits until a client's token is refused as revoked; fails if that takes too long."""
    deadline = time.monotonic() + REVOKED_WITHIN_SECONDS
    while True:
        began = time.monotonic()
        try:
            list(client.list_leads())
        except Unauthenticated as error:
            reason = error.reason
            break
        assert began < deadline, "the token still passes"
        time.sleep(0.05)
    assert reason == "TOKEN_REVOKED"


def test_an_api_key_is_exchanged_for_what_it_permits_alone(person: Person) -> None:
    made = person.do("/v1/apiKeys", apiKey={"displayName": "Reader", "permissions": ["PERMISSION_LEADS_READ"]})
    exchanged = person.post("/v1/authentication:exchangeApiKey", apiKey=made["secret"])
    assert exchanged.status_code == 200, exchanged.text
    with client_of(person.stack, exchanged.json()["accessToken"]) as client:
        assert list(client.list_leads()) == []
        with pytest.raises(PermissionDenied):
            client.create_lead(Lead(external_id="new"))
    with Client(person.stack.edge_address, api_key=made["secret"], tls=False) as program:
        assert list(program.list_leads()) == []
    person.do(f"/v1/{made['name']}:revoke")
    with (
        Client(person.stack.edge_address, api_key=made["secret"], tls=False) as program,
        pytest.raises(ApiKeyRefused),
    ):
        list(program.list_leads())
    assert person.post("/v1/authentication:exchangeApiKey", apiKey=made["secret"]).status_code == 401


def test_the_command_line_logs_in_makes_a_key_and_logs_out(person: Person, tmp_path: Path) -> None:
    settings = {"LEADLINE_PROFILE_FILE": str(tmp_path / "profiles.toml"), "LEADLINE_ADDRESS": person.stack.edge_address}

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=typed, env=settings)

    logged_in = run("login", "--email", person.email, typed=f"{PASSWORD}\n")
    assert "logged in to Harbour Glass" in logged_in.stdout, logged_in.output
    assert person.email in run("users", "--json").stdout
    made = run("api-keys", "create", "Reader", "--may", "leads.read")
    with Client(person.stack.edge_address, api_key=made.stdout.strip(), tls=False) as program:
        assert list(program.list_leads()) == []
    assert run("logout").exit_code == 0
    assert "there is no token" in run("leads", "list").output


def test_an_oauth_client_gets_tokens_at_the_token_endpoint(person: Person) -> None:
    made = person.do("/v1/oauthClients", oauthClient={"displayName": "CRM", "permissions": ["PERMISSION_LEADS_READ"]})
    url = f"http://{person.stack.edge_address}/oauth/token"
    form = {"grant_type": "client_credentials"}
    granted = httpx.post(url, data=form, auth=(made["clientId"], made["clientSecret"]), timeout=20.0)
    assert granted.status_code == 200, granted.text
    assert (granted.json()["token_type"], granted.json()["scope"]) == ("Bearer", "leads.read")
    assert granted.headers["cache-control"] == "no-store"
    with client_of(person.stack, granted.json()["access_token"]) as client:
        assert list(client.list_leads()) == []
    refused = httpx.post(url, data=form, auth=(made["clientId"], "wrong"), timeout=20.0)
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})


def test_the_public_keys_are_published_without_their_private_halves(stack: Stack) -> None:
    keys = httpx.get(f"http://{stack.edge_address}/.well-known/jwks.json", timeout=20.0).json()["keys"]
    assert len(keys) == 2, "the development key, and the one that signs log-ins"
    assert all(key["kty"] == "EC" and "d" not in key for key in keys)


def test_a_forged_token_is_refused_by_the_edge_and_by_the_server_itself(tenant: Tenant) -> None:
    stack = tenant.stack
    key = ECKey.import_key(json.loads((stack.folder.keys / "development-key.json").read_text()))
    good = good_claims(tenant.id)
    expired = good | {"exp": int(time.time()) - 60}
    refused = dict.fromkeys([forge() for forge in forgeries(key, tenant.id).values()], "TOKEN_INVALID")
    refused[signed(key, expired)] = "TOKEN_EXPIRED"
    for address in (stack.edge_address, f"127.0.0.1:{stack.ports.server}"):
        with Client(address, token=signed(key, good), tls=False) as client:
            assert list(client.list_leads()) == []
        for token, reason in refused.items():
            with Client(address, token=token, tls=False) as client, pytest.raises(Unauthenticated) as failure:
                list(client.list_leads())
            assert failure.value.reason == reason, (address, token)


def test_headers_that_claim_an_identity_count_for_nothing(tenant: Tenant, stack: Stack) -> None:
    tenant.client.create_lead(Lead(external_id="of the tenant"))
    claimed = {"x-tenant-id": str(tenant.id), "x-user-id": "owner", "x-plan": "enterprise"}
    other = stack.key.mint(new_id(), "tester")
    url = f"http://{stack.edge_address}/v1/leads"

    as_another = httpx.get(url, headers=claimed | {"authorization": f"Bearer {other}"}, timeout=20.0)
    as_nobody = httpx.get(url, headers=claimed, timeout=20.0)

    assert (as_another.status_code, as_another.json()["leads"]) == (200, [])
    assert (as_nobody.status_code, reason_of(as_nobody.json())) == (401, "TOKEN_MISSING")
