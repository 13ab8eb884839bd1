"""The built-in roles, as the permissions that each of them has."""

from collections.abc import Iterable, Mapping

ACCOUNT = "account.manage"
OWNER = "owner"
_PERSONAL_DATA = "leads.pii.read"

_READING = frozenset(
    {
        "leads.read",
        "scores.read",
        "models.read",
        "operations.read",
        "rules.read",
        "experiments.read",
        "monitoring.read",
        "workflows.read",
        "notifications.read",
        "organization.read",
    }
)
_ANALYST = _READING | {
    "models.train",
    "models.promote",
    "scores.write",
    "operations.cancel",
    "rules.write",
    "experiments.write",
    "monitoring.write",
}
_SALES = _READING | {_PERSONAL_DATA, "leads.write", "events.write"}
_INTEGRATION = frozenset(
    {
        _PERSONAL_DATA,
        "leads.read",
        "leads.write",
        "events.write",
        "scores.read",
        "models.read",
        "operations.read",
        "deadletters.read",
        "deadletters.write",
        "crm.read",
        "crm.write",
    }
)
_AUDITOR = _READING | {
    "users.read",
    "roles.read",
    "credentials.read",
    "providers.read",
    "tracking.read",
    "deadletters.read",
    "crm.read",
    "audit.read",
    "audit.export",
    "keys.read",
}
# What only an owner does: say what the organization is. Whoever lacks a permission can't give it to others either.
_OWNER_ONLY = frozenset({"organization.write"})

ROLE_NAMES: Mapping[str, str] = {
    OWNER: "Owner",
    "admin": "Admin",
    "analyst": "Analyst",
    "sales": "Sales",
    "integration": "Integration",
    "auditor": "Auditor",
}


def built_in_roles(permissions: Iterable[str]) -> dict[str, frozenset[str]]:
    """Gives the permissions of each built-in role.

    Args:
        permissions: Every permission of the contract, as scope texts. An owner has all of them, so that a new one is
            never out of reach.

    Returns:
        The permissions by the role's name.

    Raises:
        ValueError: A role names a permission that the contract doesn't have.
    """
    everything = frozenset(permissions)
    roles = {
        OWNER: everything,
        "admin": everything - _OWNER_ONLY,
        "analyst": _ANALYST,
        "sales": _SALES,
        "integration": _INTEGRATION,
        "auditor": _AUDITOR,
    }
    unknown = frozenset().union(*roles.values()) - everything
    if unknown:
        raise ValueError(f"roles name permissions that the contract lacks: {', '.join(sorted(unknown))}")
    return roles


def of_user(permissions: Iterable[str]) -> frozenset[str]:
    """Gives what a user with a role may do: the role's permissions, and keeping their own account."""
    return frozenset(permissions) | {ACCOUNT}


def of_program(permissions: Iterable[str]) -> frozenset[str]:
    """Gives what a program may do at most: a program has no account of its own to keep."""
    return frozenset(permissions) - {ACCOUNT}
