"""Access tokens for an API key, kept until shortly before they end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from leadline.v1.authentication_service_pb2 import ExchangeApiKeyResponse

from leadline_sdk.errors import LeadlineError

MARGIN = timedelta(seconds=30)
"""How long before its end a token is renewed, so that none expires on its way."""

RENEWABLE_REASONS = frozenset({"TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED"})
"""Why a token may be refused although the key behind it is good."""


class HeldToken:
    """The access token got last.

    A token that was refused is not given again, whoever got it refused: calls that meet the same refusal at the same
    time share one renewal.
    """

    def __init__(self) -> None:
        self._token = ""
        self._renew_time = datetime.min.replace(tzinfo=UTC)

    def current(self) -> str:
        """Give the token, or nothing if another is needed."""
        return self._token if datetime.now(UTC) < self._renew_time else ""

    def hold(self, answer: ExchangeApiKeyResponse) -> str:
        """Keep the token of an exchange and give it."""
        self._token = answer.access_token
        self._renew_time = answer.access_token_expire_time.ToDatetime(UTC) - MARGIN
        return self._token

    def is_renewable(self, error: LeadlineError, token: str) -> bool:
        """Tell whether a call that failed may fare better with another token, and give up the one it had.

        Args:
            error: what the call failed with.
            token: the token that the call had.
        """
        if error.reason not in RENEWABLE_REASONS:
            return False
        if token == self._token:
            self._token = ""
        return True


class KeyTokens(HeldToken):
    """Access tokens for several threads; one exchange at a time, which all that need it wait for.

    Args:
        exchange: asks Leadline for an access token.
    """

    def __init__(self, exchange: Callable[[], ExchangeApiKeyResponse]) -> None:
        super().__init__()
        self._exchange = exchange
        self._lock = threading.Lock()

    def get(self) -> str:
        """Give a token that is good for now.

        Raises:
            ApiKeyRefused: the key may not be used.
            LeadlineError: the exchange failed otherwise.
        """
        with self._lock:
            return self.current() or self.hold(self._exchange())


class AsyncKeyTokens(HeldToken):
    """Access tokens for the tasks of an event loop; see `KeyTokens`.

    Args:
        exchange: asks Leadline for an access token.
    """

    def __init__(self, exchange: Callable[[], Awaitable[ExchangeApiKeyResponse]]) -> None:
        super().__init__()
        self._exchange = exchange
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """Give a token that is good for now; see `KeyTokens.get`."""
        async with self._lock:
            return self.current() or self.hold(await self._exchange())
