"""What callers get from the interceptors, whatever the servicer does."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc, scoring_service_pb2, scoring_service_pb2_grpc

from deploy.local.development_token import DevelopmentKey
from server.interceptors import deadline
from server.runtime.errors import DependencyUnavailable, LeadAlreadyExists, SlowConsumer
from server.runtime.identifiers import new_id
from tests.forged_tokens import forgeries, good_claims, signed
from tests.grpc_errors import error_of
from tests.unit.interceptors.steered_service import SteeredLeads, SteeredScores

NAME = f"leads/{new_id()}"
GET = lead_service_pb2.GetLeadRequest(name=NAME)
Bearer = tuple[tuple[str, str], ...]


def lead_stub(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


async def test_a_good_call_reaches_the_servicer_as_the_token_s_principal(
    channel: grpc.aio.Channel, leads: SteeredLeads, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    token = development_key.mint(tenant_id, "ann", ["leads.read"], plan="free")
    answer = await lead_stub(channel).GetLead(GET, metadata=(("authorization", f"Bearer {token}"),))
    assert answer.name == NAME
    (principal,) = leads.principals
    assert (principal.tenant_id, principal.subject, principal.plan) == (tenant_id, "ann", "free")
    assert principal.permissions == {"leads.read"}


@pytest.mark.parametrize(
    "metadata",
    [(), (("authorization", "Basic YTpi"),), (("x-tenant-id", str(new_id())), ("x-user-id", "ann"))],
    ids=["nothing", "another scheme", "identity headers"],
)
async def test_a_call_without_a_token_is_refused(channel: grpc.aio.Channel, metadata: Bearer) -> None:
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=metadata))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")


async def test_an_expired_token_is_refused_also_after_it_was_good(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    token = development_key.mint(tenant_id, lifetime=1.0)
    metadata = (("authorization", f"Bearer {token}"),)
    await lead_stub(channel).GetLead(GET, metadata=metadata)
    await asyncio.sleep(1.1)
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=metadata))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_a_forged_token_is_refused(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    key = development_key._key
    accepted = signed(key, good_claims(tenant_id))
    assert await lead_stub(channel).GetLead(GET, metadata=(("authorization", f"Bearer {accepted}"),))
    tokens = {kind: forge() for kind, forge in forgeries(key, tenant_id).items()} | {"empty": ""}
    for kind, token in tokens.items():
        error = await error_of(lead_stub(channel).GetLead(GET, metadata=(("authorization", f"Bearer {token}"),)))
        assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"), kind


async def test_a_key_that_is_published_later_is_accepted(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID, bearer: Bearer
) -> None:
    await lead_stub(channel).GetLead(GET, metadata=bearer)
    added = ECKey.generate_key("P-256", auto_kid=True)
    published = json.loads(development_key.jwks_file.read_text())
    published["keys"].append(added.as_dict(private=False))
    development_key.jwks_file.write_text(json.dumps(published))
    claims = {"iss": "https://leadline.dev", "aud": "leadline-api", "sub": "ann", "exp": int(time.time()) + 60}
    claims |= {"tenant_id": str(tenant_id), "plan": "pro", "scope": "leads.read"}
    token = jwt.encode({"alg": "ES256", "kid": str(added.kid)}, claims, added)
    assert (await lead_stub(channel).GetLead(GET, metadata=(("authorization", f"Bearer {token}"),))).name == NAME


async def test_a_file_of_keys_that_breaks_leaves_the_old_ones_in_force(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    published = development_key.jwks_file.read_text()
    for broken in ("{", "[]", '{"keys": [{"kty": "?"}]}', None):
        if broken is None:
            development_key.jwks_file.unlink()
        else:
            development_key.jwks_file.write_text(broken)
        metadata = (("authorization", f"Bearer {development_key.mint(tenant_id, str(broken))}"),)
        assert (await lead_stub(channel).GetLead(GET, metadata=metadata)).name == NAME
    development_key.jwks_file.write_text(published)


async def test_a_missing_permission_is_named(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    token = development_key.mint(tenant_id, scope=["leads.write", "scores.read"])
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=(("authorization", f"Bearer {token}"),)))
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_MISSING")
    assert error.metadata == {"permission": "leads.read"}


async def test_an_invalid_request_names_each_broken_rule(channel: grpc.aio.Channel, bearer: Bearer) -> None:
    request = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(email="nobody"))
    request.lead.fields['The "best" \\ Visits'].number = float("inf")
    error = await error_of(lead_stub(channel).CreateLead(request, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert sorted(error.violations) == [
        ("idempotency_key", "STRING_MIN_LEN"),
        ("lead.email", "STRING_EMAIL"),
        ('lead.fields["The \\"best\\" \\\\ Visits"].number', "DOUBLE_FINITE"),
    ]


async def test_a_request_with_very_many_violations_still_gets_its_error(
    channel: grpc.aio.Channel, bearer: Bearer
) -> None:
    request = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(name="x" * 65), idempotency_key="k")
    for index in range(200):
        request.lead.fields[f"{'long name ' * 10}{index}"].number = float("nan")
    error = await error_of(lead_stub(channel).CreateLead(request, metadata=bearer))
    assert error.reason == "INVALID_REQUEST"
    assert len(error.violations) > 10


async def test_a_field_of_ten_mebibytes_is_refused_by_name(channel: grpc.aio.Channel, bearer: Bearer) -> None:
    request = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(), idempotency_key="k")
    request.lead.fields["Note"].text = "x" * 10 * 1024 * 1024
    error = await error_of(lead_stub(channel).CreateLead(request, metadata=bearer))
    assert error.violations == [('lead.fields["Note"].text', "STRING_MAX_LEN")]


async def test_bytes_that_are_no_message_are_refused(channel: grpc.aio.Channel, bearer: Bearer) -> None:
    call: Any = channel.unary_unary("/leadline.v1.LeadService/GetLead")
    error = await error_of(call(b"\xff\xff\xff", metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert error.violations == [("", "MALFORMED")]


async def test_each_message_of_a_stream_is_validated(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    good = lead_service_pb2.ImportLeadsRequest(idempotency_key="k", rows=[lead_service_pb2.ImportRow()])

    async def messages() -> AsyncIterator[lead_service_pb2.ImportLeadsRequest]:
        yield good
        yield lead_service_pb2.ImportLeadsRequest(idempotency_key="k", sequence_number=1)

    error = await error_of(lead_stub(channel).ImportLeads(messages(), metadata=bearer))
    assert error.violations == [("rows", "REPEATED_MIN_ITEMS")]
    assert leads.batches == 1


async def test_domain_errors_become_their_status(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    leads.error = LeadAlreadyExists("crm-1", "leads/7")
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.ALREADY_EXISTS, "LEAD_ALREADY_EXISTS")
    assert error.metadata == {"external_id": "crm-1", "name": "leads/7"}


async def test_a_lost_dependency_says_when_to_retry(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    leads.error = DependencyUnavailable("model_server", 1.5)
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=bearer))
    assert (error.code, error.metadata) == (grpc.StatusCode.UNAVAILABLE, {"dependency": "model_server"})
    assert error.retry_seconds == 1.5


async def test_a_defect_is_told_without_its_text(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    leads.error = ZeroDivisionError("secret")
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=(*bearer, ("x-request-id", "abc-1"))))
    assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert error.metadata == {"request_id": "abc-1"}
    assert "secret" not in error.message


async def test_a_request_id_that_could_forge_log_lines_is_replaced(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    leads.error = ZeroDivisionError()
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=(*bearer, ("x-request-id", 'a"} {"b'))))
    assert UUID(error.metadata["request_id"]).version == 7


async def test_the_deadline_is_answered_by_the_server(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer
) -> None:
    leads.seconds = 30.0
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=bearer, timeout=0.5))
    assert (error.code, error.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_an_unknown_method_is_named(channel: grpc.aio.Channel, bearer: Bearer) -> None:
    for path in ("/leadline.v1.LeadService/Guess", "/leadline.v9.LeadService/GetLead", "/x"):
        call: Any = channel.unary_unary(path)
        error = await error_of(call(b"", metadata=bearer))
        assert (error.code, error.reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")
        assert error.metadata == {"method": path}


async def test_a_stream_of_answers_ends_with_a_typed_error(
    channel: grpc.aio.Channel, scores: SteeredScores, bearer: Bearer
) -> None:
    scores.error = SlowConsumer()
    stub: Any = scoring_service_pb2_grpc.ScoringServiceStub(channel)
    watch = stub.WatchScores(scoring_service_pb2.WatchScoresRequest(), metadata=bearer)
    assert [(await watch.read()).resume_token for _ in range(2)] == ["1", "2"]
    assert (await error_of(watch.read())).reason == "SLOW_CONSUMER"


async def test_a_stream_of_answers_is_guarded_too(channel: grpc.aio.Channel, bearer: Bearer) -> None:
    stub: Any = scoring_service_pb2_grpc.ScoringServiceStub(channel)
    error = await error_of(stub.WatchScores(scoring_service_pb2.WatchScoresRequest()).read())
    assert error.reason == "TOKEN_MISSING"
    request = scoring_service_pb2.WatchScoresRequest(names=["x"])
    error = await error_of(stub.WatchScores(request, metadata=bearer).read())
    assert error.violations == [("names[0]", "STRING_PATTERN")]


async def test_a_call_without_a_deadline_gets_one(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "LONGEST_SECONDS", 0.2)
    leads.seconds = 20.0
    error = await error_of(lead_stub(channel).GetLead(GET, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_a_stream_whose_next_message_does_not_come_ends(
    channel: grpc.aio.Channel, leads: SteeredLeads, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "MESSAGE_SECONDS", 0.3)
    call = lead_stub(channel).ImportLeads(metadata=bearer)
    await call.write(lead_service_pb2.ImportLeadsRequest(idempotency_key="k", rows=[lead_service_pb2.ImportRow()]))
    error = await error_of(call)
    assert (error.code, error.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    assert leads.batches == 1


async def test_a_stream_whose_messages_come_in_time_may_last(
    channel: grpc.aio.Channel, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "LONGEST_SECONDS", 0.1)
    call = lead_stub(channel).ImportLeads(metadata=bearer)
    for number in range(3):
        await asyncio.sleep(0.1)
        row = lead_service_pb2.ImportRow()
        await call.write(lead_service_pb2.ImportLeadsRequest(idempotency_key="k", sequence_number=number, rows=[row]))
    await call.done_writing()
    assert (await call).created_count == 3
