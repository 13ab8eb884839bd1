"""Opens the key service that a setting names."""

from pathlib import Path
from typing import Final

from server.encryption.ports import KeyService
from server.store.key_services.local_file import LocalFileKeyService
from server.store.key_services.vault import VaultKeyService

_EXTRAS: Final = {"aws", "gcp"}


def open_key_service(address: str, token_file: Path | None = None) -> KeyService:
    """Gives a key service.

    Args:
        address: `file:PATH`; `vault:` and the address of a key in Vault's transit engine; `aws:` and the ARN of a key
            in AWS KMS; `gcp:` and the name of a key in Google's Cloud KMS.
        token_file: The file of the token that Vault is asked with; needed there.

    Raises:
        ValueError: The address is none of these, Vault has no file of a token, or the client of AWS or Google is not
            installed.
    """
    kind, _, key = address.partition(":")
    if kind == "file" and key:
        return LocalFileKeyService(Path(key))
    if kind == "vault":
        if token_file is None:
            raise ValueError("Vault needs a file of a token: LEADLINE_KEY_SERVICE_TOKEN_FILE")
        return VaultKeyService(key, token_file)
    if kind in _EXTRAS:
        try:
            return _open_with_extra(kind, key)
        except ImportError as error:
            raise ValueError(
                f"the key service {kind} needs Leadline's extra {kind}: {error.name} is missing"
            ) from error
    raise ValueError("a key service is file:PATH, vault:URL, aws:ARN or gcp:NAME")


def _open_with_extra(kind: str, key: str) -> KeyService:
    if kind == "aws":
        from server.store.key_services.aws_kms import AwsKeyService  # noqa: PLC0415

        return AwsKeyService(key)
    from server.store.key_services.google_cloud_kms import GoogleKeyService  # noqa: PLC0415

    return GoogleKeyService(key)
