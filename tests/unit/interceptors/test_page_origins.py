"""From which web pages calls may come."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from leadline.v1 import authentication_service_pb2, lead_service_pb2

from server.interceptors.method_interceptor import Method
from server.interceptors.page_origins import PageOriginsInterceptor, TenantOrigins, page_origin
from server.runtime.errors import OriginNotAllowed
from server.runtime.principal import Principal, set_current_principal

OURS = "https://dashboard.example"
CRM = "https://crm.example"
TENANT, OTHER = UUID(int=1), UUID(int=2)
GET_LEAD = Method(
    "/leadline.v1.LeadService/GetLead",
    lead_service_pb2.DESCRIPTOR.services_by_name["LeadService"].methods_by_name["GetLead"],
)
LOG_IN = Method(
    "/leadline.v1.AuthenticationService/LogIn",
    authentication_service_pb2.DESCRIPTOR.services_by_name["AuthenticationService"].methods_by_name["LogIn"],
)


class StoredOrigins:
    """A database with the origins of tenants; it counts how often it is asked."""

    def __init__(self, origins: Mapping[UUID, list[str]]) -> None:
        self.origins = dict(origins)
        self.asked = 0

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[Any]:
        async def fetchval(_query: str, asked_id: UUID) -> list[str] | None:
            assert asked_id == tenant_id
            self.asked += 1
            return self.origins.get(tenant_id)

        yield SimpleNamespace(fetchval=fetchval)


def context(**headers: str) -> Any:
    """Gives the context of a call with these headers."""
    metadata = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return SimpleNamespace(invocation_metadata=lambda: metadata)


async def let_in(interceptor: PageOriginsInterceptor, method: Method, tenant_id: UUID, **headers: str) -> None:
    set_current_principal(
        Principal(tenant_id=tenant_id, subject="s", plan="pro", permissions=frozenset(), issue_time=0.0)
    )
    pending = interceptor.check(method, context(**headers))
    if pending is not None:
        await pending


@pytest.fixture
def stored() -> StoredOrigins:
    return StoredOrigins({TENANT: [CRM]})


@pytest.fixture
def interceptor(stored: StoredOrigins) -> PageOriginsInterceptor:
    database: Any = stored
    return PageOriginsInterceptor([OURS], TenantOrigins(database))


@pytest.mark.parametrize("headers", [{}, {"origin": OURS}, {"origin": CRM, "x_forwarded_host": "crm.example"}])
async def test_calls_that_no_tenant_need_allow_ask_nobody(
    interceptor: PageOriginsInterceptor, stored: StoredOrigins, headers: dict[str, str]
) -> None:
    await let_in(interceptor, GET_LEAD, OTHER, **headers)
    assert interceptor.check(GET_LEAD, context(**headers)) is None
    assert stored.asked == 0


async def test_each_tenant_allows_its_own_origins(interceptor: PageOriginsInterceptor) -> None:
    await let_in(interceptor, GET_LEAD, TENANT, origin=CRM)
    for tenant_id, origin in ((OTHER, CRM), (TENANT, "https://other.example"), (TENANT, "null")):
        with pytest.raises(OriginNotAllowed) as raised:
            await let_in(interceptor, GET_LEAD, tenant_id, origin=origin)
        assert raised.value.metadata == {"origin": origin}


async def test_log_in_is_for_pages_of_the_operator(interceptor: PageOriginsInterceptor) -> None:
    assert interceptor.check(LOG_IN, context(origin=OURS)) is None
    with pytest.raises(OriginNotAllowed):
        interceptor.check(LOG_IN, context(origin=CRM))


async def test_change_holds_after_ten_seconds(
    interceptor: PageOriginsInterceptor, stored: StoredOrigins, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("server.interceptors.page_origins.time.monotonic", lambda: now)
    await let_in(interceptor, GET_LEAD, TENANT, origin=CRM)
    stored.origins[TENANT] = []
    now += 9.9
    await let_in(interceptor, GET_LEAD, TENANT, origin=CRM)
    assert stored.asked == 1
    now += 0.2
    with pytest.raises(OriginNotAllowed):
        await let_in(interceptor, GET_LEAD, TENANT, origin=CRM)


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"origin": CRM}, CRM),
        ({"origin": CRM, "x_forwarded_host": "crm.example"}, None),
        ({"origin": CRM, "x_forwarded_host": "crm.example.evil"}, CRM),
        ({"origin": "null", "x_forwarded_host": "crm.example"}, "null"),
    ],
)
def test_page_of_the_host_that_is_called_is_no_other_page(headers: dict[str, str], origin: str | None) -> None:
    assert page_origin(context(**headers)) == origin
