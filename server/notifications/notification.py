"""Something that people are told in the application."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NotificationText:
    """What is told, apart from the name of the person that it is about.

    Attributes:
        parts: What stands before, between and after the places of the name; at least one.
        lead_name: The name; empty if the text has none.
    """

    parts: Sequence[str]
    lead_name: str = ""

    def with_name(self, name: str) -> str:
        """Gives the text with a name in each of its places."""
        return name.join(self.parts)


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification to be stored.

    Attributes:
        notification_id: Its id, a UUIDv7.
        recipients: Subjects of tokens; none means everyone of the tenant.
        text: What is told.
        reason: Why the workflow ran.
        workflow_id: The workflow that made it.
        lead_id: The lead that it is about.
        create_time: When, UTC.
    """

    notification_id: UUID
    recipients: Sequence[str]
    text: NotificationText
    reason: str
    workflow_id: UUID
    lead_id: UUID
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as one reader sees it.

    Attributes:
        notification_id: Its id.
        sequence: Its place among the tenant's; a later one has a greater one.
        text: What is told.
        reason: Why the workflow ran.
        workflow_id: The workflow that made it.
        lead_id: The lead that it is about.
        create_time: When it was made, UTC.
        read_time: When the reader marked it as read, UTC; None while unread.
    """

    notification_id: UUID
    sequence: int
    text: NotificationText
    reason: str
    workflow_id: UUID
    lead_id: UUID
    create_time: datetime
    read_time: datetime | None
