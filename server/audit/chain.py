"""The chain of a tenant's audit records: each has the digest of the one before it in its own.

A digest is SHA-256 over the digest of the record before (32 bytes, zeros for the first record), the tenant's id (16
bytes), the sequence number (8 bytes, the highest first) and the content (UTF-8). So nobody can change a record, take
one out, put one in between or move one to another tenant without changing every digest after it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

BEGINNING: Final = bytes(32)
"""Stands for the digest before the first record's."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the chain.

    Attributes:
        sequence_number: Of the record, 1 or more; 0 before the first one.
        digest: The record's, 32 bytes.
    """

    sequence_number: int
    digest: bytes


START: Final = Anchor(0, BEGINNING)
"""Before the first record."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record in the chain.

    Attributes:
        sequence_number: Its place, 1 or more.
        previous_digest: The digest of the record before, 32 bytes.
        digest: Its own, 32 bytes.
        content: What is recorded, as JSON: see `server.runtime.audit.AuditedCall.content`.
    """

    sequence_number: int
    previous_digest: bytes
    digest: bytes
    content: str

    @property
    def anchor(self) -> Anchor:
        """Its place in the chain."""
        return Anchor(self.sequence_number, self.digest)

    def is_as_written(self, tenant_id: UUID) -> bool:
        """Tells whether its digest was made of what it has now."""
        return self.digest == record_digest(self.previous_digest, tenant_id, self.sequence_number, self.content)


def record_digest(previous_digest: bytes, tenant_id: UUID, sequence_number: int, content: str) -> bytes:
    """Gives the digest of a record.

    Args:
        previous_digest: Of the record before, 32 bytes; `BEGINNING` for the first.
        tenant_id: Whose chain it is.
        sequence_number: Its place, 1 or more.
        content: What is recorded.

    Returns:
        32 bytes.
    """
    place = previous_digest + tenant_id.bytes + sequence_number.to_bytes(8, "big")
    return hashlib.sha256(place + content.encode()).digest()


def seal(tenant_id: UUID, head: Anchor, contents: Sequence[str]) -> list[SealedRecord]:
    """Makes the next records of a chain.

    Args:
        tenant_id: Whose chain it is.
        head: Its last record; `START` if it has none.
        contents: What is recorded, in order.
    """
    sealed = []
    for content in contents:
        sequence_number = head.sequence_number + 1
        digest = record_digest(head.digest, tenant_id, sequence_number, content)
        sealed.append(SealedRecord(sequence_number, head.digest, digest, content))
        head = sealed[-1].anchor
    return sealed
