"""A key service in a file on this machine: for one machine, and for development."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.runtime.errors import DependencyUnavailable

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION_BYTES: Final = 4
_OTHERS: Final = 0o077


class LocalFileKeyService:
    """Wraps by the newest key of a file, and unwraps by the one that has wrapped. See the port `KeyService`.

    The file is read at each use, which is rare, so a new key in it holds at once and needs no restart.

    Args:
        path: The file: JSON that names each key's number and the key in base64, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Gives a key encrypted by the newest key of the file."""
        keys = self._keys()
        version, nonce = max(keys), os.urandom(_NONCE_BYTES)
        return version.to_bytes(_VERSION_BYTES) + nonce + AESGCM(keys[version]).encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Gives a wrapped key as it was."""
        version, rest = int.from_bytes(wrapped[:_VERSION_BYTES]), wrapped[_VERSION_BYTES:]
        key = self._keys().get(version)
        if key is None:
            raise ValueError(f"the file of keys has no key {version}")
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise ValueError("the key was wrapped elsewhere") from error

    def _keys(self) -> dict[int, bytes]:
        try:
            if self._path.stat().st_mode & _OTHERS:
                raise PermissionError(f"{self._path} may be readable by its owner alone (chmod 600)")
            return read_keys(self._path)
        except (OSError, ValueError) as error:
            raise DependencyUnavailable("key_service") from error


def read_keys(path: Path) -> dict[int, bytes]:
    """Gives the keys of a file by their numbers.

    Raises:
        OSError: The file can't be read.
        ValueError: It has no keys, or none that are 32 bytes long.
    """
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ValueError("a file of keys is one JSON object")  # noqa: TRY004 - the file's fault
    keys = {int(number): base64.b64decode(key, validate=True) for number, key in content.items()}
    if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise ValueError("a file of keys has at least one, each of 32 bytes")
    return keys


def add_key(path: Path) -> int:
    """Adds a new key to a file, which wraps from then on; makes the file if it is missing.

    Args:
        path: The file.

    Returns:
        The number of the key.

    Raises:
        OSError: The file can't be read or written.
        ValueError: The file is there and has no keys.
    """
    keys = read_keys(path) if path.exists() else {}
    version = max(keys, default=0) + 1
    keys[version] = secrets.token_bytes(_KEY_BYTES)
    content = orjson.dumps({str(number): base64.b64encode(key).decode() for number, key in keys.items()})
    written = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    return version
