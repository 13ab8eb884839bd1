# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about the audit log, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import grpc
from leadline.v1.audit_record_pb2 import AuditRecord
from leadline.v1.audit_service_pb2 import (
    AuditAnchor,
    ExportAuditRecordsRequest,
    GetAuditRecordRequest,
    ListAuditRecordsRequest,
    VerifyAuditLogRequest,
    VerifyAuditLogResponse,
)
from leadline.v1.audit_service_pb2_grpc import AuditServiceStub

from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection
from leadline_sdk.errors import error_from_call


class AuditCalls(Caller):
    """What `Client` does with the audit log; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._audit = AuditServiceStub(self._channel)

    def get_audit_record(self, name: str, *, timeout: float | None = None) -> AuditRecord:
        """Give one record of the audit log.

        Raises:
            NotFound: there is no such record.
        """
        return self._call(self._audit.GetAuditRecord, GetAuditRecordRequest(name=name), timeout)

    def list_audit_records(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        order_by: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[AuditRecord]:
        """Go through the audit log, the newest record first.

        Args:
            filter: which records, such as `kind = READ AND resource = "leads/..."`; empty for all.
            order_by: `sequence_number` for the oldest first.
            page_size: how many to get at a time, 1 to 1,000; 0 for 50.
            timeout: of each page; see the class.

        Raises:
            InvalidRequest: the filter or the order can't be read.
        """
        request = ListAuditRecordsRequest(filter=filter, order_by=order_by, page_size=page_size)
        for page in self._pages(self._audit.ListAuditRecords, request, timeout):
            yield from page.audit_records

    def export_audit_records(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        after_sequence_number: int = 0,
        timeout: float | None = None,
    ) -> Iterator[AuditRecord]:
        """Give the whole audit log, the oldest record first.

        Args:
            filter: which records, as in `list_audit_records`.
            after_sequence_number: go on after this record. An export that breaks off goes on after its last one.
            timeout: of the whole export, in seconds; None for none.

        Raises:
            InvalidRequest: the filter can't be read.
        """
        request = ExportAuditRecordsRequest(filter=filter, after_sequence_number=after_sequence_number)
        try:
            for part in self._audit.ExportAuditRecords(request, timeout=timeout, metadata=self._metadata()):
                yield from part.audit_records
        except grpc.RpcError as failure:
            raise error_from_call(failure) from failure

    def verify_audit_log(
        self, *, after: AuditAnchor | None = None, timeout: float | None = None
    ) -> VerifyAuditLogResponse:
        """Have the chain of the audit log verified, to its end or to the first record that is not as it was written.

        Keep the `head` of the answer elsewhere: given as `after` later, it shows that nothing before it was changed.

        Args:
            after: the head of an earlier verification; None to begin with the first record.
            timeout: of each 100,000 records; see the class.

        Returns:
            The answer for all records that were verified together; `broken_record` is absent if all are as they were.
        """
        whole = VerifyAuditLogResponse(has_more=True)
        while whole.has_more:
            request = VerifyAuditLogRequest(after=whole.head if whole.HasField("head") else after)
            found = self._call(self._audit.VerifyAuditLog, request, timeout)
            found.verified_count += whole.verified_count
            whole = found
        return whole


class AsyncAuditCalls(AsyncCaller):
    """What `AsyncClient` does with the audit log: the methods of `AuditCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._audit = AuditServiceStub(self._channel)

    async def get_audit_record(self, name: str, *, timeout: float | None = None) -> AuditRecord:
        """Give one record of the audit log; see `Client.get_audit_record`."""
        return await self._call(self._audit.GetAuditRecord, GetAuditRecordRequest(name=name), timeout)

    async def list_audit_records(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        order_by: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[AuditRecord]:
        """Go through the audit log; see `Client.list_audit_records`."""
        request = ListAuditRecordsRequest(filter=filter, order_by=order_by, page_size=page_size)
        async for page in self._pages(self._audit.ListAuditRecords, request, timeout):
            for record in page.audit_records:
                yield record

    async def export_audit_records(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        after_sequence_number: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[AuditRecord]:
        """Give the whole audit log; see `Client.export_audit_records`."""
        request = ExportAuditRecordsRequest(filter=filter, after_sequence_number=after_sequence_number)
        try:
            async for part in self._audit.ExportAuditRecords(request, timeout=timeout, metadata=await self._metadata()):
                for record in part.audit_records:
                    yield record
        except grpc.aio.AioRpcError as failure:
            raise error_from_call(failure) from failure

    async def verify_audit_log(
        self, *, after: AuditAnchor | None = None, timeout: float | None = None
    ) -> VerifyAuditLogResponse:
        """Have the chain of the audit log verified; see `Client.verify_audit_log`."""
        whole = VerifyAuditLogResponse(has_more=True)
        while whole.has_more:
            request = VerifyAuditLogRequest(after=whole.head if whole.HasField("head") else after)
            found = await self._call(self._audit.VerifyAuditLog, request, timeout)
            found.verified_count += whole.verified_count
            whole = found
        return whole
