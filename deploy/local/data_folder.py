"""The folder in which a stack keeps its data, one stack at a time."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Self, TextIO

from server.store.key_services.local_file import add_key

DEFAULT = Path(".leadline")


class DataFolderInUse(Exception):
    """Another stack runs on the same data folder."""


class DataFolder:
    """A stack's data folder, held while the stack runs.

    Args:
        path: The folder; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: TextIO | None = None

    @property
    def logs(self) -> Path:
        """The folder of the processes' log files."""
        return self.path / "logs"

    @property
    def models(self) -> Path:
        """The model repository, from which the model server reads."""
        return self.path / "models"

    @property
    def keys(self) -> Path:
        """The folder of the development key."""
        return self.path / "keys"

    @property
    def mailbox(self) -> Path:
        """The folder of the messages that would be sent by e-mail."""
        return self.path / "mailbox"

    @property
    def profile(self) -> Path:
        """The file that tells the command line how to reach this stack."""
        return self.path / "profiles.toml"

    def __enter__(self) -> Self:
        """Holds the folder for this process.

        Raises:
            DataFolderInUse: Another process holds it.
        """
        for folder in (self.path, self.logs, self.models, self.keys):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise DataFolderInUse(
                f"A stack runs on {self.path} already (process {holder}). Stop it with Ctrl-C where it was started, "
                "or choose another folder: LEADLINE_DATA=FOLDER make up"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        self._put_logs_aside()
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _put_logs_aside(self) -> None:
        """Keeps the logs of the start before, and no older ones: a data folder is used for months."""
        previous = self.logs / "previous"
        previous.mkdir(exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.replace(previous / log.name)

    def key_service(self) -> str:
        """Gives the key service that wraps the tenants' keys: a file, made at the first start.

        Returns:
            The value of `LEADLINE_KEY_SERVICE`.
        """
        file = self.keys / "key-service.json"
        if not file.exists():
            add_key(file)
        return f"file:{file}"

    def signing_secret(self) -> str:
        """Gives the secret that signs page and resume tokens; made at the first start.

        Returns:
            64 characters.
        """
        file = self.keys / "signing-secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32), encoding="utf-8")
        return file.read_text(encoding="utf-8")
