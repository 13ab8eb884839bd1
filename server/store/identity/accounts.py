"""Organizations, users, invitations, roles, credentials and issuers in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

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
from server.identity.permissions import OWNER
from server.identity.ports import IdentityTransaction
from server.runtime.database import Database
from server.runtime.errors.identity import RoleAlreadyExists, UserAlreadyExists
from server.runtime.identifiers import format_name, new_id
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.store.identity import rows
from server.store.identity.rows import Rows


class _Users:
    """The users of a tenant. See the port `IdentityTransaction`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._users = Rows(work, "users")

    async def add_user(self, user: User) -> None:
        """Adds a user."""
        if not await self._users.add(_columns(user, "user_id")):
            taken = await self.user_of_email(user.email)
            raise UserAlreadyExists(format_name("users", taken.user_id if taken else user.user_id))

    async def user(self, user_id: UUID, *, lock: bool = False) -> User | None:
        """Gives a user."""
        row = await self._users.get(user_id, lock=lock)
        return None if row is None else rows.user(row)

    async def user_of_email(self, email: str) -> User | None:
        """Gives the user with an e-mail address."""
        found = await self._users.page(1, None, "email = $4", email)
        return rows.user(found[0]) if found else None

    async def users(self, size: int, before: UUID | None) -> Sequence[User]:
        """Gives users, the newest first."""
        return [rows.user(row) for row in await self._users.page(size, before)]

    async def users_of_role(self, role: str) -> Sequence[User]:
        """Gives the users who have a role."""
        found = await self._work.driver.fetch(
            "SELECT * FROM users WHERE tenant_id = $1 AND role = $2", self._work.tenant_id, role
        )
        return [rows.user(row) for row in found]

    async def update_user(self, user_id: UUID, values: dict[str, Any]) -> User:
        """Changes a user."""
        return rows.user(await self._users.update(user_id, values))

    async def other_active_owners(self, user_id: UUID) -> int:
        """Counts the active owners besides one user, and locks all of them."""
        owners = await self._work.driver.fetch(
            "SELECT id FROM users WHERE tenant_id = $1 AND role = $2 AND state = $3 ORDER BY id FOR UPDATE",
            self._work.tenant_id,
            OWNER,
            UserState.ACTIVE.value,
        )
        return sum(row["id"] != user_id for row in owners)

    async def replace_recovery_codes(self, user_id: UUID, digests: Sequence[bytes]) -> None:
        """Puts other recovery codes in place of a user's."""
        await self._work.driver.execute(
            "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2", self._work.tenant_id, user_id
        )
        codes = Rows(self._work, "recovery_codes")
        for digest in digests:
            await codes.add({"id": new_id(), "user_id": user_id, "digest": digest})

    async def use_recovery_code(self, user_id: UUID, digest: bytes) -> bool:
        """Takes a recovery code away."""
        status = await self._work.driver.execute(
            "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND digest = $3",
            self._work.tenant_id,
            user_id,
            digest,
        )
        return status.endswith(" 1")


class _Programs:
    """The credentials and issuers of a tenant. See the port `IdentityTransaction`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._credentials = Rows(work, "credentials")
        self._providers = Rows(work, "identity_providers")

    async def add_credential(self, credential: Credential) -> None:
        """Adds a credential."""
        await self._credentials.add(_columns(credential, "credential_id"))

    async def credential(self, kind: CredentialKind, credential_id: UUID, *, lock: bool = False) -> Credential | None:
        """Gives a credential of a kind."""
        row = await self._credentials.get(credential_id, lock=lock)
        return None if row is None or row["kind"] != kind else rows.credential(row)

    async def credentials(self, kind: CredentialKind, size: int, before: UUID | None) -> Sequence[Credential]:
        """Gives credentials of a kind, the newest first."""
        found = await self._credentials.page(size, before, "kind = $4", kind.value)
        return [rows.credential(row) for row in found]

    async def update_credential(self, credential_id: UUID, values: dict[str, Any]) -> Credential:
        """Changes a credential."""
        return rows.credential(await self._credentials.update(credential_id, values))

    async def add_identity_provider(self, provider: IdentityProvider) -> None:
        """Adds an issuer."""
        await self._providers.add(_columns(provider, "provider_id"))

    async def identity_provider(self, provider_id: UUID) -> IdentityProvider | None:
        """Gives an issuer."""
        row = await self._providers.get(provider_id)
        return None if row is None else rows.identity_provider(row)

    async def identity_providers(self, size: int, before: UUID | None) -> Sequence[IdentityProvider]:
        """Gives issuers, the newest first."""
        return [rows.identity_provider(row) for row in await self._providers.page(size, before)]

    async def update_identity_provider(self, provider_id: UUID, values: dict[str, Any]) -> IdentityProvider:
        """Changes an issuer."""
        return rows.identity_provider(await self._providers.update(provider_id, values))

    async def delete_identity_provider(self, provider_id: UUID) -> bool:
        """Deletes an issuer."""
        return await self._providers.delete(provider_id)

    async def user_of_subject(self, provider_id: UUID, subject: str) -> UUID | None:
        """Gives the user whom an issuer knows by a subject."""
        found: UUID | None = await self._work.driver.fetchval(
            "SELECT user_id FROM external_identities WHERE tenant_id = $1 AND provider_id = $2 AND subject = $3",
            self._work.tenant_id,
            provider_id,
            subject,
        )
        return found

    async def link_subject(self, provider_id: UUID, subject: str, user_id: UUID) -> None:
        """Notes by which subject an issuer knows a user."""
        values = {"provider_id": provider_id, "subject": subject, "user_id": user_id}
        await Rows(self._work, "external_identities").add(values)


class PostgresIdentityTransaction(_Users, _Programs):
    """The identity of one tenant in one transaction. See the port `IdentityTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        _Users.__init__(self, work)
        _Programs.__init__(self, work)
        self._invitations = Rows(work, "invitations")
        self._roles = Rows(work, "roles")

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""
        return self._work.tenant_id

    async def commit(self) -> None:
        """Makes the changes last."""
        await self._work.commit()

    async def add_organization(self, display_name: str) -> None:
        """Makes the tenant itself."""
        await self._work.driver.execute(
            "INSERT INTO tenants (id, display_name) VALUES ($1, $2)", self._work.tenant_id, display_name
        )

    async def organization(self) -> Organization | None:
        """Gives the tenant."""
        row = await self._work.driver.fetchrow("SELECT * FROM tenants WHERE id = $1", self._work.tenant_id)
        return None if row is None else rows.organization(row)

    async def update_organization(self, values: dict[str, Any]) -> None:
        """Changes the tenant."""
        for column, value in values.items():
            await self._work.driver.execute(
                f"UPDATE tenants SET {column} = $2 WHERE id = $1",  # noqa: S608 - the code's own names
                self._work.tenant_id,
                value,
            )

    async def add_invitation(self, invitation: Invitation) -> None:
        """Adds an invitation."""
        await self._invitations.add(_columns(invitation, "invitation_id"))

    async def invitation(self, invitation_id: UUID) -> Invitation | None:
        """Gives an invitation, locked."""
        row = await self._invitations.get(invitation_id, lock=True)
        return None if row is None else rows.invitation(row)

    async def invitations(self, size: int, before: UUID | None) -> Sequence[Invitation]:
        """Gives invitations, the newest first."""
        return [rows.invitation(row) for row in await self._invitations.page(size, before)]

    async def update_invitation(self, invitation_id: UUID, values: dict[str, Any]) -> Invitation:
        """Changes an invitation."""
        return rows.invitation(await self._invitations.update(invitation_id, values))

    async def add_role(self, role: Role) -> None:
        """Adds a role of the tenant's own."""
        await self._refuse_taken_name(role.display_name, UUID(role.role))
        await self._roles.add(
            {"id": UUID(role.role), "display_name": role.display_name, "permissions": sorted(role.permissions)}
        )

    async def role(self, role_id: UUID) -> Role | None:
        """Gives a role of the tenant's own."""
        row = await self._roles.get(role_id)
        return None if row is None else rows.role(row)

    async def roles(self, size: int, before: UUID | None) -> Sequence[Role]:
        """Gives roles of the tenant's own, the newest first."""
        return [rows.role(row) for row in await self._roles.page(size, before)]

    async def update_role(self, role_id: UUID, values: dict[str, Any]) -> Role:
        """Changes a role."""
        if "display_name" in values:
            await self._refuse_taken_name(values["display_name"], role_id)
        return rows.role(await self._roles.update(role_id, values))

    async def delete_role(self, role_id: UUID) -> None:
        """Deletes a role."""
        await self._roles.delete(role_id)

    async def is_role_in_use(self, role: str) -> bool:
        """Tells whether users, pending invitations or issuers have a role."""
        return bool(
            await self._work.driver.fetchval(
                "SELECT EXISTS (SELECT FROM users WHERE tenant_id = $1 AND role = $2) "
                "OR EXISTS (SELECT FROM invitations WHERE tenant_id = $1 AND role = $2 AND state = $3) "
                "OR EXISTS (SELECT FROM identity_providers WHERE tenant_id = $1 AND role = $2)",
                self._work.tenant_id,
                role,
                InvitationState.PENDING.value,
            )
        )

    async def _refuse_taken_name(self, display_name: str, role_id: UUID) -> None:
        # Two who take the same name at the same time: the second waits here for the first.
        await self._work.driver.execute("SELECT FROM tenants WHERE id = $1 FOR UPDATE", self._work.tenant_id)
        found = await self._roles.page(1, None, "display_name = $4 AND id <> $5", display_name, role_id)
        if found:
            raise RoleAlreadyExists(format_name("roles", found[0]["id"]))


class PostgresIdentityStore:
    """The identity of all tenants. See the port `IdentityStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[IdentityTransaction]:
        """Opens a transaction that sees one tenant, or joins the one of the rpc."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresIdentityTransaction(work)

    async def accounts_of_email(self, email: str) -> Sequence[tuple[UUID, UUID]]:
        """Gives tenant and user of each account with an e-mail address."""
        async with self._database.session() as connection:
            found = await connection.fetch("SELECT tenant_id, user_id FROM accounts_of_email($1)", email)
        return [(row["tenant_id"], row["user_id"]) for row in found]

    async def tenant_of_identity_provider(self, provider_id: UUID) -> UUID | None:
        """Gives the tenant that trusts an issuer."""
        async with self._database.session() as connection:
            found: UUID | None = await connection.fetchval("SELECT tenant_of_identity_provider($1)", provider_id)
        return found


def _columns(item: Invitation | User | Credential | IdentityProvider, identifier: str) -> dict[str, Any]:
    """Gives the columns of an item of the domain."""
    values: dict[str, Any] = asdict(item)
    for name in values.keys() & {"state", "kind"}:
        values[name] = int(values[name])
    if "permissions" in values:
        values["permissions"] = sorted(values["permissions"])
    return {"id": values.pop(identifier)} | values
