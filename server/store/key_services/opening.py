"""Opens the key service that a setting names."""

from pathlib import Path
from typing import Final

from server.encryption.ports import KeyService
from server.store.key_services.local_file import LocalFileKeyService
from server.store.key_services.vault import VaultKeyService

_FILE: Final = "file:"
_VAULT: Final = "vault:"


def open_key_service(address: str, token_file: Path | None = None) -> KeyService:
    """Gives a key service.

    Args:
        address: `file:PATH`, or `vault:` and the address of a key in Vault's transit engine.
        token_file: The file of the token that Vault is asked with; needed there.

    Raises:
        ValueError: The address is none of these, or Vault has no file of a token.
    """
    if address.startswith(_FILE):
        return LocalFileKeyService(Path(address.removeprefix(_FILE)))
    if address.startswith(_VAULT):
        if token_file is None:
            raise ValueError("Vault needs a file of a token: LEADLINE_KEY_SERVICE_TOKEN_FILE")
        return VaultKeyService(address.removeprefix(_VAULT), token_file)
    raise ValueError("a key service is file:PATH or vault:URL")
