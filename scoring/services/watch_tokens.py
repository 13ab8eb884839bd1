"""Resume tokens of watches: where to go on, good only for the tenant and the leads they were made for."""

from uuid import UUID

from scoring.scores.watching import Position
from server.runtime.errors import InvalidResumeToken
from server.runtime.signed_tokens import TokenSigner


class WatchTokens:
    """Makes and reads the resume tokens of one watch.

    Args:
        signer: Signs them.
        tenant_id: The caller's tenant.
        lead_ids: The leads that are watched; None for all.
        filter_text: The filter of the watch.
    """

    def __init__(
        self, signer: TokenSigner, tenant_id: UUID, lead_ids: frozenset[str] | None, filter_text: str = ""
    ) -> None:
        self._signer = signer
        self._tenant_id = tenant_id
        leads = "all" if lead_ids is None else ",".join(sorted(lead_ids))
        self._query = f"{leads}\n{filter_text}" if filter_text else leads

    def token(self, position: Position) -> str:
        """Gives the token of a position."""
        return self._signer.sign(self._tenant_id, self._query, position)

    def position(self, token: str) -> Position | None:
        """Gives the position of a token; None for the empty token, which stands for now.

        Raises:
            InvalidResumeToken: The token was not made here, or for another tenant or other leads.
        """
        if not token:
            return None
        try:
            return Position(*self._signer.read(token, self._tenant_id, self._query))
        except ValueError as error:
            raise InvalidResumeToken from error
