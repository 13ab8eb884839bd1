"""Every rpc of the contract, called with what belongs to somebody else: it knows nothing of it, and changes nothing."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import grpc
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from leadline.v1 import authentication_service_pb2, authentication_service_pb2_grpc, identity_service_pb2

from server.runtime.identifiers import new_id
from server.store.key_services.opening import open_key_service
from tests.attack.belongings import give_belongings, give_keys, snapshot
from tests.attack.calls import METHODS, Answer, call
from tests.attack.conftest import Connection, Doors, Organization, SignUp
from tests.attack.valid_requests import COMMON_NAMES, NameOf, valid_request
from tests.integration.identity.people import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEFECTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS}
# Gives all on one page, and so no page token.
ONE_PAGE = {"leadline.v1.AuthenticationService.ListSessions"}
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z"
    r"|leadline_[a-z]+_[\w-]+|\"[\w.=-]{40,}\""
)


@pytest_asyncio.fixture(loop_scope="session")
async def victim(doors: Doors, sign_up: SignUp, superuser: Connection, key_service: str) -> Organization:
    """An organization that has everything, two of each where it can; its owner has logged in twice."""
    made = await sign_up()
    await give_belongings(superuser, made.tenant_id)
    await give_keys(superuser, made.tenant_id, open_key_service(key_service))
    stub = authentication_service_pb2_grpc.AuthenticationServiceStub(doors.server)
    await stub.LogIn(authentication_service_pb2.LogInRequest(email=made.email, password=PASSWORD))
    return made


async def names_of(doors: Doors, victim: Organization) -> NameOf:
    """Gives the names of what an organization has."""
    by_name = {method.full_name.removeprefix("leadline.v1."): method for method in METHODS}
    sessions = await call(
        doors.server,
        by_name["AuthenticationService.ListSessions"],
        [authentication_service_pb2.ListSessionsRequest()],
        victim.owner,
    )
    clients = await call(
        doors.server,
        by_name["IdentityService.ListOauthClients"],
        [identity_service_pb2.ListOauthClientsRequest()],
        victim.owner,
    )
    special: dict[str, str] = COMMON_NAMES | {
        "sessions": sessions.responses[0].sessions[0].name,  # type: ignore[attr-defined]
        "oauthClients": clients.responses[0].oauth_clients[0].name,  # type: ignore[attr-defined]
    }
    return lambda collection: special.get(collection, f"{collection}/{victim.tenant_id}")


def unknown_names() -> NameOf:
    """Gives names of what nobody has."""
    return lambda collection: COMMON_NAMES.get(collection, f"{collection}/{new_id()}")


def told(answer: Answer) -> str:
    """Gives all that an answer tells, but for ids, times and secrets."""
    error = "" if answer.error is None else f"{answer.error.code} {answer.error}"
    return _CHANGING.sub("*", error + "".join(map(MessageToJson, answer.responses)))


async def test_the_names_of_another_tenant_are_like_names_that_nobody_has(
    doors: Doors, victim: Organization, sign_up: SignUp, superuser: Connection
) -> None:
    named, before = await names_of(doors, victim), await snapshot(superuser, victim.tenant_id)
    # Two that have nothing: one asks for what is the victim's, the other for what nobody has.
    intruder, bystander = await sign_up(), await sign_up()
    wrong: dict[str, Any] = {}
    refused: list[tuple[Any, Message]] = []
    for method in sorted(METHODS, key=_how_destructive):
        request = valid_request(method, named)
        answer = await call(doors.of(method), method, [request], intruder.owner)
        like = await call(doors.of(method), method, [valid_request(method, unknown_names())], bystander.owner)
        shows = str(victim.tenant_id) not in str(request) and _shows(answer, victim.tenant_id)
        if answer.code in DEFECTS or told(answer) != told(like) or shows:
            wrong[method.full_name] = (answer, like)
        if answer.code is grpc.StatusCode.NOT_FOUND:
            refused.append((method, request))
    assert not wrong, _lines(wrong)
    assert await snapshot(superuser, victim.tenant_id) == before
    # The owner is not told so of the same names: they were the right ones.
    answers = {
        method.full_name: await call(doors.of(method), method, [request], victim.owner, seconds=2.0)
        for method, request in refused
    }
    refusals = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED}
    unknown_to_owner = {name: answer for name, answer in answers.items() if answer.code in refusals}
    assert not unknown_to_owner, _lines(unknown_to_owner)
    assert len(refused) > 40


def _shows(answer: Answer, tenant_id: UUID) -> bool:
    return any(str(tenant_id) in MessageToJson(response) for response in answer.responses)


def _how_destructive(method: Any) -> int:
    """Tells what is to be called late, since what is called after it would not find things as they were."""
    if method.name.startswith(("LogOut", "RevokeSession")):
        return 2
    return int(method.name.startswith(("Delete", "Revoke", "Deactivate")))


def _asks_by(field: str) -> list[Any]:
    return [method for method in METHODS if field in method.input_type.fields_by_name]


@pytest.mark.parametrize(
    ("field", "given", "reason"),
    [
        ("page_token", "next_page_token", "INVALID_PAGE_TOKEN"),
        ("resume_token", "resume_token", "INVALID_RESUME_TOKEN"),
    ],
)
async def test_the_tokens_of_another_tenant_are_refused(
    *, doors: Doors, victim: Organization, sign_up: SignUp, field: str, given: str, reason: str
) -> None:
    named, intruder = await names_of(doors, victim), await sign_up()
    wrong: dict[str, Any] = {}
    for method in _asks_by(field):
        request: Any = valid_request(method, named)
        if "page_size" in method.input_type.fields_by_name:
            request.page_size = 1
        if "snapshot" in method.input_type.fields_by_name:
            request.snapshot = True
        first = await call(doors.of(method), method, [request], victim.owner)
        if method.full_name in ONE_PAGE:
            continue
        tokens = [token for response in first.responses if (token := getattr(response, given))]
        if not tokens:
            wrong[method.full_name] = ("the victim got no token", first)
            continue
        setattr(request, field, tokens[0])
        own = await call(doors.of(method), method, [request], victim.owner)
        others = await call(doors.of(method), method, [request], intruder.owner)
        if own.error is not None or others.reason != reason:
            wrong[method.full_name] = (own, others)
    assert not wrong, _lines(wrong)


def _lines(answers: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {answer}" for name, answer in answers.items())
