"""The edge under test: the real Envoy, the real WebSocket bridge, and two small backends."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey

from deploy.local.ports import LOOPBACK, free_port
from gateway.envoy.render import envoy_command, render
from gateway.envoy.settings import EdgeSettings
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.tokens import mint, signing_key, write_jwks

ORIGIN = "https://dashboard.example"


@dataclass(frozen=True, slots=True)
class Edge:
    """A running edge.

    Attributes:
        address: Where it listens.
        admin_address: Envoy's administration page.
        key: What good tokens are signed with.
        access_log: One line of JSON a request.
    """

    address: str
    admin_address: str
    key: ECKey
    access_log: Path

    def token(self, **changes: Any) -> str:
        """Signs a token; see `mint`."""
        return mint(self.key, **changes)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Gives an HTTP client that sends a good token, unless headers are given."""
        headers = options.pop("headers", {"authorization": f"Bearer {self.token()}"})
        return httpx.AsyncClient(base_url=f"http://{self.address}", headers=headers, timeout=10, **options)


def free_address() -> str:
    """Gives a loopback address on which nobody listens."""
    return f"{LOOPBACK}:{free_port()}"


async def wait_for_status(client: httpx.AsyncClient, url: str, status: int) -> None:
    """Asks again and again until the URL answers with the status; fails after half a minute."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).status_code == status:
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(command: list[str], url: str, **environment: str) -> AsyncIterator[None]:
    """Runs a process until the block ends; the block starts once the URL answers 200."""
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    try:
        async with httpx.AsyncClient() as client:
            await wait_for_status(client, url, httpx.codes.OK)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def write_edge(folder: Path, **settings: Any) -> tuple[Edge, list[str]]:
    """Writes the configuration of an edge with some settings of its own, and gives the command that runs it."""
    key = signing_key()
    write_jwks(key, folder / "jwks.json")
    values: dict[str, Any] = {
        "listen_address": free_address(),
        "admin_address": free_address(),
        "jwks_file": folder / "jwks.json",
        "allowed_origins": [ORIGIN],
        "unary_timeout_seconds": 1.5,
        "access_log_file": folder / "access.log",
    } | settings
    configuration = render(EdgeSettings(**values), folder)
    edge = Edge(values["listen_address"], values["admin_address"], key, values["access_log_file"])
    return edge, envoy_command(configuration)


@asynccontextmanager
async def running_edge(folder: Path, **settings: Any) -> AsyncIterator[Edge]:
    """Runs Envoy with some settings of its own."""
    edge, command = write_edge(folder, **settings)
    async with running(command, f"http://{edge.address}/healthz"):
        yield edge


@dataclass(frozen=True, slots=True)
class Backends:
    """The two small backends that run behind each door under test.

    Attributes:
        server_address: Of the one that answers what the server answers.
        scorer_address: Of the other.
    """

    server_address: str
    scorer_address: str


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backends() -> AsyncIterator[Backends]:
    """Runs a server and a scorer that tell what reached them."""
    server, server_address = await start_backend(scorer=False)
    scorer, scorer_address = await start_backend(scorer=True)
    yield Backends(server_address, scorer_address)
    await server.stop(None)
    await scorer.stop(None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def edge(tmp_path_factory: pytest.TempPathFactory, backends: Backends) -> AsyncIterator[Edge]:
    """Runs the edge with everything behind it."""
    folder = tmp_path_factory.mktemp("edge")
    bridge_address = free_address()
    bridge = running(
        [sys.executable, "-m", "gateway.websocket"],
        f"http://{bridge_address}/healthz",
        LEADLINE_LISTEN_ADDRESS=bridge_address,
        LEADLINE_SERVER_TARGET=backends.server_address,
        LEADLINE_SCORER_TARGET=backends.scorer_address,
    )
    async with (
        bridge,
        running_edge(
            folder,
            server_addresses=[backends.server_address],
            scorer_addresses=[backends.scorer_address],
            websocket_addresses=[bridge_address],
        ) as started,
    ):
        yield started
