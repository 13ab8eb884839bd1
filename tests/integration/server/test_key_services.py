"""All key services keep the same promises: what a key wrapped comes back from it alone, in its context alone."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest

from server.encryption.ports import KeyService
from server.encryption.rotation import RotateKeys
from server.encryption.tenant_keys import TenantKeys
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable, EncryptedDataBroken
from server.store.key_services.google_cloud_kms import GoogleKeyService
from server.store.key_services.local_file import add_key
from server.store.key_services.opening import open_key_service
from server.store.tenant_keys import PostgresTenantKeyStore
from tests.integration.server.key_servers import AwsServer, GoogleServer, VaultServer, service_account_file

KEY = bytes(range(32))


@dataclass(frozen=True)
class Contract:
    """A key service, and what a test does to it.

    Attributes:
        service: Wraps by one key.
        other: Wraps by another key of the same service.
        rotate: Gives the first key a new version.
        version_of: Tells by which version something was wrapped.
        go_away: Takes the service away.
    """

    service: KeyService
    other: KeyService
    rotate: Callable[[], object]
    version_of: Callable[[bytes], int]
    go_away: Callable[[], object]


def _file(folder: Path) -> Contract:
    path, other = folder / "keys.json", folder / "other.json"
    for each in (path, other):
        add_key(each)
    return Contract(
        open_key_service(f"file:{path}"),
        open_key_service(f"file:{other}"),
        lambda: add_key(path),
        lambda wrapped: int.from_bytes(wrapped[:4]),
        path.unlink,
    )


def _vault(server: VaultServer, folder: Path) -> Contract:
    token_file = folder / "token"
    token_file.write_text(server.TOKEN)
    return Contract(
        open_key_service(f"vault:{server.address()}", token_file),
        open_key_service(f"vault:{server.address('other')}", token_file),
        server.keyring.rotate,
        lambda wrapped: int(wrapped.split(b":")[1][1:]),
        server.stop,
    )


def _aws(server: AwsServer) -> Contract:
    return Contract(
        open_key_service(f"aws:{server.arn()}"),
        open_key_service(f"aws:{server.arn('other')}"),
        server.keyring.rotate,
        lambda wrapped: int(wrapped.split(b" ", 2)[1]),
        server.stop,
    )


def _google(server: GoogleServer) -> Contract:
    return Contract(
        GoogleKeyService(server.key(), server.transport),
        GoogleKeyService(server.key("other"), server.transport),
        server.keyring.rotate,
        lambda wrapped: wrapped[0],
        server.stop,
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AwsServer]:
    """AWS KMS, found as AWS's clients find it."""
    server = AwsServer()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "missing"))
    yield server
    server.stop()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GoogleServer]:
    """Cloud KMS, with the credentials of a service account."""
    server = GoogleServer(tmp_path / "authority")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account_file(tmp_path / "account.json")))
    yield server
    server.stop()


@pytest.fixture(params=["file", "vault", "aws", "google"])
def contract(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Contract]:
    """Each key service in turn."""
    if request.param == "file":
        yield _file(tmp_path)
    elif request.param == "vault":
        server = VaultServer()
        yield _vault(server, tmp_path)
        server.stop()
    elif request.param == "aws":
        yield _aws(request.getfixturevalue("aws"))
    else:
        yield _google(request.getfixturevalue("google"))


async def test_a_key_comes_back_as_it_was(contract: Contract) -> None:
    wrapped = await contract.service.wrap(KEY, b"tenant 1")
    assert KEY not in wrapped
    assert await contract.service.unwrap(wrapped, b"tenant 1") == KEY
    assert await contract.service.wrap(KEY, b"tenant 1") != wrapped


async def test_it_is_refused_in_another_context_and_when_changed(contract: Contract) -> None:
    wrapped = await contract.service.wrap(KEY, b"tenant 1")
    for tampered, context in (
        (wrapped, b"tenant 2"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"tenant 1"),
        (wrapped[:10], b"tenant 1"),
        (b"", b"tenant 1"),
    ):
        with pytest.raises(ValueError, match=r"wrapped|no key"):
            await contract.service.unwrap(tampered, context)


async def test_what_another_key_wrapped_is_refused(contract: Contract) -> None:
    wrapped = await contract.other.wrap(KEY, b"tenant 1")
    assert await contract.other.unwrap(wrapped, b"tenant 1") == KEY
    with pytest.raises(ValueError, match="wrapped elsewhere"):
        await contract.service.unwrap(wrapped, b"tenant 1")


async def test_a_service_that_is_away_is_told_with_a_time_to_retry(contract: Contract) -> None:
    wrapped = await contract.service.wrap(KEY, b"tenant 1")
    contract.go_away()
    for ask in (contract.service.wrap(KEY, b"tenant 1"), contract.service.unwrap(wrapped, b"tenant 1")):
        with pytest.raises(DependencyUnavailable) as refused:
            await ask
        assert refused.value.dependency == "key_service"
        assert refused.value.retry_after_seconds > 0


async def test_tenants_keys_are_wrapped_anew_after_its_rotation(
    contract: Contract, database: Database, tenant_id: UUID
) -> None:
    store = PostgresTenantKeyStore(database)
    sealed = await TenantKeys(store, contract.service).seal(tenant_id, b"personal", b"here")
    (before,) = await store.keys(tenant_id)
    contract.rotate()
    assert await TenantKeys(store, contract.service).open(tenant_id, sealed, b"here") == b"personal"
    rotation = RotateKeys(store, contract.service, grace_seconds=0.0, sleep=asyncio.sleep)
    assert await rotation.service_key(tenant_id) == 1
    (after,) = await store.keys(tenant_id)
    assert (contract.version_of(before.wrapped_key), contract.version_of(after.wrapped_key)) == (1, 2)
    assert await TenantKeys(store, contract.service).open(tenant_id, sealed, b"here") == b"personal"
    with pytest.raises(EncryptedDataBroken):
        await TenantKeys(store, contract.other).open(tenant_id, sealed, b"here")


async def test_aws_is_told_the_context_apart_from_the_key(aws: AwsServer) -> None:
    await open_key_service(f"aws:{aws.arn()}").wrap(KEY, b"leadline tenant key 1 7 2")
    ((authorization, content),) = aws.requests
    assert content["EncryptionContext"] == {"leadline": "leadline tenant key 1 7 2"}
    assert content["KeyId"] == aws.arn()
    assert "secret" not in authorization


async def test_what_fails_at_aws_in_passing_is_tried_again(aws: AwsServer) -> None:
    aws.refusals = [("ThrottlingException", 400), ("KMSInternalException", 500)]
    assert await open_key_service(f"aws:{aws.arn()}").wrap(KEY, b"")
    assert len(aws.requests) == 3


@pytest.mark.parametrize("error", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"])
async def test_an_aws_key_that_may_not_be_used_is_as_one_that_is_away(aws: AwsServer, error: str) -> None:
    aws.refusals = [(error, 400)]
    with pytest.raises(DependencyUnavailable):
        await open_key_service(f"aws:{aws.arn()}").wrap(KEY, b"")
    assert len(aws.requests) == 1, "to repeat it helps nothing"


async def test_without_credentials_aws_is_not_asked(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(DependencyUnavailable):
        await open_key_service(f"aws:{aws.arn()}").wrap(KEY, b"")
    assert aws.requests == []


async def test_google_is_shown_a_token_and_a_failure_in_passing_is_tried_again(google: GoogleServer) -> None:
    google.refusals = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
    assert await GoogleKeyService(google.key(), google.transport).wrap(KEY, b"")
    assert len(google.authorizations) == 3
    assert all(each.startswith("Bearer ey") for each in google.authorizations)


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION]
)
async def test_a_google_key_that_may_not_be_used_is_as_one_that_is_away(
    google: GoogleServer, status: grpc.StatusCode
) -> None:
    google.refusals = [status]
    with pytest.raises(DependencyUnavailable):
        await GoogleKeyService(google.key(), google.transport).wrap(KEY, b"")
    assert len(google.authorizations) == 1, "to repeat it helps nothing"


@pytest.mark.parametrize(
    "field",
    ["ciphertext", "ciphertext_crc32c", "verified_plaintext_crc32c", "verified_additional_authenticated_data_crc32c"],
)
async def test_a_key_that_google_wraps_otherwise_than_it_was_sent_is_not_taken(
    google: GoogleServer, field: str
) -> None:
    google.damage = _changing(field)
    with pytest.raises(DependencyUnavailable):
        await GoogleKeyService(google.key(), google.transport).wrap(KEY, b"")


@pytest.mark.parametrize("field", ["plaintext", "plaintext_crc32c"])
async def test_a_key_that_comes_back_damaged_from_google_is_not_used(google: GoogleServer, field: str) -> None:
    service = GoogleKeyService(google.key(), google.transport)
    wrapped = await service.wrap(KEY, b"")
    google.damage = _changing(field)
    with pytest.raises(DependencyUnavailable):
        await service.unwrap(wrapped, b"")


async def test_without_credentials_google_is_not_asked(google: GoogleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/missing")
    with pytest.raises(DependencyUnavailable):
        await GoogleKeyService(google.key(), google.transport).wrap(KEY, b"")
    assert google.authorizations == []


@pytest.mark.parametrize(
    "address", ["aws:alias/leadline", "aws:arn:aws:s3:::bucket", "gcp:leadline", "gcp:projects/p/locations/l"]
)
def test_an_address_that_is_of_no_key_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"the (ARN|name) of a key"):
        open_key_service(address)


@pytest.mark.parametrize(("kind", "package"), [("aws", "botocore"), ("gcp", "google_crc32c")])
def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, kind: str, package: str) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    for module in ("aws_kms", "google_cloud_kms"):
        monkeypatch.delitem(sys.modules, f"server.store.key_services.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=f"needs Leadline's extra {kind}: {package}"):
        open_key_service(f"{kind}:any")


def _changing(field: str) -> Callable[[Any], None]:
    def damage(answer: Any) -> None:
        value = getattr(answer, field)
        setattr(answer, field, value + (b"x" if isinstance(value, bytes) else 1) if value is not True else False)

    return damage
