# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""How a call is made: with the token, a deadline and typed errors; and how the pages of a list follow each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Protocol, Self, TypeVar

import grpc
from leadline.v1.authentication_service_pb2 import ExchangeApiKeyRequest, ExchangeApiKeyResponse
from leadline.v1.authentication_service_pb2_grpc import AuthenticationServiceStub

from leadline_sdk.channel import Connection, Metadata, bearer
from leadline_sdk.errors import LeadlineError, error_from_call, stream_ended
from leadline_sdk.key_tokens import AsyncKeyTokens, KeyTokens
from leadline_sdk.watching import STREAM_SECONDS, Watch, WatchMessage


class ListRequest(Protocol):
    """A request for a page."""

    page_token: str


class Page(Protocol):
    """A page, which knows how to get the next one."""

    @property
    def next_page_token(self) -> str:
        """The token of the next page; empty on the last one."""
        ...


_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_ListRequest = TypeVar("_ListRequest", bound=ListRequest)
_Page = TypeVar("_Page", bound=Page)
_Message = TypeVar("_Message", bound=WatchMessage)
_Update = TypeVar("_Update")


def leave(stream: Iterator[object]) -> None:
    """End a stream of a synchronous call, whether all of it was read or not.

    Args:
        stream: what gRPC gave, or the generator that tracing put around it: OpenTelemetry's has no `cancel`, ends its
            span when it is closed, and with it goes the last reference to gRPC's stream, which cancels that.
    """
    if isinstance(stream, Generator):
        stream.close()
    elif isinstance(stream, grpc.RpcContext):
        stream.cancel()


class Caller:
    """A channel for synchronous calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        credentials, options = connection.credentials(), connection.options()
        channel = (
            grpc.secure_channel(connection.address, credentials, options)
            if credentials
            else grpc.insecure_channel(connection.address, options)
        )
        self._channel = grpc.intercept_channel(channel, *connection.interceptors)
        self._authentication = AuthenticationServiceStub(self._channel)
        self._key_tokens = KeyTokens(self._exchange_api_key) if connection.api_key else None

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        self._channel.close()

    def _metadata(self) -> Metadata:
        """Give the metadata of a call: the token as it is now, got for the API key if there is one."""
        return bearer(self._key_tokens.get()) if self._key_tokens else self._connection.metadata()

    def _is_renewable(self, error: LeadlineError, metadata: Metadata) -> bool:
        """Tell whether a call that failed may fare better with another token, which `_metadata` then gives."""
        return self._key_tokens is not None and any(
            self._key_tokens.is_renewable(error, value.removeprefix("Bearer ")) for _, value in metadata
        )

    def _exchange_api_key(self) -> ExchangeApiKeyResponse:
        request = ExchangeApiKeyRequest(api_key=self._connection.api_key)
        return self._call_publicly(self._authentication.ExchangeApiKey, request)

    def _call(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None = None,
    ) -> _Response:
        metadata = self._metadata()
        try:
            return self._call_once(method, request, timeout, metadata)
        except LeadlineError as error:
            if not self._is_renewable(error, metadata):
                raise
        # Nothing was done under a token that was refused, so even what is not repeatable may be sent with a new one.
        return self._call_once(method, request, timeout, self._metadata())

    def _call_publicly(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None = None,
    ) -> _Response:
        """Make a call that needs no token, without one: a token whose time is over would be refused."""
        return self._call_once(method, request, timeout, ())

    def _call_once(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None,
        metadata: Metadata,
    ) -> _Response:
        try:
            return method(request, timeout=timeout or self._connection.timeout, metadata=metadata)
        except grpc.RpcError as failure:
            raise error_from_call(failure) from failure

    def _pages(
        self, method: grpc.UnaryUnaryMultiCallable[_ListRequest, _Page], request: _ListRequest, timeout: float | None
    ) -> Iterator[_Page]:
        while True:
            page = self._call(method, request, timeout)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def _watch(
        self, method: grpc.UnaryStreamMultiCallable[_Request, _Message], watch: Watch[_Request, _Message, _Update]
    ) -> Iterator[_Update]:
        """Go through the updates of a watch, over as many streams as it takes."""
        while True:
            error: LeadlineError = stream_ended()
            metadata: Metadata = ()
            try:
                metadata = self._metadata()
                stream = method(watch.request(), timeout=STREAM_SECONDS, metadata=metadata)
                try:
                    for message in stream:
                        update = watch.accept(message)
                        if update is not None:
                            yield update
                finally:
                    leave(stream)
            except (grpc.RpcError, LeadlineError) as failure:
                error = error_from_call(failure)
            time.sleep(watch.wait_after(error, renewable=self._is_renewable(error, metadata)))


class AsyncCaller:
    """A channel for asynchronous calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        credentials, options = connection.credentials(), connection.options()
        self._channel = (
            grpc.aio.secure_channel(connection.address, credentials, options, interceptors=connection.interceptors)
            if credentials
            else grpc.aio.insecure_channel(connection.address, options, interceptors=connection.interceptors)
        )
        self._authentication = AuthenticationServiceStub(self._channel)
        self._key_tokens = AsyncKeyTokens(self._exchange_api_key) if connection.api_key else None

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection; calls under way are cancelled; see `Client.close`."""
        await self._channel.close()

    async def _metadata(self) -> Metadata:
        """Give the metadata of a call: the token as it is now, got for the API key if there is one."""
        return bearer(await self._key_tokens.get()) if self._key_tokens else self._connection.metadata()

    def _is_renewable(self, error: LeadlineError, metadata: Metadata) -> bool:
        """Tell whether a call that failed may fare better with another token, which `_metadata` then gives."""
        return self._key_tokens is not None and any(
            self._key_tokens.is_renewable(error, value.removeprefix("Bearer ")) for _, value in metadata
        )

    async def _exchange_api_key(self) -> ExchangeApiKeyResponse:
        request = ExchangeApiKeyRequest(api_key=self._connection.api_key)
        return await self._call_publicly(self._authentication.ExchangeApiKey, request)

    async def _call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None = None,
    ) -> _Response:
        metadata = await self._metadata()
        try:
            return await self._call_once(method, request, timeout, metadata)
        except LeadlineError as error:
            if not self._is_renewable(error, metadata):
                raise
        # Nothing was done under a token that was refused, so even what is not repeatable may be sent with a new one.
        return await self._call_once(method, request, timeout, await self._metadata())

    async def _call_publicly(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None = None,
    ) -> _Response:
        """Make a call that needs no token, without one: a token whose time is over would be refused."""
        return await self._call_once(method, request, timeout, ())

    async def _call_once(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None,
        metadata: Metadata,
    ) -> _Response:
        try:
            return await method(request, timeout=timeout or self._connection.timeout, metadata=metadata)
        except grpc.aio.AioRpcError as failure:
            raise error_from_call(failure) from failure

    async def _pages(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_ListRequest, _Page],
        request: _ListRequest,
        timeout: float | None,
    ) -> AsyncIterator[_Page]:
        while True:
            page = await self._call(method, request, timeout)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def _watch(
        self, method: grpc.aio.UnaryStreamMultiCallable[_Request, _Message], watch: Watch[_Request, _Message, _Update]
    ) -> AsyncIterator[_Update]:
        """Go through the updates of a watch, over as many streams as it takes."""
        while True:
            error: LeadlineError = stream_ended()
            metadata: Metadata = ()
            try:
                metadata = await self._metadata()
                stream = method(watch.request(), timeout=STREAM_SECONDS, metadata=metadata)
                try:
                    async for message in stream:
                        update = watch.accept(message)
                        if update is not None:
                            yield update
                finally:
                    stream.cancel()
            except (grpc.aio.AioRpcError, LeadlineError) as failure:
                error = error_from_call(failure)
            await asyncio.sleep(watch.wait_after(error, renewable=self._is_renewable(error, metadata)))
