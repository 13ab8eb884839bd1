"""From which web pages calls may come: a browser tells a page's origin with each call that crosses origins.

The edge answers preflights, which carry no token and so tell of no tenant. Here the tenant is known, and it is decided.
"""

import time
from collections.abc import Awaitable, Collection
from typing import Final
from uuid import UUID

from server.interceptors.method_interceptor import Context, GuardInterceptor, Method, metadata_of
from server.interceptors.permissions import is_public
from server.runtime.database import Database
from server.runtime.errors import OriginNotAllowed
from server.runtime.principal import current_principal

REMEMBERED_SECONDS: Final = 10.0
_MOST_REMEMBERED = 10_000
_LOG_IN_SERVICE = "/leadline.v1.AuthenticationService/"


class TenantOrigins:
    """The origins that each tenant allows, remembered for ten seconds.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: dict[UUID, tuple[float, frozenset[str]]] = {}

    async def of(self, tenant_id: UUID) -> frozenset[str]:
        """Gives the origins of a tenant.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        remembered = self._remembered.get(tenant_id)
        if remembered is not None and time.monotonic() < remembered[0]:
            return remembered[1]
        async with self._database.transaction(tenant_id) as connection:
            found = await connection.fetchval("SELECT allowed_origins FROM tenants WHERE id = $1", tenant_id)
        origins = frozenset[str](found or ())
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[tenant_id] = (time.monotonic() + REMEMBERED_SECONDS, origins)
        return origins


class PageOriginsInterceptor(GuardInterceptor):
    """Refuses calls from web pages that neither the operator nor the caller's tenant allows.

    Rpcs that are public know no tenant yet. Those by which people log in take calls from the operator's pages alone:
    else any website could have its visitors' browsers try passwords. Others see to it themselves.

    Args:
        allowed: The operator's origins: their pages may call for every tenant.
        tenant_origins: Each tenant's own.
    """

    def __init__(self, allowed: Collection[str], tenant_origins: TenantOrigins) -> None:
        super().__init__()
        self._allowed = frozenset(allowed)
        self._tenant_origins = tenant_origins

    def check(self, method: Method, context: Context) -> Awaitable[None] | None:
        """Looks at where the call comes from.

        Raises:
            OriginNotAllowed: The rpc lets people in, and the page is none of the operator's.
        """
        origin = page_origin(context)
        if origin is None or origin in self._allowed:
            return None
        if not is_public(method.descriptor):
            return self._ask_tenant(origin)
        if method.path.startswith(_LOG_IN_SERVICE):
            raise OriginNotAllowed(origin)
        return None

    async def _ask_tenant(self, origin: str) -> None:
        if origin not in await self._tenant_origins.of(current_principal().tenant_id):
            raise OriginNotAllowed(origin)


def page_origin(context: Context) -> str | None:
    """Gives the origin of the web page from which a call comes.

    Returns:
        Such as `https://crm.example`; None if the call comes from no page, or from one of the very host that is called.
    """
    origin = host = None
    for key, value in metadata_of(context):
        if key == "origin":
            origin = str(value)
        elif key == "x-forwarded-host":  # the edge writes it, whatever a client sends
            host = value
    if origin is None or origin.partition("://")[2] == host:
        return None
    return origin
