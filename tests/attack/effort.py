"""How long the tests that search at random go on."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("LEADLINE_FUZZ_FACTOR", "1"))
"""How many times more is tried than each time the tests run."""


def searching(examples: int) -> settings:
    """Gives the settings of a search.

    Args:
        examples: How much is tried each time the tests run; `LEADLINE_FUZZ_FACTOR` times as much where that is set.
    """
    return settings(
        max_examples=examples * FACTOR,
        deadline=None,
        derandomize=FACTOR == 1,
        # The same database and servers are right for all examples.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def waiting_in_loop() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Gives a function by which a search, which runs in a thread, waits for what runs in this loop."""
    loop = asyncio.get_running_loop()
    return lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result()
