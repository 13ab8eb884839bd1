"""Open leads in pages, as bulk scoring reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.features.lead_columns import ColumnsNeeded, LeadColumns
from scoring.scores.score import ScoreOverride, StoredLead

# Every lead's id is above the one and not above the other.
BEFORE_ALL, LAST_OF_ALL = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class OpenLeadPage:
    """Open leads in the order of their ids; each column has one entry a lead.

    Attributes:
        lead_ids: Their ids.
        leads: What the model may see of them.
        probabilities: The probability that is stored with each, NaN where there is none.
        model_ids: The model that made it; None where there is none, or where rules have a part in the score.
        read_time: No later than when they were read, by the database's clock, UTC.
        stored_leads: The leads with all that is known of them, where columns are not enough: since rules are active,
            whose conditions see more, or an experiment runs, which gives each lead its own model. Else empty; and
            where they are, nothing else is given but the ids and the time.
        overrides: The scores that people set, by lead.
    """

    lead_ids: Sequence[UUID]
    leads: LeadColumns
    probabilities: npt.NDArray[np.float64]
    model_ids: Sequence[UUID | None]
    read_time: datetime
    stored_leads: Sequence[StoredLead] = ()
    overrides: Mapping[UUID, ScoreOverride] = field(default_factory=dict)

    def __len__(self) -> int:
        """Give the number of leads."""
        return len(self.lead_ids)


@dataclass(frozen=True, slots=True)
class RescoringPosition:
    """How far the scoring of all open leads has come; leads are taken in the order of their ids.

    Attributes:
        last_id: Every open lead up to this one has been scored.
        scored_count: How many that were.
        total_count: How many there were to score when the work began, as far as is known; never less than are scored.
    """

    last_id: UUID = BEFORE_ALL
    scored_count: int = 0
    total_count: int = 0

    def after(self, last_id: UUID, count: int) -> Self:
        """Gives the position after `count` more leads, the last of which is `last_id`."""
        scored_count = self.scored_count + count
        return type(self)(last_id, scored_count, max(self.total_count, scored_count))

    def to_json(self) -> dict[str, Any]:
        """Gives the position as JSON values."""
        return {
            "last_id": str(self.last_id),
            "scored_count": self.scored_count,
            "total_count": self.total_count,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Reads a position."""
        return cls(UUID(document["last_id"]), document["scored_count"], document["total_count"])


class OpenLeads(Protocol):
    """Where open leads are found; every method raises DependencyUnavailable where that can't be reached."""

    async def champion_id(self, tenant_id: UUID) -> UUID | None:
        """Gives the model that makes the tenant's scores; None if there is none yet."""

    async def open_count(self, tenant_id: UUID) -> int:
        """Counts the tenant's open leads."""

    async def open_page(
        self, tenant_id: UUID, after: UUID, until: UUID, limit: int, needed: ColumnsNeeded
    ) -> OpenLeadPage:
        """Gives the first open leads of a span.

        Args:
            tenant_id: The tenant.
            after: Their ids come after this one.
            until: And not after this one.
            limit: How many at most, 1 or more.
            needed: The columns that are wanted.
        """

    async def open_page_ends(self, tenant_id: UUID, after: UUID, size: int) -> Sequence[UUID]:
        """Gives the last id of each page of `size` open leads after an id, in their order; the last page is shorter."""
