"""Workflows as the rules of the product see them: a trigger, actions, and how often they may act.

Triggers and actions are told apart by `kind`, under which they are also stored as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import Field, TypeAdapter

from server.leads.lead import Grade
from server.runtime.identifiers import format_name

MAX_WORKFLOWS: Final = 200
"""How many workflows a tenant can have: each is looked at with each change of each lead."""


class Direction(IntEnum):
    """Which way a score or grade moves. The numbers are those of the contract."""

    UP = 1
    DOWN = 2


@dataclass(frozen=True, slots=True)
class ScoreCrossing:
    """The score comes to a threshold, or falls below it.

    Attributes:
        direction: UP: to the threshold or above. DOWN: below it.
        threshold: 1 to 100.
        hysteresis: How far the score must go back beyond the threshold before another crossing counts, in points.
    """

    direction: Direction
    threshold: int
    hysteresis: int = 0
    kind: Literal["score_crossing"] = "score_crossing"


@dataclass(frozen=True, slots=True)
class GradeCrossing:
    """The grade comes to a grade or a better one (UP), or to a grade or a worse one (DOWN)."""

    direction: Direction
    grade: Grade
    kind: Literal["grade_crossing"] = "grade_crossing"


@dataclass(frozen=True, slots=True)
class ScoreMovement:
    """The score moves by so many points within so long.

    Attributes:
        direction: UP for a rise, DOWN for a fall.
        points: By how many points at least, 1 to 100.
        within: Within how long.
    """

    direction: Direction
    points: int
    within: timedelta
    kind: Literal["score_movement"] = "score_movement"


@dataclass(frozen=True, slots=True)
class LeadCondition:
    """A condition on the lead comes to hold.

    Attributes:
        filter: The condition, as in a list of leads.
    """

    filter: str
    kind: Literal["lead_condition"] = "lead_condition"


Trigger: TypeAlias = Annotated[
    ScoreCrossing | GradeCrossing | ScoreMovement | LeadCondition, Field(discriminator="kind")
]


@dataclass(frozen=True, slots=True)
class Notify:
    """Stores a notification.

    Attributes:
        recipients: Subjects of tokens; none means everyone, unless the owner is to be told.
        notify_owner: Whether the lead's owner is told too.
        text: The text, with the placeholders that the contract names.
    """

    recipients: tuple[str, ...]
    notify_owner: bool
    text: str
    kind: Literal["notify"] = "notify"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts to a URL."""

    url: str
    kind: Literal["webhook"] = "webhook"


@dataclass(frozen=True, slots=True)
class OwnerCapacity:
    """How many open leads an owner works on at most; 0 means no limit."""

    owner: str
    capacity: int


@dataclass(frozen=True, slots=True)
class AssignOwner:
    """Gives the lead to the owners in turn.

    Attributes:
        owners: Who gets leads, in their order.
        reassign: Whether a lead that has an owner gets a new one.
    """

    owners: tuple[OwnerCapacity, ...]
    reassign: bool
    kind: Literal["assign_owner"] = "assign_owner"


@dataclass(frozen=True, slots=True)
class SetField:
    """Sets a custom field of the lead.

    Attributes:
        field: The field's name.
        value: Its value in the JSON form in which leads keep it, such as `{"number": 3.0}`.
    """

    field: str
    value: Mapping[str, object]
    kind: Literal["set_field"] = "set_field"


@dataclass(frozen=True, slots=True)
class AddToCrmQueue:
    """Puts the lead into a queue for the CRM."""

    queue: str
    kind: Literal["add_to_crm_queue"] = "add_to_crm_queue"


Action: TypeAlias = Annotated[Notify | Webhook | AssignOwner | SetField | AddToCrmQueue, Field(discriminator="kind")]

TRIGGER_JSON: Final[TypeAdapter[Trigger]] = TypeAdapter(Trigger)
"""Reads and writes a trigger as JSON."""
ACTIONS_JSON: Final[TypeAdapter[tuple[Action, ...]]] = TypeAdapter(tuple[Action, ...])
"""Reads and writes actions as JSON."""


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """What a caller tells of a workflow.

    Attributes:
        display_name: What people call it.
        trigger: What sets it off.
        actions: What is done, in this order; at least one.
        cool_down: After it acted on a lead, for how long it does not act on this lead again.
    """

    display_name: str
    trigger: Trigger
    actions: Sequence[Action]
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """Which secrets sign a workflow's webhooks. A secret is derived from its generation's number, and not stored.

    Attributes:
        generation: Of the present secret; 0 if there is none yet.
        previous_expire_time: Until when the one before signs as well, UTC; None if it does not.
    """

    generation: int = 0
    previous_expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that Leadline keeps.

    Attributes:
        workflow_id: Its id, a UUIDv7.
        definition: What callers told of it.
        enabled: Whether it runs.
        secrets: What signs its webhooks.
        create_time: When it was created, UTC.
        update_time: When it was last changed, UTC.
        revision: 1 at creation, one more with each change.
    """

    workflow_id: UUID
    definition: WorkflowDefinition
    enabled: bool
    secrets: WebhookSecrets
    create_time: datetime
    update_time: datetime
    revision: int = 1

    @property
    def name(self) -> str:
        """The resource name, `workflows/{workflow}`."""
        return format_name("workflows", self.workflow_id)

    @property
    def etag(self) -> str:
        """What a caller sends back to guard against overwriting somebody else's change."""
        return str(self.revision)
