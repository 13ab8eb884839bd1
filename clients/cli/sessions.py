"""The log-ins of this user, kept beside the profiles, and the access tokens that come of them."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from clients.cli.errors import CommandError
from leadline_sdk import Client, TokenSet, Unauthenticated

MARGIN = timedelta(seconds=30)
"""How long before its end an access token is renewed, so that none expires on its way."""


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in.

    Attributes:
        address: `host:port` of the Leadline that gave the tokens; they go nowhere else.
        tls: whether the connection there is encrypted.
        access_token: what calls carry.
        expire_time: until when it is good, UTC, in ISO 8601.
        refresh_token: what gives the next tokens, once.
    """

    address: str
    tls: bool
    access_token: str
    expire_time: str
    refresh_token: str

    def is_fresh(self) -> bool:
        """Tell whether the access token is good for some time yet."""
        return datetime.now(UTC) < datetime.fromisoformat(self.expire_time) - MARGIN


def session_of(address: str, tokens: TokenSet, *, tls: bool) -> Session:
    """Give the session that a log-in or a renewal gave."""
    expire_time = tokens.access_token_expire_time.ToDatetime(UTC).isoformat()
    return Session(address, tls, tokens.access_token, expire_time, tokens.refresh_token)


class SessionFile:
    """Sessions by profile, in a JSON file that its owner alone can read.

    Args:
        path: the file; made with the first log-in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, profile: str) -> Session | None:
        """Give a profile's session, or None if there is none.

        Raises:
            CommandError: the file can't be read.
        """
        return self._read().get(profile)

    def keep(self, profile: str, session: Session | None) -> None:
        """Put a profile's session in the place of the one before; None to forget it."""
        with self._alone():
            self._replace(profile, session)

    def access_token(self, profile: str) -> str:
        """Give a profile's access token, renewed if its end is near.

        A refresh token counts once, and one that comes twice ends its session. So commands that run at the same time
        renew one after the other, and the later one takes what the first got.

        Raises:
            CommandError: there is no session any more.
            LeadlineError: the renewal failed otherwise.
        """
        session = self.find(profile)
        if session is not None and session.is_fresh():
            return session.access_token
        with self._alone():
            session = self.find(profile)
            if session is None:
                raise CommandError("you are not logged in", advice="log in with `leadline login`")
            if not session.is_fresh():
                session = _renewed(session)
                self._replace(profile, session)
        return session.access_token

    def _read(self) -> dict[str, Session]:
        try:
            stored = orjson.loads(self._path.read_bytes())
            return {profile: Session(**session) for profile, session in stored.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise CommandError(
                f"the log-ins in {self._path} can't be read: {error}", advice="delete the file and log in again"
            ) from error

    def _replace(self, profile: str, session: Session | None) -> None:
        sessions = {name: asdict(kept) for name, kept in self._read().items() if name != profile}
        if session is not None:
            sessions[profile] = asdict(session)
        # Made readable by its owner alone, and put in place as a whole: a cut never leaves half of it.
        with tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=self._path.name, delete=False) as written:
            written.write(orjson.dumps(sessions, option=orjson.OPT_INDENT_2))
        Path(written.name).replace(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _renewed(session: Session) -> Session:
    with Client(session.address, tls=session.tls) as client:
        try:
            tokens = client.refresh_token(session.refresh_token)
        except Unauthenticated as error:
            raise CommandError("your log-in has ended", advice="log in again with `leadline login`") from error
    return session_of(session.address, tokens, tls=session.tls)
