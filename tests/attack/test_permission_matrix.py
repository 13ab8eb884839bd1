"""Every rpc of the contract, called in every built-in role: it answers as its permission in the contract says."""

from typing import Any

import pytest

from deploy.local.development_token import EVERY_SCOPE, DevelopmentKey
from server.identity.permissions import ACCOUNT, ROLE_NAMES, built_in_roles, of_user
from server.interceptors.permissions import required_scope
from server.runtime.identifiers import new_id
from tests.attack.calls import METHODS, call
from tests.attack.conftest import Doors
from tests.integration.identity.people import bearer

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROLES = {name: of_user(allowed) for name, allowed in built_in_roles({*EVERY_SCOPE, ACCOUNT}).items()}
NOBODY: frozenset[str] = frozenset()
NOT_FOR_YOU = {"PERMISSION_MISSING", "TOKEN_MISSING", "TOKEN_INVALID"}


@pytest.mark.parametrize("role", [*ROLE_NAMES, None], ids=str)
async def test_a_role_may_call_what_its_permissions_say_and_nothing_else(
    doors: Doors, development_key: DevelopmentKey, role: str | None
) -> None:
    allowed = NOBODY if role is None else ROLES[role]
    metadata = bearer(development_key.mint(new_id(), f"users/{new_id()}", sorted(allowed)))
    wrong: dict[str, Any] = {}
    for method in METHODS:
        # What the request says is looked at only after who asks; most rpcs find an empty one invalid.
        answer = await call(doors.of(method), method, [b""], metadata)
        scope = required_scope(method)
        if scope is None or scope in allowed:
            is_right = answer.reason not in NOT_FOR_YOU
        else:
            is_right = answer.error is not None and (answer.reason, answer.error.metadata) == (
                "PERMISSION_MISSING",
                {"permission": scope},
            )
        if not is_right:
            wrong[method.full_name] = (scope, answer)
    assert not wrong, "\n".join(f"{name}: {answers}" for name, answers in wrong.items())


async def test_without_a_token_only_the_public_rpcs_answer(doors: Doors) -> None:
    answers = {method.full_name: await call(doors.of(method), method, [b""]) for method in METHODS}
    refused = {name for name, answer in answers.items() if answer.reason == "TOKEN_MISSING"}
    assert refused == {method.full_name for method in METHODS if required_scope(method) is not None}
