"""Images in e-mails, by which one knows that an e-mail was opened."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.integrations.event import Event
from server.integrations.record_events import RecordEvents
from server.runtime.signed_tokens import TokenSigner

OPENED: Final = "email_opened"
LIFETIME: Final = timedelta(days=400)
# A token is read before anybody knows whose it is.
_NOBODY: Final = UUID(int=0)


class OpenPixels:
    """Signs images for e-mails, and records when one is loaded.

    Args:
        record_events: Records events.
        tokens: Signs what stands in the image's address.
        now: Gives the time, UTC.
    """

    def __init__(self, record_events: RecordEvents, tokens: TokenSigner, now: Callable[[], datetime]) -> None:
        self._record_events = record_events
        self._tokens = tokens
        self._now = now

    def sign(self, tenant_id: UUID, lead_id: UUID, message: str) -> str:
        """Gives the token of an image.

        Args:
            tenant_id: Whose lead.
            lead_id: To whom the e-mail goes.
            message: The sender's name of the e-mail; may be empty.
        """
        expire_time = round((self._now() + LIFETIME).timestamp())
        return self._tokens.sign(_NOBODY, "", [str(tenant_id), str(lead_id), message, expire_time])

    async def opened(self, token: str) -> bool:
        """Records that an e-mail was opened: once a day, since programs load images again and again.

        Args:
            token: As it stands in the image's address.

        Returns:
            Whether the token is good.

        Raises:
            DependencyUnavailable: Nothing can be recorded now.
        """
        now = self._now()
        try:
            tenant, lead, message, expire_time = self._tokens.read(token, _NOBODY, "")
        except ValueError:
            return False
        if now.timestamp() > expire_time:
            return False
        digest = hashlib.sha256(token.encode()).hexdigest()[:32]
        properties = {"message": {"text": message}} if message else {}
        event = Event(f"pixel/{digest}/{now.date()}", UUID(lead), "", OPENED, now, properties)
        await self._record_events(UUID(tenant), [event])
        return True
