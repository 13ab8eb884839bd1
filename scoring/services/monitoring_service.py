"""The monitoring service: converts, calls, converts."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import grpc.aio
from leadline.v1 import monitoring_pb2, monitoring_service_pb2, monitoring_service_pb2_grpc

from scoring.conversions.monitoring import changed_policy, to_alarm, to_policy, to_report
from scoring.monitoring.alarm import Alarm
from scoring.monitoring.drift_report import DriftReport
from scoring.monitoring.policy import MonitoringPolicy
from scoring.services.scoring_service import DEFAULT_PAGE_SIZE
from server.runtime.errors import InvalidPageToken
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.runtime.signed_tokens import TokenSigner

CHAMPION = "models/champion"

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class MonitoringStore(Protocol):
    """Policies, reports and alarms; every method raises DependencyUnavailable where they can't be reached."""

    async def policy(self, tenant_id: UUID) -> MonitoringPolicy:
        """Gives the tenant's policy."""

    async def set_policy(self, tenant_id: UUID, policy: MonitoringPolicy) -> MonitoringPolicy:
        """Keeps the tenant's policy; a check by it is due at once."""

    async def report(self, tenant_id: UUID, model_id: UUID | None) -> DriftReport:
        """Gives what the latest check of a model has found, of the champion if none is named.

        Raises:
            NoModel: There is no champion.
            ModelNotFound: The tenant has no such model.
            DriftReportNotFound: It has not been checked yet.
        """

    async def alarms(
        self, tenant_id: UUID, limit: int, before: UUID | None = None, *, standing_only: bool = False
    ) -> Sequence[Alarm]:
        """Gives up to `limit` alarms, the newest first, of those before one if it is given."""


class MonitoringService(monitoring_service_pb2_grpc.MonitoringServiceServicer):
    """Tells how champions do, and by what policy they are watched.

    Args:
        monitoring: Policies, reports and alarms.
        signing_secret: Signs page tokens.
    """

    def __init__(self, monitoring: MonitoringStore, signing_secret: str) -> None:
        self._monitoring = monitoring
        self._page_signer = TokenSigner(signing_secret, "alarms.page")

    async def GetDriftReport(  # noqa: N802
        self, request: monitoring_service_pb2.GetDriftReportRequest, context: Context
    ) -> monitoring_pb2.DriftReport:
        """Gives what the latest check of a model has found."""
        del context
        model_id = None if request.name == CHAMPION else parse_name(request.name, "models")
        return to_report(await self._monitoring.report(current_principal().tenant_id, model_id))

    async def ListAlarms(  # noqa: N802
        self, request: monitoring_service_pb2.ListAlarmsRequest, context: Context
    ) -> monitoring_service_pb2.ListAlarmsResponse:
        """Lists alarms, the newest first."""
        del context
        tenant_id = current_principal().tenant_id
        page_size = request.page_size or DEFAULT_PAGE_SIZE
        query = f"alarms {request.standing_only}"
        before = self._page_position(request.page_token, tenant_id, query)
        found = await self._monitoring.alarms(tenant_id, page_size + 1, before, standing_only=request.standing_only)
        response = monitoring_service_pb2.ListAlarmsResponse(alarms=map(to_alarm, found[:page_size]))
        if len(found) > page_size:
            last = str(found[page_size - 1].alarm_id)
            response.next_page_token = self._page_signer.sign(tenant_id, query, last)
        return response

    async def GetMonitoringPolicy(  # noqa: N802
        self, request: monitoring_service_pb2.GetMonitoringPolicyRequest, context: Context
    ) -> monitoring_pb2.MonitoringPolicy:
        """Gives the tenant's policy."""
        del request, context
        return to_policy(await self._monitoring.policy(current_principal().tenant_id))

    async def UpdateMonitoringPolicy(  # noqa: N802
        self, request: monitoring_service_pb2.UpdateMonitoringPolicyRequest, context: Context
    ) -> monitoring_pb2.MonitoringPolicy:
        """Changes the tenant's policy."""
        del context
        tenant_id = current_principal().tenant_id
        policy = await self._monitoring.policy(tenant_id)
        changed = changed_policy(policy, request.monitoring_policy, request.update_mask.paths)
        return to_policy(await self._monitoring.set_policy(tenant_id, changed))

    def _page_position(self, page_token: str, tenant_id: UUID, query: str) -> UUID | None:
        if not page_token:
            return None
        try:
            return UUID(self._page_signer.read(page_token, tenant_id, query))
        except ValueError as error:
            raise InvalidPageToken from error
