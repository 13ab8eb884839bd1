"""The second factor: one-time codes of an authenticator app (RFC 6238), and recovery codes for the day it is lost."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp

from server.identity.account import User
from server.identity.passwords import PasswordHashes
from server.identity.ports import IdentityStore, IdentityTransaction, Throttle
from server.identity.secrets import new_recovery_codes, recovery_code_digest
from server.runtime.errors.identity import (
    CredentialsRefused,
    SecondFactorEnabled,
    SecondFactorNotEnrolled,
    SecondFactorRefused,
)
from server.runtime.sealing import Sealer

ISSUER_NAME: Final = "Leadline"
STEP_SECONDS: Final = 30
# One step before and after, for clocks that differ.
STEPS: Final = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs.

    Attributes:
        seed: In base 32, to be typed in.
        provisioning_uri: The same as an `otpauth://` address.
    """

    seed: str
    provisioning_uri: str


class SecondFactor:
    """Sets the second factor up, checks it and takes it away.

    Args:
        store: Where users are kept.
        hashes: Verifies passwords.
        throttle: Counts attempts at codes and passwords.
        sealer: Seals seeds.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        hashes: PasswordHashes,
        throttle: Throttle,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._hashes = hashes
        self._throttle = throttle
        self._sealer = sealer
        self._now = now

    async def enrol(self, tenant_id: UUID, user_id: UUID, password: str, address: str) -> Enrolment:
        """Makes a seed, which counts once it is confirmed.

        Raises:
            LogInThrottled: Too many attempts.
            CredentialsRefused: The password is wrong.
            SecondFactorEnabled: There is a second factor already.
        """
        async with self._store.transaction(tenant_id) as transaction:
            user = await self._with_password(transaction, user_id, password, address)
            if user.second_factor_enabled:
                raise SecondFactorEnabled
            seed = pyotp.random_base32()
            await transaction.update_user(user_id, {"second_factor": self._sealer.seal(seed)})
            await transaction.commit()
        return Enrolment(seed, pyotp.TOTP(seed).provisioning_uri(name=user.email, issuer_name=ISSUER_NAME))

    async def confirm(self, tenant_id: UUID, user_id: UUID, code: str, address: str) -> list[str]:
        """Makes the second factor count, and gives recovery codes.

        Raises:
            LogInThrottled: Too many attempts.
            SecondFactorRefused: The code is wrong.
            SecondFactorNotEnrolled: There is no seed yet.
            SecondFactorEnabled: It counts already.
        """
        await self._throttle.attempt(str(user_id), address)
        codes = new_recovery_codes()
        async with self._store.transaction(tenant_id) as transaction:
            user = await _locked(transaction, user_id)
            if user.second_factor_enabled:
                raise SecondFactorEnabled
            if user.second_factor is None:
                raise SecondFactorNotEnrolled
            step = self._matching_step(user, code)
            if step is None:
                raise SecondFactorRefused
            await transaction.update_user(user_id, {"second_factor_enabled": True, "second_factor_step": step})
            await transaction.replace_recovery_codes(user_id, [recovery_code_digest(known) for known in codes])
            await transaction.commit()
        await self._throttle.forgive(str(user_id), address)
        return codes

    async def disable(self, tenant_id: UUID, user_id: UUID, password: str, code: str, address: str) -> None:
        """Takes the second factor away.

        Raises:
            LogInThrottled: Too many attempts.
            CredentialsRefused: The password is wrong.
            SecondFactorRefused: The code is wrong.
            SecondFactorNotEnrolled: There is no second factor.
        """
        async with self._store.transaction(tenant_id) as transaction:
            user = await self._with_password(transaction, user_id, password, address)
            if not user.second_factor_enabled:
                raise SecondFactorNotEnrolled
            await self.check(transaction, user, code)
            await transaction.update_user(user_id, {"second_factor": None, "second_factor_enabled": False})
            await transaction.replace_recovery_codes(user_id, [])
            await transaction.commit()

    async def check(self, transaction: IdentityTransaction, user: User, code: str) -> None:
        """Takes a code of the app or a recovery code; neither counts twice. The caller commits.

        Args:
            transaction: Of the user's tenant.
            user: The user, locked.
            code: As it was typed.

        Raises:
            SecondFactorRefused: It is wrong, or was used before.
        """
        step = self._matching_step(user, code)
        if step is not None:
            await transaction.update_user(user.user_id, {"second_factor_step": step})
        elif not await transaction.use_recovery_code(user.user_id, recovery_code_digest(code)):
            raise SecondFactorRefused

    def _matching_step(self, user: User, code: str) -> int | None:
        if user.second_factor is None:
            return None
        codes = pyotp.TOTP(self._sealer.open(user.second_factor), interval=STEP_SECONDS)
        typed = "".join(code.split())
        now = int(self._now().timestamp()) // STEP_SECONDS
        for step in (now + offset for offset in STEPS):
            if step > user.second_factor_step and hmac.compare_digest(
                codes.generate_otp(step).encode(), typed.encode()
            ):
                return step
        return None

    async def _with_password(
        self, transaction: IdentityTransaction, user_id: UUID, password: str, address: str
    ) -> User:
        await self._throttle.attempt(str(user_id), address)
        user = await _locked(transaction, user_id)
        if not await self._hashes.verify(user.password_hash, password):
            raise CredentialsRefused
        await self._throttle.forgive(str(user_id), address)
        return user


async def _locked(transaction: IdentityTransaction, user_id: UUID) -> User:
    user = await transaction.user(user_id, lock=True)
    if user is None:
        raise CredentialsRefused
    return user
