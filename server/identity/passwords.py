"""Passwords: which are taken, and how they are kept (NIST SP 800-63B, RFC 9106)."""

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from server.runtime.errors.identity import PasswordRefused

SHORTEST: Final = 12
LONGEST: Final = 256
# Of zxcvbn's scale from 0 to 4: at least 10^8 guesses.
LEAST_SCORE: Final = 3
# zxcvbn's time grows with the square of the length, and what follows makes a guess no easier.
JUDGED_CHARACTERS: Final = 64
# Each hash takes 64 MiB while it is computed.
HASHES_AT_ONCE: Final = 4

_KNOWN: Final = frozenset(FREQUENCY_LISTS["passwords"])


class PasswordPolicy:
    """Refuses passwords that are short, known from breaches, easily guessed or made of what is known of the user.

    There are no rules about kinds of characters: they make passwords no harder to guess.

    Args:
        breached_passwords_file: SHA-1 digests of passwords from breaches in capitals, one a line, in order, each
            followed by a colon and a count or by nothing: the form in which Have I Been Pwned gives them. None knows
            the 30,000 commonest alone.
    """

    def __init__(self, breached_passwords_file: Path | None = None) -> None:
        self._file = breached_passwords_file

    async def check(self, password: str, known_of_user: Iterable[str]) -> None:
        """Checks a password that a user has chosen.

        Args:
            password: The password.
            known_of_user: What anybody knows: names, e-mail address, organization.

        Raises:
            PasswordRefused: It can't be taken; tells why.
        """
        if len(password) < SHORTEST:
            raise PasswordRefused("too_short")
        if len(password) > LONGEST:
            raise PasswordRefused("too_long")
        await asyncio.to_thread(self._judge, password, [text.lower() for text in known_of_user if text])

    def _judge(self, password: str, known_of_user: list[str]) -> None:
        if password.lower() in _KNOWN or (self._file is not None and _is_listed(self._file, password)):
            raise PasswordRefused("known_from_breaches")
        judged = password[:JUDGED_CHARACTERS]
        if zxcvbn(judged)["score"] < LEAST_SCORE:
            raise PasswordRefused("easily_guessed")
        words = [word for text in known_of_user for word in (text, *text.replace("@", " ").replace(".", " ").split())]
        if zxcvbn(judged, user_inputs=words)["score"] < LEAST_SCORE:
            raise PasswordRefused("resembles_account")


class PasswordHashes:
    """Makes and verifies argon2id hashes, a few at a time and beside the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._places = asyncio.Semaphore(HASHES_AT_ONCE)
        # Verified where there is no account, so that the answer takes as long.
        self._nobody = self._hasher.hash("nobody has this password")

    async def make(self, password: str) -> str:
        """Gives the hash of a password, with its salt and parameters in it."""
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tells whether a password is the one of a hash.

        Args:
            password_hash: From `make`; None for an account without a password or no account at all: False then, after
                the same time.
            password: What was typed.
        """
        async with self._places:
            matches = await asyncio.to_thread(self._matches, password_hash or self._nobody, password)
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Tells whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _is_listed(file: Path, password: str) -> bool:
    """Looks a password up by halving the file, which may have many gigabytes."""
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.readline()
            line = lines.readline()
            if not line or line[: len(digest)] > digest:
                high = middle
            elif line[: len(digest)] == digest:
                return True
            else:
                low = middle + 1
        lines.seek(0)
        return lines.readline()[: len(digest)] == digest
