"""Sign-up, log-in, tokens and sessions, on real stores."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import grpc
from leadline.v1 import authentication_service_pb2 as messages
from leadline.v1 import identity_service_pb2, lead_service_pb2, permission_pb2

from server.identity.permissions import ROLE_NAMES
from tests.eventually import eventually
from tests.grpc_errors import error_of
from tests.integration.identity.people import OTHER_PASSWORD, PASSWORD, Person, bearer, key

LEADS = lead_service_pb2.ListLeadsRequest()


def log_in(person: Person, password: str | None = None) -> messages.LogInRequest:
    return messages.LogInRequest(email=person.email, password=password or person.password)


async def is_refused(leads: Any, token: str) -> bool:
    """Tells whether a token is refused as revoked."""
    try:
        await leads.ListLeads(LEADS, metadata=bearer(token))
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.UNAUTHENTICATED
    return False


async def test_an_owner_may_do_everything_and_sees_their_own_leads(leads: Any, owner: Person) -> None:
    every = {value.number for value in permission_pb2.Permission.DESCRIPTOR.values} - {0}
    assert set(owner.tokens.permissions) == every
    assert owner.tokens.user.role == "roles/owner"
    assert owner.tokens.organization.display_name == "Harbour Glass"
    assert not (await leads.ListLeads(LEADS, metadata=owner.bearer)).leads


async def test_the_password_logs_in_in_any_case_of_the_address(authentication: Any, owner: Person) -> None:
    request = messages.LogInRequest(email=owner.email.upper(), password=PASSWORD)
    answer = await authentication.LogIn(request)
    assert answer.tokens.user.name == owner.tokens.user.name
    assert answer.tokens.session != owner.tokens.session


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(authentication: Any, owner: Person) -> None:
    wrong = await error_of(authentication.LogIn(log_in(owner, OTHER_PASSWORD)))
    unknown = await error_of(authentication.LogIn(messages.LogInRequest(email="no@example.com", password=PASSWORD)))
    assert wrong.code is grpc.StatusCode.UNAUTHENTICATED
    assert wrong.reason == "CREDENTIALS_REFUSED"
    assert (wrong.message, wrong.metadata) == (unknown.message, unknown.metadata)


async def test_guessing_is_throttled_for_the_account_and_the_right_password_too(
    authentication: Any, owner: Person
) -> None:
    reasons = {(await error_of(authentication.LogIn(log_in(owner, f"{OTHER_PASSWORD} {n}")))).reason for n in range(10)}
    assert reasons == {"CREDENTIALS_REFUSED"}
    error = await error_of(authentication.LogIn(log_in(owner)))
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LOG_IN_THROTTLED")
    assert error.retry_seconds
    assert 800 < error.retry_seconds <= 900
    elsewhere = await authentication.LogIn(log_in(owner), metadata=(("x-forwarded-for", "198.51.100.7"),))
    assert elsewhere.tokens.access_token, "another address is not locked out"


async def test_a_refresh_token_counts_once_and_its_reuse_ends_the_session(
    authentication: Any, leads: Any, owner: Person
) -> None:
    first = owner.tokens.refresh_token
    second = await authentication.RefreshToken(messages.RefreshTokenRequest(refresh_token=first))
    assert second.session == owner.tokens.session
    assert second.refresh_token != first
    reused = await error_of(authentication.RefreshToken(messages.RefreshTokenRequest(refresh_token=first)))
    assert reused.reason == "REFRESH_TOKEN_REUSED"
    newest = messages.RefreshTokenRequest(refresh_token=second.refresh_token)
    assert (await error_of(authentication.RefreshToken(newest))).reason == "REFRESH_TOKEN_REFUSED"
    await eventually(lambda: is_refused(leads, second.access_token), seconds=3)


async def test_of_two_who_refresh_at_once_one_is_refused(authentication: Any, owner: Person) -> None:
    request = messages.RefreshTokenRequest(refresh_token=owner.tokens.refresh_token)
    results = await asyncio.gather(*(authentication.RefreshToken(request) for _ in range(2)), return_exceptions=True)
    assert sum(isinstance(result, grpc.aio.AioRpcError) for result in results) == 1


async def test_a_made_up_refresh_token_ends_nobody_s_session(authentication: Any, owner: Person) -> None:
    text = owner.tokens.refresh_token
    for made_up in ("x", text[:-3] + "abc", text.replace("leadline_refresh_", "leadline_key_")):
        error = await error_of(authentication.RefreshToken(messages.RefreshTokenRequest(refresh_token=made_up)))
        assert error.reason == "REFRESH_TOKEN_REFUSED"
    assert await authentication.RefreshToken(messages.RefreshTokenRequest(refresh_token=text))


async def test_sessions_are_listed_and_revoked_and_their_tokens_refused(
    authentication: Any, leads: Any, owner: Person
) -> None:
    other = (await authentication.LogIn(log_in(owner), metadata=(("user-agent", "phone"),))).tokens
    listed = await authentication.ListSessions(messages.ListSessionsRequest(), metadata=owner.bearer)
    assert [(session.name, session.current) for session in listed.sessions] == [
        (other.session, False),
        (owner.tokens.session, True),
    ]
    revocation = messages.RevokeSessionRequest(name=other.session, idempotency_key=key())
    await authentication.RevokeSession(revocation, metadata=owner.bearer)
    await eventually(lambda: is_refused(leads, other.access_token), seconds=3)
    error = await error_of(leads.ListLeads(LEADS, metadata=bearer(other.access_token)))
    assert error.reason == "TOKEN_REVOKED"
    again = messages.RevokeSessionRequest(name=other.session, idempotency_key=key())
    assert (await error_of(authentication.RevokeSession(again, metadata=owner.bearer))).reason == "SESSION_NOT_FOUND"
    assert not await is_refused(leads, owner.tokens.access_token)


async def test_log_out_ends_one_session_and_log_out_everywhere_all(
    authentication: Any, leads: Any, owner: Person
) -> None:
    others = [(await authentication.LogIn(log_in(owner))).tokens for _ in range(3)]
    await authentication.LogOut(messages.LogOutRequest(idempotency_key=key()), metadata=bearer(others[0].access_token))
    await eventually(lambda: is_refused(leads, others[0].access_token), seconds=3)
    assert not await is_refused(leads, others[1].access_token)
    request = messages.LogOutEverywhereRequest(idempotency_key=key())
    await authentication.LogOutEverywhere(request, metadata=owner.bearer)
    for tokens in (*others, owner.tokens):
        await eventually(partial(is_refused, leads, tokens.access_token), seconds=3)
        refresh = messages.RefreshTokenRequest(refresh_token=tokens.refresh_token)
        assert (await error_of(authentication.RefreshToken(refresh))).reason == "REFRESH_TOKEN_REFUSED"


async def test_a_forgotten_password_is_set_anew_once_and_ends_all_sessions(
    authentication: Any, leads: Any, owner: Person, token_from: Callable[[str, str], str]
) -> None:
    await authentication.RequestPasswordReset(messages.RequestPasswordResetRequest(email=owner.email))
    token = token_from(owner.email, "reset-password")
    weak = messages.ResetPasswordRequest(token=token, new_password="qwertyuiop12")  # noqa: S106
    assert (await error_of(authentication.ResetPassword(weak))).reason == "PASSWORD_REFUSED"
    request = messages.ResetPasswordRequest(token=token, new_password=OTHER_PASSWORD)
    await authentication.ResetPassword(request)
    assert (await error_of(authentication.ResetPassword(request))).reason == "ONE_TIME_TOKEN_REFUSED"
    await eventually(lambda: is_refused(leads, owner.tokens.access_token), seconds=3)
    assert (await error_of(authentication.LogIn(log_in(owner)))).reason == "CREDENTIALS_REFUSED"
    assert (await authentication.LogIn(log_in(owner, OTHER_PASSWORD))).tokens.access_token


async def test_asking_to_reset_tells_nobody_who_has_an_account(
    authentication: Any, owner: Person, mailbox: Callable[[str], list[Any]]
) -> None:
    unknown = messages.RequestPasswordResetRequest(email="nobody@example.com")
    known = messages.RequestPasswordResetRequest(email=owner.email)
    assert await authentication.RequestPasswordReset(unknown) == await authentication.RequestPasswordReset(known)
    assert not mailbox("nobody@example.com")


async def test_a_changed_password_keeps_this_session_and_ends_the_others(
    authentication: Any, leads: Any, owner: Person
) -> None:
    other = (await authentication.LogIn(log_in(owner))).tokens
    wrong = messages.ChangePasswordRequest(
        current_password=OTHER_PASSWORD, new_password=OTHER_PASSWORD, idempotency_key=key()
    )
    assert (await error_of(authentication.ChangePassword(wrong, metadata=owner.bearer))).reason == "CREDENTIALS_REFUSED"
    request = messages.ChangePasswordRequest(
        current_password=PASSWORD, new_password=OTHER_PASSWORD, idempotency_key=key()
    )
    await authentication.ChangePassword(request, metadata=owner.bearer)
    await authentication.ChangePassword(request, metadata=owner.bearer)
    await eventually(lambda: is_refused(leads, other.access_token), seconds=3)
    assert not await is_refused(leads, owner.tokens.access_token)
    assert (await authentication.LogIn(log_in(owner, OTHER_PASSWORD))).tokens.access_token


async def test_the_same_address_in_two_organizations_has_to_name_one(authentication: Any, owner: Person) -> None:
    second = await authentication.SignUp(
        messages.SignUpRequest(
            organization_display_name="Tidal Works", email=owner.email, display_name="Noor", password=PASSWORD
        )
    )
    error = await error_of(authentication.LogIn(log_in(owner)))
    names = {owner.tokens.organization.name, second.organization.name}
    assert error.reason == "ORGANIZATION_AMBIGUOUS"
    assert set(error.metadata["organizations"].split(",")) == names
    for name in names:
        request = messages.LogInRequest(email=owner.email, password=PASSWORD, organization=name)
        assert (await authentication.LogIn(request)).tokens.organization.name == name


async def test_weak_passwords_are_refused_with_the_rule(authentication: Any) -> None:
    for password, rule in {
        "short one": "too_short",
        "x" * 300: "too_long",
        "12345678910": "too_short",
        "1234567891011": "easily_guessed",
        "Password1234": "known_from_breaches",
        "aaaaaaaaaaaaaa": "easily_guessed",
        "harbour glass": "resembles_account",
    }.items():
        request = messages.SignUpRequest(
            organization_display_name="Harbour Glass", email="weak@example.com", display_name="W", password=password
        )
        error = await error_of(authentication.SignUp(request))
        assert (error.reason, error.metadata) == ("PASSWORD_REFUSED", {"rule": rule}), password


async def test_account_rpcs_are_no_program_s(authentication: Any, development_bearer: Any) -> None:
    error = await error_of(authentication.ListSessions(messages.ListSessionsRequest(), metadata=development_bearer))
    assert (error.reason, error.metadata) == ("PERMISSION_MISSING", {"permission": "account.manage"})


async def test_every_built_in_role_is_listed_with_its_permissions(identity: Any, owner: Person) -> None:
    page = await identity.ListRoles(identity_service_pb2.ListRolesRequest(), metadata=owner.bearer)
    assert [role.name for role in page.roles] == [f"roles/{name}" for name in ROLE_NAMES]
    assert all(role.built_in and role.permissions for role in page.roles)
