"""The built-in roles, against the permissions of the contract."""

import pytest

from server.identity.permissions import ACCOUNT, ROLE_NAMES, built_in_roles, of_program, of_user
from server.services.conversions.identity import SCOPES


def test_every_role_has_permissions_of_the_contract_alone() -> None:
    roles = built_in_roles(SCOPES.values())
    assert set(roles) == set(ROLE_NAMES)
    assert all(permissions and permissions <= set(SCOPES.values()) for permissions in roles.values())


def test_a_permission_that_the_contract_lacks_is_told_and_not_dropped() -> None:
    without = set(SCOPES.values()) - {"monitoring.read", "crm.write"}
    with pytest.raises(ValueError, match=r"crm\.write, monitoring\.read"):
        built_in_roles(without)


def test_an_owner_may_do_what_nobody_else_may() -> None:
    roles = built_in_roles(SCOPES.values())
    assert roles["owner"] == set(SCOPES.values())
    assert roles["owner"] - roles["admin"] == {"organization.write"}
    assert all("users.write" not in roles[name] for name in ("analyst", "sales", "integration", "auditor"))
    assert not {scope for scope in roles["auditor"] if scope.endswith(".write")}


def test_users_keep_their_account_and_programs_have_none() -> None:
    assert of_user({"leads.read"}) == {"leads.read", ACCOUNT}
    assert of_program({"leads.read", ACCOUNT}) == {"leads.read"}
