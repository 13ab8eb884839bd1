"""The edge as it is deployed: told to stop, it lets what runs come to its end."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.gateway.backend import WATCHED_MESSAGES, start_backend
from tests.integration.gateway.conftest import free_address, wait_for_status
from tests.integration.gateway.test_rest import ID
from tests.integration.gateway.tokens import mint, signing_key, write_jwks

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(("drain_seconds", "lead"), [(20.0, ID), (0.5, "00000000-0000-7000-8000-000000000408")])
async def test_edge_ends_when_nothing_runs_any_more_or_its_time_is_over(
    tmp_path: Path, drain_seconds: float, lead: str
) -> None:
    key = signing_key()
    write_jwks(key, tmp_path / "jwks.json")
    backend, backend_address = await start_backend(scorer=True)
    server, server_address = await start_backend(scorer=False)
    address, admin_address = free_address(), free_address()
    variables = {
        "LEADLINE_LISTEN_ADDRESS": address,
        "LEADLINE_ADMIN_ADDRESS": admin_address,
        "LEADLINE_SERVER_ADDRESSES": server_address,
        "LEADLINE_SCORER_ADDRESSES": backend_address,
        "LEADLINE_JWKS_FILE": str(tmp_path / "jwks.json"),
        "LEADLINE_ACCESS_LOG_FILE": str(tmp_path / "access.log"),
        "LEADLINE_DRAIN_SECONDS": str(drain_seconds),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.envoy", env=os.environ | variables)
    headers = {"authorization": f"Bearer {mint(key)}"}
    async with httpx.AsyncClient(base_url=f"http://{address}", headers=headers, timeout=20) as client:
        await wait_for_status(client, "/healthz", httpx.codes.OK)
        slow = asyncio.create_task(client.get(f"/v1/leads/{lead}"))
        async with client.stream("GET", "/v1/scores:watch") as response:
            lines = response.aiter_lines()
            received = [await anext(lines)]
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            if drain_seconds > 1:
                received += [line async for line in lines]
                assert len(received) == WATCHED_MESSAGES
                assert (await slow).status_code == 200
        assert await asyncio.wait_for(process.wait(), 15) == 0
        assert time.monotonic() - began < 15
        if drain_seconds <= 1:
            with pytest.raises(httpx.TransportError):
                await slow
    await backend.stop(None)
    await server.stop(None)
