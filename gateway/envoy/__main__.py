"""Runs the edge, and ends it without cutting anybody off: `python -m gateway.envoy`.

It renders the configuration from the environment and starts Envoy. On SIGTERM or SIGINT, health says that requests
should go elsewhere and clients are asked to connect anew; what runs goes on until it ends, or the drain time is over.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from gateway.envoy.render import envoy_command, render
from gateway.envoy.settings import EdgeSettings

_ACTIVE_REQUESTS = "http.edge.downstream_rq_active"
_LOOK_SECONDS = 0.2


async def run(settings: EdgeSettings, folder: Path, threads: int) -> int:
    """Runs Envoy until it is told to stop.

    Args:
        settings: Of the edge.
        folder: Where its configuration is written.
        threads: Worker threads, 1 or more.

    Returns:
        Envoy's exit status.
    """
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    # In a session of its own, so that Ctrl-C in a terminal does not reach it before it has drained.
    command = envoy_command(render(settings, folder), threads=threads)
    envoy = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    ended = asyncio.create_task(envoy.wait())
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        await drain(settings.admin_address, settings.drain_seconds)
        envoy.terminate()
    stopping.cancel()
    return await ended


async def drain(admin_address: str, seconds: float) -> None:
    """Sends clients elsewhere and waits until no request runs any more.

    Args:
        admin_address: Envoy's administration page.
        seconds: How long to wait at most.
    """
    async with httpx.AsyncClient(base_url=f"http://{admin_address}") as admin:
        try:
            async with asyncio.timeout(seconds):
                await admin.post("/healthcheck/fail")
                await admin.post("/drain_listeners?graceful&skip_exit")
                while await _active_requests(admin):  # noqa: ASYNC110 - Envoy sets no event
                    await asyncio.sleep(_LOOK_SECONDS)
        except (TimeoutError, httpx.TransportError) as error:
            sys.stderr.write(f"the edge ends with requests that may still run: {error!r}\n")


async def _active_requests(admin: httpx.AsyncClient) -> int:
    figures = (await admin.get(f"/stats?filter=^{_ACTIVE_REQUESTS}$")).text
    return int(figures.partition(": ")[2] or 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What follows the program's name; None takes it from the process.

    Returns:
        The exit status: Envoy's.
    """
    parser = argparse.ArgumentParser(prog="python -m gateway.envoy", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="worker threads; each uses up to one core")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leadline-edge-") as folder:
        return asyncio.run(run(EdgeSettings(), Path(folder), options.threads))


if __name__ == "__main__":
    sys.exit(main())
