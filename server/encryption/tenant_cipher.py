"""Encrypts and decrypts with a tenant's key: AES-256-GCM throughout.

    tenant's key ──wraps──▶ data key of a lead ──encrypts──▶ the lead's personal data
         ├──────encrypts──▶ what else is personal, such as an answer that is kept for repetitions
         └──────encrypts──▶ the index key ──HMAC──▶ blind indexes of e-mail addresses and phone numbers

Each ciphertext is bound to where it belongs: to its tenant, its lead and its form. Moved to another row it can't be
read. A data key encrypts once: each change of a lead makes another one, so what an older key opens is older data.
"""

import os
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from server.encryption.personal_data import NO_PERSONAL_DATA, NOTHING_SEALED, PersonalData, SealedPersonalData
from server.runtime.errors import EncryptedDataBroken
from server.runtime.identifiers import format_name

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION_BYTES: Final = 4
# 128 bits: enough that no two addresses of a tenant meet, and half the size of the index.
_INDEX_BYTES: Final = 16

# The last character is the form of what is encrypted.
_CONTENT: Final = b"leadline lead content 1"
_DATA_KEY: Final = b"leadline lead data key 1"
_SEALED: Final = b"leadline sealed 1"
_INDEX_KEY: Final = b"leadline index key 1"


class TenantCipher:
    """Encrypts with the newest version of a tenant's key, and decrypts with any.

    Args:
        tenant_id: The tenant.
        keys: The versions of its key by their numbers, at least one, 32 bytes each.
        index_key: The key of its blind indexes, 32 bytes.
    """

    def __init__(self, tenant_id: UUID, keys: Mapping[int, bytes], index_key: bytes) -> None:
        self.version = max(keys)
        self._tenant = tenant_id.bytes
        self._keys = {version: AESGCM(key) for version, key in keys.items()}
        self._newest = self._keys[self.version]
        self._content_prefix, self._key_prefix = _CONTENT + self._tenant, _DATA_KEY + self._tenant
        self._email_index, self._phone_index, self._digest = (
            _begun(index_key, purpose) for purpose in (b"email ", b"phone ", b"digest ")
        )

    @property
    def versions(self) -> frozenset[int]:
        """The versions that it decrypts with."""
        return frozenset(self._keys)

    def seal_personal(self, lead_id: UUID, personal: PersonalData) -> SealedPersonalData:
        """Encrypts the personal data of a lead by a new data key.

        Args:
            lead_id: The lead under whose id it is kept.
            personal: The data.
        """
        if personal == NO_PERSONAL_DATA:
            return NOTHING_SEALED
        lead, random = lead_id.bytes, os.urandom(KEY_BYTES + 2 * _NONCE_BYTES)
        data_key, nonce, key_nonce = random[:32], random[32:44], random[44:]
        content = orjson.dumps([personal.email, personal.display_name, personal.phone])
        return SealedPersonalData(
            nonce + AESGCM(data_key).encrypt(nonce, content, self._content_prefix + lead),
            key_nonce + self._newest.encrypt(key_nonce, data_key, self._key_prefix + lead),
            self.version,
        )

    def open_personal(self, lead_id: UUID, sealed: SealedPersonalData) -> PersonalData:
        """Decrypts the personal data of a lead.

        Args:
            lead_id: The lead under whose id it is kept.
            sealed: From `seal_personal`.

        Raises:
            EncryptedDataBroken: It was changed, is of another lead, or the version of the tenant's key is destroyed.
        """
        if sealed.content is None:
            return NO_PERSONAL_DATA
        data_key = self._data_key(lead_id, sealed)
        try:
            content = AESGCM(data_key).decrypt(
                sealed.content[:_NONCE_BYTES], sealed.content[_NONCE_BYTES:], self._content_prefix + lead_id.bytes
            )
        except (InvalidTag, ValueError) as error:
            raise EncryptedDataBroken(format_name("leads", lead_id)) from error
        return PersonalData(*orjson.loads(content))

    def rewrap(self, lead_id: UUID, sealed: SealedPersonalData) -> bytes:
        """Gives the data key of a lead, wrapped by the newest version of the tenant's key.

        Args:
            lead_id: The lead under whose id it is kept.
            sealed: From `seal_personal`, with a data key.

        Raises:
            EncryptedDataBroken: As `open_personal`.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._newest.encrypt(nonce, self._data_key(lead_id, sealed), self._key_prefix + lead_id.bytes)

    def email_index(self, comparable: str) -> bytes | None:
        """Gives the blind index of an e-mail address, the same for the same; None for none.

        Args:
            comparable: The address in the form in which addresses are compared.
        """
        return _finished(self._email_index, comparable)

    def phone_index(self, comparable: str) -> bytes | None:
        """Gives the blind index of a phone number, as `email_index` does."""
        return _finished(self._phone_index, comparable)

    def digest(self, content: bytes) -> bytes:
        """Gives 32 bytes by which the tenant's contents are told apart, and nothing about the content."""
        digest = self._digest.copy()
        digest.update(content)
        return digest.finalize()

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypts by the tenant's key itself.

        Args:
            plain: What to encrypt.
            context: Where it belongs; it is opened with the same context alone.
        """
        nonce = os.urandom(_NONCE_BYTES)
        version = self.version.to_bytes(_VERSION_BYTES)
        return version + nonce + self._newest.encrypt(nonce, plain, _SEALED + self._tenant + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Gives what was sealed.

        Args:
            sealed: From `seal`.
            context: As it was sealed.

        Raises:
            EncryptedDataBroken: It was changed, belongs elsewhere, or the version of the tenant's key is destroyed.
        """
        nonce, rest = sealed[_VERSION_BYTES:][:_NONCE_BYTES], sealed[_VERSION_BYTES + _NONCE_BYTES :]
        try:
            return self._keys[sealed_version(sealed)].decrypt(nonce, rest, _SEALED + self._tenant + context)
        except (InvalidTag, ValueError, KeyError) as error:
            raise EncryptedDataBroken(format_name("organizations", UUID(bytes=self._tenant))) from error

    def _data_key(self, lead_id: UUID, sealed: SealedPersonalData) -> bytes:
        wrapped = sealed.data_key or b""
        try:
            return self._keys[sealed.key_version or 0].decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], self._key_prefix + lead_id.bytes
            )
        except (InvalidTag, ValueError, KeyError) as error:
            raise EncryptedDataBroken(format_name("leads", lead_id)) from error


def sealed_version(sealed: bytes) -> int:
    """Tells which version of the tenant's key has sealed something."""
    return int.from_bytes(sealed[:_VERSION_BYTES])


def wrap_index_key(tenant_id: UUID, key: bytes, index_key: bytes) -> bytes:
    """Gives the key of a tenant's blind indexes, wrapped by a version of its key."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, index_key, _INDEX_KEY + tenant_id.bytes)


def unwrap_index_key(tenant_id: UUID, key: bytes, wrapped: bytes) -> bytes:
    """Gives the key of a tenant's blind indexes.

    Raises:
        EncryptedDataBroken: It was changed, or is another tenant's.
    """
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _INDEX_KEY + tenant_id.bytes)
    except (InvalidTag, ValueError) as error:
        raise EncryptedDataBroken(format_name("organizations", tenant_id)) from error


def _begun(key: bytes, purpose: bytes) -> HMAC:
    begun = HMAC(key, SHA256())
    begun.update(purpose)
    return begun


def _finished(begun: HMAC, comparable: str) -> bytes | None:
    if not comparable:
        return None
    index = begun.copy()
    index.update(comparable.encode())
    return index.finalize()[:_INDEX_BYTES]
