"""What is repeated, by gRPC and by the SDK, and how long it waits."""

from datetime import timedelta

import grpc
import pytest
from leadline.v1.permission_pb2 import public

from leadline_sdk import LeadlineError
from leadline_sdk.channel import EXCHANGE_METHOD, SERVICES, Connection, is_repeatable, service_config
from leadline_sdk.resuming import LONGEST_WAIT, Resumption, is_resumable

REPEATABLE = {method.full_name: is_repeatable(method) for service in SERVICES for method in service.methods}


def test_every_call_but_the_streams_and_log_ins_may_be_repeated() -> None:
    streams = {
        "leadline.v1.AuditService.ExportAuditRecords",
        "leadline.v1.LeadService.ImportLeads",
        "leadline.v1.ScoringService.WatchScores",
        "leadline.v1.IntegrationService.PublishEvents",
        "leadline.v1.IntegrationService.StreamEvents",
        "leadline.v1.NotificationService.WatchNotifications",
    }
    log_ins = {
        method.full_name
        for service in SERVICES
        for method in service.methods
        if method.GetOptions().Extensions[public] and method.full_name != EXCHANGE_METHOD
    }
    assert {name for name, repeatable in REPEATABLE.items() if not repeatable} == streams | log_ins


def test_a_mutation_without_a_key_would_not_be_repeated() -> None:
    with_side_effects = [
        method
        for service in SERVICES
        for method in service.methods
        if is_repeatable(method) and not method.GetOptions().idempotency_level
    ]
    assert with_side_effects
    without_key = {
        method.full_name for method in with_side_effects if "idempotency_key" not in method.input_type.fields_by_name
    }
    assert without_key == {EXCHANGE_METHOD}


def test_the_service_config_names_methods_and_codes() -> None:
    config = service_config(SERVICES[1].methods)["methodConfig"][0]
    assert {"service": "leadline.v1.ScoringService", "method": "ScoreLead"} in config["name"]
    assert config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]


def test_transport_security_is_asked_for_unless_plain_text_is() -> None:
    assert Connection("a:1", "t", tls=True, root_certificates=None, timeout=1, user_agent="").credentials() is not None
    assert Connection("a:1", "t", tls=False, root_certificates=None, timeout=1, user_agent="").credentials() is None


@pytest.mark.parametrize(
    ("code", "reason", "retry_after", "resumed"),
    [
        (grpc.StatusCode.UNAVAILABLE, "", None, True),
        (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", None, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_CONSUMER", None, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", timedelta(seconds=1), True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", None, False),
        (grpc.StatusCode.INTERNAL, "", None, True),
        (grpc.StatusCode.INTERNAL, "INTERNAL", None, False),
        (grpc.StatusCode.INVALID_ARGUMENT, "", None, False),
        (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED", None, False),
    ],
)
def test_a_stream_is_opened_again_where_that_may_help(
    code: grpc.StatusCode, reason: str, retry_after: timedelta | None, *, resumed: bool
) -> None:
    assert is_resumable(LeadlineError("", code=code, reason=reason, retry_after=retry_after)) is resumed


def test_waits_grow_and_end() -> None:
    error = LeadlineError("down", code=grpc.StatusCode.UNAVAILABLE)
    resumption = Resumption(12)
    waits = [resumption.wait_after(error) for _ in range(12)]
    assert all(0 <= wait <= min(LONGEST_WAIT, 0.2 * 2**failures) for failures, wait in enumerate(waits, start=1))
    with pytest.raises(LeadlineError, match="down"):
        resumption.wait_after(error)
    resumption.progressed()
    refused = LeadlineError("", code=grpc.StatusCode.UNAUTHENTICATED, reason="TOKEN_EXPIRED")
    assert resumption.wait_after(refused, renewable=True) <= 0.4
    asked = LeadlineError("down", code=grpc.StatusCode.UNAVAILABLE, retry_after=timedelta(seconds=3))
    assert resumption.wait_after(asked) == 3


def test_an_outage_longer_than_leadline_expects_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    resumption = Resumption(10)
    asked = LeadlineError("down", code=grpc.StatusCode.UNAVAILABLE, retry_after=timedelta(seconds=1))

    waits = [resumption.wait_after(asked) for _ in range(10)]

    assert min(waits) >= 1.0
    assert sum(waits) > 60.0
