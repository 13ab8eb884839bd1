"""Services of a small Leadline whose methods clients get from the contract, and the watch of notifications."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from leadline.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    lead_history_service_pb2,
    lead_history_service_pb2_grpc,
    notification_service_pb2,
    notification_service_pb2_grpc,
    workflow_service_pb2,
    workflow_service_pb2_grpc,
)
from leadline.v1.audit_record_pb2 import AuditRecord
from leadline.v1.lead_history_service_pb2 import RecordedEvent
from leadline.v1.notification_pb2 import Notification
from leadline.v1.score_pb2 import Score
from leadline.v1.workflow_pb2 import Workflow


class FakeOtherServices(
    audit_service_pb2_grpc.AuditServiceServicer,
    lead_history_service_pb2_grpc.LeadHistoryServiceServicer,
    notification_service_pb2_grpc.NotificationServiceServicer,
    workflow_service_pb2_grpc.WorkflowServiceServicer,
):
    """What a lead did, the audit log, notifications and workflows.

    Args:
        enter: keeps account of a call and lets it fail, if it is to; gives the fault that comes later.
        fail: lets a call fail now.

    Attributes:
        history: what each lead did.
        scores: the scores that each lead had, the latest first.
        audit_records: the audit log.
        notifications: what a watch tells; the resume token is how many were told.
    """

    def __init__(self, enter: Callable[..., Awaitable[Any]], fail: Callable[..., Awaitable[None]]) -> None:
        self.history: list[RecordedEvent] = []
        self.scores: list[Score] = []
        self.audit_records: list[AuditRecord] = []
        self.notifications: list[Notification] = []
        self._enter = enter
        self._fail = fail

    def add_to(self, server: grpc.aio.Server) -> None:
        """Let a server serve them."""
        audit_service_pb2_grpc.add_AuditServiceServicer_to_server(self, server)
        lead_history_service_pb2_grpc.add_LeadHistoryServiceServicer_to_server(self, server)
        notification_service_pb2_grpc.add_NotificationServiceServicer_to_server(self, server)
        workflow_service_pb2_grpc.add_WorkflowServiceServicer_to_server(self, server)

    async def ListLeadEvents(
        self, request: lead_history_service_pb2.ListLeadEventsRequest, context: Any
    ) -> lead_history_service_pb2.ListLeadEventsResponse:
        asked = lead_history_service_pb2.ListLeadEventsRequest()
        asked.CopyFrom(request)
        await self._enter("ListLeadEvents", asked, context)
        end = int(request.page_token or 0) + request.page_size
        return lead_history_service_pb2.ListLeadEventsResponse(
            events=self.history[end - request.page_size : end],
            next_page_token=str(end) if end < len(self.history) else "",
        )

    async def ListLeadScores(
        self, request: lead_history_service_pb2.ListLeadScoresRequest, context: Any
    ) -> lead_history_service_pb2.ListLeadScoresResponse:
        await self._enter("ListLeadScores", request, context)
        return lead_history_service_pb2.ListLeadScoresResponse(scores=self.scores)

    async def ExportAuditRecords(
        self, request: audit_service_pb2.ExportAuditRecordsRequest, context: Any
    ) -> AsyncIterator[audit_service_pb2.ExportAuditRecordsResponse]:
        fault = await self._enter("ExportAuditRecords", request, context)
        for told, record in enumerate(self.audit_records, start=1):
            yield audit_service_pb2.ExportAuditRecordsResponse(audit_records=[record])
            if fault is not None and told == fault.after:
                await self._fail(fault, context)

    async def WatchNotifications(
        self, request: notification_service_pb2.WatchNotificationsRequest, context: Any
    ) -> AsyncIterator[notification_service_pb2.WatchNotificationsResponse]:
        fault = await self._enter("WatchNotifications", request, context)
        start = int(request.resume_token or 0)
        yield notification_service_pb2.WatchNotificationsResponse(
            resume_token=str(start), heartbeat=notification_service_pb2.NotificationHeartbeat()
        )
        for told, notification in enumerate(self.notifications[start:], start=1):
            token = str(start + told)
            yield notification_service_pb2.WatchNotificationsResponse(resume_token=token, notification=notification)
            if fault is not None and told == fault.after:
                await self._fail(fault, context)

    async def CreateWorkflow(self, request: workflow_service_pb2.CreateWorkflowRequest, context: Any) -> Workflow:
        await self._enter("CreateWorkflow", request, context)
        return request.workflow
