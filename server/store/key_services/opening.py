"""Opens the key service that a setting names."""

from pathlib import Path
from typing import Final

from server.encryption.ports import KeyService
from server.store.key_services.local_file import LocalFileKeyService

FILE: Final = "file:"


def open_key_service(address: str) -> KeyService:
    """Gives a key service.

    Args:
        address: `file:PATH`.

    Raises:
        ValueError: The address is none of these.
    """
    if address.startswith(FILE):
        return LocalFileKeyService(Path(address.removeprefix(FILE)))
    raise ValueError("a key service is file:PATH")
