"""The lead as the rules of the product see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, TypeAlias
from uuid import UUID

from server.runtime.identifiers import format_name

FieldValues: TypeAlias = Mapping[str, Mapping[str, object]]
"""Custom fields by name. Each value is a mapping of one kind to the value, such as `{"number": 3.0}`, `{"category":
"Google"}`, `{"boolean": True}`, `{"date": "2026-01-02T03:04:05+00:00"}` or `{"text": "..."}`."""

MAX_FIELDS = 200
"""How many custom fields a lead can have: the limit that the contract sets on `Lead.fields`."""


class LeadStatus(IntEnum):
    """Where a lead stands. The numbers are those of the contract and of the database."""

    OPEN = 1
    CONVERTED = 2
    LOST = 3


class Grade(IntEnum):
    """A class of scores, set by observed conversion. The numbers are those of the contract and of the database."""

    A = 1
    B = 2
    C = 3
    D = 4


class LeadProfile(NamedTuple):
    """What a caller tells of a lead. Texts are empty where nothing is known.

    A named tuple, as Lead is, since imports make a hundred thousand of both and no other record is made as fast.

    Attributes:
        external_id: The sender's own id, unique in the tenant where it is not empty.
        email: E-mail address.
        display_name: The person's name.
        company: The company's name.
        phone: Phone number as the sender writes it.
        owner: Who works on the lead, in the sender's terms.
        status: Where the lead stands.
        outcome_time: When it converted or was lost, UTC; None while open or unknown.
        received_time: When it reached the company, UTC; None means when Leadline created it.
        fields: Custom fields, at most `MAX_FIELDS`.
    """

    external_id: str
    email: str
    display_name: str
    company: str
    phone: str
    owner: str
    status: LeadStatus
    outcome_time: datetime | None
    received_time: datetime | None
    fields: FieldValues


@dataclass(frozen=True, slots=True)
class ScoreOverride:
    """A person's value in place of a computed score, from 0 to 100.

    Attributes:
        principal: Who set it.
        create_time: When, UTC.
    """

    principal: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class StoredScore:
    """The latest score of a lead, without its reasons.

    Attributes:
        score_id: Its id in the history of scores; None if it was stored before scores had a name on the lead.
        probability: That the lead converts, strictly between 0 and 1.
        log_odds: The same in log-odds (natural logarithm).
        base_log_odds: The log-odds of an average lead of the training data.
        value: The probability as 0 to 100, rounded, and what scoring rules add.
        grade: The score's class; None if it is withheld.
        model_id: The model that made it.
        compute_time: When it was computed, UTC.
        probability_low: Lower end of where the probability lies with 90 % confidence, 0 to 1; 0 if that is not known.
        probability_high: Upper end of it, 0 to 1; 1 if that is not known.
        evidence_count: Leads with an outcome that the model was learnt from, 0 or more; 0 if that is not known.
        rule_set_id: The version of the scoring rules that was active; None if none was.
        next_grade_time: When fading points of rules first lead to another grade, UTC; None if they never do.
        next_grade: The grade then; None if there is none.
        override: Whose value `value` is; None if it is what was computed.
    """

    score_id: UUID | None
    probability: float
    log_odds: float
    base_log_odds: float
    value: int
    grade: Grade | None
    model_id: UUID
    compute_time: datetime
    probability_low: float = 0.0
    probability_high: float = 1.0
    evidence_count: int = 0
    rule_set_id: UUID | None = None
    next_grade_time: datetime | None = None
    next_grade: Grade | None = None
    override: ScoreOverride | None = None


class Lead(NamedTuple):
    """A lead that Leadline keeps.

    Attributes:
        lead_id: The id that Leadline gave, a UUIDv7.
        profile: What callers told of it; `received_time` is always set.
        score: The latest score, None before the first.
        create_time: When it was created in Leadline, UTC.
        update_time: When it was last changed, UTC; a new score is no change.
        revision: 1 at creation, one more with each change.
    """

    lead_id: UUID
    profile: LeadProfile
    score: StoredScore | None
    create_time: datetime
    update_time: datetime
    revision: int

    @property
    def name(self) -> str:
        """The resource name, `leads/{lead}`."""
        return format_name("leads", self.lead_id)

    @property
    def etag(self) -> str:
        """What a caller sends back to guard against overwriting somebody else's change."""
        return str(self.revision)
