"""Finds out where Leadline is and with which token to call it."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from clients.cli.errors import CommandError
from clients.cli.sessions import SessionFile
from leadline_sdk import Client, TokenSource

USER_AGENT = "leadline-cli"
DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where Leadline is.

    Attributes:
        address: `host:port`.
        token: the bearer token, or what gives it as long as the log-in lasts.
        tls: whether the connection is encrypted.
    """

    address: str
    token: TokenSource
    tls: bool

    def client(self) -> Client:
        """Give a client; the caller closes it."""
        return Client(self.address, token=self.token, tls=self.tls, timeout=30.0, user_agent=USER_AGENT)


def profile_file() -> Path:
    """Give the file of profiles: LEADLINE_PROFILE_FILE, else the user's own."""
    told = os.environ.get("LEADLINE_PROFILE_FILE")
    return Path(told) if told else Path.home() / ".config" / "leadline" / "profiles.toml"


def session_file() -> SessionFile:
    """Give the file of log-ins, which stands beside that of the profiles."""
    return SessionFile(profile_file().with_name("sessions.json"))


def find_connection(address: str, token: str, *, tls: bool | None, profile: str) -> Connection:
    """Put together what was told on the command line or in the environment with what a profile tells.

    A profile's token goes to that profile's address alone, and so do those of its log-in, which goes before.

    Args:
        address: `host:port`, or empty to take the log-in's or the profile's.
        token: the token, or empty to take the log-in's or the profile's.
        tls: None to take the log-in's or the profile's, or else plain text to this machine and TLS to any other.
        profile: the profile's name.

    Raises:
        CommandError: no address or no token is known, or the profile or the log-in can't be read.
    """
    sessions = session_file()
    session = None if token else sessions.find(profile)
    if session is not None and address in ("", session.address):
        encrypted = session.tls if tls is None else tls
        return Connection(session.address, lambda: sessions.access_token(profile), encrypted)
    stored = {} if address and token else _read_profile(profile)
    chosen_address, encrypted = _find_address(address, stored, tls=tls)
    chosen_token = token or (str(stored.get("token", "")) if chosen_address == stored.get("address") else "")
    if not chosen_token:
        raise CommandError(
            f"there is no token for {chosen_address}",
            advice="log in with `leadline login`, give --token or set LEADLINE_TOKEN",
        )
    return Connection(chosen_address, chosen_token.strip(), encrypted)


def find_address(address: str, *, tls: bool | None, profile: str) -> tuple[str, bool]:
    """Give where to log in, and whether to encrypt the connection; takes what `find_connection` takes.

    Raises:
        CommandError: no address is known, or the profile can't be read.
    """
    return _find_address(address, {} if address and tls is not None else _profiles().get(profile, {}), tls=tls)


def _find_address(address: str, stored: Mapping[str, object], *, tls: bool | None) -> tuple[str, bool]:
    chosen = address or str(stored.get("address", ""))
    if not chosen:
        raise CommandError(
            "where Leadline is, is not known",
            advice="start it here with `make up` and set LEADLINE_PROFILE_FILE as it says; "
            f"or give --address and --token (LEADLINE_ADDRESS, LEADLINE_TOKEN), or write both to {profile_file()}",
        )
    if tls is None:
        is_told = chosen == stored.get("address") and "tls" in stored
        tls = bool(stored["tls"]) if is_told else not _is_this_machine(chosen)
    return chosen, tls


def _profiles() -> dict[str, dict[str, object]]:
    path = profile_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(f"the profiles in {path} can't be read: {error}") from error


def _read_profile(name: str) -> dict[str, object]:
    profiles = _profiles()
    if name in profiles:
        return dict(profiles[name])
    if name == DEFAULT_PROFILE:
        return {}
    raise CommandError(
        f"{profile_file()} has no profile {name!r}", advice=f"its profiles are: {', '.join(profiles) or 'none'}"
    )


def _is_this_machine(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
