"""Pages of lists that stand in the order of their ids, the newest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from server.runtime.errors import InvalidPageToken
from server.runtime.signed_tokens import TokenSigner

DEFAULT_SIZE = 50

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where a page begins.

    Attributes:
        tenant_id: Whose list.
        collection: Which list.
        size: The largest number of items.
        before: Only items older than this one; None begins with the newest.
    """

    tenant_id: UUID
    collection: str
    size: int
    before: UUID | None


class Pages:
    """Page tokens of such lists.

    Args:
        tokens: Signs them.
    """

    def __init__(self, tokens: TokenSigner) -> None:
        self._tokens = tokens

    def position(self, tenant_id: UUID, collection: str, page_size: int, page_token: str) -> PagePosition:
        """Reads where a page begins.

        Raises:
            InvalidPageToken: The token is of another tenant or list, or not ours.
        """
        try:
            before = UUID(self._tokens.read(page_token, tenant_id, collection)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        return PagePosition(tenant_id, collection, page_size or DEFAULT_SIZE, before)

    def cut(
        self, position: PagePosition, found: Sequence[_Item], identifier: Callable[[_Item], UUID]
    ) -> tuple[list[_Item], str]:
        """Gives the items of the page and the token of the next one.

        Args:
            position: Where the page begins.
            found: What was found there, one item more than the page has if there is a next one.
            identifier: Gives an item's id.
        """
        items = list(found[: position.size])
        if len(found) <= position.size:
            return items, ""
        return items, self._tokens.sign(position.tenant_id, position.collection, str(identifier(items[-1])))
