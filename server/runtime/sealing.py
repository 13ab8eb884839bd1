"""Small secrets at rest: encrypted with AES-256-GCM under a key made of the process's own secret."""

import hmac

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class Sealer:
    """Seals secrets that the database keeps, such as signing keys and the seeds of one-time codes.

    Args:
        secret: The process's secret; what was sealed can be opened with the same one alone.
        purpose: What is sealed; what was sealed for one purpose can't be opened for another.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = OctKey.import_key(hmac.digest(secret.encode(), f"seal {purpose}".encode(), "sha256"))

    def seal(self, plain: str) -> str:
        """Gives a secret encrypted, as text."""
        return jwe.encrypt_compact(_HEADER, plain, self._key)

    def open(self, sealed: str) -> str:
        """Gives a sealed secret as it was.

        Raises:
            ValueError: It was sealed with another secret, for another purpose, or was changed.
        """
        try:
            plain = jwe.decrypt_compact(sealed, self._key).plaintext
        except JoseError as error:
            raise ValueError("this was not sealed here") from error
        if plain is None:
            raise ValueError("this was not sealed here")
        return plain.decode()
