"""Verification of tokens: JWTs signed with ES256 by a key of the issuer's published set (RFC 8725)."""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError

from server.interceptors.published_keys import PublishedKeys
from server.interceptors.revocations import Revocations
from server.runtime.errors import TokenExpired, TokenInvalid
from server.runtime.errors.identity import TokenRevoked
from server.runtime.principal import Principal

ALGORITHM = "ES256"
PLANS = ("free", "pro", "enterprise")
# What `typ` may say. A JWT that was made for something else, such as an ID token, says something else.
TYPES = (None, "JWT", "at+jwt")
REMEMBERED_TOKENS = 10_000
CLOCK_SKEW_SECONDS = 5


class TokenVerifier:
    """Verifies tokens and remembers the good ones until they expire.

    Keys can be added and withdrawn while the process runs. A remembered token stays good until it expires or is
    revoked.

    Args:
        keys: The issuer's public keys, or the file that has them; None accepts no token.
        issuer: The `iss` that a token must have.
        audience: The `aud` that a token must have.
        revocations: What was revoked; None refuses only what has expired.

    Raises:
        OSError: The file of keys can't be read.
        ValueError: The file is not a JSON Web Key Set with a key that can be used.
    """

    def __init__(
        self, keys: PublishedKeys | Path | None, issuer: str, audience: str, revocations: Revocations | None = None
    ) -> None:
        self._keys = keys if isinstance(keys, PublishedKeys) else PublishedKeys(keys)
        self._revocations = revocations
        self._claims = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
            plan={"essential": True, "values": list(PLANS)},
        )
        self._remembered = lru_cache(REMEMBERED_TOKENS)(self._decode)

    def verify(self, token: str) -> Principal:
        """Gives the bearer of a token.

        Args:
            token: The JWT.

        Raises:
            TokenInvalid: Its signature, issuer, audience or form is not accepted.
            TokenExpired: Its time is over.
            TokenRevoked: It was revoked.
        """
        principal, expiry = self._remembered(token)
        if expiry <= time.time():
            raise TokenExpired(principal)
        if self._revocations is not None and self._revocations.refuses(principal):
            raise TokenRevoked(principal)
        return principal

    def _decode(self, token: str) -> tuple[Principal, float]:
        try:
            decoded = jwt.decode(token, self._keys.current(), algorithms=[ALGORITHM])
            # Without this, a token that names no key would be tried with any.
            if not decoded.header.get("kid") or decoded.header.get("typ") not in TYPES:
                raise TokenInvalid
            claims = decoded.claims
            principal, expiry = _principal(claims), float(claims["exp"])
            if expiry <= time.time():
                raise TokenExpired(principal)
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenInvalid from error
        return principal, expiry


def _principal(claims: dict[str, Any]) -> Principal:
    scope, tenant_id, subject, plan = claims.get("scope", ""), claims["tenant_id"], claims["sub"], claims["plan"]
    # An array with the one right item in it is what the checks of a claim's value let pass.
    if not all(isinstance(text, str) for text in (scope, tenant_id, subject, plan)):
        raise TypeError("scope, tenant_id, sub and plan are texts, the items of a scope separated by spaces")
    return Principal(
        tenant_id=UUID(tenant_id),
        subject=subject,
        plan=plan,
        permissions=frozenset(scope.split()),
        issue_time=float(claims.get("iat", 0.0)),
        session_id=UUID(str(claims["sid"])) if "sid" in claims else None,
    )
