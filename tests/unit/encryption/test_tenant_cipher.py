"""What is encrypted comes back as it was, and only where it belongs."""

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.encryption.personal_data import NO_PERSONAL_DATA, NOTHING_SEALED, PersonalData, SealedPersonalData
from server.encryption.tenant_cipher import TenantCipher, sealed_version, unwrap_index_key, wrap_index_key
from server.runtime.errors import EncryptedDataBroken
from server.runtime.identifiers import new_id

TENANT, LEAD = new_id(), new_id()
KEYS = {1: os.urandom(32), 2: os.urandom(32)}
INDEX_KEY = os.urandom(32)
ADA = PersonalData("ada@example.com", "Ada Byte", "+49 30 1234")


def cipher(*versions: int, tenant_id: UUID = TENANT) -> TenantCipher:
    return TenantCipher(tenant_id, {version: KEYS[version] for version in versions}, INDEX_KEY)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.builds(PersonalData, texts, texts, texts))
def test_personal_data_comes_back_as_it_was(personal: PersonalData) -> None:
    assert cipher(1).open_personal(LEAD, cipher(1).seal_personal(LEAD, personal)) == personal


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_comes_back_in_its_context_alone(plain: bytes, context: bytes) -> None:
    sealed = cipher(1, 2).seal(plain, context)
    assert sealed_version(sealed) == 2
    assert cipher(1, 2).open(sealed, context) == plain
    with pytest.raises(EncryptedDataBroken):
        cipher(1, 2).open(sealed, context + b"x")
    with pytest.raises(EncryptedDataBroken):
        cipher(1, 2, tenant_id=new_id()).open(sealed, context)


def test_nothing_is_kept_of_a_lead_of_whom_nothing_is_known() -> None:
    assert cipher(1).seal_personal(LEAD, NO_PERSONAL_DATA) == NOTHING_SEALED
    assert cipher(1).open_personal(LEAD, NOTHING_SEALED) == NO_PERSONAL_DATA


def test_each_time_another_key_is_used() -> None:
    first, second = (cipher(1).seal_personal(LEAD, ADA) for _ in range(2))
    assert first.content != second.content
    mixed = SealedPersonalData(first.content, second.data_key, 1)
    with pytest.raises(EncryptedDataBroken):
        cipher(1).open_personal(LEAD, mixed)


def test_it_can_be_read_neither_as_another_leads_nor_as_another_tenants() -> None:
    sealed = cipher(1).seal_personal(LEAD, ADA)
    with pytest.raises(EncryptedDataBroken):
        cipher(1).open_personal(new_id(), sealed)
    with pytest.raises(EncryptedDataBroken):
        cipher(1, tenant_id=new_id()).open_personal(LEAD, sealed)


def test_a_change_of_any_byte_is_noticed_and_tells_nothing() -> None:
    sealed = cipher(1).seal_personal(LEAD, ADA)
    assert sealed.content is not None
    assert sealed.data_key is not None
    for part, whole in (("content", sealed.content), ("data_key", sealed.data_key)):
        for place in range(len(whole)):
            changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
            with pytest.raises(EncryptedDataBroken) as refused:
                cipher(1).open_personal(LEAD, SealedPersonalData(**sealed._asdict() | {part: changed}))
            assert refused.value.metadata == {"name": f"leads/{LEAD}"}
            assert "Ada" not in str(refused.value)


@pytest.mark.parametrize(
    "broken", [{"content": b""}, {"data_key": b"short"}, {"data_key": None}, {"key_version": 7}, {"key_version": None}]
)
def test_what_is_cut_or_has_no_key_is_refused(broken: dict[str, object]) -> None:
    sealed = cipher(1).seal_personal(LEAD, ADA)._asdict() | broken
    with pytest.raises(EncryptedDataBroken):
        cipher(1).open_personal(LEAD, SealedPersonalData(**sealed))
    with pytest.raises(EncryptedDataBroken):
        cipher(1).open(b"", b"")


def test_a_rewrapped_key_needs_the_newest_version_alone() -> None:
    sealed = cipher(1).seal_personal(LEAD, ADA)
    rewrapped = sealed._replace(data_key=cipher(1, 2).rewrap(LEAD, sealed), key_version=2)
    assert cipher(2).open_personal(LEAD, rewrapped) == ADA
    with pytest.raises(EncryptedDataBroken):
        cipher(2).open_personal(LEAD, sealed)


def test_blind_indexes_are_the_same_for_the_same_and_differ_by_kind_and_tenant() -> None:
    one, other = cipher(1), TenantCipher(TENANT, KEYS, os.urandom(32))
    index = one.email_index("ada@example.com")
    assert index is not None
    assert len(index) == 16
    assert cipher(2).email_index("ada@example.com") == index, "rotation keeps them"
    different = {index, one.phone_index("ada@example.com"), other.email_index("ada@example.com"), one.email_index("b")}
    assert len(different) == 4
    assert one.email_index("") is None


def test_the_index_key_is_bound_to_its_tenant() -> None:
    wrapped = wrap_index_key(TENANT, KEYS[1], INDEX_KEY)
    assert unwrap_index_key(TENANT, KEYS[1], wrapped) == INDEX_KEY
    for tenant_id, key in ((new_id(), KEYS[1]), (TENANT, KEYS[2])):
        with pytest.raises(EncryptedDataBroken):
            unwrap_index_key(tenant_id, key, wrapped)
