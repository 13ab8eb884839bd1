"""The audit log leaves nothing out: every rpc of the contract, called on the processes that answer it."""

import asyncio
from uuid import UUID

import orjson
import pytest

from deploy.local.development_token import DevelopmentKey
from gateway.contract import grpc_path
from server.interceptors.audit_facts import kind_of
from server.interceptors.permissions import is_public
from server.runtime.identifiers import new_id
from tests.attack.calls import METHODS, call
from tests.attack.conftest import Connection, Doors, SignUp
from tests.attack.test_tenant_sweep import unknown_names
from tests.attack.valid_requests import valid_request
from tests.integration.identity.people import bearer

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Records that no transaction carries are written a moment later.
WRITTEN_SECONDS = 0.5


async def recorded(superuser: Connection, tenant_id: UUID) -> set[tuple[str, str]]:
    """Gives method and kind of each record of a tenant."""
    await asyncio.sleep(WRITTEN_SECONDS)
    rows = await superuser.fetch("SELECT content FROM unsealed_audit_records WHERE tenant_id = $1", tenant_id)
    entries = [orjson.loads(row["content"]) for row in rows]
    return {(entry["method"], entry["kind"]) for entry in entries}


async def test_every_change_and_every_read_of_personal_data_is_recorded(
    doors: Doors, sign_up: SignUp, superuser: Connection
) -> None:
    person = await sign_up()
    expected = set()
    # Who has logged out is still recorded when the next call is refused, but as somebody who was kept out.
    for method in sorted(METHODS, key=lambda method: method.name.startswith("LogOut")):
        kind = None if is_public(method) else kind_of(method)
        if kind is not None and method.name != "LogOutEverywhere":
            await call(doors.of(method), method, [valid_request(method, unknown_names())], person.owner)
            expected.add((grpc_path(method)[1:], str(kind)))
    assert len(expected) > 60
    assert expected - await recorded(superuser, person.tenant_id) == set()


async def test_every_refused_permission_is_recorded(
    doors: Doors, development_key: DevelopmentKey, superuser: Connection
) -> None:
    tenant_id = new_id()
    powerless = bearer(development_key.mint(tenant_id, "powerless", []))
    expected = set()
    for method in METHODS:
        if not is_public(method):
            await call(doors.of(method), method, [valid_request(method, unknown_names())], powerless)
            expected.add((grpc_path(method)[1:], "ACCESS"))
    assert await recorded(superuser, tenant_id) == expected
