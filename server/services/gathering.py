"""Takes the messages of a stream as they come, those that wait together."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

Message = TypeVar("Message")


async def gathered(messages: AsyncIterator[Message], *, largest_wait: int) -> AsyncGenerator[list[Message], None]:
    """Gives the messages in lists: each time all that have come since the last one was taken.

    While `largest_wait` messages wait, no more are read, so that flow control slows the sender down.

    Args:
        messages: The messages.
        largest_wait: How many may wait, 1 or more.

    Yields:
        At least one message each time, in their order. What ends `messages` with an error is raised after them.
    """
    waiting: asyncio.Queue[Message | None] = asyncio.Queue(largest_wait)

    async def read() -> None:
        try:
            async for message in messages:
                await waiting.put(message)
        finally:
            await waiting.put(None)

    reading = asyncio.create_task(read())
    try:
        ended = False
        while not ended:
            taken = [await waiting.get()]
            while not waiting.empty():
                taken.append(waiting.get_nowait())
            ended = taken[-1] is None
            if present := [message for message in taken if message is not None]:
                yield present
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
