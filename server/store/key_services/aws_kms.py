"""AWS Key Management Service as a key service, through AWS's own client. Needs the extra `aws`."""

import asyncio
import functools
import re
from typing import Any, Final

import botocore.config
import botocore.exceptions
import botocore.session

from server.runtime.errors import DependencyUnavailable

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)/.+")
# The context is part of what AWS CloudTrail records, and of what a key's policy may ask for.
_CONTEXT: Final = "leadline"
_WRAPPED_ELSEWHERE: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_SETTINGS: Final = botocore.config.Config(
    connect_timeout=2.0, read_timeout=5.0, retries={"mode": "standard", "total_max_attempts": 3}
)


class AwsKeyService:
    """Wraps by a symmetric key that does not leave AWS KMS. See the port `KeyService`.

    Credentials are found as AWS's clients find them: environment, profile, role of a container or of a machine. So is
    another endpoint, such as that of a private link: `AWS_ENDPOINT_URL_KMS`. What fails in passing is tried thrice.

    Args:
        arn: The key's, or an alias's of it: `arn:aws:kms:REGION:ACCOUNT:key/ID`.

    Raises:
        ValueError: It is not the ARN of a key.
    """

    def __init__(self, arn: str) -> None:
        match = _ARN.fullmatch(arn)
        if match is None:
            raise ValueError("the ARN of a key in AWS KMS is arn:aws:kms:REGION:ACCOUNT:key/ID or :alias/NAME")
        self._arn, self._region = arn, match[1]

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Gives a key encrypted by the newest material of the key in AWS KMS."""
        answer = await asyncio.to_thread(self._ask, "encrypt", context, Plaintext=key)
        return bytes(answer["CiphertextBlob"])

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Gives a wrapped key as it was."""
        answer = await asyncio.to_thread(self._ask, "decrypt", context, CiphertextBlob=wrapped)
        return bytes(answer["Plaintext"])

    @functools.cached_property
    def _client(self) -> Any:
        return botocore.session.get_session().create_client("kms", region_name=self._region, config=_SETTINGS)

    def _ask(self, action: str, context: bytes, **content: bytes) -> dict[str, Any]:
        try:
            ask = getattr(self._client, action)
            answer: dict[str, Any] = ask(KeyId=self._arn, EncryptionContext={_CONTEXT: context.decode()}, **content)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _WRAPPED_ELSEWHERE:
                raise ValueError("AWS KMS refused to do it: the key was wrapped elsewhere") from error
            raise DependencyUnavailable("key_service") from error
        except botocore.exceptions.ParamValidationError as error:
            raise ValueError("no key was wrapped so") from error
        except botocore.exceptions.BotoCoreError as error:
            raise DependencyUnavailable("key_service") from error
        return answer
