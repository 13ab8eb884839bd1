# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about how models do on the leads of now, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator

from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1.monitoring_pb2 import Alarm, DriftReport, MonitoringPolicy
from leadline.v1.monitoring_service_pb2 import (
    GetDriftReportRequest,
    GetMonitoringPolicyRequest,
    ListAlarmsRequest,
    UpdateMonitoringPolicyRequest,
)
from leadline.v1.monitoring_service_pb2_grpc import MonitoringServiceStub

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection

CHAMPION = "models/champion"
POLICY = "monitoring/policy"


class MonitoringCalls(Caller):
    """What `Client` does to watch models; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._monitoring = MonitoringServiceStub(self._channel)

    def get_drift_report(self, name: str = CHAMPION, *, timeout: float | None = None) -> DriftReport:
        """Give what the latest check of a model has found; without a name, of the champion.

        Raises:
            NotFound: there is no such model, or it has not been checked yet.
            FailedPrecondition: there is no champion.
        """
        return self._call(self._monitoring.GetDriftReport, GetDriftReportRequest(name=name), timeout)

    def list_alarms(
        self, *, standing_only: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> Iterator[Alarm]:
        """Go through the alarms, the newest first; with `standing_only`, through those that still stand."""
        request = ListAlarmsRequest(page_size=page_size, standing_only=standing_only)
        for page in self._pages(self._monitoring.ListAlarms, request, timeout):
            yield from page.alarms

    def get_monitoring_policy(self, *, timeout: float | None = None) -> MonitoringPolicy:
        """Give how the champion is watched, and what happens by itself."""
        return self._call(self._monitoring.GetMonitoringPolicy, GetMonitoringPolicyRequest(name=POLICY), timeout)

    def update_monitoring_policy(
        self,
        policy: MonitoringPolicy,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> MonitoringPolicy:
        """Change how the champion is watched; it is checked by that within moments.

        Args:
            policy: the new values; its name may be left empty.
            update_mask: the fields to change, where one that the policy lacks is taken back to what it was at first;
                None for all that are set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: a value is out of its range, or the mask names what can't be changed.
        """
        request = _update_request(policy, update_mask, idempotency_key)
        return self._call(self._monitoring.UpdateMonitoringPolicy, request, timeout)


class AsyncMonitoringCalls(AsyncCaller):
    """What `AsyncClient` does to watch models: the methods of `MonitoringCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._monitoring = MonitoringServiceStub(self._channel)

    async def get_drift_report(self, name: str = CHAMPION, *, timeout: float | None = None) -> DriftReport:
        """Give what the latest check of a model has found; see `Client.get_drift_report`."""
        return await self._call(self._monitoring.GetDriftReport, GetDriftReportRequest(name=name), timeout)

    async def list_alarms(
        self, *, standing_only: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[Alarm]:
        """Go through the alarms, the newest first; see `Client.list_alarms`."""
        request = ListAlarmsRequest(page_size=page_size, standing_only=standing_only)
        async for page in self._pages(self._monitoring.ListAlarms, request, timeout):
            for alarm in page.alarms:
                yield alarm

    async def get_monitoring_policy(self, *, timeout: float | None = None) -> MonitoringPolicy:
        """Give how the champion is watched; see `Client.get_monitoring_policy`."""
        request = GetMonitoringPolicyRequest(name=POLICY)
        return await self._call(self._monitoring.GetMonitoringPolicy, request, timeout)

    async def update_monitoring_policy(
        self,
        policy: MonitoringPolicy,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> MonitoringPolicy:
        """Change how the champion is watched; see `Client.update_monitoring_policy`."""
        request = _update_request(policy, update_mask, idempotency_key)
        return await self._call(self._monitoring.UpdateMonitoringPolicy, request, timeout)


def _update_request(
    policy: MonitoringPolicy, paths: Collection[str] | None, idempotency_key: str | None
) -> UpdateMonitoringPolicyRequest:
    request = UpdateMonitoringPolicyRequest(
        monitoring_policy=policy,
        update_mask=FieldMask(paths=paths) if paths is not None else None,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )
    request.monitoring_policy.name = policy.name or POLICY
    return request
