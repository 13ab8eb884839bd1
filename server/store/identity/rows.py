"""Rows of identity's tables: how they are read, changed and turned into the domain's objects."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from server.identity.account import (
    Credential,
    CredentialKind,
    IdentityProvider,
    Invitation,
    InvitationState,
    Organization,
    Role,
    User,
    UserState,
)
from server.runtime.unit_of_work import UnitOfWork


class Rows:
    """The rows of one table, of the tenant of a unit of work. Names of tables and columns are the code's own.

    Args:
        work: The unit of work.
        table: The table's name.
    """

    def __init__(self, work: UnitOfWork, table: str) -> None:
        self._work = work
        self._table = table

    async def add(self, values: dict[str, Any]) -> bool:
        """Adds a row; False if one with the same unique value is there."""
        columns = ("tenant_id", *values)
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        status = await self._work.driver.execute(
            f"INSERT INTO {self._table} ({', '.join(columns)}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608
            self._work.tenant_id,
            *values.values(),
        )
        return status.endswith(" 1")

    async def get(self, identifier: UUID, *, lock: bool = False) -> Record | None:
        """Gives a row by its id."""
        query = f"SELECT * FROM {self._table} WHERE tenant_id = $1 AND id = $2"  # noqa: S608
        return await self._work.driver.fetchrow(
            query + (" FOR UPDATE" if lock else ""), self._work.tenant_id, identifier
        )

    async def page(self, size: int, before: UUID | None, condition: str = "true", *values: Any) -> Sequence[Record]:
        """Gives rows, the newest first: their ids grow with time. The condition's first parameter is `$4`."""
        return await self._work.driver.fetch(
            f"SELECT * FROM {self._table} WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) AND {condition} "  # noqa: S608
            "ORDER BY id DESC LIMIT $3",
            self._work.tenant_id,
            before,
            size,
            *values,
        )

    async def update(self, identifier: UUID, values: dict[str, Any]) -> Record:
        """Changes a row that exists, and gives it as it then is."""
        changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, start=3))
        row = await self._work.driver.fetchrow(
            f"UPDATE {self._table} SET {changes} WHERE tenant_id = $1 AND id = $2 RETURNING *",  # noqa: S608
            self._work.tenant_id,
            identifier,
            *values.values(),
        )
        if row is None:
            raise RuntimeError(f"a row of {self._table} was changed that is not there")
        return row

    async def delete(self, identifier: UUID) -> bool:
        """Deletes a row; False if there is none."""
        status = await self._work.driver.execute(
            f"DELETE FROM {self._table} WHERE tenant_id = $1 AND id = $2",  # noqa: S608
            self._work.tenant_id,
            identifier,
        )
        return status.endswith(" 1")


def organization(row: Record) -> Organization:
    """Reads a row of tenants."""
    return Organization(
        organization_id=row["id"],
        display_name=row["display_name"],
        plan=row["plan"],
        second_factor_required=row["second_factor_required"],
        allowed_origins=row["allowed_origins"],
        create_time=row["create_time"],
    )


def user(row: Record) -> User:
    """Reads a row of users."""
    return User(user_id=row["id"], **_rest(row), state=UserState(row["state"]))


def invitation(row: Record) -> Invitation:
    """Reads a row of invitations."""
    return Invitation(invitation_id=row["id"], **_rest(row), state=InvitationState(row["state"]))


def role(row: Record) -> Role:
    """Reads a row of roles."""
    return Role(
        role=str(row["id"]),
        display_name=row["display_name"],
        permissions=frozenset(row["permissions"]),
        create_time=row["create_time"],
        update_time=row["update_time"],
    )


def credential(row: Record) -> Credential:
    """Reads a row of credentials."""
    values = _rest(row) | {"permissions": frozenset(row["permissions"]), "kind": CredentialKind(row["kind"])}
    return Credential(credential_id=row["id"], **values)


def identity_provider(row: Record) -> IdentityProvider:
    """Reads a row of identity_providers."""
    return IdentityProvider(provider_id=row["id"], **_rest(row))


def _rest(row: Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"tenant_id", "id", "state"}}
