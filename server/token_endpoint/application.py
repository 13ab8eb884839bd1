"""The HTTP application: `/oauth/token` (RFC 6749, client credentials), `/.well-known/jwks.json`, images for e-mails."""

import base64
import binascii
import contextlib
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.identity.credentials import ExchangeCredential
from server.integrations.open_pixels import OpenPixels
from server.interceptors.call_origin import FORWARDED_FOR, last_forwarded
from server.interceptors.published_keys import PublishedKeys
from server.interceptors.telemetry import REQUEST_ID_HEADER, accepted_request_id
from server.runtime.audit import AuditCredential, AuditDoor, AuditedCall, AuditKind, set_audited_call
from server.runtime.audit_trail import AuditTrail
from server.runtime.errors import DependencyUnavailable
from server.runtime.errors.identity import ApiKeyRefused, LogInThrottled

LARGEST_FORM: Final = 16 * 1024
PIXEL_PATH: Final = "/v1/track/pixel.gif"
_NOT_STORED: Final = {"cache-control": "no-store"}
_PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class TokenEndpoint:
    """Answers requests for tokens, for public keys, and for images in e-mails.

    Args:
        exchange: Gives tokens for credentials.
        open_pixels: Records that an e-mail was opened.
        keys: The public keys.
        token_seconds: How long a token is good.
        trail: Where audit records go that no transaction carries.
    """

    def __init__(
        self,
        exchange: ExchangeCredential,
        open_pixels: OpenPixels,
        keys: PublishedKeys,
        token_seconds: int,
        trail: AuditTrail,
    ) -> None:
        self._exchange = exchange
        self._open_pixels = open_pixels
        self._keys = keys
        self._token_seconds = token_seconds
        self._trail = trail

    async def token(self, request: Request) -> Response:  # noqa: PLR0911 - one for each refusal of the standard
        """Gives an access token for a client's id and secret, in the form or by HTTP Basic."""
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > LARGEST_FORM:
                return _refusal("invalid_request", 413)
        try:
            form = {name: values[-1] for name, values in parse_qs(content.decode(), max_num_fields=20).items()}
            client_id, client_secret = _client(request, form)
        except (ValueError, binascii.Error):
            return _refusal("invalid_request", 400)
        if form.get("grant_type") != "client_credentials":
            return _refusal("unsupported_grant_type", 400)
        scope = frozenset(form["scope"].split()) if "scope" in form else None
        call = _audited(request)
        try:
            access, permissions = await self._exchange.client(client_id, client_secret, scope, call.address)
            self._record(call)
        except ApiKeyRefused:
            self._record(call, code="UNAUTHENTICATED", reason="API_KEY_REFUSED")
            return _refusal("invalid_client", 401)
        except LogInThrottled as error:
            return _refusal("slow_down", 429, {"retry-after": str(round(error.retry_after_seconds) + 1)})
        except DependencyUnavailable:
            return _refusal("temporarily_unavailable", 503, {"retry-after": "1"})
        answer = {
            "access_token": access.text,
            "token_type": "Bearer",
            "expires_in": self._token_seconds,
            "scope": " ".join(sorted(permissions)),
        }
        return JSONResponse(answer, headers=_NOT_STORED)

    def _record(self, call: AuditedCall, *, code: str = "OK", reason: str = "") -> None:
        if not call.recorded:
            for account in call.accounts:
                self._trail.add(account.tenant_id, call.content(account, code=code, reason=reason))

    async def keys(self, _request: Request) -> Response:
        """Gives the public keys, once all are known: verifiers remember for minutes what they are given."""
        if not self._keys.are_complete:
            return _refusal("temporarily_unavailable", 503, {"retry-after": "1"})
        return JSONResponse(self._keys.document(), headers={"cache-control": "public, max-age=60"})

    async def pixel(self, request: Request) -> Response:
        """Gives a transparent image, and records that an e-mail was opened if it can."""
        with contextlib.suppress(DependencyUnavailable):
            await self._open_pixels.opened(request.query_params.get("token", ""))
        return Response(_PIXEL, media_type="image/gif", headers=_NOT_STORED)

    async def health(self, _request: Request) -> Response:
        """Tells that the process answers."""
        return Response("ok\n", media_type="text/plain")

    def application(self) -> Starlette:
        """Gives the application."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/.well-known/jwks.json", self.keys, methods=["GET"]),
                Route(PIXEL_PATH, self.pixel, methods=["GET"]),
                Route("/healthz", self.health, methods=["GET"]),
            ]
        )


def _audited(request: Request) -> AuditedCall:
    forwarded = request.headers.get(FORWARDED_FOR, "")
    direct = request.client.host if request.client else ""
    call = AuditedCall(
        kind=AuditKind.ACCESS,
        method="oauth/token",
        door=AuditDoor.REST if forwarded else AuditDoor.DIRECT,
        address=last_forwarded(forwarded or direct),
        request_id=accepted_request_id(request.headers.get(REQUEST_ID_HEADER, "")),
        credential=AuditCredential.OAUTH_CLIENT,
    )
    set_audited_call(call)
    return call


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        return unquote_plus(client_id), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _refusal(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status_code=status, headers=_NOT_STORED | (headers or {}))
