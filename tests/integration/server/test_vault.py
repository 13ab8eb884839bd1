"""Vault's transit engine as a key service: what it is asked with, and what is told of its refusals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from server.runtime.errors import DependencyUnavailable
from server.store.key_services.opening import open_key_service
from server.store.key_services.vault import VaultKeyService
from tests.integration.server.key_servers import VaultServer

KEY = bytes(range(32))


@pytest.fixture
def vault() -> Iterator[VaultServer]:
    server = VaultServer()
    yield server
    server.stop()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{VaultServer.TOKEN}\n")
    return file


async def test_what_vault_did_not_wrap_is_refused(vault: VaultServer, token_file: Path) -> None:
    service = open_key_service(f"vault:{vault.address()}", token_file)
    assert (await service.wrap(KEY, b"tenant 1")).startswith(b"vault:v1:")
    for other in (b"\0\0\0\1" + bytes(40), b"\xff"):
        with pytest.raises(ValueError, match="wrapped elsewhere"):
            await service.unwrap(other, b"tenant 1")


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
async def test_a_vault_that_does_not_answer_so_is_away(vault: VaultServer, token_file: Path, status: int) -> None:
    vault.status = status
    with pytest.raises(DependencyUnavailable) as refused:
        await VaultKeyService(vault.address(), token_file).wrap(KEY, b"")
    assert refused.value.dependency == "key_service"
    assert vault.TOKEN not in repr(refused.value.__cause__)


async def test_a_wrong_or_missing_token_and_a_server_that_is_gone_are_told(
    vault: VaultServer, token_file: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("hvs.other")
    gone = f"http://127.0.0.1:{free_port()}/v1/transit/keys/leadline"
    for url, file in ((vault.address(), wrong), (vault.address(), tmp_path / "missing"), (gone, token_file)):
        with pytest.raises(DependencyUnavailable):
            await VaultKeyService(url, file).wrap(KEY, b"")


@pytest.mark.parametrize(
    "url", ["http://vault.example.com/v1/transit/keys/leadline", "https://vault.example.com/v1/transit", "leadline"]
)
def test_an_address_without_encryption_or_key_is_refused(url: str, token_file: Path) -> None:
    with pytest.raises(ValueError, match="https://HOST/v1/transit/keys/NAME"):
        VaultKeyService(url, token_file)
