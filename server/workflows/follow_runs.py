"""Tells what workflows did, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.runtime.errors import InvalidPageToken
from server.runtime.signed_tokens import TokenSigner
from server.workflows.ports import WorkflowStore
from server.workflows.runs import WorkflowRun

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs, the newest first, and what asks for the next one; empty on the last."""

    runs: Sequence[WorkflowRun]
    next_page_token: str


class ListRuns:
    """Gives runs, the newest first.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
    """

    def __init__(self, store: WorkflowStore, tokens: TokenSigner) -> None:
        self._store = store
        self._tokens = tokens

    async def __call__(
        self, tenant_id: UUID, *, workflow_id: UUID | None, lead_id: UUID | None, page_size: int, page_token: str
    ) -> RunPage:
        """Gives one page.

        Args:
            tenant_id: Whose runs.
            workflow_id: Only runs of this workflow; None for all.
            lead_id: Only runs for this lead; None for all.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant or query, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"{workflow_id}/{lead_id}"
        try:
            before = UUID(self._tokens.read(page_token, tenant_id, query)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        found = await self._store.runs(tenant_id, size + 1, before, workflow_id=workflow_id, lead_id=lead_id)
        runs = found[:size]
        token = self._tokens.sign(tenant_id, query, str(runs[-1].run_id)) if len(found) > size else ""
        return RunPage(runs, token)
