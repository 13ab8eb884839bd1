"""Log-in by password, with a second factor where there is one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.identity.account import User, UserState
from server.identity.passwords import PasswordHashes
from server.identity.ports import IdentityStore, OneTimeStore, Throttle
from server.identity.second_factor import SecondFactor
from server.identity.secrets import Reference, new_secret
from server.identity.sessions import Caller, IssuedTokens, Sessions
from server.runtime.audit import concerns, concerns_only
from server.runtime.errors.identity import CredentialsRefused, OrganizationAmbiguous, SecondFactorRefused
from server.runtime.identifiers import format_name

CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
ATTEMPTS_OF_CHALLENGE: Final = 5
_PREFIX: Final = "leadline_challenge_"
_CHALLENGE: Final = "challenge"
_FAILURES: Final = "challenge-failures"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A log-in that waits for its second factor.

    Attributes:
        text: Shows that the password was right.
        expire_time: Until when it can be used, UTC.
    """

    text: str
    expire_time: datetime


class LogIn:
    """Logs users in.

    Args:
        store: Where users are kept.
        hashes: Verifies passwords.
        second_factor: Checks codes.
        sessions: Begins sessions.
        one_time: Keeps challenges.
        throttle: Counts attempts at passwords.
        code_throttle: Counts attempts at codes.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        hashes: PasswordHashes,
        second_factor: SecondFactor,
        sessions: Sessions,
        one_time: OneTimeStore,
        *,
        throttle: Throttle,
        code_throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._hashes = hashes
        self._second_factor = second_factor
        self._sessions = sessions
        self._one_time = one_time
        self._throttle = throttle
        self._code_throttle = code_throttle
        self._now = now

    async def by_password(
        self, email: str, password: str, organization_id: UUID | None, caller: Caller
    ) -> IssuedTokens | Challenge:
        """Logs a user in, or asks for the second factor.

        Args:
            email: The e-mail address, in any case.
            password: The password.
            organization_id: Where to log in; None where the user has one account.
            caller: From where.

        Raises:
            LogInThrottled: Too many attempts for the address or from where the call comes.
            CredentialsRefused: No account has the address and the password, or it is deactivated.
            OrganizationAmbiguous: Several have.
        """
        email = email.lower()
        await self._throttle.attempt(email, caller.address)
        matching = await self._matching(email, password, organization_id)
        if not matching:
            raise CredentialsRefused
        if len(matching) > 1:
            raise OrganizationAmbiguous([format_name("organizations", tenant_id) for tenant_id, _ in matching])
        ((tenant_id, user),) = matching
        concerns_only(tenant_id, format_name("users", user.user_id))
        await self._throttle.forgive(email, caller.address)
        if user.second_factor_enabled:
            return await self._challenge(tenant_id, user)
        async with self._store.transaction(tenant_id) as transaction:
            if user.password_hash and self._hashes.is_outdated(user.password_hash):
                await transaction.update_user(user.user_id, {"password_hash": await self._hashes.make(password)})
            issued = await self._sessions.begin(transaction, user, caller)
            await transaction.commit()
        return issued

    async def by_second_factor(self, challenge: str, code: str, caller: Caller) -> IssuedTokens:
        """Ends a log-in that waits for its second factor.

        Args:
            challenge: From `by_password`.
            code: Of the app, or a recovery code.
            caller: From where.

        Raises:
            LogInThrottled: Too many attempts.
            SecondFactorRefused: The code is wrong or was used, or the challenge is over.
        """
        try:
            reference = Reference.read(challenge, _PREFIX)
        except ValueError as error:
            raise SecondFactorRefused from error
        tenant_id, user_id = reference.tenant_id, reference.identifier
        if not await self._one_time.take(tenant_id, _CHALLENGE, user_id, reference.secret):
            raise SecondFactorRefused
        concerns(tenant_id, format_name("users", user_id))
        await self._code_throttle.attempt(str(user_id), caller.address)
        async with self._store.transaction(tenant_id) as transaction:
            user = await transaction.user(user_id, lock=True)
            if user is None:
                raise SecondFactorRefused
            try:
                await self._second_factor.check(transaction, user, code)
            except SecondFactorRefused:
                await self._allow_another_attempt(tenant_id, user_id, reference.secret)
                raise
            issued = await self._sessions.begin(transaction, user, caller)
            await transaction.commit()
        await self._code_throttle.forgive(str(user_id), caller.address)
        return issued

    async def _matching(self, email: str, password: str, organization_id: UUID | None) -> list[tuple[UUID, User]]:
        accounts = [
            account
            for account in await self._store.accounts_of_email(email)
            if organization_id is None or account[0] == organization_id
        ]
        if not accounts:
            await self._hashes.verify(None, password)
        matching = []
        for tenant_id, user_id in accounts:
            concerns(tenant_id, format_name("users", user_id))
            async with self._store.transaction(tenant_id) as transaction:
                user = await transaction.user(user_id)
            if user is None or not await self._hashes.verify(user.password_hash, password):
                continue
            if user.state is UserState.ACTIVE:
                matching.append((tenant_id, user))
        return matching

    async def _challenge(self, tenant_id: UUID, user: User) -> Challenge:
        reference = Reference(tenant_id, user.user_id, new_secret())
        await self._one_time.put(tenant_id, _CHALLENGE, user.user_id, reference.secret, CHALLENGE_LIFETIME)
        return Challenge(reference.text(_PREFIX), self._now() + CHALLENGE_LIFETIME)

    async def _allow_another_attempt(self, tenant_id: UUID, user_id: UUID, secret: str) -> None:
        failures = await self._one_time.count(tenant_id, _FAILURES, user_id, CHALLENGE_LIFETIME)
        if failures < ATTEMPTS_OF_CHALLENGE:
            await self._one_time.put(tenant_id, _CHALLENGE, user_id, secret, CHALLENGE_LIFETIME)
