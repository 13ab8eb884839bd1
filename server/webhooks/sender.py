"""Sends webhooks over HTTP, to public addresses only, whatever the name says when it is asked again.

A name is resolved once for each attempt, every address that it has is checked, and the connection goes to one of the
checked addresses: a name that changes its mind in between (DNS rebinding) changes nothing. TLS still verifies the name.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final, Self

import httpx

from server.runtime.errors import WebhookTargetRefused
from server.webhooks.addresses import Address, TargetRules
from server.webhooks.delivery import Answer

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
# A resolver that hangs holds a thread; one tenant's names must not take them all.
RESOLVER_THREADS: Final = 64
LARGEST_ADDRESSES: Final = 4
USER_AGENT: Final = "Leadline-Webhooks/1"


class Resolver:
    """Asks the system for the addresses of names, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """Gives the addresses of a host in the system's order.

        Raises:
            OSError: It has none, or they can't be asked for.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _addresses, host, port)
        return [ipaddress.ip_address(sockaddr[0].partition("%")[0]) for sockaddr in found]

    def close(self) -> None:
        """Waits for no thread that still asks."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(sockaddr[0]), port) for *_, sockaddr in found]


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects to addresses that the rules allow, and to no other.

    Args:
        rules: Where webhooks may go.
        resolver: Gives the addresses of a host.
    """

    def __init__(self, rules: TargetRules, resolver: Resolver) -> None:
        self._rules = rules
        self._resolver = resolver
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request to the first address of its host that takes the connection.

        Raises:
            WebhookTargetRefused: The URL or one of the addresses is not allowed.
            httpx.TransportError: The receiver can't be reached.
        """
        self._rules.check_url(str(request.url))
        host = request.url.host
        try:
            addresses = await self._resolver(host, request.url.port or 443)
        except OSError as error:
            raise httpx.ConnectError("the host name has no address", request=request) from error
        for address in addresses:
            self._rules.check_address(host, address)
        failure = httpx.ConnectError("the host name has no address", request=request)
        for address in addresses[:LARGEST_ADDRESSES]:
            try:
                return await self._inner.handle_async_request(_to_address(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error if isinstance(error, httpx.ConnectError) else httpx.ConnectError(str(error))
        raise failure

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._inner.aclose()


def _to_address(request: httpx.Request, address: Address) -> httpx.Request:
    """Gives the request with the address in its URL; `Host` and the name that TLS verifies stay."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


class WebhookSender:
    """Posts webhooks.

    Args:
        rules: Where they may go.
        resolver: Gives the addresses of a host.
        answer_seconds: How long the receiver may take for its answer, all in all.
    """

    def __init__(self, rules: TargetRules, resolver: Resolver, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._resolver = resolver
        self._client = httpx.AsyncClient(
            transport=CheckedTransport(rules, resolver),
            timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": USER_AGENT, "content-type": "application/json", "connection": "close"},
        )

    async def send(self, url: str, headers: Mapping[str, str], payload: str) -> Answer:
        """Posts once; the body of the answer is not read, however long it is.

        Args:
            url: Where to.
            headers: What signs it.
            payload: The body.
        """
        try:
            async with (
                asyncio.timeout(self._answer_seconds),
                self._client.stream("POST", url, content=payload.encode(), headers=dict(headers)) as response,
            ):
                return _answer(response)
        except TimeoutError:
            return Answer(0, f"no answer within {self._answer_seconds:g} seconds")
        except WebhookTargetRefused as error:
            return Answer(0, error.message)
        except httpx.TimeoutException:
            return Answer(0, f"no answer within {self._answer_seconds:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(0, f"can't be reached: {error}"[:256])

    async def __aenter__(self) -> Self:
        """Gives the sender."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes all connections."""
        await self._client.aclose()
        self._resolver.close()


def _answer(response: httpx.Response) -> Answer:
    if response.is_success:
        return Answer(response.status_code, "")
    failure = f"status {response.status_code}"
    if response.is_redirect:
        failure += ": redirects are not followed"
    return Answer(response.status_code, failure, _retry_after(response.headers.get("retry-after", "")))


def _retry_after(text: str) -> timedelta | None:
    """Reads how many seconds the receiver asks to wait; a date is passed over."""
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) <= len("999999") else None
