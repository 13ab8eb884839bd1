"""Audit records, anchors and verifications as messages."""

from datetime import datetime
from typing import Any

import orjson
from leadline.v1 import audit_record_pb2, audit_service_pb2

from server.audit.chain import START, Anchor, SealedRecord
from server.audit.read_audit_log import COLLECTION
from server.audit.verify_audit_log import BrokenRecord, Verification
from server.services.conversions.times import time_to_proto


def audit_record_to_proto(record: SealedRecord) -> audit_record_pb2.AuditRecord:
    """Gives a record as the contract has it; of one that was tampered with, as much as can be read."""
    message = audit_record_pb2.AuditRecord(
        sequence_number=record.sequence_number,
        content=record.content,
        previous_digest=record.previous_digest,
        digest=record.digest,
    )
    try:
        message.MergeFrom(_content_to_proto(orjson.loads(record.content)))
    except (ValueError, TypeError, KeyError):
        message.name = _name_in(record.content)
    return message


def _content_to_proto(entry: dict[str, Any]) -> audit_record_pb2.AuditRecord:
    return audit_record_pb2.AuditRecord(
        name=f"{COLLECTION}/{entry['id']}",
        create_time=time_to_proto(datetime.fromisoformat(entry["time"])),
        kind=audit_record_pb2.AuditKind.Value(f"AUDIT_KIND_{entry['kind']}"),
        principal=entry.get("principal", ""),
        credential=audit_record_pb2.AuditCredential.Value(f"AUDIT_CREDENTIAL_{entry['credential']}"),
        session=entry.get("session", ""),
        method=entry["method"],
        resources=entry.get("resources", ()),
        changed_fields=entry.get("changed_fields", ()),
        counts=entry.get("counts", {}),
        client_address=entry.get("client_address", ""),
        door=audit_record_pb2.AuditDoor.Value(f"AUDIT_DOOR_{entry['door']}"),
        code=entry["code"],
        reason=entry.get("reason", ""),
        request_id=entry.get("request_id", ""),
        partial=entry.get("partial", False),
    )


def anchor_from_proto(anchor: audit_service_pb2.AuditAnchor) -> Anchor:
    """Gives a place in the chain."""
    return Anchor(anchor.sequence_number, anchor.digest)


def verification_to_proto(verification: Verification) -> audit_service_pb2.VerifyAuditLogResponse:
    """Gives how a chain was found, as the contract has it."""
    head, broken = verification.head, verification.broken
    return audit_service_pb2.VerifyAuditLogResponse(
        verified_count=verification.verified_count,
        head=None if head == START else _anchor_to_proto(head),
        has_more=verification.has_more,
        unsealed_count=verification.unsealed_count,
        broken_record=None if broken is None else _broken_to_proto(broken),
    )


def _anchor_to_proto(anchor: Anchor) -> audit_service_pb2.AuditAnchor:
    return audit_service_pb2.AuditAnchor(sequence_number=anchor.sequence_number, digest=anchor.digest)


def _broken_to_proto(broken: BrokenRecord) -> audit_service_pb2.BrokenAuditRecord:
    return audit_service_pb2.BrokenAuditRecord(
        sequence_number=broken.sequence_number,
        name=_name_in(broken.content),
        fault=broken.fault,  # type: ignore[arg-type]  # numbered alike
    )


def _name_in(content: str | None) -> str:
    """Gives the name of a record whose content may be anything by now; empty if it tells none."""
    try:
        return f"{COLLECTION}/{orjson.loads(content or '')['id']}"
    except (ValueError, KeyError, TypeError):
        return ""
