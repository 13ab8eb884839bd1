"""The first account of a stack: the owner of its organization, with a random password."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from server.identity.joining import new_user
from server.identity.passwords import PasswordHashes
from server.identity.permissions import OWNER
from server.runtime.database import Database
from server.store.identity.accounts import PostgresIdentityStore

EMAIL = "owner@example.com"
"""The owner's address: of a domain that nobody has, and so that gets no mail."""
_DISPLAY_NAME = "Owner"
_PASSWORD_BYTES = 15


@dataclass(frozen=True, slots=True)
class FirstOwner:
    """Who may log in to a stack from its first start on.

    Attributes:
        password_file: Readable by its owner alone; it has the password of the first start, and nothing else.
    """

    password_file: Path

    def make(self, database_url: str, tenant_id: UUID) -> None:
        """Makes the account, if the organization has none with the address.

        Args:
            database_url: PostgreSQL in the role of the application.
            tenant_id: The organization; it exists.
        """
        # In a thread of its own: a stack may be started by a program whose event loop runs.
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(asyncio.run, self._make(database_url, tenant_id)).result()

    def password(self) -> str:
        """Gives the password of the first start; chosen now if this is the first.

        Whoever changes it later knows it, so the file is not written again.
        """
        if not self.password_file.exists():
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(_PASSWORD_BYTES), encoding="utf-8")
        return self.password_file.read_text(encoding="utf-8")

    async def _make(self, database_url: str, tenant_id: UUID) -> None:
        database = await Database.connect(database_url)
        try:
            async with PostgresIdentityStore(database).transaction(tenant_id) as transaction:
                if await transaction.user_of_email(EMAIL) is None:
                    password_hash = await PasswordHashes().make(self.password())
                    owner = new_user(EMAIL, _DISPLAY_NAME, OWNER, password_hash, datetime.now(UTC))
                    await transaction.add_user(owner)
                    # No message ever arrives there that could show that the address is the owner's.
                    await transaction.update_user(owner.user_id, {"email_verified": True})
                    await transaction.commit()
        finally:
            await database.close()
