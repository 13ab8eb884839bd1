"""How messages leave: by SMTP in production, into a folder in development."""

import asyncio
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final

import aiosmtplib
import structlog

from server.identity.ports import Mail
from server.runtime.identifiers import new_id

ATTEMPTS: Final = 5
FIRST_PAUSE_SECONDS: Final = 2.0
SEND_SECONDS: Final = 20.0

_log = structlog.get_logger()


class SmtpMailer:
    """Sends messages by SMTP, beside the calls that ask for them. See the port `Mailer`.

    A message that can't be sent is tried again for half a minute and then given up: its user asks for another one.

    Args:
        host: The SMTP server.
        port: Its port.
        username: To log in with; empty without log-in.
        password: To log in with.
        start_tls: Whether the connection must be encrypted.
        sender: Who messages are from.
    """

    def __init__(self, *, host: str, port: int, username: str, password: str, start_tls: bool, sender: str) -> None:
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._start_tls = start_tls
        self._sender = sender
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, mail: Mail) -> None:
        """Sends a message."""
        task = asyncio.create_task(self._send(as_email(mail, self._sender)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, message: EmailMessage) -> None:
        for attempt in range(ATTEMPTS):
            try:
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    username=self._username or None,
                    password=self._password or None,
                    start_tls=self._start_tls,
                    timeout=SEND_SECONDS,
                )
            except (aiosmtplib.SMTPException, OSError) as error:
                # Neither who it is for nor what the server says of them: both are personal.
                _log.warning("a message could not be sent", attempt=attempt + 1, cause=type(error).__name__)
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
            else:
                return
        _log.error("a message was given up", attempts=ATTEMPTS)


class MailboxFolder:
    """Writes messages to a folder, each as a file that mail programs open. See the port `Mailer`.

    Args:
        folder: The folder; made if it is missing, readable by its owner alone.
        sender: Who messages are from.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Writes a message."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The ids grow with time, so names stand in the order of arrival.
        (self._folder / f"{new_id()}.eml").write_bytes(as_email(mail, self._sender).as_bytes())


def as_email(mail: Mail, sender: str) -> EmailMessage:
    """Gives a message in the form in which e-mail travels."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    # A line break in what users have typed would add headers.
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="leadline")
    message.set_content(mail.text)
    return message
