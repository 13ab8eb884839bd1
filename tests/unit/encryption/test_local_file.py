"""The key service in a file."""

import asyncio
import stat
from pathlib import Path

import pytest

from server.runtime.errors import DependencyUnavailable
from server.store.key_services.local_file import LocalFileKeyService, add_key
from server.store.key_services.opening import open_key_service

KEY = bytes(range(32))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    add_key(path)
    return path


async def test_a_key_comes_back_in_its_context_alone(file: Path) -> None:
    service = open_key_service(f"file:{file}")
    wrapped = await service.wrap(KEY, b"tenant 1")
    assert KEY not in wrapped
    assert await service.unwrap(wrapped, b"tenant 1") == KEY
    with pytest.raises(ValueError, match="wrapped elsewhere"):
        await service.unwrap(wrapped, b"tenant 2")
    with pytest.raises(ValueError, match="wrapped elsewhere"):
        await service.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"tenant 1")


async def test_a_new_key_wraps_at_once_and_old_ones_unwrap(file: Path) -> None:
    service = LocalFileKeyService(file)
    old = await service.wrap(KEY, b"")
    assert add_key(file) == 2
    new = await service.wrap(KEY, b"")
    assert (old[:4], new[:4]) == (b"\0\0\0\1", b"\0\0\0\2")
    assert [await service.unwrap(wrapped, b"") for wrapped in (old, new)] == [KEY, KEY]


async def test_a_key_that_is_not_in_the_file_is_named(file: Path) -> None:
    with pytest.raises(ValueError, match="no key 9"):
        await LocalFileKeyService(file).unwrap(b"\0\0\0\x09" + bytes(60), b"")


def test_the_file_is_its_owners_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(DependencyUnavailable) as refused:
        asyncio.run(LocalFileKeyService(file).wrap(KEY, b""))
    assert "chmod 600" in str(refused.value.__cause__)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"1": "short"}', '{"a": 1}'])
def test_a_file_without_keys_is_as_one_that_is_missing(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(DependencyUnavailable):
        asyncio.run(LocalFileKeyService(file).wrap(KEY, b""))
    file.unlink()
    with pytest.raises(DependencyUnavailable):
        asyncio.run(LocalFileKeyService(file).unwrap(KEY, b""))


def test_an_address_of_no_key_service_is_refused() -> None:
    with pytest.raises(ValueError, match="file:PATH"):
        open_key_service("ftp://keys")
    with pytest.raises(ValueError, match="LEADLINE_KEY_SERVICE_TOKEN_FILE"):
        open_key_service("vault:https://vault.example.com/v1/transit/keys/leadline")
