"""The Python SDK's calls about accounts, organizations and credentials, against the real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pyotp
import pytest
from leadline.v1.identity_pb2 import CREDENTIAL_STATE_REVOKED, USER_STATE_DEACTIVATED, IdentityProvider
from leadline.v1.permission_pb2 import PERMISSION_LEADS_READ, PERMISSION_LEADS_WRITE

from leadline_sdk import AlreadyExists, AsyncClient, Client, FailedPrecondition, NotFound, Unauthenticated
from server.runtime.identifiers import new_id
from tests.integration.identity.people import OTHER_PASSWORD, PASSWORD

TokenFrom = Callable[[str, str], str]


class Sdk:
    """One of the two clients, asked in one way.

    Args:
        kind: `Client` or `AsyncClient`.
        address: Of the server.
    """

    def __init__(self, kind: type[Client | AsyncClient], address: str) -> None:
        self._kind = kind
        self._address = address

    async def __call__(self, token: str, method: str, *arguments: Any, **options: Any) -> Any:
        """Calls a method with a token (empty for none) and gives its answer, of an iterator all that it gives."""
        if self._kind is Client:
            return await asyncio.to_thread(self._call, token, method, arguments, options)
        async with AsyncClient(self._address, token=token, tls=False) as client:
            answer = getattr(client, method)(*arguments, **options)
            return [found async for found in answer] if isinstance(answer, AsyncIterator) else await answer

    def _call(self, token: str, method: str, arguments: Any, options: Any) -> Any:
        with Client(self._address, token=token, tls=False) as client:
            answer = getattr(client, method)(*arguments, **options)
            return list(answer) if isinstance(answer, Iterator) else answer


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def sdk(request: pytest.FixtureRequest, channel: grpc.aio.Channel, tmp_path: Path) -> Sdk:
    assert channel
    return Sdk(request.param, f"unix:{tmp_path}/s")


async def sign_up(sdk: Sdk, token_from: TokenFrom) -> tuple[str, str]:
    """Makes an organization, and gives the token and the verified address of its owner."""
    address = f"owner-{new_id()}@example.com"
    tokens = await sdk("", "sign_up", "Harbour Glass", address, "Noor", PASSWORD)
    await sdk(tokens.access_token, "request_email_verification")
    await sdk("", "verify_email", token_from(address, "verify-email"))
    return tokens.access_token, address


async def test_an_account_has_its_life(sdk: Sdk, token_from: TokenFrom) -> None:
    token, address = await sign_up(sdk, token_from)

    second = (await sdk("", "log_in", address, PASSWORD)).tokens
    sessions = await sdk(token, "list_sessions")
    assert [session.current for session in sessions] == [False, True]
    await sdk(token, "revoke_session", second.session)
    assert [session.current for session in await sdk(token, "list_sessions")] == [True]

    await sdk(token, "change_password", PASSWORD, OTHER_PASSWORD)
    with pytest.raises(Unauthenticated):
        await sdk("", "log_in", address, PASSWORD)
    await sdk("", "request_password_reset", address)
    await sdk("", "reset_password", token_from(address, "reset-password"), PASSWORD)
    token = (await sdk("", "log_in", address, PASSWORD)).tokens.access_token

    app = pyotp.TOTP((await sdk(token, "enrol_second_factor", PASSWORD)).secret)
    recovery_codes = (await sdk(token, "confirm_second_factor", app.now())).recovery_codes
    challenge = (await sdk("", "log_in", address, PASSWORD)).second_factor_required.challenge
    assert (await sdk("", "verify_second_factor", challenge, recovery_codes[0])).access_token
    await sdk(token, "disable_second_factor", PASSWORD, recovery_codes[1])
    assert (await sdk("", "log_in", address, PASSWORD)).HasField("tokens")

    await sdk(token, "log_out_everywhere")
    await _refused_within_seconds(sdk, token)


async def _refused_within_seconds(sdk: Sdk, token: str) -> None:
    async def until_refused() -> None:
        for _ in range(100):
            await sdk(token, "list_sessions")
            await asyncio.sleep(0.1)

    with pytest.raises(Unauthenticated):
        await until_refused()


async def test_an_organization_has_users_and_roles(sdk: Sdk, token_from: TokenFrom) -> None:
    token, _ = await sign_up(sdk, token_from)
    organization = await sdk(token, "get_organization")
    organization.display_name = "Harbour & Sons"
    changed = await sdk(token, "update_organization", organization, paths=["display_name"])
    assert changed.display_name == "Harbour & Sons"

    role = await sdk(token, "create_role", "Readers", [PERMISSION_LEADS_READ])
    assert role.name in [found.name for found in await sdk(token, "list_roles")]
    role.permissions.append(PERMISSION_LEADS_WRITE)
    await sdk(token, "update_role", role, paths=["permissions"])
    assert list((await sdk(token, "get_role", role.name)).permissions) == [
        PERMISSION_LEADS_READ,
        PERMISSION_LEADS_WRITE,
    ]

    guest = f"{new_id()}@example.com"
    await sdk(token, "create_invitation", guest, role.name)
    joined = await sdk("", "accept_invitation", token_from(guest, "accept-invitation"), "Ines", PASSWORD)
    with pytest.raises(AlreadyExists):
        await sdk(token, "create_invitation", guest, role.name)
    taken_back = await sdk(token, "create_invitation", f"{new_id()}@example.com", role.name)
    await sdk(token, "revoke_invitation", taken_back.name)
    assert len(await sdk(token, "list_invitations")) == 2

    user = await sdk(token, "get_user", joined.user.name)
    user.display_name = "Ines Marie"
    assert (await sdk(token, "update_user", user, paths=["display_name"])).display_name == "Ines Marie"
    with pytest.raises(FailedPrecondition):
        await sdk(token, "delete_role", role.name)
    assert (await sdk(token, "deactivate_user", user.name)).state == USER_STATE_DEACTIVATED
    assert (await sdk(token, "reactivate_user", user.name)).state != USER_STATE_DEACTIVATED
    user.role = "roles/sales"
    await sdk(token, "update_user", user, paths=["role"])
    await sdk(token, "delete_role", role.name)
    with pytest.raises(NotFound):
        await sdk(token, "get_role", role.name)


async def test_programs_and_issuers_are_let_in_and_shut_out(sdk: Sdk, token_from: TokenFrom) -> None:
    token, _ = await sign_up(sdk, token_from)
    made = await sdk(token, "create_api_key", "CRM", [PERMISSION_LEADS_READ])
    rotated = await sdk(token, "rotate_api_key", made.name, overlap=timedelta(minutes=5))
    assert rotated.secret
    assert rotated.secret != made.secret

    oauth_client = await sdk(token, "create_oauth_client", "CRM", [PERMISSION_LEADS_READ])
    again = await sdk(token, "rotate_oauth_client", oauth_client.name)
    assert again.client_secret != oauth_client.client_secret
    assert [found.name for found in await sdk(token, "list_oauth_clients")] == [oauth_client.name]
    assert (await sdk(token, "revoke_oauth_client", oauth_client.name)).state == CREDENTIAL_STATE_REVOKED

    issuer = IdentityProvider(
        display_name="Staff", issuer="https://login.example.com", client_id="leadline", role="roles/sales"
    )
    made_issuer = await sdk(token, "create_identity_provider", issuer)
    made_issuer.display_name = "All staff"
    await sdk(token, "update_identity_provider", made_issuer, paths=["display_name"])
    assert [found.display_name for found in await sdk(token, "list_identity_providers")] == ["All staff"]
    with pytest.raises(Unauthenticated):
        await sdk("", "log_in_with_id_token", made_issuer.name, "no.such.token")
    await sdk(token, "delete_identity_provider", made_issuer.name)
    assert await sdk(token, "list_identity_providers") == []
