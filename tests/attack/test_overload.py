"""One tenant sends far more than can be done: some of it is refused, and another tenant sees none of that."""

import asyncio
from collections import Counter
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc

from deploy.local.development_token import DevelopmentKey
from server.interceptors.admission import BACKOFF_HEADER
from server.runtime.admission import PATIENCE_SECONDS
from server.runtime.identifiers import new_id
from tests.attack.calls import read_error
from tests.attack.conftest import Connection, Doors
from tests.integration.identity.people import bearer, key

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOOD = 300
REQUEST = lead_service_pb2.ListLeadsRequest()


async def test_calls_that_do_not_end_are_refused_in_part_and_another_tenant_is_not(
    doors: Doors, development_key: DevelopmentKey, superuser: Connection
) -> None:
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(doors.server)
    loud_tenant = new_id()
    loud, quiet = (bearer(development_key.mint(tenant_id)) for tenant_id in (loud_tenant, new_id()))
    made = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(owner="ann"), idempotency_key=key())
    lead = await leads.CreateLead(made, metadata=loud)
    reasons: Counter[str] = Counter()
    backoffs: set[str | bytes] = set()

    async def change() -> None:
        request = lead_service_pb2.UpdateLeadRequest(
            lead=lead_pb2.Lead(name=lead.name, owner="ben"),
            update_mask=FieldMask(paths=["owner"]),
            idempotency_key=key(),
        )
        try:
            await leads.UpdateLead(request, metadata=loud, timeout=60.0)
            reasons["OK"] += 1
        except grpc.aio.AioRpcError as failed:
            error = read_error(failed)
            assert error.retry_seconds is not None
            assert 0.0 < error.retry_seconds < 5.0
            backoffs.update(value for name, value in failed.trailing_metadata() or () if name == BACKOFF_HEADER)
            reasons[f"{error.code.name} {error.reason}"] += 1

    async with superuser.transaction():
        # As long as this lasts, each change of the lead waits.
        await superuser.execute("UPDATE leads SET revision = revision WHERE tenant_id = $1", loud_tenant)
        flood = [asyncio.create_task(change()) for _ in range(FLOOD)]
        await asyncio.sleep(1.5 * PATIENCE_SECONDS)
        for _ in range(5):
            await leads.ListLeads(REQUEST, metadata=quiet, timeout=10.0)
    await asyncio.gather(*flood)
    assert reasons["OK"] > 0
    assert reasons["RESOURCE_EXHAUSTED RATE_LIMITED"] > FLOOD / 2
    # Told to the edge, which refuses the tenant's calls for so long.
    assert backoffs == {f"{loud_tenant} 250"}
    assert reasons.keys() <= {"OK", "RESOURCE_EXHAUSTED RATE_LIMITED", "UNAVAILABLE DEPENDENCY_UNAVAILABLE"}


async def test_nothing_is_refused_once_the_flood_is_over(doors: Doors, development_key: DevelopmentKey) -> None:
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(doors.server)
    metadata = bearer(development_key.mint(new_id()))
    for _ in range(20):
        assert not (await leads.ListLeads(REQUEST, metadata=metadata)).leads


async def test_a_flood_without_tokens_keeps_nobody_out(doors: Doors, development_key: DevelopmentKey) -> None:
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(doors.server)
    flood = [asyncio.ensure_future(leads.ListLeads(REQUEST, timeout=30.0)) for _ in range(FLOOD)]
    answer = await leads.ListLeads(REQUEST, metadata=bearer(development_key.mint(new_id())), timeout=30.0)
    assert not answer.leads
    codes = {error.code() for error in await asyncio.gather(*flood, return_exceptions=True)}  # type: ignore[union-attr]
    assert grpc.StatusCode.UNAUTHENTICATED in codes
    assert codes <= {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED}
