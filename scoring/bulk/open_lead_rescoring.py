"""Scores all open leads of a tenant on this machine, page by page."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from scoring.bulk.open_leads import RescoringPosition
from scoring.bulk.page_rescoring import PageRescoring

# Pages that are scored and stored at a time, while the next one is read. Also the bound of the memory that it takes.
PAGES_AT_A_TIME = 4

Progress = Callable[[RescoringPosition], Awaitable[None]]


class OpenLeadRescorer(Protocol):
    """Scores all open leads of a tenant, here or elsewhere."""

    async def rescore(self, tenant_id: UUID, start: RescoringPosition | None, progress: Progress) -> RescoringPosition:
        """Scores every open lead of a tenant. Doing it twice changes nothing more.

        Args:
            tenant_id: The tenant.
            start: Where to go on; None to begin.
            progress: Told after each page how far all has been scored and stored. What it raises ends the work.

        Returns:
            The last position.

        Raises:
            DependencyUnavailable: What is needed can't be reached. The work can go on from the last position told.
        """


class OpenLeadRescoring:
    """Scores open leads with this process, several pages at a time; an `OpenLeadRescorer`.

    Args:
        pages: Scores and stores pages.
    """

    def __init__(self, pages: PageRescoring) -> None:
        self._pages = pages

    async def rescore(self, tenant_id: UUID, start: RescoringPosition | None, progress: Progress) -> RescoringPosition:
        """See `OpenLeadRescorer`."""
        done = start or RescoringPosition(total_count=await self._pages.leads.open_count(tenant_id))
        read, under_way = done, deque[tuple[RescoringPosition, asyncio.Task[int]]]()
        try:
            # Whoever becomes champion meanwhile scores the rest; that the others follow is the promotion's work.
            while (model := await self._pages.model(tenant_id)) is not None and (
                page := await self._pages.read(tenant_id, model, read.last_id)
            ):
                read = read.after(page.lead_ids[-1], len(page))
                scoring = asyncio.create_task(self._pages.score_and_store(tenant_id, model, page))
                under_way.append((read, scoring))
                # The page is its task's alone now, and goes as soon as that is done.
                del page
                if len(under_way) == PAGES_AT_A_TIME:
                    done = await _oldest(under_way)
                    await progress(done)
            while under_way:
                done = await _oldest(under_way)
                await progress(done)
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
        return done


async def _oldest(under_way: deque[tuple[RescoringPosition, asyncio.Task[int]]]) -> RescoringPosition:
    """Waits for the page that was read first, and gives the position after it."""
    position, task = under_way[0]
    await task
    under_way.popleft()
    return position
