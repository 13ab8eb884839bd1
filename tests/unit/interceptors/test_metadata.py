"""What a call came with, read once and held for all who ask."""

import asyncio
from types import SimpleNamespace
from typing import Any

from server.interceptors.method_interceptor import Metadata, hold_metadata, metadata_of

FIRST, SECOND = (("x-request-id", "first"),), (("x-request-id", "second"),)


def context_with(metadata: Metadata | None) -> Any:
    return SimpleNamespace(invocation_metadata=lambda: metadata)


async def test_each_call_gets_its_own_metadata_while_others_run() -> None:
    async def handle(metadata: Metadata) -> Metadata:
        hold_metadata(metadata)
        await asyncio.sleep(0)
        return metadata_of(context_with(None))

    calls = (asyncio.create_task(handle(metadata)) for metadata in (FIRST, SECOND, ()))
    assert list(await asyncio.gather(*calls)) == [FIRST, SECOND, ()]


async def test_a_call_whose_metadata_nobody_holds_is_asked_itself() -> None:
    assert metadata_of(context_with(FIRST)) == FIRST
    assert metadata_of(context_with(None)) == ()
