"""The interceptors of gRPC that see each call, as those for traces do."""

from collections.abc import Callable
from typing import Any

import grpc

from leadline_sdk import AsyncClient, Client
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name, status

TRACE = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")


def traced(details: Any) -> Any:
    """Give the details of a call with the trace's context among its metadata."""
    return details._replace(metadata=[*(details.metadata or ()), TRACE])


class Tracing(grpc.UnaryUnaryClientInterceptor):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        self.seen.append(details.method.rsplit("/")[-1])
        return continuation(traced(details), request)


class AsyncTracing(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        self.seen.append(details.method.decode().rsplit("/")[-1])
        details.metadata.add(*TRACE)
        return await continuation(details, request)


def test_each_call_is_seen_once_with_its_retries(leadline: FakeLeadline) -> None:
    tracing = Tracing()
    with Client(leadline.address, token="t", tls=False, interceptors=[tracing]) as client:  # noqa: S106 - of the test
        leadline.fail("ScoreLead", UNAVAILABLE)
        assert client.score_lead(lead_name(0)).value == 73
    assert tracing.seen == ["ScoreLead"]
    assert leadline.metadata["ScoreLead"]["traceparent"] == TRACE[1]
    assert leadline.metadata["ScoreLead"]["authorization"] == "Bearer t"


async def test_asynchronous_calls_are_seen_too(leadline: FakeLeadline) -> None:
    tracing = AsyncTracing()
    token = "t"  # noqa: S105 - of the test
    async with AsyncClient(leadline.address, token=token, tls=False, interceptors=[tracing]) as client:
        assert (await client.score_lead(lead_name(0))).value == 73
    assert tracing.seen == ["ScoreLead"]
    assert leadline.metadata["ScoreLead"]["traceparent"] == TRACE[1]
