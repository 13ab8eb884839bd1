"""Requests as bytes, which no HTTP client would send, and what comes back."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

HEAD_END = b"\r\n\r\n"
ANSWER_SECONDS = 20.0
_ENDED = (ConnectionError, asyncio.IncompleteReadError)

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request.

    Attributes:
        status: The HTTP status.
        headers: The headers, by their names in lower case.
        body: The body.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""

    @property
    def rpc(self) -> str:
        """The rpc that the request became, such as `LeadService/GetLead`; empty if it reached no backend."""
        return self.headers.get("x-rpc", "").rpartition(".")[2]

    @property
    def requests(self) -> Any:
        """The messages that reached the backend."""
        return json.loads(self.headers.get("x-requests", "null"))

    @property
    def caller(self) -> dict[str, str]:
        """The metadata that reached the backend."""
        read: dict[str, str] = json.loads(self.headers.get("x-caller", "{}"))
        return read

    @property
    def reason(self) -> str:
        """The reason of a typed error; empty for one of the protocol."""
        with suppress(ValueError, KeyError):
            return next((str(detail.get("reason", "")) for detail in json.loads(self.body)["details"]), "")
        return ""


async def answers_to(address: str, content: bytes) -> list[Answer]:
    """Sends bytes on a connection of their own, and reads HTTP/1.1 answers until the peer ends it.

    Args:
        address: Where to connect.
        content: What to send. Its last request should ask for the end of the connection.

    Returns:
        The answers, in their order.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers: list[Answer] = []
    writer.write(content)
    with suppress(*_ENDED):
        async with asyncio.timeout(ANSWER_SECONDS):
            while not answers or answers[-1].headers.get("connection") != "close":
                answer = await _read_answer(reader)
                if answer.status >= 200:
                    answers.append(answer)
    writer.close()
    return answers


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(HEAD_END)).decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)


class Http2:
    """An HTTP/2 connection that sends whatever headers it is given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begins HTTP/2 on a connection."""
        self._reader, self._writer = reader, writer
        configuration = H2Configuration(
            client_side=True,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            header_encoding="latin-1",
        )
        self._protocol = H2Connection(configuration)
        self._protocol.initiate_connection()

    @classmethod
    async def connect(cls, address: str) -> "Http2":
        """Opens a connection."""
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def ask(self, headers: Headers, body: bytes = b"") -> Answer | None:
        """Sends a request.

        Args:
            headers: All its headers, pseudo-headers too.
            body: Its body.

        Returns:
            The answer; None if the peer refused the stream, or ended the connection.
        """
        stream = self._protocol.get_next_available_stream_id()
        events: list[Event] = []
        with suppress(*_ENDED, ProtocolError):
            async with asyncio.timeout(ANSWER_SECONDS):
                self._protocol.send_headers(stream, headers, end_stream=not body)
                if body:
                    self._protocol.send_data(stream, body, end_stream=True)
                while not any(isinstance(event, StreamEnded | StreamReset) for event in events):
                    self._writer.write(self._protocol.data_to_send())
                    content = await self._reader.read(65_536)
                    if not content:
                        return None
                    events += [
                        event
                        for event in self._protocol.receive_data(content)
                        if getattr(event, "stream_id", None) == stream
                    ]
        answered = next((event for event in events if isinstance(event, ResponseReceived)), None)
        if answered is None:
            return None
        told = {str(name): str(value) for name, value in answered.headers or ()}
        parts = [event.data for event in events if isinstance(event, DataReceived) and event.data]
        return Answer(int(told[":status"]), told, b"".join(parts))

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()
