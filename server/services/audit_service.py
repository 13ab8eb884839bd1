"""AuditService: gives the audit log."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from leadline.v1 import audit_record_pb2, audit_service_pb2, audit_service_pb2_grpc

from server.audit.read_audit_log import COLLECTION, ReadAuditLog
from server.audit.verify_audit_log import VerifyAuditLog
from server.interceptors.method_interceptor import Context
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.audit import anchor_from_proto, audit_record_to_proto, verification_to_proto


class AuditService(audit_service_pb2_grpc.AuditServiceServicer):
    """Converts each request, calls its use case, and converts the answer. The rpcs are told in the contract."""

    def __init__(self, *, read_audit_log: ReadAuditLog, verify_audit_log: VerifyAuditLog) -> None:
        self._read = read_audit_log
        self._verify = verify_audit_log

    async def GetAuditRecord(
        self, request: audit_service_pb2.GetAuditRecordRequest, context: Context
    ) -> audit_record_pb2.AuditRecord:
        """Gives one record."""
        record_id = parse_name(request.name, COLLECTION)
        return audit_record_to_proto(await self._read.get(current_principal().tenant_id, record_id))

    async def ListAuditRecords(
        self, request: audit_service_pb2.ListAuditRecordsRequest, context: Context
    ) -> audit_service_pb2.ListAuditRecordsResponse:
        """Gives a page of records."""
        page = await self._read.page(
            current_principal().tenant_id,
            filter_text=request.filter,
            order_text=request.order_by,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return audit_service_pb2.ListAuditRecordsResponse(
            audit_records=map(audit_record_to_proto, page.records), next_page_token=page.next_page_token
        )

    async def ExportAuditRecords(
        self, request: audit_service_pb2.ExportAuditRecordsRequest, context: Context
    ) -> AsyncGenerator[audit_service_pb2.ExportAuditRecordsResponse, None]:
        """Gives all records."""
        export = self._read.export(
            current_principal().tenant_id, filter_text=request.filter, after=request.after_sequence_number
        )
        async with aclosing(export) as parts:
            async for records in parts:
                yield audit_service_pb2.ExportAuditRecordsResponse(audit_records=map(audit_record_to_proto, records))

    async def VerifyAuditLog(
        self, request: audit_service_pb2.VerifyAuditLogRequest, context: Context
    ) -> audit_service_pb2.VerifyAuditLogResponse:
        """Walks the chain."""
        after = anchor_from_proto(request.after) if request.HasField("after") else None
        return verification_to_proto(await self._verify(current_principal().tenant_id, after))
