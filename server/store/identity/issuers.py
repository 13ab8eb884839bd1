"""Outside OpenID Connect issuers, asked for their keys over HTTPS."""

import asyncio
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from server.identity.account import IdentityProvider
from server.runtime.errors.identity import IdTokenRefused

# Asymmetric ones alone: with others, whoever knows the public key could sign.
ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
REMEMBERED_SECONDS: Final = 600.0
LEAST_PAUSE_SECONDS: Final = 30.0
FETCH_SECONDS: Final = 5.0
LARGEST_DOCUMENT: Final = 1024 * 1024
CLOCK_SKEW_SECONDS: Final = 60

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    keys: KeySet
    fetch_time: float


class HttpIdTokenVerifier:
    """Verifies ID tokens by the keys that their issuers publish. See the port `IdTokenVerifier`.

    Args:
        allow_private: Whether issuers may have private addresses and plain HTTP. Never in production: an organization
            could have the server ask its neighbours.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._known: dict[str, _Known] = {}

    async def verify(self, provider: IdentityProvider, id_token: str, nonce: str) -> dict[str, Any]:
        """Gives the claims of an ID token."""
        rules = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce} if nonce else {},
        )
        try:
            claims = await self._decode(provider.issuer, id_token)
            rules.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, OSError, httpx.HTTPError) as error:
            _log.info("an ID token is refused", cause=type(error).__name__)
            raise IdTokenRefused from error
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != provider.client_id:
            raise IdTokenRefused
        return claims

    async def _decode(self, issuer: str, id_token: str) -> dict[str, Any]:
        known = await self._keys(issuer, REMEMBERED_SECONDS)
        try:
            return dict(jwt.decode(id_token, known, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            # The issuer may have a new key.
            newer = await self._keys(issuer, LEAST_PAUSE_SECONDS)
            if newer is known:
                raise
            return dict(jwt.decode(id_token, newer, algorithms=ALGORITHMS).claims)

    async def _keys(self, issuer: str, oldest_seconds: float) -> KeySet:
        known = self._known.get(issuer)
        if known is not None and time.monotonic() - known.fetch_time < oldest_seconds:
            return known.keys
        configuration = await self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if configuration["issuer"] != issuer:
            raise ValueError("the configuration is another issuer's")
        keys = KeySet.import_key_set(await self._fetch(configuration["jwks_uri"]))
        self._known[issuer] = _Known(keys, time.monotonic())
        return keys

    async def _fetch(self, url: str) -> Any:
        """Gets a JSON document, from an address that was looked at: a name could lead elsewhere the second time."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (self._allow_private and parts.scheme == "http"):
            raise ValueError("issuers are asked over HTTPS")
        address = await self._public_address(host, parts.port or (443 if parts.scheme == "https" else 80))
        netloc = f"[{address}]" if ":" in address else address
        target = httpx.URL(url).copy_with(host=netloc.strip("[]"))
        headers = {"host": parts.netloc.rpartition("@")[2], "accept": "application/json"}
        async with (
            httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as response,
        ):
            response.raise_for_status()
            content = b""
            async for part in response.aiter_bytes():
                content += part
                if len(content) > LARGEST_DOCUMENT:
                    raise ValueError("the document is too large")
        return orjson.loads(content)

    async def _public_address(self, host: str, port: int) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, place in found:
            address = str(place[0])
            if self._allow_private or ip_address(address).is_global:
                return address
        raise ValueError("the issuer has no public address")
