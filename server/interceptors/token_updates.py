"""A verifier of tokens that hears of new keys and of revocations while its process runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from server.interceptors.published_keys import PublishedKeys
from server.interceptors.revocations import Revocations
from server.interceptors.tokens import TokenVerifier
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.settings import ProcessSettings


@asynccontextmanager
async def updated_verifier(settings: ProcessSettings, database: Database, redis: Redis) -> AsyncIterator[TokenVerifier]:
    """Gives a verifier that is kept up to date for the time of the block.

    Args:
        settings: Of the process: issuer, audience, and the file of keys if there is one.
        database: Where signing keys are kept.
        redis: Where revocations are written.
    """
    keys, revocations = PublishedKeys(settings.jwks_file, database), Revocations(redis)
    # A process starts whether the stores are there or not.
    for first in (keys.poll(), revocations.poll()):
        with contextlib.suppress(DependencyUnavailable):
            await first
    tasks = [asyncio.create_task(keys.follow()), asyncio.create_task(revocations.follow())]
    try:
        yield TokenVerifier(keys, settings.token_issuer, settings.token_audience, revocations)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
