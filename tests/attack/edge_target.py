"""The edge as attackers reach it: the real Envoy, before small backends that tell what arrived."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.attack.raw_http import HEAD_END, Answer
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.conftest import Edge, running_edge
from tests.integration.gateway.tokens import TENANT

ID = "00000000-0000-7000-8000-000000000001"
LEAD = f"/v1/leads/{ID}"
SMUGGLED = f"DELETE {LEAD} HTTP/1.1\r\nhost: leadline\r\n"
"""How a request begins that must never be taken for one of its own."""


@dataclass(frozen=True, slots=True)
class EdgeTarget:
    """A running edge.

    Attributes:
        edge: The edge.
        token: A good token of `TENANT`.
        heads: Head of each whole request that reached the backend which speaks HTTP/1.1, the one that gives tokens.
    """

    edge: Edge
    token: str
    heads: list[bytes]

    def request(self, target: str, *, verb: str = "GET", host: str = "host: leadline\r\n", more: str = "") -> bytes:
        """Gives the head of a request with a good token.

        Args:
            target: The request target as it is.
            verb: The method as it is.
            host: The line that names the host.
            more: Further lines.
        """
        lines = f"{verb} {target} HTTP/1.1\r\n{host}authorization: Bearer {self.token}\r\n{more}\r\n"
        return lines.encode("latin-1")

    def follower(self) -> bytes:
        """Gives the good request that follows an attack on the same connection, and is its last."""
        return self.request("/v1/leads?pageSize=7", more="connection: close\r\n")

    def headers(self, path: str = LEAD, verb: str = "GET") -> list[tuple[str, str]]:
        """Gives the headers of a good request over HTTP/2."""
        return [
            *((":method", verb), (":scheme", "http"), (":authority", "leadline"), (":path", path)),
            ("authorization", f"Bearer {self.token}"),
        ]


def assert_follower(answer: Answer) -> None:
    """Holds the answer to the request that followed to what it has without an attack."""
    assert (answer.status, answer.rpc, answer.requests) == (200, "LeadService/ListLeads", [{"pageSize": 7}])
    assert answer.caller["x-tenant-id"] == str(TENANT)
    assert json.loads(answer.body)["leads"] == []


@asynccontextmanager
async def attacked_edge(folder: Path) -> AsyncIterator[EdgeTarget]:
    """Runs the edge with what it needs behind it."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(HEAD_END)
                if not head.startswith(b"GET /healthz"):
                    # The edge sends bodies in chunks, and takes back what it has begun if its length was a lie.
                    await reader.readuntil(b"0\r\n\r\n")
                    heads.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()

    server, server_address = await start_backend(scorer=False)
    scorer, scorer_address = await start_backend(scorer=True)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as token_endpoint:
        port = token_endpoint.sockets[0].getsockname()[1]
        async with running_edge(
            folder,
            server_addresses=[server_address],
            scorer_addresses=[scorer_address],
            token_endpoint_addresses=[f"127.0.0.1:{port}"],
            public_requests_per_second=1_000,
            # As long as a loaded machine may take; what never gets a whole body ends after it.
            unary_timeout_seconds=5,
        ) as edge:
            yield EdgeTarget(edge, edge.token(), heads)
    await server.stop(None)
    await scorer.stop(None)
