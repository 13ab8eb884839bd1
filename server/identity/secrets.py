"""Secrets that Leadline makes: random, shown once, kept as a digest.

A secret of 256 random bits can't be guessed, so a plain SHA-256 keeps it; slow hashes are for what people choose.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

_SECRET_BYTES = 32
_ID_BYTES = 16
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret in two parts: what it belongs to, in the open, and the random part.

    Attributes:
        tenant_id: The tenant.
        identifier: What it belongs to in the tenant.
        secret: The random part.
    """

    tenant_id: UUID
    identifier: UUID
    secret: str

    def text(self, prefix: str) -> str:
        """Gives the whole as one text of letters, digits, minus and underscore."""
        return f"{prefix}{_encode(self.tenant_id.bytes + self.identifier.bytes)}_{self.secret}"

    @classmethod
    def read(cls, text: str, prefix: str) -> "Reference":
        """Reads what `text` gives. It says nothing yet of whether the secret is right.

        Raises:
            ValueError: The text is not of that form.
        """
        if not text.startswith(prefix):
            raise ValueError("another prefix")
        ids, secret = text[len(prefix) :][: _encoded_length()], text[len(prefix) :][_encoded_length() + 1 :]
        raw = base64.urlsafe_b64decode(ids + "=" * (-len(ids) % 4))
        if len(raw) != 2 * _ID_BYTES or not secret:
            raise ValueError("not two ids and a secret")
        return cls(UUID(bytes=raw[:_ID_BYTES]), UUID(bytes=raw[_ID_BYTES:]), secret)


def new_secret() -> str:
    """Gives 256 random bits as text."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> bytes:
    """Gives what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(secret: str, kept: bytes | None) -> bool:
    """Tells whether a secret is the one of a digest, in a time that tells nothing of it."""
    return kept is not None and hmac.compare_digest(digest(secret), kept)


def new_recovery_codes() -> list[str]:
    """Gives ten codes of 80 random bits, such as `mzxw-6ytb-oi7a-pq2e`."""
    codes = (base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES))
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in codes]


def recovery_code_digest(code: str) -> bytes:
    """Gives what is kept of a recovery code, however it was typed."""
    return digest("".join(character for character in code.lower() if character.isalnum()))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _encoded_length() -> int:
    return len(_encode(bytes(2 * _ID_BYTES)))
