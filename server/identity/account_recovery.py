"""Passwords that are changed or forgotten, and e-mail addresses that are verified."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.identity.account import User, UserState
from server.identity.mail import Mails
from server.identity.passwords import PasswordHashes, PasswordPolicy
from server.identity.ports import IdentityStore, IdentityTransaction, Mailer, OneTimeStore, Throttle
from server.identity.secrets import Reference, new_secret
from server.identity.sessions import KeepSessions
from server.runtime.audit import concerns
from server.runtime.errors.identity import CredentialsRefused, OneTimeTokenRefused
from server.runtime.identifiers import format_name

RESET_LIFETIME: Final = timedelta(minutes=30)
VERIFICATION_LIFETIME: Final = timedelta(hours=24)
_RESET, _VERIFICATION = "password-reset", "email-verification"
_RESET_PREFIX, _VERIFICATION_PREFIX = "leadline_reset_", "leadline_verify_"


class EmailVerification:
    """Has users show that their e-mail addresses are theirs.

    Args:
        store: Where users are kept.
        one_time: Keeps the tokens of messages.
        mails: Writes messages.
        mailer: Sends them.
        throttle: Counts messages.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        one_time: OneTimeStore,
        mails: Mails,
        mailer: Mailer,
        *,
        throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._one_time = one_time
        self._mails = mails
        self._mailer = mailer
        self._throttle = throttle
        self._now = now

    async def ask(self, tenant_id: UUID, user: User) -> None:
        """Sends the message."""
        reference = Reference(tenant_id, user.user_id, new_secret())
        await self._one_time.put(tenant_id, _VERIFICATION, user.user_id, reference.secret, VERIFICATION_LIFETIME)
        self._mailer.send(self._mails.verification(user.email, reference.text(_VERIFICATION_PREFIX)))

    async def ask_again(self, tenant_id: UUID, user_id: UUID, address: str) -> None:
        """Sends the message again to a user whose address is not verified.

        Raises:
            LogInThrottled: Too many messages.
        """
        async with self._store.transaction(tenant_id) as transaction:
            user = await transaction.user(user_id)
            await transaction.commit()
        if user is not None and not user.email_verified:
            await self._throttle.attempt(user.email, address)
            await self.ask(tenant_id, user)

    async def verify(self, token: str) -> None:
        """Takes a token as the proof.

        Raises:
            OneTimeTokenRefused: It is unknown, was used, or its time is over.
        """
        reference = await taken(self._one_time, _VERIFICATION, _VERIFICATION_PREFIX, token)
        async with self._store.transaction(reference.tenant_id) as transaction:
            await transaction.update_user(reference.identifier, {"email_verified": True, "update_time": self._now()})
            await transaction.commit()


class PasswordChange:
    """Changes passwords, known or forgotten.

    Args:
        store: Where users are kept.
        policy: Says which passwords are taken.
        hashes: Makes and verifies hashes.
        sessions: Ends sessions.
        one_time: Keeps the tokens of messages.
        mails: Writes messages.
        mailer: Sends them.
        throttle: Counts attempts at passwords.
        mail_throttle: Counts messages.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        policy: PasswordPolicy,
        hashes: PasswordHashes,
        sessions: KeepSessions,
        one_time: OneTimeStore,
        *,
        mails: Mails,
        mailer: Mailer,
        throttle: Throttle,
        mail_throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._policy = policy
        self._hashes = hashes
        self._sessions = sessions
        self._one_time = one_time
        self._mails = mails
        self._mailer = mailer
        self._throttle = throttle
        self._mail_throttle = mail_throttle
        self._now = now

    async def change(
        self, tenant_id: UUID, user_id: UUID, session_id: UUID | None, passwords: tuple[str, str], address: str
    ) -> None:
        """Changes a password that its user knows, and ends the user's other sessions.

        Args:
            tenant_id: The user's tenant.
            user_id: The user.
            session_id: The session that goes on.
            passwords: The one until now, and the new one.
            address: From where.

        Raises:
            LogInThrottled: Too many attempts.
            CredentialsRefused: The current password is wrong.
            PasswordRefused: The new one can't be taken.
        """
        await self._throttle.attempt(str(user_id), address)
        current, new = passwords
        async with self._store.transaction(tenant_id) as transaction:
            user = await transaction.user(user_id, lock=True)
            if user is None or not await self._hashes.verify(user.password_hash, current):
                raise CredentialsRefused
            await self._set(transaction, user, new, {})
            await self._sessions.end_all(tenant_id, user_id, but=session_id)
            await transaction.commit()
        await self._throttle.forgive(str(user_id), address)
        self._mailer.send(self._mails.password_changed(user.email))

    async def ask_reset(self, email: str, address: str) -> None:
        """Sends a message to each active account with an e-mail address. The answer is the same if there is none.

        Raises:
            LogInThrottled: Too many messages.
        """
        email = email.lower()
        await self._mail_throttle.attempt(email, address)
        for tenant_id, user_id in await self._store.accounts_of_email(email):
            async with self._store.transaction(tenant_id) as transaction:
                user, organization = await transaction.user(user_id), await transaction.organization()
            if user is None or organization is None or user.state is not UserState.ACTIVE:
                continue
            concerns(tenant_id, format_name("users", user_id))
            reference = Reference(tenant_id, user_id, new_secret())
            await self._one_time.put(tenant_id, _RESET, user_id, reference.secret, RESET_LIFETIME)
            self._mailer.send(self._mails.reset(email, organization.display_name, reference.text(_RESET_PREFIX)))

    async def reset(self, token: str, new_password: str) -> None:
        """Sets a forgotten password anew and ends all sessions. The second factor, if there is one, stays.

        Raises:
            OneTimeTokenRefused: The token is unknown, was used, or its time is over.
            PasswordRefused: The password can't be taken; the token is still good.
        """
        reference = await taken(self._one_time, _RESET, _RESET_PREFIX, token)
        tenant_id, user_id = reference.tenant_id, reference.identifier
        async with self._store.transaction(tenant_id) as transaction:
            user = await transaction.user(user_id, lock=True)
            if user is None or user.state is not UserState.ACTIVE:
                raise OneTimeTokenRefused
            try:
                # Who reads the address's messages has shown that it is theirs.
                await self._set(transaction, user, new_password, {"email_verified": True})
            except BaseException:
                await self._one_time.put(tenant_id, _RESET, user_id, reference.secret, RESET_LIFETIME)
                raise
            await self._sessions.end_all(tenant_id, user_id)
            await transaction.commit()
        self._mailer.send(self._mails.password_changed(user.email))

    async def _set(
        self, transaction: IdentityTransaction, user: User, password: str, values: dict[str, object]
    ) -> None:
        organization = await transaction.organization()
        known = (user.email, user.display_name, organization.display_name if organization else "")
        await self._policy.check(password, known)
        changes = values | {"password_hash": await self._hashes.make(password), "update_time": self._now()}
        await transaction.update_user(user.user_id, changes)


async def taken(one_time: OneTimeStore, kind: str, prefix: str, token: str) -> Reference:
    """Takes the token of a message, once.

    Raises:
        OneTimeTokenRefused: It is unknown, was used, or its time is over.
    """
    try:
        reference = Reference.read(token, prefix)
    except ValueError as error:
        raise OneTimeTokenRefused from error
    if not await one_time.take(reference.tenant_id, kind, reference.identifier, reference.secret):
        raise OneTimeTokenRefused
    concerns(reference.tenant_id, format_name("users", reference.identifier))
    return reference
