"""Listens to a channel of PostgreSQL, on a connection of its own."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Never

import asyncpg

CONNECT_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.5

LOST: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What `listen` raises when PostgreSQL can't be reached or the connection is lost."""


async def listen(
    url: str,
    channel: str,
    on_payload: Callable[[str], None],
    on_start: Callable[[], None],
    *,
    proof_seconds: float,
    on_proof: Callable[[float], None] = lambda _time: None,
) -> Never:
    """Listens until it is cancelled or the connection is lost, which raises one of `LOST`.

    Args:
        url: The database, in any role.
        channel: The channel.
        on_payload: Called with what each signal says.
        on_start: Called when it listens; what was committed before is told by nobody.
        proof_seconds: The pause between proofs that the connection is there.
        on_proof: Called with the event loop's time before which every signal has been told.
    """
    loop = asyncio.get_running_loop()

    def told(_connection: Any, _process: int, _channel: str, payload: object) -> None:
        on_payload(str(payload))

    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        await connection.add_listener(channel, told)
        on_start()
        while True:
            asked_time = loop.time()
            await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
            on_proof(asked_time)
            await asyncio.sleep(proof_seconds)
    finally:
        connection.terminate()
