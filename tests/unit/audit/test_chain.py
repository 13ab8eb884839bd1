"""The chain of audit records, by its definition."""

import hashlib
from dataclasses import replace
from uuid import UUID

import pytest

from server.audit.chain import START, SealedRecord, record_digest, seal

TENANT = UUID("01a20d4b-6155-7631-885d-26831f34f0f5")


def test_a_digest_covers_the_record_before_the_tenant_the_place_and_the_content() -> None:
    covered = b"\x01" * 32 + bytes.fromhex("01a20d4b61557631885d26831f34f0f5") + b"\0\0\0\0\0\0\x01\x02" + "é".encode()
    assert record_digest(b"\x01" * 32, TENANT, 258, "é") == hashlib.sha256(covered).digest()


def test_records_go_on_from_the_last_one() -> None:
    first, second = seal(TENANT, START, ["a", "b"])
    (third,) = seal(TENANT, second.anchor, ["c"])
    assert [record.sequence_number for record in (first, second, third)] == [1, 2, 3]
    assert first.previous_digest == bytes(32)
    assert (second.previous_digest, third.previous_digest) == (first.digest, second.digest)
    assert seal(TENANT, START, ["a", "b", "c"]) == [first, second, third]


@pytest.mark.parametrize(
    "changed",
    [
        {"content": "A"},
        {"sequence_number": 2},
        {"previous_digest": b"\x01" * 32},
        {"digest": b"\x01" * 32},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_record_that_was_changed_is_not_as_written(changed: dict[str, object]) -> None:
    (record,) = seal(TENANT, START, ["a"])
    assert record.is_as_written(TENANT)
    other: SealedRecord = replace(record, **changed)  # type: ignore[arg-type]
    assert not other.is_as_written(TENANT)


def test_a_record_of_one_tenant_is_none_of_another() -> None:
    (record,) = seal(TENANT, START, ["a"])
    assert not record.is_as_written(UUID(int=TENANT.int + 1))
