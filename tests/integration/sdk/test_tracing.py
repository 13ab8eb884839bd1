"""The OpenTelemetry SDK sees the calls of both clients, as a program has it that switches OpenTelemetry on."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from itertools import islice

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import (
    GrpcAioInstrumentorClient,
    GrpcInstrumentorClient,
    aio_client_interceptors,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from leadline_sdk import AsyncClient, Client, Event, Lead, NotFound
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name, status
from tests.sdk.test_flows import changes

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")
EVENT = Event(event_id="1", lead_external_id="somebody", type="page_view")
TOKEN = "t"  # noqa: S105 - of the test


@pytest.fixture(scope="session")
def exporter() -> Iterator[InMemorySpanExporter]:
    """Where all spans of this process go; OpenTelemetry's own switches know only the one provider of a process."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    yield kept
    provider.shutdown()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """The spans of the test, of programs that have OpenTelemetry on."""
    exporter.clear()
    instrumentors = GrpcInstrumentorClient(), GrpcAioInstrumentorClient()  # type: ignore[no-untyped-call]
    for instrumentor in instrumentors:
        instrumentor.instrument()
    yield exporter
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


@pytest.fixture
def client(leadline: FakeLeadline, spans: InMemorySpanExporter) -> Iterator[Client]:  # noqa: ARG001 - switched on first
    with Client(leadline.address, token=TOKEN, tls=False) as connected:
        yield connected


@pytest.fixture
async def async_client(leadline: FakeLeadline, spans: InMemorySpanExporter) -> AsyncIterator[AsyncClient]:  # noqa: ARG001
    async with AsyncClient(leadline.address, token=TOKEN, tls=False) as connected:
        yield connected


def assert_one_call(spans: InMemorySpanExporter, rpc: str, code: grpc.StatusCode) -> ReadableSpan:
    """Give the one span of a client, which has what OpenTelemetry's conventions say of a call."""
    (span,) = (span for span in spans.get_finished_spans() if span.kind == SpanKind.CLIENT)
    service, method = rpc.split("/")
    assert span.name == f"/leadline.v1.{rpc}"
    assert dict(span.attributes or {}) == {
        "rpc.system": "grpc",
        "rpc.service": f"leadline.v1.{service}",
        "rpc.method": method,
        "rpc.grpc.status_code": code.value[0],
    }
    assert span.status.status_code == (StatusCode.UNSET if code == grpc.StatusCode.OK else StatusCode.ERROR)
    return span


def assert_carried(leadline: FakeLeadline, rpc: str, span: ReadableSpan) -> None:
    """Assert that the server was told of the span, so that its own can hang below."""
    context = span.context
    assert context is not None
    _, trace_id, span_id, _ = str(leadline.metadata[rpc]["traceparent"]).split("-")
    assert (int(trace_id, 16), int(span_id, 16)) == (context.trace_id, context.span_id)
    assert leadline.metadata[rpc]["authorization"] == f"Bearer {TOKEN}"


def test_a_call_is_one_span_with_its_retries_inside(
    client: Client, leadline: FakeLeadline, spans: InMemorySpanExporter
) -> None:
    leadline.fail("ScoreLead", UNAVAILABLE)
    with trace.get_tracer("program").start_as_current_span("of the program") as outer:
        client.score_lead(lead_name(0))
    span = assert_one_call(spans, "ScoringService/ScoreLead", grpc.StatusCode.OK)
    assert span.parent == outer.get_span_context()
    assert len(leadline.requests["ScoreLead"]) == 2
    assert_carried(leadline, "ScoreLead", span)


def test_a_failed_call_has_its_error_in_its_span(
    client: Client, leadline: FakeLeadline, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(NotFound):
        client.get_lead(lead_name(7))
    span = assert_one_call(spans, "LeadService/GetLead", grpc.StatusCode.NOT_FOUND)
    assert "no such lead" in str(span.status.description)
    assert_carried(leadline, "GetLead", span)


def test_each_stream_of_a_watch_is_a_span(client: Client, leadline: FakeLeadline, spans: InMemorySpanExporter) -> None:
    leadline.changes = changes(0, 1, 2)
    leadline.fail("WatchScores", UNAVAILABLE, after=1)
    watch = client.watch_scores()
    assert [update.score.lead for update in islice(watch, 3)] == [lead_name(number) for number in range(3)]
    assert isinstance(watch, Generator)
    watch.close()
    cut_off, left = spans.get_finished_spans()
    assert [dict(span.attributes or {})["rpc.method"] for span in (cut_off, left)] == ["WatchScores"] * 2
    assert (cut_off.status.status_code, left.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert_carried(leadline, "WatchScores", left)


def test_streams_to_leadline_are_spans_too(client: Client, leadline: FakeLeadline, spans: InMemorySpanExporter) -> None:
    assert client.import_leads([Lead(external_id="a")]).created_count == 1
    assert_carried(leadline, "ImportLeads", assert_one_call(spans, "LeadService/ImportLeads", grpc.StatusCode.OK))
    leadline.fail("PublishEvents", UNAVAILABLE, after=1)
    assert len(list(client.publish_events([EVENT, EVENT]))) == 2
    published = [span for span in spans.get_finished_spans() if span.name.endswith("/PublishEvents")]
    assert published[0].status.status_code == StatusCode.ERROR
    assert len(leadline.requests["PublishEvents"]) == 2


async def test_asynchronous_calls_are_spans(
    async_client: AsyncClient, leadline: FakeLeadline, spans: InMemorySpanExporter
) -> None:
    leadline.fail("ScoreLead", UNAVAILABLE)
    await async_client.score_lead(lead_name(0))
    span = assert_one_call(spans, "ScoringService/ScoreLead", grpc.StatusCode.OK)
    assert len(leadline.requests["ScoreLead"]) == 2
    assert_carried(leadline, "ScoreLead", span)
    spans.clear()
    with pytest.raises(NotFound):
        await async_client.get_lead(lead_name(7))
    assert_one_call(spans, "LeadService/GetLead", grpc.StatusCode.NOT_FOUND)


async def test_asynchronous_streams_go_on_inside_spans(
    async_client: AsyncClient, leadline: FakeLeadline, spans: InMemorySpanExporter
) -> None:
    leadline.changes = changes(0, 1)
    leadline.fail("WatchScores", UNAVAILABLE, after=1)
    watch = async_client.watch_scores()
    assert [(await anext(watch)).score.lead for _ in range(2)] == [lead_name(0), lead_name(1)]
    assert isinstance(watch, AsyncGenerator)
    await watch.aclose()
    assert_one_call(spans, "ScoringService/WatchScores", grpc.StatusCode.UNAVAILABLE)
    spans.clear()
    assert (await async_client.import_leads([Lead(external_id="a")])).created_count == 1
    leadline.fail("PublishEvents", UNAVAILABLE, after=1)
    assert len([found async for found in async_client.publish_events([EVENT, EVENT])]) == 2
    assert len(leadline.requests["PublishEvents"]) == 2


async def test_one_client_is_traced_by_interceptors(leadline: FakeLeadline, exporter: InMemorySpanExporter) -> None:
    exporter.clear()
    tracing = aio_client_interceptors()  # type: ignore[no-untyped-call]
    async with AsyncClient(leadline.address, token=TOKEN, tls=False, interceptors=tracing) as client:
        await client.score_lead(lead_name(0))
    assert_one_call(exporter, "ScoringService/ScoreLead", grpc.StatusCode.OK)
