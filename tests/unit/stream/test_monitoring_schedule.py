"""The schedule by which models are watched ends when it is told to."""

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID

import pytest

from scoring.monitoring.watch_models import WatchModels
from scoring.stream.monitoring_schedule import MonitoringSchedule
from server.runtime.errors import DependencyUnavailable


class LosesCancellation:
    """A store that is away, and whose client takes a cancellation for the end of its own wait."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def due(self, limit: int) -> Sequence[UUID]:
        del limit
        self.asked.set()
        try:
            await asyncio.sleep(60.0)
        except asyncio.CancelledError:
            raise DependencyUnavailable("postgresql") from None
        return ()


async def test_a_cancellation_that_a_client_lost_ends_the_schedule() -> None:
    store = LosesCancellation()
    schedule = MonitoringSchedule(store, cast("WatchModels", None), pause_seconds=0.0)
    running = asyncio.create_task(schedule.run())
    await store.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, timeout=5.0)
