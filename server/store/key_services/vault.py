"""The transit secrets engine of HashiCorp Vault, and of OpenBao, as a key service."""

import base64
import binascii
from pathlib import Path
from typing import Any, Final

import httpx

from server.runtime.errors import DependencyUnavailable

_KEYS: Final = "/keys/"
_ANSWER_SECONDS: Final = 5.0


class VaultKeyService:
    """Wraps by the newest version of a key that does not leave Vault. See the port `KeyService`.

    The key is of a kind with associated data, such as `aes256-gcm96`, the engine's usual one.

    Args:
        url: The key's own address, such as `https://vault.example.com:8200/v1/transit/keys/leadline`.
        token_file: A file with the token that may encrypt and decrypt by the key, read at each use: an agent renews it.
        transport: Carries the requests; None for the usual one.

    Raises:
        ValueError: The address is not that of a key.
    """

    def __init__(self, url: str, token_file: Path, transport: httpx.AsyncBaseTransport | None = None) -> None:
        engine, keys, name = url.rpartition(_KEYS)
        if not engine.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) or not keys or not name:
            raise ValueError("the address of a key in Vault is https://HOST/v1/transit/keys/NAME")
        self._engine, self._name = engine, name
        self._token_file = token_file
        self._transport = transport

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Gives a key encrypted by the newest version of Vault's key."""
        answer = await self._ask("encrypt", {"plaintext": _text(key), "associated_data": _text(context)})
        return str(answer["ciphertext"]).encode()

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Gives a wrapped key as it was."""
        try:
            ciphertext = wrapped.decode("ascii")
        except UnicodeDecodeError as error:
            raise ValueError("the key was wrapped elsewhere") from error
        answer = await self._ask("decrypt", {"ciphertext": ciphertext, "associated_data": _text(context)})
        return base64.b64decode(str(answer["plaintext"]), validate=True)

    async def _ask(self, action: str, content: dict[str, str]) -> dict[str, Any]:
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
            # Asked once in minutes: a connection that is kept would be closed meanwhile.
            async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, transport=self._transport) as client:
                response = await client.post(
                    f"{self._engine}/{action}/{self._name}", json=content, headers={"X-Vault-Token": token}
                )
            if response.status_code == httpx.codes.BAD_REQUEST:
                raise ValueError("Vault refused to do it: the key was wrapped elsewhere")
            response.raise_for_status()
            answer: dict[str, Any] = response.json()["data"]
        except (httpx.HTTPError, OSError, KeyError, TypeError, binascii.Error) as error:
            raise DependencyUnavailable("key_service") from error
        return answer


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
