"""The keys that sign access tokens, and the tokens themselves."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from server.runtime.identifiers import new_id
from server.runtime.sealing import Sealer

ALGORITHM: Final = "ES256"
TYPE: Final = "at+jwt"
# Verifiers fetch the published keys every few minutes; by then all of them know a new one.
PUBLISHED_AHEAD: Final = timedelta(minutes=15)
READ_AGAIN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair as it is stored.

    Attributes:
        key_id: The `kid` of tokens signed with it.
        public_key: The public half, a JSON Web Key.
        sealed_private_key: The whole, sealed.
        sign_from_time: From when it signs, UTC; it is published from its creation on.
        sign_until_time: Until when, UTC; None while no other takes its place.
    """

    key_id: str
    public_key: dict[str, Any]
    sealed_private_key: str
    sign_from_time: datetime
    sign_until_time: datetime | None


class SigningKeyStore(Protocol):
    """Where signing keys are kept, for all processes."""

    async def current(self) -> Sequence[SigningKey]:
        """Gives the keys that sign or will sign."""
        ...

    async def change(self, decide: Callable[[Sequence[SigningKey]], SigningKey | None]) -> None:
        """Adds the key that `decide` gives for those that are there, if any, while nobody else does.

        Those that are there sign until the new one does.
        """
        ...


class SigningKeys:
    """The key that signs now.

    Args:
        store: Where keys are kept.
        sealer: Opens private keys.
        now: Gives the time, UTC.
        rotate_after: How long a key signs before another takes its place.
    """

    def __init__(
        self, store: SigningKeyStore, sealer: Sealer, now: Callable[[], datetime], rotate_after: timedelta
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._now = now
        self._rotate_after = rotate_after
        self._keys: Sequence[SigningKey] = ()
        self._opened: dict[str, ECKey] = {}
        self._read_time = float("-inf")

    async def signing(self) -> ECKey:
        """Gives the key that signs now; makes the first one if there is none."""
        if time.monotonic() - self._read_time > READ_AGAIN_SECONDS:
            await self.rotate()
        now = self._now()
        key = max((key for key in self._keys if key.sign_from_time <= now), key=lambda key: key.sign_from_time)
        if key.key_id not in self._opened:
            self._opened = {key.key_id: ECKey.import_key(json.loads(self._sealer.open(key.sealed_private_key)))}
        return self._opened[key.key_id]

    async def rotate(self) -> None:
        """Publishes the next key if the newest has signed long enough, and reads what others have published."""
        self._keys = await self._store.current()
        if self._next(self._keys) is not None:
            await self._store.change(self._next)
            self._keys = await self._store.current()
        self._read_time = time.monotonic()

    def _next(self, keys: Sequence[SigningKey]) -> SigningKey | None:
        now = self._now()
        newest = max((key.sign_from_time for key in keys), default=None)
        if newest is not None and newest + self._rotate_after > now:
            return None
        pair = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM, "kid": str(new_id())})
        return SigningKey(
            key_id=pair.kid or "",
            public_key=dict(pair.as_dict(private=False)),
            sealed_private_key=self._sealer.seal(json.dumps(pair.as_dict(private=True))),
            # The very first one is needed at once, and nobody has remembered an older set.
            sign_from_time=now if newest is None else now + PUBLISHED_AHEAD,
            sign_until_time=None,
        )


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token to send with each call.

    Attributes:
        text: The signed JWT.
        expire_time: Until when it is good, UTC.
    """

    text: str
    expire_time: datetime


class AccessTokens:
    """Issues access tokens.

    Args:
        keys: Sign them.
        issuer: Their `iss`.
        audience: Their `aud`.
        lifetime: How long they are good.
        now: Gives the time, UTC.
    """

    def __init__(
        self, keys: SigningKeys, *, issuer: str, audience: str, lifetime: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        self._now = now

    async def issue(
        self, tenant_id: UUID, subject: str, plan: str, permissions: Iterable[str], session_id: UUID | None = None
    ) -> AccessToken:
        """Gives a token for a principal.

        Args:
            tenant_id: The tenant whose data its bearer may touch.
            subject: The principal, such as `users/{user}`.
            plan: The tenant's plan.
            permissions: What its bearer may do.
            session_id: The session that it belongs to; None for a program.
        """
        key = await self._keys.signing()
        issued = self._now()
        expire_time = (issued + self._lifetime).replace(microsecond=0)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            # To the millisecond: a revocation concerns what was issued before it, and nothing after.
            "iat": round(issued.timestamp(), 3),
            "exp": int(expire_time.timestamp()),
            "jti": str(new_id()),
            "tenant_id": str(tenant_id),
            "plan": plan,
            "scope": " ".join(sorted(permissions)),
        }
        if session_id is not None:
            claims["sid"] = str(session_id)
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}
        return AccessToken(jwt.encode(header, claims, key, algorithms=[ALGORITHM]), expire_time)
