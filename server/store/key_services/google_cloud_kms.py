"""Google's Cloud Key Management Service as a key service, through Google's own client. Needs the extra `gcp`."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import google.auth
from google.api_core.exceptions import GoogleAPIError, InvalidArgument
from google.api_core.retry_async import AsyncRetry
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.kms_v1 import DecryptRequest, EncryptRequest, KeyManagementServiceAsyncClient
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceTransport
from google_crc32c import value as crc32c

from server.runtime.errors import DependencyUnavailable

_NAME: Final = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_SCOPE: Final = "https://www.googleapis.com/auth/cloudkms"
_ANSWER_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 2.0


class _DamagedOnTheWay(Exception):
    """A checksum tells that a request or its answer was changed between Cloud KMS and here."""


class GoogleKeyService:
    """Wraps by the primary version of a symmetric key that does not leave Cloud KMS. See the port `KeyService`.

    Credentials are Google's application default credentials. What fails in passing is tried again for two seconds.

    Args:
        name: The key's resource name, `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`.
        transport: Makes what carries the requests; None for the usual one.

    Raises:
        ValueError: It is not the name of a key.
    """

    def __init__(self, name: str, transport: Callable[..., KeyManagementServiceTransport] | None = None) -> None:
        if _NAME.fullmatch(name) is None:
            raise ValueError(
                "the name of a key in Cloud KMS is projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
            )
        self._name = name
        self._transport = transport
        self._credentials: Credentials | None = None

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Gives a key encrypted by the primary version of the key in Cloud KMS."""
        request = EncryptRequest(
            name=self._name,
            plaintext=key,
            plaintext_crc32c=crc32c(key),
            additional_authenticated_data=context,
            additional_authenticated_data_crc32c=crc32c(context),
        )
        async with self._client() as client:
            answer = await client.encrypt(request, retry=_retry(), timeout=_ANSWER_SECONDS)
            if (
                not answer.verified_plaintext_crc32c
                or not answer.verified_additional_authenticated_data_crc32c
                or answer.ciphertext_crc32c != crc32c(answer.ciphertext)
            ):
                raise _DamagedOnTheWay
            return bytes(answer.ciphertext)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Gives a wrapped key as it was."""
        request = DecryptRequest(
            name=self._name,
            ciphertext=wrapped,
            ciphertext_crc32c=crc32c(wrapped),
            additional_authenticated_data=context,
            additional_authenticated_data_crc32c=crc32c(context),
        )
        async with self._client() as client:
            answer = await client.decrypt(request, retry=_retry(), timeout=_ANSWER_SECONDS)
            if answer.plaintext_crc32c != crc32c(answer.plaintext):
                raise _DamagedOnTheWay
            return bytes(answer.plaintext)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        """Opens a connection: asked once in minutes, one that is kept would be closed meanwhile.

        Raises:
            ValueError: Cloud KMS can't decrypt what it was given.
            DependencyUnavailable: Cloud KMS can't be reached or does not let us in.
        """
        try:
            if self._credentials is None:
                # May ask the machine's metadata server, and waits for it.
                self._credentials, _ = await asyncio.to_thread(google.auth.default, scopes=[_SCOPE])
            async with KeyManagementServiceAsyncClient(
                credentials=self._credentials, transport=self._transport
            ) as client:
                yield client
        except InvalidArgument as error:
            raise ValueError("Cloud KMS refused to do it: the key was wrapped elsewhere") from error
        except (GoogleAPIError, GoogleAuthError, _DamagedOnTheWay) as error:
            raise DependencyUnavailable("key_service") from error


def _retry() -> AsyncRetry:
    return AsyncRetry(initial=0.1, maximum=1.0, timeout=_RETRY_SECONDS)
