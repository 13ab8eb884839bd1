"""Vault's transit engine as a key service, against a server that answers as its documentation tells."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from deploy.local.ports import free_port
from server.runtime.errors import DependencyUnavailable
from server.store.key_services.opening import open_key_service
from server.store.key_services.vault import VaultKeyService

KEY, TOKEN = bytes(range(32)), "hvs.token"


class Vault:
    """One key `leadline` of the kind aes256-gcm96 and its versions, over HTTP."""

    def __init__(self) -> None:
        self.versions = [os.urandom(32)]
        self.status = 200

    def answer(self, path: str, token: str | None, content: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Gives status and JSON as https://developer.hashicorp.com/vault/api-docs/secret/transit tells."""
        if self.status != 200:
            return self.status, {"errors": ["Vault is sealed"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        context = base64.b64decode(content["associated_data"])
        if path == "/v1/transit/encrypt/leadline":
            return 200, {"data": self._encrypt(base64.b64decode(content["plaintext"]), context)}
        if path == "/v1/transit/decrypt/leadline":
            try:
                return 200, {"data": self._decrypt(content["ciphertext"], context)}
            except (InvalidTag, ValueError):
                return 400, {"errors": ["invalid ciphertext"]}
        return 404, {"errors": []}

    def _encrypt(self, plain: bytes, context: bytes) -> dict[str, str]:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.versions[-1]).encrypt(nonce, plain, context)
        return {"ciphertext": f"vault:v{len(self.versions)}:{base64.b64encode(sealed).decode()}"}

    def _decrypt(self, ciphertext: str, context: bytes) -> dict[str, str]:
        _, version, text = ciphertext.split(":")
        sealed = base64.b64decode(text)
        plain = AESGCM(self.versions[int(version[1:]) - 1]).decrypt(sealed[:12], sealed[12:], context)
        return {"plaintext": base64.b64encode(plain).decode()}


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def address(vault: Vault) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = vault.answer(self.path, self.headers["X-Vault-Token"], content)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/transit/keys/leadline"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


async def test_a_key_comes_back_in_its_context_alone(address: str, token_file: Path, vault: Vault) -> None:
    service = open_key_service(f"vault:{address}", token_file)
    wrapped = await service.wrap(KEY, b"tenant 1")
    assert wrapped.startswith(b"vault:v1:")
    assert await service.unwrap(wrapped, b"tenant 1") == KEY
    with pytest.raises(ValueError, match="wrapped elsewhere"):
        await service.unwrap(wrapped, b"tenant 2")
    for other in (b"\0\0\0\1" + bytes(40), b"\xff"):
        with pytest.raises(ValueError, match="wrapped elsewhere"):
            await service.unwrap(other, b"tenant 1")
    vault.versions.append(os.urandom(32))
    assert (await service.wrap(KEY, b"")).startswith(b"vault:v2:")
    assert await service.unwrap(wrapped, b"tenant 1") == KEY, "older versions still decrypt"


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
async def test_a_vault_that_does_not_answer_so_is_away(
    address: str, token_file: Path, vault: Vault, status: int
) -> None:
    vault.status = status
    with pytest.raises(DependencyUnavailable) as refused:
        await VaultKeyService(address, token_file).wrap(KEY, b"")
    assert refused.value.dependency == "key_service"
    assert TOKEN not in repr(refused.value.__cause__)


async def test_a_wrong_or_missing_token_and_a_server_that_is_gone_are_told(
    address: str, token_file: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("hvs.other")
    gone = f"http://127.0.0.1:{free_port()}/v1/transit/keys/leadline"
    for url, file in ((address, wrong), (address, tmp_path / "missing"), (gone, token_file)):
        with pytest.raises(DependencyUnavailable):
            await VaultKeyService(url, file).wrap(KEY, b"")


@pytest.mark.parametrize(
    "url", ["http://vault.example.com/v1/transit/keys/leadline", "https://vault.example.com/v1/transit", "leadline"]
)
def test_an_address_without_encryption_or_key_is_refused(url: str, token_file: Path) -> None:
    with pytest.raises(ValueError, match="https://HOST/v1/transit/keys/NAME"):
        VaultKeyService(url, token_file)
